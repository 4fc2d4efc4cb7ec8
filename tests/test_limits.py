"""How the limits of one measure go together."""

from __future__ import annotations

import pytest

from oncogloss.limits import are_apart, say_alternatives
from oncogloss.schema import Operator, Threshold


def limit(operator: Operator, value: float, high: float | None = None, unit: str = "1") -> Threshold:
    return Threshold(
        criterion="c1", measure="x", operator=operator, value=value, high=high, unit=unit, text="", mentions=("m1",)
    )


@pytest.mark.parametrize(
    ("limits", "apart", "open_"),
    [
        ([limit("<", 18), limit(">", 80)], True, False),
        ([limit("<", 18), limit(">", 12)], False, True),
        ([limit("range", 0, 1), limit("=", 2)], True, True),
        ([limit("=", 0), limit("=", 1)], True, True),
        ([limit("<", 2), limit(">=", 2)], True, False),
        ([limit("<=", 2), limit(">=", 2)], False, True),
        ([limit("<", 18, unit="a"), limit(">", 80, unit="mm")], False, True),
        ([limit(">=", 3)], False, False),
        ([limit("<", 1, unit="LLN"), limit(">", 1, unit="ULN")], True, False),
        ([limit(">", 1, unit="LLN"), limit("<", 1, unit="ULN")], False, True),
    ],
)
def test_limits_that_no_value_keeps_at_once_are_alternatives(limits: list[Threshold], apart: bool, open_: bool) -> None:
    assert (are_apart(limits), say_alternatives(limits)) == (apart, open_)
