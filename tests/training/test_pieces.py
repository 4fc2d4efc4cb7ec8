"""An index of a few invented names is learned, and finds names it was not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncogloss.concepts.build import Names
from oncogloss.concepts.linker import Link
from oncogloss.concepts.vocabulary import Entry, Vocabulary, write_vocabulary
from oncogloss.errors import CorpusError
from oncogloss.schema import Concept
from oncogloss.training.held_out import HeldOut, curve, hold_out
from oncogloss.training.link_scores import fit_alike, fit_scores, write_scores
from oncogloss.training.pieces import index_names, named_concepts

WORDS = ("moon", "tide", "crater", "orbit", "comet", "meteor", "lunar", "solar")


def names_of(word: str) -> Names:
    return {("CONDITION", f"{word} fever"): 0, ("CONDITION", f"{word}itis"): 1, ("DRUG", f"{word}mab"): 1}


def test_an_index_is_learned(tmp_path: Path) -> None:
    entries = [Entry(f"X:{i}", f"{word} fever", "X") for i, word in enumerate(WORDS)]
    write_vocabulary(entries, {}, tmp_path, [])
    assert index_names([names_of(word) for word in WORDS], tmp_path) == len(WORDS)
    vocabulary = Vocabulary(tmp_path)
    found = [vocabulary.alike("CONDITION", f"feverish {word}itis")[0][0].id for word in WORDS]
    assert found == [entry.id for entry in entries]


def test_only_types_of_the_index_are_in_it() -> None:
    (one,) = named_concepts([{("DRUG", "zorb"): 0}, names_of("moon")])
    assert one.row == 1 and one.names == ("moon fever", "moonitis")


def test_held_out_names_leave_the_concept_with_all_of_their_words() -> None:
    names: Names = {("CONDITION", "moon fever"): 0}
    names |= {("CONDITION", f"{word} chill"): 1 for word in WORDS} | {
        ("CONDITION", f"{a}{b} shiver {form}"): 1 for a in WORDS for b in WORDS for form in ("one", "ones")
    }
    before = set(names)
    held = hold_out(Entry("X:1", "moon fever", "X"), names)
    assert 0 < len(held) < len(before) / 5
    assert ("CONDITION", "moon fever") in names and not {(h.type, h.name) for h in held} & set(names)


def test_the_curve_counts() -> None:
    entry = Entry("X:1", "moon fever", "X")
    concepts = [
        Concept(id="X:1", name="moon fever", vocabulary="X", score=0.95),
        Concept(id="X:0", name="fever", vocabulary="X", score=0.6),
        None,
    ]
    rows = curve("names", [HeldOut("CONDITION", "a", entry)] * 3, concepts, lambda _: {"X:0"})
    assert rows[0] == "| names | 0.0 | 3 | 2 | 1 | 1 | 0.500 | 1.000 |"
    assert rows[-1] == "| names | 0.9 | 3 | 1 | 1 | 0 | 1.000 | 1.000 |"


def test_scores_are_shares_drawn_to_wider_ones() -> None:
    concept = Concept(id="X:1", name="moon fever", vocabulary="X", score=0.5)
    often = [("CONDITION", Link(concept, "words", ""), i % 10 > 0) for i in range(1000)]
    once = [("DRUG", Link(concept, "words", ""), False)]
    shares = fit_scores([*often, *once])
    assert shares["CONDITION words"] == (0.9, 1000)
    assert 0.7 < shares["DRUG words"][0] < 0.9, "one case says little"
    assert shares["stem"] == shares["parts"] and shares["stem"][1] == 0, "borrowed"


def test_likeness_is_weighed() -> None:
    low, high = fit_alike([([1.0, x / 10], x > 5) for x in range(10)] * 20)
    assert low < 0 < high


def test_scores_need_their_corpora(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is not there"):
        write_scores(tmp_path, Vocabulary.__new__(Vocabulary), tmp_path / "scores.json")
