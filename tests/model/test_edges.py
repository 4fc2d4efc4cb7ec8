"""Where criteria end: the next one's bullet or number goes, the criterion's own words stay."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.model.edges import criterion_end, is_bare


def ended(text: str, rest: str = "Moon sarcoma", named: int = 0) -> str:
    """The criterion that begins a text, where `rest` is the next one."""
    return text[: criterion_end(text + rest, 0, len(text), named)]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Age 18\n* ", "Age 18"),
        ("Age 18\n\n  2. ", "Age 18"),
        ("Age 18\n   o ", "Age 18"),
        ("Age 18\n  (ii) ", "Age 18"),
        ("Age 18\n* 2\\. ", "Age 18"),
        ("Age 18\n2\\. ", "Age 18"),
        ("Age 18\n5.2 ", "Age 18"),
        ("Age 18\nMOON-1 Version 3.0 Page 41 of 120\nCONFIDENTIAL\n4. ", "Age 18"),
        ("Nursing mothers. o ", "Nursing mothers."),
        ("Fever at the first visit. 2. ", "Fever at the first visit."),
        ("Fever at the first visit; (2) ", "Fever at the first visit;"),
        ("Fever at the first visit; and (2)\t", "Fever at the first visit; and"),
        ("Fever at the first visit. b) ", "Fever at the first visit."),
        ("Fever at the first visit.  • ", "Fever at the first visit."),
        ("ECOG 0-2. 3. ", "ECOG 0-2."),
        ("ECOG of at most 2. 3. ", "ECOG of at most 2."),
        ("Hepatitis B. 3. ", "Hepatitis B."),
        ("Pulse (at rest) above 60. 4) ", "Pulse (at rest) above 60."),
    ],
)
def test_what_belongs_to_the_next_item_goes(text: str, kept: str) -> None:
    assert ended(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "ECOG: 2.",
        "Tumor of stage 2.",
        "Pulse ≤ 2.",
        "Takes vitamin E.",
        "Takes vit. E.",
        "Known hepatitis B.",
        "Known hepatitis A; B.",
        "Diabetes of type I or II.",
        "Diabetes of type I; II)",
        "ECOG 0; 1; 2.",
        "As in amendment no. 2.",
        "As told (grade at worst. 2)",
        "Needs 2 o",
        "Age 18 - ",
        "Blood group o",
    ],
)
def test_words_of_the_criterion_stay(text: str) -> None:
    for following in (" ", "\n", "\n* "):
        assert ended(text.rstrip() + following) == text.rstrip()


def test_an_item_on_a_line_of_the_criterion_stays_where_the_next_begins_below() -> None:
    assert ended("Fever; cough. 2.\n") == "Fever; cough. 2."


def test_at_the_end_of_a_passage_no_item_follows() -> None:
    assert ended("Fever at the first visit. 2. ", rest="") == "Fever at the first visit. 2."


def test_what_a_mention_holds_stays() -> None:
    text = "Virus of the liver. B. "
    assert ended(text) == "Virus of the liver."
    assert ended(text, named=len(text) - 1) == text.strip()
    assert ended("Virus of the liver\nB.", named=len("Virus of the liver\nB")) == "Virus of the liver\nB."


@pytest.mark.parametrize("text", ["\\", "(5)", "6.", "o", "", "--", "* 2)", "b.", "(iv)", "1.2.", "3", "[4]", "•  "])
def test_bare(text: str) -> None:
    assert is_bare(text)


@pytest.mark.parametrize("text", ["> 8", "\\>= 8 weeks", "HIV", "5 mg", "MI", "18 years", "o Age", "(2) ECOG", "2 %"])
def test_not_bare(text: str) -> None:
    assert not is_bare(text)


PIECES = st.sampled_from(
    [
        "fever",
        "HIV",
        "B",
        "o",
        "2",
        "(2)",
        "2.",
        "b)",
        ".",
        ";",
        ". ",
        "; ",
        " ",
        "\n",
        "\n* ",
        "•",
        "(",
        ")",
        "and",
        "-",
    ]
)


@given(st.lists(PIECES, min_size=1, max_size=12).map("".join), st.sampled_from(["", "Age"]), st.data())
def test_only_blanks_and_one_item_go_and_never_a_mention(text: str, rest: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    named = data.draw(st.integers(start, len(text[start:].rstrip()) + start))
    end = criterion_end(text + rest, start, len(text), named)
    assert start <= end <= len(text) and named <= end
    gone = text[end:]
    assert gone.strip() == "" or is_bare(gone)
    assert end == start or not text[end - 1].isspace()


def test_a_long_run_without_blanks_is_read_fast() -> None:
    began = time.perf_counter()
    ended("x;" * 100_000 + " ")
    assert time.perf_counter() - began < 1
