"""Each kind of fact against a patient: what the file shows, what it refutes, and what it leaves open."""

from __future__ import annotations

from typing import Any

import pytest
from made import CONCEPTS, make_trial

from oncogloss.schema import Concept, Coverage, Logic, Matching, Patient, Registry
from oncogloss.structure.entries import Knowledge, ages_of, days_between
from oncogloss.structure.match import NOTE, match

BY_ID = {concept.id: concept for concept in CONCEPTS.values()}
KNOWLEDGE = Knowledge(lambda type_, name: CONCEPTS.get(name), BY_ID.get, lambda id_: frozenset())


def held(patient: dict[str, Any], *criteria: tuple[str, str, str], **more: Any) -> Matching:
    person = Patient.model_validate({"id": "p", "date": "2025-06-01", **patient})
    return match(person, *make_trial(criteria, **more), KNOWLEDGE)


def answer(patient: dict[str, Any], *criteria: tuple[str, str, str], **more: Any) -> str:
    return held(patient, *criteria, **more).verdicts[-1].answer


LUAD = {"diagnoses": [{"name": "lung adenocarcinoma", "stage": "stage IV", "status": "active"}]}
ALL = ["diagnoses", "conditions", "prior_treatments", "medications"]
PRIOR = {"categories": {"c1": ("prior_therapy",)}}


def test_a_cancer_counts_for_the_kinds_above_it_and_not_for_others() -> None:
    assert answer(LUAD, ("inc", "[NSCLC|CANCER]", "m1")) == "met"
    assert answer(LUAD, ("inc", "[melanoma|CANCER]", "m1")) == "unknown"
    assert answer(LUAD | {"complete": ALL}, ("inc", "[melanoma|CANCER]", "m1")) == "not met"
    wide = {"diagnoses": [{"name": "lung cancer"}], "complete": ALL}
    assert answer(wide, ("inc", "[NSCLC|CANCER]", "m1")) == "unknown"
    assert (
        answer({"diagnoses": [{"name": "nobody knows"}], "complete": ALL}, ("inc", "[NSCLC|CANCER]", "m1")) == "unknown"
    )


def test_stages_are_alternatives_of_one_disease() -> None:
    stages = {"relations": [("HAS_STAGE", "m1", "m2"), ("HAS_STAGE", "m1", "m3")]}
    assert answer(LUAD, ("inc", "[NSCLC|CANCER], [stage III|STAGE] or [IV|STAGE]", "m1"), **stages) == "met"
    assert (
        answer(LUAD | {"complete": ALL}, ("inc", "[NSCLC|CANCER], [stage I|STAGE] or [II|STAGE]", "m1"), **stages)
        == "not met"
    )
    assert (
        answer(
            {"diagnoses": [{"name": "NSCLC"}]}, ("inc", "[NSCLC|CANCER], [stage I|STAGE] or [II|STAGE]", "m1"), **stages
        )
        == "unknown"
    )


def test_an_exclusion_that_applies_is_not_met() -> None:
    ill = {"conditions": [{"name": "hepatitis B", "status": "active"}]}
    found = held(ill, ("exc", "[infection|CONDITION]", "m1"))
    assert found.verdicts[0].answer == "not met" and found.excluded_by == ("c1",)
    assert found.verdicts[0].evidence[0].entry == "condition hepatitis B active"


def test_the_disease_itself_is_no_second_malignancy() -> None:
    criterion = ("exc", "Any previous [malignancy|CANCER hist]", "m1")
    second = {"categories": {"c1": ("second_malignancy",)}}
    assert answer(LUAD, criterion, **second) == "unknown"
    assert answer(LUAD, criterion) == "not met"
    earlier = {"diagnoses": [*LUAD["diagnoses"], {"name": "melanoma", "status": "past"}]}
    assert answer(earlier, criterion, **second) == "not met"
    assert answer({"complete": ALL}, criterion, **second) == "met"


