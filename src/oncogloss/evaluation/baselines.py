"""What a model must beat: a dictionary of the training annotations' own names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from oncogloss.evaluation.metrics import Facts, Spot
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.model.windows import token_range
from oncogloss.schema import Document
from oncogloss.training.corpora import GoldDocument

LONGEST = 12  # tokens in the longest name looked up
Name = tuple[str, ...]


def dictionary_reader(gold: Sequence[GoldDocument], tokenizer: Tokenizer) -> Dictionary:
    """Learn names and their usual type from annotated records.

    A name is kept where at least half of its appearances in the training text are annotated as one type.
    """
    marked: defaultdict[Name, Counter[str]] = defaultdict(Counter)
    seen: Counter[Name] = Counter()
    texts = [(p, *_pieces(p.text, tokenizer)) for d in gold for p in d.passages]
    for passage, pieces, offsets in texts:
        for e in passage.entities:
            first, last = token_range(offsets[:, 0], offsets[:, 1], e.start, e.end)
            marked[tuple(pieces[first : last + 1])][e.type] += 1
    for _, pieces, _ in texts:
        for i in range(len(pieces)):
            runs = (tuple(pieces[i : i + n]) for n in range(1, min(LONGEST, len(pieces) - i) + 1))
            seen.update(run for run in runs if run in marked)
    names = {}
    for key, types in marked.items():
        type_, count = types.most_common(1)[0]
        if len(key) <= LONGEST and count * 2 >= seen[key]:
            names[key] = type_
    return Dictionary(names, tokenizer)


def _pieces(text: str, tokenizer: Tokenizer) -> tuple[list[str], NDArray[np.int64]]:
    offsets = tokenizer.encode(text)[1]
    return [text[start:end].lower() for start, end in offsets], offsets


class Dictionary:
    """Marks every known name, longest first from the left, whatever its context."""

    def __init__(self, names: dict[Name, str], tokenizer: Tokenizer) -> None:
        self.names = names
        self.tokenizer = tokenizer

    def __call__(self, document: Document) -> Facts:
        """The names found in a document; no relations, no criteria."""
        entities: set[Spot] = set()
        for passage in document.passages:
            pieces, offsets = _pieces(passage.text, self.tokenizer)
            i = 0
            while i < len(pieces):
                sizes = range(min(LONGEST, len(pieces) - i), 0, -1)
                length = next((n for n in sizes if tuple(pieces[i : i + n]) in self.names), 0)
                if length:
                    span = int(offsets[i, 0]), int(offsets[i + length - 1, 1])
                    type_ = self.names[tuple(pieces[i : i + length])]
                    entities.add(((document.id, passage.name), *span, type_))
                i += max(1, length)
        return Facts(entities, set(), set(), {})
