"""From the network's scores to spans, attributes, relations, sentences, sections and criteria. NumPy only.

Each token is decided in the window that owns it; a relation in the window where the pair lies most inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oncogloss.model.layout import BOUNDARY_SLICES, BOUNDARY_WIDTH, MAX_SPAN
from oncogloss.model.signatures import allowed_pairs, may_hold
from oncogloss.model.windows import Stream, Window
from oncogloss.schema import (
    ATTRIBUTES,
    CATEGORIES,
    ENTITY_TYPES,
    RELATION_TYPES,
    SECTION_LABELS,
    Criterion,
    Mention,
    Passage,
    PassageReading,
    Relation,
    Section,
)

Floats = NDArray[np.float32]
CARRY = 2.0  # what a heading outside the window adds to a criterion's side, in logits

_ALLOWED = allowed_pairs()


class WindowScores(NamedTuple):
    """The network's outputs for one window of L tokens (see `network.NetworkOutput`, without the batch)."""

    boundaries: Floats  # (L, BOUNDARY_WIDTH)
    spans: Floats  # (types, L, L)
    attributes: Floats  # (L, attributes)
    relations: Floats  # (L, 4, relations, width)
    concepts: Floats  # (L, concept width)


@dataclass
class _Span:
    """A span while it is decided; tokens of the stream, `end` inclusive."""

    type: int
    start: int
    end: int
    score: float  # logit
    attributes: Floats
    concept: Floats


class Decoded(NamedTuple):
    """Everything found in a document, and for each mention its unit concept vector (n, concept width)."""

    readings: tuple[PassageReading, ...]
    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    criteria: tuple[Criterion, ...]
    concepts: Floats


