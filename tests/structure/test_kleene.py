"""Three-valued logic: its laws, and what `except` makes of a patient's entries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.schema import Logic
from oncogloss.structure.kleene import Finding, Truth, at_least, conjoin, disjoin, evaluate, negate
from oncogloss.structure.notation import canonical, read_logic

TRUTHS = st.sampled_from([True, False, None])
LEAVES = st.sampled_from("123456").map(lambda name: Logic(op="fact", mention=name))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)).map(
            lambda made: Logic.model_validate({"op": made[0], "parts": made[1]})
        ),
        inner.map(lambda part: Logic(op="not", parts=(part,))),
        st.tuples(inner, inner).map(lambda parts: Logic(op="if", parts=parts)),
        st.tuples(st.integers(1, 3), st.lists(inner, min_size=1, max_size=3)).map(
            lambda made: Logic(op="at_least", n=made[0], parts=tuple(made[1]))
        ),
    ),
    max_leaves=8,
)
VALUES = st.fixed_dictionaries(dict.fromkeys("123456", TRUTHS))


def value(tree: Logic, truths: dict[str, Truth]) -> Truth:
    return evaluate(tree, lambda leaf: Finding(truths[leaf.mention or ""])).truth


@given(st.lists(TRUTHS))
def test_conjunction_and_disjunction_are_dual(values: list[Truth]) -> None:
    assert negate(conjoin(values)) == disjoin(map(negate, values))
    assert at_least(len(values), values) == conjoin(values)
    assert at_least(1, values) == disjoin(values)


@given(TREES, VALUES, VALUES)
def test_what_is_decided_stays_so_when_more_becomes_known(
    tree: Logic, truths: dict[str, Truth], more: dict[str, Truth]
) -> None:
    known = {name: more[name] if truth is None else truth for name, truth in truths.items()}
    before = value(tree, truths)
    assert before is None or value(tree, known) is before


@given(TREES, VALUES)
def test_known_facts_give_the_two_valued_answer(tree: Logic, truths: dict[str, Truth]) -> None:
    assert value(tree, {name: bool(truth) for name, truth in truths.items()}) is not None


@given(TREES, VALUES)
def test_the_canonical_form_says_the_same(tree: Logic, truths: dict[str, Truth]) -> None:
    if "at-least" not in str(tree) and "at_least" not in str(tree):
        assert value(canonical(tree), truths) is value(tree, truths)


def test_except_looks_for_an_entry_that_is_not_spared() -> None:
    tree = read_logic("(except 1 2)")

    def found(whole: Finding, spared: Finding) -> Truth:
        return evaluate(tree, lambda leaf: whole if leaf.mention == "1" else spared).truth

    def shown(truth: Truth, sure: str, possible: str) -> Finding:
        return Finding(truth, frozenset(sure), frozenset(possible), lists=frozenset({"diseases"}))

    assert found(shown(True, "ab", "ab"), shown(True, "a", "a")) is True
    assert found(shown(True, "a", "a"), shown(True, "a", "a")) is False
    assert found(shown(True, "a", "a"), shown(None, "", "a")) is None
    assert found(shown(True, "a", "a"), shown(False, "a", "a")) is True
    assert found(shown(None, "a", "a"), shown(False, "", "")) is None
    assert found(Finding(False), Finding(False)) is False
    assert found(Finding(None), Finding(False)) is None


@pytest.mark.parametrize("lists", [(), ("therapies",)])
@pytest.mark.parametrize(("spared", "truth"), [(True, False), (False, True), (None, None)])
def test_what_no_entry_of_the_whole_can_show_spares_it_where_it_holds(
    lists: tuple[str, ...], spared: Truth, truth: Truth
) -> None:
    ill = Finding(True, frozenset("a"), frozenset("a"), lists=frozenset({"diseases"}))
    other = Finding(spared, frozenset("t"), frozenset("t"), lists=frozenset(lists))
    found = evaluate(read_logic("(except 1 2)"), lambda leaf: ill if leaf.mention == "1" else other)
    assert found.truth is truth
