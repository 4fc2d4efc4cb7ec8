"""Logic as text: what is written is read again, and one meaning has one canonical form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.schema import Logic
from oncogloss.structure.notation import canonical, read_logic, write_logic

FACTS = st.sampled_from(["1", "2", "3", "c1", "c2"]).map(read_logic)


def trees(parts: st.SearchStrategy[Logic]) -> st.SearchStrategy[Logic]:
    """One more level of operators."""
    some = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(lambda op, p: Logic(op=op, parts=p), st.sampled_from(["all", "any"]), some),
        st.builds(lambda p: Logic(op="not", parts=(p,)), parts),
        st.builds(lambda n, p: Logic(op="at_least", n=n, parts=p), st.integers(1, 3), some),
        st.builds(lambda a, b: Logic(op="if", parts=(a, b)), parts, parts),
    )


LOGIC = st.recursive(FACTS, trees, max_leaves=8)


def holds(logic: Logic, truth: dict[str, bool]) -> bool:
    """The tree's value where each fact is known; `except` does not occur."""
    if logic.op == "fact":
        return truth[logic.criterion or logic.mention or ""]
    values = [holds(part, truth) for part in logic.parts]
    return {
        "all": lambda: all(values),
        "any": lambda: any(values),
        "not": lambda: not values[0],
        "at_least": lambda: sum(values) >= (logic.n or 0),
        "if": lambda: not values[0] or values[-1],
    }[logic.op]()


@given(LOGIC)
def test_what_is_written_is_read_again(logic: Logic) -> None:
    assert read_logic(write_logic(logic)) == logic


@given(LOGIC, st.lists(st.booleans(), min_size=5, max_size=5))
def test_the_canonical_form_means_the_same_and_stays(logic: Logic, values: list[bool]) -> None:
    truth = dict(zip(["1", "2", "3", "c1", "c2"], values, strict=True))
    same = canonical(logic)
    # at_least counts equal parts twice, and so does its canonical form
    assert holds(same, truth) == holds(logic, truth)
    assert canonical(same) == same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(all 1 (all 2 3))", "(all 3 2 1)"),
        ("(not (any 1 2))", "(all (not 2) (not 1))"),
        ("(not (not 1))", "(any 1)"),
        ("(except 1 3 2)", "(except 1 2 3)"),
        ("(all 1 1)", "1"),
    ],
)
def test_one_meaning_has_one_form(one: str, other: str) -> None:
    assert canonical(read_logic(one)) == canonical(read_logic(other))


def test_what_differs_stays_apart() -> None:
    forms = ["(all 1 2)", "(any 1 2)", "(except 1 2)", "(except 2 1)", "(if 1 2)", "(if 2 1)", "(at-least 2 1 2 3)"]
    assert len({canonical(read_logic(form)) for form in forms}) == len(forms)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(all 1 2", "ends too early"),
        ("1 2", "'2' after the end"),
        ("(both 1 2)", "'both' is none of all, any, not"),
        ("(not 1 2)", "'not' has 2 parts"),
        ("(if 1)", "'if' has 1 parts"),
        ("(at-least 1x 2)", "takes a number first"),
        (")", "where a part was expected"),
        ("", "ends too early"),
    ],
)
def test_what_is_no_logic_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_logic(text)
