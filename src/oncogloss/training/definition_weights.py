"""Weights of `concepts.definitions`, learned from corpora of short forms and their long forms.

Ab3P and BioADI are learned from, less the documents that Medstract and Schwartz-Hearst have too; on Ab3P a document is
scored by weights learned without its fifth of the documents.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncogloss.concepts.definitions import FEATURES, brackets, choose, definitions
from oncogloss.model.files import replace_file
from oncogloss.training.corpora import read_rows

Floats = NDArray[np.float64]
Pair = tuple[str, str]  # short form, long form
Choice = tuple[Floats, int]  # features (candidates, FEATURES), and which candidate is right: their number if none is
LEARNED, UNSEEN = ("ab3p", "bioadi"), ("medstract", "schwartz_hearst")
_FOLDS = 5
_DECAY, _STEPS = 1.0, 25


def write_weights(folder: Path, path: Path) -> None:
    """Learn from the corpora in `folder` and write `definitions.json`. Raises CorpusError for a damaged corpus."""
    weights = learn([choice for row in training_rows(folder) for choice in choices(row)])
    table = dict(zip(FEATURES, weights.round(3).tolist(), strict=True))
    replace_file(path, (json.dumps(table, indent=1) + "\n").encode())


def training_rows(folder: Path) -> list[dict[str, Any]]:
    """The passages that weights are learned from."""
    unseen = {row["id"] for row in _rows(folder, UNSEEN)}
    return [row for row in _rows(folder, LEARNED) if row["id"] not in unseen]


def _rows(folder: Path, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    paths = (folder / f"{name}.jsonl.gz" for name in names)
    return (row for path in paths if path.is_file() for row in read_rows(path))


def wanted_pairs(row: dict[str, Any]) -> set[Pair]:
    """The pairs that a corpus has of a passage."""
    return {(pair["sf"].strip(), pair["lf"].strip()) for pair in row["pairs"]}


def choices(row: dict[str, Any]) -> list[Choice]:
    """What there is to choose from at each bracket of a passage, and what the corpus chose."""
    text, wanted = row["text"], wanted_pairs(row)
    found = []
    for candidates in brackets(text):
        right = [(text[slice(*c.short)], text[slice(*c.long)]) in wanted for c in candidates]
        found.append((np.array([c.features for c in candidates]), right.index(True) if any(right) else len(right)))
    return found


def learn(found: Sequence[Choice]) -> Floats:
    """Weights of a softmax over each bracket's candidates and "none" (0), by Newton's method with a Gaussian prior."""
    weights = np.zeros(len(FEATURES))
    for _ in range(_STEPS):
        slope, curve = -_DECAY * weights, _DECAY * np.eye(len(FEATURES))
        for features, right in found:
            values = np.exp(np.minimum(features @ weights, 30))
            shares = values / (1 + values.sum())
            mean = shares @ features
            slope += (features[right] if right < len(features) else 0) - mean
            curve += (features.T * shares) @ features - np.outer(mean, mean)
        step = np.linalg.solve(curve, slope)
        weights += step * min(1.0, 2 / max(float(np.abs(step).max()), 1e-9))
    return weights


def found_pairs(path: Path, rows: Sequence[dict[str, Any]]) -> Iterator[set[Pair]]:
    """What the letters tell of passages of the corpus at `path`, by weights that were not learned from them."""
    finders = [definitions] * _FOLDS
    if path.name.split(".")[0] in LEARNED:
        known = [(_fold(row), choice) for row in training_rows(path.parent) for choice in choices(row)]
        for k in range(_FOLDS):
            weights = learn([choice for fold, choice in known if fold != k]).tolist()
            finders[k] = partial(choose, weights=weights)
    for row in rows:
        text = row["text"]
        found = finders[_fold(row)](text)
        yield {(text[d.short_start : d.short_end], text[d.long_start : d.long_end]) for d in found}


def _fold(row: dict[str, Any]) -> int:
    return hashlib.sha256(row["id"].encode()).digest()[0] % _FOLDS
