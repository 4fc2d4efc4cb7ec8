"""The sample records, their passages and their annotations belong together, to the character."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest

from oncogloss.model.signatures import allowed_pairs, may_hold
from oncogloss.readers import read_path
from oncogloss.schema import CATEGORIES, ENTITY_TYPES, PASSAGE_NAMES, RELATION_TYPES, Document
from oncogloss.training.corpora import GoldDocument, read_standoff
from toys import ROOT

FOLDER = ROOT / "corpus" / "samples"
RECORDS = sorted([*FOLDER.glob("NCT*.json"), *FOLDER.glob("NCT*.xml")])
PASSAGES = {
    row["nct_id"]: row["passages"]
    for row in map(json.loads, (FOLDER / "passages.jsonl").read_text(encoding="utf-8").splitlines())
}


@pytest.fixture(scope="module")
def gold() -> list[GoldDocument]:
    documents, problems = read_standoff(FOLDER / "annotations.jsonl", [])
    assert problems == []
    return documents


def test_each_record_has_passages_and_annotations(gold: list[GoldDocument]) -> None:
    names = [path.stem for path in RECORDS]
    assert len(names) == 14
    assert sorted(PASSAGES) == sorted(names) == sorted(d.id for d in gold)


@pytest.mark.parametrize("path", RECORDS, ids=lambda p: p.name)
def test_a_record_reads_to_its_passages(path: Path) -> None:
    (document,) = read_path(path)
    assert isinstance(document, Document)
    assert document.id == path.stem
    assert {p.name: p.text for p in document.passages} == PASSAGES[path.stem]
    assert [p.name for p in document.passages] == [n for n in PASSAGE_NAMES if n in PASSAGES[path.stem]]


def test_annotated_text_is_that_of_the_records(gold: list[GoldDocument]) -> None:
    for document in gold:
        for p in document.passages:
            assert p.text == PASSAGES[document.id][p.name]


def test_annotations_keep_to_the_guidelines(gold: list[GoldDocument]) -> None:
    allowed = allowed_pairs()
    for document in gold:
        for p in document.passages:
            spans = p.entities
            for e in spans:
                assert 0 <= e.start < e.end <= len(p.text)
                assert p.text[e.start : e.end] == p.text[e.start : e.end].strip()
                assert e.type in ENTITY_TYPES
            for a, b in combinations(spans, 2):
                if a.start < b.end and b.start < a.end:
                    outer, inner = (a, b) if (a.end - a.start, a.type != "GENE") >= (b.end - b.start, True) else (b, a)
                    assert outer.start <= inner.start and inner.end <= outer.end, (document.id, p.name, a, b)
                    assert may_hold(outer.type, inner.type), (document.id, p.name, a, b)
            for r in p.relations:
                types = ENTITY_TYPES.index(spans[r.head].type), ENTITY_TYPES.index(spans[r.tail].type)
                assert r.head != r.tail
                if r.type != "ABBREV_OF":
                    assert allowed[(RELATION_TYPES.index(r.type), *types)], (document.id, p.name, r)
            starts = [c.start for c in p.criteria or ()]
            assert starts == sorted(set(starts))
            for i, c in enumerate(p.criteria or ()):
                assert c.parent is None or c.parent < i
                assert not p.text[c.start].isspace() and set(c.categories) <= set(CATEGORIES)
