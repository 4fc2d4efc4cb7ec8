"""The scorer, which everything else is judged by: hand counts, properties, and a second scorer that agrees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.evaluation.metrics import (
    Facts,
    Score,
    Spot,
    criterion_scores,
    facts,
    macro_f1,
    merge,
    relation_scores,
    relaxed_scores,
    strict_scores,
    total,
)
from oncogloss.schema import Criterion, Mention, Relation

TYPES = ("CANCER", "DRUG", "GENE")


def spot(start: int, end: int, type_: str = "CANCER", where: str = "d1") -> Spot:
    return (where, start, end, type_)


spots = st.sets(
    st.builds(
        lambda start, length, type_, where: spot(start, start + length, type_, where),
        st.integers(0, 12),
        st.integers(1, 5),
        st.sampled_from(TYPES),
        st.sampled_from(("d1", "d2")),
    ),
    max_size=12,
)


def second_scorer(found: set[Spot], wanted: set[Spot]) -> tuple[float, float, float]:
    """Strict micro precision, recall and F1, written apart from the package: it walks sorted lists, no sets."""
    a, b = sorted(found), sorted(wanted)
    i = j = right = 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            right, i, j = right + 1, i + 1, j + 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    precision = right / len(a) if a else 0.0
    recall = right / len(b) if b else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if right else 0.0


def most_pairs(found: list[Spot], wanted: list[Spot]) -> int:
    """The most overlapping one-to-one pairs there can be (by search)."""
    if not found:
        return 0
    first, rest = found[0], found[1:]
    best = most_pairs(rest, wanted)
    for k, other in enumerate(wanted):
        if (first[0], first[3]) == (other[0], other[3]) and first[1] < other[2] and other[1] < first[2]:
            best = max(best, 1 + most_pairs(rest, wanted[:k] + wanted[k + 1 :]))
    return best


# by hand


def test_figures_follow_from_counts() -> None:
    score = Score(right=3, found=4, wanted=6)
    assert (score.precision, score.recall, score.f1) == (0.75, 0.5, 0.6)
    assert score + Score(1, 1, 1) == Score(4, 5, 7)


@pytest.mark.parametrize("score", [Score(), Score(0, 3, 0), Score(0, 0, 3)])
def test_nothing_right_is_nought(score: Score) -> None:
    assert (score.precision, score.recall, score.f1) == (0, 0, 0)


def test_empty_sets() -> None:
    for scores in (strict_scores, relaxed_scores):
        assert scores(set(), set()) == {}
        assert scores(set(), {spot(0, 3)}) == {"CANCER": Score(0, 0, 1)}
        assert scores({spot(0, 3)}, set()) == {"CANCER": Score(0, 1, 0)}
    assert total({}) == Score() and macro_f1({}) == 0.0
    assert criterion_scores({}, {}) == (Score(), 0.0, Score())


def test_two_types_on_one_span_are_two_spans() -> None:
    """The case that a well-known scorer counts as precision 1.00 (docs of the design, "what the anchors get wrong")."""
    wanted = {spot(0, 4, "GENE"), spot(0, 9, "DRUG")}
    found = {spot(0, 4, "GENE"), spot(0, 9, "DRUG"), spot(0, 4, "CANCER")}
    scores = strict_scores(found, wanted)
    assert scores == {"CANCER": Score(0, 1, 0), "DRUG": Score(1, 1, 1), "GENE": Score(1, 1, 1)}
    assert total(scores).precision == pytest.approx(2 / 3)
    assert total(relaxed_scores(found, wanted)) == Score(2, 3, 2)


def test_nested_spans_count_each() -> None:
    wanted = {spot(0, 14, "DRUG"), spot(0, 5, "GENE")}
    assert strict_scores({spot(0, 14, "DRUG"), spot(0, 6, "GENE")}, wanted) == {
        "DRUG": Score(1, 1, 1),
        "GENE": Score(0, 1, 1),
    }
    assert relaxed_scores({spot(0, 14, "DRUG"), spot(0, 6, "GENE")}, wanted)["GENE"] == Score(1, 1, 1)


def test_where_a_span_stands_matters() -> None:
    assert total(strict_scores({spot(0, 3, where="d1")}, {spot(0, 3, where="d2")})) == Score(0, 1, 1)
    assert total(relaxed_scores({spot(0, 3, where="d1")}, {spot(0, 3, where="d2")})) == Score(0, 1, 1)


def test_a_mention_found_twice_counts_once() -> None:
    mentions = [
        Mention(id=f"m{i}", passage="text", start=0, end=3, text="MDS", type="CANCER", score=0.9, attributes=("neg",))
        for i in range(2)
    ]
    found = facts("d1", mentions, [], [])
    assert found.entities == {(("d1", "text"), 0, 3, "CANCER")}
    assert found.attributes == {((("d1", "text"), 0, 3, "CANCER"), "neg")}


def test_relaxed_matching_is_one_to_one() -> None:
    one, two = {spot(0, 10)}, {spot(0, 4), spot(5, 10)}
    assert total(relaxed_scores(two, one)) == Score(1, 2, 1)
    assert total(relaxed_scores(one, two)) == Score(1, 1, 2)


def test_relaxed_matching_leaves_exact_matches_exact() -> None:
    found, wanted = {spot(0, 4), spot(2, 9)}, {spot(2, 9), spot(8, 12)}
    assert total(relaxed_scores(found, wanted)) == Score(1, 2, 2)
    found, wanted = {spot(0, 4), spot(0, 20)}, {spot(0, 4), spot(18, 20)}
    assert total(relaxed_scores(found, wanted)) == Score(2, 2, 2)  # not: the long one takes what the short one is


def test_touching_spans_do_not_overlap() -> None:
    assert total(relaxed_scores({spot(0, 4)}, {spot(4, 8)})) == Score(0, 1, 1)
    assert total(relaxed_scores({spot(0, 5)}, {spot(4, 8)})) == Score(1, 1, 1)
    assert total(relaxed_scores({spot(0, 5)}, {spot(4, 8, "DRUG")})) == Score(0, 1, 1)


def test_relations_need_both_spans_and_the_type() -> None:
    a, b, c = spot(0, 3, "DRUG"), spot(5, 9), spot(5, 8)
    wanted = {(a, b, "TREATS")}
    assert relation_scores({(a, b, "TREATS")}, wanted) == {"TREATS": Score(1, 1, 1)}
    for wrong in ((b, a, "TREATS"), (a, c, "TREATS"), (a, b, "ABBREV_OF")):
        assert total(relation_scores({wrong}, wanted)) == Score(0, 1, 1)


def test_criteria_are_compared_by_their_start() -> None:
    wanted = {("d1", 0): ("inc", ("disease", "stage")), ("d1", 9): ("exc", ("lab",)), ("d1", 20): ("inc", ("other",))}
    found = {("d1", 0): ("inc", ("disease",)), ("d1", 9): ("inc", ("lab", "other")), ("d1", 30): ("exc", ("lab",))}
    scores = criterion_scores(found, wanted)
    assert scores.starts == Score(2, 3, 3)
    assert scores.side_accuracy == 0.5
    assert scores.categories == Score(2, 3, 3)


def test_facts_name_the_document_and_passage() -> None:
    mentions = [
        Mention(id="m1", passage="text", start=0, end=3, text="abc", type="DRUG", score=0.9),
        Mention(id="m2", passage="text", start=4, end=6, text="de", type="CANCER", score=0.9),
    ]
    criterion = Criterion(id="c1", passage="text", start=0, end=6, side="inc", categories=("lab",), score=0.9)
    found = facts("d1", mentions, [Relation(type="TREATS", head="m1", tail="m2", score=0.9)], [criterion])
    drug, cancer = (("d1", "text"), 0, 3, "DRUG"), (("d1", "text"), 4, 6, "CANCER")
    assert found == Facts({drug, cancer}, set(), {(drug, cancer, "TREATS")}, {(("d1", "text"), 0): ("inc", ("lab",))})
    assert merge([found, found]) == found
    assert merge([]) == Facts(set(), set(), set(), {})


def test_macro_is_over_wanted_types() -> None:
    scores = {"DRUG": Score(1, 1, 1), "GENE": Score(0, 0, 1), "CANCER": Score(0, 5, 0)}
    assert macro_f1(scores) == 0.5


# properties


@given(spots)
def test_gold_against_itself_is_right(gold: set[Spot]) -> None:
    for scores in (strict_scores(gold, gold), relaxed_scores(gold, gold)):
        assert all(s.f1 == s.precision == s.recall == 1 for s in scores.values())
        assert total(scores) == Score(len(gold), len(gold), len(gold))


@given(spots.filter(bool), st.sampled_from(TYPES))
def test_one_wrong_span_more_lowers_precision(gold: set[Spot], type_: str) -> None:
    wrong = spot(90, 95, type_)
    for scores in (strict_scores, relaxed_scores):
        before, after = total(scores(gold, gold)), total(scores(gold | {wrong}, gold))
        assert after.precision < before.precision and after.recall == before.recall and after.f1 < before.f1


@given(spots.filter(bool), st.data())
def test_one_span_less_lowers_recall(gold: set[Spot], data: st.DataObject) -> None:
    fewer = gold - {data.draw(st.sampled_from(sorted(gold)))}
    for scores in (strict_scores, relaxed_scores):
        assert total(scores(fewer, gold)).recall < 1


@given(spots, spots)
def test_a_second_scorer_agrees(found: set[Spot], wanted: set[Spot]) -> None:
    score = total(strict_scores(found, wanted))
    assert (score.precision, score.recall, score.f1) == pytest.approx(second_scorer(found, wanted))


@given(spots, spots)
def test_types_add_up(found: set[Spot], wanted: set[Spot]) -> None:
    for scores in (strict_scores(found, wanted), relaxed_scores(found, wanted)):
        assert set(scores) == {s[3] for s in found | wanted}
        assert total(scores).found == len(found) and total(scores).wanted == len(wanted)
        assert all(s.right <= min(s.found, s.wanted) for s in scores.values())


small = spots.map(lambda s: set(sorted(s)[:6]))


@given(small, small)
def test_relaxed_lies_between_strict_and_the_best_matching(found: set[Spot], wanted: set[Spot]) -> None:
    strict, relaxed = total(strict_scores(found, wanted)).right, total(relaxed_scores(found, wanted)).right
    best = most_pairs(sorted(found), sorted(wanted))
    assert strict <= relaxed <= best <= 2 * relaxed  # greedy matching finds at least half of the best
    assert total(relaxed_scores(wanted, found)).right == relaxed or relaxed < best
