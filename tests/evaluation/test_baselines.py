"""The dictionary that a model must beat: it knows the training names, longest first, and nothing else."""

from __future__ import annotations

import pytest

from oncogloss.evaluation.baselines import LONGEST, Dictionary, dictionary_reader
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.training.corpora import GoldDocument, GoldEntity, GoldPassage
from toys import make_document

REST = " is given to patients on day 1 of each cycle of the study, as the protocol says."  # names stand mid-text


def gold(*sentences: tuple[str, list[tuple[str, str]]]) -> list[GoldDocument]:
    """Documents of one passage each; entities as (type, first occurrence)."""
    return [
        GoldDocument(
            f"d{i}",
            (
                GoldPassage(
                    "text",
                    text + REST,
                    tuple(GoldEntity(t, text.index(part), text.index(part) + len(part)) for t, part in entities),
                ),
            ),
        )
        for i, (text, entities) in enumerate(sentences)
    ]


def found(reader: Dictionary, text: str) -> set[tuple[str, str]]:
    return {(t, text[a:b]) for _, a, b, t in reader(make_document(text=text + REST)).entities}


def test_names_are_found_again_wherever_they_stand(tokenizer: Tokenizer) -> None:
    reader = dictionary_reader(gold(("With lunamab", [("DRUG", "lunamab")])), tokenizer)
    text = "lunamab, then Lunamab; (lunamab)" + REST
    facts = reader(make_document("d9", text=text))
    assert facts.entities == {(("d9", "text"), a, a + 7, "DRUG") for a in (0, 14, 24)}
    assert (facts.attributes, facts.relations, facts.criteria) == (set(), set(), {})


def test_the_longest_name_wins(tokenizer: Tokenizer) -> None:
    reader = dictionary_reader(
        gold(("a lunamab zorbatinib", [("REGIMEN", "lunamab zorbatinib")]), ("a lunamab", [("DRUG", "lunamab")])),
        tokenizer,
    )
    assert found(reader, "lunamab zorbatinib and lunamab and zorbatinib") == {
        ("REGIMEN", "lunamab zorbatinib"),
        ("DRUG", "lunamab"),
    }


def test_a_name_mostly_unmarked_is_left_out(tokenizer: Tokenizer) -> None:
    marked = ("the HER2", [("GENE", "HER2")])
    assert set(dictionary_reader(gold(marked, ("HER2", [])), tokenizer).names.values()) == {"GENE"}
    assert dictionary_reader(gold(marked, ("HER2 and HER2", [])), tokenizer).names == {}


def test_the_usual_type_is_taken(tokenizer: Tokenizer) -> None:
    types = ("BIOMARKER", "GENE", "GENE")
    reader = dictionary_reader(gold(*(("on HER2", [(t, "HER2")]) for t in types)), tokenizer)
    assert found(reader, "for HER2") == {("GENE", "HER2")}


@pytest.mark.parametrize("text", ["", " ", "nothing of that"])
def test_nothing_known_nothing_found(tokenizer: Tokenizer, text: str) -> None:
    assert dictionary_reader([], tokenizer)(make_document(text=text)).entities == set()


def test_names_longer_than_the_longest_are_left_out(tokenizer: Tokenizer) -> None:
    for n, kept in ((LONGEST, 1), (LONGEST + 1, 0)):
        text = "1" * n
        assert len(dictionary_reader(gold((text, [("VALUE", text)])), tokenizer).names) == kept
