"""Quantities by pattern and attributes by trigger words, on sentences of our own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.evaluation.rules import attributes, quantities


@pytest.mark.parametrize(
    ("text", "type_", "words"),
    [
        ("Zorbatinib 20 mg/m2 is given", "DOSE", "20 mg/m2"),
        ("taken by mouth", "ROUTE", "by mouth"),
        ("once daily with food", "SCHEDULE", "once daily"),
        ("infused every 3 weeks", "SCHEDULE", "every 3 weeks"),
        ("Platelets ≥ 100 x 10^9/L", "VALUE", "≥ 100 x 10^9/L"),
        ("Age 18 years or older", "VALUE", "18 years or older"),
        ("no surgery within 4 weeks before study entry", "TIME", "within 4 weeks before study entry"),
        ("stage IIIB moon sarcoma", "STAGE", "stage IIIB"),
    ],
)
def test_a_quantity_is_found_with_its_ends(text: str, type_: str, words: str) -> None:
    start = text.index(words)
    assert (type_, start, start + len(words)) in set(quantities(text))


def test_words_without_quantities_give_none() -> None:
    assert list(quantities("Patients with moon sarcoma who agree to take part")) == []


@given(st.text(alphabet="0123456789 mgxL^≥</-stage IVB", max_size=80))
def test_what_is_found_lies_in_the_text(text: str) -> None:
    assert all(0 <= start < end <= len(text) for _, start, end in quantities(text))


def said(text: str, name: str) -> set[str]:
    start = text.index(name)
    return {attribute for _, attribute in attributes(text, [("p", start, start + len(name), "CONDITION")])}


def test_a_trigger_holds_to_the_end_of_its_clause_and_not_before_itself() -> None:
    assert said("No history of tide fever or rash", "rash") == {"neg", "hist"}
    assert said("No tide fever; rash is allowed", "rash") == set()
    assert said("Rash, not treated", "Rash") == set()
    assert said("Any cancer other than crater carcinoma", "crater carcinoma") == {"exc"}
