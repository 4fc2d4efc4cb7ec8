"""Which facts of a criterion count when they do not hold: what the text denies, and what it spares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from oncogloss.schema import Criterion, Logic


def denied_in(criteria: Iterable[Criterion]) -> set[tuple[str, str]]:
    """(criterion, mention) by id of each fact that its criterion asks not to hold: under a "not", or an exception, its
    own or that of a criterion it is under. The criteria's sides do not count."""
    by_id = {c.id: c for c in criteria}
    parents: dict[str | None, Criterion] = {
        part.criterion: c for c in by_id.values() for part, _ in _leaves(c.logic) if part.criterion
    }
    return {
        (c.id, part.mention)
        for c in by_id.values()
        for part, denied in _leaves(c.logic)
        if part.mention and denied != _is_denied(c, parents)
    }


def _is_denied(criterion: Criterion, parents: Mapping[str | None, Criterion]) -> bool:
    """Whether what a criterion says as a whole is denied by the one that holds it, and so on upwards."""
    denied, seen = False, {criterion.id}
    while (parent := parents.get(criterion.id)) is not None and parent.id not in seen:
        denied ^= any(part.criterion == criterion.id and inverted for part, inverted in _leaves(parent.logic))
        seen.add(parent.id)
        criterion = parent
    return denied


def _leaves(logic: Logic | None, denied: bool = False) -> Iterator[tuple[Logic, bool]]:
    """The leaves of a tree, each with whether the tree asks that it does not hold."""
    if logic is None:
        return
    if logic.op == "fact":
        yield logic, denied
    for number, part in enumerate(logic.parts):
        turned = logic.op == "not" or (logic.op == "except" and number > 0)
        yield from _leaves(part, denied != turned)
