"""From the network's scores to spans, attributes, relations, and what `reading` makes of its boundaries. NumPy only.

Each token is decided in the window that owns it; a relation in the window where the pair lies most inside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oncogloss.model.edges import is_bare
from oncogloss.model.layout import BLOCK, BOUNDARY_SLICES, BOUNDARY_WIDTH, MAX_SPAN, REACH, NameKind, Thresholds
from oncogloss.model.reading import read_passage, sigmoid
from oncogloss.model.signatures import allowed_pairs, may_hold
from oncogloss.model.windows import Stream, Window
from oncogloss.schema import (
    ATTRIBUTES,
    ENTITY_TYPES,
    RELATION_TYPES,
    Criterion,
    EntityType,
    Mention,
    Passage,
    PassageReading,
    Relation,
)

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
# (entity type, passage, start, end, logit) of a span → which kind of known name lifts it above 0, if any
Known = Callable[[EntityType, int, int, int, float], NameKind | None]

UNSHIFTED = Thresholds()
_ALLOWED = allowed_pairs()
_HOLDS = [[may_hold(outer, inner) for inner in ENTITY_TYPES] for outer in ENTITY_TYPES]
_GENE = ENTITY_TYPES.index("GENE")
_IS_SPAN = np.array([[start <= end < start + MAX_SPAN for end in range(REACH)] for start in range(BLOCK)])  # of a block
_WORD = 8  # cells that are looked at together


class WindowScores(NamedTuple):
    """The network's outputs for one window of L tokens (see `network.NetworkOutput`, without the batch)."""

    boundaries: Floats  # (L, BOUNDARY_WIDTH)
    spans: Floats  # (types, blocks, BLOCK, REACH), see `layout.span_cell`
    attributes: Floats  # (L, attributes)
    relations: Floats  # (L, 4, relations, width)
    concepts: Floats  # (L, concept width)
    own: Floats | None = None  # (labels, L, L) of a model with own labels: first token, last token


class OwnSpan(NamedTuple):
    """A span of one of a team's own labels, by the label's number."""

    label: int
    passage: str
    start: int
    end: int
    score: float


@dataclass
class _Span:
    """A span while it is decided; tokens of the stream, `end` inclusive."""

    type: int
    start: int
    end: int
    score: float  # logit above the threshold, and what a name adds
    own: float  # the same without the name
    attributes: list[bool]


class Decoded(NamedTuple):
    """Everything found in a document."""

    readings: tuple[PassageReading, ...]
    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    criteria: tuple[Criterion, ...]
    own: tuple[OwnSpan, ...] = ()


def decode(
    passages: Sequence[Passage],
    stream: Stream,
    windows: Iterable[tuple[Window, WindowScores]],
    thresholds: Thresholds = UNSHIFTED,
    known: Known | None = None,
) -> Decoded:
    """Decide a whole document; `windows` may be a lazy stream, each is looked at once and let go.

    A span that is a `known` name of its type gets what `thresholds` says, unless the network's score is hopeless.
    """
    boundaries = np.zeros((len(stream.ids), BOUNDARY_WIDTH), np.float32)
    spans: list[_Span] = []
    views: list[_View] = []
    own: list[OwnSpan] = []
    most = max(thresholds.support.values()) if known else 0.0
    for window, scores in windows:
        rows = slice(window.own_first, window.own_last)
        shift = window.lead - window.first
        boundaries[rows] = scores.boundaries[window.own_first + shift : window.own_last + shift]
        seen = _above(thresholds.spans - most, window, stream, scores.spans)
        seen = seen._replace(logits=seen.logits - np.float32(thresholds.spans))
        support = _support(window, stream, passages, seen, known, thresholds) if known else np.zeros_like(seen.logits)
        if scores.own is not None:
            own += _own_spans(window, stream, passages, scores.own)
        near = _choose_spans(_candidates(window, scores.attributes - np.float32(thresholds.attributes), seen, support))
        views.append(_relations_in(window, scores, near, thresholds.relations))
        spans += [s for s in near if window.own_first <= s.start < window.own_last]
    boundaries[:, BOUNDARY_SLICES["criterion"]] -= np.float32(thresholds.criteria)
    boundaries[:, BOUNDARY_SLICES["categories"]] -= np.float32(thresholds.categories)
    mentions, kept = _mentions(passages, stream, _choose_spans(spans), thresholds)
    readings: list[PassageReading] = []
    criteria: list[Criterion] = []
    for index, passage in enumerate(passages):
        inside = [m for m in mentions if m.passage == passage.name]
        reading, found = read_passage(index, passage, stream, boundaries, inside, len(criteria))
        readings.append(reading)
        criteria += found
    texts = {passage.name: passage.text for passage in passages}
    relations = tuple(_within_criteria(_relations(kept, mentions, views), mentions, criteria, texts))
    return Decoded(tuple(readings), tuple(mentions), relations, tuple(criteria), _apart(own))


