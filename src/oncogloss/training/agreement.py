"""Agreement: what a name's other occurrences nearby say of it.

An abstract uses a name in one sense: where one sentence leaves open what "PGE2" is, others tell. Each candidate's score
is moved by those of the same words with the same label in the texts around it (non-local dependencies: Krishnan and
Manning 2006). Floor, reach and share were chosen on the devel part of BC5CDR. In trial records the same words stand in
many roles, and this gains nothing there (`docs/decisions/0018-names-agree-in-abstracts.md`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from oncogloss.training.sentences import Span, Text

FLOOR = -6.0  # logit below which a span is no candidate; nor does one count for more than this, either way
REACH = 8  # texts before and after
SHARE = 0.5


class Candidate(NamedTuple):
    """A span that may be one, and by how much: half-open, in characters."""

    label: str
    start: int
    end: int
    logit: float


def agreeing(found: Sequence[Sequence[Candidate]], texts: Sequence[Text]) -> list[list[Candidate]]:
    """The candidates of each text, in order of reading, each logit plus SHARE × the sum of those of its n other
    occurrences within REACH texts, divided by √n. An occurrence that is no candidate counts as FLOOR."""
    lower = [t.text.lower() for t in texts]
    logits: list[dict[tuple[str, str], list[float]]] = []
    for candidates, text in zip(found, lower, strict=True):
        here = defaultdict[tuple[str, str], list[float]](list)
        for c in candidates:
            here[c.label, text[c.start : c.end]].append(max(FLOOR, min(-FLOOR, c.logit)))
        logits.append(here)

    @cache
    def said(i: int, label: str, name: str) -> tuple[float, int]:
        """(sum of the logits, number) of a name's occurrences in a text."""
        if name not in lower[i]:
            return 0.0, 0
        own = logits[i].get((label, name), [])
        unseen = len(re.findall(rf"(?<!\w){re.escape(name)}(?!\w)", lower[i])) - len(own)
        return sum(own) + max(0, unseen) * FLOOR, len(own) + max(0, unseen)

    def moved(i: int, c: Candidate) -> Candidate:
        name = lower[i][c.start : c.end]
        near = range(max(0, i - REACH), min(len(texts), i + REACH + 1))
        sums, numbers = zip(*(said(j, c.label, name) for j in near), strict=True)
        others = sum(numbers) - 1
        own = max(FLOOR, min(-FLOOR, c.logit))
        return c._replace(logit=c.logit + SHARE * (sum(sums) - own) / others**0.5) if others else c

    return [[moved(i, c) for c in candidates] for i, candidates in enumerate(found)]


def chosen(candidates: Sequence[Candidate], *, nested: bool) -> set[Span]:
    """The candidates above 0, best first, none overlapping a better one (nested: none crossing it)."""
    kept: list[Candidate] = []
    for c in sorted(candidates, key=lambda c: -c.logit):
        if c.logit > 0 and not any(_clash(c, other, nested=nested) for other in kept):
            kept.append(c)
    return {c[:3] for c in kept}


def _clash(a: Candidate, b: Candidate, *, nested: bool) -> bool:
    overlap = a.start < b.end and b.start < a.end
    inside = (a.start <= b.start and b.end <= a.end) or (b.start <= a.start and a.end <= b.end)
    return overlap and not (nested and inside)