def sigmoid(logits: Floats | float) -> Floats:
    """Logits → probabilities."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -40, 40))), np.float32)


def decode(passages: Sequence[Passage], stream: Stream, windows: Iterable[tuple[Window, WindowScores]]) -> Decoded:
    """Decide a whole document; `windows` may be a lazy stream, each is looked at once and let go."""
    boundaries = np.zeros((len(stream.ids), BOUNDARY_WIDTH), np.float32)
    spans: list[_Span] = []
    pairs: dict[tuple[int, int, int], tuple[int, float]] = {}
    for window, scores in windows:
        rows = slice(window.own_first, window.own_last)
        shift = window.lead - window.first
        boundaries[rows] = scores.boundaries[window.own_first + shift : window.own_last + shift]
        near = _choose_spans(_candidates(window, stream, scores))
        _add_relations(window, scores, near, pairs)
        spans += [s for s in near if window.own_first <= s.start < window.own_last]
    spans = _choose_spans(spans)
    spans.sort(key=lambda s: (s.start, -s.end, s.type))
    mentions, kept = _mentions(passages, stream, spans)
    readings: list[PassageReading] = []
    criteria: list[Criterion] = []
    for index, passage in enumerate(passages):
        reading, found = _read_passage(index, passage, stream, boundaries, mentions, len(criteria))
        readings.append(reading)
        criteria += found
    relations = _relations(kept, mentions, pairs)
    vectors = np.stack([s.concept for s in kept]) if kept else np.zeros((0, 1), np.float32)
    return Decoded(tuple(readings), tuple(mentions), tuple(relations), tuple(criteria), vectors)


def _candidates(window: Window, stream: Stream, scores: WindowScores) -> list[_Span]:
    found = []
    back = window.first - window.lead
    for type_, a, b in np.argwhere(scores.spans > 0):
        start, end = int(a) + back, int(b) + back
        inside = window.first <= start <= end < min(window.last, start + MAX_SPAN)
        if not inside or stream.passage[start] != stream.passage[end] or stream.end[start] == 0:
            continue
        attributes = scores.attributes[a : b + 1].mean(0)
        concept = scores.concepts[a : b + 1].mean(0)
        concept = concept / max(1e-6, float(np.linalg.norm(concept)))
        found.append(_Span(int(type_), start, end, float(scores.spans[type_, a, b]), attributes, concept))
    return found


def _choose_spans(candidates: list[_Span]) -> list[_Span]:
    """Best score first; a span must not cross one already taken, nor lie in it unless it may (a gene in a marker)."""
    chosen: list[_Span] = []
    for span in sorted(candidates, key=lambda s: (-s.score, s.start, s.end, s.type)):
        if all(_compatible(span, other) for other in chosen):
            chosen.append(span)
    return chosen


def _compatible(a: _Span, b: _Span) -> bool:
    if a.end < b.start or b.end < a.start:
        return True
    if a.start <= b.start and b.end <= a.end and may_hold(ENTITY_TYPES[a.type], ENTITY_TYPES[b.type]):
        return True
    return b.start <= a.start and a.end <= b.end and may_hold(ENTITY_TYPES[b.type], ENTITY_TYPES[a.type])


def _add_relations(
    window: Window,
    scores: WindowScores,
    spans: list[_Span],
    pairs: dict[tuple[int, int, int], tuple[int, float]],
) -> None:
    """Score all pairs of the window's spans; of several windows the one with more room around the pair speaks.

    Keys are (relation, head token·types + type…): spans are named by `_name`, so that windows agree.
    """
    if len(spans) < 2:
        return
    back = window.first - window.lead
    starts = np.array([s.start for s in spans]) - back
    ends = np.array([s.end for s in spans]) - back
    types = np.array([s.type for s in spans])
    head = np.concatenate([scores.relations[starts, 0], scores.relations[ends, 1]], -1)
    tail = np.concatenate([scores.relations[starts, 2], scores.relations[ends, 3]], -1)
    logits = np.einsum("hrw,trw->rht", head, tail, optimize=True)
    logits[~_ALLOWED[:, types][:, :, types]] = -np.inf
    logits[:, np.arange(len(spans)), np.arange(len(spans))] = -np.inf
    names = [_name(s) for s in spans]
    reach = 64
    room = np.minimum(np.minimum(starts, len(window.ids) - 1 - ends), reach)
    for relation, h, t in np.argwhere(logits > -2):
        key, value = (
            (int(relation), names[h], names[t]),
            (int(min(room[h], room[t])), float(logits[relation, h, t])),
        )
        if key not in pairs or pairs[key][0] < value[0]:
            pairs[key] = value


def _name(span: _Span) -> int:
    return (span.start * MAX_SPAN + span.end - span.start) * len(ENTITY_TYPES) + span.type


def _mentions(passages: Sequence[Passage], stream: Stream, spans: list[_Span]) -> tuple[list[Mention], list[_Span]]:
    mentions: list[Mention] = []
    kept: list[_Span] = []
    for span in spans:
        passage = passages[int(stream.passage[span.start])]
        start, end = _trim(passage.text, int(stream.start[span.start]), int(stream.end[span.end]), span.type)
        if start >= end:
            continue
        mentions.append(
            Mention(
                id=f"m{len(mentions) + 1}",
                passage=passage.name,
                start=start,
                end=end,
                text=passage.text[start:end],
                type=ENTITY_TYPES[span.type],
                attributes=tuple(a for a, x in zip(ATTRIBUTES, span.attributes, strict=True) if x > 0),
                score=round(float(sigmoid(span.score)), 4),
            )
        )
        kept.append(span)
    return mentions, kept


def _trim(text: str, start: int, end: int, type_: int) -> tuple[int, int]:
    """Drop what a token holds beyond the name: white space, and the sign of a marker after its gene."""
    while start < end and text[start].isspace():
        start += 1
    signs = "+-" if ENTITY_TYPES[type_] == "GENE" else ""
    while start < end and (text[end - 1].isspace() or text[end - 1] in signs):
        end -= 1
    return start, end


def _relations(
    spans: list[_Span], mentions: list[Mention], pairs: dict[tuple[int, int, int], tuple[int, float]]
) -> list[Relation]:
    by_name = {_name(span): mention for span, mention in zip(spans, mentions, strict=True)}
    found = []
    for (relation, head, tail), (_, logit) in sorted(pairs.items()):
        a, b = by_name.get(head), by_name.get(tail)
        if logit > 0 and a is not None and b is not None and a.passage == b.passage:
            score = round(float(sigmoid(logit)), 4)
            found.append(Relation(type=RELATION_TYPES[relation], head=a.id, tail=b.id, score=score))
    return found


def _read_passage(
    index: int, passage: Passage, stream: Stream, boundaries: Floats, mentions: list[Mention], n_criteria: int
) -> tuple[PassageReading, list[Criterion]]:
    tokens = np.flatnonzero((stream.passage == index) & (stream.end > 0))
    starts, scores = stream.start[tokens], boundaries[tokens]
    part = {name: scores[:, columns] for name, columns in BOUNDARY_SLICES.items()}
    visible = np.array([not passage.text[s:e].isspace() for s, e in zip(starts, stream.end[tokens], strict=True)], bool)

    def begins(name: str) -> list[int]:
        return [int(i) for i in np.flatnonzero((part[name][:, 0] > 0) & visible)] if len(tokens) else []

    headings = begins("heading")
    sections = _sections(passage, starts, part["section"], sorted({*begins("sentence"), *headings}))
    criteria = _criteria(passage, starts, part, begins("criterion"), headings, sections, mentions, n_criteria)
    sentence_edges = [int(starts[i]) for i in begins("sentence")]
    reading = PassageReading(
        name=passage.name,
        text_sha256=passage.sha256,
        sections=tuple(sections),
        sentences=tuple(_stretches(passage.text, sentence_edges)),
    )
    return reading, criteria


def _stretches(text: str, edges: list[int]) -> list[tuple[int, int]]:
    """The text cut at `edges`, white space at the ends left out; what stands before the first edge included."""
    cuts = sorted({0, *edges, len(text)})
    trimmed = []
    for a, b in zip(cuts, cuts[1:], strict=False):
        inner = text[a:b].strip()
        if inner:
            start = a + text[a:b].index(inner[0])
            trimmed.append((start, start + len(inner)))
    return trimmed


def _sections(passage: Passage, starts: NDArray[np.int64], scores: Floats, edges: list[int]) -> list[Section]:
    """One label a sentence, by the sum of its tokens' scores; equal neighbours become one section."""
    if not len(starts):
        return []
    cuts = [0, *(i for i in edges if i > 0), len(starts)]
    labels = [int(scores[a:b].sum(0).argmax()) for a, b in zip(cuts, cuts[1:], strict=False)]
    begins = [k for k in range(len(labels)) if k == 0 or labels[k] != labels[k - 1]]
    marks = [int(starts[cuts[k]]) if k else 0 for k in begins]
    ends = [*marks[1:], len(passage.text)]
    return [
        Section(start=a, end=b, label=SECTION_LABELS[labels[k]]) for k, a, b in zip(begins, marks, ends, strict=True)
    ]


