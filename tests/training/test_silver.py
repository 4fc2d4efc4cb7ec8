"""Labels that the text gives for free, and texts in a worse layout that keep their annotations."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.training.corpora import GoldCriterion, GoldEntity, GoldPassage, read_standoff
from oncogloss.training.silver import (
    LAYOUTS,
    heading_starts,
    line_starts,
    roughen,
    sections,
    sentence_starts,
    swap_drugs,
)
from toys import ROOT

ELIGIBILITY = """\
Inclusion Criteria:

* Age 18 or older. Any sex
* Moon sarcoma:
  1. stage IV
Exclusion criteria

- Pregnant women
"""


def eligibility() -> GoldPassage:
    parts = ("Age 18", "Moon sarcoma", "stage IV", "Pregnant")
    criteria = tuple(GoldCriterion(ELIGIBILITY.index(part), "inc", None, ("other",)) for part in parts)
    return GoldPassage("eligibility", ELIGIBILITY, criteria=criteria)


def words_at(text: str, offsets: list[int]) -> list[str]:
    return [re.split(r"\W", text[i:])[0] for i in offsets]


def passage(text: str, *parts: tuple[str, str], name: str = "text") -> GoldPassage:
    entities = tuple(GoldEntity(t, text.index(part), text.index(part) + len(part)) for t, part in parts)
    return GoldPassage(name, text, entities)


def test_line_starts_leave_bullets_out() -> None:
    text = "One\n* Two\n  1. Three\n\n\t(b) Four\n- * Five\n-six\n"
    assert words_at(text, line_starts(text)) == ["One", "Two", "Three", "Four", "Five", ""]
    assert text[line_starts(text)[-1] :] == "-six\n"  # a mark without a space after it is no bullet
    assert line_starts("") == [] == line_starts("\n")


def test_sentences_begin_at_lines_full_stops_and_criteria() -> None:
    assert words_at(ELIGIBILITY, sentence_starts(eligibility())) == [
        "Inclusion", "Age", "Any", "Moon", "stage", "Exclusion", "Pregnant",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("One two. Three? Four! (Five) six.", ["One", "Three", "Four", ""]),
        ("At 1.5 mg vs. Placebo, e.g. Lunamab, i.e. Mabs etc. Drugs by Dr. Moon.", ["At"]),
        ("Grade A. Patients", ["Grade"]),
        ("It ended. then", ["It"]),
    ],
)
def test_full_stops_that_end_a_sentence(text: str, words: list[str]) -> None:
    assert words_at(text, sentence_starts(passage(text))) == words


def test_a_hard_wrapped_line_goes_on_with_its_sentence() -> None:
    long = "Patients who have had treatment with zorbatinib for moon sarcoma before"
    assert words_at(f"{long}\nenrolment", sentence_starts(passage(f"{long}\nenrolment"))) == ["Patients"]
    assert words_at(f"{long}.\nEnrolment", sentence_starts(passage(f"{long}.\nEnrolment"))) == ["Patients", "Enrolment"]
    assert words_at(f"{long}\n* Next", sentence_starts(passage(f"{long}\n* Next"))) == ["Patients", "Next"]
    assert words_at("Short\nline", sentence_starts(passage("Short\nline"))) == ["Short", "line"]


def test_headings_are_short_lines_that_are_no_criterion() -> None:
    assert words_at(ELIGIBILITY, heading_starts(eligibility())) == ["Inclusion", "Exclusion"]
    assert heading_starts(GoldPassage("eligibility", ELIGIBILITY)) == []  # criteria not annotated: nothing is known


def test_sections_follow_field_and_headings() -> None:
    assert [(ELIGIBILITY[i:][:9], label) for i, label in sections(eligibility())] == [
        ("Inclusion", "inclusion"),
        ("Inclusion", "inclusion"),
        ("Exclusion", "exclusion"),
    ]
    assert sections(passage("x", name="brief_title")) == [(0, "title")]
    assert sections(passage("x", name="keywords")) == [(0, "conditions")]
    assert sections(passage("x", name="text")) == []


# views of a text


def bare(text: str) -> str:
    """Text without white space and without the registry's Markdown escapes."""
    return re.sub(r"\s+|\\(?=[<>\[\]^*~=])", "", text)


