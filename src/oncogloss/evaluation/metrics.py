"""Scores of found facts against annotated ones: counts first, every figure follows from counts.

Spans are compared as sets of (document, passage, start, end, type): two types on one span are two spans,
a span found twice counts once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from oncogloss.schema import Criterion, Mention, Relation

Spot = tuple[Hashable, int, int, str]  # (where, start, end, type)


@dataclass(frozen=True)
class Score:
    """Right, found and wanted counts; the figures that follow."""

    right: int = 0
    found: int = 0
    wanted: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.found + other.found, self.wanted + other.wanted)

    @property
    def precision(self) -> float:
        """Share of what was found that is right; 0 where nothing was found."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Share of what is wanted that was found; 0 where nothing is wanted."""
        return self.right / self.wanted if self.wanted else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where both are."""
        return 2 * self.right / (self.found + self.wanted) if self.found + self.wanted else 0.0


class Facts(NamedTuple):
    """What stands in, or was found in, one document: sets that can be compared."""

    entities: set[Spot]
    attributes: set[tuple[Spot, str]]
    relations: set[tuple[Spot, Spot, str]]
    criteria: dict[tuple[Hashable, int], tuple[str, tuple[str, ...]]]  # (where, start) → (side, categories)


def facts(
    document: Hashable,
    mentions: Iterable[Mention],
    relations: Iterable[Relation],
    criteria: Iterable[Criterion],
) -> Facts:
    """Facts of a document in the schema's types; mentions are named by their ids in relations."""
    spots = {m.id: ((document, m.passage), m.start, m.end, m.type) for m in mentions}
    return Facts(
        entities=set(spots.values()),
        attributes={(spots[m.id], a) for m in mentions for a in m.attributes},
        relations={(spots[r.head], spots[r.tail], r.type) for r in relations},
        criteria={((document, c.passage), c.start): (c.side, c.categories) for c in criteria},
    )


def strict_scores(found: set[Spot], wanted: set[Spot]) -> dict[str, Score]:
    """By type: a span is right where start, end and type agree."""
    return _by_type(found & wanted, found, wanted)


def _by_type(right: Iterable[Spot], found: Iterable[Spot], wanted: Iterable[Spot]) -> dict[str, Score]:
    counts = [Counter(spot[3] for spot in spots) for spots in (right, found, wanted)]
    return {t: Score(counts[0][t], counts[1][t], counts[2][t]) for t in sorted(counts[1] | counts[2])}


def relaxed_scores(found: set[Spot], wanted: set[Spot]) -> dict[str, Score]:
    """By type: a span is right where a wanted span of its type overlaps it; each span is matched once.

    Pairs are matched by overlap, longest first (then in reading order), which leaves exact matches exact.
    """
    beside: defaultdict[tuple[Hashable, str], list[Spot]] = defaultdict(list)
    for spot in wanted:
        beside[spot[0], spot[3]].append(spot)
    pairs = []
    for spot in found:
        for other in beside[spot[0], spot[3]]:
            shared = min(spot[2], other[2]) - max(spot[1], other[1])
            if shared > 0:
                union = max(spot[2], other[2]) - min(spot[1], other[1])
                pairs.append((-shared / union, repr(spot), repr(other), spot, other))
    used_found: set[Spot] = set()
    used_wanted: set[Spot] = set()
    for _, _, _, spot, other in sorted(pairs, key=lambda p: p[:3]):
        if spot not in used_found and other not in used_wanted:
            used_found.add(spot)
            used_wanted.add(other)
    return _by_type(used_found, found, wanted)


def relation_scores(found: set[tuple[Spot, Spot, str]], wanted: set[tuple[Spot, Spot, str]]) -> dict[str, Score]:
    """By relation type, end to end: right where both spans, their types and the relation agree."""
    counts = [Counter(r[2] for r in rows) for rows in (found & wanted, found, wanted)]
    return {t: Score(counts[0][t], counts[1][t], counts[2][t]) for t in sorted(counts[1] | counts[2])}


def total(scores: Mapping[str, Score]) -> Score:
    """Micro sum over types."""
    return sum(scores.values(), Score())


def macro_f1(scores: Mapping[str, Score]) -> float:
    """Mean F1 over the types that are wanted at least once."""
    wanted = [s.f1 for s in scores.values() if s.wanted]
    return sum(wanted) / len(wanted) if wanted else 0.0


class CriterionScores(NamedTuple):
    """Starts found; over the starts found right: sides that agree (a share) and categories."""

    starts: Score
    side_accuracy: float
    categories: Score


def criterion_scores(
    found: Mapping[tuple[Hashable, int], tuple[str, tuple[str, ...]]],
    wanted: Mapping[tuple[Hashable, int], tuple[str, tuple[str, ...]]],
) -> CriterionScores:
    """Compare criteria by the character they start at."""
    shared = found.keys() & wanted.keys()
    sides = sum(found[key][0] == wanted[key][0] for key in shared)
    categories = Score()
    for key in shared:
        a, b = set(found[key][1]), set(wanted[key][1])
        categories += Score(len(a & b), len(a), len(b))
    side_accuracy = sides / len(shared) if shared else 0.0
    return CriterionScores(Score(len(shared), len(found), len(wanted)), side_accuracy, categories)


def merge(parts: Iterable[Facts]) -> Facts:
    """The facts of many documents as one."""
    merged = Facts(set(), set(), set(), {})
    for part in parts:
        merged.entities.update(part.entities)
        merged.attributes.update(part.attributes)
        merged.relations.update(part.relations)
        merged.criteria.update(part.criteria)
    return merged
