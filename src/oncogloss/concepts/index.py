"""Where no name fits: the concepts whose names are made of pieces that mean the same.

A name's vector is the sum of the vectors of its pieces, each word and each four letters of it; those of pieces and of
concepts were learned together from synonyms (`training.pieces`), and are kept in four bits a number.

pieces.npy     (PIECES,): `length` and `vector` of each hashed piece
alike.npy      (n,): `row` of each concept in its vocabulary, its `group` of entity types and its `vector`
"""

from __future__ import annotations

import zlib
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oncogloss.concepts.names import telling_words

Floats = NDArray[np.float32]
PIECES, WIDTH = 2**13, 64
LETTERS, OF_LETTERS = 4, 0.35  # in a piece of a word, and the weight of such a piece beside the word's
TABLE, CONCEPTS = "pieces.npy", "alike.npy"
GROUPS = {"CANCER": 0, "CONDITION": 0, "PROCEDURE": 1}  # entity types in the index; those of one number are one
_PIECE = np.dtype([("length", "<f2"), ("vector", "u1", (WIDTH // 2,))])
_CONCEPT = np.dtype([("row", "<u4"), ("group", "u1"), ("vector", "u1", (WIDTH // 2,))])


class Near(NamedTuple):
    """A concept's position in its vocabulary, and how near it is: a cosine."""

    row: int
    nearness: float


@lru_cache(maxsize=2**14)
def _word_pieces(word: str) -> tuple[tuple[int, float], ...]:
    marked = f"#{word}#"
    parts = [marked[i : i + LETTERS] for i in range(len(marked) - LETTERS + 1)] if len(word) >= LETTERS else []
    weighed = [(f"w{word}", 1.0), *((part, OF_LETTERS) for part in parts)]
    return tuple((zlib.crc32(piece.encode()) % PIECES, weight) for piece, weight in weighed)


def pieces(name: str) -> tuple[list[int], list[float]]:
    """(places in the table, weights) of the pieces of a name."""
    found = [piece for word in telling_words(name) for piece in _word_pieces(word)]
    return [place for place, _ in found], [weight for _, weight in found]


def packed(rows: Floats) -> NDArray[np.uint8]:
    """Rows of an even width in four bits a number, each by its own largest; their lengths are not kept."""
    top = np.maximum(np.abs(rows).max(1, keepdims=True), 1e-9)
    steps = (np.round(rows / top * 7) + 8).astype(np.uint8)
    pairs: NDArray[np.uint8] = steps[:, 0::2] << 4 | steps[:, 1::2]
    return pairs


def unpacked(rows: NDArray[np.uint8]) -> Floats:
    """Unit rows of what was packed; zeros stay zeros."""
    steps = np.stack([rows >> 4, rows & 15], -1).reshape(len(rows), 2 * rows.shape[1]).astype(np.float32) - 8
    return unit(steps)


def unit(rows: Floats) -> Floats:
    """The rows, each of length 1; zeros stay zeros."""
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    scaled: Floats = (rows / lengths).astype(np.float32)
    return scaled


def write_index(table: Floats, rows: NDArray[np.int64], groups: NDArray[np.int64], held: Floats, folder: Path) -> None:
    """Write the vectors of all pieces, and those `held` of concepts with their positions and groups, to a folder."""
    pieces_kept, kept = np.zeros(len(table), _PIECE), np.zeros(len(rows), _CONCEPT)
    pieces_kept["length"], pieces_kept["vector"] = np.linalg.norm(table, axis=1), packed(table)
    kept["row"], kept["group"], kept["vector"] = rows, groups, packed(held)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / TABLE, pieces_kept)
    np.save(folder / CONCEPTS, kept)


class Index:
    """An opened index: memory-mapped, unpacked when it is first asked."""

    def __init__(self, folder: Path) -> None:
        """Raises ValueError where the files are no index, OSError where they are missing."""
        self._pieces, self._kept = (np.asarray(np.load(folder / file, mmap_mode="r")) for file in (TABLE, CONCEPTS))
        if (self._pieces.dtype, self._kept.dtype, len(self._pieces)) != (_PIECE, _CONCEPT, PIECES):
            raise ValueError("its index is none")

    @cached_property
    def _groups(self) -> dict[int, tuple[NDArray[np.uint32], Floats]]:
        """Positions and vectors of the concepts of each group."""
        parts = {group: self._kept[self._kept["group"] == group] for group in set(GROUPS.values())}
        return {group: (part["row"], unpacked(part["vector"])) for group, part in parts.items()}

    def vector(self, name: str) -> Floats:
        """The unit vector of a name, (WIDTH,); zeros where it has no word."""
        places, weights = pieces(name)
        lengths = self._pieces["length"][places].astype(np.float32) * np.asarray(weights, np.float32)
        summed = lengths @ unpacked(self._pieces["vector"][places])
        of_length_1: Floats = unit(summed[None])[0]
        return of_length_1

    def nearest(self, type_: str, name: str, count: int = 2) -> list[Near]:
        """The concepts of an entity type that are nearest to a name, the nearest first; none where it has no words."""
        rows, held = self._groups[GROUPS[type_]]
        likeness = np.einsum("nw,w->n", held, self.vector(name))  # `@` may call threads that cost more than they save
        found = []
        for _ in range(min(count, len(rows))):
            best = int(likeness.argmax())
            if likeness[best] > 0:
                found.append(Near(int(rows[best]), float(likeness[best])))
            likeness[best] = 0
        return found