@pytest.mark.parametrize("seed", range(12))
def test_roughened_samples_keep_their_entities_and_criteria(seed: int) -> None:
    documents, _ = read_standoff(ROOT / "corpus" / "samples" / "annotations.jsonl", [])
    dice = random.Random(seed)
    changed = 0
    for p in (p for d in documents for p in d.passages):
        after = roughen(p, dice.choice(LAYOUTS), dice)
        changed += after.text != p.text
        assert len(after.entities) == len(p.entities) and after.relations == p.relations
        for old, new in zip(p.entities, after.entities, strict=True):
            assert bare(after.text[new.start : new.end]) == bare(p.text[old.start : old.end])
            assert (new.type, new.attributes) == (old.type, old.attributes)
        for a, b in zip(p.criteria or (), after.criteria or (), strict=True):
            assert bare(after.text[b.start :])[:8] == bare(p.text[a.start :])[:8] or "\n" in p.text[a.start :][:12]
    assert changed > 10


@given(st.integers(0, 10_000), st.sampled_from(LAYOUTS))
def test_each_kind_of_roughening_does_what_it_says(seed: int, kind: str) -> None:
    text = "Inclusion:\n* Platelets \\>= 100\n* Stage IV\n" + "word " * 40 + "\n- end"
    p = passage(text, ("MEASURE", "Platelets"), ("STAGE", "Stage IV"), ("OUTCOME", "end"))
    p = replace(p, criteria=(GoldCriterion(text.index("Stage"), "inc", None, ("stage",)),))
    after = roughen(p, kind, random.Random(seed))
    assert [after.text[e.start : e.end] for e in after.entities] == ["Platelets", "Stage IV", "end"]
    if kind == "run together":
        assert after.text.count("\n") < text.count("\n") and after.text.split() == text.split()
    elif kind == "no bullets":
        assert "*" not in after.text and "- end" not in after.text and after.text.count("\n") == text.count("\n")
    elif kind == "wrapped":
        assert max(map(len, after.text.split("\n"))) < 90 and after.text.split() == text.split()
    elif kind == "no headings":
        assert after.text == text.replace("Inclusion:", "") and not after.has_sections
    else:
        assert after.text == text.replace("\\", "")


def test_drugs_are_swapped_everywhere_alike() -> None:
    first = passage(
        "Zorbatinib and placebo with lunamab", *((("DRUG", n)) for n in ("Zorbatinib", "placebo", "lunamab"))
    )
    second = passage(
        "On zorbatinib 20 mg; moon sarcoma", ("DRUG", "zorbatinib"), ("DOSE", "20 mg"), ("CANCER", "moon sarcoma")
    )
    third = passage("zorbatinib-based therapy", ("REGIMEN", "zorbatinib-based therapy"), ("DRUG", "zorbatinib"))
    names = [f"drug{c * 3}".replace("drug", "tide") for c in "abcdefgh"]
    a, b, c = swap_drugs([first, second, third], names, random.Random(3))
    texts = [[p.text[e.start : e.end] for e in p.entities] for p in (a, b, c)]
    new = texts[1][0]
    assert new in names
    assert texts[0][0] == new.capitalize() and texts[0][1] == "placebo" and texts[0][2] in names
    assert texts[1][1:] == ["20 mg", "moon sarcoma"]
    assert c == third  # a drug inside another span is left
    assert a.text == f"{new.capitalize()} and placebo with {texts[0][2]}"


def test_short_and_odd_drug_names_are_left() -> None:
    p = passage("5-FU, T-DXd and saline", ("DRUG", "5-FU"), ("DRUG", "T-DXd"))
    assert swap_drugs([p], ["tide"], random.Random(0)) == [p]
