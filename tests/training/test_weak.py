"""Labels that a record's own structure gives, and the lists of names: right where they stand, silent elsewhere."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from oncogloss.training.corpora import GoldDocument
from oncogloss.training.weak import WEAK_TYPES, drug_names, synonym_pairs, weak_documents

RECORD = {
    "nct_id": "NCT1",
    "oncology": True,
    "brief_title": "Zorbatinib plus Lunamab in Moon Sarcoma",
    "eligibility_text": "* moon sarcoma\n* no zorbatinib-like drugs; zorbatinib is allowed",
    "conditions": ["Moon Sarcoma", "Stage IV Moon Sarcoma"],
    "interventions": [
        {"type": "DRUG", "name": "Zorbatinib + Lunamab", "other_names": ["ZB-1"]},
        {"type": "PROCEDURE", "name": "Telescope"},
    ],
    "primary_outcomes": [{"measure": "Overall survival.", "time_frame": "Up to 2 years"}],
    "secondary_outcomes": [{"measure": "Number of participants with fever", "time_frame": "whenever it may be"}],
}


def write(path: Path, *rows: dict) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def found(document: GoldDocument, name: str) -> list[tuple[str, str]]:
    (passage,) = [p for p in document.passages if p.name == name]
    return [(e.type, passage.text[e.start : e.end]) for e in passage.entities]


def test_a_record_labels_itself(tmp_path: Path) -> None:
    (document,) = weak_documents(write(tmp_path / "r.jsonl", RECORD), without=set(), limit=5)
    assert (document.id, document.origin) == ("NCT1", "record structure")
    assert found(document, "brief_title") == [("DRUG", "Zorbatinib"), ("DRUG", "Lunamab"), ("CANCER", "Moon Sarcoma")]
    # `zorbatinib-like` is another word
    assert found(document, "eligibility") == [("CANCER", "moon sarcoma"), ("DRUG", "zorbatinib")]
    assert found(document, "outcomes") == [("OUTCOME", "Overall survival"), ("TIME", "Up to 2 years")]
    for passage in document.passages:
        assert passage.partial and passage.types == WEAK_TYPES
        assert not (passage.has_relations or passage.has_attributes) and passage.criteria is None


def test_which_records_are_taken(tmp_path: Path) -> None:
    bare = {"nct_id": "NCT9", "oncology": True, "brief_title": "Nothing to find"}
    rows = [RECORD | {"nct_id": f"NCT{i}"} for i in range(4)] + [RECORD | {"nct_id": "x", "oncology": False}, bare]
    path = write(tmp_path / "r.jsonl", *rows)
    assert [d.id for d in weak_documents(path, without={"NCT1"}, limit=9)] == ["NCT0", "NCT2", "NCT3"]
    assert [d.id for d in weak_documents(path, without=set(), limit=2)] == ["NCT0", "NCT1"]


def test_synonyms_of_the_vocabularies(tmp_path: Path) -> None:
    assert synonym_pairs(tmp_path) == []
    head = "id\tx\tname\tsynonyms\ty\tz\tcross\n"
    with gzip.open(tmp_path / "cancers_ncit_core.tsv.gz", "wt", encoding="utf-8") as stream:
        stream.write(head + "C1\t\tMoon Sarcoma\tSarcoma of the Moon|MS|Lunar Sarcoma\t\t\t\nC2\t\tBare\t\t\t\t\n")
    with gzip.open(tmp_path / "drugs_unii.tsv.gz", "wt", encoding="utf-8") as stream:
        stream.write(head + "U1\t\tZORBATINIB\tZB-11\t\t\tDRUGBANK:1\nU2\t\tCHEESE\tCHEDDAR\t\t\tFOOD:1\n")
    assert synonym_pairs(tmp_path) == [
        ("Moon Sarcoma", "Sarcoma of the Moon"),
        ("Moon Sarcoma", "Lunar Sarcoma"),
        ("ZORBATINIB", "ZB-11"),
    ]


def test_names_that_stand_in_for_drugs(tmp_path: Path) -> None:
    assert drug_names(tmp_path) == []
    with gzip.open(tmp_path / "gdc_terms.tsv.gz", "wt", encoding="utf-8") as stream:
        for name in ("Tideximab", "Tide Acid", "ABC", "TIDEX"):
            stream.write(f"GDC:therapeutic_agents/1\tx\t{name}\t\n")
        stream.write("GDC:other/1\tx\tFathomab\t\n")
    assert drug_names(tmp_path) == ["tideximab"]
