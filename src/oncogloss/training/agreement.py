"""Agreement: what a name's other occurrences nearby say of it.

An abstract uses a name in one sense: where one sentence leaves open what "PGE2" is, others tell. Each candidate's score
is moved by those of the same words, or of their short or long form, with the same label in the texts around it
(non-local dependencies: Krishnan and Manning 2006). Floor, reach and share were chosen on the devel part of BC5CDR. In
trial records the same words stand in many roles, and this gains nothing there
(`docs/decisions/0018-names-agree-in-abstracts.md`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from oncogloss.evaluation.schwartz_hearst import abbreviations
from oncogloss.training.sentences import Span, Text

FLOOR = -6.0  # logit below which a span is no candidate; nor does one count for more than this, either way
REACH = 8  # texts before and after
SHARE = 1.0


class Candidate(NamedTuple):
    """A span that may be one, and by how much: half-open, in characters."""

    label: str
    start: int
    end: int
    logit: float


def agreeing(found: Sequence[Sequence[Candidate]], texts: Sequence[Text]) -> list[list[Candidate]]:
    """The candidates of each text, in order of reading, each logit plus SHARE × the sum of those of its name's n other
    occurrences within REACH texts, divided by √n.

    A short form that these texts define is the same name as its long form. An occurrence that is no candidate counts as
    FLOOR, one inside a longer candidate that is found and likelier not at all.
    """
    lower = [t.text.lower() for t in texts]
    defined = [[(short.lower(), long.lower()) for short, long in abbreviations(t.text)] for t in texts]
    sure = [[c for c in candidates if c.logit > 0] for candidates in found]
    logits: list[dict[tuple[str, str], dict[int, float]]] = []
    for candidates, text in zip(found, lower, strict=True):
        here = defaultdict[tuple[str, str], dict[int, float]](dict)
        for c in candidates:
            here[c.label, text[c.start : c.end]][c.start] = max(FLOOR, min(-FLOOR, c.logit))
        logits.append(here)

    @cache
    def said(i: int, label: str, name: str) -> list[Candidate]:
        """A name's occurrences in a text."""
        if name not in lower[i]:
            return []
        own = logits[i].get((label, name), {})
        places = re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", lower[i])
        here = [Candidate(label, *m.span(), own.get(m.start(), FLOOR)) for m in places]
        return [o for o in here if not any(_outdoes(c, o) for c in sure[i])]

    def moved(i: int, c: Candidate) -> Candidate:
        near = range(max(0, i - REACH), min(len(texts), i + REACH + 1))
        own = lower[i][c.start : c.end]
        names = {own}.union(*(pair for j in near for pair in defined[j] if own in pair))
        rows = ((j, o) for name in names for j in near for o in said(j, c.label, name))
        others = [o.logit for j, o in rows if (j, o.start, o.end) != (i, c.start, c.end)]
        return c._replace(logit=c.logit + SHARE * sum(others) / len(others) ** 0.5) if others else c

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
    return overlap and not (nested and (_holds(a, b) or _holds(b, a)))


def _outdoes(a: Candidate, b: Candidate) -> bool:
    """Whether one is longer than another of its label that it holds, and likelier."""
    longer = a.end - a.start > b.end - b.start
    return a.label == b.label and longer and _holds(a, b) and a.logit > b.logit


def _holds(a: Candidate, b: Candidate) -> bool:
    return a.start <= b.start and b.end <= a.end
