"""Scores of concepts: how often one that was found so was the annotators', in training parts of public corpora."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from oncogloss.concepts import Vocabulary
from oncogloss.concepts.linker import Link, score_keys, traced
from oncogloss.errors import CorpusError
from oncogloss.evaluation.linking import KINDS, GoldMention, gold_mentions, is_covered, is_right
from oncogloss.training.files import replace_file

TRAINING = ("bc5cdr_pubtator/CDR_TrainingSet.PubTator.txt.gz", "biored/Train.PubTator.gz")
BORROWED = {"parts": "order", "stem": "broader"}  # ways that no corpus judges, and whose shares they take
_WEIGHT = 10.0  # of the wider share, in mentions, beside those counted


def judged_links(mentions: Iterable[GoldMention], vocabulary: Vocabulary) -> Iterator[tuple[str, Link, bool]]:
    """(entity type, link, is it right) of each mention that is linked, where the vocabulary holds its concept."""
    for m in (m for m in mentions if is_covered(m, vocabulary)):
        found = ((t, traced(t, m.text, m.expansion, vocabulary, m.context)) for t in KINDS[m.kind][1])
        for type_, link in found:
            if link:
                yield type_, link, is_right(link.concept, m)
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


def write_scores(corpora: Path, vocabulary: Vocabulary, out: Path) -> None:
    """Write the scores learned from the training parts in `corpora`, JSON. Raises CorpusError where one is missing."""
    paths = [corpora / file for file in TRAINING]
    if missing := [path for path in paths if not path.is_file()]:
        raise CorpusError(f"{missing[0]} is not there; the scores are learned from it.")
    judged = (found for path in paths for found in judged_links(gold_mentions(path), vocabulary))
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in fit_scores(judged).items())
    replace_file(out, f"{{\n{lines}\n}}\n".encode())
