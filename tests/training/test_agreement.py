"""Agreement: a name's other occurrences nearby decide where its own score does not; those far off have no say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.training.agreement import FLOOR, REACH, SHARE, Candidate, agreeing, chosen
from oncogloss.training.sentences import Text


def read(*logits: float | None) -> tuple[list[list[Candidate]], list[Text]]:
    """A text a logit, each naming Lunamab; None: no candidate there."""
    found = [[] if logit is None else [Candidate("DRUG", 0, 7, logit)] for logit in logits]
    return found, [Text("Lunamab helps.", ())] * len(logits)


def test_sure_neighbours_lift_a_name_and_unread_ones_sink_it() -> None:
    lifted = agreeing(*read(-1.0, 4.0))
    assert lifted[0][0].logit == -1.0 + SHARE * 4.0 and lifted[1][0].logit == 4.0 + SHARE * -1.0
    sunk = agreeing(*read(1.0, None, None))
    assert sunk[0][0].logit == pytest.approx(1.0 + SHARE * 2 * FLOOR / 2**0.5)


def test_case_does_not_part_names_and_words_within_words_are_none() -> None:
    texts = [Text("lunamab", ()), Text("LUNAMAB", ()), Text("lunamabs", ())]
    found = [[Candidate("DRUG", 0, 7, -1.0)], [Candidate("DRUG", 0, 7, 4.0)], []]
    assert agreeing(found, texts)[0][0].logit == -1.0 + SHARE * 4.0


def test_a_short_form_and_its_long_form_are_one_name() -> None:
    texts = [Text("Oral lunamab acetate (LA) was given.", ()), Text("LA helped.", ())]
    found = [[Candidate("DRUG", 5, 20, 4.0), Candidate("DRUG", 22, 24, 2.0)], [Candidate("DRUG", 0, 2, -1.0)]]
    assert agreeing(found, texts)[1][0].logit == pytest.approx(-1.0 + SHARE * 6.0 / 2**0.5)
    apart = [Text("Oral lunamab acetate, LA, was given.", ()), texts[1]]
    assert agreeing(found, apart)[1][0].logit == -1.0 + SHARE * 2.0


def test_an_occurrence_within_a_longer_name_that_is_found_says_nothing() -> None:
    texts = [Text("Lunamab acetate", ()), Text("Lunamab", ())]
    longer = Candidate("DRUG", 0, 15, 3.0)
    alone = [Candidate("DRUG", 0, 7, 1.0)]
    assert agreeing([[longer], alone], texts)[1] == alone
    assert agreeing([[longer._replace(logit=-1.0)], alone], texts)[1][0].logit == 1.0 + SHARE * FLOOR
    assert agreeing([[longer._replace(label="CODE")], alone], texts)[1][0].logit == 1.0 + SHARE * FLOOR


def test_another_label_or_a_far_text_says_nothing() -> None:
    found, texts = read(-1.0, 4.0)
    assert agreeing([found[0], [found[1][0]._replace(label="CODE")]], texts)[0][0].logit == -1.0 + SHARE * FLOOR
    far, texts = read(-1.0, *[None] * REACH, 4.0)
    assert agreeing(far, [texts[0], *[Text("-", ())] * REACH, texts[0]]) == far


@given(st.lists(st.floats(FLOOR, 20), min_size=1, max_size=1), st.integers(0, 5))
def test_a_name_that_stands_once_keeps_its_score(logits: list[float], others: int) -> None:
    found, texts = read(*logits)
    assert agreeing([*found, *[[]] * others], [*texts, *[Text("It helps.", ())] * others])[: len(found)] == found


@pytest.mark.parametrize(("nested", "kept"), [(True, {("A", 1, 5), ("B", 2, 4)}), (False, {("A", 1, 5)})])
def test_the_best_is_taken_first(nested: bool, kept: set[tuple[str, int, int]]) -> None:
    candidates = [
        Candidate("A", 3, 6, 1.0),
        Candidate("B", 2, 4, 2.0),
        Candidate("A", 1, 5, 3.0),
        Candidate("B", 8, 9, 0),
    ]
    assert chosen(candidates, nested=nested) == kept
