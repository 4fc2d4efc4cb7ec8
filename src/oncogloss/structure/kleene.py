"""Logic trees under three values, true, false and None for unknown (Kleene's strong logic), with what each rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from oncogloss.schema import Evidence, Logic

Truth = bool | None


def negate(value: Truth) -> Truth:
    """Not."""
    return None if value is None else not value


def conjoin(values: Iterable[Truth]) -> Truth:
    """All of them: false where one is, else unknown where one is."""
    return negate(disjoin(negate(value) for value in values))


def disjoin(values: Iterable[Truth]) -> Truth:
    """Any of them: true where one is, else unknown where one is."""
    found = set(values)
    return True if True in found else None if None in found else False


def at_least(n: int, values: Iterable[Truth]) -> Truth:
    """At least `n` of them."""
    found = list(values)
    if sum(value is True for value in found) >= n:
        return True
    return None if sum(value is not False for value in found) >= n else False


class Finding(NamedTuple):
    """Whether something holds; the patient's entries that surely show it, and those that may; and the evidence."""

    truth: Truth
    sure: frozenset[str] = frozenset()
    possible: frozenset[str] = frozenset()
    evidence: tuple[Evidence, ...] = ()


UNKNOWN = Finding(None)


def evaluate(logic: Logic, fact: Callable[[Logic], Finding]) -> Finding:
    """What a tree comes to, its leaves being found by `fact`."""
    if logic.op == "fact":
        return fact(logic)
    parts = [evaluate(part, fact) for part in logic.parts]
    truths = [part.truth for part in parts]
    evidence = tuple(e for part in parts for e in part.evidence)
    if logic.op == "except":
        return _less(parts[0], parts[1:])._replace(evidence=evidence)
    if logic.op == "not":
        return Finding(negate(truths[0]), evidence=evidence)
    if logic.op == "if":
        return Finding(disjoin([negate(truths[0]), truths[1]]), evidence=evidence)
    value = {"all": conjoin, "any": disjoin}.get(logic.op, lambda some: at_least(logic.n or 1, some))(truths)
    shown = [part for part in parts if part.truth is not False]
    sure, possible = (frozenset().union(*(getattr(part, name) for part in shown)) for name in ("sure", "possible"))
    return Finding(value, sure, possible, evidence)


def _less(whole: Finding, spared: list[Finding]) -> Finding:
    """Whether some entry shows the whole that is none of what is spared.

    Where no entry shows it (a measure), it is the whole and none of the exceptions.
    """
    if not whole.sure and not whole.possible:
        return Finding(conjoin([whole.truth, *(negate(part.truth) for part in spared)]))
    surely, maybe = (frozenset().union(*(getattr(part, name) for part in spared)) for name in ("sure", "possible"))
    left, possible = whole.sure - surely - maybe, (whole.sure | whole.possible) - surely
    if whole.truth is False or not possible:
        return Finding(False if whole.truth is False or whole.truth is True else None)
    return Finding(True if left else None, left, possible)
