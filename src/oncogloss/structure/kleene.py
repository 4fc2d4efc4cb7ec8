"""Logic trees under three values, true, false and None for unknown (Kleene's strong logic), with what each rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

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
    """Whether something holds; the patient's entries that surely show it, and those that may; the evidence; and which
    of the patient's lists it was looked for in, none where it is no matter of entries (a measure)."""

    truth: Truth
    sure: frozenset[str] = frozenset()
    possible: frozenset[str] = frozenset()
    evidence: tuple[Evidence, ...] = ()
    lists: frozenset[str] = frozenset()


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
    return Finding(value, _union(shown, "sure"), _union(shown, "possible"), evidence, _union(parts, "lists"))


def _union(parts: Iterable[Finding], name: Literal["sure", "possible", "lists"]) -> frozenset[str]:
    return frozenset[str]().union(*(getattr(part, name) for part in parts))


def _less(whole: Finding, spared: list[Finding]) -> Finding:
    """Whether some entry shows the whole that is none of what is spared, where nothing else spares it.

    What is looked for among other entries than the whole, or among none (a measure), spares the whole where it holds.
    """
    kinds = [part for part in spared if part.lists & whole.lists and part.truth is not False]
    others = [negate(part.truth) for part in spared if not part.lists & whole.lists]
    if not whole.sure and not whole.possible:
        return Finding(conjoin([whole.truth, *others, *(negate(part.truth) for part in kinds)]), lists=whole.lists)
    surely = _union((part for part in kinds if part.truth), "sure")
    left, possible = whole.sure - surely - _union(kinds, "possible"), (whole.sure | whole.possible) - surely
    truth = whole.truth if left or not whole.truth else None if possible else False
    return Finding(conjoin([truth, *others]), left, possible, lists=whole.lists)
