"""Age and sex: values for either sex, and ages that hold for everyone."""

from __future__ import annotations

import pytest
from marked import extraction_of
from test_precision import logic

from oncogloss.schema import Extraction, Registry
from oncogloss.structure import structured
from oncogloss.structure.persons import values_by_sex

SEXED = [
    "[MEASURE QTc] [VALUE > 450 ms] in [POPULATION men], [VALUE > 470 ms] in [POPULATION women]",
    "[MEASURE QTc] [VALUE > 450 ms] ([POPULATION males]) or [VALUE > 470 ms] ([POPULATION females])",
    "[MEASURE QTc] [POPULATION male] [VALUE > 450 ms], [POPULATION female] [VALUE > 470 ms]",
    "[POPULATION Men]: [MEASURE QTc] [VALUE > 450 ms]; [POPULATION women]: [VALUE > 470 ms]",
]


@pytest.mark.parametrize("text", SEXED)
def test_a_value_for_either_sex_is_one_measure_under_two_conditions(text: str) -> None:
    document, extraction = extraction_of(("exc", text))
    found = structured(document, extraction).thresholds
    told = [(t.measure, t.value, (t.condition or "").casefold()[:1]) for t in found]
    assert told in ([("QTc", 450, "m"), ("QTc", 470, "f")], [("QTc", 450, "m"), ("QTc", 470, "w")])
    measure = next(m.id for m in extraction.mentions if m.type == "MEASURE")
    assert logic(("exc", text)) == [measure]


def test_both_sexes_with_one_value_share_it() -> None:
    text = "[POPULATION Men] or [POPULATION women] with [MEASURE pulse] [VALUE > 60]"
    document, extraction = extraction_of(("inc", text))
    assert values_by_sex(document.passages[0].text, extraction.mentions) == {}
    (threshold,) = structured(document, extraction).thresholds
    assert threshold.condition is None


def ages(*criteria: tuple[str, str], registry: Registry | None = None, **kwargs: object) -> tuple[object, object]:
    document, extraction = extraction_of(*criteria, **kwargs)  # type: ignore[arg-type]
    demographic: Extraction = extraction.model_copy(
        update={"criteria": tuple(c.model_copy(update={"categories": ("demographic",)}) for c in extraction.criteria)}
    )
    return structured(document.model_copy(update={"registry": registry}), demographic).summary.age


AGE = (("HAS_VALUE", 1, 2),)


def test_an_age_that_everyone_must_have_counts() -> None:
    assert ages(("inc", "[MEASURE Age] [VALUE >= 18 years]"), relations=AGE) == (18, None)
    assert ages(("inc", "No [MEASURE/neg age] [VALUE > 70 years]"), relations=AGE) == (None, 70)


def test_an_age_of_some_does_not_move_the_registry_s() -> None:
    registry = Registry(minimum_age="18 Years")
    one = "[MEASURE Age] [VALUE >= 60 years] or [MEASURE LDH] [VALUE > 2 x ULN]"
    assert ages(("inc", one), relations=(*AGE, ("HAS_VALUE", 3, 4)), registry=registry) == (18, None)
    under = ("inc", "One of the following:"), ("inc", "[MEASURE Age] [VALUE >= 60 years]"), ("inc", "[CONDITION gout]")
    assert ages(*under, relations=AGE, parents={2: 1, 3: 1}, registry=registry) == (18, None)
    part = ("inc", "For cohort B only: [MEASURE age] [VALUE >= 60 years]")
    assert ages(part, relations=AGE, registry=registry) == (18, None)
