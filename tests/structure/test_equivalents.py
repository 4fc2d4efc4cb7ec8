"""A dose of steroids that one of them tells is one limit, of the steroids."""

from __future__ import annotations

import pytest
from marked import extraction_of, logic

from oncogloss.structure import structured

CLASS, DRUG = "[DRUG_CLASS Steroids]", "[DRUG prednisone]"


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        (f"{CLASS} [VALUE > 10 mg] {DRUG} daily", "mg/d"),
        (f"{CLASS} [VALUE > 10 mg] of {DRUG} per day or equivalent", "mg/d"),
        (f"{CLASS} (at doses [VALUE > 7.5 mg/day] {DRUG} or equivalent)", "mg/d"),
        (f"{CLASS}: [VALUE > 0.5 mg/kg/day] of oral {DRUG}", "mg/kg/d"),
        (f"{CLASS} ([VALUE > 10 mg/day] {DRUG}) are not permitted", "mg/d"),
        (f"{CLASS} in doses of [VALUE > 10 mg] of oral {DRUG}", "mg"),
    ],
)
def test_a_dose_told_by_a_steroid_is_of_the_steroids(text: str, unit: str) -> None:
    assert logic(("exc", text), relations=(("HAS_VALUE", 3, 2),)) == "1"
    found = structured(*extraction_of(("exc", text), relations=(("HAS_VALUE", 1, 2), ("HAS_VALUE", 3, 2))))
    assert [(t.measure, t.unit, t.mentions) for t in found.thresholds] == [
        ("Steroids (prednisone equivalent)", unit, ("1", "2"))
    ]


def test_the_dose_may_stand_behind_it() -> None:
    text = f"{CLASS} ({DRUG} [VALUE > 10 mg] per day)"
    assert logic(("exc", text), relations=(("HAS_VALUE", 2, 3),)) == "1"


@pytest.mark.parametrize(
    ("text", "value", "wanted"),
    [
        (f"{CLASS}, [DRUG lunamab] or {DRUG} [VALUE > 10 mg]", 4, "(any 1 2 3)"),
        (f"{CLASS} ([VALUE up to 10 mg] {DRUG} is allowed)", 2, "(except 1 3)"),
        (f"{DRUG} or equivalent [VALUE > 10 mg], or other [DRUG_CLASS steroids]", 2, "(any 1 3)"),
        ("[DRUG_CLASS Tide inhibitors] [VALUE > 10 mg] [DRUG lunamab]", 2, "(all 1 3)"),
    ],
)
def test_a_drug_that_is_meant_itself_stays(text: str, value: int, wanted: str) -> None:
    assert logic(("exc", text), relations=(("HAS_VALUE", 3, value),)) == wanted


def test_a_time_that_only_the_dose_has_is_lacking() -> None:
    text = f"{CLASS} [VALUE > 10 mg] {DRUG} [TIME within 7 days]"
    limit = (("HAS_VALUE", 3, 2), ("HAS_TIME", 3, 4))
    found = structured(*extraction_of(("exc", text), relations=limit)).coverage
    assert "time of a dose alone" in found[0].reason and found[0].decisive
    found = structured(*extraction_of(("exc", text), relations=(*limit, ("HAS_TIME", 1, 4)))).coverage
    assert found[0].reason == "nothing left over"


@pytest.mark.parametrize(("words", "unit"), [("daily", "mg/d"), ("twice daily", "mg"), ("on day 1", "mg")])
def test_a_dose_by_the_day(words: str, unit: str) -> None:
    text = f"[DRUG Lunamab] [VALUE > 10 mg] {words}"
    found = structured(*extraction_of(("exc", text), relations=(("HAS_VALUE", 1, 2),)))
    assert [t.unit for t in found.thresholds] == [unit]
