"""Running text for the tokenizer and pretraining: records held apart never get in."""

from __future__ import annotations

import json
import lzma
from collections import Counter
from pathlib import Path

import pytest

from oncogloss.errors import CorpusError
from oncogloss.training.text import articles_of, pretraining_passages, records_without, tokenizer_texts


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Forty records, every second one of oncology."""
    rows = [{"id": f"r{i}", "oncology": i % 2 == 0, "passages": {"summary": f"secret{i}."}} for i in range(40)]
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """Nine articles, the first of oncology."""
    path = tmp_path / "a.jsonl.xz"
    with lzma.open(path, "wt", encoding="utf-8") as stream:
        for i in range(9):
            row = {"id": i, "oncology": i == 0, "sections": [["Intro", f"article{i}"], ["End", f"last{i}"]]}
            stream.write(json.dumps(row) + "\n")
    return path


def test_held_apart_records_are_left_out(records: Path) -> None:
    held = {"r0", "r1", "r2"}
    assert [row["id"] for row in records_without([records], held)] == [f"r{i}" for i in range(3, 40)]
    texts = list(tokenizer_texts([records], None, held))
    training, dev = pretraining_passages([records], None, held, wide=True)
    seen = "\n".join([*texts, *(text for d in (*training, *dev) for _, text in d)]).split()
    assert not {"secret0.", "secret1.", "secret2."} & set(seen) and "secret4." in seen


def test_weights_of_texts_for_the_tokenizer(records: Path, articles: Path) -> None:
    texts = list(tokenizer_texts([records], articles, set()))
    assert (texts.count("secret4."), texts.count("secret5.")) == (3, 1)
    assert [t for t in texts if t.startswith("article")] == ["article0\nlast0", "article4\nlast4", "article8\nlast8"]
    assert [a["id"] for a in articles_of(articles)] == list(range(9))


def test_pretraining_is_of_oncology_mostly_and_always_the_same(records: Path, articles: Path) -> None:
    training, dev = pretraining_passages([records], articles, set(), wide=False)
    assert (training, dev) == pretraining_passages([records], articles, set(), wide=False)
    flat = [text for d in (*training, *dev) for _, text in d]
    assert {f"secret{i}." for i in range(0, 40, 2)} <= set(flat)
    assert sum(text in flat for text in (f"secret{i}." for i in range(1, 40, 2))) < 12
    assert len(flat) == len(set(flat))


def test_long_and_short_runs_are_judged_on_the_same_text(records: Path, articles: Path) -> None:
    held = [pretraining_passages([records], articles, set(), wide=wide)[1] for wide in (True, False)]
    assert held[0] == held[1] and held[0]


@pytest.mark.parametrize("content", [b"plain text", lzma.compress(b"no json"), lzma.compress(b"{}" * 99)[:-9]])
def test_what_is_no_file_of_articles_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.xz"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=r"a\.jsonl\.xz: no xz-compressed JSON lines"):
        list(articles_of(path))


def test_where_there_is_time_all_text_is_seen_and_oncology_more_often(records: Path, articles: Path) -> None:
    training, dev = pretraining_passages([records], articles, set(), wide=True)
    seen = Counter(text for d in training for _, text in d)
    judged = {text for d in dev for _, text in d}
    assert {seen[f"secret{i}."] for i in range(0, 40, 2) if f"secret{i}." not in judged} == {3}
    assert {seen[f"secret{i}."] for i in range(1, 40, 2)} == {1}
    assert seen["article0\nlast0"] == 2 and seen["article5\nlast5"] == 1
    assert not judged & set(seen)
