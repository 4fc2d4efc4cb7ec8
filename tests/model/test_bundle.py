"""A model folder is believed only if every byte is the one that was promised."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from oncogloss.errors import BundleError
from oncogloss.model.bundle import CARD, CONFIG, GRAPH, SUMS, TOKENIZER, find_bundle, open_bundle, write_sums
from oncogloss.model.layout import NetworkConfig
from oncogloss.pipeline import load

FILES = (CONFIG, TOKENIZER, GRAPH, CARD)


@pytest.fixture
def copy(bundle: Path, tmp_path: Path) -> Path:
    """A copy of the bundle that a test may spoil."""
    return Path(shutil.copytree(bundle, tmp_path / "copy"))


def refusal(folder: Path | str) -> str:
    """The sentence with which a model is refused, before anything of it is used."""
    with pytest.raises(BundleError) as caught:
        load(folder)
    sentence = str(caught.value)
    assert sentence.endswith(".") and len(sentence.splitlines()) == 1
    return sentence


def rewrite_config(folder: Path, **changes: object) -> None:
    config = json.loads((folder / CONFIG).read_text()) | changes
    (folder / CONFIG).write_text(json.dumps({k: v for k, v in config.items() if v is not None}))
    write_sums(folder)


def test_a_sound_bundle(bundle: Path, tiny_config: NetworkConfig) -> None:
    opened = open_bundle(bundle, need=(TOKENIZER, GRAPH, CARD))
    assert opened.network == tiny_config
    assert opened.path(GRAPH) == bundle / GRAPH
    listing = (bundle / SUMS).read_bytes()
    assert opened.info.model_dump() == {
        "name": "tiny",
        "version": "0.0.1",
        "sha256": hashlib.sha256(listing).hexdigest(),
    }
    assert {line.split("  ")[1] for line in listing.decode().splitlines()} == set(FILES)
    assert open_bundle(str(bundle)) == open_bundle(bundle)


@pytest.mark.parametrize("where", [0, 0.5, -1], ids=["first", "middle", "last"])
@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_found(copy: Path, name: str, where: float) -> None:
    data = bytearray((copy / name).read_bytes())
    data[-1 if where < 0 else int(len(data) * where)] ^= 1
    (copy / name).write_bytes(data)
    assert refusal(copy) == f"{copy / name} differs from its SHA-256 digest; reinstall the model."


@pytest.mark.parametrize("line", range(len(FILES)))
@pytest.mark.parametrize("column", [0, 63, 64, 66])
def test_a_flipped_bit_of_the_list_is_found(copy: Path, line: int, column: int) -> None:
    lines = (copy / SUMS).read_bytes().splitlines(keepends=True)
    spoiled = bytearray(lines[line])
    spoiled[column] ^= 1
    (copy / SUMS).write_bytes(b"".join([*lines[:line], bytes(spoiled), *lines[line + 1 :]]))
    assert str(copy) in refusal(copy)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    assert refusal(copy) == f"{copy / name} is missing; reinstall the model."


@pytest.mark.parametrize("name", FILES)
def test_a_cut_file_is_named(copy: Path, name: str) -> None:
    (copy / name).write_bytes((copy / name).read_bytes()[:-10])
    assert str(copy / name) in refusal(copy)


@pytest.mark.parametrize("name", [CONFIG, TOKENIZER, GRAPH])
def test_a_needed_file_that_the_list_leaves_out(copy: Path, name: str) -> None:
    lines = (copy / SUMS).read_text().splitlines()
    (copy / SUMS).write_text("\n".join(line for line in lines if not line.endswith(name)) + "\n")
    assert refusal(copy) == f"The model in {copy} lacks {name}; reinstall the model."


@pytest.mark.parametrize("name", ["../x", "/etc/hostname", "..\\x", "a/b", ".hidden", "", ".."])
def test_a_path_out_of_the_folder_is_refused(copy: Path, name: str) -> None:
    outside = copy.parent / "x"
    outside.write_bytes(b"")
    with (copy / SUMS).open("a") as stream:
        stream.write(f"{hashlib.sha256(b'').hexdigest()}  {name}\n")
    assert refusal(copy) == f"{copy / SUMS} names '{name}', which is no plain file of the folder."


@pytest.mark.parametrize("name", FILES)
def test_a_link_is_refused_though_its_bytes_are_right(copy: Path, name: str) -> None:
    outside = copy.parent / "elsewhere"
    (copy / name).rename(outside)
    (copy / name).symlink_to(outside)
    assert refusal(copy) == f"{copy / SUMS} names '{name}', which is no plain file of the folder."


def test_a_folder_in_place_of_a_file_is_refused(copy: Path) -> None:
    (copy / CARD).unlink()
    (copy / CARD).mkdir()
    assert refusal(copy) == f"{copy / CARD} is missing; reinstall the model."


@pytest.mark.parametrize("version", [0, 2, "1"])
def test_another_format_is_refused(copy: Path, version: object) -> None:
    rewrite_config(copy, format=version)
    assert refusal(copy) == f"{copy / CONFIG} has format {version}; this program reads format 1: update it."


@pytest.mark.parametrize(
    "changes",
    [
        {"format": None},
        {"network": None},
        {"name": None},
        {"version": None},
        {"network": 7},
        {"network": {"vocabulary_size": 600, "colour": 3}},
    ],
)
def test_a_config_of_another_kind_is_refused(copy: Path, changes: dict[str, object]) -> None:
    rewrite_config(copy, **changes)
    assert refusal(copy).startswith(f"{copy / CONFIG} is no model configuration (")


@pytest.mark.parametrize("contents", [b"[]", b"{", b"\xff"])
def test_a_config_that_is_no_object_is_refused(copy: Path, contents: bytes) -> None:
    (copy / CONFIG).write_bytes(contents)
    write_sums(copy)
    assert refusal(copy).startswith(f"{copy / CONFIG} is no model configuration (")


def test_a_foreign_network_with_right_digests_is_refused(copy: Path) -> None:
    (copy / GRAPH).write_bytes(b"\x80\x04pickle")
    write_sums(copy)
    assert refusal(copy) == f"{copy / GRAPH} does not load as an ONNX graph; reinstall the model."


def test_a_foreign_tokenizer_with_right_digests_is_refused(copy: Path) -> None:
    (copy / TOKENIZER).write_text("{}")
    write_sums(copy)
    assert refusal(copy).startswith("The tokenizer file does not parse (")


def test_an_unknown_model_lists_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sentence = refusal("nothing-of-that-name")
    assert sentence.startswith("No model 'nothing-of-that-name': no folder with a SHA256SUMS file among ")
    assert sentence.count("nothing-of-that-name") == 4  # itself, as a path, in the package, in the checkout
    assert sentence.count("/models/nothing-of-that-name") == 2


def test_a_folder_goes_before_a_name(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(bundle, tmp_path / "micro")
    monkeypatch.chdir(tmp_path)
    assert find_bundle("micro") == Path("micro")


def test_sums_are_sorted_and_only_of_the_files_named(tmp_path: Path) -> None:
    for name in ("b", "a", "of something else"):
        (tmp_path / name).write_text(name)
    write_sums(tmp_path, ("b", "a"))
    assert (tmp_path / SUMS).read_text() == "".join(
        f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in ("a", "b")
    )