def test_absence_is_known_only_where_the_file_says_so() -> None:
    criterion = ("exc", "[hepatitis B|CONDITION]", "m1")
    assert answer({}, criterion) == "unknown"
    assert answer({"complete": ["conditions", "diagnoses"]}, criterion) == "met"
    assert answer({"conditions": [{"name": "hepatitis B", "status": "absent"}]}, criterion) == "met"
    assert (
        answer({"conditions": [{"name": "hepatitis B", "status": "absent"}]}, ("exc", "[infection|CONDITION]", "m1"))
        == "unknown"
    )
    assert answer({"conditions": [{"name": "infection", "status": "absent"}]}, criterion) == "met"


def test_words_that_narrow_a_fact_leave_it_open() -> None:
    ill = {"conditions": [{"name": "hepatitis B"}]}
    assert answer(ill, ("exc", "Uncontrolled [hepatitis B|CONDITION]", "m1")) == "unknown"
    assert answer(ill, ("exc", "[hepatitis B|CONDITION] requiring treatment", "m1")) == "unknown"
    assert answer({"complete": ALL}, ("exc", "Uncontrolled [hepatitis B|CONDITION]", "m1")) == "met"
    assert (
        answer({"conditions": [{"name": "hepatitis B", "status": "past"}]}, ("exc", "[hepatitis B|CONDITION]", "m1"))
        == "unknown"
    )
    assert (
        answer(
            {"conditions": [{"name": "hepatitis B", "status": "past"}]},
            ("exc", "history of [hepatitis B|CONDITION hist]", "m1"),
        )
        == "not met"
    )


@pytest.mark.parametrize(
    ("asked", "given", "expected"),
    [
        ("[PD-1 inhibitor|DRUG_CLASS]", "nivolumab", "not met"),
        ("[PD-1 inhibitor|DRUG_CLASS]", "FOLTOX", "not met"),
        ("[EGFR inhibitor|DRUG_CLASS]", "nivolumab", "met"),
        ("[chemotherapy|DRUG_CLASS]", "paclitaxel", "not met"),
        ("[chemotherapy|DRUG_CLASS]", "nivolumab", "met"),
        ("[nivolumab|DRUG]", "paclitaxel", "met"),
        ("[paclitaxel|DRUG]", "paclitaxel", "not met"),
        ("[PD-1 inhibitor|DRUG_CLASS]", "nobody knows", "unknown"),
    ],
)
def test_treatments_count_for_their_class(asked: str, given: str, expected: str) -> None:
    patient = {"prior_treatments": [{"name": given, "end": "2025-01-01"}], "complete": ALL}
    assert answer(patient, ("exc", asked, "m1"), **PRIOR) == expected


def test_treatments_that_are_no_history_leave_it_open() -> None:
    had = {"prior_treatments": [{"name": "paclitaxel", "end": "2020-01-01"}]}
    assert (
        answer(
            had, ("exc", "Receiving [EGFR inhibitor|DRUG_CLASS] or [chemotherapy|DRUG_CLASS]", "(any m1 m2)"), **PRIOR
        )
        == "unknown"
    )
    patient = {"complete": ALL}
    assert (
        answer(patient, ("inc", "Fit for [radiotherapy|PROCEDURE]", "m1"), categories={"c1": ("disease",)}) == "unknown"
    )
    assert (
        answer(
            patient,
            ("inc", "One line of [chemotherapy|DRUG_CLASS]", "m1"),
            categories={"c1": ("prior_therapy", "line_of_therapy")},
        )
        == "unknown"
    )


@pytest.mark.parametrize(
    ("end", "words", "expected"),
    [
        ("2025-05-20", "within 4 weeks", "not met"),
        ("2025-03-01", "within 4 weeks", "met"),
        ("2025-05", "within 4 weeks", "unknown"),
        ("2025-04", "within 4 weeks", "met"),
        ("", "within 4 weeks", "unknown"),
        ("2025-05-20", "in the past", "unknown"),
    ],
)
def test_time_windows_against_dates(end: str, words: str, expected: str) -> None:
    patient = {"prior_treatments": [{"name": "paclitaxel", "end": end}], "complete": ALL}
    criterion = ("exc", f"[chemotherapy|DRUG_CLASS] [{words}|TIME]", "m1")
    assert answer(patient, criterion, relations=[("HAS_TIME", "m1", "m2")], **PRIOR) == expected


