"""New drugs are read and judged, and those that the vocabulary or a training text names are refused."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from oncogloss.concepts import open_vocabulary
from oncogloss.errors import CorpusError
from oncogloss.evaluation.drugs import read_drugs
from oncogloss.evaluation.new_drugs import LOOK_ALIKE, new_drugs_report, read_places, seen
from toys import ROOT

DRUGS, USES = ROOT / "corpus" / "new_drugs.tsv", ROOT / "corpus" / "new_drug_uses.tsv"


def test_our_drugs_and_sentences_are_sound() -> None:
    drugs, places = read_drugs(DRUGS), read_places(USES)
    assert len({d.name for d in drugs}) == 100
    assert Counter(Counter(p.drug for p in places if p.drug).values()) == {3: 100}
    assert sum(p.context == LOOK_ALIKE for p in places) == 100
    names = {d.name: {n.lower() for n in (d.name, *d.codes, *d.brands)} for d in drugs}
    assert all(p.words.lower() in names[p.drug] for p in places if p.drug)
    terms = [ROOT / "corpus" / "terms.txt", ROOT / "corpus" / "drugs.tsv", ROOT / "models" / "micro" / "tokenizer.json"]
    assert seen(drugs, terms, open_vocabulary()) == []


def test_seen_names_are_refused(tmp_path: Path) -> None:
    path, text = tmp_path / "drugs.tsv", tmp_path / "text.gz"
    path.write_text("zorbatinib\tZRB-101\tZorvia\tinhibitor\tEGFR\nosimertinib\tQX-1\tQuux\tinhibitor\tEGFR\n")
    text.write_bytes(gzip.compress(b"patients who took ZORVIA"))
    assert seen(read_drugs(path), [text], open_vocabulary()) == ["osimertinib", "zorvia"]
    with pytest.raises(CorpusError, match="osimertinib stand in what the model may have seen"):
        new_drugs_report(path, _uses_of(tmp_path, "osimertinib"), [], "micro", "default")


def _uses_of(folder: Path, drug: str) -> Path:
    path = folder / "uses.tsv"
    path.write_text(f"{drug}\tarm\tA [[{drug}]] arm\n")
    return path


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "uses.tsv"
    path.write_text("# a comment\nzorbatinib\tarm\tno mark\n")
    with pytest.raises(CorpusError, match="line 2: not `drug, context"):
        read_places(path)


def test_the_report_counts(tmp_path: Path, shipped: object) -> None:
    drugs, uses = tmp_path / "drugs.tsv", tmp_path / "uses.tsv"
    drugs.write_text("zorbatinib\tZRB-101\tZorvia\tinhibitor\tMOON1\n")
    uses.write_text(
        "zorbatinib\tarm\tPatients take [[zorbatinib]] 20 mg once daily.\n"
        "zorbatinib\twashout\tPrior [[ZRB-101]] within 14 days of the first dose.\n"
        "\tlook-alike\tVisits take place at the [[Zorvia]] University Hospital.\n"
    )
    lines = new_drugs_report(drugs, uses, [], "micro", "default").splitlines()
    assert any(line.startswith("| both | before | 2 | 1.000 | 0.000 | 0.000 | 1 |") for line in lines)
    assert any(line.startswith("| both | after | 2 | 1.000 | 1.000 | 1.000 | 1 |") for line in lines)
    assert "| washout | 1 | 1.000 | 1.000 |" in lines
