"""Scores of logic, thresholds and biomarker requirements, counted by hand on an invented record."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncogloss.errors import CorpusError
from oncogloss.evaluation.logic_sheets import sheets_to_rows
from oncogloss.evaluation.structure import (
    gold_extraction,
    in_offsets,
    marker_clauses,
    moved,
    score_logic,
    score_thresholds,
    structure_report,
)
from oncogloss.structure.criteria import logic_of
from oncogloss.structure.notation import canonical, read_logic
from oncogloss.structure.scope import scopes
from oncogloss.structure.thresholds import thresholds_of
from oncogloss.training.corpora import GoldCriterion, GoldDocument, GoldEntity, GoldPassage, GoldRelation

TEXT = "* Moon sarcoma with a MOON1 mutation or MOON2 fusion\n* Hemoglobin >= 9 g/dL\n* No gout"
SPANS = [
    ("CANCER", "Moon sarcoma"),
    ("BIOMARKER", "MOON1 mutation"),
    ("BIOMARKER", "MOON2 fusion"),
    ("MEASURE", "Hemoglobin"),
    ("VALUE", ">= 9 g/dL"),
    ("CONDITION", "gout"),
]
SHEET = """#record\tNCT1
# c1 inc: …
L\tc1\t(all 1 (any 2 3))
L\tc2\t4
T\tc2\t4\t>=\t9\tg/dL
L\tc3\t(not 6)
"""


def gold() -> GoldDocument:
    entities = tuple(
        GoldEntity(type_, TEXT.index(word), TEXT.index(word) + len(word), ("neg",) if word == "gout" else ())
        for type_, word in SPANS
    )
    starts = [TEXT.index(word) for word in ("Moon sarcoma", "Hemoglobin", "No gout")]
    criteria = tuple(GoldCriterion(start, "inc", None, ("other",)) for start in starts)
    relations = (GoldRelation("HAS_VALUE", 3, 4),)
    return GoldDocument("NCT1", (GoldPassage("eligibility", TEXT, entities, relations, criteria),))


def rows(tmp_path: Path, text: str = SHEET) -> list[dict]:
    path = tmp_path / "dev_NCT1.txt"
    path.write_text(text, encoding="utf-8")
    return list(sheets_to_rows([path], [gold()]))


def test_a_sheet_becomes_a_row_in_offsets(tmp_path: Path) -> None:
    (row,) = rows(tmp_path)
    assert (row["id"], row["split"], row["passage"], len(row["hash"])) == ("NCT1", "dev", "eligibility", 16)
    assert row["criteria"][0] == {"start": 2, "side": "inc", "logic": "(all 2-14 (any 22-36 40-52))"}
    start = TEXT.index("Hemoglobin")
    assert row["thresholds"] == [
        {"criterion": start, "measure": [start, start + 10], "operator": ">=", "value": 9.0, "high": None,
         "unit": "g/dL", "conditions": []}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"), [("(all 1 (any 2 3))", "(both 1 2)"), ("L\tc2\t4", "L\tc2\t99"), ("NCT1", "NCT2")]
)
def test_a_sheet_that_does_not_fit_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(CorpusError, match="dev_NCT1"):
        rows(tmp_path, SHEET.replace(old, new))


def test_logic_and_thresholds_are_counted(tmp_path: Path) -> None:
    (row,) = rows(tmp_path)
    document = gold().document
    read = gold_extraction(gold())
    read = read.model_copy(update={"criteria": logic_of(scopes(document, read))})
    assert score_logic(read, row) == (3, 3, 3, 3)
    thresholds = thresholds_of(document, read)
    assert score_thresholds(thresholds, read, row).right == 1
    wrong = {**row, "criteria": [{**row["criteria"][0], "logic": "(any 2-14 22-36)"}, *row["criteria"][1:]]}
    assert score_logic(read, wrong) == (3, 3, 2, 2)
    other = {**row, "thresholds": [{**row["thresholds"][0], "value": 90.0}]}
    assert score_thresholds(thresholds, read, other).right == 0
    same = {**row, "thresholds": [{**row["thresholds"][0], "value": 90.0, "unit": "g/L"}]}
    assert score_thresholds(thresholds, read, same).right == 1


def test_a_criterion_on_the_wrong_side_is_not_found(tmp_path: Path) -> None:
    (row,) = rows(tmp_path)
    read = gold_extraction(gold())
    read = read.model_copy(update={"criteria": logic_of(scopes(gold().document, read))})
    turned = tuple(c.model_copy(update={"side": "exc"}) for c in read.criteria[:1]) + read.criteria[1:]
    assert score_logic(read.model_copy(update={"criteria": turned}), row) == (3, 2, 2, 2)


def test_overlapping_spans_are_moved_onto_the_annotated_ones() -> None:
    wanted = canonical(read_logic("(all 2-14 20-30)"))
    assert moved(canonical(read_logic("(all 0-12 22-36)")), wanted) == wanted
    assert moved(canonical(read_logic("(all 0-12 40-50)")), wanted) != wanted
    assert moved(None, wanted) is None
    assert in_offsets(None, gold_extraction(gold())) is None


@pytest.mark.parametrize(
    ("logic", "side", "clauses"),
    [
        ("(all 9 (any 1 2))", "inc", [{(True, "a"), (True, "b")}]),
        ("(all 1 2)", "inc", [{(True, "a")}, {(True, "b")}]),
        ("(any 1 2)", "exc", [{(False, "a")}, {(False, "b")}]),
        ("(not (any 1 2))", "inc", [{(False, "a")}, {(False, "b")}]),
        ("(except 1 2)", "inc", [{(True, "a")}, {(False, "b")}]),
        ("9", "inc", []),
    ],
)
def test_biomarker_requirements(logic: str, side: str, clauses: list[set[tuple[bool, str]]]) -> None:
    found = marker_clauses(read_logic(logic), side, {"1": "a", "2": "b"})
    assert found == {frozenset(clause) for clause in clauses}


def test_the_report_has_each_split_by_itself(tmp_path: Path) -> None:
    (row,) = rows(tmp_path)
    report = structure_report([gold()], [row, {**row, "split": "test"}], lambda _: gold_extraction(gold()))
    assert "### dev: 1 records, 3 criteria" in report
    assert "### test: 1 records, 3 criteria" in report
    assert "| end to end | 1.000 | 1.000 | 1.000 |" in report
    with pytest.raises(CorpusError, match="NCT1"):
        structure_report([gold()], [{**row, "hash": "0" * 16}], lambda _: gold_extraction(gold()))
