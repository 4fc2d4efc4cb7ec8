"""What is only permitted asks nothing; what a trial is open to is asked."""

from __future__ import annotations

import pytest
from marked import extraction_of, logic

from oncogloss.structure.coverage import status_of
from oncogloss.structure.criteria import with_logic
from oncogloss.structure.notation import write_logic
from oncogloss.structure.scope import scopes


def read(side: str, text: str, *categories: str) -> tuple[str | None, str]:
    """The logic of a criterion of some categories, and why it was understood so far."""
    document, extraction = extraction_of((side, text))
    criteria = tuple(c.model_copy(update={"categories": categories}) for c in extraction.criteria)
    (scope,) = with_logic(scopes(document, extraction.model_copy(update={"criteria": criteria})))
    logic = scope.criterion.logic
    return (write_logic(logic) if logic else None), status_of(scope, linked=False).reason


@pytest.mark.parametrize(
    ("side", "text", "category"),
    [
        ("inc", "Patients with mild [CONDITION gout] are eligible", "comorbidity"),
        ("inc", "Patients with [CONDITION tide fever] can be enrolled", "infection"),
        ("inc", "Patients with treated [CANCER brain metastases] will be considered", "cns"),
        ("inc", "Those with prior [CANCER/hist malignancy] are eligible", "second_malignancy"),
        ("inc", "Use of [DRUG lunamab] is acceptable", "medication"),
        ("inc", "Patients with mild [CONDITION/exc gout] are eligible", "comorbidity"),
        ("inc", "[DRUG/exc Lunamab] is permitted for [CONDITION gout]", "medication"),
        ("exc", "Patients with mild [CONDITION/exc gout] are eligible", "comorbidity"),
        ("exc", "Prior [DRUG/exc lunamab] is allowed", "prior_therapy"),
    ],
)
def test_what_is_permitted_asks_nothing(side: str, text: str, category: str) -> None:
    assert read(side, text, category) == (None, "nothing is asked")


@pytest.mark.parametrize(
    ("side", "text", "category"),
    [
        ("inc", "Patients with [CANCER moon sarcoma] are eligible", "disease"),
        ("inc", "Only patients with [CONDITION gout] are eligible", "comorbidity"),
        ("inc", "Patients who are eligible for [PROCEDURE moon bath]", "procedure"),
        ("exc", "Patients with [CONDITION gout] are not eligible", "comorbidity"),
        ("exc", "Patients who are eligible for a [PROCEDURE moon bath]", "procedure"),
    ],
)
def test_what_is_asked_stays(side: str, text: str, category: str) -> None:
    assert read(side, text, category)[0] == "1"


def test_what_is_permitted_beside_what_is_asked_is_its_exception() -> None:
    text = "No [DRUG_CLASS/neg steroids]; topical [DRUG_CLASS/exc steroids] are allowed"
    assert read("inc", text, "medication")[0] == "(not (except 1 2))"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[CONDITION gout] (patients with [MEASURE uric acid] [VALUE < 6 mg/dL] are eligible)", "(except 1 2)"),
        ("[CONDITION gout]. Patients with [MEASURE uric acid] [VALUE < 6 mg/dL] can be enrolled", "(except 1 2)"),
        ("[CONDITION gout]; [MEASURE uric acid] [VALUE < 6 mg/dL] is allowed", "(except 1 2)"),
        ("[CONDITION gout] with [MEASURE uric acid] [VALUE > 6 mg/dL]; this is not allowed", "(all 1 2)"),
        ("[CONDITION gout] ([MEASURE uric acid] [VALUE > 6 mg/dL] is not permitted)", "2"),
    ],
)
def test_what_an_exclusion_permits_of_a_measure_is_its_exception(text: str, wanted: str) -> None:
    assert logic(("exc", text), relations=(("HAS_VALUE", 2, 3),)) == wanted


@pytest.mark.parametrize(
    ("side", "text", "found"),
    [
        ("inc", "[VALUE Grade 1] [CONDITION gout] is permitted", (None, "nothing is asked")),
        ("inc", "[VALUE Grade 1 or 2] [CONDITION gout] is permitted", (None, "nothing is asked")),
        ("inc", "[VALUE Up to grade 2] [CONDITION gout] is permitted", ("2", "value that was not read")),
        ("exc", "[VALUE Up to 3 mg/day] of [DRUG lunamab] is permitted", (None, "facts without logic")),
    ],
)
def test_a_grade_that_is_permitted_asks_nothing_and_a_limit_something(
    side: str, text: str, found: tuple[str | None, str]
) -> None:
    document, extraction = extraction_of((side, text), relations=(("HAS_VALUE", 2, 1),))
    (scope,) = with_logic(scopes(document, extraction))
    asked = scope.criterion.logic
    assert ((write_logic(asked) if asked else None), status_of(scope, linked=False).reason) == found
