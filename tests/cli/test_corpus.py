"""Verbs of the annotated corpus, as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oncogloss.cli import app
from oncogloss.errors import CorpusError, InputError
from oncogloss.training.corpora import GoldDocument, GoldPassage, read_standoff, write_standoff

TASK = {
    "data": {"text": "Moon sarcoma"},
    "annotations": [
        {
            "result": [
                {
                    "id": "a",
                    "type": "labels",
                    "value": {"start": 0, "end": 12, "text": "Moon sarcoma", "labels": ["CANCER"]},
                }
            ]
        }
    ],
}
RESOLVED = {"id": "r1", "passages": {"text": {"text": "Moon", "entities": [], "relations": [], "criteria": []}}}


@pytest.mark.parametrize(
    ("verb", "given"),
    [(["import-annotations", "labelstudio"], json.dumps([TASK])), (["import"], json.dumps(RESOLVED))],
)
def test_what_is_imported_is_not_written_over(verb: list[str], given: str, tmp_path: Path) -> None:
    path, out = tmp_path / "x.json", tmp_path / "x.jsonl.gz"
    path.write_text(given)
    done = CliRunner().invoke(app, ["corpus", *verb, str(path), "--out", str(path)])
    assert isinstance(done.exception, InputError) and "is one of the inputs and would be lost" in str(done.exception)
    assert path.read_text() == given
    done = CliRunner().invoke(app, ["corpus", *verb, str(path), "--out", str(out), "--with-text"])
    assert done.exit_code == 0 and len(read_standoff(out, [])[0]) == 1
    assert {p.name for p in tmp_path.iterdir()} == {"x.json", "x.jsonl.gz"}


def test_standoff_given_as_records_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "ours.jsonl"
    write_standoff([GoldDocument("r1", (GoldPassage("text", "Moon sarcoma"),))], path, with_text=False)
    done = CliRunner().invoke(app, ["corpus", "check", "--corpus", str(tmp_path), "--records", str(path)])
    assert isinstance(done.exception, CorpusError) and "give a file of records, not of standoff" in str(done.exception)
