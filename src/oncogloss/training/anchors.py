"""Find annotated text again where its layout changed or some of its sentences did.

A standoff row holds no text. Its anchors hold, for each stretch (a sentence or line) of a passage, its length and a
hash, and the annotated offsets, all counted in *inked* characters: white space, bullets and escapes left out. A
stretch is then looked for anywhere in the new text by a rolling hash (Karp and Rabin 1987), the longest chain of
stretches in their old order is kept, and annotations move along with them. What changed is left out of the
passage. A span across two stretches of which one changed, or between which something was put, is lost.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_NO_INK = re.compile(r"\s|\\|(?<!\S)[-*•·▪]+(?!\S)")
_BREAK = re.compile(r"\n|(?<=[.;:!?])[ \t]+")
_SHORTEST = 12  # inked characters of a stretch; shorter ones join the next
_BASE = 0x9E3779B97F4A7C15  # odd, so it has an inverse modulo 2**64
_LIKELY = 20  # places of one stretch that are tried


class Kept(NamedTuple):
    """A run of stretches found again: inked characters `old` to `old + length`, now at `new`."""

    old: int
    new: int
    length: int


def _ink(text: str) -> NDArray[np.int64]:
    left_out = np.zeros(len(text), bool)
    for m in _NO_INK.finditer(text):
        left_out[m.start() : m.end()] = True
    return np.flatnonzero(~left_out)


def _powers(n: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """(base**k, base**-k) modulo 2**64 for k below n."""
    return tuple(  # type: ignore[return-value]
        np.cumprod(np.r_[np.uint64(1), np.full(max(0, n - 1), base, np.uint64)], dtype=np.uint64)
        for base in (_BASE, pow(_BASE, -1, 2**64))
    )


class _Hashes:
    """Hashes of every stretch of a text's inked characters."""

    def __init__(self, text: str, ink: NDArray[np.int64]) -> None:
        values = np.array([ord(text[i]) for i in ink], np.uint64)
        up, self.down = _powers(len(values) + 1)
        self.sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(values * up[: len(values)], dtype=np.uint64)])

    def of_length(self, n: int) -> NDArray[np.uint64]:
        """40-bit hashes of the stretches of `n` characters, by where they start."""
        starts = len(self.sums) - n
        if starts <= 0:
            return np.zeros(0, np.uint64)
        differences: NDArray[np.uint64] = (self.sums[n:] - self.sums[:starts]) * self.down[:starts]
        return differences >> np.uint64(24)


def anchors(text: str, offsets: Iterable[int]) -> dict[str, list[Any]]:
    """What is kept of a passage to find it again: `stretches` as [length, hash], `spots` as inked offsets."""
    ink = _ink(text)
    edges = [0]
    for m in _BREAK.finditer(text):
        cut = int(np.searchsorted(ink, m.end()))
        if min(cut - edges[-1], len(ink) - cut) >= _SHORTEST:
            edges.append(cut)
    edges.append(len(ink))
    hashes = _Hashes(text, ink)
    stretches = [[b - a, int(hashes.of_length(b - a)[a])] for a, b in pairwise(edges) if a < b]
    return {"stretches": stretches, "spots": np.searchsorted(ink, list(offsets)).tolist()}


def find_again(stretches: Sequence[Sequence[int]], text: str) -> list[Kept]:
    """The longest chain of stretches that stand in `text` in their old order; neighbours are one run."""
    hashes = _Hashes(text, _ink(text))
    places: list[Kept] = []
    old = 0
    for length, wanted in stretches:
        found = np.flatnonzero(hashes.of_length(length) == np.uint64(wanted))[:_LIKELY]
        places += [Kept(old, int(new), length) for new in found]
        old += length
    best: list[tuple[int, int]] = []  # of the chain that ends here: inked characters, the place before
    for i, place in enumerate(places):
        before = [
            (best[j][0], j)
            for j, other in enumerate(places[:i])
            if other.old < place.old and other.new + other.length <= place.new
        ]
        length, j = max(before, default=(0, -1))
        best.append((length + place.length, j))
    chain: list[Kept] = []
    i = max(range(len(best)), key=lambda i: best[i][0], default=-1)
    while i >= 0:
        chain.insert(0, places[i])
        i = best[i][1]
    runs: list[Kept] = []
    for place in chain:
        if runs and (runs[-1].old + runs[-1].length, runs[-1].new + runs[-1].length) == (place.old, place.new):
            runs[-1] = Kept(runs[-1].old, runs[-1].new, runs[-1].length + place.length)
        else:
            runs.append(place)
    return runs


class Move:
    """From inked offsets of the old passage to offsets in what was found of it again (`text`)."""

    def __init__(self, stretches: Sequence[Sequence[int]], text: str) -> None:
        ink = _ink(text)
        self.runs = find_again(stretches, text)
        self.places: list[NDArray[np.int64]] = []
        pieces: list[str] = []
        length = 0
        for run in self.runs:
            own = ink[run.new : run.new + run.length]
            begin = int(ink[run.new - 1]) + 1 if run.new else 0
            begin = max(begin, text.rfind("\n", 0, int(own[0])) + 1)  # the bullet before the first word stays
            piece = text[begin : int(own[-1]) + 1]
            self.places.append(own - begin + length)
            pieces.append(piece)
            length += len(piece) + 1
        self.text = "\n".join(pieces)

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Offsets of the inked characters `start` to `end` (exclusive), or None where not all were found."""
        i = bisect_right(self.runs, start, key=lambda run: run.old) - 1
        if i < 0 or start >= end or end > self.runs[i].old + self.runs[i].length:
            return None
        places = self.places[i]
        first, last = (int(places[k - self.runs[i].old]) for k in (start, end - 1))
        return first, last + 1
