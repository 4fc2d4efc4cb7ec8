"""`oncogloss models …` as a user meets it, with a real registry and the tiny bundle."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

pytest.importorskip("cryptography")

from oncogloss.cli import main
from oncogloss.evaluation.metrics import CriterionScores, Score
from oncogloss.evaluation.run import Evaluation, counts


class Command:
    """Runs a verb of `models` in this process: (standard output, standard error, status)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch = monkeypatch
        self.capture = capfd

    def __call__(self, *arguments: object) -> tuple[str, str, int]:
        self.monkeypatch.setattr(sys, "argv", ["oncogloss", "models", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = self.capture.readouterr()
        return out, err, int(caught.value.code or 0)


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capfd)


def test_from_a_key_to_a_package_and_back(models: Command, bundle: Path, tmp_path: Path) -> None:
    out, err, status = models("add", bundle)
    assert status == 2 and err.endswith("make one with `oncogloss models keygen`.\n")
    assert models("keygen")[0].startswith("untrusted comment: minisign public key ")
    (tmp_path / "dev.json").write_text('{"dev F1": 0.5}')
    out, err, status = models("add", bundle, "--metrics", tmp_path / "dev.json", "--data", tmp_path / "dev.json")
    assert (out[:11], status) == ("tiny@0.0.1 ", 0)
    assert err == "oncogloss: tiny@0.0.1 was not gated (docs/registry.md).\n"
    assert models("list")[0].startswith("  tiny@0.0.1  ")
    assert models("use", "tiny@0.0.1") == ("tiny@0.0.1 is in use\n", "", 0)
    listed = models("list")[0].partition("\n")[0] + "\n"
    assert listed.startswith("* tiny@0.0.1  ") and listed.endswith("from nothing  dev F1 0.5\n")
    assert '"dev.json": "' in models("show", "tiny")[0]
    assert models("verify") == ("tiny@0.0.1 is what was signed\n", "", 0)
    assert models("export", "tiny", "--out", tmp_path / "package") == (f"{tmp_path / 'package'}\n", "", 0)
    assert models("verify", tmp_path / "package") == ("tiny@0.0.1 is what was signed\n", "", 0)
    assert models("add", tmp_path / "package", "--registry", tmp_path / "second")[2] == 0
    assert models("list", "--registry", tmp_path / "second")[0].startswith("  tiny@0.0.1  ")
    out, err, status = models("rollback", "tiny")
    assert (out, status) == ("", 2) and err.startswith("oncogloss: Nothing was in use before for 'tiny'")


def test_what_is_damaged_is_said_in_one_sentence_and_the_rest_goes_on(
    models: Command, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models("keygen")
    models("add", bundle)
    package = Path(shutil.copytree(bundle, tmp_path / "other"))
    folder = next((tmp_path / "no registry" / "bundles").iterdir())
    (folder / "network.onnx").write_bytes(b"x")
    sentence = f"oncogloss: {folder / 'network.onnx'} differs from its SHA-256 digest; reinstall the model.\n"
    assert models("verify") == ("", sentence, 2)
    assert models("use", "tiny@0.0.1") == ("", sentence, 2)
    manifest = folder.parents[1] / "models" / "tiny" / "0.0.1" / "manifest.json"
    manifest.write_text(manifest.read_text().replace("Apache", "Apacha"))
    out, err, status = models("list")
    assert ("tiny" in out, status) == (False, 2) and f"{manifest} is not what was signed" in err
    assert "no manifest" not in models("verify", package)[1] and models("verify", package)[2] == 2


def test_a_file_of_figures_that_is_none_is_refused(models: Command, bundle: Path, tmp_path: Path) -> None:
    models("keygen")
    for text in ("[1]", "{", '{"a": "b"}', '{"a": NaN}', '{"a": {}}'):
        (tmp_path / "m.json").write_text(text)
        out, err, status = models("add", bundle, "--metrics", tmp_path / "m.json")
        assert (out, err, status) == (
            "",
            f"oncogloss: {tmp_path / 'm.json'} is no JSON object of numbers by name, nor what `evaluate` wrote.\n",
            2,
        )


def test_what_evaluate_wrote_is_taken_for_figures(models: Command, bundle: Path, tmp_path: Path) -> None:
    models("keygen")
    strict, none = {"DRUG": Score(3, 4, 4), "CANCER": Score(1, 1, 3)}, dict[str, Score]()
    criteria = CriterionScores(Score(1, 2, 2), 1.0, Score())
    (tmp_path / "dev.json").write_text(counts({"tiny": Evaluation(1, strict, strict, none, Score(), criteria)}))
    assert models("add", bundle, "--metrics", tmp_path / "dev.json")[2] == 0
    assert '"strict F1": 0.6667' in models("show", "tiny@0.0.1")[0]


def test_an_empty_registry_is_said_and_what_ships_is_listed(models: Command) -> None:
    out, err, status = models("list")
    assert [line.split("@")[0] for line in out.splitlines()] == ["* micro", "* nano"] and status == 0
    assert all(line.endswith("  ships with oncogloss") for line in out.splitlines())
    out, err, status = models("verify")
    assert (out, status) == ("", 0) and err.startswith("oncogloss: no versions in ")


def test_a_version_is_removed(models: Command, bundle: Path) -> None:
    models("keygen")
    models("add", bundle)
    assert models("remove", "tiny@0.0.1") == ("tiny@0.0.1 is removed\n", "", 0)
    assert "tiny" not in models("list")[0]


def test_export_says_where_to(models: Command) -> None:
    assert models("export", "tiny")[2] == 2


def test_a_folder_that_is_no_version_is_said_and_the_rest_listed(
    models: Command, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models("keygen")
    models("add", bundle, "--registry", tmp_path / "r")
    shutil.copytree(tmp_path / "r" / "models" / "tiny", tmp_path / "r" / "models" / "A copy")
    for verb in ("list", "verify"):
        out, err, status = models(verb, "--registry", tmp_path / "r")
        assert "tiny@0.0.1" in out and "is no NAME or NAME@VERSION" in err and status == 2


def test_training_data_of_one_name_are_refused(models: Command, bundle: Path, tmp_path: Path) -> None:
    models("keygen")
    data = [tmp_path / part / "train.jsonl" for part in "ab"]
    for path in data:
        path.parent.mkdir()
        path.touch()
    out, err, status = models("add", bundle, "--data", data[0], "--data", data[1])
    assert (out, status) == ("", 2) and err.count("\n") == 1
    assert err.startswith(f"oncogloss: {data[1]}: another --data has the name train.jsonl")
