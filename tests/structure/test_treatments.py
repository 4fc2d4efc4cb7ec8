"""Arms: each treatment once, with all that says how it is given, its own arm's words before the interventions'."""

from __future__ import annotations

import pytest

from oncogloss.schema import Arm, Extraction, PassageReading, Section
from oncogloss.structure.treatments import arms_of
from structure.hand import Hand, concept

ZORB = concept("X:1", "zorbatinib")


def arms(hand: Hand) -> tuple[Arm, ...]:
    return arms_of(hand.document, hand.extraction)


def record() -> Hand:
    hand = Hand().entries(
        "arms",
        ("experimental", "Arm A", "Zorbatinib 20 mg orally daily with lunamab; zorbatinib is first-line"),
        ("active_comparator", "Arm B", "lunamab alone"),
    )
    hand.mark("z1", "DRUG", "Zorbatinib", concept=ZORB).mark("d1", "DOSE", "20 mg").mark("r1", "ROUTE", "orally")
    hand.mark("s1", "SCHEDULE", "daily").mark("l1", "DRUG", "lunamab").mark("z2", "DRUG", "zorbatinib", concept=ZORB)
    hand.mark("t1", "SETTING", "first-line").mark("l2", "DRUG", "lunamab", nth=1)
    hand.relate("DOSING z1 d1", "DOSING z1 r1", "DOSING z1 s1", "COMBINED_WITH z1 l1", "IN_SETTING z2 t1")
    hand.entries("interventions", ("drug", "Lunamab", "Given at 5 mg/kg"), ("drug", "ZB", "Zorbatinib at 40 mg weekly"))
    hand.mark("l3", "DRUG", "Lunamab").mark("d3", "DOSE", "5 mg/kg").relate("DOSING l3 d3")
    hand.mark("z4", "DRUG", "Zorbatinib", concept=ZORB).mark("d4", "DOSE", "40 mg").relate("DOSING z4 d4")
    return hand


def test_what_an_arm_says_and_what_only_the_interventions_say() -> None:
    a, b = arms(record())
    assert (a.label, a.kind, b.label, b.kind) == ("Arm A", "experimental", "Arm B", "active_comparator")
    zorbatinib, lunamab = a.treatments
    assert (zorbatinib.mention, zorbatinib.doses, zorbatinib.routes) == ("z1", ("d1",), ("r1",))
    assert (zorbatinib.schedules, zorbatinib.settings) == (("s1",), ("t1",))
    assert (zorbatinib.combined_with, lunamab.combined_with) == (("l1",), ("z1",))
    assert lunamab.doses == ("d3",)
    assert [(t.mention, t.doses, t.combined_with) for t in b.treatments] == [("l2", ("d3",), ())]


def test_a_tablets_strength_is_not_the_dose_of_an_arm_that_has_its_own() -> None:
    hand = Hand().entries("arms", ("experimental", "Arm A", "Zorbatinib 120 mg"))
    hand.mark("z1", "DRUG", "Zorbatinib").mark("d1", "DOSE", "120 mg")
    hand.parts[0] = hand.parts[0].model_copy(update={"given": ("Zorbatinib",)})
    hand.entries("interventions", ("drug", "Zorbatinib", "80 mg tablets"))
    hand.mark("z2", "DRUG", "Zorbatinib").mark("d2", "DOSE", "80 mg")
    (arm,) = arms(hand.relate("DOSING z1 d1", "DOSING z2 d2"))
    assert [t.doses for t in arm.treatments] == [("d1",)]


def test_what_lies_inside_another_or_is_not_given_is_no_treatment() -> None:
    hand = Hand().entries("arms", ("other", "A", "anti-MOON1 chemotherapy, no surgery, after prior radiotherapy"))
    hand.mark("m1", "DRUG_CLASS", "anti-MOON1 chemotherapy").mark("m2", "DRUG_CLASS", "chemotherapy")
    hand.mark("m3", "PROCEDURE", "surgery", "neg").mark("m4", "PROCEDURE", "radiotherapy", "hist")
    assert [t.mention for t in arms(hand)[0].treatments] == ["m1"]


def test_an_arm_without_treatments_stays() -> None:
    assert arms(Hand().entries("arms", ("no_intervention", "Wait", "Observed"))) == (
        Arm(label="Wait", kind="no_intervention", treatments=()),
    )


def test_a_record_without_arms_has_one_of_its_interventions() -> None:
    hand = Hand().entries("interventions", ("drug", "X", "lunamab")).mark("l1", "DRUG", "lunamab")
    assert [(a.label, [t.mention for t in a.treatments]) for a in arms(hand)] == [("", ["l1"])]


