"""A criterion whose tree may say something else than its text is written by no format as if it could be evaluated."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from clinical import DOCUMENT, EXTRACTION, LINES, TEXT

from oncogloss.schema import Coverage, Extraction, Lack, Logic
from oncogloss.structure.notation import read_logic
from oncogloss.writers.criteria import Criteria
from oncogloss.writers.ctml import ctml
from oncogloss.writers.fhir import fhir_bundle
from oncogloss.writers.omop import omop_cohort

REASON = "negation outside the logic"


def doubted(number: int, lack: Lack = "logic", *, decisive: bool = True, before: int = 0) -> Extraction:
    """The invented trial whose ledger says that criterion `number` lacks something."""
    criterion = EXTRACTION.criteria[number - 1]
    start, end = criterion.start - before, criterion.end
    rest = Coverage(passage="eligibility", start=end, end=len(TEXT), status="structured", reason="nothing left over")
    stretch = Coverage(
        passage="eligibility", start=start, end=end, status="partly", reason=REASON, lacks=(lack,), decisive=decisive
    )
    return EXTRACTION.model_copy(update={"coverage": (stretch, rest)})


def rule(extraction: Extraction, words: str) -> dict[str, Any]:
    rules = json.loads(omop_cohort(DOCUMENT, extraction))["expression"]["InclusionRules"]
    found: dict[str, Any] = next(rule for rule in rules if rule["name"] == words)
    return found


def characteristics(extraction: Extraction) -> dict[str, dict[str, Any]]:
    found = json.loads(fhir_bundle(DOCUMENT, extraction))["entry"][1]["resource"]["characteristic"]
    return {c["linkId"]: c for c in found if "linkId" in c}


def notes(extraction: Extraction) -> list[str]:
    found: list[str] = yaml.safe_load(ctml(DOCUMENT, extraction))["notes"]
    return found


@pytest.mark.parametrize("lack", ["logic", "case"])
def test_a_criterion_in_doubt_is_not_evaluated_and_says_why(lack: Lack) -> None:
    extraction = doubted(1, lack)
    written = rule(extraction, LINES[0])
    assert written["expression"] == {"Type": "ALL", "CriteriaList": [], "DemographicCriteriaList": [], "Groups": []}
    assert written["description"] == f"Inclusion criterion, not evaluated ({REASON}): {LINES[0]}"
    assert characteristics(extraction)["c1"] == {"linkId": "c1", "description": f"Not evaluated ({REASON}): {LINES[0]}"}
    assert f"Inclusion criterion not in the match tree ({REASON}): {LINES[0]}" in notes(extraction)


def test_an_exclusion_in_doubt_stays_an_exclusion() -> None:
    extraction = doubted(6)
    assert rule(extraction, LINES[5])["description"].startswith("Exclusion criterion, not evaluated")
    assert characteristics(extraction)["c6"]["exclude"]
    assert "definitionByCombination" not in characteristics(extraction)["c6"]


def test_a_sub_criterion_in_doubt_makes_its_parent_so() -> None:
    extraction = doubted(12)
    written = rule(extraction, LINES[9])
    assert (written["expression"]["CriteriaList"], written["expression"]["Groups"]) == ([], [])
    words = f"({REASON}): {' / '.join(LINES[9:])}"
    assert written["description"] == f"Exclusion criterion, not evaluated {words}"
    assert characteristics(extraction)["c10"]["description"] == f"Not evaluated {words}"
    assert f"Exclusion criterion not in the match tree {words}" in notes(extraction)


def test_the_ledger_may_begin_a_criterion_at_the_bullet_before_it() -> None:
    assert Criteria(DOCUMENT, doubted(2, before=1)).doubt(EXTRACTION.criteria[1]) == REASON


@pytest.mark.parametrize(
    "extraction", [EXTRACTION, doubted(1, "words"), doubted(1, "value"), doubted(1, decisive=False)]
)
def test_without_such_a_doubt_criteria_are_written_as_ever(extraction: Extraction) -> None:
    assert omop_cohort(DOCUMENT, extraction) == omop_cohort(DOCUMENT, EXTRACTION)
    assert fhir_bundle(DOCUMENT, extraction) == fhir_bundle(DOCUMENT, EXTRACTION)
    assert ctml(DOCUMENT, extraction) == ctml(DOCUMENT, EXTRACTION)


def test_doubt_ends_where_criteria_go_round_in_a_circle() -> None:
    logic: list[Logic] = [read_logic(text) for text in ("(all c2 m1)", "(any c1 m4)")]
    first, second = (c.model_copy(update={"logic": tree}) for c, tree in zip(EXTRACTION.criteria, logic, strict=False))
    extraction = doubted(2).model_copy(update={"criteria": (first, second)})
    assert Criteria(DOCUMENT, extraction).doubt(first) == REASON
