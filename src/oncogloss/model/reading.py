"""From the boundary scores of a passage's tokens to its sentences, sections and criteria. NumPy only."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from itertools import compress, pairwise

import numpy as np
from numpy.typing import NDArray

from oncogloss.model.edges import criterion_end, has_own_line, is_bare, running_items, side_headings, without_bullet
from oncogloss.model.layout import BOUNDARY_SLICES
from oncogloss.model.windows import Stream
from oncogloss.schema import CATEGORIES, SECTION_LABELS, Criterion, Mention, Passage, PassageReading, Section

Floats = NDArray[np.float32]
CARRY = 2.0  # what a heading outside the window adds to a criterion's side, in logits
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
    criteria = _criteria(passage, starts, part, items, headings, sections, mentions, n_criteria)
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


def _criteria(
    passage: Passage,
    starts: Sequence[int],
    part: dict[str, Floats],
    begins: list[int],
    headings: list[int],
    sections: list[Section],
    mentions: list[Mention],
    n_before: int,
) -> list[Criterion]:
    edges = [*begins, *headings]
    stops = sorted({*(starts[i] for i in edges), *(s.start for s in sections), len(passage.text)})
    mention_starts = [m.start for m in mentions]
    section_starts = [s.start for s in sections]
    found: list[Criterion] = []
    open_parents: list[tuple[int, str]] = []
    for i in begins:
        start = starts[i]
        stop = stops[bisect_right(stops, start)]
        inside = mentions[bisect_left(mention_starts, start) : bisect_left(mention_starts, stop)]
        inside = [m for m in inside if m.end <= stop]
        end = criterion_end(passage.text, start, stop, max((m.end for m in inside), default=start))
        excluding = sections[bisect_right(section_starts, start) - 1].label == "exclusion"
        logit = float(part["exclusion"][i, 0]) + (CARRY if excluding else -CARRY)
        depth = int(part["depth"][i].argmax())
        open_parents = [p for p in open_parents if p[0] < depth]
        if not inside and is_bare(passage.text[start:end]):
            continue
        identifier = f"c{n_before + len(found) + 1}"
        seen = start + len(without_bullet(passage.text[start:stop]))  # training too counts in the next one's number
        inner = slice(i, max(i + 1, bisect_left(starts, seen)))
        logits = part["categories"][i] + part["evidence"][inner].mean(0)
        categories = list(compress(CATEGORIES, (logits > 0).tolist()))
        if not categories:
            categories = [CATEGORIES[int(logits.argmax())]]
        found.append(
            Criterion(
                id=identifier,
                passage=passage.name,
                start=start,
                end=end,
                side="exc" if logit > 0 else "inc",
                parent=open_parents[-1][1] if open_parents else None,
                categories=tuple(categories),
                mentions=tuple(m.id for m in inside),
                score=sigmoid(float(part["criterion"][i, 0])),
            )
        )
        open_parents.append((depth, identifier))
    return found
