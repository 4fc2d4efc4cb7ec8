"""Scores of concepts: how often one that was found so was the annotators', in training parts of public corpora.

Of concepts that are only alike, a logistic regression on what `concepts.linker.likeness` tells.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from oncogloss.concepts import Vocabulary
from oncogloss.concepts.index import GROUPS
from oncogloss.concepts.linker import Link, likeness, may_be_alike, score_keys, traced
from oncogloss.errors import CorpusError
from oncogloss.evaluation.linking import KINDS, GoldMention, gold_mentions, has_id, is_covered
from oncogloss.model.files import replace_file

TRAINING = ("bc5cdr_pubtator/CDR_TrainingSet.PubTator.txt.gz", "biored/Train.PubTator.gz")
BORROWED = {"parts": "order", "stem": "broader"}  # ways that no corpus judges, and whose shares they take
_STEPS, _DECAY = 20, 1.0
_WEIGHT = 10.0  # of the wider share, in mentions, beside those counted


def judged_links(mentions: Iterable[GoldMention], vocabulary: Vocabulary) -> Iterator[tuple[str, Link, bool]]:
    """(entity type, link, is it right) of each mention that is linked, where the vocabulary holds its concept."""
    for m in (m for m in mentions if is_covered(m, vocabulary)):
        found = ((t, traced(t, m.text, m.expansion, vocabulary, m.context)) for t in KINDS[m.kind][1])
        for type_, link in found:
            if link:
                yield type_, link, has_id(link.concept, m)
                break


def fit_scores(judged: Iterable[tuple[str, Link, bool]]) -> dict[str, tuple[float, int]]:
    """(share, number) of the links that were right under each of `score_keys`, drawn towards the next wider share."""
    right: Counter[str] = Counter()
    number: Counter[str] = Counter()
    wider: dict[str, str] = {}
    for type_, link, is_so in judged:
        keys = score_keys(type_, link.way, link.source)
        wider.update(zip(keys, (*keys[1:], ""), strict=True))
        number.update((*keys, ""))
        right.update((*keys, "") if is_so else ())
    share = {"": right[""] / max(1, number[""])}
    for key in sorted(wider, key=lambda k: _steps(k, wider)):
        share[key] = (right[key] + _WEIGHT * share[wider[key]]) / (number[key] + _WEIGHT)
    for way, other in BORROWED.items():
        share.setdefault(way, share.get(other, share[""]))
    return {key: (round(value, 3), number[key]) for key, value in sorted(share.items()) if key}


def _steps(key: str, wider: dict[str, str]) -> int:
    return 1 + _steps(wider[key], wider) if key else 0


def judged_alike(
    mentions: Iterable[GoldMention], names_alone: Vocabulary, vocabulary: Vocabulary
) -> list[tuple[list[float], bool]]:
    """(what tells how alike, is it right) of the nearest concept of each disease that no name fits, once a document."""
    found = {}
    for m in mentions:
        name = m.expansion or m.text
        type_ = KINDS[m.kind][1][0]
        if type_ not in GROUPS or not is_covered(m, vocabulary):
            continue
        link = traced(type_, m.text, m.expansion, names_alone, m.context)
        is_open = (link is None or link.way == "broader") and may_be_alike(name)
        if near := vocabulary.alike(type_, name) if is_open else []:
            found[m.document, name] = (likeness(name, near), has_id(near[0][0], m))
    return list(found.values())


def fit_alike(judged: Sequence[tuple[list[float], bool]]) -> list[float]:
    """Weights of a logistic regression with a Gaussian prior, by Newton's method; without examples all 0."""
    features = np.array([f for f, _ in judged]).reshape(len(judged), -1)
    right = np.array([r for _, r in judged], float)
    weights = np.zeros(features.shape[1])
    for _ in range(_STEPS):
        said = 1 / (1 + np.exp(-features @ weights))
        slope = features.T @ (right - said) - _DECAY * weights
        curve = (features.T * (said * (1 - said))) @ features + _DECAY * np.eye(len(weights))
        weights += np.linalg.solve(curve, slope)
    return [round(float(weight), 3) for weight in weights]


def write_scores(corpora: Path, vocabulary: Vocabulary, out: Path) -> None:
    """Write the scores learned from the training parts in `corpora`, JSON. Raises CorpusError where one is missing."""
    paths = [corpora / file for file in TRAINING]
    if missing := [path for path in paths if not path.is_file()]:
        raise CorpusError(f"{missing[0]} is not there; the scores are learned from it.")
    mentions = [mention for path in paths for mention in gold_mentions(path)]
    names_alone = Vocabulary(vocabulary.folder)
    names_alone.index = None
    near = judged_alike(mentions, names_alone, vocabulary) if vocabulary.index else []
    learned = {"alike": fit_alike(near), "shares": fit_scores(judged_links(mentions, names_alone))}
    replace_file(out, (json.dumps(learned, indent=1) + "\n").encode())
