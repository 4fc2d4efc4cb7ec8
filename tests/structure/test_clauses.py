"""Clauses mean what the criteria's trees mean: checked on every way in which the facts may be."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.schema import Extraction, Logic
from oncogloss.structure.clauses import clauses_of
from oncogloss.structure.notation import read_logic
from structure.hand import Hand
from structure.test_notation import holds, trees


def asked(side: str, logic: str) -> list[list[str]]:
    """The clauses of one criterion, a forbidden fact as "-1"."""
    found = clauses_of(Hand().text("eligibility", "x").asks("c1", side, "x", logic).extraction)
    return [[("" if one.holds else "-") + one.mention for one in clause] for clause in found]


@pytest.mark.parametrize(
    ("side", "logic", "clauses"),
    [
        ("inc", "(all 1 2)", [["1"], ["2"]]),
        ("inc", "(any 1 (not 2))", [["1", "-2"]]),
        ("exc", "(any 1 2)", [["-1"], ["-2"]]),
        ("exc", "(all 1 2)", [["-1", "-2"]]),
        ("inc", "(any 1 (all 2 3))", [["1", "2"], ["1", "3"]]),
        ("inc", "(if 1 2)", [["-1", "2"]]),
        ("exc", "(if 1 2)", [["1"], ["-2"]]),
        ("inc", "(at-least 2 1 2 3)", []),
        ("inc", "(at-least 1 1 2)", [["1", "2"]]),
        ("inc", "(all 1 (at-least 2 2 3 4))", [["1"]]),
        ("inc", "(any 1 (at-least 2 2 3 4))", []),
    ],
)
def test_by_hand(side: str, logic: str, clauses: list[list[str]]) -> None:
    assert asked(side, logic) == clauses


LOGIC = st.recursive(st.sampled_from(["1", "2", "3", "4"]).map(read_logic), trees, max_leaves=6)


@given(LOGIC, st.sampled_from(["inc", "exc"]))
def test_who_fulfils_a_criterion_fulfils_its_clauses(logic: Logic, side: str) -> None:
    extraction: Extraction = Hand().text("eligibility", "x").asks("c9", side, "x", "1").extraction
    criterion = extraction.criteria[0].model_copy(update={"logic": logic})
    clauses = clauses_of(extraction.model_copy(update={"criteria": (criterion,)}))
    for values in product([True, False], repeat=4):
        truth = dict(zip("1234", values, strict=True))
        if holds(logic, truth) == (side == "inc"):
            assert all(any(truth[one.mention] == one.holds for one in clause) for clause in clauses)


def test_a_sub_criterion_counts_where_it_is_named_and_by_its_side() -> None:
    hand = Hand().text("eligibility", "a b c").asks("c1", "inc", "a", "(any c2 c3)")
    hand.asks("c2", "inc", "b", "1").asks("c3", "exc", "c", "2")
    (clause,) = clauses_of(hand.extraction)
    assert [(one.mention, one.holds, one.criterion) for one in clause] == [("1", True, "c2"), ("2", False, "c3")]


def test_an_exception_is_remembered() -> None:
    ((one,),) = clauses_of(Hand().text("eligibility", "x").asks("c1", "exc", "x", "(except 1 2)").extraction)
    assert (one.mention, one.holds, one.spared) == ("1", False, True)
