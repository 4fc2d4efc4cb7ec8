"""The probes: a hundred of them, well stated, and a judge of facts that is neither deaf nor easily pleased."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oncogloss.errors import CorpusError
from oncogloss.evaluation.probes import Fact, Probe, failures, read_probes
from oncogloss.pipeline import Pipeline
from oncogloss.schema import ENTITY_TYPES, RELATION_TYPES, Document, Extraction
from toys import ROOT, make_extraction, make_mention

PROBES = read_probes(ROOT / "corpus" / "probes.jsonl")
TEXT = "Inclusion: ANC of 3 or more, no zorbatinib."


class Fixed:
    """A pipeline that finds the same in every text: an extraction made by hand."""

    def extract(self, document: Document) -> Extraction:
        passage = document.passages[0]
        mentions = [
            make_mention("m0", passage, "ANC", "MEASURE"),
            make_mention("m1", passage, "3 or more", "VALUE"),
            make_mention(
                "m2", passage, "zorbatinib", "DRUG", attributes=("neg",),
                concept={"id": "OG:1", "name": "Zorbatinib", "vocabulary": "OG", "score": 1.0},
            ),
        ]  # fmt: skip
        threshold = {"criterion": None, "measure": "Neutrophils", "operator": ">=", "value": 3.0, "unit": "10*9/L",
                     "text": "3 or more", "mentions": ("m0", "m1")}  # fmt: skip
        criterion = {"id": "c0", "passage": passage.name, "start": 11, "end": 30, "side": "inc", "score": 0.9}
        relation = {"type": "HAS_VALUE", "head": "m0", "tail": "m1", "score": 0.9}
        found = make_extraction(document, mentions)
        return Extraction.model_validate(
            found.model_dump() | {"thresholds": (threshold,), "criteria": (criterion,), "relations": (relation,)}
        )


def judge(*expect: Fact, never: tuple[Fact, ...] = ()) -> list[str]:
    pipeline: Pipeline = Fixed()  # type: ignore[assignment]
    return failures(Probe("p", "kind", TEXT, expect, never), pipeline)


TRUE = [
    ("MEASURE", "ANC"), ("DRUG", "zorbatinib", "neg"), ("DRUG", "zorbatinib"), ("HAS_VALUE", "ANC", "3 or more"),
    ("inc", "ANC of"), ("threshold", "ANC", ">=", 3, "10*9/L"), ("concept", "zorbatinib", "zorbatinib"),
]  # fmt: skip
FALSE = [
    ("GENE", "ANC"), ("MEASURE", "AN"), ("DRUG", "zorbatinib", "hist"), ("DRUG", "zorbatinib", "neg", "hist"),
    ("HAS_VALUE", "3 or more", "ANC"), ("HAS_TIME", "ANC", "3 or more"), ("exc", "ANC of"), ("inc", "ANC or"),
    ("threshold", "ANC", ">", 3, "10*9/L"), ("threshold", "ANC", ">=", 3.1, "10*9/L"),
    ("threshold", "ANC", ">=", 3, "1"), ("threshold", "WBC", ">=", 3, "10*9/L"),
    ("concept", "zorbatinib", "lunamab"), ("concept", "ANC", "zorbatinib"),
]  # fmt: skip


@pytest.mark.parametrize("fact", TRUE)
def test_what_is_found_holds(fact: Fact) -> None:
    assert judge(fact) == []
    assert judge(never=(fact,)) == [f"says {' '.join(map(str, fact))}"]


@pytest.mark.parametrize("fact", FALSE)
def test_what_is_not_found_does_not(fact: Fact) -> None:
    assert judge(fact) == [f"misses {' '.join(map(str, fact))}"]
    assert judge(never=(fact,)) == []


def test_there_are_a_hundred_and_each_states_what_stands_in_its_text() -> None:
    assert len(PROBES) == len({p.id for p in PROBES}) == len({p.text for p in PROBES}) == 100
    kinds = {p.kind for p in PROBES}
    assert {"drug swap", "negation flip", "side flip", "unit change", "marker flip", "spelling"} <= kinds
    for probe in PROBES:
        for fact in (*probe.expect, *probe.never):
            quoted = fact[1:3] if fact[0] in RELATION_TYPES else fact[1:2]
            assert all(quote in probe.text for quote in quoted), (probe.id, fact)
            if fact[0] in ENTITY_TYPES and fact in probe.never:
                assert len(fact) > 2, probe.id  # a mention without an attribute is never forbidden


@pytest.mark.parametrize(
    "fact", [["COLOUR", "x"], ["DRUG"], ["DRUG", "x", "maybe"], ["HAS_VALUE", "x"], ["inc"], ["threshold", "x", ">="]]
)
def test_a_fact_of_unknown_kind_is_refused(tmp_path: Path, fact: list[str]) -> None:
    row = {"id": "p1", "kind": "k", "text": "x", "expect": [fact]}
    (tmp_path / "probes.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(CorpusError, match="probe p1 states no fact"):
        read_probes(tmp_path / "probes.jsonl")
