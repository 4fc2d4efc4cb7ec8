"""A document as one row of tokens, and the overlapping windows through which the network reads it.

The passages of a document follow one another in one stream, each behind the token of its name, so that a
short title and a long eligibility text cost what they hold and no more, and a window sees across passages.
Nothing is cut off: every token of the stream is owned by exactly one window, the one where it has most
context on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oncogloss.model.tokenizer import Tokenizer
from oncogloss.schema import Passage

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Stream:
    """n tokens of a document: `ids`, the `passage` each stands in (index), and its characters there.

    `start` == `end` == 0 marks the token of a passage's name.
    """

    ids: Ints
    passage: Ints
    start: Ints
    end: Ints
    name_ids: Ints  # for each passage, the id of its name's token


@dataclass(frozen=True)
class Window:
    """Tokens `first` to `last` (exclusive) of a stream; it owns `own_first` to `own_last` (exclusive).

    `ids` (L,) is what the network reads; `lead` is 1 where the passage's name was put before the cut, else 0.
    """

    first: int
    last: int
    own_first: int
    own_last: int
    ids: Ints
    lead: int


def read_stream(passages: Iterable[Passage], tokenizer: Tokenizer) -> Stream:
    """Tokenize all passages into one stream."""
    ids, where, starts, ends, names = [], [], [], [], []
    for index, passage in enumerate(passages):
        tokens, offsets = tokenizer.encode(passage.text)
        name = tokenizer.special(f"<{passage.name}>")
        names.append(name)
        ids.append(np.concatenate([[name], tokens]))
        where.append(np.full(len(tokens) + 1, index))
        starts.append(np.concatenate([[0], offsets[:, 0]]))
        ends.append(np.concatenate([[0], offsets[:, 1]]))
    if not ids:
        empty = np.zeros(0, np.int64)
        return Stream(empty, empty, empty, empty, empty)
    joined = [np.concatenate(part).astype(np.int64) for part in (ids, where, starts, ends)]
    return Stream(joined[0], joined[1], joined[2], joined[3], np.array(names, np.int64))


def token_range(starts: Ints, ends: Ints, start: int, end: int) -> tuple[int, int]:
    """First and last (inclusive) of the tokens that overlap characters `start` to `end`."""
    return int(np.searchsorted(ends, start, side="right")), int(np.searchsorted(starts, end, side="left")) - 1


def cut_windows(stream: Stream, size: int, overlap: int, *, shift: int = 0) -> list[Window]:
    """Windows of at most `size` tokens, neighbours sharing `overlap`; `shift` moves all cuts (in training)."""
    n, stride = len(stream.ids), size - 1 - overlap
    if not n:
        return []
    firsts = [0]
    position = stride - shift % stride
    while firsts[-1] + size - 1 < n and position < n:
        firsts.append(position)
        position += stride
    lasts = [min(n, first + size - 1) for first in firsts]
    inner = [(b + e) // 2 for b, e in zip(firsts[1:], lasts, strict=False)]
    edges = [0, *inner, n]
    windows = []
    for first, last, own_first, own_last in zip(firsts, lasts, edges, edges[1:], strict=False):
        is_cut = not (stream.start[first] == stream.end[first] == 0)
        lead = stream.name_ids[stream.passage[first : first + int(is_cut)]]
        ids = np.concatenate([lead, stream.ids[first:last]])
        windows.append(Window(first, last, own_first, own_last, ids, int(is_cut)))
    return windows
