"""A registry believes only what was signed, and is old or new whenever its writer dies."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("cryptography")
pytest.importorskip("filelock")

from oncogloss.errors import BundleError, MissingExtraError, OncoglossError, RegistryError
from oncogloss.model.bundle import CARD, CONFIG, GRAPH, SUMS, TOKENIZER, Bundle, find_bundle, open_bundle, write_sums
from oncogloss.model.registry import (
    MANIFEST,
    SIGNATURE,
    About,
    Registry,
    split_reference,
    trusted_comment,
    verify_package,
)
from oncogloss.model.signing import PUBLIC, SECRET, keygen, secret_key, sign
from oncogloss.model.tracking import push_to_mlflow
from oncogloss.model.verdict import VERDICT, Verdict

ALL_FILES = (CONFIG, TOKENIZER, GRAPH, CARD, SUMS, MANIFEST, SIGNATURE)
GRAPH_BYTES = b"\x08\x08\x3a\x03\x12\x01g"  # a model of IR version 8 with an empty graph named g


def write_model(folder: Path, version: str, name: str = "toy", card: str = "# toy\n") -> Path:
    """A bundle that opens; its network does nothing."""
    folder.mkdir(parents=True)
    config = {"format": 1, "name": name, "version": version, "network": {"vocabulary_size": 9}, "thresholds": {}}
    (folder / CONFIG).write_text(json.dumps(config))
    (folder / TOKENIZER).write_text("{}")
    (folder / GRAPH).write_bytes(GRAPH_BYTES)
    (folder / CARD).write_text(card)
    write_sums(folder)
    return folder


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry, found by default, with versions 1 and 2 of a toy; 1, then 2 was put to use."""
    monkeypatch.setenv("ONCOGLOSS_REGISTRY", str(tmp_path / "registry"))
    keygen(tmp_path / "keys")
    made = Registry()
    made.add(write_model(tmp_path / "one", "1"), About(metrics={"dev F1": 0.5}, data={"a": "0" * 64}))
    made.add(write_model(tmp_path / "two", "2"), About(parent="toy@1", note="forced: CANCER"))
    made.use("toy@1")
    made.use("toy@2")
    return made


def refusal(do: Callable[[], object], kind: type[OncoglossError] = BundleError) -> str:
    with pytest.raises(kind) as caught:
        do()
    sentence = str(caught.value)
    assert sentence.endswith(".") and len(sentence.splitlines()) == 1
    return sentence


def test_what_is_told_of_a_version(registry: Registry) -> None:
    first, second = (registry.manifest(f"toy@{version}") for version in "12")
    assert registry.versions() == [("toy", "1"), ("toy", "2")]
    assert (first.parent, first.metrics, first.data, first.licence) == (
        None,
        {"dev F1": 0.5},
        {"a": "0" * 64},
        "Apache-2.0",
    )
    assert (second.parent, second.note, second.code) == ("toy@1", "forced: CANCER", first.code)
    assert registry.manifest("toy") == second
    listing = (registry.open("toy@2") / SUMS).read_bytes()
    assert second.bundle == hashlib.sha256(listing).hexdigest() == registry.open("toy@2").name


def test_a_name_means_the_version_in_use_and_rollback_goes_back(registry: Registry) -> None:
    assert open_bundle("toy").info.version == "2"
    assert open_bundle("toy@1").info.version == "1"
    begun = time.perf_counter()
    assert registry.rollback("toy") == "1"
    assert time.perf_counter() - begun < 2
    assert open_bundle("toy").info.version == "1"
    assert "Nothing was in use before" in refusal(lambda: registry.rollback("toy"), RegistryError)


