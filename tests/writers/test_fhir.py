"""FHIR: valid by its own models, codes of R5's value sets, references that lead somewhere, the logic kept."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from clinical import DOCUMENT, EXTRACTION, LINES

from oncogloss.pipeline import Pipeline
from oncogloss.readers import read_path
from oncogloss.schema import Concept, Criterion, Document, Extraction
from oncogloss.structure.notation import read_logic
from oncogloss.writers.codes import SYSTEMS, fhir_code, id_of, known_ids
from oncogloss.writers.fhir import ARM_TYPES, COMBINATIONS, ONE_FINDING, PHASES, STATUS, fhir_bundle
from toys import ROOT

# value sets of R5 that fhir.resources does not check
CODES = {
    "status": {"draft", "active", "retired", "unknown"},
    "comparator": {"<", "<=", ">=", ">", "ad"},
    "combination": {"all-of", "any-of", "at-least", "at-most", "statistical", "net-effect", "dataset"},
    "state": {
        "active", "active-but-not-recruiting", "administratively-completed", "approved", "closed-to-accrual",
        "closed-to-accrual-and-intervention", "completed", "disapproved", "enrolling-by-invitation", "in-review",
        "not-yet-recruiting", "overall-study", "recruiting", "temporarily-closed-to-accrual",
        "temporarily-closed-to-accrual-and-intervention", "terminated", "withdrawn",
    },
    "phase": {
        "n-a", "early-phase-1", "phase-1", "phase-1-phase-2", "phase-2", "phase-2-phase-3", "phase-3", "phase-4",
    },
    "arm": {
        "active-comparator", "placebo-comparator", "sham-comparator", "no-intervention", "experimental",
        "other-arm-type",
    },
}  # fmt: skip


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(inner)


def resources(document: Document, extraction: Extraction) -> tuple[dict[str, Any], dict[str, Any]]:
    study, eligibility = (entry["resource"] for entry in checked(fhir_bundle(document, extraction))["entry"])
    return study, eligibility


def checked(text: str) -> dict[str, Any]:
    """The bundle, after all checks."""
    bundle: dict[str, Any] = json.loads(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = pytest.importorskip("fhir.resources.bundle")
        parsed = models.Bundle.model_validate(bundle)
        assert json.loads(parsed.model_dump_json()) == bundle
    study, eligibility = (entry["resource"] for entry in bundle["entry"])
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    assert study["recruitment"]["eligibility"]["reference"] in urls
    assert {study["status"], eligibility["status"]} <= CODES["status"]
    found = list(nodes(bundle))
    assert {n["comparator"] for n in found if "comparator" in n} <= CODES["comparator"]
    assert {n["definitionByCombination"]["code"] for n in found if "definitionByCombination" in n} <= CODES[
        "combination"
    ]
    for node in found:
        assert ("threshold" in node) == (node.get("code") == "at-least")
        assert sum(key.startswith("definition") for key in node) <= 1
        assert "" not in node.values() and [] not in node.values()
    links = [n["linkId"] for n in nodes(eligibility) if "linkId" in n]
    assert len(links) == len(set(links))
    assert {n["definitionId"] for n in found if "definitionId" in n} <= set(links)
    return bundle


def of(characteristics: list[dict[str, Any]], id_: str) -> dict[str, Any]:
    return next(c for c in characteristics if c.get("linkId") == id_)


def test_tables_hold_codes_of_the_value_sets() -> None:
    assert {status for status, _ in STATUS.values()} <= CODES["status"]
    assert {state for _, state in STATUS.values()} <= CODES["state"]
    assert set(PHASES.values()) == CODES["phase"]
    assert set(ARM_TYPES.values()) == CODES["arm"]
    assert set(COMBINATIONS.values()) <= CODES["combination"]


def test_every_vocabulary_has_a_system_and_ids_come_back() -> None:
    assert len({s.uri for s in SYSTEMS}) == len({s.prefix for s in SYSTEMS}) == len(SYSTEMS)
    for system in SYSTEMS:
        assert id_of(system.uri, fhir_code(system, "X:1")) == f"{system.prefix}:X:1"
    lines = (ROOT / "vocabulary" / "default" / "concepts.txt").read_text(encoding="utf-8").splitlines()
    for line in lines[::400]:
        cells = line.split("\t")
        xrefs = tuple(cells[4].split("|")) if len(cells) > 4 and cells[4] else ()
        concept = Concept(id=cells[0], name=cells[1], vocabulary=cells[2], score=1, xrefs=xrefs)
        ids = [id_of(system.uri, fhir_code(system, code)) for system, code in known_ids(concept)]
        assert ids == list(dict.fromkeys((concept.id, *xrefs)))


def test_the_study() -> None:
    study, _ = resources(DOCUMENT, EXTRACTION)
    assert study["identifier"] == [{"system": "http://clinicaltrials.gov", "value": "NCT99000099"}]
    assert study["status"] == "active"
    assert study["progressStatus"][0]["state"]["coding"][0]["code"] == "recruiting"
    assert study["phase"]["coding"][0]["code"] == "phase-1-phase-2"
    assert [c["code"] for c in study["condition"][0]["coding"]] == ["C2926", "NSCLC", "D002289"]
    assert study["comparisonGroup"][0]["type"]["coding"][0]["code"] == "experimental"
    assert study["outcomeMeasure"][0]["description"] == "Time frame: up to 2 years"


def test_the_logic() -> None:
    _, eligibility = resources(DOCUMENT, EXTRACTION)
    found = eligibility["characteristic"]
    assert [c["description"] for c in found if "linkId" in c] == list(LINES[:10])
    assert [c["linkId"] for c in found if c.get("exclude")] == ["c6", "c7", "c10"]  # c8: twice turned round
    first = of(found, "c1")["definitionByCombination"]
    assert first["code"] == "all-of"
    assert first["characteristic"][1]["definitionByCombination"]["code"] == "any-of"
    age = of(found, "c2")["definitionByTypeAndValue"]["valueQuantity"]
    assert age == {"comparator": ">=", "value": 18, "unit": "a", "system": "http://unitsofmeasure.org", "code": "a"}
    alt = of(found, "c3")["definitionByCombination"]["characteristic"][1]["definitionByTypeAndValue"]
    assert alt["valueQuantity"] == {"comparator": "<=", "value": 3, "unit": "times the upper limit of normal"}
    assert of(found, "c4")["definitionByCombination"]["threshold"] == 2
    condition, then = of(found, "c5")["definitionByCombination"]["characteristic"]
    assert condition["exclude"] and "exclude" not in then
    general, spared = of(found, "c6")["definitionByCombination"]["characteristic"]
    assert "exclude" not in general and spared["exclude"]
    assert set(of(found, "c9")) == {"linkId", "description"}
    assert [c["linkId"] for c in of(found, "c10")["definitionByCombination"]["characteristic"]] == ["c11", "c12"]


def test_an_exception_is_one_finding_only_with_what_is_of_its_kind() -> None:
    def written(logic: str) -> dict[str, Any]:
        criterion = EXTRACTION.criteria[5].model_copy(update={"logic": read_logic(logic)})
        _, eligibility = resources(DOCUMENT, EXTRACTION.model_copy(update={"criteria": (criterion,)}))
        return of(eligibility["characteristic"], "c6")

    assert written("(except m13 m14)")["note"] == [{"text": ONE_FINDING}]
    unless = written("(except m9 m6)")
    assert "note" not in unless and unless["exclude"]
    fever, count = unless["definitionByCombination"]["characteristic"]
    assert "exclude" not in fever and count["exclude"]
    assert count["definitionByTypeAndValue"]["valueQuantity"]["value"] == 1.5


def test_criteria_that_go_round_in_a_circle_end() -> None:
    criteria = [
        c.model_copy(update={"logic": read_logic(text)})
        for c, text in zip(EXTRACTION.criteria[:2], ("(all c2 m1)", "(any c1 m4)"), strict=True)
    ]
    third = Criterion.model_validate({**EXTRACTION.criteria[2].model_dump(), "logic": read_logic("(all c1 c1)")})
    resources(DOCUMENT, EXTRACTION.model_copy(update={"criteria": (*criteria, third)}))


def test_the_same_extraction_gives_the_same_text() -> None:
    assert fhir_bundle(DOCUMENT, EXTRACTION) == fhir_bundle(DOCUMENT, EXTRACTION)


def test_samples_are_valid(shipped: Pipeline) -> None:
    for path in sorted((ROOT / "corpus" / "samples").glob("NCT*.*"))[::5]:
        for document in read_path(path):
            study, eligibility = resources(document, shipped.extract(document))
            assert study["title"] and eligibility["characteristic"]
