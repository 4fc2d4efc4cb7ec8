"""Day zero at the command line: added, recognised and linked, listed, removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import oncogloss
from oncogloss.cli import app
from oncogloss.errors import InputError
from oncogloss.pipeline import Pipeline
from toys import make_document

SENTENCE = "Prior treatment with lomuvarq within 14 days."


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ONCOGLOSS_TERMS", str(tmp_path / "terms.tsv"))
    return tmp_path / "terms.tsv"


def test_a_drug_is_known_at_once_and_forgotten_when_removed(table: Path, shipped: Pipeline, tmp_path: Path) -> None:
    text = tmp_path / "trial.txt"
    text.write_text(SENTENCE)
    table.touch()
    before = run("extract", text, "--format", "json").stdout
    added = run("add-drug", "moonorasib", "--brand", "Lomuvarq", "--class", "inhibitor", "--target", "KRAS")
    assert added.exit_code == 0, added.output
    found = json.loads(run("extract", text, "--format", "json").stdout)
    concepts = {m["text"]: m["concept"] for m in found["mentions"] if m["type"] == "DRUG"}
    assert concepts["lomuvarq"]["id"] == "LOCAL:moonorasib" and concepts["lomuvarq"]["targets"] == ["KRAS"]
    assert json.loads(run("link", "LOMUVARQ").stdout)["concepts"]["DRUG"]["name"] == "moonorasib"
    assert run("terms", "list").stdout.split("\t")[:4] == ["DRUG", "moonorasib", "Lomuvarq", "inhibitor"]
    assert run("terms", "remove", "moonorasib").exit_code == 0 and run("terms", "list").stdout == ""
    assert run("extract", text, "--format", "json").stdout == before


def test_a_table_that_is_named_and_not_there_is_an_error(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "trial.txt"
    text.write_text(SENTENCE)
    for verb in (("extract", text), ("coverage", text), ("link", "moonorasib"), ("terms", "list")):
        for named in ((), ("--terms", tmp_path / "typo.tsv")):  # by the environment, and by the option
            wrong = run(*verb, *named).exception
            assert isinstance(wrong, InputError) and "tsv: no such table of terms; check the path" in str(wrong)
    monkeypatch.delenv("ONCOGLOSS_TERMS")
    assert run("link", "moonorasib").exit_code == run("terms", "list").exit_code == 0
    with pytest.raises(InputError, match="no such table of terms"):
        oncogloss.load("nano", terms=tmp_path / "typo.tsv")


def test_a_drug_that_is_there_is_completed(table: Path) -> None:
    run("add-drug", "zorbatinib", "--code", "ZRB-101", "--brand", "Zorvia", "--class", "inhibitor", "--target", "EGFR")
    again = run("add-drug", "zorbatinib", "--brand", "Zorvix")
    said = "DRUG zorbatinib was there and now has other names ZRB-101, Zorvia, Zorvix; class inhibitor; targets EGFR"
    assert said in again.stderr
    assert run("terms", "list").stdout.split("\t")[:5] == [
        *("DRUG", "zorbatinib", "ZRB-101|Zorvia|Zorvix", "inhibitor", "EGFR"),
    ]
    run("add-marker", "MOON9", "--other", "moon nine")
    assert (
        "GENE MOON9 was there and now has other names moon nine, MN-9"
        in run("add-marker", "MOON9", "--other", "MN-9").stderr
    )


def test_a_target_or_class_that_nothing_knows_is_kept_and_doubted(table: Path, tmp_path: Path) -> None:
    odd = run("add-drug", "selenib", "--target", "NOTAGENE", "--class", "flurb")
    assert odd.exit_code == 0 and "\tflurb\tNOTAGENE\t" in run("terms", "list").stdout
    assert "The vocabulary holds no gene 'NOTAGENE', the target of 'selenib'. It is kept as given." in odd.stderr
    assert "No other drug has the class 'flurb', that of 'selenib'. It is kept as given." in odd.stderr
    assert "holds no" not in run("add-drug", "lunatinib", "--target", "EGFR", "--class", "inhibitor").stderr
    file = tmp_path / "more.csv"
    file.write_text("type,name,targets\nDRUG,zorbatinib,NOTAGENE\n")
    assert "no gene 'NOTAGENE', the target of 'zorbatinib'" in run("add-terms", file).stderr


def test_other_kinds_of_terms(table: Path, tmp_path: Path) -> None:
    mine, file = tmp_path / "mine.tsv", tmp_path / "more.csv"
    file.write_text("type,name\nPROCEDURE,moon bathing\n")
    for arguments in (
        ("add-marker", "MOON9"),
        ("add-marker", "MOON9 fusion", "--altered"),
        ("add-term", "INSTRUMENT", "MOON-12"),
        ("add-terms", file),
    ):
        assert run(*arguments, "--terms", mine).exit_code == 0
    types = [line.split("\t")[0] for line in run("terms", "list", "--terms", mine).stdout.splitlines()]
    assert types == ["GENE", "BIOMARKER", "INSTRUMENT", "PROCEDURE"] and not table.exists()
    assert isinstance(run("add-term", "INSTRUMENTS", "MOON-13").exception, InputError)


def test_a_name_of_the_vocabulary_is_evidence_that_the_network_can_overrule(shipped: Pipeline) -> None:
    document = make_document(text="Dr. Keytruda Olsen will answer all questions about the study.")
    assert not [m for m in shipped.extract(document).mentions if m.type == "DRUG"]