def _own_spans(window: Window, stream: Stream, passages: Sequence[Passage], scores: Floats) -> Iterator[OwnSpan]:
    """The own labels that a window is there to decide."""
    for label, first, last in np.argwhere(scores > 0).tolist():
        start, end = (place + window.first - window.lead for place in (first, last))
        if window.own_first <= start < window.own_last and end < len(stream.ids) and stream.end[start] > 0:
            passage = passages[stream.passage[start]]
            if stream.passage[end] == stream.passage[start]:
                text = passage.text[stream.start[start] : stream.end[end]]
                begin = int(stream.start[start]) + len(text) - len(text.lstrip())
                if text.strip():
                    score = sigmoid(float(scores[label, first, last]))
                    yield OwnSpan(label, passage.name, begin, begin + len(text.strip()), score)


def _apart(spans: Sequence[OwnSpan]) -> tuple[OwnSpan, ...]:
    """In reading order, those that neither cross nor repeat a better one; one may lie in another."""
    kept: defaultdict[str, list[OwnSpan]] = defaultdict(list)
    best = {s[:-1]: s for s in sorted(spans, key=lambda s: s.score)}
    for span in sorted(best.values(), key=lambda s: (-s.score, s.start, s.end, s.label)):
        others = kept[span.passage]
        if not any(o.start < span.start < o.end < span.end or span.start < o.start < span.end < o.end for o in others):
            others.append(span)
    return tuple(s for others in kept.values() for s in sorted(others, key=lambda s: (s.start, -s.end, s.label)))


class _Cells(NamedTuple):
    """Spans of a window: type, first and last token, logit."""

    types: Integers
    firsts: Integers
    lasts: Integers
    logits: Floats


def _above(least: float, window: Window, stream: Stream, spans: Floats) -> _Cells:
    """All spans that score above `least`, lie in one passage and are at most MAX_SPAN tokens wide."""
    ends = BLOCK * np.arange(spans.shape[1])[:, None, None] + np.arange(REACH)
    above = spans > least
    above &= _IS_SPAN & (ends < len(window.ids))
    cells = _places(above.ravel())
    types, blocks, rows, columns = np.unravel_index(cells, spans.shape)
    firsts, lasts = blocks * BLOCK + rows, blocks * BLOCK + columns
    starts, ends = (column + window.first - window.lead for column in (firsts, lasts))
    inside = (firsts >= window.lead) & (stream.passage[starts] == stream.passage[ends]) & (stream.end[starts] > 0)
    return _Cells(types[inside], firsts[inside], lasts[inside], spans.ravel()[cells[inside]])


def _places(true: NDArray[np.bool_]) -> Integers:
    """Where a long row of few true cells is true; `np.flatnonzero` takes twice as long."""
    words = np.flatnonzero(true.view(np.uint64) != 0)
    cells: Integers = (words[:, None] * _WORD + np.arange(_WORD)).ravel()
    return cells[true[cells]]


