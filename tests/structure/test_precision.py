"""What the ledger must not call structured, and lists, times and values that are read right instead."""

from __future__ import annotations

import pytest
from made import concept
from marked import extraction_of
from test_coverage import covered, ledger_of

from oncogloss.structure.criteria import logic_of
from oncogloss.structure.notation import write_logic
from oncogloss.structure.placing import held_for_a_part
from oncogloss.structure.scope import scopes
from oncogloss.structure.thresholds import thresholds_of
from oncogloss.structure.usual import unusual


def logic(*criteria: tuple[str, str], **kwargs: object) -> list[str]:
    document, extraction = extraction_of(*criteria, **kwargs)  # type: ignore[arg-type]
    return [write_logic(c.logic) if c.logic else "" for c in logic_of(scopes(document, extraction))]


def reasons(*criteria: tuple[str, str], **kwargs: object) -> list[str]:
    return [c.reason for c in covered(*criteria, **kwargs)[2]]


def test_the_last_word_of_a_list_leaves_another_word_to_its_members() -> None:
    text = "[CONDITION gout] or [CONDITION podagra], [CONDITION tide fever], and [CONDITION moon rash]"
    assert logic(("inc", text)) == ["(all (any 1 2) 3 4)"]


def test_a_general_word_for_what_follows_is_no_alternative_to_it() -> None:
    found = logic(("exc", "Any of [CONDITION tides] as follows:"), ("exc", "[CONDITION gout]"), parents={2: 1})
    assert "1" not in found[0].replace("c1", "")


def test_an_item_of_a_list_that_is_spared_is_no_exception_itself() -> None:
    items = ("exc", "[CANCER glioma] except:"), ("exc", "Early [CANCER/exc moon cancer] with [MEASURE pulse]")
    assert "except" not in logic(*items, parents={2: 1})[1]


def test_a_washout_holds_for_the_whole_of_its_list() -> None:
    text = "[DRUG lunamab], [DRUG tidamab] and [PROCEDURE moon bath]: [TIME 3 weeks or more] elapsed"
    document, extraction = extraction_of(("inc", text), relations=(("HAS_TIME", 1, 4),))
    found = logic_of(scopes(document, extraction))[0].logic
    assert found is not None and [part.washout for part in found.parts] == [21, 21, 21]


def test_a_list_s_time_that_some_members_lack_is_left_over() -> None:
    text = "[CONDITION gout] or [CONDITION podagra] [TIME within 6 months]"
    assert reasons(("exc", text), relations=(("HAS_TIME", 2, 3),))[0] == "time of a list told for some"


def test_a_time_that_must_pass_without_a_treatment_is_left_over() -> None:
    text = "Must not have received [DRUG/neg lunamab] [TIME for at least 1 week] prior to [PROCEDURE moon bath]"
    assert reasons(("inc", text), relations=(("HAS_TIME", 1, 2),))[0] == "time that must pass without a treatment"


def test_a_lead_in_s_time_that_an_item_lacks_is_left_over() -> None:
    criteria = ("exc", "Any of the following [TIME within 6 months]:"), ("exc", "[CONDITION gout]")
    assert "time of its lead-in" in reasons(*criteria, parents={2: 1})[1]


@pytest.mark.parametrize("heading", ["HGG Only\n", "Donor criteria:\n"])
def test_a_heading_of_a_part_without_the_word(heading: str) -> None:
    document, extraction = extraction_of(("inc", f"[CONDITION fever]\n\n{heading}"), ("inc", "[CONDITION gout]"))
    assert set(held_for_a_part(document.passages[0].text, extraction.criteria)) == {"c2"}


def test_an_or_at_the_end_makes_both_neighbours_alternatives() -> None:
    found = reasons(("inc", "[CONDITION gout], or,"), ("inc", "[CONDITION podagra]"))
    assert [r for r in found if "alternative" in r] == ["alternative to the next criterion"] * 2
    assert "alternative" not in str(reasons(("inc", "[MEASURE ECOG] [VALUE 0 or 1]. 2."), ("inc", "[CONDITION gout]")))


def test_open_ends_stay_open() -> None:
    relations = (("HAS_VALUE", 1, 2), ("HAS_VALUE", 1, 3))
    document, extraction = extraction_of(
        ("inc", "[MEASURE Age] [VALUE > 18 years] and [VALUE <45 years]"), relations=relations
    )
    assert [(t.operator, t.value) for t in thresholds_of(document, extraction)] == [(">", 18), ("<", 45)]


def test_a_value_a_thousandfold_off_is_unusual() -> None:
    for value, odd in (("≥ 1,500/mL", True), ("≥ 1,500/μL", False)):
        document, extraction = extraction_of(
            ("inc", f"[MEASURE neutrophils] [VALUE {value}]"), relations=(("HAS_VALUE", 1, 2),)
        )
        assert [unusual(t) for t in thresholds_of(document, extraction)] == [odd]


@pytest.mark.parametrize(
    ("side", "text", "reason"),
    [
        ("inc", "[CONDITION gout] and recovered", "1 word outside any fact"),
        ("exc", "[CONDITION alcohol] or [CONDITION substance abuse]", "names that may share a word"),
        ("inc", "[DRUG lunamab] or [STAGE metastatic]", "state beside a treatment"),
    ],
)
def test_what_is_left_over(side: str, text: str, reason: str) -> None:
    assert reasons((side, text))[0] == reason


