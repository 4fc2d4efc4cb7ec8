"""How the limits that a criterion sets one measure go together: all of them, or one of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import inf

from oncogloss.schema import Threshold


def are_apart(limits: Sequence[Threshold]) -> bool:
    """Whether no value keeps some two of a measure's limits ("< 18 or > 80", "0-1 or 2"): then one is enough."""
    return any(_excludes(one, other) for one, other in combinations(limits, 2) if _share_an_axis(one, other))


def say_alternatives(limits: Sequence[Threshold]) -> bool:
    """Whether a measure has several limits that are not plainly what lies below and above a middle ("< 18 or > 80")."""
    of: dict[tuple[str, str], list[Threshold]] = {}
    for limit in limits:
        of.setdefault((limit.mentions[0], limit.measure), []).append(limit)
    return any(len(own) > 1 and not _leave_a_middle(own) for own in of.values())


def _leave_a_middle(limits: Sequence[Threshold]) -> bool:
    return len(limits) == 2 and {limit.operator[0] for limit in limits} == {"<", ">"} and are_apart(limits)


def _share_an_axis(one: Threshold, other: Threshold) -> bool:
    """Whether two limits are of one unit, or what is below the lower and what is above the upper limit of normal."""
    return one.unit == other.unit or {(t.unit, t.operator[0]) for t in (one, other)} == {("LLN", "<"), ("ULN", ">")}


def _excludes(one: Threshold, other: Threshold) -> bool:
    low, high = max(_low(one), _low(other)), min(_high(one), _high(other))
    return low > high


def _low(limit: Threshold) -> tuple[float, int]:
    """The least value that keeps a limit; 1 beside it where it lies just above."""
    if limit.operator in (">", ">=", "=", "range"):
        return limit.value, int(limit.operator == ">")
    return -inf, 0


def _high(limit: Threshold) -> tuple[float, int]:
    """The greatest value that keeps a limit; -1 beside it where it lies just below."""
    if limit.operator == "range":
        return limit.value if limit.high is None else limit.high, 0
    if limit.operator in ("<", "<=", "="):
        return limit.value, -int(limit.operator == "<")
    return inf, 0
