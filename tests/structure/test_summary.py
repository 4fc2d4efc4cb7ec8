"""The summary: what titles, arms and criteria say, by the logic of the criteria."""

from __future__ import annotations

import pytest

from oncogloss.schema import Coverage, Marker, Registry, Summary
from structure.hand import Hand, concept

pytest.importorskip("oncogloss.structure.quantities")
from oncogloss.structure.summary import summary_of
from oncogloss.structure.treatments import arms_of


def summary(hand: Hand) -> Summary:
    found = hand.extraction
    return summary_of(hand.document, found.model_copy(update={"arms": arms_of(hand.document, found)}))


def asked(text: str, side: str, logic: str, *categories: str, **marks: str) -> Hand:
    """A criterion of facts, `name="TYPE words"`."""
    hand = Hand().text("eligibility", text)
    for name, said in marks.items():
        type_, words = said.split(" ", 1)
        hand.mark(name, type_, words)
    return hand.asks("c1", side, text, logic, *categories)


def test_the_most_specific_cancers_with_their_stages() -> None:
    hand = Hand().text("brief_title", "Metastatic sarcoma")
    hand.mark("a", "STAGE", "Metastatic").mark("b", "CANCER", "sarcoma", concept=concept("X:1", "sarcoma"))
    hand.text("conditions", "Moon sarcoma\nCancer")
    hand.mark("c", "CANCER", "Moon sarcoma", concept=concept("X:2", "sarcoma of the moon", parents=("X:1",)))
    hand.mark("d", "CANCER", "Cancer")
    hand.text("eligibility", "stage III crater carcinoma, no tide cancer\nprior star cancer")
    hand.mark("e", "STAGE", "stage III").mark("f", "CANCER", "crater carcinoma").relate("HAS_STAGE f e")
    hand.mark("g", "CANCER", "tide cancer", "neg").mark("h", "CANCER", "star cancer")
    hand.asks("c1", "inc", "stage III crater carcinoma, no tide cancer", "(all f (not g))", "disease")
    hand.asks("c2", "exc", "prior star cancer", "h", "disease")
    found = summary(hand)
    assert found.cancers == ("sarcoma of the moon", "crater carcinoma")
    assert found.stages == ("metastatic", "stage III")


def test_experimental_arms_come_first() -> None:
    hand = Hand().entries("arms", ("active_comparator", "A", "tidal"), ("experimental", "B", "lunamab and tidal"))
    hand.mark("a", "DRUG", "tidal").mark("b", "DRUG", "lunamab").mark("c", "DRUG", "tidal", nth=1)
    assert summary(hand).treatments == ("lunamab", "tidal")


@pytest.mark.parametrize(
    ("side", "logic", "said"),
    [
        ("inc", "(any a b)", [("inc", ("MOON1 loss", "HER9+"))]),
        ("inc", "(all a b)", [("inc", ("MOON1 loss",)), ("inc", ("HER9+",))]),
        ("inc", "(not (any a b))", [("exc", ("MOON1 loss", "HER9+"))]),
        ("exc", "(any a b)", [("exc", ("MOON1 loss", "HER9+"))]),
        ("exc", "(all a b)", []),
        ("exc", "(not a)", [("inc", ("MOON1 loss",))]),
        ("inc", "(any a x)", []),
    ],
)
def test_markers_by_the_logic(side: str, logic: str, said: list[tuple[str, tuple[str, ...]]]) -> None:
    marks = {"a": "BIOMARKER MOON1 loss", "b": "BIOMARKER HER9+", "x": "CANCER sarcoma"}
    found = summary(asked("MOON1 loss, HER9+, sarcoma", side, logic, "biomarker", **marks)).biomarkers
    assert [(r.side, r.any_of) for r in found] == said
    assert all(r.criterion == "c1" for r in found)


def test_a_gene_with_its_cut_off() -> None:
    hand = asked("MOON1 of 5 %", "inc", "a", "lab", a="GENE MOON1", v="VALUE 5 %").relate("HAS_VALUE a v")
    assert [(r.any_of, r.mentions) for r in summary(hand).biomarkers] == [(("MOON1 5 %",), ("a",))]


def test_a_gene_that_stands_for_a_marker() -> None:
    marker = concept("X:1", "MOON1 loss", marker=Marker(genes=("MOON1",), state="deletion"))
    hand = Hand().text("eligibility", "MOON1").mark("a", "GENE", "MOON1", concept=marker)
    hand.asks("c1", "inc", "MOON1", "a", "disease")
    assert [r.any_of for r in summary(hand).biomarkers] == [("MOON1 loss",)]


def test_prior_treatments_and_washouts_are_kept_apart() -> None:
    text = "prior first-line lunamab for sarcoma or tidal within 4 weeks or surgery after the study for 3 weeks"
    marks = {
        "s": "SETTING first-line", "a": "DRUG lunamab", "c": "CANCER sarcoma", "b": "DRUG tidal",
        "t": "TIME within 4 weeks", "p": "PROCEDURE surgery", "u": "TIME after the study for 3 weeks",
    }  # fmt: skip
    hand = asked(text, "exc", "(any a b p)", "prior_therapy", **marks)
    found = summary(hand.relate("HAS_TIME b t", "HAS_TIME p u", "IN_SETTING a s", "TREATS a c"))
    assert [(r.side, r.any_of) for r in found.prior_treatments] == [("exc", ("first-line lunamab for sarcoma",))]
    assert found.washouts == ("tidal: within 4 weeks",)


