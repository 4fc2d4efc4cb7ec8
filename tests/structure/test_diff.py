"""What changed between two versions: each kind of change by itself, and nothing where nothing did."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import make_trial

from oncogloss.schema import Arm, Change, Document, Endpoint, Extraction, Mention, Registry, TimeFrame, Treatment
from oncogloss.structure.diff import changes

Trial = tuple[Document, Extraction]
LINES = [
    ("inc", "Adults with confirmed [NSCLC|CANCER] of the lung", "m1"),
    ("inc", "Measured [ANC|MEASURE] is [at least 1.5|VALUE] before the start", ""),
    ("exc", "Treatment with a [PD-1 inhibitor|DRUG_CLASS] at any earlier time", ""),
    ("exc", "Active [hepatitis B|CONDITION] that calls for treatment", ""),
]


def found(old: Trial, new: Trial) -> list[Change]:
    return list(changes(old, new))


def told(old: Trial, new: Trial) -> list[tuple[str, str, str]]:
    return [(c.kind, c.subject, c.message) for c in found(old, new)]


@given(st.integers(0, 1000))
def test_reordering_is_no_change(seed: int) -> None:
    shuffled = random.Random(seed).sample(LINES, len(LINES))
    assert not found(make_trial([(s, t, "") for s, t, _ in LINES]), make_trial([(s, t, "") for s, t, _ in shuffled]))


def test_another_reading_of_the_same_words_is_no_change() -> None:
    marked, bare = make_trial(LINES[:1]), make_trial([("inc", "Adults with confirmed NSCLC of the lung", "")])
    split = make_trial(
        [("inc", "Adults with confirmed [NSCLC|CANCER] of the lung", ""), ("inc", "Written consent", "")]
    )
    joined = make_trial([("inc", "Adults with confirmed [NSCLC|CANCER] of the lung\nWritten consent", "")])
    assert not found(marked, bare) and not found(split, joined) and not found(joined, split)


def test_criteria_added_dropped_and_moved() -> None:
    lines = [(s, t, "") for s, t, _ in LINES]
    assert told(make_trial(lines[:3]), make_trial(lines)) == [
        ("added", "criterion", 'Exclusion added: "Active hepatitis B that calls for treatment".')
    ]
    assert [c.kind for c in found(make_trial(lines), make_trial(lines[:3]))] == ["dropped"]
    moved = [*lines[:3], ("inc", *lines[3][1:])]
    assert told(make_trial(lines), make_trial(moved)) == [
        ("moved", "criterion", 'Moved from exclusion to inclusion: "Active hepatitis B that calls for treatment".')
    ]


def score(text: str, high: float | None, value: float = 0, **more: Any) -> Trial:
    limit = {
        "criterion": "c1",
        "measure": "ECOG",
        "operator": "range",
        "value": value,
        "high": high,
        "mentions": ("m1", "m2"),
    }
    return make_trial(
        [("inc", f"An [ECOG|MEASURE] status of [{text}|VALUE] at screening", "")], thresholds=[limit | more]
    )


def test_thresholds_by_number_not_by_words() -> None:
    assert told(score("0-1", 1), score("0-2", 2)) == [("changed", "threshold", "ECOG: 0 to 1 → 0 to 2.")]
    assert [c.kind for c in found(score("0-1", 1), score("0 or 1", 1))] == ["wording"]
    halves = score("at least 0, at most 2", None, operator=">=")
    upper = halves[1].thresholds[0].model_copy(update={"operator": "<=", "value": 2.0, "text": "at most 2"})
    halves = halves[0], halves[1].model_copy(update={"thresholds": (*halves[1].thresholds, upper)})
    assert told(score("0-1", 1), halves) == [("changed", "threshold", "ECOG: 0 to 1 → 0 to 2.")]
    unit = {"operator": ">=", "unit": "10*9/L"}
    assert (
        told(score("1.5", None, 1.5, **unit), score("1.0", None, 1, **unit))[0][2] == "ECOG: ≥ 1.5 10*9/L → ≥ 1 10*9/L."
    )


def limits(side: str, text: str, logic: str, *more: dict[str, Any]) -> Trial:
    """A criterion with comparisons of what m1, m3 … measure."""
    made = [{"criterion": "c1", "operator": ">=", "value": 1, "unit": "1", "text": f"limit {i}"} | limit
            for i, limit in enumerate(more)]  # fmt: skip
    return make_trial([(side, text, logic)], thresholds=made)


@pytest.mark.parametrize(
    ("side", "logic", "denied", "said"),
    [
        ("inc", "(any m1 m2)", False, "ALT: ≥ 1 now accepted as an alternative."),
        ("inc", "(all m1 m2)", False, "ALT: ≥ 1 now asked."),
        ("inc", "(all m1 (not m2))", True, "ALT: ≥ 1 now ruled out."),
        ("exc", "(any m1 m2)", False, "ALT: ≥ 1 now ruled out."),
        ("exc", "(all m1 m2)", False, "ALT: ≥ 1 now needed as well to exclude."),
        ("exc", "(except m1 m2)", True, "ALT: ≥ 1 now allowed as an exception."),
    ],
)
def test_an_alternative_or_exception_lets_more_patients_in(side: str, logic: str, denied: bool, said: str) -> None:
    one = {"measure": "ANC", "mentions": ("m1",)}
    two = {"measure": "ALT", "mentions": ("m2",), "denied": denied}
    old = limits(side, "Tested [ANC|MEASURE] as the centre does it", "m1", one)
    new = limits(side, "Tested [ANC|MEASURE] with [ALT|MEASURE] as the centre does it", logic, one, two)
    back = said.replace("now", "no longer")
    for versions, message in (((old, new), said), ((new, old), back)):
        assert message in [m for kind, subject, m in told(*versions) if subject == "threshold"]
    assert any("now spares ALT" in m for _, _, m in told(old, new)) == ("except" in logic)


def test_a_limit_that_becomes_one_for_each_sex() -> None:
    old = limits("exc", "Long [QTcF|MEASURE]", "m1", {"measure": "QTcF", "mentions": ("m1",), "value": 470})
    each = [
        {"measure": "QTcF", "mentions": ("m1",), "value": v, "condition": c} for v, c in ((450, "men"), (470, "women"))
    ]
    new = limits("exc", "Long [QTcF|MEASURE] by sex", "m1", *each)
    assert told(old, new) == [("changed", "threshold", "QTcF: ≥ 470 → ≥ 450 (men), ≥ 470 (women).")]


def washout(words: str) -> Trial:
    line = ("exc", f"Any [chemotherapy|DRUG_CLASS] [{words}|TIME] of the start", "")
    return make_trial([line], [("HAS_TIME", "m1", "m2")])


def test_time_windows_in_days() -> None:
    assert told(washout("within 28 days"), washout("within 21 days")) == [
        ("changed", "time", "Time window of chemotherapy: within 28 days → within 21 days.")
    ]
    assert [c.kind for c in found(washout("within 28 days"), washout("within 4 weeks"))] == ["wording"]


def test_facts_that_come_go_or_turn() -> None:
    old = make_trial([("exc", "Earlier treatment with a [PD-1 inhibitor|DRUG_CLASS] or [paclitaxel|DRUG] for it", "")])
    new = make_trial([("exc", "Earlier treatment with an [EGFR inhibitor|DRUG_CLASS] or [paclitaxel|DRUG] for it", "")])
    (change,) = found(old, new)
    assert (change.kind, change.subject, change.old, change.new) == ("changed", "criterion", "c1", "c1")
    assert change.message.endswith(": now names EGFR inhibitor; no longer names PD-1 inhibitor.")
    allowed = make_trial(
        [
            (
                "exc",
                "Earlier treatment with a drug other than [PD-1 inhibitor|DRUG_CLASS exc] or [paclitaxel|DRUG] for it",
                "",
            )
        ]
    )
    assert told(old, allowed) == [("changed", "logic", "PD-1 inhibitor: excluded before, now allowed as an exception.")]


def test_markers_and_logic() -> None:
    old = make_trial([("inc", "Tumor tissue that shows an [EGFR L858R|BIOMARKER] by a local test", "")])
    new = make_trial(
        [("inc", "Tumor tissue that shows an [EGFR L858R|BIOMARKER] or [HER2-positive|BIOMARKER] by a local test", "")]
    )
    assert told(old, new) == [("added", "biomarker", "HER2-positive: now asked for.")]
    choice = make_trial(
        [
            (
                "inc",
                "Tumor tissue that shows an [EGFR L858R|BIOMARKER] or [HER2-positive|BIOMARKER] by a test",
                "(any m1 m2)",
            )
        ]
    )
    assert told(old, choice) == [("added", "biomarker", "HER2-positive: now accepted as an alternative.")]
    both = make_trial([("inc", "A [EGFR L858R|BIOMARKER] and [HER2-positive|BIOMARKER] tumor", "(all m1 m2)")])
    either = make_trial([("inc", "A [EGFR L858R|BIOMARKER] or [HER2-positive|BIOMARKER] tumor", "(any m1 m2)")])
    assert [(c.kind, c.subject) for c in found(both, either)] == [("changed", "logic")]


def test_registry_fields() -> None:
    old, new = (make_trial([], registry=Registry(minimum_age=age, phases=("PHASE1",))) for age in ("18 Years", ""))
    assert told(old, new) == [("changed", "registry", "Minimum age: 18 Years → not given.")]


@pytest.mark.parametrize(("drug", "kind"), [("Zorbatinib", "wording"), ("Lunamab", "changed")])
def test_titles(drug: str, kind: str) -> None:
    def titled(drug: str, rest: str) -> Trial:
        name = Mention(id="m1", passage="brief_title", start=0, end=len(drug), text=drug, type="DRUG", score=1)
        return make_trial([], texts={"brief_title": f"{drug} {rest}"}, mentions=[name])

    assert told(titled("Zorbatinib", "on the moon"), titled(drug, "in space")) == [
        (kind, "registry", f'Title: "Zorbatinib on the moon" → "{drug} in space".')
    ]


def design(label: str, dose: str, outcome: str, days: int) -> Trial:
    """A trial of one arm and one outcome."""
    arm, measured = f"{label}\nZorbatinib {dose} daily", f"{outcome}\nUp to {days} days"
    at = len(label) + 1
    mentions = [
        Mention(id="m1", passage="arms", start=at, end=at + 10, text="Zorbatinib", type="DRUG", score=1),
        Mention(id="m2", passage="arms", start=at + 11, end=at + 11 + len(dose), text=dose, type="DOSE", score=1),
        Mention(id="m3", passage="outcomes", start=0, end=len(outcome), text=outcome, type="OUTCOME", score=1),
    ]
    frame = TimeFrame(text=f"Up to {days} days", low=0, high=days)
    return make_trial(
        [],
        parts=[("arms", label, arm), ("outcomes", outcome, measured)],
        mentions=mentions,
        arms=(Arm(label=label, kind="primary", treatments=(Treatment(mention="m1", doses=("m2",)),)),),
        endpoints=(Endpoint(mention="m3", name=outcome, rank="primary", time_frame=frame),),
    )


def tablets(trial: Trial, arm: str) -> Trial:
    """The arm of a trial whose intervention is tablets of 20 mg."""
    found = {"mentions": trial[1].mentions[:2], "arms": trial[1].arms}
    return make_trial([], parts=[("arms", "Arm A", arm)], texts={"interventions": "20 mg tablets"}, **found)


def test_arms_and_endpoints() -> None:
    old = design("Arm A", "20 mg", "Response rate", 100)
    assert not found(old, design("Arm A", "20 mg", "Response rate", 100))
    assert told(old, design("Arm A", "30 mg", "Response rate", 100)) == [
        ("changed", "treatment", 'Arm "Arm A", Zorbatinib: dose 20 mg → 30 mg.')
    ]
    strong, stronger = (
        tablets(design("Arm A", dose, "", 1), f"Arm A\nZorbatinib {dose} daily") for dose in ("20 mg", "30 mg")
    )
    assert [m for *_, m in told(strong, stronger)] == ['Arm "Arm A", Zorbatinib: dose 20 mg → 30 mg.']
    assert told(old, design("Arm A", "20 mg", "Response rate", 200)) == [
        ("changed", "endpoint", 'Time frame of "Response rate": Up to 100 days → Up to 200 days.')
    ]
    assert {(c.kind, c.subject) for c in found(old, design("Moon walk", "20 mg", "Survival", 100))} == {
        ("added", "arm"), ("dropped", "arm"), ("added", "endpoint"), ("dropped", "endpoint"),
    }  # fmt: skip


def test_words_added_to_a_sentence_change_it() -> None:
    old = "No earlier systemic therapy at any time for [NSCLC|CANCER] of the lung"
    new = f"{old}, except [radiation|PROCEDURE exc] before"
    (change,) = found(make_trial([("inc", old, "m1")]), make_trial([("inc", new, "m1")]))
    assert (change.kind, change.subject, change.old, change.new) == ("changed", "criterion", "c1", "c1")
    wrapped = new.replace("time for", "time\nfor")
    assert not found(make_trial([("inc", new, "m1")]), make_trial([("inc", wrapped, "m1")]))


def test_a_fact_that_other_words_narrow() -> None:
    def held(words: str, *qualifiers: str) -> Trial:
        document, extraction = make_trial([("exc", f"{words} [hepatitis B|CONDITION] infection", "m1")])
        (criterion,) = extraction.criteria
        assert criterion.logic is not None
        logic = criterion.logic.model_copy(update={"qualifiers": qualifiers})
        return document, extraction.model_copy(update={"criteria": (criterion.model_copy(update={"logic": logic}),)})

    assert told(held("Any", "known"), held("Any uncontrolled", "known", "uncontrolled")) == [
        ("changed", "logic", "hepatitis B: not narrowed → uncontrolled.")
    ]
    assert [c.kind for c in found(held("Any"), held("Known", "known"))] == ["wording"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            ("inc", "No [hepatitis B|CONDITION neg]", "(not m1)"),
            ("inc", "Patients with [hepatitis B|CONDITION] are eligible", ""),
            "hepatitis B: excluded before, now allowed.",
        ),
        (
            ("inc", "Prior [chemotherapy|DRUG_CLASS hist] required", "m1"),
            ("inc", "Prior [chemotherapy|DRUG_CLASS hist] is permitted", ""),
            "chemotherapy: asked for before, now allowed.",
        ),
        (
            ("exc", "Prior [chemotherapy|DRUG_CLASS hist]", "m1"),
            ("inc", "Prior [chemotherapy|DRUG_CLASS hist] is permitted", ""),
            "chemotherapy: excluded before, now allowed.",
        ),
    ],
)
def test_what_is_only_allowed_is_not_asked_for(old: tuple[str, str, str], new: tuple[str, str, str], said: str) -> None:
    assert said in [message for *_, message in told(make_trial([old]), make_trial([new]))]


def test_what_is_allowed_in_one_case_only_is_still_ruled_out() -> None:
    old = make_trial([("exc", "Known [hepatitis B|CONDITION]", "m1")])
    new = make_trial([("exc", "Untreated [hepatitis B|CONDITION]; treated [hepatitis B|CONDITION] is allowed", "m1")])
    assert not [message for *_, message in told(old, new) if "now allowed" in message]


def test_a_marker_that_is_only_allowed() -> None:
    old = make_trial([("inc", "Adults with [NSCLC|CANCER] of the lung", "m1")])
    line = "Adults with [NSCLC|CANCER] of the lung, and an [EGFR mutation|BIOMARKER] is allowed"
    assert told(old, make_trial([("inc", line, "m1")])) == [("added", "biomarker", "EGFR mutation: now allowed.")]
