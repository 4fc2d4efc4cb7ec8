"""The table of tokenizers: figures that can be counted by hand."""

from __future__ import annotations

from pathlib import Path

from oncogloss.evaluation.tokenizers import Candidate, ours, tokenizer_table
from oncogloss.training.corpora import GoldDocument, GoldEntity, GoldPassage

TEXT = "zorbatinib for HER2+ moon sarcoma"
ENTITIES = (
    GoldEntity("DRUG", 0, 10), GoldEntity("BIOMARKER", 15, 20), GoldEntity("GENE", 15, 19), GoldEntity("CANCER", 21, 33)
)  # fmt: skip
GOLD = [GoldDocument("d", (GoldPassage("text", TEXT, ENTITIES),))]


def words(text: str) -> list[tuple[int, int]]:
    """Cut at spaces."""
    edges, position = [], 0
    for word in text.split(" "):
        edges.append((position, position + len(word)))
        position += len(word) + 1
    return edges


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_figures_of_cutting_at_spaces() -> None:
    table = tokenizer_table([Candidate("words", 7, words)], GOLD, ["zorbatinib", "T-DXd", "two words"])
    name, entries, a_word, whole, a_mention, kept, named = cells(table.splitlines()[2])
    assert (name, entries, a_word, whole) == ("words", "7", "1.000", "1.000")
    assert (a_mention, kept) == ("1.25", "0.7500")  # two words of the cancer; the gene ends inside a word
    assert named == "0.667"


def test_ours_is_cut_as_it_reads(tokenizer_json: str, tmp_path: Path) -> None:
    path = tmp_path / "small.json"
    path.write_text(tokenizer_json, encoding="utf-8")
    candidate = ours(path)
    assert candidate.name == "small"
    start, end = candidate.cut(TEXT)[0]
    assert TEXT[start:end] == "zorbatinib"
