"""OMOP: the structure that Circe reads, the logic kept, codes instead of ids, and a golden file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clinical import DOCUMENT, EXTRACTION, LINES

from oncogloss.pipeline import Pipeline
from oncogloss.readers import read_path
from oncogloss.schema import Document, Extraction
from oncogloss.structure.notation import read_logic
from oncogloss.writers.omop import omop_cohort
from toys import ROOT

GOLDEN = Path(__file__).with_name("golden") / "omop.json"
EXPRESSION = {
    "ConceptSets", "PrimaryCriteria", "QualifiedLimit", "ExpressionLimit", "InclusionRules", "CensoringCriteria",
    "CollapseSettings", "CensorWindow", "cdmVersionRange",
}  # fmt: skip
EVENTS = {
    "ConditionOccurrence", "DrugExposure", "ProcedureOccurrence", "Measurement", "Observation", "VisitOccurrence",
}  # fmt: skip
FIELDS = {"CodesetId", "ValueAsNumber", "Unit", "RangeHighRatio", "RangeLowRatio"}
OPERATORS = {"lt", "lte", "eq", "gt", "gte", "bt"}


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(inner)


def checked(document: Document, extraction: Extraction) -> dict[str, Any]:
    """The expression, after checks of its structure."""
    cohort = json.loads(omop_cohort(document, extraction))
    assert "CONCEPT_ID is 0" in cohort["description"]
    expression: dict[str, Any] = cohort["expression"]
    assert set(expression) == EXPRESSION
    sets = {s["id"] for s in expression["ConceptSets"]}
    assert sets == set(range(len(sets)))
    used = set()
    for node in nodes(expression):
        if "CONCEPT_CODE" in node:
            assert node["CONCEPT_ID"] == 0 and node["CONCEPT_CODE"] and node["VOCABULARY_ID"]
        if "Op" in node:
            assert node["Op"] in OPERATORS and ("Extent" in node) == (node["Op"] == "bt")
        if "CodesetId" in node:
            assert set(node) <= FIELDS
            used.add(node["CodesetId"])
        if "CriteriaList" in node and "Type" in node:
            assert node["Type"] in {"ALL", "ANY", "AT_LEAST", "AT_MOST"}
            assert ("Count" in node) == node["Type"].startswith("AT_")
            for event in node["CriteriaList"]:
                assert event["Occurrence"] in ({"Type": 2, "Count": 1}, {"Type": 0, "Count": 0})
                assert set(event["Criteria"]) < EVENTS and len(event["Criteria"]) == 1
    assert used == sets
    return expression


def test_golden_file() -> None:
    """To write it anew after a change that is meant: GOLDEN.write_text(omop_cohort(DOCUMENT, EXTRACTION))."""
    assert omop_cohort(DOCUMENT, EXTRACTION) == GOLDEN.read_text(encoding="utf-8")


def rules() -> dict[str, dict[str, Any]]:
    return {rule["name"]: rule["expression"] for rule in checked(DOCUMENT, EXTRACTION)["InclusionRules"]}


def test_every_criterion_is_a_rule_with_its_words() -> None:
    assert list(rules()) == ["Age", "Sex", *LINES[:10]]
    assert rules()[LINES[8]]["CriteriaList"] == []  # cannot be evaluated: lets everyone pass


def test_inclusions_and_thresholds() -> None:
    found = rules()
    assert found[LINES[0]]["Type"] == "ALL" and found[LINES[0]]["Groups"][0]["Type"] == "ANY"
    assert found[LINES[1]]["DemographicCriteriaList"] == [{"Age": {"Op": "gte", "Value": 18}}]
    anc, alt = (event["Criteria"]["Measurement"] for event in found[LINES[2]]["CriteriaList"])
    assert anc["ValueAsNumber"] == {"Op": "gte", "Value": 1.5} and anc["Unit"][0]["CONCEPT_CODE"] == "10*9/L"
    assert alt["RangeHighRatio"] == {"Op": "lte", "Value": 3}
    assert (found[LINES[3]]["Type"], found[LINES[3]]["Count"]) == ("AT_LEAST", 2)
    assert [e["Occurrence"]["Type"] for e in found[LINES[4]]["CriteriaList"]] == [0, 2]


def test_exclusions() -> None:
    found = rules()
    (event,) = found[LINES[5]]["CriteriaList"]
    assert event["Occurrence"] == {"Type": 0, "Count": 0}
    concepts = checked(DOCUMENT, EXTRACTION)["ConceptSets"][event["Criteria"]["ConditionOccurrence"]["CodesetId"]]
    codes = [(i["concept"]["CONCEPT_CODE"], i["isExcluded"]) for i in concepts["expression"]["items"]]
    assert codes == [("162", False), ("2513", True), ("8090/3", True)]
    assert [e["Occurrence"]["Type"] for e in found[LINES[7]]["CriteriaList"]] == [2, 2]  # twice turned round
    neither = found[LINES[9]]  # neither a woman nor ill
    assert neither["Type"] == "ALL" and neither["CriteriaList"][0]["Occurrence"]["Count"] == 0
    assert (neither["Groups"][0]["Type"], neither["Groups"][0]["Count"]) == ("AT_MOST", 0)


def test_an_exception_of_another_kind_is_spelled_out() -> None:
    """Fever, unless ANC is at least 1.5: who has fever may come in with such an ANC."""
    (event, spared) = excluded("(except m9 m6)")["Groups"][0]["CriteriaList"]
    assert event["Occurrence"] == {"Type": 0, "Count": 0} and "ConditionOccurrence" in event["Criteria"]
    assert spared["Occurrence"] == {"Type": 2, "Count": 1}
    assert spared["Criteria"]["Measurement"]["ValueAsNumber"] == {"Op": "gte", "Value": 1.5}


def test_an_exception_with_a_threshold_or_without_codes_is_spelled_out() -> None:
    for logic in ("(except m2 m6)", "(except m6 m2)", "(except m13 m8)", "(except m13 m18)"):
        assert excluded(logic)["Groups"][0]["Type"] == "ANY", logic
    (event,) = excluded("(except m8 m9)")["CriteriaList"]  # a set to be filled bears the words of both
    assert event["Occurrence"] == {"Type": 0, "Count": 0}


def excluded(logic: str) -> dict[str, Any]:
    """The group of an exclusion with this logic; one in a group of its own, so that all look alike."""
    criterion = EXTRACTION.criteria[5].model_copy(update={"logic": read_logic(logic)})
    (_, _, rule) = checked(DOCUMENT, EXTRACTION.model_copy(update={"criteria": (criterion,)}))["InclusionRules"]
    group: dict[str, Any] = rule["expression"]
    return group if group["Type"] == "ALL" else {"Groups": [group]}


def test_age_and_sex_do_not_claim_to_be_the_registrys() -> None:
    described = {rule["name"]: rule["description"] for rule in checked(DOCUMENT, EXTRACTION)["InclusionRules"]}
    assert (described["Age"], described["Sex"]) == ("Age", "Sex")


def test_samples_have_the_structure(shipped: Pipeline) -> None:
    for path in sorted((ROOT / "corpus" / "samples").glob("NCT*.*"))[1::5]:
        for document in read_path(path):
            assert isinstance(document, Document)
            extraction = shipped.extract(document)
            assert len(checked(document, extraction)["InclusionRules"]) >= 1
