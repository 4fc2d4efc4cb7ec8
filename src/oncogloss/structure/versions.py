"""One of two versions of a trial, as `diff` looks at it: what its criteria hold, and which sentences only it has."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import TypeVar

from oncogloss.schema import Criterion, Document, Extraction, Mention, RelationType, Threshold

_Thing = TypeVar("_Thing")
_SENTENCE_END = re.compile(r"(?<=[.;:])\s+|\n+")
_WORD = re.compile(r"[^\W_]+(?:\.\d+)?|[<>≤≥=%+±]")
_TELLING = 5  # words from which a sentence counts as the same wherever it stands
_SHORT_WORDS = frozenset((
    "a", "an", "the", "of", "or", "and", "to", "in", "for", "with", "by", "on", "at", "is", "are", "be", "has", "have",
    "must", "any",
))  # fmt: skip


def plain(text: str) -> str:
    """Words and signs in lower case with single spaces: what must be equal for a text to be the same."""
    text = text.replace("\\", "").casefold()
    return " ".join(_WORD.findall(text.replace(">=", "≥").replace("<=", "≤")))


def stemmed(text: str) -> str:
    """The beginnings of a text's words: equal for "metastatic" and "metastasis"."""
    return " ".join(word[:6] for word in plain(text).split())


def quoted(text: str) -> str:
    """A text, or its beginning, on one line and in quotation marks."""
    line = " ".join(text.replace("\\", "").split()).strip(" *-•").rstrip(".")
    return f'"{line if len(line) <= 100 else line[:97].rsplit(" ", 1)[0] + " …"}"'


def identity_of(m: Mention) -> str:
    """What two mentions of one thing have in common: their concept, or their words where that says too little."""
    concept = m.concept
    if concept is None or concept.match in ("broader", "stem", "alike"):
        return plain(m.expansion or m.text)
    return concept.id if concept.marker is None else concept.marker.model_dump_json()


def called(m: Mention) -> str:
    """How a message calls what is mentioned: by the text's own words."""
    return " ".join(m.text.replace("\\", "").split())


def overlap(one: Collection[str], other: Collection[str]) -> float:
    """The share of all that both have; 0 where neither has any."""
    both = set(one) | set(other)
    return len(set(one) & set(other)) / len(both) if both else 0.0


def words_alike(one: str, other: str) -> float:
    """From 0 to 1: how many of their telling words two texts share."""
    first, second = (set(plain(text).split()) - _SHORT_WORDS for text in (one, other))
    return 2 * len(first & second) / (len(first) + len(second)) if first or second else 1.0


def best_pairs(
    left: Sequence[_Thing], right: Sequence[_Thing], likeness: Callable[[_Thing, _Thing], float], least: float
) -> list[tuple[_Thing, _Thing]]:
    """Pairs in order of likeness, each thing in one at most, none below `least`; then in order of the left."""
    scored = ((likeness(a, b), -i, -j) for i, a in enumerate(left) for j, b in enumerate(right))
    taken: dict[int, int] = {}
    for score, i, j in sorted(scored, reverse=True):
        if score >= least and -i not in taken and -j not in taken.values():
            taken[-i] = -j
    return [(left[i], right[j]) for i, j in sorted(taken.items())]


def _around(words: str, lines: Sequence[str]) -> Iterator[str]:
    """The lines, joined, within which some words stand, wherever they do."""
    ends = list(accumulate(len(line) + 1 for line in lines))
    whole, at = f" {' '.join(lines)} ", -1
    while (at := whole.find(f" {words} ", at + 1)) >= 0:
        yield " ".join(lines[bisect_right(ends, at) : bisect_left(ends, at + len(words) + 1) + 1])


class Version:
    """A document and what was found in it."""

    def __init__(self, document: Document, extraction: Extraction) -> None:
        self.document = document
        self.extraction = extraction
        self.texts = {passage.name: passage.text for passage in document.passages}
        self.criteria = extraction.criteria
        self.mentions = {m.id: m for m in extraction.mentions}

    def text_of(self, criterion: Criterion) -> str:
        """A criterion's words."""
        return self.texts[criterion.passage][criterion.start : criterion.end]

    def within(self, criterion: Criterion) -> list[Mention]:
        """A criterion's mentions."""
        return [self.mentions[id_] for id_ in criterion.mentions if id_ in self.mentions]

    def facts(self, criterion: Criterion) -> list[Mention]:
        """A criterion's mentions that stand inside no other."""
        inside = self.within(criterion)
        return [
            m for m in inside if not any(o.start <= m.start and m.end <= o.end and o.text != m.text for o in inside)
        ]

    def thresholds(self, criterion: Criterion) -> list[Threshold]:
        """A criterion's comparisons."""
        return [t for t in self.extraction.thresholds if t.criterion == criterion.id]

    def related(self, kind: RelationType) -> Iterator[tuple[Mention, Mention]]:
        """Head and tail of each relation of a kind."""
        return ((self.mentions[r.head], self.mentions[r.tail]) for r in self.extraction.relations if r.type == kind)

    def head_name(self, time: Mention, criterion: Criterion) -> str:
        """The name of what a time belongs to, or the beginning of its criterion."""
        heads = [called(head) for head, tail in self.related("HAS_TIME") if tail == time]
        return heads[0] if heads else quoted(self.text_of(criterion))

    def fresh(self, criterion: Criterion, other: Version) -> list[tuple[int, int]]:
        """The sentences of a criterion that the same passage of the other version lacks."""
        return [
            (start, end)
            for start, end in self.fresh_in(criterion.passage, other)
            if start < criterion.end and criterion.start < end
        ]

    def is_fresh(self, m: Mention, other: Version) -> bool:
        """Whether a mention stands in a sentence that the other version lacks."""
        return any(start <= m.start < end for start, end in self.fresh_in(m.passage, other))

    def fresh_in(self, passage: str, other: Version) -> list[tuple[int, int]]:
        """The sentences of a passage that the other version lacks, by their places."""
        if (passage, id(other)) not in self._fresh:
            known, lines = other.sentences(passage), [words for _, words in other.places(passage) if words]
            own = f" {plain(self.texts.get(passage, ''))} "
            self._fresh[passage, id(other)] = [
                place
                for place, words in self.places(passage)
                if words
                and words not in known
                and not (
                    len(words.split()) >= _TELLING and any(f" {lies_in} " in own for lies_in in _around(words, lines))
                )
            ]
        return self._fresh[passage, id(other)]

    @cached_property
    def _fresh(self) -> dict[tuple[str, int], list[tuple[int, int]]]:
        return {}

    def sentences(self, passage: str) -> set[str]:
        """The sentences of a passage, plain."""
        return {words for _, words in self.places(passage)}

    def places(self, passage: str) -> Iterator[tuple[tuple[int, int], str]]:
        """Place and plain words of each sentence or line of a passage."""
        text, start = self.texts.get(passage, ""), 0
        for end in [*(m.end() for m in _SENTENCE_END.finditer(text)), len(text)]:
            if end > start:
                yield (start, end), plain(text[start:end])
            start = end
