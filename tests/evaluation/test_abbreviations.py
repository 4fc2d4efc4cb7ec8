"""Uses of short forms are read, judged and counted by half."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncogloss.concepts import open_vocabulary
from oncogloss.errors import CorpusError
from oncogloss.evaluation.abbreviations import Use, abbreviations_report, read_uses
from oncogloss.pipeline import load
from toys import ROOT


def test_the_report_counts_by_half() -> None:
    uses = read_uses(ROOT / "corpus" / "abbreviations.tsv")[::10]
    lines = abbreviations_report(uses, load(), open_vocabulary()).splitlines()
    halves = [line.split(" | ") for line in lines if line.startswith(("| dev", "| test"))]
    assert sum(int(cells[1]) for cells in halves) == len(uses)
    assert all(0 <= float(cell.strip("| ")) <= 1 for cells in halves for cell in cells[3:])


def test_only_errors_of_the_dev_half_are_shown() -> None:
    uses = [Use(f"Nothing is said of XQZ {i} here", "XQZ", "breast cancer", "CANCER") for i in range(8)]
    report = abbreviations_report(uses, load(), open_vocabulary())
    assert {use.is_dev for use in uses} == {True, False}
    assert all((use.sentence in report) is use.is_dev for use in uses)


def test_a_line_that_is_no_use_is_named(tmp_path: Path) -> None:
    path = tmp_path / "uses.tsv"
    path.write_text("sentence\tabbreviation\tlong_form\ttype\nCT of MSCT\tMS\tmultiple sclerosis\tCONDITION\n")
    with pytest.raises(CorpusError, match="line 2: not `sentence"):
        read_uses(path)
    path.write_text("")
    with pytest.raises(CorpusError, match="behind a line of their names"):
        read_uses(path)
