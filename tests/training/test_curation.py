"""Growing and checking the corpus: spread choice, near-identical texts left out, disagreements and agreement shown."""

from __future__ import annotations

from collections import Counter

import pytest

from oncogloss.evaluation.metrics import Facts
from oncogloss.evaluation.run import gold_facts
from oncogloss.training.card import model_card
from oncogloss.training.corpora import (
    GoldCriterion,
    GoldDocument,
    GoldEntity,
    GoldPassage,
    GoldRelation,
    describe,
)
from oncogloss.training.curation import agreement, disagreements, select, shingles

TEXT = "No moon sarcoma. On lunamab."
FIRST = GoldDocument(
    "NCT1",
    (
        GoldPassage(
            "eligibility",
            TEXT,
            (GoldEntity("CANCER", 3, 15), GoldEntity("DRUG", 20, 27)),
            (GoldRelation("TREATS", 1, 0),),
            (GoldCriterion(0, "exc", None, ("disease",)), GoldCriterion(17, "inc", None, ("medication",))),
        ),
    ),
    "ours",
)


def record(number: int, **changes: object) -> dict[str, object]:
    words = " ".join(f"word{number}x{i}" for i in range(80))
    return {
        "nct_id": f"NCT{number}",
        "oncology": True,
        "brief_title": "A study of breast cancer" if number % 2 else "A study of melanoma",
        "detailed_description": "long",
        "eligibility_text": words,
        "arms": [{"label": "Arm A"}] if number % 3 == 0 else [],
    } | changes


# choice


def test_choice_is_spread_over_families() -> None:
    rows = [record(i, brief_title="A study of breast cancer") for i in range(20)] + [
        record(i, brief_title="Melanoma") for i in range(20, 23)
    ]
    chosen = list(select(rows, [], 6, seed=1))
    families = Counter("melanoma" if "Melanoma" in r["passages"]["brief_title"] else "breast" for r in chosen)
    assert families == {"melanoma": 3, "breast": 3} or families["melanoma"] >= 2
    assert all("description" not in r["passages"] and "eligibility" in r["passages"] for r in chosen)
    assert chosen == list(select(rows, [], 6, seed=1))


def test_known_near_identical_and_unfit_records_are_left_out() -> None:
    twin = record(1)["eligibility_text"]
    rows = [
        record(1),
        record(2, eligibility_text=f"{twin} and a little more"),
        record(3, oncology=False),
        record(4, eligibility_text="short"),
        record(5, quality=["bullets-removed"]),
        record(6, eligibility_text="x " * 4000),
        record(7),
    ]
    assert len({r["nct_id"] for r in select(rows, [], 9)} & {"NCT1", "NCT2"}) == 1
    assert {r["nct_id"] for r in select(rows, [], 9)} <= {"NCT1", "NCT2", "NCT7"}
    known = [GoldDocument("NCT7", (GoldPassage("eligibility", str(twin)),))]
    assert list(select(rows, known, 9)) == []


def test_two_in_five_are_full_records() -> None:
    chosen = list(select([record(i) for i in range(40)], [], 10))
    assert [bool(r["passages"].get("arms")) for r in chosen] == [True, True, False, False, False] * 2


def test_shingles_are_runs_of_eight_words() -> None:
    words = " ".join("abcdefghij")
    assert len(shingles(words)) == 3 and shingles("too short") == set()
    assert shingles(words.upper().replace(" ", ", ")) == shingles(words)


# where model and annotation differ


def test_disagreements_are_shown_in_context() -> None:
    facts = gold_facts(FIRST)
    where = ("NCT1", "eligibility")
    found = Facts((facts.entities - {(where, 20, 27, "DRUG")}) | {(where, 17, 27, "REGIMEN")}, set(), set(), {})
    lines = list(disagreements(lambda document: found, [FIRST]))
    assert lines == [
        "#record\tNCT1",
        "+\teligibility\tREGIMEN\tNo moon sarcoma. [On lunamab] .",
        "-\teligibility\tDRUG\tNo moon sarcoma. On [lunamab] .",
    ]
    assert list(disagreements(lambda document: facts, [FIRST])) == ["#record\tNCT1"]


def test_relations_are_compared_where_both_spans_agree() -> None:
    facts = gold_facts(FIRST)
    lines = list(disagreements(lambda document: facts._replace(relations=set()), [FIRST]))
    assert lines[1:] == ["-\tTREATS\tlunamab → moon sarcoma"]


# two annotators


def second(**changes: object) -> GoldDocument:
    (passage,) = FIRST.passages
    fields = {"entities": passage.entities, "relations": passage.relations, "criteria": passage.criteria} | changes
    return GoldDocument("NCT1", (GoldPassage("eligibility", TEXT, **fields),))


def test_an_annotator_agrees_with_himself() -> None:
    text = agreement([FIRST, GoldDocument("NCT2", FIRST.passages)], [second()])
    assert text.startswith("1 records annotated twice.")
    assert "| **entities** | 1.000 | 1.000 | 2 | 2 |" in text and "| **relations** | 1.000 | | 1 | 1 |" in text
    assert text.endswith("Criterion side, Cohen's κ: 1.000; categories F1 1.000.")


def test_agreement_by_hand() -> None:
    other = second(
        entities=(GoldEntity("CANCER", 8, 15), GoldEntity("DRUG", 20, 27)),
        criteria=(GoldCriterion(0, "inc", None, ("disease",)), GoldCriterion(17, "exc", None, ("medication",))),
    )
    text = agreement([FIRST], [other])
    assert "| **entities** | 0.500 | 1.000 | 2 | 2 |" in text
    assert "| CANCER | 0.000 | 1.000 | 1 | 1 |" in text
    assert "| **relations** | 0.000 | | 1 | 1 |" in text
    assert "κ: -1.000" in text


@pytest.mark.parametrize("criteria", [None, ()])
def test_agreement_without_criteria(criteria: tuple[()] | None) -> None:
    assert "κ: 0.000; categories F1 0.000" in agreement([second(criteria=criteria)], [second(criteria=criteria)])


# what a part holds


def test_description_counts_each_part_and_all() -> None:
    lines = describe([FIRST, GoldDocument("x", (GoldPassage("text", "one two"),), "other")]).splitlines()
    assert lines[2:] == [
        "| ours | 1 | 1 | 5 | 2 | 1 | 2 |",
        "| other | 1 | 1 | 2 | 0 | 0 | 0 |",
        "| all | 2 | 2 | 7 | 2 | 1 | 2 |",
    ]


def test_the_card_names_each_source_with_its_counts() -> None:
    weak = GoldDocument("w", (GoldPassage("text", "x", (GoldEntity("DRUG", 0, 1),)),), "bc5cdr")
    card = model_card("micro", "1.2.3", 22_700_000, [FIRST, FIRST], [weak], "One stage.", "strict 0.8")
    assert card.startswith("# Model card: oncogloss micro 1.2.3\n") and "22.7 M parameters" in card
    assert "| ours | 2 | 4 |" in card and "| bc5cdr, training part (public-domain mark) | 1 | 1 |" in card
    assert "One stage." in card and "strict 0.8" in card and "**Licence**: Apache-2.0" in card
