"""The table of what rounding costs: every row is read from a graph of its own."""

from __future__ import annotations

import warnings
from pathlib import Path

from oncogloss.evaluation.quantization import quantization
from oncogloss.training.corpora import read_standoff
from toys import ROOT


def test_each_way_of_rounding_has_its_row(bundle: Path) -> None:
    gold, _ = read_standoff(ROOT / "corpus" / "samples" / "annotations.jsonl", [])
    with warnings.catch_warnings():  # the exporter of torch warns about its own code
        warnings.simplefilter("ignore")
        table = quantization(str(bundle), gold[:5])
    assert table.startswith("Model tiny 0.0.1, 5 records.\n")
    rows = {cells[1].strip(): cells[2:-1] for line in table.splitlines()[4:] if (cells := line.split("|"))}
    shared = {name: float(cells[-1]) for name, cells in rows.items()}
    assert len(rows) == 9 and shared["float"] == 1
    assert shared["int8, as it ships"] == shared["int8, as `oncogloss export` writes it"]
    assert 1 > shared["int8, as it ships"] != shared["one scale a matrix, not calmed"]
    assert shared["int8, as it ships"] != shared["weights of 8 bits"]