def test_a_treatment_that_must_have_been_given_in_time_is_no_washout() -> None:
    hand = asked("tidal within 4 weeks", "inc", "a", "prior_therapy", a="DRUG tidal", t="TIME within 4 weeks")
    assert summary(hand.relate("HAS_TIME a t")).washouts == ()


def test_lines_of_title_and_criteria() -> None:
    hand = asked("2 prior therapies", "inc", "a", "line_of_therapy", a="DRUG_CLASS therapies", v="VALUE 2")
    hand.compares("c1", "a", "=", 2, "1")
    hand.relate("HAS_VALUE a v").text("brief_title", "Second-line lunamab").mark("s", "SETTING", "Second-line")
    assert summary(hand).lines == ("Second-line", "therapies: 2")


@pytest.mark.parametrize(
    ("side", "limits", "asked_for", "lines"),
    [
        ("inc", [("<=", 2)], [], ("tidal: ≤ 2",)),
        ("inc", [(">=", 2), ("<=", 4)], [("inc", ("tidal",))], ("tidal: 2 to 4",)),
        ("inc", [(">", 1)], [("inc", ("tidal",))], ("tidal: ≥ 2",)),
        ("inc", [("<", 3)], [], ("tidal: ≤ 2",)),
        ("inc", [("=", 0)], [], ("tidal: 0",)),
        ("exc", [(">", 3)], [], ()),
        ("exc", [(">=", 1)], [("exc", ("tidal",))], ()),
    ],
)
def test_a_count_is_no_name_and_its_maximum_no_requirement(
    side: str, limits: list[tuple[str, float]], asked_for: list[tuple[str, tuple[str, ...]]], lines: tuple[str, ...]
) -> None:
    hand = asked("two tidal", side, "a", "line_of_therapy", a="DRUG tidal", v="VALUE two").relate("HAS_VALUE a v")
    for operator, value in limits:
        hand.compares("c1", "a", operator, value, "1")
    found = summary(hand)
    assert ([(r.side, r.any_of) for r in found.prior_treatments], found.lines) == (asked_for, lines)


def test_a_requirement_says_that_its_criterion_is_not_understood() -> None:
    hand = asked("MOON1 loss", "inc", "a", "biomarker", a="BIOMARKER MOON1 loss")
    unsure = Coverage(
        passage="eligibility", start=0, end=10, status="partly", reason="", lacks=("case",), decisive=True
    )
    for coverage in ((), (unsure,)):
        found = summary_of(hand.document, hand.extraction.model_copy(update={"coverage": coverage}))
        assert [r.decisive for r in found.biomarkers] == [bool(coverage)]


def test_a_marker_before_the_cancer_hides_it_not() -> None:
    marks = {"a": "BIOMARKER MOON1+", "b": "CANCER sarcoma"}
    hand = asked("MOON1+ sarcoma", "inc", "(all a b)", "biomarker", **marks)
    hand.mentions[1] = hand.mentions[1].model_copy(update={"concept": concept("X:1", "sarcoma of the moon")})
    assert summary(hand).cancers == ("sarcoma of the moon",)


@pytest.mark.parametrize(
    ("words", "states"),
    [
        ("Castrate resistant", ("castration-resistant",)),
        ("treatment-naïve", ("treatment-naive",)),
        ("Relapsed", ("relapsed",)),
        ("measurable", ()),
    ],
)
def test_the_states_of_the_disease(words: str, states: tuple[str, ...]) -> None:
    hand = asked(f"{words} sarcoma", "inc", "b", "disease", a=f"DISEASE_STATE {words}", b="CANCER sarcoma")
    assert summary(hand.relate("HAS_STAGE b a")).states == states


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("Stage III", "IVb"), ("stage III", "stage IVB")),
        (("Locally Advanced", "cT2-T3", "Tis"), ("locally advanced", "cT2-T3", "Tis")),
        (("Stages I-III", "High-Risk"), ("stage I-III", "high-risk")),
    ],
)
def test_stages_have_one_spelling(words: tuple[str, ...], names: tuple[str, ...]) -> None:
    hand = Hand().text("brief_title", ", ".join(words))
    for number, said in enumerate(words):
        hand.mark(f"s{number}", "STAGE", said)
    assert summary(hand).stages == names


@pytest.mark.parametrize(
    ("registry", "operator", "value", "age"),
    [
        (Registry(minimum_age="18 Years", maximum_age="99 Years"), "<=", 75, (18, 75)),
        (Registry(minimum_age="6 Months"), ">=", 0.25, (0.5, None)),
        (Registry(minimum_age="18 Years"), "<=", 10, (None, None)),
        (None, ">", 20, (20, None)),
        (Registry(minimum_age="18 Years"), "=", 30, (18, None)),
    ],
)
def test_the_age_by_registry_and_text(
    registry: Registry | None, operator: str, value: float, age: tuple[float | None, float | None]
) -> None:
    hand = asked("age", "inc", "a", "demographic", a="MEASURE age").compares("c1", "a", operator, value, "a")
    hand.registry = registry
    assert summary(hand).age == age


def test_the_sex_by_the_registry_or_the_text() -> None:
    hand = asked("Female patients", "inc", "a", "demographic", a="POPULATION Female patients")
    assert summary(hand).sex == "female"
    hand.registry = Registry(sex="all")
    assert summary(hand).sex == "all"


def test_nothing_found_is_an_empty_summary() -> None:
    assert summary(Hand().text("text", "Moon.")) == Summary()
