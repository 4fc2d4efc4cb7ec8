"""Contradictions are flagged, and what only looks like one is not."""

from __future__ import annotations

import pytest

from oncogloss.schema import Coverage, Flag, Registry
from oncogloss.structure.flags import flags_of
from structure.hand import Hand, marker


def flags(hand: Hand) -> list[Flag]:
    return list(flags_of(hand.document, hand.extraction))


def aged(registry: Registry, operator: str, value: float, side: str = "inc", **more: object) -> Hand:
    hand = Hand(registry=registry).text("eligibility", "Age").mark("a", "MEASURE", "Age")
    return hand.asks("c1", side, "Age", "a", "demographic").compares("c1", "a", operator, value, "a", **more)


ADULT = Registry(minimum_age="18 Years", maximum_age="75 Years")


@pytest.mark.parametrize(
    ("operator", "value", "side", "more"),
    [(">=", 16, "inc", {}), ("<=", 80, "inc", {}), ("range", 18, "inc", {"high": 70.0}), ("<", 16, "exc", {})],
)
def test_an_age_that_is_not_the_registrys(operator: str, value: float, side: str, more: dict[str, float]) -> None:
    (flag,) = flags(aged(ADULT, operator, value, side, **more))
    assert (flag.kind, flag.mentions, flag.criteria) == ("age", ("a",), ("c1",))
    assert "75 Years" in flag.message or "18 Years" in flag.message


@pytest.mark.parametrize(
    ("operator", "value", "side", "more"),
    [
        (">=", 18, "inc", {}),
        (">", 17, "inc", {}),
        ("<", 76, "inc", {}),
        ("<", 18, "exc", {}),
        (">=", 1.18, "inc", {}),
        (">=", 16, "inc", {"condition": "in Japan"}),
    ],
)
def test_an_age_that_may_be_the_registrys(operator: str, value: float, side: str, more: dict[str, str]) -> None:
    assert flags(aged(ADULT, operator, value, side, **more)) == []


def test_ages_of_several_groups_are_no_contradiction() -> None:
    hand = aged(ADULT, ">=", 16)
    assert flags(hand.compares("c1", "a", ">=", 18, "a")) == []


def sexed(sex: str, text: str, words: str) -> Hand:
    hand = Hand(registry=Registry(sex=sex)).text("eligibility", text).mark("a", "POPULATION", words)
    return hand.asks("c1", "inc", text, "a", "demographic")


def test_a_sex_that_is_not_the_registrys() -> None:
    (flag,) = flags(sexed("all", "* Female patients with moon sarcoma", "Female patients"))
    assert (flag.kind, flag.message) == (
        "sex", "The registry's sex is all, but a criterion asks for female participants."
    )  # fmt: skip
    assert [f.kind for f in flags(sexed("male", "Women", "Women"))] == ["sex"]


@pytest.mark.parametrize(
    ("sex", "text", "words"),
    [
        ("female", "Women", "Women"),
        ("", "Women", "Women"),
        ("all", "Women or men", "Women"),
        ("all", "Partners of men", "men"),
        ("male", "Women of childbearing potential", "Women of childbearing potential"),
    ],
)
def test_a_sex_that_may_be_the_registrys(sex: str, text: str, words: str) -> None:
    assert flags(sexed(sex, text, words)) == []


def titled(title: str, state: str, logic: str = "a", side: str = "inc", asked: str = "positive") -> Hand:
    hand = Hand().text("brief_title", title).mark("t", "BIOMARKER", title, concept=marker("HER9", state))
    hand.text("eligibility", "HER9 so MOON1").mark("a", "BIOMARKER", "HER9 so", concept=marker("HER9", asked))
    hand.mark("b", "BIOMARKER", "MOON1", concept=marker("MOON1", "mutation"))
    return hand.asks("c1", side, "HER9 so MOON1", logic, "biomarker")


def test_a_marker_that_is_the_opposite_of_the_titles() -> None:
    (flag,) = flags(titled("HER9-negative", "negative"))
    assert (flag.kind, flag.mentions) == ("biomarker", ("t", "a"))
    assert flag.message == "The title says HER9 negative, but a criterion asks for HER9 positive."


def test_a_marker_that_goes_with_the_title() -> None:
    assert flags(titled("HER9+", "positive")) == []
    assert flags(titled("HER9-negative", "negative", logic="(any a b)")) == []
    assert flags(titled("HER9-negative", "negative", side="exc")) == []


def both(first: str, second: str, type_: str, category: str, **more: object) -> Hand:
    """The same thing required by the first and excluded by the second line."""
    hand = Hand().text("eligibility", f"{first}\n{second}")
    hand.mark("a", type_, "lunamab", *more.get("attributes", ())).mark("b", type_, "lunamab", "hist", nth=1)
    hand.asks("c1", "inc", first, str(more.get("inc", "a")), category)
    return hand.asks("c2", "exc", second, str(more.get("exc", "b")), *more.get("categories", (category,)))