def test_time_since_is_told_by_the_latest_treatment() -> None:
    patient = {
        "prior_treatments": [{"name": "paclitaxel", "end": "2025-01-01"}, {"name": "paclitaxel", "end": "2025-05-25"}],
        "complete": ALL,
    }
    criterion = ("inc", "[chemotherapy|DRUG_CLASS] ended [at least 28 days|TIME] ago", "m1")
    assert answer(patient, criterion, relations=[("HAS_TIME", "m1", "m2")], **PRIOR) == "not met"


@pytest.mark.parametrize(
    ("marker", "asked", "expected"),
    [
        ({"name": "EGFR", "alteration": "L858R"}, "EGFR L858R", "met"),
        ({"name": "EGFR", "alteration": "L858R"}, "EGFR mutation", "met"),
        ({"name": "EGFR", "state": "wild-type"}, "EGFR mutation", "not met"),
        ({"name": "EGFR", "state": "wild-type"}, "EGFR L858R", "not met"),
        ({"name": "EGFR", "state": "mutation"}, "EGFR L858R", "unknown"),
        ({"name": "HER2", "state": "negative"}, "HER2-positive", "not met"),
        ({"name": "HER2", "state": "positive"}, "EGFR mutation", "unknown"),
    ],
)
def test_markers_by_their_parts(marker: dict[str, str], asked: str, expected: str) -> None:
    assert answer({"markers": [marker]}, ("inc", f"[{asked}|BIOMARKER]", "m1")) == expected


def test_the_latest_test_of_a_marker_counts_but_says_nothing_of_earlier_ones() -> None:
    tests = [
        {"name": "HER2", "state": "positive", "date": "2020"},
        {"name": "HER2", "state": "negative", "date": "2024"},
    ]
    assert answer({"markers": tests}, ("inc", "[HER2-positive|BIOMARKER]", "m1")) == "not met"
    assert answer({"markers": tests[1:]}, ("exc", "ever [HER2-positive|BIOMARKER]", "m1")) == "unknown"


def limit(measure: str, operator: str, value: float, unit: str, **more: Any) -> dict[str, Any]:
    return {
        "criterion": "c1",
        "measure": measure,
        "operator": operator,
        "value": value,
        "unit": unit,
        "mentions": ("m1", "m2"),
        **more,
    }


def test_scores_ages_and_laboratory_values() -> None:
    ecog = {"thresholds": [limit("ECOG", "range", 0, "1", high=1)]}
    assert answer({"ecog": 1}, ("inc", "[ECOG|MEASURE] [0-1|VALUE]", "m1"), **ecog) == "met"
    assert answer({"ecog": 2}, ("inc", "[ECOG|MEASURE] [0-1|VALUE]", "m1"), **ecog) == "not met"
    assert answer({}, ("inc", "[ECOG|MEASURE] [0-1|VALUE]", "m1"), **ecog) == "unknown"
    adult = {"thresholds": [limit("age", ">=", 18, "a")]}
    assert answer({"birth_date": "2007-06-02"}, ("inc", "[age|MEASURE] [18|VALUE]", "m1"), **adult) == "not met"
    assert answer({"birth_date": "2007"}, ("inc", "[age|MEASURE] [18|VALUE]", "m1"), **adult) == "unknown"
    anc = {"thresholds": [limit("ANC", ">=", 1.5, "10*9/L")]}
    for unit, value, expected in (("/mm3", 1600, "met"), ("10^9/L", 1.2, "not met"), ("furlongs", 2, "unknown")):
        lab = {"labs": [{"name": "ANC", "value": value, "unit": unit}]}
        assert answer(lab, ("inc", "[ANC|MEASURE] [1.5|VALUE]", "m1"), **anc) == expected


def test_limits_of_normal_and_conditions() -> None:
    limits = [
        limit("ALT", "<=", 2.5, "ULN"),
        limit("ALT", "<=", 5, "ULN", condition="with melanoma", mentions=("m1", "m2", "m3")),
    ]
    criterion = ("inc", "[ALT|MEASURE] [2.5 x ULN|VALUE] (5 with [melanoma|CANCER])", "m1")

    def with_alt(value: float, **more: Any) -> str:
        lab = {"name": "ALT", "value": value, "unit": "U/L", "upper_limit": 40}
        return answer({"labs": [lab], **more}, criterion, thresholds=limits)

    assert with_alt(80) == "met"
    assert with_alt(150) == "unknown"
    assert with_alt(150, diagnoses=[{"name": "melanoma"}]) == "met"
    assert with_alt(150, diagnoses=[{"name": "basal cell carcinoma"}], complete=["diagnoses"]) == "not met"
    assert with_alt(300) == "not met"


