"""Scoring a whole system: gold read as facts, every figure of the report from the counts."""

from __future__ import annotations

import json

import pytest

from oncogloss.evaluation.metrics import Facts, Score, facts, total
from oncogloss.evaluation.run import counts, evaluate, gold_facts, model_reader, report
from oncogloss.pipeline import Pipeline
from oncogloss.schema import Document
from oncogloss.training.corpora import (
    GoldCriterion,
    GoldDocument,
    GoldEntity,
    GoldPassage,
    GoldRelation,
    read_standoff,
)
from toys import ROOT

GOLD = GoldDocument(
    "d1",
    (
        GoldPassage(
            "eligibility",
            "No moon sarcoma. On lunamab.",
            (GoldEntity("CANCER", 3, 15, ("neg",)), GoldEntity("DRUG", 20, 27)),
            (GoldRelation("TREATS", 1, 0),),
            (GoldCriterion(0, "exc", None, ("disease",)), GoldCriterion(17, "inc", None, ("medication",))),
        ),
    ),
)


def test_gold_facts_by_hand() -> None:
    where = ("d1", "eligibility")
    cancer, drug = (where, 3, 15, "CANCER"), (where, 20, 27, "DRUG")
    assert gold_facts(GOLD) == Facts(
        {cancer, drug},
        {(cancer, "neg")},
        {(drug, cancer, "TREATS")},
        {(where, 0): ("exc", ("disease",)), (where, 17): ("inc", ("medication",))},
    )


def test_a_perfect_reader_scores_one() -> None:
    gold, _ = read_standoff(ROOT / "corpus" / "samples" / "annotations.jsonl", [])
    by_id = {d.id: d for d in gold}
    e = evaluate(lambda document: gold_facts(by_id[document.id]), gold)
    assert e.records == len(gold)
    for score in (total(e.strict), total(e.relaxed), total(e.relations), e.attributes, e.criteria.starts):
        assert score.f1 == 1 and score.wanted > 50
    assert e.criteria.side_accuracy == 1 and e.criteria.categories.f1 == 1


def test_a_reader_that_finds_nothing_scores_nought() -> None:
    e = evaluate(lambda document: Facts(set(), set(), set(), {}), [GOLD])
    assert (total(e.strict), total(e.relations), e.attributes) == (Score(0, 0, 2), Score(0, 0, 1), Score(0, 0, 1))
    assert e.criteria.starts == Score(0, 0, 2)


def test_a_reader_is_given_the_text_and_nothing_else() -> None:
    seen: list[Document] = []

    def read(document: Document) -> Facts:
        seen.append(document)
        return facts(document.id, [], [], [])

    evaluate(read, [GOLD])
    assert [(d.id, [(p.name, p.text) for p in d.passages]) for d in seen] == [
        ("d1", [("eligibility", "No moon sarcoma. On lunamab.")])
    ]


def test_a_model_reads_what_it_extracts(pipeline: Pipeline) -> None:
    document = Document(id="d1", passages=(GOLD.passages[0].passage,))
    found = pipeline.extract(document)
    assert model_reader(pipeline)(document) == facts("d1", found.mentions, found.relations, found.criteria)


@pytest.fixture
def results() -> dict[str, object]:
    half = gold_facts(GOLD)._replace(entities={(("d1", "eligibility"), 3, 15, "CANCER")}, relations=set())
    return {"half": evaluate(lambda d: half, [GOLD]), "perfect": evaluate(lambda d: gold_facts(GOLD), [GOLD])}


def test_report_is_markdown_with_the_right_figures(results: dict) -> None:
    lines = report(results).splitlines()
    assert lines[2].startswith("| half | 1 | 0.667 | 0.667 | 0.500 | 0.000 | – | 1.000 | 1.000 | 1.000 | 1.000 |")
    assert lines[3].startswith("| perfect | 1 | 1.000 | 1.000 | 1.000 | 1.000 |")
    assert "| CANCER | 1.000 | 1.000 | 1.000 | 1.000 | 1 | 1 |" in lines
    assert "| DRUG | 0.000 | 0.000 | 0.000 | 0.000 | 1 | 0 |" in lines
    assert "| TREATS | 0.000 | 0.000 | 0.000 | – | 1 | 0 |" in lines
    for table in report(results).split("\n\n"):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_counts_are_json(results: dict) -> None:
    found = json.loads(counts(results))
    assert found["half"]["strict"]["DRUG"] == {"right": 0, "found": 0, "wanted": 1, "f1": 0.0}
    assert found["perfect"]["criteria"]["side_accuracy"] == 1.0