def _criteria(
    passage: Passage,
    starts: NDArray[np.int64],
    part: dict[str, Floats],
    begins: list[int],
    headings: list[int],
    sections: list[Section],
    mentions: list[Mention],
    n_before: int,
) -> list[Criterion]:
    stops = sorted({*(int(starts[i]) for i in begins), *(int(starts[i]) for i in headings), len(passage.text)})
    inside = [m for m in mentions if m.passage == passage.name]
    found: list[Criterion] = []
    open_parents: list[tuple[int, str]] = []
    for i in begins:
        start = int(starts[i])
        end = next(stop for stop in stops if stop > start)
        end = start + len(passage.text[start:end].rstrip())
        excluding = next((s.label for s in sections if s.start <= start < s.end), "") == "exclusion"
        logit = float(part["exclusion"][i, 0]) + (CARRY if excluding else -CARRY)
        depth = int(part["depth"][i].argmax())
        open_parents = [p for p in open_parents if p[0] < depth]
        identifier = f"c{n_before + len(found) + 1}"
        categories = [c for c, x in zip(CATEGORIES, part["categories"][i], strict=True) if x > 0]
        if not categories:
            categories = [CATEGORIES[int(part["categories"][i].argmax())]]
        found.append(
            Criterion(
                id=identifier,
                passage=passage.name,
                start=start,
                end=end,
                side="exc" if logit > 0 else "inc",
                parent=open_parents[-1][1] if open_parents else None,
                categories=tuple(categories),
                mentions=tuple(m.id for m in inside if start <= m.start and m.end <= end),
                score=round(float(sigmoid(float(part["criterion"][i, 0]))), 4),
            )
        )
        open_parents.append((depth, identifier))
    return found
