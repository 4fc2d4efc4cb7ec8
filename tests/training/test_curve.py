"""The learning curve trains on nested parts, keeps what it measured, and foresees from it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from oncogloss.errors import CorpusError  # noqa: E402
from oncogloss.model.network import Network  # noqa: E402
from oncogloss.model.tokenizer import Tokenizer  # noqa: E402
from oncogloss.training import finetune  # noqa: E402
from oncogloss.training.corpora import GoldDocument, GoldEntity, GoldPassage  # noqa: E402
from oncogloss.training.curve import FIGURES, curve_table, learning_curve  # noqa: E402
from toys import SENTENCES  # noqa: E402


def test_four_points_each_trained_once(
    tmp_path: Path, tiny_network: Network, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "OVERLAP", 16)

    def document(i: int) -> GoldDocument:
        text = SENTENCES[i]
        spans = tuple(GoldEntity("DRUG", m.start(), m.end()) for m in re.finditer("[Zz]orbatinib|[Ll]unamab", text))
        return GoldDocument(f"NCT{i}", (GoldPassage("summary", text, spans),), "ours")

    records, dev = [document(i) for i in range(8)], [document(8)]
    table = learning_curve(
        tiny_network, tokenizer, records, dev, tmp_path, shares=(0.25, 0.5, 0.75, 1), epochs=1, seed=0
    )
    assert [row.split("|")[1].strip() for row in table.splitlines()[2:]] == ["2", "4", "6", "8", "16 (foreseen)"]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("scores.json")}
    assert len(before) == 4
    assert (
        learning_curve(tiny_network, tokenizer, records, dev, tmp_path, shares=(0.25, 0.5, 0.75, 1), epochs=1, seed=0)
        == table
    )
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_another_start_needs_another_folder(tmp_path: Path, tiny_network: Network, tokenizer: Tokenizer) -> None:
    with pytest.raises(CorpusError, match="needs some"):
        learning_curve(tiny_network, tokenizer, [], [], tmp_path, shares=(1,), epochs=1, seed=0)
    (tmp_path / "curve.json").write_text("{}")
    records = [GoldDocument("NCT1", (GoldPassage("summary", SENTENCES[0]),), "ours")]
    with pytest.raises(CorpusError, match="begun from other weights"):
        learning_curve(tiny_network, tokenizer, records, [], tmp_path, shares=(1,), epochs=1, seed=0)


def test_what_more_would_bring_follows_the_points() -> None:
    points = [(n, dict.fromkeys(FIGURES, 1 - 2 / n)) for n in (25, 50, 100)]
    assert curve_table(points).splitlines()[-1] == "| 200 (foreseen) | 0.990 | 0.990 | 0.990 | 0.990 |"