def test_a_limit_and_the_one_in_its_place() -> None:
    unless = limit("ALT", "<=", 2.5, "ULN", condition="unless melanoma is known", mentions=("m1", "m2", "m3"))
    instead = limit("ALT", "<=", 5, "ULN", condition="melanoma is known", mentions=("m1", "m4", "m3"))
    text = "[ALT|MEASURE] [2.5 x ULN|VALUE] unless [melanoma|CANCER] is known, in which case [5 x ULN|VALUE]"

    def with_alt(value: float, limits: list[dict[str, Any]], **more: Any) -> str:
        lab = {"name": "ALT", "value": value, "unit": "U/L", "upper_limit": 40}
        return answer({"labs": [lab], **more}, ("inc", text, "m1"), thresholds=limits)

    healthy = {"diagnoses": [{"name": "basal cell carcinoma"}], "complete": ["diagnoses"]}
    assert with_alt(150, [unless, instead], diagnoses=[{"name": "melanoma"}]) == "met"
    assert with_alt(150, [unless, instead], **healthy) == "not met"
    assert with_alt(80, [unless, instead]) == "met"
    assert with_alt(150, [unless, instead]) == with_alt(150, [unless]) == "unknown"
    assert with_alt(150, [unless], diagnoses=[{"name": "melanoma"}]) == "unknown"


def test_a_measure_named_again_with_the_limit_of_a_group() -> None:
    limits = [
        limit("ALT", "<=", 2.5, "ULN"),
        limit("ALT", "<=", 5, "ULN", condition="with melanoma", mentions=("m4", "m5", "m3")),
    ]
    text = "[ALT|MEASURE] [2.5 x ULN|VALUE] (with [melanoma|CANCER] [ALT|MEASURE] [5 x ULN|VALUE])"
    lab = {"name": "ALT", "value": 150, "unit": "U/L", "upper_limit": 40}
    assert answer({"labs": [lab]}, ("inc", text, "m1"), thresholds=limits) == "unknown"
    assert answer({"labs": [lab], "diagnoses": [{"name": "melanoma"}]}, ("inc", text, "m1"), thresholds=limits) == "met"


def test_a_limit_of_an_age_that_is_no_threshold() -> None:
    text = "[ECOG|MEASURE] [0-1|VALUE] for patients [> 70 years|VALUE]"
    told = limit(
        "ECOG performance status", "<=", 1, "1", condition="for patients > 70 years", mentions=("m1", "m2", "m3")
    )
    for age, ecog, expected in ((80, 2, "not met"), (80, 1, "met"), (60, 2, "met")):
        patient = {"age": age, "ecog": ecog}
        assert answer(patient, ("inc", text, "(if m3 m1)"), thresholds=[told]) == expected
    women = limit("ALT", "<=", 2, "ULN", condition="women < 50 years", mentions=("m3", "m4", "m1", "m2"))
    criterion = ("inc", "[women|POPULATION] [< 50 years|VALUE] must have [ALT|MEASURE] [< 2 x ULN|VALUE]", "(if m1 m3)")
    lab = {"name": "ALT", "value": 150, "unit": "U/L", "upper_limit": 40}
    for age, expected in ((40, "not met"), (60, "met")):
        patient = {"age": age, "sex": "female", "labs": [lab]}
        relations = [("HAS_VALUE", "m1", "m2"), ("HAS_VALUE", "m3", "m4")]
        assert answer(patient, criterion, thresholds=[women], relations=relations) == expected


def test_exceptions_look_at_each_disease() -> None:
    criterion = ("exc", "[malignancy|CANCER] except [basal cell carcinoma|CANCER exc]", "(except m1 m2)")
    spared = {"diagnoses": [{"name": "basal cell carcinoma"}], "complete": ["diagnoses"]}
    assert answer(spared, criterion) == "met"
    both = {"diagnoses": [{"name": "basal cell carcinoma"}, {"name": "melanoma"}]}
    assert answer(both, criterion) == "not met"


