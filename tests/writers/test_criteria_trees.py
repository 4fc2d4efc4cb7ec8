"""Plain logic says the same as the logic it is made of; words and sub-criteria are found."""

from __future__ import annotations

from clinical import DOCUMENT, EXTRACTION
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.schema import Logic
from oncogloss.structure.notation import read_logic, write_logic
from oncogloss.writers.criteria import Criteria, facts, one_line, signed, spelled_out

LEAVES = st.sampled_from("abcd").map(lambda id_: Logic(op="fact", mention=id_))


def grown(parts: st.SearchStrategy[Logic]) -> st.SearchStrategy[Logic]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Logic, op=st.sampled_from(["all", "any", "except"]), parts=several),
        st.builds(Logic, op=st.just("not"), parts=st.tuples(parts)),
        st.builds(Logic, op=st.just("if"), parts=st.tuples(parts, parts)),
        st.builds(Logic, op=st.just("at_least"), n=st.integers(1, 2), parts=several),
    )


def holds(logic: Logic, true: frozenset[str]) -> bool:
    parts = [holds(part, true) for part in logic.parts]
    return {
        "fact": lambda: logic.mention in true,
        "all": lambda: all(parts),
        "any": lambda: any(parts),
        "not": lambda: not parts[0],
        "if": lambda: not parts[0] or parts[1],
        "except": lambda: parts[0] and not any(parts[1:]),
        "at_least": lambda: sum(parts) >= (logic.n or 0),
    }[logic.op]()


def is_plain(logic: Logic) -> bool:
    if logic.op in ("fact", "except"):
        return True
    if logic.op == "not":
        return logic.parts[0].op in ("fact", "except")
    return logic.op in ("all", "any", "at_least") and all(map(is_plain, logic.parts))


@given(st.recursive(LEAVES, grown, max_leaves=8), st.frozensets(st.sampled_from("abcd")), st.booleans())
def test_signed_logic_says_the_same(logic: Logic, true: frozenset[str], negate: bool) -> None:
    plain = signed(logic, negate=negate)
    assert is_plain(plain)
    assert holds(plain, true) == (holds(logic, true) != negate)


@given(st.lists(LEAVES, min_size=2, max_size=4), st.frozensets(st.sampled_from("abcd")))
def test_an_exception_spelled_out_says_the_same(parts: list[Logic], true: frozenset[str]) -> None:
    logic = Logic(op="except", parts=tuple(parts))
    assert holds(spelled_out(logic), true) == holds(logic, true)


def test_sub_criteria_speak_through_their_parent() -> None:
    criteria = Criteria(DOCUMENT, EXTRACTION)
    roots = [c.id for c in criteria.roots()]
    assert roots == [f"c{i}" for i in range(1, 11)]
    whole = criteria.whole(criteria.by_id["c10"])
    assert whole is not None and write_logic(whole) == "(any m18 m19)"


def test_an_exclusion_under_an_inclusion_is_turned_round() -> None:
    parent = EXTRACTION.criteria[9].model_copy(update={"side": "inc"})
    changed = (*EXTRACTION.criteria[:9], parent, *EXTRACTION.criteria[10:])
    criteria = Criteria(DOCUMENT, EXTRACTION.model_copy(update={"criteria": changed}))
    whole = criteria.whole(parent)
    assert whole is not None and write_logic(whole) == "(any (not m18) (not m19))"


def test_criteria_that_go_round_in_a_circle_end() -> None:
    first = EXTRACTION.criteria[0].model_copy(update={"logic": read_logic("(all c2 m1)")})
    second = EXTRACTION.criteria[1].model_copy(update={"logic": read_logic("(any c1 m4)")})
    criteria = Criteria(DOCUMENT, EXTRACTION.model_copy(update={"criteria": (first, second)}))
    whole = criteria.whole(first)
    assert whole is not None and [f.mention or f.criterion for f in facts(whole)] == ["c1", "m4", "m1"]


def test_a_mention_says_what_narrows_it() -> None:
    criteria = Criteria(DOCUMENT, EXTRACTION)
    assert criteria.said(criteria.mentions["m4"]) == "Age (18 years or older)"


@given(st.text())
def test_one_line_is_one_printable_line(text: str) -> None:
    line = one_line(text)
    assert line.isprintable() and line == " ".join(line.split(" ")).strip()