def test_a_plain_text_gives_what_relations_say_is_given() -> None:
    words = "Zorbatinib 20 mg for moon sarcoma. Lunamab treats moon sarcoma. Tidal is known. Prior cisplatin 5 mg."
    hand = Hand().text("text", words)
    hand.mark("z", "DRUG", "Zorbatinib").mark("d", "DOSE", "20 mg").mark("l", "DRUG", "Lunamab")
    hand.mark("c", "CANCER", "moon sarcoma", nth=1).mark("t", "DRUG", "Tidal").mark("p", "DRUG", "cisplatin")
    hand.mark("e", "DOSE", "5 mg").relate("DOSING z d", "TREATS l c", "DOSING p e")
    reading = PassageReading(
        name="text", text_sha256="", sections=(Section(start=words.index("Prior"), end=len(words), label="inclusion"),)
    )
    found: Extraction = hand.extraction.model_copy(update={"passages": (reading,)})
    (arm,) = arms_of(hand.document, found)
    assert (arm.label, [(t.mention, t.doses) for t in arm.treatments]) == ("", [("z", ("d",)), ("l", ())])


def test_a_criterion_gives_nothing() -> None:
    hand = Hand().text("eligibility", "Prior lunamab 5 mg").mark("l", "DRUG", "lunamab").mark("d", "DOSE", "5 mg")
    assert arms(hand.relate("DOSING l d")) == ()


def test_the_registry_joins_arms_to_interventions() -> None:
    hand = record()
    hand.parts = [
        p.model_copy(update={"given": ("Lunamab", "ZB", "Moon bath")}) if p.label == "Arm B" else p for p in hand.parts
    ]
    _, b = arms(hand)
    assert [t.mention for t in b.treatments] == ["l2"]  # of ZB the label names no treatment
    hand.mark("z5", "DRUG", "ZB", concept=ZORB)
    assert [t.mention for t in arms(hand)[1].treatments] == ["l2", "z5"]


def told_in_lines(*lines: str) -> Hand:
    hand = Hand().text("text", "\n".join(lines))
    hand.mark("z1", "DRUG", "Zorbatinib", concept=ZORB).mark("d1", "DOSE", "20 mg").mark("l1", "DRUG", "lunamab")
    hand.mark("s1", "SCHEDULE", "on day 1").mark("l2", "DRUG", "lunamab", nth=1).mark("s2", "SCHEDULE", "weekly")
    return hand.relate("DOSING z1 d1", "DOSING l1 s1", "DOSING l2 s2")


def test_lines_that_begin_with_an_arm_s_name_are_arms() -> None:
    first, second = arms(
        told_in_lines(
            "Experimental: Arm A: Zorbatinib 20 mg", "with lunamab on day 1.", "Arm B (control): lunamab weekly.",
            "", "Both arms are open.",
        )
    )  # fmt: skip
    assert (first.label, first.kind, second.label, second.kind) == ("Arm A", "experimental", "Arm B (control)", "")
    assert [(t.mention, t.schedules) for t in first.treatments] == [("z1", ()), ("l1", ("s1",))]
    assert [(t.mention, t.schedules) for t in second.treatments] == [("l2", ("s2",))]


def test_one_line_with_an_arm_s_name_is_no_list_of_arms() -> None:
    (arm,) = arms(told_in_lines("Arm A: Zorbatinib 20 mg with lunamab on day 1,", "arm B lunamab weekly."))
    assert (arm.label, len(arm.treatments)) == ("", 2)


@pytest.mark.parametrize(
    ("label", "text", "given"),
    [
        ("Cohort 1: tidal (T-1/T-2) Naive", "Zorbatinib daily", ["zorbatinib"]),
        ("Cohort 1: tidal therapy-refractory", "Zorbatinib daily", ["zorbatinib"]),
        ("Cohort 1: post-tidal", "Zorbatinib daily", ["zorbatinib"]),
        ("Cohort 1", "patients tidal naive get zorbatinib", ["zorbatinib"]),
        ("Cohort 1: lunamab-naive", "Zorbatinib daily", ["lunamab", "zorbatinib"]),  # an intervention names it
        ("Cohort 1: tidal", "Zorbatinib daily", ["tidal", "zorbatinib"]),
    ],
)
def test_what_patients_had_before_is_not_given(label: str, text: str, given: list[str]) -> None:
    hand = Hand().entries("arms", ("experimental", label, text))
    for id_, word in (("t", "tidal"), ("l", "lunamab"), ("z", "Zorbatinib"), ("z", "zorbatinib")):
        if word in f"{label} {text}":
            hand.mark(id_, "DRUG", word)
    hand.parts[0] = hand.parts[0].model_copy(update={"given": ("Zorbatinib",)})
    hand.entries("interventions", ("drug", "Zorbatinib", ""), ("drug", "Lunamab", ""))
    hand.mark("z2", "DRUG", "Zorbatinib").mark("l2", "DRUG", "Lunamab")
    named = {m.id: m.text.casefold() for m in hand.mentions}
    assert [named[t.mention] for t in arms(hand)[0].treatments] == given
