"""The parts of a criterion and what stands between them: how loosely each gap binds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from oncogloss.schema import Logic, LogicOp, Mention
from oncogloss.structure.names import alike
from oncogloss.structure.stains import is_decided

SENTENCE, PART, CUE, CLAUSE, ATTACHED, LIST, TIGHT = 7, 6, 5, 4, 3, 2, 1  # how loosely a gap binds

_ALTERED = re.compile(r"mutation|fusion|amplification|deletion|insertion|duplication|skipping|alteration")


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


def past_or(parts: Sequence[Part], gaps: Sequence[Gap]) -> list[Gap]:
    """The same gaps, but what is told of another marker behind "A or B" is no further "or": "ER+ or PR+, HER2-"."""
    found = list(gaps)
    for i in range(1, len(gaps)):
        either = gaps[i - 1].op == "any" and gaps[i - 1].looseness <= LIST
        following = takewhile(lambda gap: gap.looseness <= LIST, gaps[i:])
        goes_on = gaps[i] not in (Gap(LIST, None), Gap(TIGHT, "all")) or any(gap.op == "any" for gap in following)
        if either and not goes_on and _tell_apart(parts[i].mention, parts[i + 1].mention):
            found[i] = Gap(ATTACHED, "all")
    return found


def _tell_apart(one: Mention, other: Mention) -> bool:
    """Whether two markers are told by themselves, are not both alterations, of which a list may name several, and not a
    score and its test."""
    if is_decided(one, other):
        return False
    told = [m.concept.marker for m in (one, other) if m.concept and m.concept.marker]
    return len(told) == 2 and not all(marker.alteration or _ALTERED.search(marker.state or "") for marker in told)


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
