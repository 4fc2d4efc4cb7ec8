"""What the network's numbers mean: its sizes, and which column of which output says what. No torch here."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Literal

from oncogloss.schema import CATEGORIES, SECTION_LABELS

NameKind = Literal["term", "name", "short", "sense"]  # of the user; of the vocabulary, long or short; of a short form
MAX_DEPTH = 3  # criterion depths 0 (no parent), 1, 2 and deeper
MAX_SPAN = 64  # tokens in the longest span that is looked for
BLOCK = 32  # start tokens that are scored together
REACH = MAX_SPAN + BLOCK  # end tokens that a block of starts is scored against

_BOUNDARY_PARTS = {
    "sentence": 1,  # a sentence starts at this token
    "criterion": 1,  # a criterion starts here
    "heading": 1,  # a heading starts here
    "exclusion": 1,  # the criterion that starts here excludes
    "section": len(SECTION_LABELS),
    "depth": MAX_DEPTH,
    "categories": len(CATEGORIES),  # said where the criterion starts …
    "evidence": len(CATEGORIES),  # … to which the mean over its tokens is added
}
_EDGES = [0, *accumulate(_BOUNDARY_PARTS.values())]
BOUNDARY_SLICES = {name: slice(a, b) for name, (a, b) in zip(_BOUNDARY_PARTS, pairwise(_EDGES), strict=True)}
BOUNDARY_WIDTH = _EDGES[-1]


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network; `window` and `overlap` are counted in tokens, the passage token included."""

    vocabulary_size: int
    token_width: int = 0  # of the tokens' own vectors, which a matrix widens to `hidden`; 0: as wide as that
    hidden: int = 384
    layers: int = 6
    heads: int = 12
    feed_forward: int = 1536
    max_positions: int = 512
    span_width: int = 32
    relation_width: int = 24
    concept_width: int = 128
    category_width: int = 256
    dropout: float = 0.1
    window: int = 384
    overlap: int = 128


@dataclass(frozen=True)
class Thresholds:
    """Logits from which a finding counts, set on dev records after training (`training.calibrate`).

    A span's score is sigmoid(slope * logit + offset): how often a span with such a logit was right on dev.
    What follows is added to the logit of a span that is a known name of its type: of the user's own terms, of the
    vocabulary, of the vocabulary and short, or a short form that its sentence makes mean one (decision 12).
    """

    spans: float = 0.0
    attributes: float = 0.0
    relations: float = 0.0
    criteria: float = 0.0
    categories: float = 0.0
    slope: float = 1.0
    offset: float = 0.0
    by_term: float = 3.0
    by_name: float = 1.5
    by_short: float = 5.0
    by_sense: float = 8.0

    @property
    def support(self) -> dict[NameKind, float]:
        """What being a name of each kind adds to a span's logit."""
        return {"term": self.by_term, "name": self.by_name, "short": self.by_short, "sense": self.by_sense}

    def at_score(self, score: float) -> Thresholds:
        """The same, but every span counts whose score is at least `score` (between 0 and 1, both excluded), and of
        names only the user's own terms lift others."""
        least = (math.log(score / (1 - score)) - self.offset) / self.slope
        return replace(self, spans=least, by_name=0.0, by_short=0.0, by_sense=0.0)


def span_cell(start: int, end: int) -> tuple[int, int, int]:
    """Where the score of tokens `start` to `end` (inclusive) lies: (block, start in it, end from its first token)."""
    return start // BLOCK, start % BLOCK, end - start // BLOCK * BLOCK