@pytest.mark.parametrize(("count", "expected"), [(2.0, "met"), (0.5, "not met"), (None, "unknown")])
def test_a_measure_spares_where_it_holds(count: float | None, expected: str) -> None:
    ill = {"conditions": [{"name": "hepatitis B", "status": "active"}]}
    labs = [] if count is None else [{"name": "ANC", "value": count, "unit": "10*9/L"}]
    limit = {"criterion": "c1", "measure": "Neutrophils", "operator": ">=", "value": 1, "unit": "10*9/L"}
    limit |= {"mentions": ("m2", "m3")}
    criterion = ("exc", "[hepatitis B|CONDITION], unless [ANC|MEASURE] [≥ 1|VALUE]", "(except m1 m2)")
    assert answer(ill | {"labs": labs}, criterion, thresholds=[limit]) == expected


def test_no_entry_tells_a_dose() -> None:
    given = {"prior_treatments": [{"name": "paclitaxel"}], "complete": ALL}
    limit = {"criterion": "c1", "measure": "paclitaxel", "operator": ">", "value": 10, "unit": "mg/d"}
    criterion = ("exc", "[paclitaxel|DRUG] [> 10 mg|VALUE]", "m1")
    assert answer(given, criterion, **PRIOR) == "not met"
    assert answer(given, criterion, thresholds=[limit | {"mentions": ("m1", "m2")}], **PRIOR) == "unknown"


def test_sex_by_population_and_registry() -> None:
    assert answer({"sex": "male"}, ("exc", "[pregnant women|POPULATION]", "m1")) == "met"
    assert answer({"sex": "female"}, ("exc", "[pregnant women|POPULATION]", "m1")) == "unknown"
    found = held(
        {"sex": "male", "age": 17}, registry=Registry(sex="female", minimum_age="18 Years", maximum_age="75 Years")
    )
    assert [(v.criterion, v.answer) for v in found.verdicts] == [
        ("minimum age", "not met"),
        ("maximum age", "met"),
        ("sex", "not met"),
    ]


def test_sub_criteria_count_within_their_parent() -> None:
    parts = [("inc", "One of:", "(any c2 c3)"), ("inc", "[NSCLC|CANCER]", "m1"), ("inc", "[melanoma|CANCER]", "m2")]
    found = held(LUAD | {"complete": ALL}, *parts, parents={"c2": "c1", "c3": "c1"})
    assert [v.answer for v in found.verdicts] == ["met", "met", "not met"]
    assert (found.excluded_by, found.open, found.met, found.note) == ((), (), 1, NOTE)
    adrift = held(LUAD | {"complete": ALL}, ("inc", "One of:", ""), parts[2], parents={"c2": "c1"})
    assert [v.answer for v in adrift.verdicts] == ["unknown", "unknown"]


def test_what_is_not_understood_is_unknown() -> None:
    assert answer(LUAD, ("inc", "[NSCLC|CANCER]", "")) == "unknown"
    gap = Coverage(passage="eligibility", start=0, end=5, status="partly", reason="", lacks=("words",), decisive=True)
    assert answer(LUAD, ("inc", "[NSCLC|CANCER]", "m1"), coverage=(gap,)) == "unknown"
    harmless = gap.model_copy(update={"lacks": ("concept",), "decisive": False})
    assert answer(LUAD, ("inc", "[NSCLC|CANCER]", "m1"), coverage=(harmless,)) == "met"


def test_dates_to_the_month_or_year() -> None:
    assert days_between("2025-05", "2025-06-01") == (1, 31)
    assert days_between("2024", "2025-01-01") == (1, 366)
    assert days_between("", "2025-01-01") is None and days_between("2025-13", "2025-01-01") is None
    assert ages_of(Patient(id="p", date="2025-06-01", birth_date="1961")) == [63, 64]
    assert ages_of(Patient(id="p", age=40)) == [40]
    assert isinstance(CONCEPTS["NSCLC"], Concept)