def test_an_event_takes_no_state_from_its_list() -> None:
    document, extraction = extraction_of(("exc", "Uncontrolled [CONDITION gout] or [CONDITION stroke]"))
    found = logic_of(scopes(document, extraction))[0].logic
    assert found is not None and [part.qualifiers for part in found.parts] == [("uncontrolled",), ()]


@pytest.mark.parametrize(
    ("match", "reason"), [("alike", "concept broader than its fact"), ("name", "nothing left over")]
)
def test_a_concept_that_lacks_the_site(match: str, reason: str) -> None:
    document, extraction = extraction_of(("exc", "[PROCEDURE chest irradiation]"))
    linked = extraction.mentions[0].model_copy(update={"concept": concept("T:RT", "Radiotherapy", match=match)})
    extraction = extraction.model_copy(update={"mentions": (linked,)})
    extraction = extraction.model_copy(update={"criteria": logic_of(scopes(document, extraction))})
    assert ledger_of(document, extraction)[0].reason == reason


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[DISEASE_STATE treatment naïve] to [DRUG lunamab]", "(not 2)"),
        ("[DRUG lunamab]-naive", "(not 1)"),
        (
            "Prior [DRUG tidamab] and [DISEASE_STATE naïve] to [DRUG lunamab] or [DRUG zorbatinib]",
            "(all 1 (not 3) (not 4))",
        ),
        ("[DISEASE_STATE treatment-naïve] [CANCER moon cancer]", "(all 1 2)"),
    ],
)
def test_who_is_naive_to_a_treatment_never_had_it(text: str, wanted: str) -> None:
    assert logic(("inc", text)) == [wanted]
    assert "word" not in reasons(("inc", text))[0]


def test_a_bad_control_is_one_qualifier() -> None:
    document, extraction = extraction_of(("exc", "Severe or poorly controlled [CONDITION tide fever]"))
    found = logic_of(scopes(document, extraction))[0].logic
    assert found is not None and found.qualifiers == ("severe or poorly-controlled",)


def test_an_adjective_inside_a_list_is_of_its_member_alone() -> None:
    text = "[CONDITION stroke], severe [CONDITION asthma], [CONDITION dementia], or [CONDITION gout]"
    document, extraction = extraction_of(("exc", text))
    found = logic_of(scopes(document, extraction))[0].logic
    assert found is not None and [part.qualifiers for part in found.parts] == [(), ("severe",), (), ()]
    document, extraction = extraction_of(("exc", "Severe [CONDITION asthma] or [CONDITION dementia]"))
    found = logic_of(scopes(document, extraction))[0].logic
    assert found is not None and [part.qualifiers for part in found.parts] == [("severe",), ("severe",)]


def test_a_disease_defined_by_its_treatment_is_not_structured() -> None:
    text = "Active [CANCER moon metastases], defined as requiring [DRUG lunamab]"
    assert "definition that other facts stand in" in reasons(("exc", text))[0]
    assert "definition" not in str(reasons(("exc", "[CONDITION gout] defined as [MEASURE uric acid] > 9")))


def test_tumours_listed_one_a_line_are_alternatives() -> None:
    found = reasons(("inc", "[CANCER Moon cancer]"), ("inc", "[CANCER crater sarcoma]"), ("inc", "[CONDITION gout]"))
    assert ["alternative" in reason for reason in found] == [True, True, False]


def test_an_age_is_no_value_of_a_score_nor_an_amount_one_of_an_age() -> None:
    for text in ("[MEASURE Karnofsky] [VALUE > 16 years]", "[MEASURE age] of [VALUE > 60 cc/min]"):
        document, extraction = extraction_of(("inc", text), relations=(("HAS_VALUE", 1, 2),))
        assert thresholds_of(document, extraction) == ()


def test_what_an_allergy_is_to_holds_for_all_that_or_joins_with_it() -> None:
    text = "Severe [CONDITION allergic reactions] or [CONDITION intolerance] to [DRUG lunamab] or [DRUG tidamab]"
    document, extraction = extraction_of(("exc", text))
    found = logic_of(scopes(document, extraction))[0].logic
    assert found is not None and [part.about for part in found.parts] == [("3", "4"), ("3", "4")]
    document, extraction = extraction_of(("exc", "[CONDITION Allergy] or [CONDITION hypersensitivity] to study drugs"))
    found = logic_of(scopes(document, extraction))[0].logic
    assert found is not None and [part.qualifiers for part in found.parts] == [("to study drugs",), ("to study drugs",)]
    document, extraction = extraction_of(("exc", "[CONDITION Allergy] to [DRUG lunamab] or [CONDITION gout]"))
    found = logic_of(scopes(document, extraction))[0].logic
    assert found is not None and [part.about for part in found.parts] == [("2",), ()]


def test_who_has_recovered_from_a_treatment_is_not_asked_for_it() -> None:
    assert "turn a fact round" in reasons(("inc", "Recovered from prior [DRUG_CLASS therapy]"))[0]
    assert "turn" not in reasons(("inc", "Recovered from prior [CONDITION tide fever]"))[0]


def test_a_limit_on_what_is_no_fact_is_left_over() -> None:
    text = "[DRUG_CLASS moon steroids] ([VALUE > 10 mg/day] [DRUG lunamab] or equivalent)"
    assert "limit on what is no fact" in reasons(("exc", text), relations=(("HAS_VALUE", 3, 2),))[0]


def test_a_social_situation_beside_what_is_denied_is_denied() -> None:
    text = "No [CONDITION/neg moon sickness] or social situation that would limit compliance"
    assert logic(("inc", text)) == ["(all (not 1) (not social-situation))"]