def test_models_that_ship_stay_the_default_and_come_back(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = find_bundle("micro")
    assert "registry" not in shipped.relative_to(shipped.parents[1]).parts
    registry.add(write_model(tmp_path / "m", "9", name="micro"))
    assert find_bundle("micro") == shipped  # added, not in use
    registry.use("micro@9")
    assert open_bundle("micro").info.version == "9"
    assert registry.rollback("micro") is None
    assert find_bundle("micro") == shipped
    monkeypatch.setenv("ONCOGLOSS_REGISTRY", str(tmp_path / "nowhere"))
    assert find_bundle("micro") == shipped


def test_a_model_that_ships_may_be_a_parent_and_has_its_version(registry: Registry, tmp_path: Path) -> None:
    info = open_bundle("micro").info
    reference = f"micro@{info.version}"
    for number, given in enumerate(("micro", reference)):
        added = registry.add(write_model(tmp_path / given, "1", name=f"mine{number}"), About(parent=given))
        assert added.parent == reference
    assert find_bundle(reference) == find_bundle("micro")
    third = registry.add(write_model(tmp_path / "three", "3"), About(parent="toy"))  # of those in use
    assert third.parent == "toy@2"
    refusal(lambda: registry.add(write_model(tmp_path / "four", "4"), About(parent="micro@0.0.0")), RegistryError)


def test_the_verdict_of_the_gate_is_noted_and_a_refused_model_not_taken(registry: Registry, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "three", "3")
    verdict = Verdict(bundle=open_bundle(folder).info.sha256, old="toy@2", metrics={"gate all F1 after": 0.9})
    refused = verdict.model_copy(update={"refusals": ("CANCER loses 2.0 points of F1.",)})
    (folder / VERDICT).write_text(refused.model_dump_json())
    assert "The gate refused" in refusal(lambda: registry.add(folder), RegistryError)
    (folder / VERDICT).write_text(verdict.model_copy(update={"bundle": "0" * 64}).model_dump_json())
    assert "the verdict on another model" in refusal(lambda: registry.add(folder), RegistryError)
    (folder / VERDICT).write_text("[]")
    assert "no verdict of" in refusal(lambda: registry.add(folder), RegistryError)
    (folder / VERDICT).write_text(verdict.model_dump_json())
    added = registry.add(folder, About(metrics={"dev F1": 0.5}, note="ours."))
    assert added.metrics == {"gate all F1 after": 0.9, "dev F1": 0.5}
    assert added.note == "ours. In place of toy@2: passed the gate."
    forced = write_model(tmp_path / "four", "4")
    told = refused.model_copy(update={"bundle": open_bundle(forced).info.sha256, "forced": True})
    (forced / VERDICT).write_text(told.model_dump_json())
    assert "forced through the gate, which said: CANCER" in registry.add(forced).note


def test_a_version_that_is_not_in_use_can_be_removed(registry: Registry, tmp_path: Path) -> None:
    assert "toy@2 is in use" in refusal(lambda: registry.remove("toy@2"), RegistryError)
    assert "No version 'toy@7'" in refusal(lambda: registry.remove("toy@7"), RegistryError)
    assert "No version 'toy'" in refusal(lambda: registry.remove("toy"), RegistryError)
    digest = registry.manifest("toy@1").bundle
    registry.remove("toy@1")
    assert registry.versions() == [("toy", "2")] and registry.history("toy") == ["2"]
    assert not (registry.root / "bundles" / digest).exists()
    assert registry.verify("toy@2").info.version == "2"


def test_a_version_never_changes(registry: Registry, tmp_path: Path) -> None:
    assert registry.add(tmp_path / "two") == registry.manifest("toy@2")
    other = write_model(tmp_path / "other", "2", card="# another\n")
    assert refusal(lambda: registry.add(other), RegistryError).startswith("toy@2 exists with other contents")


def test_unknown_versions_parents_and_names_are_refused(registry: Registry, tmp_path: Path) -> None:
    assert "there is toy@1, toy@2." in refusal(lambda: registry.use("toy@3"), RegistryError)
    three = write_model(tmp_path / "three", "3")
    assert "toy@0" in refusal(lambda: registry.add(three, About(parent="toy@0")), RegistryError)
    for bad in (
        "../toy",
        "toy@../1",
        "toy@",
        "@1",
        "/etc",
        "toy@1/2",
        "TOY",
        "a" * 65,
        "toy\n",
        "",
        ".",
        "a..b",
        "toy@1@2",
    ):
        assert "is no NAME or NAME@VERSION" in refusal(lambda bad=bad: split_reference(bad), RegistryError)
    assert "is no NAME" in refusal(lambda: registry.add(write_model(tmp_path / "x", "../9")), RegistryError)


def test_a_package_travels_with_its_signature(registry: Registry, tmp_path: Path) -> None:
    package = registry.export("toy@2", tmp_path / "package")
    assert verify_package(package, registry.keys) == registry.manifest("toy@2")
    theirs = Registry(tmp_path / "theirs", tmp_path / "their keys")
    keygen(theirs.keys)
    assert "not among yours" in refusal(lambda: theirs.add(package))
    shutil.copy(registry.keys / PUBLIC, theirs.keys / "team.pub")
    (theirs.keys / SECRET).unlink()  # taking in needs no secret key
    assert theirs.add(package) == registry.manifest("toy@2")
    assert theirs.use("toy@2").parent == "toy@1"
    assert "exists; name a new folder" in refusal(lambda: registry.export("toy", package), RegistryError)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def outside_data(location: bytes, sparse: bool) -> bytes:
    def within(tag: int, data: bytes) -> bytes:
        return bytes([tag, len(data)]) + data

    entry = within(0x6A, within(0x0A, b"location") + within(0x12, location)) + b"\x70\x01"
    graph = within(0x7A, within(0x0A, entry)) if sparse else within(0x2A, entry)
    return b"\x08\x08" + within(0x3A, graph)


def replaced(name: str, data: bytes) -> Callable[[Path, Path], None]:
    """Another file under a right digest, in a list and a manifest that the attacker signed with a key of his own, or
    could not sign."""

    def spoil(package: Path, _: Path) -> None:
        (package / name).write_bytes(data)
        names = {line.split("  ")[1] for line in (package / SUMS).read_text().splitlines()}
        write_sums(package, names | {name})

    return spoil


def signed_by_us(spoil: Callable[[Path, Path], None]) -> Callable[[Path, Path], None]:
    """The same, but signed with the right key: what the files hold must be refused all the same."""

    def spoil_and_sign(package: Path, keys: Path) -> None:
        spoil(package, keys)
        digest = hashlib.sha256((package / SUMS).read_bytes()).hexdigest()
        contents = json.dumps(json.loads((package / MANIFEST).read_text()) | {"bundle": digest}).encode()
        (package / MANIFEST).write_bytes(contents)
        (package / SIGNATURE).write_text(sign(contents, "oncogloss model toy@2", secret_key(keys)))

    return spoil_and_sign


def signed_otherwise(package: Path, keys: Path, comment: str, **changes: object) -> None:
    contents = json.dumps(json.loads((package / MANIFEST).read_text()) | changes).encode()
    (package / MANIFEST).write_bytes(contents)
    (package / SIGNATURE).write_text(sign(contents, comment, secret_key(keys)))


def old_manifest(package: Path, _: Path) -> None:
    for name in (MANIFEST, SIGNATURE):
        shutil.copy(package.parent / "registry" / "models" / "toy" / "1" / name, package / name)


def link(name: str, hard: bool = False) -> Callable[[Path, Path], None]:
    def spoil(package: Path, _: Path) -> None:
        outside = package.parent / "outside"
        (package / name).rename(outside)
        (package / name).hardlink_to(outside) if hard else (package / name).symlink_to(outside)
        if hard:
            flip(outside)  # changed through the other name

    return spoil


def other_key(package: Path, _: Path) -> None:
    keygen(package.parent / "attacker")
    contents = (package / MANIFEST).read_bytes()
    (package / SIGNATURE).write_text(sign(contents, "oncogloss model toy@2", secret_key(package.parent / "attacker")))


ATTACKS: dict[str, Callable[[Path, Path], None]] = {
    **{f"flipped {name}": lambda p, k, name=name: flip(p / name) for name in ALL_FILES},
    **{f"lost {name}": lambda p, k, name=name: (p / name).unlink() for name in (GRAPH, MANIFEST, SIGNATURE)},
    **{f"symlink {name}": link(name) for name in (GRAPH, SUMS, MANIFEST, SIGNATURE)},
    "hardlink": link(GRAPH, hard=True),
    "another network, own list": replaced(GRAPH, GRAPH_BYTES + b"\x12\x01x"),
    "old manifest": old_manifest,
    "key of another": other_key,
    "comment of another version": lambda p, k: signed_otherwise(p, k, "oncogloss model toy@1"),
    "manifest of another version": lambda p, k: signed_otherwise(p, k, "oncogloss model toy@2", version="1"),
    "unknown field": lambda p, k: signed_otherwise(p, k, "oncogloss model toy@2", run="me"),
    "added file": lambda p, k: (p / "hook.pth").write_text("import os"),
    "pickle renamed": signed_by_us(replaced(GRAPH, pickle.dumps({"w": [1.0]}))),
    "pickle": signed_by_us(replaced("model.pkl", pickle.dumps({"w": [1.0]}))),
    "torch file": signed_by_us(replaced("weights.pt", b"PK\x03\x04")),
    "pickle as safetensors": signed_by_us(replaced("adapter.safetensors", pickle.dumps([1.0]))),
    "header of 2**63": signed_by_us(replaced("adapter.safetensors", (2**63).to_bytes(8, "little") + b"{}")),
    "length of 2**63": signed_by_us(replaced(GRAPH, b"\x3a" + b"\xff" * 8 + b"\x7f")),
    **{
        f"external {location.decode()} {sparse}": signed_by_us(replaced(GRAPH, outside_data(location, sparse)))
        for location in (b"../outside", b"/etc/passwd", b"weights.bin", b"link")
        for sparse in (False, True)
    },
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_tampered_package_is_refused_by_name_and_nothing_else_is_opened(
    registry: Registry, tmp_path: Path, attack: str
) -> None:
    package = registry.export("toy@2", tmp_path / "package")
    ATTACKS[attack](package, registry.keys)
    for name in (MANIFEST, SIGNATURE):  # so that the same files can be put in the registry's place
        (tmp_path / name).write_bytes((package / name).read_bytes()) if (package / name).is_file() else None
    with opened_files() as opened:
        sentence = refusal(lambda: verify_package(package, registry.keys))
    assert str(package) in sentence
    allowed = (package, registry.keys)
    assert all(any(path.is_relative_to(place) for place in allowed) for path in opened), opened


class opened_files:  # noqa: N801
    """Paths that Python opens meanwhile, told by an audit hook (which cannot be taken off again)."""

    def __init__(self) -> None:
        self.paths: list[Path] = []
        self.on = True
        sys.addaudithook(self.hook)

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and self.on and isinstance(arguments[0], (str, bytes, os.PathLike)):
            self.paths.append(Path(os.fsdecode(arguments[0])))

    def __enter__(self) -> list[Path]:
        return self.paths

    def __exit__(self, *_: object) -> None:
        self.on = False


@pytest.mark.parametrize("name", ALL_FILES)
def test_a_version_changed_in_the_registry_is_neither_opened_nor_used(registry: Registry, name: str) -> None:
    folder = registry.root / "models" / "toy" / "2" if name in (MANIFEST, SIGNATURE) else registry.open("toy@2")
    flip(folder / name)
    for do in (lambda: open_bundle("toy"), lambda: registry.use("toy@2"), lambda: registry.verify("toy@2")):
        sentence = refusal(do)
        assert str(folder / name) in sentence or (name == SIGNATURE and f"signed in {name}" in sentence)
    assert registry.rollback("toy") == "1"  # the way back stays open
    assert open_bundle("toy").info.version == "1"


def test_a_pointer_out_of_the_registry_is_refused(registry: Registry) -> None:
    (registry.root / "models" / "toy" / "active").write_text("../../../../etc\n")
    assert "is no NAME" in refusal(lambda: open_bundle("toy"), RegistryError)


def test_a_second_writer_waits_less_than_a_second(registry: Registry) -> None:
    from filelock import FileLock

    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with FileLock(registry.root / "lock"):
            held.set()
            done.wait(20)

    other = threading.Thread(target=hold)
    other.start()
    try:
        assert held.wait(20)
        begun = time.perf_counter()
        assert "Another process is writing" in refusal(lambda: registry.use("toy@1"), RegistryError)
        assert time.perf_counter() - begun < 1.5
        assert open_bundle("toy").info.version == "2"  # readers need no lock
    finally:
        done.set()
        other.join()
    registry.use("toy@1")


def killed_at(event: int, do: Callable[[], object]) -> bool:
    """Run in a child that kills itself at the n-th touch of a file; whether it came that far."""
    child = os.fork()
    if child == 0:
        left = event
        touching = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "tempfile.mkdtemp"}

        def hook(name: str, _: object) -> None:
            nonlocal left
            if name in touching:
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.addaudithook(hook)
            do()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_writer_killed_at_any_touch_of_a_file_leaves_old_or_new(registry: Registry, tmp_path: Path) -> None:
    third = write_model(tmp_path / "three", "3")
    points = 0

    def promote() -> None:
        registry.add(third)
        registry.use("toy@3")

    for event in range(1, 400):
        if not killed_at(event, promote):
            break
        points += 1
        assert open_bundle("toy").info.version in ("2", "3")
        for name, version in registry.versions():
            registry.verify(f"{name}@{version}")
        if registry.history("toy")[-1] == "3":
            assert registry.rollback("toy") == "2"
    assert points > 20
    assert open_bundle("toy").info.version == "3"
    assert not list(registry.root.glob("**/.new-*"))


def test_mlflow_takes_a_version(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    mlflow = pytest.importorskip("mlflow", reason="mlflow-skinny is not installed (extra mlflow)")
    package, uri = registry.export("toy@1", tmp_path / "package"), (tmp_path / "mlruns").as_uri()
    assert push_to_mlflow(package, registry.keys, uri).startswith("toy version 1, run ")
    assert push_to_mlflow(package, registry.keys, uri).startswith("toy version 2, run ")
    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    run = client.get_run(client.get_model_version("toy", "1").run_id)
    assert run.data.metrics == {"dev F1": 0.5} and run.data.params["bundle"] == registry.manifest("toy@1").bundle
    stored = {item.path for item in client.list_artifacts(run.info.run_id, "model")}
    assert stored == {f"model/{path.name}" for path in package.iterdir()}


def test_an_address_that_mlflow_does_not_take_is_answered_by_what_it_does(registry: Registry, tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="mlflow-skinny is not installed (extra mlflow)")
    package = registry.export("toy@1", tmp_path / "package")
    said = refusal(lambda: push_to_mlflow(package, registry.keys, "nothing://here"), RegistryError)
    assert said.endswith("give the address of a server, such as http://localhost:5000.")


def test_mlflow_that_is_not_installed_is_named(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'oncogloss\[mlflow\]'"):
        push_to_mlflow(tmp_path, registry.keys, "file:///nowhere")


def test_the_trusted_comment_names_the_version(registry: Registry) -> None:
    assert trusted_comment(registry.manifest("toy@1")) == "oncogloss model toy@1"


def test_no_one_takes_a_version_away_while_it_is_put_to_use(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify, refused = Registry.verify, []

    def meanwhile(self: Registry, reference: str) -> Bundle:
        refused.append(refusal(lambda: Registry(self.root, self.keys).remove(reference), RegistryError))
        return verify(self, reference)

    monkeypatch.setattr(Registry, "verify", meanwhile)
    assert registry.use("toy@1").reference == "toy@1" and registry.history("toy") == ["1", "2", "1"]
    assert "Another process is writing" in refused[0] and verify(registry, "toy").info.version == "1"
