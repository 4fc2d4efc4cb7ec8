"""What a model must beat: a dictionary of the training annotations' own names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from oncogloss.evaluation.metrics import Facts, Spot
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.schema import Document
from oncogloss.training.corpora import GoldDocument

LONGEST = 12  # words in the longest name looked up


def dictionary_reader(gold: Sequence[GoldDocument], tokenizer: Tokenizer) -> Dictionary:
    """Learn names and their usual type from annotated records.

    A name is kept where at least half of its appearances in the training text are annotated as one type.
    """
    marked: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for document in gold:
        for p in document.passages:
            for e in p.entities:
                marked[_key(tokenizer.pieces(p.text[e.start : e.end]))][e.type] += 1
    texts = (_key(tokenizer.pieces(p.text)) for d in gold for p in d.passages)
    runs = (text[i : i + n] for text in texts for i in range(len(text)) for n in range(1, LONGEST + 1))
    seen = Counter(run for run in runs if run in marked)
    names = {}
    for key, types in marked.items():
        type_, count = types.most_common(1)[0]
        if len(key) <= LONGEST and count * 2 >= seen[key]:
            names[key] = type_
    return Dictionary(names, tokenizer)


def _key(pieces: Sequence[str]) -> tuple[str, ...]:
    return tuple(piece.lower() for piece in pieces)


class Dictionary:
    """Marks every known name, longest first from the left, whatever its context."""

    def __init__(self, names: dict[tuple[str, ...], str], tokenizer: Tokenizer) -> None:
        self.names = names
        self.tokenizer = tokenizer

    def __call__(self, document: Document) -> Facts:
        """The names found in a document; no relations, no criteria."""
        entities: set[Spot] = set()
        for passage in document.passages:
            offsets = self.tokenizer.encode(passage.text)[1]
            pieces = [passage.text[a:b].lower() for a, b in offsets]
            i = 0
            while i < len(pieces):
                length = next((n for n in range(LONGEST, 0, -1) if tuple(pieces[i : i + n]) in self.names), 0)
                if length:
                    span = int(offsets[i, 0]), int(offsets[i + length - 1, 1])
                    type_ = self.names[tuple(pieces[i : i + length])]
                    entities.add(((document.id, passage.name), *span, type_))
                i += max(1, length)
        return Facts(entities, set(), set(), {})
