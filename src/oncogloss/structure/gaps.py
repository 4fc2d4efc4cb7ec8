"""The parts of a criterion and what stands between them: how loosely each gap binds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from oncogloss.schema import Logic, LogicOp, Mention
from oncogloss.structure.names import alike

SENTENCE, PART, CUE, CLAUSE, ATTACHED, LIST, TIGHT = 7, 6, 5, 4, 3, 2, 1  # how loosely a gap binds


class Gap(NamedTuple):
    """What stands between two parts: how loosely it binds, and what it makes of them (None: as its list says)."""

    looseness: int
    op: LogicOp | None


class Part(NamedTuple):
    """A fact with its logic, as it stands in the text."""

    logic: Logic
    mention: Mention
    end: int
    negated: bool


def loosened(parts: Sequence[Part], gaps: Sequence[Gap], *, excludes: bool) -> list[Gap]:
    """The same gaps, but a list goes on past what is attached to one of its members: "gout despite zorbatinib, or tide
    fever" is gout (with zorbatinib) or tide fever, and of an exclusion so without the "or"."""
    found = list(gaps)
    for i in range(1, len(gaps)):
        head, attached, following = parts[i - 1].mention, parts[i].mention, parts[i + 1].mention
        goes_on = gaps[i - 1].looseness == ATTACHED and gaps[i].looseness == LIST
        goes_on = goes_on and (excludes or gaps[i].op is not None)
        if goes_on and alike(head, following) and not alike(attached, following):
            found[i] = Gap(CLAUSE, gaps[i].op)
            for j in range(i - 2, -1, -1):
                if gaps[j].looseness != LIST:
                    break
                found[j] = Gap(CLAUSE, gaps[i].op)
    return found


def closed_alike(gaps: Sequence[Gap], cuts: Sequence[int]) -> list[int]:
    """The cuts of a list that its last word makes; another word binds two of its members first: "male or female, tide
    fever, and gout" asks three things."""
    ops: list[LogicOp | None] = [gaps[i - 1].op for i in cuts]
    closing = next((op for op in reversed(ops) if op is not None), None)
    said, kept = closing, []
    for cut, op in reversed(list(zip(cuts, ops, strict=True))):
        said = op or said
        kept += [cut] if said == closing else []
    return kept[::-1]