@pytest.mark.parametrize(
    ("end", "wanted"), [("2025-05-20", "not met"), ("2025-01-01", "met"), ("2025-05", "unknown"), ("", "unknown")]
)
def test_a_washout_is_met_by_time_or_by_never_having_had_it(end: str, wanted: str) -> None:
    document, extraction = make_trial([("inc", "at least 4 weeks since [paclitaxel|DRUG hist]", "m1")], **PRIOR)
    (c,) = extraction.criteria
    washed = c.model_copy(update={"logic": Logic(op="fact", mention="m1", washout=28.0)})
    extraction = extraction.model_copy(update={"criteria": (washed,)})
    had = Patient.model_validate(
        {"id": "p", "date": "2025-06-01", "prior_treatments": [{"name": "paclitaxel", "end": end}], "complete": ALL}
    )
    never = had.model_copy(update={"prior_treatments": ()})
    assert match(had, document, extraction, KNOWLEDGE).verdicts[-1].answer == wanted
    assert match(never, document, extraction, KNOWLEDGE).verdicts[-1].answer == "met"


LOW_ANC = ("exc", "[ANC|MEASURE] [below 1.0|VALUE]", "m1")


@pytest.mark.parametrize(
    ("dates", "result"),
    [
        (("2025-05-01", "2025-05-20"), "met"),
        (("2025-05-20", "2025-05-01"), "not met"),
        (("", ""), "unknown"),
        (("2025-05-20", "2025-05-20"), "unknown"),
        (("2025-05", "2025-05-20"), "unknown"),
        (("", "2025-05-20"), "unknown"),
    ],
)
def test_of_results_whose_dates_do_not_tell_the_latest_all_must_agree(dates: tuple[str, str], result: str) -> None:
    limit = {
        "criterion": "c1",
        "measure": "ANC",
        "operator": "<",
        "value": 1,
        "unit": "10*9/L",
        "mentions": ("m1", "m2"),
    }
    more = {"relations": [("HAS_VALUE", "m1", "m2")], "thresholds": [limit]}

    def labs(*values: float) -> dict[str, Any]:
        given = zip(values, dates, strict=True)
        return {"labs": [{"name": "ANC", "value": v, "unit": "10*9/L", "date": day} for v, day in given]}

    assert answer(labs(0.5, 2), LOW_ANC, **more) == result
    assert answer(labs(2, 3), LOW_ANC, **more) == "met"


PSA = ("inc", "[PSA|GENE] [≥ 2 ng/mL|VALUE]", "m1")
AGES = [
    {"criterion": "c1", "measure": "age", "operator": "<", "value": 18, "unit": "a", "mentions": ("m1",)},
    {"criterion": "c1", "measure": "age", "operator": ">", "value": 80, "unit": "a", "mentions": ("m1",)},
]


@pytest.mark.parametrize(("unit", "expected"), [("ng/mL", "met"), ("%", "unknown")])
def test_a_gene_with_an_amount_in_blood_is_asked_of_the_labs(unit: str, expected: str) -> None:
    limit = {"criterion": "c1", "measure": "PSA", "operator": ">=", "value": 2, "unit": unit, "mentions": ("m1",)}
    labs = {"labs": [{"name": "PSA", "value": 3, "unit": "ng/mL"}]}
    assert answer(labs, PSA, thresholds=[limit]) == expected


@pytest.mark.parametrize(("age", "expected"), [(60, "met"), (17, "not met"), (81, "not met")])
def test_limits_on_both_sides_of_a_middle_are_alternatives(age: int, expected: str) -> None:
    assert answer({"age": age}, ("exc", "[Age|MEASURE] < 18 or > 80 years", "m1"), thresholds=AGES) == expected


@pytest.mark.parametrize(
    ("patient", "expected"),
    [({"sex": "male", "age": 30}, "met"), ({"sex": "male", "age": 17}, "not met"), ({"sex": "male"}, "unknown")],
)
def test_a_group_of_an_age_asks_the_age(patient: dict[str, Any], expected: str) -> None:
    adult = {"criterion": "c1", "measure": "age", "operator": ">=", "value": 18, "unit": "a", "mentions": ("m1",)}
    assert answer(patient, ("inc", "[Male|POPULATION] ≥ 18 years", "m1"), thresholds=[adult]) == expected


