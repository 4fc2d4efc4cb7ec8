"""Definitions of short forms, on invented sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.concepts.definitions import MIN_SCORE, definitions


def pairs(text: str) -> list[tuple[str, str]]:
    return [(text[d.short_start : d.short_end], text[d.long_start : d.long_end]) for d in definitions(text)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The endpoint is moon-free survival (MFS).", [("MFS", "moon-free survival")]),
        ("All had TFD (tidal fever of the deep).", [("TFD", "tidal fever of the deep")]),
        ("Lunar growth factor receptor (LGFR; grey) was measured.", [("LGFR", "Lunar growth factor receptor")]),
        ("The odds (crater mass index [CMI] of 27 or more) rose.", [("CMI", "crater mass index")]),
        ("Some had tidal disorder (moon lymphatic disorder, MLD).", [("MLD", "moon lymphatic disorder")]),
        ("We used three-dimensional conformal lighting (3D-CL).", [("3D-CL", "three-dimensional conformal lighting")]),
        ("Patients with deep vein tides (DVTs) were left out.", [("DVTs", "deep vein tides")]),
        ("Dose fell. Lunar rover time (LRT) rose.", [("LRT", "Lunar rover time")]),
    ],
)
def test_what_a_bracket_defines(text: str, wanted: list[tuple[str, str]]) -> None:
    assert pairs(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "()",
        "( [ ) ]",
        "Nobody knows (see below) what zorbatinib (20 mg) does.",
        "Half of them (n = 20) slept (yes or no).",
        "Nothing here (XQZ) fits.",
        "Moon sarcoma\n(MS) on another line.",
        "The tide rose. (TR) stands alone.",
    ],
)
def test_what_defines_nothing(text: str) -> None:
    assert pairs(text) == []


def test_definitions_come_with_their_places_in_a_long_text() -> None:
    filler = "The tide (see table 2) was high; the moon (full) was not. " * 2000
    text = f"{filler}Moon-free survival (MFS) is counted. {filler}"
    (found,) = (d for d in definitions(text) if text[d.short_start : d.short_end] == "MFS")
    assert text[found.long_start : found.long_end] == "Moon-free survival"
    assert found.short_start == len(filler) + len("Moon-free survival (")


def test_deep_and_unclosed_brackets_are_read_in_no_time() -> None:
    assert definitions("(" * 50_000) == []
    assert definitions("(a" * 20_000 + ")" * 20_000) is not None
    assert definitions("a" * 20_000 + " (a)") == []


PIECES = [
    "moon sarcoma",
    "MS",
    "(MS)",
    "(",
    ")",
    "[",
    "]",
    "3D",
    "three",
    "İ",
    "ß",
    "s",
    "-",
    "; ",
    ", ",
    ". T",
    "\n",
    " ",
]


@given(st.one_of(st.text(max_size=120), st.lists(st.sampled_from(PIECES), max_size=25).map("".join)))
def test_any_text(text: str) -> None:
    """Offsets lie in the text, short and long form do not meet, and the letters of the short form stand in order in
    the long one (digits and the s of a plural may be missing)."""
    for d in definitions(text):
        assert 0 <= d.short_start < d.short_end <= len(text) and 0 <= d.long_start < d.long_end <= len(text)
        assert d.short_end <= d.long_start or d.long_end <= d.short_start
        assert MIN_SCORE <= d.score <= 1
        short, long = text[d.short_start : d.short_end], text[d.long_start : d.long_end]
        assert short == short.strip() and long == long.strip() and len(short) < len(long)
        letters = [c.lower()[0] for c in short if c.isalpha()]
        rest = iter("".join(c.lower()[0] for c in long))
        assert all(letter in rest for letter in (letters[:-1] if letters[-1] == "s" else letters))
