"""Pairs are read, judged and counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncogloss.concepts import open_vocabulary
from oncogloss.errors import CorpusError
from oncogloss.evaluation.pairs import Pair, judged_same, pairs_report, read_pairs
from toys import ROOT


def test_pairs_are_judged_by_their_concepts() -> None:
    vocabulary = open_vocabulary()
    assert judged_same(
        Pair("DRUG_CLASS", "PD-1 inhibitor", "programmed cell death protein 1 inhibitor", True), vocabulary
    )
    assert not judged_same(Pair("DRUG_CLASS", "PD-1 inhibitor", "PD-L1 inhibitor", False), vocabulary)
    assert not judged_same(Pair("DRUG", "moonshine-7", "moonshine-7", True), vocabulary), (
        "two unknown names are no concept"
    )


def test_the_report_counts() -> None:
    pairs = [Pair("GENE", "HER2", "ERBB2", True), Pair("GENE", "PD-1", "PD-L1", False), Pair("DRUG", "x1", "x2", True)]
    lines = pairs_report(pairs, open_vocabulary()).splitlines()
    assert "| GENE | 2 | 1 of 1 | 1 of 1 | 1.000 | 0.500 |" in lines
    assert "| all | 3 | 1 of 2 | 1 of 1 | 0.667 | 0.333 |" in lines
    assert lines[-1] == "- DRUG: x1 / x2 (same)"


def test_a_line_that_is_no_pair_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("GENE\tHER2\tERBB2\tsame\nGENE\tHER2\tERBB2\tmaybe\n")
    with pytest.raises(CorpusError, match="line 2: not `type"):
        read_pairs(path)


def test_our_pairs_are_sound() -> None:
    pairs = read_pairs(ROOT / "corpus" / "pairs.tsv")
    assert len(pairs) >= 300 and len({p[:3] for p in pairs}) == len(pairs)
    assert sum(p.same for p in pairs) > 150 and sum(not p.same for p in pairs) > 100