def test_evidence_says_what_one_of_several_scores_shows() -> None:
    scores = [
        {"criterion": "c1", "measure": "ECOG", "operator": "range", "value": 0, "high": 1, "mentions": ("m1",)},
        {"criterion": "c1", "measure": "ECOG", "operator": "=", "value": 2, "mentions": ("m1",)},
    ]
    found = held({"ecog": 1}, ("inc", "[ECOG|MEASURE] 0-1 or 2", "m1"), thresholds=scores)
    assert found.verdicts[0].evidence[0].holds is True


@pytest.mark.parametrize(
    ("words", "stage", "expected"),
    [
        ("[stage IIIB-IV|STAGE] [NSCLC|CANCER]", "stage IV", "met"),
        ("[stage II|STAGE] or higher [NSCLC|CANCER]", "stage IV", "met"),
        ("[T2-4 N0-3 M0|STAGE] [NSCLC|CANCER]", "stage IV", "unknown"),
    ],
)
def test_a_disease_of_a_range_of_stages(words: str, stage: str, expected: str) -> None:
    patient = {"diagnoses": [{"name": "NSCLC", "stage": stage, "status": "active"}], "complete": ALL}
    assert answer(patient, ("inc", words, "m2"), relations=[("HAS_STAGE", "m2", "m1")]) == expected


def test_two_stages_with_a_dash_between_are_a_range() -> None:
    patient = {"diagnoses": [{"name": "NSCLC", "stage": "II", "status": "active"}], "complete": ALL}
    relations = [("HAS_STAGE", "m3", "m1"), ("HAS_STAGE", "m3", "m2")]
    criterion = ("inc", "[Stage I|STAGE]-[III|STAGE] [NSCLC|CANCER]", "m3")
    assert answer(patient, criterion, relations=relations) == "met"
    assert answer(LUAD, ("inc", "[Stage III|STAGE] or higher", "m1")) == "met"


def amount(operator: str, value: float, **more: Any) -> dict[str, Any]:
    return {"criterion": "c1", "measure": "n", "operator": operator, "value": value, "mentions": ("m1", "m2"), **more}


@pytest.mark.parametrize(
    ("side", "limit", "never", "once"),
    [
        ("inc", amount("<=", 2), "met", "unknown"),
        ("inc", amount("range", 0, high=2), "met", "unknown"),
        ("inc", amount(">=", 1), "not met", "unknown"),
        ("inc", amount("range", 1, high=2), "not met", "unknown"),
        ("exc", amount(">", 2), "met", "unknown"),
        ("exc", amount("<=", 1), "unknown", "unknown"),
        ("exc", amount("<=", 1, denied=True), "met", "unknown"),
        ("inc", amount("<=", 10, unit="mg/d"), "unknown", "unknown"),
    ],
)
def test_a_limit_that_none_keeps_rejects_nobody_without(
    side: str, limit: dict[str, Any], never: str, once: str
) -> None:
    criterion = (side, "[chemotherapy|DRUG_CLASS hist] [2|VALUE] lines", "m1")
    given = {"prior_treatments": [{"name": "paclitaxel"}], "complete": ALL}
    assert answer({"complete": ALL}, criterion, thresholds=[limit], **PRIOR) == never
    assert answer(given, criterion, thresholds=[limit], **PRIOR) == once


def test_a_grade_of_a_disease_is_asked_of_those_who_have_it() -> None:
    criterion, limits = ("inc", "[hepatitis B|CONDITION] [≤ grade 1|VALUE]", "m1"), [amount("<=", 1)]
    relations = [("HAS_VALUE", "m1", "m2")]
    ill = {"conditions": [{"name": "hepatitis B"}]}
    assert answer({"complete": ALL}, criterion, thresholds=limits, relations=relations) == "met"
    assert answer(ill, criterion, thresholds=limits, relations=relations) == "unknown"
    needed = {"categories": {"c1": ("disease",)}}
    assert answer({"complete": ALL}, criterion, thresholds=limits, relations=relations, **needed) == "unknown"


