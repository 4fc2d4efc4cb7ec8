"""Texts with typed spans, cut into sentences and words, and spans as BIO tags: what taggers share. No torch here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

Span = tuple[str, int, int]  # (label, start, end) in characters
_WORD = re.compile(r"[^\W_]+|[^\w\s]|_")
_SENTENCE_END = re.compile(r"\n+|(?<=[.;?!])\s+(?=[A-Z(\[])")
LONGEST_SENTENCE = 250  # words; a longer one is cut


class Text(NamedTuple):
    """A sentence or document with its spans."""

    text: str
    spans: tuple[Span, ...]


def flatten(spans: Sequence[Span]) -> list[Span]:
    """Of spans that overlap the longest stays; in reading order."""
    kept: list[Span] = []
    for label, start, end in sorted(spans, key=lambda s: (s[1] - s[2], s[1])):
        if not any(start < e and s < end for _, s, e in kept):
            kept.append((label, start, end))
    return sorted(kept, key=lambda s: s[1])


class Sentence(NamedTuple):
    """Words of a text: which text, and each word's characters there."""

    text: int
    words: list[tuple[int, int]]


def sentences(texts: Sequence[Text]) -> Iterator[Sentence]:
    """Cut texts at line ends and after full stops, and each sentence into words, digits and marks."""
    for i, (text, _) in enumerate(texts):
        edges = [0, *(m.end() for m in _SENTENCE_END.finditer(text)), len(text)]
        for start, end in zip(edges, edges[1:], strict=False):
            words = [m.span() for m in _WORD.finditer(text, start, end)]
            for k in range(0, len(words), LONGEST_SENTENCE):
                yield Sentence(i, words[k : k + LONGEST_SENTENCE])


def tags_to_spans(tags: Sequence[int]) -> list[tuple[int, int, int]]:
    """BIO tags → (type, first, last); an inside tag that continues nothing begins a span, as conlleval has it."""
    spans: list[tuple[int, int, int]] = []
    last = 0
    for i, tag in enumerate(tags):
        kind = (tag - 1) // 2
        if tag and tag % 2 == 0 and last and (last - 1) // 2 == kind:
            spans[-1] = (kind, spans[-1][1], i)
        elif tag:
            spans.append((kind, i, i))
        last = tag
    return spans
