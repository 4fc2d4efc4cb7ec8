"""Whether a patient's concept is of the kind that is asked for."""

from __future__ import annotations

import pytest
from made import concept

from oncogloss.schema import Concept, Patient
from oncogloss.structure.entries import Knowledge, entries_of, is_kind_of, is_treatment
from oncogloss.structure.kleene import Truth

ROOT = concept("T:ROOT")
DUNE, RIM = concept("T:DUNE", parents=("T:ROOT",)), concept("T:RIM", parents=("T:ROOT",), xrefs=("X:1", "X:2"))
BOTH, OTHER = concept("T:BOTH", parents=("T:DUNE", "T:RIM")), concept("T:OTHER", parents=("T:ROOT",), xrefs=("X:1",))
ALL = {c.id: c for c in (ROOT, DUNE, RIM, BOTH, OTHER)}


def below(id_: str) -> frozenset[str]:
    return frozenset(c.id for c in ALL.values() if id_ in c.parents)


KNOWLEDGE = Knowledge(lambda type_, name: None, ALL.get, below)


def test_a_kind_and_what_is_apart() -> None:
    assert is_kind_of(BOTH, DUNE, KNOWLEDGE) is True
    assert is_kind_of(DUNE, OTHER, KNOWLEDGE) is False


def test_what_has_a_kind_in_common_may_be_the_other() -> None:
    assert is_kind_of(DUNE, RIM, KNOWLEDGE) is None and is_kind_of(RIM, DUNE, KNOWLEDGE) is None


def test_the_wider_one_may_be_the_narrower() -> None:
    assert is_kind_of(DUNE, BOTH, KNOWLEDGE) is None


def test_a_cross_reference_that_two_have_makes_them_not_the_same() -> None:
    assert is_kind_of(OTHER, RIM, KNOWLEDGE) is False
    assert is_kind_of(concept("X:2", parents=("T:ROOT",)), RIM, KNOWLEDGE) is True


SALTAXEL, TIDEPLATIN = concept("T:SAL", "saltaxel", drug_class="taxane"), concept("T:TID", "tideplatin")
DRUGS = {c.name: c for c in (SALTAXEL, TIDEPLATIN)}
OF_DRUGS = Knowledge(lambda type_, name: DRUGS.get(name), lambda id_: None, below)


def had(name: str, match: str = "name", **more: object) -> Concept:
    return concept(f"T:{name}", name, **more).model_copy(update={"match": match})


@pytest.mark.parametrize(
    ("entry", "asked", "expected"),
    [
        (had("tideplatin"), SALTAXEL, False),
        (had("both", members=("tideplatin", "saltaxel")), SALTAXEL, True),
        (had("platinum compound", "stem"), SALTAXEL, None),
        (had("Drug Therapy", "broader"), SALTAXEL, None),
        (had("nearly", "alike").model_copy(update={"id": "T:SAL"}), SALTAXEL, None),
        (had("Chemotherapy"), SALTAXEL, None),
        (had("taxane"), SALTAXEL, None),
        (had("statin"), SALTAXEL, False),
        (had("nab-saltaxel", drug_class="taxane"), SALTAXEL, None),
        (had("gelsaltaxel", drug_class="taxane"), SALTAXEL, None),
        (had("saltaxelol", drug_class="taxane"), SALTAXEL, False),
        (had("saltaxel of one maker", parents=("T:SAL",)), SALTAXEL, True),
        (had("pegaspargase", drug_class="enzyme"), had("asparaginase", drug_class="enzyme"), None),
        (had("tideferon"), had("tideferon alfa-2b"), None),
        (had("lunamab", drug_class="antibody"), had("lunamab deruxtecan"), False),
    ],
)
def test_what_may_be_the_drug_is_not_said_to_be_another(entry: Concept, asked: Concept, expected: Truth) -> None:
    assert is_treatment(entry, asked, "DRUG", OF_DRUGS) is expected


def test_what_a_name_only_hints_at_is_of_no_class_for_sure() -> None:
    taxane, platinum = (had(name) for name in ("taxane", "platinum-based chemotherapy"))
    hinted = had("taxane", "stem", drug_class="taxane")
    assert is_treatment(hinted, taxane, "DRUG_CLASS", OF_DRUGS) is True
    assert is_treatment(hinted, platinum, "DRUG_CLASS", OF_DRUGS) is None
    assert is_treatment(SALTAXEL, platinum, "DRUG_CLASS", OF_DRUGS) is False


def test_a_name_that_tells_all_counts_before_one_that_hints() -> None:
    found = {"DRUG": had("platinum compound", "stem"), "REGIMEN": had("both", "parts", members=tuple(DRUGS))}
    knowledge = Knowledge(lambda type_, name: found.get(type_), lambda id_: None, below)
    patient = Patient.model_validate({"id": "p", "prior_treatments": [{"name": "saltaxel and tideplatin"}]})
    assert entries_of(patient, knowledge).treatments[0].concept == found["REGIMEN"]
