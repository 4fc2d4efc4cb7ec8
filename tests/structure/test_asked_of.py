"""Of whom a criterion asks something: invented criteria, their mentions marked by hand, and the tree they mean."""

from __future__ import annotations

import pytest
from marked import logic, means


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Patients with [CONDITION gout] must be on [DRUG lunamab]", "(if 1 2)"),
        ("[CONDITION Tide fever]-positive patients must have a low [MEASURE pulse]", "(if 1 2)"),
        ("Subjects who have had a [PROCEDURE/hist moon bath] should be off [DRUG/neg lunamab]", "(if 1 (not 2))"),
        ("Patients with [CONDITION gout] or [CONDITION pox] must be on [DRUG lunamab]", "(if (any 1 2) 3)"),
        ("Sober. Patients on [DRUG lunamab] are required to have a low [MEASURE pulse]", "(if 1 2)"),
        ("Those with [CONDITION/neg gout] must not have [CONDITION/neg pox]", "(if 1 (not 2))"),
        ("Patients who never had [DRUG/neg lunamab] must have [DRUG zorbatinib]", "(if (not 1) 2)"),
        ("If on [DRUG lunamab], the [MEASURE pulse] is low", "(if 1 2)"),
        ("Patients must have [CONDITION gout] and a low [MEASURE pulse]", "(all 1 2)"),
        ("Patients with [CONDITION gout] and must have a low [MEASURE pulse]", "(all 1 2)"),
        ("Patients with [CONDITION gout] that must be treated by [DRUG lunamab]", "(all 1 2)"),
        ("Patients with confirmed [CANCER moon sarcoma] must have [DISEASE_STATE visible disease]", "(all 1 2)"),
        ("Patients with [CANCER moon sarcoma] must have had [DRUG/hist lunamab]", "(if 1 2)"),
    ],
)
def test_what_is_asked_of_patients_with_something(text: str, wanted: str) -> None:
    assert logic(("inc", text)) == means(wanted)


def test_of_whom_an_age_or_a_measure_is_asked() -> None:
    aged = "[POPULATION Children] [MEASURE aged] [VALUE < 9 years] must have a [MEASURE weight] [VALUE ≥ 15 kg]"
    assert logic(("inc", aged), relations=(("HAS_VALUE", 2, 3), ("HAS_VALUE", 4, 5))) == means("(if (all 1 2) 4)")
    text = "[MEASURE FSH] [VALUE > 40] in [POPULATION women]"
    assert logic(("inc", text), relations=(("HAS_VALUE", 1, 2),)) == means("(if 3 1)")


def test_of_an_exclusion_it_is_all() -> None:
    assert logic(("exc", "Patients with [CONDITION gout] must be on [DRUG lunamab]")) == means("(all 1 2)")
    assert logic(("exc", "For part A: patients with [CONDITION gout], [CONDITION pox]")) == means(
        "(all trial-part (any 1 2))"
    )


def test_a_demand_that_is_no_fact_is_not_turned_into_having_it() -> None:
    assert logic(("inc", "Patients with [CANCER brain metastases] must be stable")) is None
    assert logic(("inc", "Patients with [CANCER moon sarcoma] must be stable")) == "1"
    text = "Patients with [CONDITION gout] must have [VALUE grade 1]"
    assert logic(("inc", text), relations=(("HAS_VALUE", 1, 2),)) == "1"


def test_what_is_asked_may_stand_in_sub_criteria() -> None:
    children = ("inc", "[CONDITION pox]"), ("inc", "[CONDITION tide fever]")
    found = logic(("inc", "Patients with [CONDITION gout] must have one of:"), *children, parents={2: 1, 3: 1})
    assert found == means("(if 1 (any c2 c3))")


@pytest.mark.parametrize(
    ("side", "text", "wanted"),
    [
        ("inc", "[POPULATION Female subjects] must be willing to avoid [CONDITION pregnancy]", "(if 1 (not 2))"),
        ("inc", "[POPULATION Female subjects] must be of [POPULATION non-reproductive potential]", "(if 1 2)"),
        (
            "inc",
            "[POPULATION Women] must use [PROCEDURE contraception] and [POPULATION men] must use [PROCEDURE condoms]",
            "(if (any 1 3) (all 2 4))",
        ),
        ("inc", "[POPULATION Women] using [PROCEDURE contraception] to avoid [CONDITION pregnancy]", "(if 1 2)"),
        ("exc", "[POPULATION Fertile women] not using [PROCEDURE/neg contraception]", "(all 1 (not 2))"),
        ("exc", "[CONDITION Gout] shown using [PROCEDURE MRI]", "1"),
    ],
)
def test_what_is_asked_of_those_who_can_have_children(side: str, text: str, wanted: str) -> None:
    assert logic((side, text)) == means(wanted)
