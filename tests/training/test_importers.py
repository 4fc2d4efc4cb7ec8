"""Each public corpus format, in a tiny invented file: right spans, right types, and a mask of what it leaves out."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from oncogloss.training.corpora import GoldDocument
from oncogloss.training.importers import (
    CORPORA,
    Corpus,
    abbreviations,
    bracketed,
    columns,
    drug_spans,
    pubtator,
    read_corpus_files,
    shippable,
    slots,
    standoff,
)

PUBTATOR = """\
11|t|Zorbatinib in moon sarcoma.
11|a|Nausea was rare with zorbatinib therapy.
11\t0\t10\tZorbatinib\tChemical\tD1
11\t14\t26\tmoon sarcoma\tDisease\tD2
11\t28\t34\tNausea\tDisease\tD3
11\t19\t26\tsarcoma\tDisease\tD4
11\t49\t59\tzorbatinib\tChemical\tD1
11\tCID\tD1\tD3

12|t|No facts.
12|a|None.
"""
BIO = """\
Moon\tB-Disease
sarcoma\tI-Disease
(\tO
MS\tB-Disease
)\tO
,\tO
HER2\tB-Gene
-\tI-Gene
like\tI-Gene

Tide\tB-Disease
fever\tI-Disease
"""


def named(name: str) -> Corpus:
    (corpus,) = [c for c in CORPORA if c.name == name]
    return corpus


def spans(document: GoldDocument) -> list[tuple[str, str]]:
    (passage,) = document.passages
    return [(e.type, passage.text[e.start : e.end]) for e in passage.entities]


def write(folder: Path, name: str, contents: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.write(contents)


def lines(path: Path, *rows: dict) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


# formats


def test_pubtator(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(PUBTATOR)
    first, second = pubtator(path)
    identifier, text, found = first
    assert (identifier, text) == ("11", "Zorbatinib in moon sarcoma. Nausea was rare with zorbatinib therapy.")
    assert [(label, text[a:b]) for label, a, b in found] == [
        ("Chemical", "Zorbatinib"),
        ("Disease", "moon sarcoma"),
        ("Disease", "Nausea"),
        ("Disease", "sarcoma"),
        ("Chemical", "zorbatinib"),
    ]
    assert second == ("12", "No facts. None.", [])


def test_columns_of_bio_and_io_tags(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(
        "-DOCSTART- O\n\n" + BIO + "\nPFS\tNN\tI-OUT\nat\tIN\tO\n1\tCD\tO\n%\tNN\tO\nOS\tNN\tI-OUT\nrate\tNN\tI-OUT\n"
    )
    found = [(text, [(label, text[a:b]) for label, a, b in spans]) for _, text, spans in columns(path)]
    assert found == [
        ("Moon sarcoma (MS), HER2-like", [("Disease", "Moon sarcoma"), ("Disease", "MS"), ("Gene", "HER2-like")]),
        ("Tide fever", [("Disease", "Tide fever")]),
        ("PFS at 1% OS rate", [("OUT", "PFS"), ("OUT", "OS rate")]),
    ]


def test_standoff_takes_the_training_part_and_whole_spans(tmp_path: Path) -> None:
    entities = [
        {"type": "gene", "spans": [[0, 5]]},
        {"type": "cancer", "spans": [[9, 21]]},
        {"type": "gene", "spans": [[0, 2], [3, 5]]},
    ]
    rows = [
        {"id": i, "text": "MOON1 in moon sarcoma.", "entities": entities} | ({"split": s} if s else {})
        for i, s in enumerate(("train", "test", None))
    ]
    found = list(standoff(lines(tmp_path / "a.jsonl", *rows)))
    assert [identifier for identifier, _, _ in found] == ["0", "2"]
    assert found[0][2] == [("gene", 0, 5), ("cancer", 9, 21)]


def test_slots_count_from_one(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("1:13:cancer,17:22:age\tMoon sarcoma at 18 or more\n\tNo slots\n")
    (_, text, found), (_, other, nothing) = slots(path)
    assert [(label, text[a:b]) for label, a, b in found] == [("cancer", "Moon sarcoma"), ("age", "18 or")]
    assert (other, nothing) == ("No slots", [])


def test_drug_spans(tmp_path: Path) -> None:
    row = {"doc_id": "7", "sentence": "On lunamab.", "spans": [{"start": 3, "end": 10}]}
    assert list(drug_spans(lines(tmp_path / "a.jsonl", row))) == [("7", "On lunamab.", [("drug", 3, 10)])]


def test_brackets_are_taken_out(tmp_path: Path) -> None:
    row = {"text": "Both [[ lunamab ]] and << MOON1 >> (<< a)."}
    ((_, text, found),) = bracketed(lines(tmp_path / "a.jsonl", row))
    assert text == "Both lunamab and MOON1 (<< a)."
    assert [(label, text[a:b]) for label, a, b in found] == [("chemical", "lunamab"), ("gene", "MOON1")]


# mapping onto our types


def test_an_exhaustive_corpus_masks_nothing_of_its_types(tmp_path: Path) -> None:
    write(tmp_path, "bc5cdr_pubtator/CDR_TrainingSet.PubTator.txt.gz", PUBTATOR)
    first, second = read_corpus_files(named("bc5cdr"), tmp_path)
    assert (first.id, first.origin) == ("bc5cdr:11", "bc5cdr")
    assert spans(first) == [
        ("DRUG", "Zorbatinib"),
        ("CANCER", "moon sarcoma"),  # the shorter span inside it is left out
        ("CONDITION", "Nausea"),
        ("DRUG", "zorbatinib"),
    ]
    assert spans(second) == []  # a text without marks teaches that there are none
    for document in (first, second):
        (passage,) = document.passages
        assert passage.types == {"DRUG", "CANCER", "CONDITION"}
        assert not (passage.has_relations or passage.has_attributes or passage.has_sections or passage.partial)
        assert passage.criteria is None


def test_types_that_a_corpus_does_not_mark_throughout_are_left_out(tmp_path: Path) -> None:
    entities = [{"type": t, "spans": [s]} for t, s in (("gene", [0, 5]), ("cancer", [9, 21]), ("drug", [25, 32]))]
    row = {"id": 1, "split": "train", "text": "MOON1 in moon sarcoma on lunamab.", "entities": entities}
    write(tmp_path, "civicmine/civicmine.jsonl.gz", json.dumps(row))
    (document,) = read_corpus_files(named("civicmine"), tmp_path)
    assert spans(document) == [("GENE", "MOON1"), ("CANCER", "moon sarcoma")]
    assert document.passages[0].types == {"GENE", "CANCER"}


def test_a_corpus_that_is_not_exhaustive_is_partial(tmp_path: Path) -> None:
    rows = [{"text": "Both [[ lunamab ]] and << MOON1 >>."}, {"text": "Nothing marked."}]
    write(tmp_path, "chemprot/chemprot_train.jsonl.gz", "\n".join(map(json.dumps, rows)))
    (document,) = read_corpus_files(named("chemprot"), tmp_path)
    (passage,) = document.passages
    assert passage.partial and passage.types == {"DRUG", "GENE"}
    assert spans(document) == [("DRUG", "lunamab"), ("GENE", "MOON1")]


def test_abbreviations_teach_the_relation_and_no_type(tmp_path: Path) -> None:
    text = "moon sarcoma (MS) and tide fever (TF)"
    pairs = [
        {"sf_spans": [[34, 36]], "lf_spans": [[22, 32]]},
        {"sf_spans": [[14, 16]], "lf_spans": [[0, 12]]},
        {"sf_spans": [[14, 16], [14, 16]], "lf_spans": [[0, 12]]},
    ]
    path = lines(
        tmp_path / "ab3p.jsonl", {"id": "1", "text": text, "pairs": pairs}, {"id": "2", "text": "", "pairs": []}
    )
    (document,) = abbreviations(path)
    (passage,) = document.passages
    texts = [text for _, text in spans(document)]
    assert [(r.type, texts[r.head], texts[r.tail]) for r in passage.relations] == [
        ("ABBREV_OF", "TF", "tide fever"),
        ("ABBREV_OF", "MS", "moon sarcoma"),
    ]
    assert passage.types == frozenset() and passage.has_relations and not passage.has_attributes


# what may train


def test_only_corpora_that_may_ship_are_drawn(tmp_path: Path) -> None:
    for corpus in CORPORA:
        if corpus.read is columns:
            write(tmp_path, corpus.files[0], BIO.replace("Disease", next(iter(corpus.labels))))
        if corpus.read is pubtator:
            write(tmp_path, corpus.files[0], PUBTATOR)
    drawn = shippable(tmp_path, 1, seed=0)
    origins = [d.origin for d in drawn]
    assert {"bc5cdr", "ncbi_disease", "bc2gm", "cancer_genetics"} == set(origins) and len(origins) == 4
    assert drawn == shippable(tmp_path, 1, seed=0)
    assert len(shippable(tmp_path, 100, seed=0)) == 8
    assert shippable(tmp_path / "none", 100, seed=0) == []


def test_licences_are_stated_and_bar_what_they_bar() -> None:
    free = {"public-domain mark", "CC0 1.0", "CC BY 3.0", "CC BY 4.0", "MIT", "Apache-2.0"}
    assert {c.licence for c in CORPORA if c.ships} <= free
    assert not any(c.ships for c in CORPORA if "NC" in c.licence or c.licence == "not stated")
    assert len({c.name for c in CORPORA}) == len(CORPORA)


def test_labels_lead_to_the_types_that_count_as_exhaustive() -> None:
    for corpus in CORPORA:
        mapped = {
            t for label in corpus.labels.values() for t in (("CANCER", "CONDITION") if label == "DISEASE" else (label,))
        }
        assert corpus.exhaustive <= mapped, corpus.name
