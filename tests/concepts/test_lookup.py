"""A name by itself: each of its concepts under the entity type that the concept has."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from oncogloss.cli import app
from oncogloss.concepts import concepts_of, open_vocabulary
from oncogloss.concepts.linker import TYPES

TYPED = {
    "heart failure": ["CONDITION"],
    "stroke": ["CONDITION"],
    "hepatitis B": ["CONDITION"],
    "GVHD": ["CONDITION"],
    "diabetes": ["CONDITION"],
    "severe chronic bilateral pneumonia": ["CONDITION"],
    "breast cancer": ["CANCER"],
    "oral cavity": ["CANCER"],
    "anti-CD20": ["DRUG_CLASS"],
    "moonciclib": ["DRUG_CLASS"],
    "MK-3475": ["DRUG"],
    "PD-L1": ["GENE"],
    "FOLFOX": ["REGIMEN"],
    "complete response": ["OUTCOME"],
    "MELD": ["INSTRUMENT"],
    "white blood cell count": ["PROCEDURE", "MEASURE"],
    "moonshine-77": [],
    "-": [],
    " () ... ": [],
}


@pytest.mark.parametrize(("name", "types"), TYPED.items())
def test_a_concept_stands_under_its_own_type(name: str, types: list[str]) -> None:
    assert list(concepts_of(name, open_vocabulary())) == types


@pytest.mark.parametrize("name", ["heart failure", "pembrolizumab", "HER2", "death", "toxicity"])
def test_each_concept_is_told_once_and_in_the_order_of_types(name: str) -> None:
    found = concepts_of(name, open_vocabulary())
    ids = [concept.id for concept in found.values()]
    assert len(ids) == len(set(ids)) and list(found) == [type_ for type_ in TYPES if type_ in found]


def test_the_type_that_is_asked_for_may_fall_back_on_another() -> None:
    asked = concepts_of("heart failure", open_vocabulary(), "CANCER")
    assert list(asked) == ["CANCER"]
    assert asked["CANCER"].id == concepts_of("heart failure", open_vocabulary())["CONDITION"].id
    assert concepts_of("heart failure", open_vocabulary(), "DRUG") == {}


def test_the_verb_names_the_type_that_the_entry_has() -> None:
    done = CliRunner().invoke(app, ["link", "stroke", "PD-L1"])
    assert [list(json.loads(line)["concepts"]) for line in done.stdout.splitlines()] == [["CONDITION"], ["GENE"]]
    asked = CliRunner().invoke(app, ["link", "stroke", "--type", "CANCER"])
    assert list(json.loads(asked.stdout)["concepts"]) == ["CANCER"]
