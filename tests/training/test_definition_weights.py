"""Weights of definitions: learned from pairs, and each passage judged by weights learned without it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from oncogloss.concepts.definitions import FEATURES
from oncogloss.training.definition_weights import choices, found_pairs, learn, training_rows, write_weights

LONG = ["moon sarcoma", "tidal fever", "lunar growth factor", "crater mass index", "deep vein tide", "grey dust rate"]


def row(number: int) -> dict[str, object]:
    long = LONG[number % len(LONG)]
    short = "".join(word[0] for word in long.split()).upper()
    text = f"All patients had {long} ({short}), as we say (see above)."
    return {"id": str(number), "text": text, "pairs": [{"sf": short, "lf": long}]}


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    for name, numbers in (("ab3p", range(30)), ("bioadi", range(30, 60)), ("medstract", range(55, 65))):
        lines = "\n".join(json.dumps(row(number)) for number in numbers)
        (tmp_path / f"{name}.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    return tmp_path


def test_documents_of_the_unseen_corpora_are_not_learned_from(corpora: Path) -> None:
    assert [r["id"] for r in training_rows(corpora)] == [str(number) for number in range(55)]


def test_what_is_right_at_a_bracket() -> None:
    (features, right), *others = choices(row(0))
    assert features.shape[1] == len(FEATURES) and right < len(features)
    assert all(right == len(features) for features, right in others)


def test_weights_tell_right_from_wrong(corpora: Path) -> None:
    found = [choice for r in training_rows(corpora) for choice in choices(r)]
    weights = learn(found)
    values = [features @ weights for features, _ in found]
    assert np.mean([int(np.argmax([*v, 0])) == right for v, (_, right) in zip(values, found, strict=True)]) > 0.95


def test_a_learned_corpus_is_judged_by_folds(corpora: Path) -> None:
    rows = [row(number) for number in range(30)]
    found = list(found_pairs(corpora / "ab3p.jsonl.gz", rows))
    assert found == [{(p["sf"], p["lf"]) for p in r["pairs"]} for r in rows]  # type: ignore[attr-defined]


def test_weights_are_written_by_name(corpora: Path, tmp_path: Path) -> None:
    write_weights(corpora, tmp_path / "w.json")
    assert list(json.loads((tmp_path / "w.json").read_text())) == list(FEATURES)
