"""The twenty new drugs: invented, unknown to the vocabulary, and annotated where they stand."""

from __future__ import annotations

from oncogloss.concepts import link, open_vocabulary
from oncogloss.evaluation.new_names import NAMES, held_sentences, marked, taught_sentences


def test_no_vocabulary_knows_them() -> None:
    vocabulary = open_vocabulary()
    assert len(set(NAMES)) == 20
    known = [link("DRUG", name, None, vocabulary) for name in NAMES]
    assert all(concept is None or concept.match == "stem" for concept in known)


def test_each_stands_once_in_each_sentence_and_is_the_only_drug_there() -> None:
    for documents, each in ((taught_sentences(), 2), (held_sentences(), 3)):
        drugs = [p.text[e.start : e.end] for d in documents for p in d.passages for e in p.entities if e.type == "DRUG"]
        assert sorted(drugs) == sorted(NAMES * each)
        assert len({d.id for d in documents}) == len(documents)


def test_what_is_held_is_not_what_is_taught() -> None:
    texts = [{p.text for d in documents for p in d.passages} for documents in (taught_sentences(), held_sentences())]
    assert not texts[0] & texts[1]


def test_marks_become_offsets() -> None:
    passage = marked("[@] for [CANCER moon sarcoma].", "QVX-1")
    assert passage.text == "QVX-1 for moon sarcoma."
    assert [(e.type, passage.text[e.start : e.end]) for e in passage.entities] == [
        ("DRUG", "QVX-1"),
        ("CANCER", "moon sarcoma"),
    ]
