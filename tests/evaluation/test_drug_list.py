"""Drugs are read, asked for by every name and judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from oncogloss.cli import app
from oncogloss.concepts import open_vocabulary
from oncogloss.errors import CorpusError
from oncogloss.evaluation.drugs import Drug, drugs_report, read_drugs
from toys import ROOT


def test_the_report_counts() -> None:
    drugs = [
        Drug("pembrolizumab", ("MK-3475", "MK-0000"), ("Keytruda",), "antibody", frozenset({"PDCD1"})),
        Drug("moonorasib", (), (), "inhibitor", frozenset({"KRAS"})),
    ]
    lines = drugs_report(drugs, open_vocabulary()).splitlines()
    assert "| generic name linked | 2 | 1 | 0.500 |" in lines and "- generic name linked: moonorasib" in lines
    assert "| code name linked to the same concept | 2 | 1 | 0.500 |" in lines
    assert "| class and a target | 2 | 2 | 1.000 |" in lines


def test_our_drugs_are_sound(tmp_path: Path) -> None:
    drugs = read_drugs(ROOT / "corpus" / "drugs.tsv")
    assert len(drugs) == 200 and len({d.name for d in drugs}) == 200
    path = tmp_path / "drugs.tsv"
    path.write_text("# a comment\nonly a name\n")
    with pytest.raises(CorpusError, match="line 2: not `name"):
        read_drugs(path)


def test_the_command_prints_the_report(tmp_path: Path) -> None:
    path = tmp_path / "drugs.tsv"
    path.write_text("pembrolizumab\tMK-3475\tKeytruda\tantibody\tPDCD1\n")
    done = CliRunner().invoke(app, ["vocabulary", "drugs", str(path)])
    assert done.exit_code == 0 and "| class and a target | 1 | 1 | 1.000 |" in done.stdout
