"""Verbs that keep a model current, as a user meets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oncogloss.cli import app
from oncogloss.errors import CorpusError, InputError
from oncogloss.model.bundle import CONFIG, write_sums
from oncogloss.training.corpora import GoldDocument, GoldPassage, write_standoff


def test_force_needs_a_folder_whose_card_may_be_written(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["gate", "nano", "micro@0.3.0", "--records", str(tmp_path / "none"), "--force"])
    assert done.exit_code == 2 and "the folder of micro@0.3.0" in " ".join(done.output.replace("│", " ").split())


def test_names_that_are_no_text_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "names").write_bytes(b"\xff\xfe")
    done = CliRunner().invoke(app, ["gate", "a", "b", "--records", str(tmp_path), "--names", str(tmp_path / "names")])
    assert isinstance(done.exception, InputError) and "no list of names in UTF-8" in str(done.exception)


def test_own_labels_are_not_dropped_unasked(bundle: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    model = Path(shutil.copytree(bundle, tmp_path / "model"))
    config = json.loads((model / CONFIG).read_text())
    (model / CONFIG).write_text(json.dumps(config | {"labels": ["SITE", "VISIT"]}))
    write_sums(model)
    data = tmp_path / "data.jsonl"
    data.write_text(json.dumps({"text": "a courier", "label": [[2, 9, "COURIER"], [2, 9, "SITE"], [0, 1, "DRUG"]]}))
    (tmp_path / "none").mkdir()
    given = ["learn-labels", str(data), "--model", str(model), "--out", str(tmp_path / "out"), "--corpus"]
    done = CliRunner().invoke(app, [*given, str(tmp_path / "none")])
    assert isinstance(done.exception, InputError) and "finds VISIT, which" in str(done.exception)
    assert "--replace" in str(done.exception)
    done = CliRunner().invoke(app, [*given, str(tmp_path / "none"), "--replace"])
    assert "DRUG is among the twenty types too" in done.output
    assert isinstance(done.exception, CorpusError)  # of the corpus, which is empty: it went on


def test_the_folder_of_a_report_is_made_before_the_work(tmp_path: Path) -> None:
    out = tmp_path / "new" / "gate.md"
    given = ["gate", "a", "b", "--records", str(tmp_path / "none"), "--out"]
    CliRunner().invoke(app, [*given, str(out)])
    assert out.parent.is_dir() and not out.exists()
    done = CliRunner().invoke(app, [*given, str(tmp_path)])
    assert isinstance(done.exception, InputError) and "is a folder; give a file" in str(done.exception)


def test_a_corpus_that_is_not_there_is_said_by_its_option(tmp_path: Path) -> None:
    for verb in (["gate", "a", "b"], ["corpus", "build", "--out", str(tmp_path / "built")], ["corpus", "check"]):
        given = [*verb, "--records", str(tmp_path / "none"), "--corpus", str(tmp_path / "no corpus")]
        done = CliRunner().invoke(app, given)
        assert isinstance(done.exception, InputError) and "with --corpus" in str(done.exception)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus of one record whose text is elsewhere."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    documents = [GoldDocument("r1", (GoldPassage("text", "Moon sarcoma"),))]
    write_standoff(documents, corpus / "ours.jsonl", with_text=False)
    (corpus / "splits.json").write_text("{}")
    return corpus


def test_annotated_passages_without_text_are_said(corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    given = ["update", "--out", str(tmp_path / "out"), "--corpus", str(corpus), "--with"]
    done = CliRunner().invoke(app, [*given, str(corpus / "ours.jsonl")])
    lacking = "ours.jsonl: r1, text: no such text in the records given."
    assert isinstance(done.exception, CorpusError) and f"nothing to learn from: {lacking}" in str(done.exception)
    assert done.stderr == f"{lacking}\n"
    (tmp_path / "empty.jsonl").touch()
    done = CliRunner().invoke(app, [*given, str(tmp_path / "empty.jsonl")])
    assert isinstance(done.exception, CorpusError) and "no annotated passage in it." in str(done.exception)


def test_records_that_lack_the_text_of_the_corpus_are_said(corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    annotated, records = tmp_path / "mine.jsonl", tmp_path / "records.jsonl"
    write_standoff([GoldDocument("r2", (GoldPassage("text", "Sarcoma"),))], annotated, with_text=True)
    records.touch()
    given = ["update", "--out", str(tmp_path / "out"), "--corpus", str(corpus), "--with", str(annotated)]
    done = CliRunner().invoke(app, [*given, "--records", str(records)])
    assert isinstance(done.exception, CorpusError) and "No annotated text to replay" in str(done.exception)
    assert "the text of 1 passages of" in done.stderr and "ours.jsonl: r1, text: no such text" in done.stderr
    assert CliRunner().invoke(app, given).stderr == ""
