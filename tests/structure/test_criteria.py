"""The logic of criteria: invented criteria, their mentions marked by hand, and the tree they mean."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marked import WORDS, extraction_of, logic, means

from oncogloss.structure.criteria import logic_of
from oncogloss.structure.notation import write_logic
from oncogloss.structure.scope import scopes


@pytest.mark.parametrize(
    ("side", "text", "wanted"),
    [
        ("inc", "[CANCER moon sarcoma]", "1"),
        ("inc", "[CANCER moon sarcoma], [CANCER tide glioma] or [CANCER crater carcinoma]", "(any 1 2 3)"),
        ("inc", "[CANCER moon sarcoma], [CANCER tide glioma] and [CANCER crater carcinoma]", "(any 1 2 3)"),
        ("inc", "[POPULATION Moon women] with histological or cytological proof of [CANCER glioma]", "(all 1 2)"),
        ("inc", "No [CONDITION/neg gout] requiring [DRUG_CLASS tide blockers]", "(not (all 1 2))"),
        ("exc", "[POPULATION pregnant women] and those who are [CONDITION breast-feeding]", "(any 1 2)"),
        (
            "inc",
            "[CANCER moon sarcoma] with a [BIOMARKER MOON1 mutation] or [BIOMARKER MOON2 fusion]",
            "(all 1 (any 2 3))",
        ),
        ("inc", "[BIOMARKER MOON1 mutation] or [BIOMARKER MOON2 fusion] [CANCER glioma]", "(all (any 1 2) 3)"),
        (
            "inc",
            "[CANCER moon sarcoma] or [CANCER glioma] and must have [DISEASE_STATE measurable disease]",
            "(all (any 1 2) 3)",
        ),
        (
            "inc",
            "No [CONDITION/neg tide fever], [CONDITION/neg gout], or [CONDITION/neg crater pox]",
            "(not (any 1 2 3))",
        ),
        ("inc", "Recovered from [CONDITION tide fever]", "(not 1)"),
        ("exc", "[CONDITION tide fever], [CONDITION gout], [CONDITION crater pox]", "(any 1 2 3)"),
        ("exc", "[CONDITION tide fever] and [CONDITION crater pox]", "(any 1 2)"),
        ("exc", "No [CONDITION/neg tide fever] or [CONDITION/neg gout]", "(any 1 2)"),
        ("exc", "Patients must not be [CONDITION/neg pregnant] or [CONDITION/neg nursing]", "(any 1 2)"),
        ("exc", "Disease that is not [DISEASE_STATE/neg measurable]", "(not 1)"),
        ("exc", "[CONDITION tide fever] unless treated with [DRUG zorbatinib]", "(except 1 2)"),
        ("inc", "[CONDITION tide fever]; [MEASURE pulse]", "(all 1 2)"),
        ("inc", "[POPULATION Women of childbearing potential] must use [PROCEDURE contraception]", "(if 1 2)"),
        ("inc", "Negative [MEASURE pregnancy test] ([POPULATION females of childbearing potential])", "(if 2 1)"),
        ("inc", "For patients on [DRUG lunamab]: a stable [MEASURE pulse]", "(if 1 2)"),
        (
            "inc",
            "[POPULATION Women of childbearing potential] agree to refrain from [PROCEDURE donating eggs]",
            "(if 1 (not 2))",
        ),
    ],
)
def test_connectives(side: str, text: str, wanted: str) -> None:
    assert logic((side, text)) == means(wanted)


@pytest.mark.parametrize(
    ("side", "text", "wanted"),
    [
        ("inc", "[CANCER moon sarcoma] confirmed by [PROCEDURE biopsy]", "1"),
        ("inc", "[PROCEDURE biopsy]-proven [CANCER moon sarcoma]", "2"),
        ("inc", "[CANCER moon sarcoma] by [PROCEDURE MRI] or [PROCEDURE CT]", "1"),
        ("exc", "[DRUG_CLASS tide inhibitors] (e.g., [DRUG zorbatinib], [DRUG lunamab])", "1"),
        ("exc", "[DRUG_CLASS tide inhibitors] ([DRUG zorbatinib])", "1"),
        (
            "exc",
            "[CONDITION illness] including but not limited to [CONDITION gout] or [CONDITION tide fever]",
            "(any 1 2 3)",
        ),
        ("exc", "[DRUG lunamab] [TIME within 28 days] of the first dose of [DRUG zorbatinib]", "1"),
        ("exc", "[CONDITION Hypersensitivity] to [DRUG zorbatinib] or [DRUG lunamab]", "1"),
        ("exc", "[CONDITION gout] that contraindicates the use of [DRUG zorbatinib]", "1"),
        ("exc", "[SETTING Neoadjuvant] [DRUG_CLASS therapy] prior to [PROCEDURE surgery]", "(all 1 2)"),
        ("inc", "[CANCER Bone metastases] are allowed", None),
        ("inc", "[CONDITION/neg gout] is not seen\n\n[DRUG_CLASS Chemotherapy]:\n\n", "(not 1)"),
        ("inc", "[VALUE 1 to 30]", None),
        ("inc", "[CANCER moon sarcoma] tested for [GENE MOON1]", "1"),
        ("inc", "[GENE MOON1] or [BIOMARKER MOON2 fusion]", "(any 1 2)"),
        ("inc", "Informed consent of the [POPULATION parents]", "consent"),
    ],
)
def test_what_only_explains_is_left_out(side: str, text: str, wanted: str | None) -> None:
    assert logic((side, text)) == (wanted and means(wanted))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Prior [DRUG/hist lunamab] and [DRUG/hist zorbatinib]", "(any 1 2)"),
        ("Prior treatment with both [DRUG/hist lunamab] and [DRUG/hist zorbatinib]", "(all 1 2)"),
        ("Both active [CONDITION gout] and active [CONDITION tide fever]", "(all 1 2)"),
        ("Both [CONDITION gout] and [CONDITION tide fever] are excluded", "(any 1 2)"),
        ("Both [CONDITION pregnant] and [CONDITION nursing] women", "(any 1 2)"),
        ("Both [DRUG lunamab] and [DRUG zorbatinib], [CONDITION gout] and [CONDITION pox]", "(any (all 1 2) 3 4)"),
    ],
)
def test_what_is_excluded_both_together(text: str, wanted: str) -> None:
    assert logic(("exc", text)) == means(wanted)


def test_exceptions_by_relation() -> None:
    text = "Other [CANCER malignancy] except [CANCER/exc skin cancer] or [CANCER/exc crater carcinoma in situ]"
    relations = (("EXCEPTION", 1, 2), ("EXCEPTION", 1, 3))
    assert logic(("exc", text), relations=relations) == means("(except 1 2 3)")
    text = text.replace("[CANCER malignancy]", "[CANCER/neg malignancy]")
    assert logic(("inc", text), relations=relations) == means("(not (except 1 2 3))")


@pytest.mark.parametrize("side", ["inc", "exc"])
def test_with_joins_a_measure_to_the_last_of_those_with_limits_of_their_own(side: str) -> None:
    text = "[MEASURE pulse] [VALUE > 90], [MEASURE pressure] [VALUE > 140] or [MEASURE acid] [VALUE > 6] with a high "
    limits = (("HAS_VALUE", 1, 2), ("HAS_VALUE", 3, 4), ("HAS_VALUE", 5, 6))
    assert logic((side, f"{text}[MEASURE ratio]"), relations=limits) == means("(any 1 3 (all 5 7))")
    text = "[MEASURE AST] or [MEASURE ALT] [VALUE > 3 x ULN] with [MEASURE bilirubin] [VALUE > 2 x ULN]"
    shared = (("HAS_VALUE", 1, 3), ("HAS_VALUE", 2, 3), ("HAS_VALUE", 4, 5))
    whole = "(all (any 1 2) 4)" if side == "exc" else "(all 1 2 4)"
    assert logic((side, text), relations=shared) == means(whole)


@pytest.mark.parametrize(
    "text",
    [
        "[DISEASE_STATE Progressed] on or after [DRUG/hist lunamab]",
        "[DISEASE_STATE Progression] during and/or following treatment with [DRUG/hist lunamab]",
        "[DISEASE_STATE Relapse] on or [TIME within 6 months] of [DRUG/hist lunamab]",
    ],
)
@pytest.mark.parametrize("side", ["inc", "exc"])
def test_on_or_after_joins_no_alternatives(side: str, text: str) -> None:
    number = 3 if "TIME" in text else 2
    assert logic((side, text)) == means(f"(all 1 {number})")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[CONDITION gout], unless [MEASURE uric acid] < 6 and [MEASURE pulse] < 90", "(except 1 (all 2 3))"),
        ("[CONDITION gout], unless [MEASURE uric acid] < 6 or [MEASURE pulse] < 90", "(except 1 (any 2 3))"),
        ("[CONDITION gout] unless it is [DISEASE_STATE treated] and [DISEASE_STATE stable]", "(except 1 (all 2 3))"),
        ("[CONDITION gout], except patients with [MEASURE acid] < 6 and [MEASURE pulse] < 90", "(except 1 (all 2 3))"),
        ("[CONDITION gout] (except [MEASURE/exc acid] < 6 and [MEASURE/exc pulse] < 90)", "(except 1 (all 2 3))"),
        ("[CONDITION fever], unless [CONDITION gout] and [CONDITION tide fever]", "(except 1 (any 2 3))"),
    ],
)
def test_measures_and_states_that_spare_are_asked_as_an_inclusion_asks(text: str, wanted: str) -> None:
    assert logic(("exc", text)) == means(wanted)


def test_one_limit_of_two_measures_is_asked_of_both() -> None:
    text = "[MEASURE AST] or [MEASURE ALT] [VALUE < 2 x ULN]"
    shared = (("HAS_VALUE", 1, 3), ("HAS_VALUE", 2, 3))
    assert logic(("inc", text), relations=shared) == means("(all 1 2)")
    assert logic(("exc", text), relations=shared) == means("(any 1 2)")
    apart = "[MEASURE pulse] [VALUE 60] or [MEASURE score] [VALUE 70]"
    assert logic(("inc", apart), relations=(("HAS_VALUE", 1, 2), ("HAS_VALUE", 3, 4))) == means("(any 1 3)")


def test_a_condition_of_a_second_limit_is_no_fact() -> None:
    text = "[MEASURE ALT] [VALUE < 2 x ULN] ([VALUE < 5 x ULN] with [CANCER liver metastases])"
    assert logic(("inc", text), relations=(("HAS_VALUE", 1, 2), ("HAS_VALUE", 1, 3))) == "1"


@pytest.mark.parametrize(
    ("text", "values", "wanted"),
    [
        ("[MEASURE ALT] [VALUE < 2 x ULN] (those with [CANCER metastases] [VALUE < 5 x ULN])", ((1, 2), (1, 4)), "1"),
        (
            "[MEASURE ALT] [VALUE < 2 x ULN] ([VALUE < 5 x ULN] is acceptable if [CANCER metastases] are present)",
            ((1, 2), (1, 3)), "1",
        ),
        (
            "[MEASURE ALT] [VALUE < 2 x ULN], except [CANCER/exc gout] ([VALUE < 5 x ULN])", ((1, 2), (1, 4)), "1",
        ),
        (
            "[MEASURE Bilirubin] [VALUE < 1.5 x ULN] (except those with [CONDITION/exc tide fever], who must have"
            " [MEASURE bilirubin] [VALUE < 3 x ULN]), [MEASURE ALT] [VALUE < 2 x ULN]",
            ((1, 2), (4, 5), (6, 7)), "(all (any 1 (all 3 4)) 6)",
        ),
        (
            "[MEASURE ALT] [VALUE < 2 x ULN], [MEASURE INR] [VALUE < 1.5] unless on [DRUG zorbatinib], in which case"
            " [MEASURE INR] [VALUE < 3]", ((1, 2), (3, 4), (6, 7)), "(all 1 (any 3 (all 5 6)))",
        ),
        (
            "[CANCER Lesion] of [VALUE 10 mm] in [MEASURE diameter] (except [CANCER/exc nodes], who must have"
            " [MEASURE axis] [VALUE 15 mm])", ((3, 2), (5, 6)), "(all 1 (any 3 (all 4 5)))",
        ),
        (
            "[MEASURE Diameter] [VALUE 10 mm], except [CANCER/exc nodes], which must have a [MEASURE short axis]"
            " [VALUE 15 mm]", ((1, 2), (4, 5)), "(any 1 (all 3 4))",
        ),
    ],
)  # fmt: skip
def test_a_limit_in_the_place_of_another(text: str, values: tuple[tuple[int, int], ...], wanted: str) -> None:
    assert logic(("inc", text), relations=tuple(("HAS_VALUE", *pair) for pair in values)) == means(wanted)


@pytest.mark.parametrize(
    ("side", "text", "values", "wanted"),
    [
        (
            "inc", "[MEASURE Karnofsky] [VALUE 50] for patients [VALUE > 16 years] and [MEASURE Lansky] [VALUE 60] for"
            " patients [VALUE ≤ 16 years]", ((1, 2), (4, 5)), "(all (if 3 1) (if 6 4))",
        ),
        ("exc", "[MEASURE Clearance] [VALUE < 30] in patients [VALUE > 70 years]", ((1, 2),), "(all 1 3)"),
        ("inc", "Patients [VALUE > 70 years]: [MEASURE ECOG] [VALUE 0]", ((2, 3),), "(if 1 2)"),
        ("inc", "Patients [VALUE ≥ 18 years] must have [MEASURE ECOG] [VALUE 0]", ((2, 3),), "2"),
    ],
)  # fmt: skip
def test_a_limit_of_an_age(side: str, text: str, values: tuple[tuple[int, int], ...], wanted: str) -> None:
    assert logic((side, text), relations=tuple(("HAS_VALUE", *pair) for pair in values)) == means(wanted)


def test_what_is_treated_is_left_out_behind_its_treatment_only() -> None:
    behind, ahead = (("TREATS", 1, 2),), (("TREATS", 2, 1),)
    assert logic(("exc", "Prior [DRUG/hist lunamab] for [CANCER moon sarcoma]"), relations=behind) == "1"
    assert logic(("exc", "[CONDITION gout] requiring [DRUG lunamab]"), relations=ahead) == means("(all 1 2)")


@pytest.mark.parametrize(
    ("side", "lead", "wanted"),
    [
        ("inc", "Must meet one of the following:", "(any c2 c3)"),
        ("inc", "Must meet all of the following:", "(all c2 c3)"),
        ("inc", "At least two of the following:", "(at-least 2 c2 c3)"),
        ("inc", "[CANCER Moon sarcoma] with any of:", "(all 1 (any c2 c3))"),
        ("inc", "Adequate function:", "(all c2 c3)"),
        ("exc", "Any of:", "(any c2 c3)"),
        ("exc", "[CANCER Malignancy] except:", "(except 1 c2 c3)"),
    ],
)
def test_lead_ins(side: str, lead: str, wanted: str) -> None:
    children = ((side, "[CONDITION gout]"), (side, "[CONDITION tide fever]"))
    assert logic((side, lead), *children, parents={2: 1, 3: 1}) == means(wanted)


def test_children_that_say_nothing_are_left_out() -> None:
    found = logic(("inc", "All of:"), ("inc", "[CONDITION gout]"), ("inc", "Come to the visits"), parents={2: 1, 3: 1})
    assert found == "c2"


def test_children_joined_by_or() -> None:
    children = ("inc", "[CONDITION gout] OR"), ("inc", "[CONDITION tide fever]"), ("inc", "[CONDITION crater pox]")
    found = logic(("inc", "Adequate health:"), *children, parents={2: 1, 3: 1, 4: 1})
    assert found == means("(all (any c2 c3) c4)")


@given(st.lists(WORDS, max_size=12), st.sampled_from(["inc", "exc"]))
def test_any_text_gives_a_tree_of_its_own_mentions(words: list[str], side: str) -> None:
    document, extraction = extraction_of((side, " ".join(words)))
    found = logic_of(scopes(document, extraction))[0].logic
    if found is not None:
        named = re.findall(r"\b\d+\b", write_logic(found))
        assert len(named) == len(set(named))
        assert set(named) <= {m.id for m in extraction.mentions if m.type not in ("VALUE", "TIME")}


@pytest.mark.parametrize(
    ("criterion", "said"),
    [
        ("Active, clinically significant [CONDITION gout]", ("active", "significant")),
        ("Known or suspected [CONDITION gout]", ("known or suspected",)),
        ("Acute, chronic or recurrent [CONDITION gout]", ("acute or chronic or recurrent",)),
        ("Severe acute [CONDITION gout]", ("severe", "acute")),
        ("Active treatment with [DRUG lunamab]", ("active",)),
        ("[CONDITION gout] that is severe", ()),
        ("Severe\n* [CONDITION gout]", ()),
    ],
)
def test_words_before_a_fact_say_how_it_must_be(criterion: str, said: tuple[str, ...]) -> None:
    (found,) = logic_of(scopes(*extraction_of(("exc", criterion))))
    assert found.logic is not None and found.logic.qualifiers == said


def test_words_before_a_list_are_of_each_of_it() -> None:
    (found,) = logic_of(scopes(*extraction_of(("exc", "Severe acute [CONDITION gout] or [CONDITION pox]"))))
    assert found.logic is not None
    assert [part.qualifiers for part in found.logic.parts] == [("severe", "acute")] * 2


def test_what_is_not_specified_is_not_asked() -> None:
    (found,) = logic_of(
        scopes(*extraction_of(("inc", "[DRUG_CLASS chemotherapy]: Not specified [PROCEDURE surgery]: no prior")))
    )
    assert found.logic is not None and write_logic(found.logic) == "2"


def test_what_is_allowed_asks_nothing() -> None:
    allowed = "Patients are allowed to have received prior [DRUG lunamab], including but not limited to vials"
    (found,) = logic_of(scopes(*extraction_of(("inc", allowed))))
    assert found.logic is None


@pytest.mark.parametrize(
    ("side", "text", "wanted"),
    [
        (
            "exc",
            "[CONDITION gout], [CONDITION tide fever] despite [DRUG lunamab], or [CONDITION crater pox]",
            "(any 1 (all 2 3) 4)",
        ),
        ("exc", "[CONDITION/neg Unstable tides]", "1"),
        ("inc", "One of the following [CANCER cancers]: [CANCER moon sarcoma] or [CANCER glioma]", "(any 2 3)"),
        ("inc", "No prior [PROCEDURE/neg,hist moon bath] but prior [PROCEDURE/hist tide bath] allowed", "(not 1)"),
        ("inc", "Patients must be [VALUE at least 18 years of age]", "1"),
        ("inc", "[MEASURE Age]: [VALUE at least 18 years of age]", "1"),
        ("inc", "[MEASURE bilirubin] is low unless [CONDITION/exc tide fever]", "(any 1 2)"),
        ("exc", "[MEASURE bilirubin] is high unless [CONDITION/exc tide fever]", "(except 1 2)"),
        ("inc", "[MEASURE ECOG] [VALUE 0-1] / [MEASURE Karnofsky] [VALUE > 70]", "(any 1 3)"),
        ("inc", "[POPULATION Lunar] status not specified", None),
        ("inc", "[POPULATION Male] or [POPULATION female patients] with [CANCER glioma]", "3"),
        ("inc", "Negative [MEASURE serum] or [MEASURE urine pregnancy test]", "2"),
        ("inc", "Those with [CONDITION gout] are eligible if they have had [DRUG/hist lunamab]", "(if 1 2)"),
        ("inc", "[MEASURE pulse] is low if on [DRUG lunamab]", "(if 2 1)"),
        ("exc", "Active [CONDITION gout]/active [CONDITION tide fever]", "(any 1 2)"),
        ("exc", "[DRUG_CLASS steroids] at 10 mg [DRUG prednisone] equivalent", "1"),
        ("inc", "[CANCER glioma]. Should a woman become [CONDITION pregnant], she should inform us", "1"),
        ("exc", "[CONDITION tides] of prior [DRUG/hist lunamab], [PROCEDURE moon bath] or [DRUG zorbatinib]", "1"),
        ("exc", "[CONDITION gout], unless on [DRUG lunamab] with a normal [MEASURE pulse]", "(except 1 (all 2 3))"),
        ("inc", "No prior [PROCEDURE moon bath] or [DRUG/neg lunamab] is allowed", "(not (any 1 2))"),
        (
            "exc",
            "[DRUG zorbatinib], [DRUG lunamab] (except in the [SETTING adjuvant] setting) or [DRUG tidamab]",
            "(any 1 2 4)",
        ),
    ],
)  # fmt: skip
def test_classes_that_readers_found_wrong(side: str, text: str, wanted: str | None) -> None:
    assert logic((side, text)) == (means(wanted) if wanted else None)


def test_several_cancers_under_one_head_are_alternatives() -> None:
    criteria = [("inc", "Confirmed diagnosis of:"), ("inc", "[CANCER moon sarcoma]"), ("inc", "[CANCER glioma]")]
    assert logic(*criteria, parents={2: 1, 3: 1}) == "(any c2 c3)"


@pytest.mark.parametrize(
    ("side", "text", "days"),
    [
        ("inc", "[TIME At least 4 weeks] since [DRUG/hist lunamab]", 28),
        ("inc", "[DRUG/hist Lunamab] must have been completed [TIME >= 4 weeks ago]", 28),
        ("inc", "Off [DRUG lunamab] [TIME for at least 2 weeks]", 14),
        ("inc", "Must have received the last dose of [DRUG lunamab] [TIME at least 4 weeks before entry]", 28),
        ("inc", "[TIME 6 weeks] since [DRUG/hist lunamab]", 42),
        ("inc", "On a stable dose of [DRUG lunamab] [TIME for at least 4 weeks]", None),
        ("inc", "Must have received [DRUG/hist lunamab] [TIME at least 4 weeks before entry]", None),
        ("exc", "[DRUG Lunamab] [TIME at least 4 weeks before entry]", None),
    ],
)
def test_a_time_that_must_have_passed_is_a_washout(side: str, text: str, days: float | None) -> None:
    relation = ("HAS_TIME", 1, 2) if text.index("DRUG") < text.index("TIME") else ("HAS_TIME", 2, 1)
    (found,) = logic_of(scopes(*extraction_of((side, text), relations=(relation,))))
    assert found.logic is not None and found.logic.washout == days


def test_a_washout_may_be_said_by_the_lead_in() -> None:
    criteria = ("inc", "Adequate washout before entry, defined as:"), ("inc", "[DRUG Lunamab] [TIME > 14 days]")
    relations = (("HAS_TIME", 1, 2),)
    _, found = logic_of(scopes(*extraction_of(*criteria, relations=relations, parents={2: 1})))
    assert found.logic is not None and found.logic.washout == 14


def test_brackets_belong_to_what_they_stand_behind() -> None:
    text = (
        "[CONDITION pox], or [CONDITION gout infection] ([MEASURE pulse] [VALUE > 90] or [MEASURE score] [VALUE > 5])"
    )
    assert logic(("exc", text), relations=(("HAS_VALUE", 3, 4), ("HAS_VALUE", 5, 6))) == means(
        "(any 1 (all 2 (any 3 5)))"
    )
    text = "[DRUG lunamab] [TIME within 4 weeks] ([TIME 6 weeks] for [DRUG zorbatinib])"
    assert logic(("exc", text), relations=(("HAS_TIME", 1, 2), ("HAS_TIME", 4, 3))) == means("(any 1 4)")


def test_a_deeper_item_is_asked_with_the_item_above_it() -> None:
    assert logic(("inc", "[CANCER glioma]\n - deeper: (1)"), ("inc", "[CONDITION gout]"), parents={2: 1}) == means(
        "(all 1 c2)"
    )


def test_what_an_allergy_is_to_is_what_the_fact_is_about() -> None:
    (found,) = logic_of(scopes(*extraction_of(("exc", "Known [CONDITION allergy] to [DRUG lunamab]"))))
    assert found.logic is not None
    assert (found.logic.mention, found.logic.about, found.logic.qualifiers) == ("1", ("2",), ("known",))


VALUED = (("HAS_VALUE", 2, 3), ("HAS_VALUE", 4, 5))
MEASURED = "Severe [CONDITION tide fever] ([MEASURE pulse] [VALUE > 90])"


@pytest.mark.parametrize(
    ("side", "text", "wanted"),
    [
        ("exc", MEASURED, "2"),
        ("exc", "[CONDITION tide fever], defined as [MEASURE pulse] [VALUE > 90] or [MEASURE heat] [VALUE > 39]",
         "(any 2 4)"),
        ("exc", f"{MEASURED}, [CONDITION gout], or [CONDITION crater pox]", "(any 2 4 5)"),
        ("inc", "No [CONDITION/neg tide fever] ([MEASURE pulse] [VALUE > 90])", "(not 2)"),
        ("inc", MEASURED, "(all 1 2)"),
        ("exc", "[CONDITION moon virus infection] ([MEASURE pulse] [VALUE > 90])", "(all 1 2)"),
        ("exc", "[CONDITION tide fever] with [MEASURE pulse] [VALUE > 90]", "(all 1 2)"),
    ],
)  # fmt: skip
def test_what_a_bracket_measures_is_the_measure(side: str, text: str, wanted: str) -> None:
    relations = VALUED if text.count("MEASURE") > 1 else VALUED[:1]
    assert logic((side, text), relations=relations) == means(wanted)


@pytest.mark.parametrize(
    ("side", "text", "wanted"),
    [
        ("exc", "[PROCEDURE surgery], treatment with [DRUG lunamab], or [PROCEDURE radiotherapy]", "(any 1 2 3)"),
        ("exc", "[PROCEDURE surgery] after treatment with [DRUG lunamab]", "(all 1 2)"),
        ("exc", "[CONDITION gout] requiring [PROCEDURE lavage], [CONDITION tide fever] requiring [PROCEDURE leeching]",
         "(any (all 1 2) (all 3 4))"),
        ("inc", "[CONDITION gout] requiring [PROCEDURE lavage], [CONDITION tide fever]", "(all 1 2 3)"),
        ("exc", "[CONDITION gout] requiring chronic, high-dose [DRUG_CLASS tide blockers]", "(all 1 2)"),
        ("inc", "No [CONDITION/neg gout] requiring chronic, high-dose [DRUG_CLASS tide blockers]", "(not (all 1 2))"),
        ("exc", "[CONDITION gout], high-dose [DRUG_CLASS tide blockers]", "(any 1 2)"),
    ],
)  # fmt: skip
def test_commas_of_a_list_and_within_one_thing(side: str, text: str, wanted: str) -> None:
    assert logic((side, text)) == means(wanted)


def test_what_a_treatment_treats_is_not_the_next_of_the_list() -> None:
    text = "[CONDITION gout] requiring [PROCEDURE lavage], [CONDITION tide fever] requiring [PROCEDURE leeching]"
    crossed = (("TREATS", 2, 1), ("TREATS", 2, 3), ("TREATS", 4, 3))
    assert logic(("exc", text), relations=crossed) == means("(any (all 1 2) (all 3 4))")
    aimed = "[PROCEDURE lavage] for [CONDITION gout]"
    assert logic(("exc", aimed), relations=(("TREATS", 1, 2),)) == "1"


def twice(marked: str, type_: str) -> str | None:
    """The type of the one fact of a criterion whose gene is marked a second time, with its value."""
    document, extraction = extraction_of(("inc", marked), relations=(("HAS_VALUE", 1, 2),) if "VALUE" in marked else ())
    gene = extraction.mentions[0]
    double = gene.model_copy(update={"id": "9", "type": type_})
    criterion = extraction.criteria[0].model_copy(update={"mentions": (*extraction.criteria[0].mentions, "9")})
    values = tuple(r.model_copy(update={"head": "9"}) for r in extraction.relations)
    both = extraction.model_copy(
        update={"mentions": (*extraction.mentions, double), "criteria": (criterion,),
                "relations": (*extraction.relations, *values)}
    )  # fmt: skip
    found = logic_of(scopes(document, both))[0].logic
    return {"1": "GENE", "9": type_}.get(found.mention or "") if found else None


def test_of_two_mentions_on_one_span_the_one_that_is_asked_counts() -> None:
    assert twice("[GENE MOON1]", "DRUG_CLASS") == "DRUG_CLASS"
    assert twice("[GENE MOON1] [VALUE ≥ 2 ng/mL]", "MEASURE") == "MEASURE"
    assert twice("[GENE MOON1] [VALUE ≥ 50%]", "MEASURE") == "GENE"