@pytest.mark.parametrize(
    ("side", "treatment", "logic", "ended", "expected"),
    [
        ("exc", "[chemotherapy|DRUG_CLASS]", "m1", "2025-05-22", "not met"),
        ("exc", "[chemotherapy|DRUG_CLASS]", "m1", "2025-01-01", "met"),
        ("inc", "No [chemotherapy|DRUG_CLASS neg]", "(not m1)", "2025-05-22", "not met"),
        ("inc", "[chemotherapy|DRUG_CLASS]", "m1", "2025-05-22", "unknown"),
        ("inc", "[chemotherapy|DRUG_CLASS]", "m1", "2025-01-01", "unknown"),
    ],
)
def test_a_moment_before_study_entry_rules_out_all_since(
    side: str, treatment: str, logic: str, ended: str, expected: str
) -> None:
    patient = {"prior_treatments": [{"name": "paclitaxel", "end": ended}], "complete": ALL}
    criterion = (side, f"{treatment} [4 weeks prior to study entry|TIME]", logic)
    assert answer(patient, criterion, relations=[("HAS_TIME", "m1", "m2")], **PRIOR) == expected


RECENTLY = "[hepatitis B|CONDITION hist] [in the past 2 years|TIME]"


@pytest.mark.parametrize(
    ("words", "status", "date", "expected"),
    [
        (RECENTLY, "active", "2010", "not met"),
        (RECENTLY, "active", "", "not met"),
        (RECENTLY, "past", "2010", "unknown"),
        (RECENTLY, "", "2010", "unknown"),
        (RECENTLY, "past", "2024-09", "not met"),
        (f"diagnosis of {RECENTLY}", "past", "2010", "met"),
        (f"diagnosis or recurrence of {RECENTLY}", "past", "2010", "unknown"),
        ("[stroke|CONDITION hist] [in the past 2 years|TIME]", "active", "2010", "met"),
        ("[hepatitis B|CONDITION hist] [more than 2 years|TIME] ago", "past", "2010", "unknown"),
        ("[hepatitis B|CONDITION hist] [more than 2 years|TIME] ago", "past", "2025-01", "met"),
    ],
)
def test_the_date_of_a_disease_is_that_of_its_beginning(words: str, status: str, date: str, expected: str) -> None:
    name = "stroke" if "stroke" in words else "hepatitis B"
    patient = {"conditions": [{"name": name, "status": status, "date": date}], "complete": ALL}
    assert answer(patient, ("exc", words, "m1"), relations=[("HAS_TIME", "m1", "m2")]) == expected


@pytest.mark.parametrize(
    ("side", "words", "man", "woman"),
    [
        ("inc", "Non-pregnant and non-lactating", "met", "unknown"),
        ("inc", "Not pregnant or breastfeeding", "met", "unknown"),
        ("inc", "Nonpregnant, nonlactating females", "unknown", "unknown"),
        ("inc", "Postmenopausal women", "unknown", "unknown"),
        ("inc", "Women", "not met", "met"),
        ("exc", "Pregnant or nursing women", "met", "unknown"),
        ("exc", "Men with a pregnant partner", "unknown", "met"),
        ("exc", "Not pregnant", "unknown", "unknown"),
    ],
)
def test_what_is_asked_of_pregnancy_by_sex(side: str, words: str, man: str, woman: str) -> None:
    criterion = (side, f"[{words}|POPULATION]", "m1")
    assert (answer({"sex": "male"}, criterion), answer({"sex": "female"}, criterion)) == (man, woman)


def test_whom_something_is_asked_of_is_told_by_sex() -> None:
    text = "[Women of childbearing potential|POPULATION] must be [postmenopausal|POPULATION]"
    assert answer({"sex": "male"}, ("inc", text, "(if m1 m2)")) == "met"
    assert answer({"sex": "male"}, ("inc", "No [pregnant women|POPULATION neg]", "(not m1)")) == "met"


def test_the_units_of_a_laboratory_that_writes_ucum() -> None:
    lab = {"labs": [{"name": "clearance", "value": 70, "unit": "mL/min/{1.73_m2}"}]}
    least = amount(">=", 60, unit="mL/min/{1.73_m2}")
    assert answer(lab, ("inc", "[clearance|MEASURE] [≥ 60 mL/min/1.73 m2|VALUE]", "m1"), thresholds=[least]) == "met"
