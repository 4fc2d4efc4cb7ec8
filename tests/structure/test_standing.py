"""Demands that no mention names: invented criteria, and the leaves that are made of their words."""

from __future__ import annotations

import pytest
from marked import extraction_of

from oncogloss.schema import Category, Criterion, Document, Extraction, Logic
from oncogloss.structure import structured
from oncogloss.structure.notation import read_logic, write_logic


def read(side: str, text: str, *categories: Category) -> tuple[str, Extraction]:
    """The criterion's logic as text, and the whole of what follows."""
    document, extraction = extraction_of((side, text))
    asked = extraction.criteria[0].model_copy(update={"categories": categories})
    found = structured(document, extraction.model_copy(update={"criteria": (asked,)}))
    logic = found.criteria[0].logic
    return write_logic(logic) if logic else "", found


@pytest.mark.parametrize(
    ("side", "text", "categories", "wanted"),
    [
        ("inc", "Able to swallow and retain tablets", (), "swallowing"),
        ("exc", "Unable to swallow tablets", (), "(not swallowing)"),
        ("inc", "Able to swallow tablets and not have [CONDITION/neg gout]", (), "(all swallowing (not 1))"),
        ("exc", "Must not participate in another clinical trial", (), "other-trial"),
        ("inc", "Adequate liver and bone marrow function", (), "organ-function"),
        ("exc", "Inadequate organ function", (), "(not organ-function)"),
        ("exc", "Participation in another clinical trial", (), "other-trial"),
        ("inc", "Participation in this trial", (), ""),
        ("inc", "Participation in another trial is allowed", (), ""),
        ("exc", "[CONDITION moon madness]/social situations", (), "(any 1 social-situation)"),
        ("inc", "No [CONDITION/neg moon madness] or social situation", (), "(all (not 1) (not social-situation))"),
        ("inc", "[CANCER glioma], and able to give written informed consent", (), "(all 1 consent)"),
        ("inc", "Written informed consent in keeping with the moon's laws", ("consent",), "consent"),
        ("exc", "Refusal to give informed consent", ("consent",), "(not consent)"),
        ("inc", "Written informed consent, able to comply with the protocol", ("consent",), "(all consent compliance)"),
        ("inc", "Willing to comply with all study visits", ("compliance",), "compliance"),
        ("inc", "Able to speak and read Italian", (), "language"),
        ("inc", "Available for follow-up", (), "follow-up"),
        ("inc", "Able to complete the questionnaires", (), "questionnaires"),
        ("inc", "An archival tumor sample must be available", ("specimen",), "tumor-sample"),
        (
            "exc",
            "Any condition that in the opinion of the investigator would put the patient at risk",
            (),
            "unsuitable",
        ),
        ("exc", "[CONDITION gout] that would limit compliance with the protocol", (), "1"),
    ],
)
def test_demands_that_no_mention_names(side: str, text: str, categories: tuple[Category, ...], wanted: str) -> None:
    logic, found = read(side, text, *categories)
    assert logic == wanted
    assert wanted == "" or found.coverage[0].status == "structured"


def test_which_organs_and_when_are_told() -> None:
    _, found = read("inc", "Adequate renal and hepatic function [TIME within 14 days of entry]")
    logic = found.criteria[0].logic
    assert logic is not None and logic.qualifiers == ("renal and hepatic", "within 14 days of entry")


def test_organs_that_head_measures_are_no_demand_of_their_own() -> None:
    logic, _ = read("inc", "Adequate liver function: [MEASURE moon enzyme] [VALUE 2]")
    assert "organ-function" not in logic


def test_consent_is_no_part_of_what_its_parent_asks() -> None:
    criteria = ("inc", "All of:"), ("inc", "[CONDITION gout]"), ("inc", "Informed consent is given")
    document, extraction = extraction_of(*criteria, parents={2: 1, 3: 1})
    found = structured(document, _as_consent(extraction, 2))
    assert found.criteria[0].logic == Logic(op="fact", criterion="c2") or write_logic_of(found) == "(all c2)"
    assert found.coverage[2].status == "structured"


def _as_consent(extraction: Extraction, n: int) -> Extraction:
    criteria = list(extraction.criteria)
    criteria[n] = criteria[n].model_copy(update={"categories": ("consent",)})
    return extraction.model_copy(update={"criteria": tuple(criteria)})


def write_logic_of(found: Extraction) -> str:
    logic = found.criteria[0].logic
    return write_logic(logic) if logic else ""


def test_notation_reads_what_it_writes() -> None:
    assert write_logic(read_logic("(all 1 (not organ-function))")) == "(all 1 (not organ-function))"


def asked_in(text: str, *more: tuple[str, str]) -> tuple[Document, Extraction, Criterion]:
    document, extraction = extraction_of(("inc", text), *more)
    found = structured(document, extraction)
    return document, found, found.criteria[-1]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("For cohort B only, [CANCER moon sarcoma]", "For cohort B only"),
        ("In phase 2: [CANCER moon sarcoma]", "In phase 2"),
        ("[CANCER moon sarcoma] (cohort A)", "cohort A"),
    ],
)
def test_a_part_of_the_trial_is_a_condition(text: str, part: str) -> None:
    _, found, criterion = asked_in(text)
    logic = criterion.logic
    assert logic is not None and logic.op == "if" and logic.parts[1].mention == "1"
    assert (logic.parts[0].said, logic.parts[0].qualifiers) == ("trial-part", (part,))
    assert found.coverage[0].status == "structured"


def test_a_heading_of_a_part_is_a_condition_unless_another_heading_follows() -> None:
    _, _, under = asked_in("[CONDITION fever]\n\nCohort B:\n", ("inc", "[CONDITION gout]"))
    assert under.logic is not None and under.logic.parts[0].qualifiers == ("Cohort B",)
    _, found, beside = asked_in("[CONDITION fever]\n\nCohort B:\n\nFins :\n", ("inc", "[CONDITION gout]"))
    assert beside.logic is not None and beside.logic.op == "fact"
    assert found.coverage[-1].reason == "holds for a part of the trial"
