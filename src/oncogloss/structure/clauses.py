"""What all criteria together ask, as clauses: each a set of facts of which at least one must hold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from oncogloss.schema import Criterion, Extraction, Logic

_MOST = 24  # clauses of one criterion; beyond, what it asks is told too loosely to be of use


class Literal(NamedTuple):
    """A fact by its mention's id: whether it must hold or must not, where it stands, and whether something of it is
    spared."""

    mention: str
    holds: bool
    criterion: str
    spared: bool = False


Clause = tuple[Literal, ...]


def clauses_of(extraction: Extraction) -> list[Clause]:
    """All that a patient must fulfil: of each clause one literal. Criteria too tangled to say so are left out."""
    by_id = {c.id: c for c in extraction.criteria}
    used = {i for c in extraction.criteria if c.logic for i in _criteria_in(c.logic)}
    found: list[Clause] = []
    for criterion in extraction.criteria:
        if criterion.logic is not None and criterion.id not in used:
            found += _asked(criterion, holds=criterion.side == "inc", by_id=by_id) or []
    return found


def _criteria_in(logic: Logic) -> set[str]:
    own = {logic.criterion} if logic.criterion is not None else set()
    return own.union(*map(_criteria_in, logic.parts))


def _asked(criterion: Criterion, *, holds: bool, by_id: dict[str, Criterion]) -> list[Clause] | None:
    return _clauses(criterion.logic, criterion, holds, by_id) if criterion.logic else None


def _clauses(logic: Logic, at: Criterion, holds: bool, by_id: dict[str, Criterion]) -> list[Clause] | None:
    """Clauses of a tree that must (not) hold; None where they cannot be told."""
    if logic.criterion is not None:
        child = by_id.get(logic.criterion)
        return _asked(child, holds=holds == (child.side == at.side), by_id=by_id) if child else None
    if logic.said is not None:
        return None
    if logic.parts and logic.parts[0].said == "trial-part":  # what a part of the trial asks counts as asked
        return _clauses(logic.parts[1], at, holds, by_id)
    if logic.op == "fact":
        return [(Literal(logic.mention or "", holds, at.id),)]
    if logic.op == "not":
        return _clauses(logic.parts[0], at, not holds, by_id)
    if logic.op == "except":
        general = _clauses(logic.parts[0], at, holds, by_id)
        return general and [tuple(literal._replace(spared=True) for literal in clause) for clause in general]
    if logic.op == "at_least" and logic.n not in (1, len(logic.parts)):
        return None
    signs = [not holds, holds] if logic.op == "if" else [holds] * len(logic.parts)
    parts = [_clauses(part, at, sign, by_id) for part, sign in zip(logic.parts, signs, strict=True)]
    joint = logic.op == "all" or (logic.op == "at_least" and logic.n != 1)  # "if" is "not the first, or the second"
    return _each(parts) if joint == holds else _either(parts)


def _each(parts: Sequence[list[Clause] | None]) -> list[Clause]:
    """All parts must hold: those that can be told do."""
    return [clause for part in parts for clause in part or ()]


def _either(parts: Sequence[list[Clause] | None]) -> list[Clause] | None:
    """One part must hold: each choice of a clause from every part is a clause."""
    known = [part for part in parts if part]
    if len(known) < len(parts) or _size(known) > _MOST:
        return None
    return [tuple(dict.fromkeys(literal for clause in choice for literal in clause)) for choice in product(*known)]


def _size(parts: Sequence[list[Clause]]) -> int:
    size = 1
    for part in parts:
        size *= len(part)
    return size
