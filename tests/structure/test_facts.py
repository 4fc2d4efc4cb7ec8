"""Mentions that are facts of their own, and those that only explain another."""

from __future__ import annotations

import pytest
from marked import logic


@pytest.mark.parametrize(
    ("side", "text", "wanted"),
    [
        ("exc", "Low [MEASURE clearance] or on [PROCEDURE dialysis]", "(any 1 2)"),
        ("exc", "[CONDITION Tide failure] currently on [PROCEDURE dialysis]", "(all 1 2)"),
        ("exc", "[CONDITION Tide failure] and/or currently on [PROCEDURE lunapheresis]", "(any 1 2)"),
        ("inc", "[MEASURE Moonglobin] unsupported by [PROCEDURE transfusions]", "1"),
        ("exc", "[CONDITION Tide fever] seen on a [PROCEDURE moon scan]", "1"),
        ("inc", "[DISEASE_STATE measurable disease] by [PROCEDURE tide scan] or on [PROCEDURE moon scan]", "1"),
    ],
)
def test_what_a_patient_is_on_is_no_test(side: str, text: str, wanted: str) -> None:
    assert logic((side, text)) == wanted
