"""Counted treatments: what must be among them, and what is counted of them."""

from __future__ import annotations

import pytest
from marked import extraction_of, logic, means

from oncogloss.structure.thresholds import thresholds_of


@pytest.mark.parametrize(
    ("side", "text", "wanted"),
    [
        (
            "inc",
            "[VALUE Two] prior [DRUG_CLASS lines], including a [DRUG lunamab] and [DRUG zorbatinib]",
            "(all 2 3 4)",
        ),
        ("inc", "[VALUE ≥ 1] prior [DRUG_CLASS line], including [DRUG lunamab]", "(all 2 3)"),
        ("inc", "[VALUE ≥ 1] prior [DRUG_CLASS line], including [DRUG lunamab] and [DRUG zorbatinib]", "2"),
        ("inc", "[VALUE No more than 2] prior [DRUG_CLASS lines], including [DRUG lunamab]", "2"),
        ("inc", "[VALUE ≥ 2] prior [DRUG_CLASS lines] (including [DRUG lunamab])", "2"),
        ("inc", "[VALUE ≥ 2] prior [DRUG_CLASS lines], including [DRUG lunamab] or [DRUG zorbatinib]", "2"),
    ],
)
def test_what_must_be_among_counted_treatments(side: str, text: str, wanted: str) -> None:
    assert logic((side, text), relations=(("HAS_VALUE", 2, 1),)) == means(wanted)


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ("[VALUE At least 4] cycles of [DRUG lunamab]", "cycles of lunamab"),
        ("[VALUE At least 4] prior [DRUG_CLASS treatments]", "treatments"),
    ],
)
def test_cycles_are_no_treatments(text: str, measure: str) -> None:
    (found,) = thresholds_of(*extraction_of(("inc", text), relations=(("HAS_VALUE", 2, 1),)))
    assert (found.measure, found.value) == (measure, 4)