PRIOR = {"type_": "DRUG", "category": "prior_therapy", "attributes": ("hist",)}


def test_what_is_required_and_excluded() -> None:
    (flag,) = flags(both("Prior lunamab", "Previous lunamab", **PRIOR))
    assert (flag.kind, flag.message) == ("prior_treatment", "lunamab is both required and excluded.")
    assert (flag.mentions, flag.criteria) == (("a", "b"), ("c1", "c2"))
    assert [f.kind for f in flags(both("lunamab", "known lunamab", "BIOMARKER", "biomarker"))] == ["biomarker"]


def test_what_is_required_and_excluded_only_in_part() -> None:
    pair = ("Prior lunamab, tidal", "Previous lunamab, tidal")
    assert flags(both(*pair, **PRIOR | {"exc": "(except b t)"})) == []
    assert flags(both(*pair, **PRIOR | {"exc": "(all b t)"})) == []
    assert flags(both(*pair, **PRIOR | {"inc": "(any a t)"}).mark("t", "DRUG", "tidal")) == []
    assert flags(both(*pair, **PRIOR | {"categories": ("prior_therapy", "washout")})) == []
    assert flags(both(*pair, **PRIOR | {"attributes": ()})) == []
    timed = both("Prior lunamab", "Previous lunamab within a week", **PRIOR).mark("w", "TIME", "within a week")
    assert flags(timed.relate("HAS_TIME b w")) == []


def counted(exclusion: str, value: float, **more: object) -> Hand:
    hand = (
        Hand().text("eligibility", "ANC high\nANC low").mark("a", "MEASURE", "ANC").mark("b", "MEASURE", "ANC", nth=1)
    )
    hand.asks("c1", "inc", "ANC high", "a", "lab").asks("c2", "exc", "ANC low", "b", "lab")
    return hand.compares("c1", "a", ">=", 1.5, "10*9/L").compares("c2", "b", exclusion, value, "10*9/L", **more)


@pytest.mark.parametrize(("operator", "value"), [(">", 1.0), (">=", 1.5), (">=", 1.0)])
def test_a_window_that_nobody_passes(operator: str, value: float) -> None:
    (flag,) = flags(counted(operator, value))
    assert (flag.kind, flag.mentions, flag.criteria) == ("threshold", ("a", "b"), ("c1", "c2"))
    assert flag.message.startswith("No ANC meets both criteria: included >= 1.5 10*9/L and excluded ")


@pytest.mark.parametrize(
    ("operator", "value", "more"),
    [("<", 1.5, {}), ("<", 2.0, {}), (">", 1.5, {}), (">", 1.0, {"condition": "in children"}), ("=", 1.0, {})],
)
def test_a_window_that_somebody_may_pass(operator: str, value: float, more: dict[str, str]) -> None:
    assert flags(counted(operator, value, **more)) == []


def test_a_criterion_with_several_thresholds_of_a_measure_is_left_alone() -> None:
    assert flags(counted(">", 1.0).compares("c2", "b", "<", 9.0, "10*9/L")) == []


def test_nothing_found_is_no_contradiction() -> None:
    assert flags(Hand().text("text", "Moon.")) == []


@pytest.mark.parametrize(
    ("title", "phases", "flagged"),
    [
        ("A Phase III Study of Lunamab", ("PHASE2",), True),
        ("A phase 2 randomised, double-blind trial", ("PHASE3",), True),
        ("A Phase 1b/2 Study of Lunamab", ("PHASE1", "PHASE2"), False),
        ("A Phase IIa Study of Lunamab", ("PHASE2",), False),
        ("A Phase I Study of Lunamab", ("EARLY_PHASE1",), False),
        ("Lunamab after the phase 3 tides", ("PHASE2",), False),
        ("A Phase III Study of Lunamab", (), False),
    ],
)
def test_a_phase_that_is_not_the_registrys(title: str, phases: tuple[str, ...], flagged: bool) -> None:
    hand = Hand(registry=Registry(phases=phases)).text("official_title", title)
    assert [f.kind for f in flags(hand)] == ["phase"] * flagged


def test_what_is_not_wholly_understood_contradicts_nothing() -> None:
    text = "* Prior lunamab\n* No benefit of prior lunamab"
    hand = (
        Hand()
        .text("eligibility", text)
        .mark("a", "DRUG", "lunamab", "hist")
        .mark("b", "DRUG", "lunamab", "hist", nth=1)
    )
    hand.asks("c1", "inc", "Prior lunamab", "a", "prior_therapy")
    hand.asks("c2", "exc", "No benefit of prior lunamab", "b", "prior_therapy")
    assert [f.kind for f in flags(hand)] == ["prior_treatment"]
    left = Coverage(
        passage="eligibility", start=18, end=len(text), status="partly", reason="", lacks=("words",), decisive=True
    )
    unsure = hand.extraction.model_copy(update={"coverage": (left,)})
    assert flags_of(hand.document, unsure) == ()