def _candidates(window: Window, attributes: Floats, seen: _Cells, support: Floats) -> list[_Span]:
    """Of the spans seen those that score above 0 with what supports them; `attributes` are of the window's tokens."""
    values = seen.logits + support
    above = values > 0
    firsts, lasts = seen.firsts[above], seen.lasts[above]
    told = _means(attributes, firsts, lasts) > 0
    back = window.first - window.lead
    columns = (seen.types[above], firsts + back, lasts + back, values[above], seen.logits[above], told)
    return [_Span(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _support(
    window: Window,
    stream: Stream,
    passages: Sequence[Passage],
    seen: _Cells,
    known: Known,
    weights: Thresholds,
) -> Floats:
    """What is added to the logits of the spans seen, where they are known names.

    One that the network would not mark itself gives way to a longer span that it would, unless it may lie in that or is
    a term of the user's own.
    """
    types, firsts, lasts, logits = seen
    support, added = np.zeros_like(logits), weights.support
    own_types, own_firsts, own_lasts = (column[logits > 0] for column in (types, firsts, lasts))
    starts, ends = firsts + window.first - window.lead, lasts + window.first - window.lead
    places = (stream.passage[starts], stream.start[starts], stream.end[ends])
    columns = (column.tolist() for column in (types, firsts, lasts, logits, *places))
    for i, (type_, first, last, logit, where, start, end) in enumerate(zip(*columns, strict=True)):
        start, end = _trim(passages[where].text, start, end, type_)
        kind = known(ENTITY_TYPES[type_], where, start, end, logit) if start < end else None
        if kind is None:
            continue
        if kind != "term" and logit <= 0:
            covering = (own_firsts <= first) & (own_lasts >= last) & (own_lasts - own_firsts > last - first)
            if not all(_HOLDS[outer][type_] for outer in own_types[covering].tolist()):
                continue
        support[i] = added[kind]
    return support


def _means(values: Floats, firsts: Integers, lasts: Integers) -> Floats:
    """Mean of `values` (L, n) over each span's tokens, both ends included: (spans, n)."""
    sums = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=sums[1:])
    means = (sums[lasts + 1] - sums[firsts]) / (lasts + 1 - firsts)[:, None]
    return np.asarray(means, np.float32)


def _choose_spans(candidates: list[_Span]) -> list[_Span]:
    """Best score first; a span must not cross one already taken, nor lie in it unless it may (a gene in a marker)."""
    chosen: list[_Span] = []
    over: defaultdict[int, list[_Span]] = defaultdict(list)  # token → the chosen spans that cover it
    for span in sorted(candidates, key=lambda s: (-s.score, s.start, s.end, s.type)):
        tokens = range(span.start, span.end + 1)
        if all(_compatible(span, other) for token in tokens if token in over for other in over[token]):
            chosen.append(span)
            for token in tokens:
                over[token].append(span)
    return chosen


def _compatible(a: _Span, b: _Span) -> bool:
    """May both stand, which share a token?"""
    if a.start <= b.start and b.end <= a.end and _HOLDS[a.type][b.type]:
        return True
    return b.start <= a.start and a.end <= b.end and _HOLDS[b.type][a.type]


@dataclass(frozen=True)
class _View:
    """What one window says of relations: how far each of its spans lies from its edges, and the pairs it joins."""

    room: dict[int, int]  # span name → tokens to the nearer edge
    joined: dict[tuple[int, int, int], float]  # (relation, head, tail) → logit above 0


def _relations_in(window: Window, scores: WindowScores, spans: list[_Span], threshold: float) -> _View:
    """Score all pairs of a window's spans. Spans are named by `_name`, so that windows agree on them."""
    if not spans:
        return _View({}, {})
    back = window.first - window.lead
    starts = np.array([s.start for s in spans]) - back
    ends = np.array([s.end for s in spans]) - back
    types = np.array([s.type for s in spans])
    names = [_name(s) for s in spans]
    room = np.minimum(starts, len(window.ids) - 1 - ends)
    head = np.concatenate([scores.relations[starts, 0], scores.relations[ends, 1]], -1)
    tail = np.concatenate([scores.relations[starts, 2], scores.relations[ends, 3]], -1)
    logits = (tail.transpose(1, 0, 2) @ head.transpose(1, 2, 0)).transpose(0, 2, 1)  # (relations, heads, tails)
    found = np.nonzero(logits > threshold)
    relations, heads, tails = found
    fit = _ALLOWED[relations, types[heads], types[tails]] & (heads != tails)
    pairs = zip(*(column[fit].tolist() for column in (*found, logits[found] - threshold)), strict=True)
    return _View(
        dict(zip(names, room.tolist(), strict=True)),
        {(r, names[h], names[t]): logit for r, h, t, logit in pairs},
    )


def _name(span: _Span) -> int:
    return (span.start * MAX_SPAN + span.end - span.start) * len(ENTITY_TYPES) + span.type


def _mentions(
    passages: Sequence[Passage], stream: Stream, spans: list[_Span], thresholds: Thresholds
) -> tuple[list[Mention], list[_Span]]:
    """Mentions in reading order, an outer one before what lies in it, and the span of each."""

    def score(span: _Span) -> float:
        logit = max(span.own, 0.0) + thresholds.spans  # names decide; how sure it is the network says
        return sigmoid(thresholds.slope * logit + thresholds.offset)

    placed = []
    for span in spans:
        where = int(stream.passage[span.start])
        text = passages[where].text
        start, end = _trim(text, int(stream.start[span.start]), int(stream.end[span.end]), span.type)
        if start < end:
            placed.append((where, start, -end, span.type, span))
    placed.sort(key=lambda p: p[:4])
    mentions = [
        Mention(
            id=f"m{number}",
            passage=passages[where].name,
            start=start,
            end=-end,
            text=passages[where].text[start:-end],
            type=ENTITY_TYPES[kind],
            attributes=tuple(compress(ATTRIBUTES, span.attributes)),
            score=score(span),
        )
        for number, (where, start, end, kind, span) in enumerate(placed, 1)
    ]
    return mentions, [p[4] for p in placed]


def _trim(text: str, start: int, end: int, type_: int) -> tuple[int, int]:
    """Drop what a token holds beyond the name: white space, and the sign of a marker after its gene."""
    while start < end and text[start].isspace():
        start += 1
    signs = "+-" if type_ == _GENE else ""
    while start < end and (text[end - 1].isspace() or text[end - 1] in signs):
        end -= 1
    return start, end


def _relations(spans: list[_Span], mentions: list[Mention], views: list[_View]) -> list[Relation]:
    """Of the windows that see a pair, the one in which it lies deepest decides; the earlier one of two alike."""
    by_name = {_name(span): mention for span, mention in zip(spans, mentions, strict=True)}
    decided: dict[tuple[int, int, int], float] = {}
    rooms: list[dict[int, int]] = [{}, *(view.room for view in views), {}]
    for k, view in enumerate(views):
        before, own, after = rooms[k : k + 3]
        for (relation, head, tail), logit in view.joined.items():
            if _room(before, head, tail) < _room(own, head, tail) >= _room(after, head, tail):
                decided[relation, head, tail] = logit
    found = []
    for (relation, head, tail), logit in decided.items():
        a, b = by_name.get(head), by_name.get(tail)
        if a is not None and b is not None and a.passage == b.passage:
            found.append((a, b, relation, logit))
    found.sort(key=lambda f: (int(f[0].id[1:]), int(f[1].id[1:]), f[2]))
    return [
        Relation(type=RELATION_TYPES[relation], head=a.id, tail=b.id, score=sigmoid(logit))
        for a, b, relation, logit in found
    ]


def _within_criteria(
    relations: Iterable[Relation], mentions: Sequence[Mention], criteria: Sequence[Criterion], texts: Mapping[str, str]
) -> Iterator[Relation]:
    """The relations that do not join two criteria, unless one stands under the other, or a value right after what it is
    of, as in "Age:" above "18 and over"."""
    parents = {c.id: c.parent for c in criteria}
    home = {mention: c.id for c in criteria for mention in c.mentions}
    by_id = {m.id: m for m in mentions}

    def lineage(mention: str) -> list[str]:
        found, above = [], home.get(mention)
        while above is not None:
            found.append(above)
            above = parents[above]
        return found

    for r in relations:
        head, tail, one, other = by_id[r.head], by_id[r.tail], lineage(r.head), lineage(r.tail)
        beside = r.type == "HAS_VALUE" and head.end <= tail.start
        if (
            not (one and other)
            or one[0] in other
            or other[0] in one
            or (beside and is_bare(texts[head.passage][head.end : tail.start]))
        ):
            yield r


def _room(room: dict[int, int], head: int, tail: int) -> int:
    return min(room.get(head, -1), room.get(tail, -1))
