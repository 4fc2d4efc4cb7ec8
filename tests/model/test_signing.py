"""Signatures: ours pass the stock tool and the stock tool's pass ours; nothing else passes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("cryptography")

from oncogloss.errors import BundleError, RegistryError
from oncogloss.model.signing import PUBLIC, SECRET, keygen, public_keys, secret_key, sign, verified

TRUSTED = "oncogloss model toy@1"
minisign = pytest.mark.skipif(shutil.which("minisign") is None, reason="the stock minisign is not installed")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    keygen(tmp_path / "k")
    return tmp_path / "k"


@pytest.fixture
def signed(keys: Path) -> Path:
    """A file with its signature beside it."""
    path = keys.parent / "file"
    path.write_bytes(b"what was signed")
    path.with_name("file.minisig").write_text(sign(path.read_bytes(), TRUSTED, secret_key(keys)))
    return path


def check(path: Path, keys: Path) -> tuple[bytes, str]:
    return verified(path, path.with_name("file.minisig"), public_keys(keys))


def test_what_was_signed_comes_back(signed: Path, keys: Path) -> None:
    assert check(signed, keys) == (b"what was signed", TRUSTED)


@minisign
def test_the_stock_tool_verifies_ours(signed: Path, keys: Path) -> None:
    done = subprocess.run(
        ["minisign", "-Vm", signed, "-p", keys / PUBLIC], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 and f"Trusted comment: {TRUSTED}" in done.stdout, done.stderr
    signed.write_bytes(b"something else")
    assert subprocess.run(["minisign", "-Vm", signed, "-p", keys / PUBLIC], timeout=60, check=False).returncode != 0


@minisign
def test_we_verify_what_the_stock_tool_signs_with_our_key(signed: Path, keys: Path) -> None:
    signed.with_name("file.minisig").unlink()
    subprocess.run(["minisign", "-Sm", signed, "-s", keys / SECRET, "-t", "of the tool"], check=True, timeout=60)
    assert check(signed, keys) == (b"what was signed", "of the tool")


def test_the_secret_key_is_for_its_owner_alone(keys: Path) -> None:
    assert (keys / SECRET).stat().st_mode & 0o777 == 0o600
    (keys / SECRET).chmod(0o640)
    with pytest.raises(RegistryError, match="can be read by others; run chmod 600"):
        secret_key(keys)


def test_a_key_is_not_overwritten_and_a_missing_one_is_said(keys: Path, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="exists; move it away"):
        keygen(keys)
    with pytest.raises(RegistryError, match="make one with `oncogloss models keygen`"):
        secret_key(tmp_path / "none")


def test_another_s_signature_does_not_count(signed: Path, keys: Path, tmp_path: Path) -> None:
    keygen(tmp_path / "other")
    signed.with_name("file.minisig").write_text(sign(signed.read_bytes(), TRUSTED, secret_key(tmp_path / "other")))
    with pytest.raises(BundleError, match="which is not among yours"):
        check(signed, keys)
    shutil.copy(tmp_path / "other" / PUBLIC, keys / "colleague.pub")
    assert check(signed, keys) == (b"what was signed", TRUSTED)


def test_the_comment_is_signed_too(signed: Path, keys: Path) -> None:
    signature = signed.with_name("file.minisig")
    signature.write_text(signature.read_text().replace("toy@1", "toy@2"))
    with pytest.raises(BundleError, match="has a comment that was not signed"):
        check(signed, keys)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_changed_byte_of_file_or_signature_passes(signed: Path, keys: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([signed, signed.with_name("file.minisig")]))
    whole = path.read_bytes()
    first = 0 if path == signed else whole.index(b"\n") + 1  # the first line is the untrusted comment
    at = data.draw(st.integers(first, len(whole) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
    try:
        path.write_bytes(whole[:at] + bytes([other]) + whole[at + 1 :])
        with pytest.raises(BundleError) as caught:
            check(signed, keys)
        assert len(str(caught.value).splitlines()) == 1 and str(path.parent) in str(caught.value)
    finally:
        path.write_bytes(whole)


def test_a_public_key_of_another_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / PUBLIC).write_text("of the team")
    with pytest.raises(RegistryError, match=r"oncogloss\.pub exists"):
        keygen(tmp_path)
    assert (tmp_path / PUBLIC).read_text() == "of the team" and not (tmp_path / SECRET).exists()
