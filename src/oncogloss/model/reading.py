"""From the boundary scores of a passage's tokens to its sentences, sections and criteria. NumPy only."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from itertools import compress, groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from oncogloss.model.edges import criterion_end, has_own_line, is_bare, running_items, side_headings, without_bullet
from oncogloss.model.layout import BOUNDARY_SLICES
from oncogloss.model.windows import Stream
from oncogloss.schema import CATEGORIES, SECTION_LABELS, Criterion, Mention, Passage, PassageReading, Section

Floats = NDArray[np.float32]
CARRY = {"exclusion": 2.0, "inclusion": -2.0}  # what a heading of its own line adds to what is below, in logits
TURNS = (2.0, 6.0)  # what it costs to turn to exclusion, and back: lists that exclude come last
SAID = 2.0  # what the layout adds where it says that a criterion or a heading begins, in logits
_SIDES = [SECTION_LABELS.index("inclusion"), SECTION_LABELS.index("exclusion")]


def sigmoid(logit: float) -> float:
    """A logit's probability, to four places."""
    return round(1 / (1 + math.exp(-max(-40.0, min(40.0, logit)))), 4)


def read_passage(
    index: int, passage: Passage, stream: Stream, boundaries: Floats, mentions: list[Mention], n_criteria: int
) -> tuple[PassageReading, list[Criterion]]:
    """What a stream's `boundaries` say of its passage number `index`; criteria are numbered after `n_criteria`."""
    tokens = np.flatnonzero((stream.passage == index) & (stream.end > 0))
    scores = boundaries[tokens]
    starts, ends = stream.start[tokens].tolist(), stream.end[tokens].tolist()
    for names, places in (
        (("sentence", "criterion"), running_items(passage.text)),
        (("sentence", "heading"), side_headings(passage.text)),
    ):
        said = np.isin(starts, places)
        for name in names:
            scores[said, BOUNDARY_SLICES[name]] += SAID
    part = {name: scores[:, columns] for name, columns in BOUNDARY_SLICES.items()}

    def begins(name: str) -> list[int]:
        above = np.flatnonzero(part[name][:, 0] > 0).tolist()
        return [i for i in above if not passage.text[starts[i] : ends[i]].isspace()]

    headings, sentences, items = begins("heading"), begins("sentence"), begins("criterion")
    own = {i for i in headings if has_own_line(passage.text, starts[i], [starts[item] for item in items])}
    sections = _sections(passage, starts, part["section"], sorted({*sentences, *headings}), own)
    begun = [s.start for s in sections]
    says = {i: CARRY.get(sections[bisect_right(begun, starts[i]) - 1].label, 0.0) for i in own}
    excluded = list[bool]()
    for last, below in groupby(items, lambda i: bisect_right(headings, i) - 1):
        carried = says.get(headings[last], 0.0) if last >= 0 else 0.0
        excluded += exclusions([float(part["exclusion"][i, 0]) + carried for i in below])
    stops = sorted({*(starts[i] for i in (*items, *headings)), *begun, len(passage.text)})
    criteria = _criteria(passage, starts, part, items, excluded, stops, mentions, n_criteria)
    sentence_edges = [starts[i] for i in sentences]
    reading = PassageReading(
        name=passage.name,
        text_sha256=passage.sha256,
        sections=tuple(sections),
        sentences=tuple(_stretches(passage.text, sentence_edges)),
    )
    return reading, criteria


def _stretches(text: str, edges: list[int]) -> list[tuple[int, int]]:
    """The whole text cut at `edges`, a bullet going with what follows it, white space at the ends left out."""
    stretches, position = [], 0
    for edge in sorted({*edges, len(text)} - {0}):
        inner = without_bullet(text[position:edge]) if edge < len(text) else text[position:edge].rstrip()
        start = position + len(inner) - len(inner.lstrip())
        position += len(inner)
        if start < position:
            stretches.append((start, position))
    return stretches


def _sections(
    passage: Passage, starts: Sequence[int], scores: Floats, edges: list[int], headings: Collection[int]
) -> list[Section]:
    """One label a sentence, by the mean of its tokens' scores; which of the two sides it is, those of the last heading
    tell too, where that names a side and has its line to itself. Equal neighbours become one section."""
    if not starts:
        return []
    cuts = [0, *(i for i in edges if i > 0), len(starts)]
    labels: list[int] = []
    carried = np.zeros(scores.shape[1], np.float32)
    for a, b in pairwise(cuts):
        own = scores[a:b].mean(0)
        label = int(own.argmax())
        if a in headings:
            carried = own if label in _SIDES else np.zeros_like(own)
        elif label in _SIDES:
            label = max(_SIDES, key=(own + carried).__getitem__)
        labels.append(label)
    begins = [k for k in range(len(labels)) if k == 0 or labels[k] != labels[k - 1]]
    marks = [starts[cuts[k]] if k else 0 for k in begins]
    ends = [*marks[1:], len(passage.text)]
    return [
        Section(start=a, end=b, label=SECTION_LABELS[labels[k]]) for k, a, b in zip(begins, marks, ends, strict=True)
    ]


def exclusions(logits: Sequence[float]) -> list[bool]:
    """Which of the criteria below one heading exclude, by a logit each: the likeliest course of sides, where each turn
    has its cost (found as by Viterbi 1967)."""
    best, origins = (0.0, 0.0), list[tuple[int, int]]()
    for logit in logits:
        leaves = (best[1] - TURNS[1] > best[0], best[0] - TURNS[0] > best[1])
        origins.append((int(leaves[0]), int(not leaves[1])))
        best = (max(best[0], best[1] - TURNS[1]) - logit / 2, max(best[1], best[0] - TURNS[0]) + logit / 2)
    side, course = int(best[1] > best[0]), list[bool]()
    for origin in reversed(origins):
        course.append(side == 1)
        side = origin[side]
    return course[::-1]


def _criteria(
    passage: Passage,
    starts: Sequence[int],
    part: dict[str, Floats],
    begins: list[int],
    excluded: list[bool],
    stops: list[int],
    mentions: list[Mention],
    n_before: int,
) -> list[Criterion]:
    mention_starts = [m.start for m in mentions]
    found: list[Criterion] = []
    open_parents: list[tuple[int, str]] = []
    for i, excludes in zip(begins, excluded, strict=True):
        start = starts[i]
        stop = stops[bisect_right(stops, start)]
        inside = mentions[bisect_left(mention_starts, start) : bisect_left(mention_starts, stop)]
        inside = [m for m in inside if m.end <= stop]
        end = criterion_end(passage.text, start, stop, max((m.end for m in inside), default=start))
        depth = int(part["depth"][i].argmax())
        open_parents = [p for p in open_parents if p[0] < depth]
        if not inside and is_bare(passage.text[start:end]):
            continue
        identifier = f"c{n_before + len(found) + 1}"
        seen = start + len(without_bullet(passage.text[start:stop]))  # training too counts in the next one's number
        inner = slice(i, max(i + 1, bisect_left(starts, seen)))
        said = part["categories"][i] + part["evidence"][inner].mean(0)
        categories = list(compress(CATEGORIES, (said > 0).tolist()))
        if not categories:
            categories = [CATEGORIES[int(said.argmax())]]
        found.append(
            Criterion(
                id=identifier,
                passage=passage.name,
                start=start,
                end=end,
                side="exc" if excludes else "inc",
                parent=open_parents[-1][1] if open_parents else None,
                categories=tuple(categories),
                mentions=tuple(m.id for m in inside),
                score=sigmoid(float(part["criterion"][i, 0])),
            )
        )
        open_parents.append((depth, identifier))
    return found
