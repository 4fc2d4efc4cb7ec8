"""Patient files: our own JSON and FHIR Bundles, whole and broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oncogloss.errors import InputError
from oncogloss.readers.patients import read_patient
from oncogloss.schema import Patient
from toys import ROOT

MCODE = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-"


def read(tmp_path: Path, value: object) -> Patient:
    path = tmp_path / "patient.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return read_patient(path)


def told(patient: Patient) -> list[str]:
    return [problem.split(": ", 1)[1] for problem in patient.problems]


@pytest.mark.parametrize("name", ["lung", "breast"])
def test_the_samples_have_no_problems(name: str) -> None:
    patient = read_patient(ROOT / "corpus" / "patients" / f"{name}.json")
    assert patient.problems == () and patient.diagnoses and patient.labs and patient.date == "2025-06-01"


def test_a_stage_may_be_a_number(tmp_path: Path) -> None:
    given = [{"name": "moon sarcoma", "stage": stage} for stage in (4, "IVA", True)]
    patient = read(tmp_path, {"id": "p", "diagnoses": given})
    assert [d.stage for d in patient.diagnoses] == ["4", "IVA"]
    assert "diagnoses, entry 3: stage cannot be read; the entry was left out." in told(patient)


def test_what_is_wrong_in_our_own_json_costs_only_itself(tmp_path: Path) -> None:
    patient = read(
        tmp_path,
        {
            "id": "p", "sex": "F", "birth_date": "31 May 1960", "ecog": 7, "shoe": 42, "complete": ["labs", "shoes"],
            "diagnoses": ["moon sarcoma", {"stage": "IV"}, {"name": "tide fever", "date": "yesterday"}],
            "labs": [{"name": "ANC", "value": "many"}], "medications": {"name": "lunamab"},
        },
    )  # fmt: skip
    assert [d.name for d in patient.diagnoses] == ["moon sarcoma", "tide fever"]
    assert (patient.labs, patient.medications, patient.ecog, patient.sex, patient.complete) == (
        (),
        (),
        None,
        "",
        ("labs",),
    )
    assert told(patient) == [
        "“shoe” is no field of a patient; it was not read.",
        "birth_date is no date; write it as 2024-05-31.",
        "diagnoses, entry 2: name cannot be read; the entry was left out.",
        "diagnoses, entry 3: date is no date; write it as 2024-05-31.",
        "labs, entry 1: value cannot be read; the entry was left out.",
        "medications is no list; it was not read.",
        "complete: no list is called “shoes”.",
        "ECOG 7 is no such score (0 to 5); it was left out.",
        "sex is neither female nor male; criteria that ask for it stay open.",
        "neither birth date nor age; criteria on age stay open.",
    ]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"age": True}, "age has a value of the wrong kind; it was not read."),
        ({"ecog": True}, "ecog has a value of the wrong kind; it was not read."),
        ({"karnofsky": False}, "karnofsky has a value of the wrong kind; it was not read."),
        ({"age": "Infinity"}, "age has a value of the wrong kind; it was not read."),
        ({"age": 30}, "age 30 contradicts birth_date; it was left out."),
        ({"age": 66}, "age 66 contradicts birth_date; it was left out."),
        ({"birth_date": "1961-02-29"}, "birth_date is no date; write it as 2024-05-31."),
        ({"birth_date": "2025-07"}, "birth_date makes an age that cannot be; it was left out."),
        ({"birth_date": "1861"}, "birth_date makes an age that cannot be; it was left out."),
        ({"date": "2025-06-31"}, "date is no date; write it as 2024-05-31."),
        ({"labs": [{"name": "ANC", "value": True}]}, "labs, entry 1: value cannot be read; the entry was left out."),
        (
            {"labs": [{"name": "ANC", "value": 1, "upper_limit": "inf"}]},
            "labs, entry 1: upper_limit cannot be read; the entry was left out.",
        ),
        ({"labs": False}, "labs is no list; it was not read."),
        (
            {"prior_treatments": [{"name": "lunamab", "line": True}]},
            "prior_treatments, entry 1: line cannot be read; the entry was left out.",
        ),
        (
            {"prior_treatments": [{"name": "lunamab", "end": "2025-06-31"}]},
            "prior_treatments, entry 1: end is no date; write it as 2024-05-31.",
        ),
    ],
)
def test_what_cannot_be_is_told_and_not_used(tmp_path: Path, given: dict[str, Any], sentence: str) -> None:
    whole = {
        "id": "p",
        "date": "2025-06-01",
        "birth_date": "1960-05-31",
        "sex": "female",
        "diagnoses": ["moon sarcoma"],
    }
    patient = read(tmp_path, whole | given)
    assert sentence in told(patient)
    left = read(tmp_path, {k: v for k, v in whole.items() if k not in given})
    known = {"problems", "prior_treatments"}
    assert patient.model_dump(exclude=known) == left.model_dump(exclude=known)
    assert all(treatment.end == "" for treatment in patient.prior_treatments)


def test_a_number_without_end_is_no_laboratory_value(tmp_path: Path) -> None:
    patient = read(tmp_path, '{"age": 65, "labs": [{"name": "ANC", "value": 1e400}, {"name": "ANC", "value": 2}]}')
    assert [lab.value for lab in patient.labs] == [2]
    assert "labs, entry 1: value cannot be read; the entry was left out." in told(patient)


@pytest.mark.parametrize(
    ("born", "day", "least", "most"),
    [("1960-06-01", "2025-06-01", 65, 65), ("1960-06-02", "2025-06-01", 64, 64), ("1960", "2025-06-01", 64, 65),
     ("1960-06", "2025-06-15", 64, 65), ("1960-06-15", "2025-06", 64, 65), ("1960-06-15", "2025", 64, 65)],
)  # fmt: skip
def test_an_age_that_fits_the_birth_date_stands(tmp_path: Path, born: str, day: str, least: int, most: int) -> None:
    for age in (least - 0.1, least, most, most + 0.9, most + 1):
        patient = read(tmp_path, {"birth_date": born, "date": day, "age": age})
        assert patient.age == (age if least <= age < most + 1 else None)
        assert patient.birth_date == born


@pytest.mark.parametrize(
    "value",
    [
        {"age": 64, "id": "\ud800"},
        {"age": 64, "sh\udfffoe": 1},
        {"diagnoses": [{"name": "moon \ud800"}]},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "id": "\udc00"}}]},
    ],
)
def test_half_a_character_is_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(InputError, match=r"has half a surrogate pair at character [0-9]; write the whole character"):
        read(tmp_path, json.dumps(value))


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("[1]", "no patient"),
        ({"protocolSection": {}}, "JSON, but no patient"),
        ({"resourceType": "Patient"}, "no Bundle"),
        ({"resourceType": "Bundle", "entry": []}, "0 Patient resources"),
        ("{", "breaks off here"),
    ],
)
def test_what_is_no_patient_is_refused(tmp_path: Path, value: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read(tmp_path, value)


def coded(words: str = "", code: str = "1") -> dict[str, Any]:
    return {"coding": [{"system": "s", "code": code, **({"display": words} if words else {})}]}


def bundle(*resources: dict[str, Any], **person: Any) -> dict[str, Any]:
    people = [{"resourceType": "Patient", "id": "q", "gender": "female", "birthDate": "1960-02-03", **person}]
    return {
        "resourceType": "Bundle",
        "timestamp": "2025-06-01T10:00:00Z",
        "entry": [{"resource": r} for r in (*people, *resources)],
    }


CANCER = {
    "resourceType": "Condition", "meta": {"profile": [f"{MCODE}primary-cancer-condition"]},
    "extension": [{"url": f"{MCODE}histology-morphology-behavior"}], "code": coded("Moon sarcoma (disorder)"),
    "clinicalStatus": coded(code="active"), "onsetDateTime": "2020-01-02T03:04:05Z",
}  # fmt: skip


def test_a_bundle_in_full(tmp_path: Path) -> None:
    def observation(code: str, words: str = "", **more: Any) -> dict[str, Any]:
        return {"resourceType": "Observation", "code": coded(words, code), "effectiveDateTime": "2025-05-01", **more}

    patient = read(
        tmp_path,
        bundle(
            CANCER,
            {"resourceType": "Condition", "code": coded("Tide fever"), "verificationStatus": coded(code="refuted")},
            {
                "resourceType": "Condition",
                "code": coded("Dropped"),
                "verificationStatus": coded(code="entered-in-error"),
            },
            observation("89247-1", valueInteger=1),
            observation("21908-9", valueCodeableConcept=coded("Stage 3A (qualifier value)")),
            observation("48676-1", "HER2", valueCodeableConcept=coded("Negative (qualifier value)")),
            observation(
                "69548-6",
                valueCodeableConcept=coded(code="LA9633-4"),
                component=[{"code": coded(code="48018-6"), "valueCodeableConcept": coded("MOON1")}],
            ),
            observation(
                "751-8",
                "Neutrophils",
                valueQuantity={"value": 3.1, "code": "10*9/L"},
                referenceRange=[{"high": {"value": 7}}],
            ),
            {
                "resourceType": "MedicationStatement",
                "status": "completed",
                "medicationCodeableConcept": coded("Lunamab 100 MG Injection"),
                "effectivePeriod": {"start": "2024-01", "end": "2024-03-04"},
            },
            {
                "resourceType": "MedicationUsage",
                "status": "recorded",
                "medication": {"concept": coded("Zorbatinib Oral Product")},
            },
            {
                "resourceType": "MedicationRequest",
                "status": "cancelled",
                "medicationCodeableConcept": coded("Never given"),
            },
            {
                "resourceType": "Procedure",
                "status": "completed",
                "code": coded("Excision (procedure)"),
                "performedDateTime": "2024-02-02",
            },
        ),
    )
    assert patient.problems == () and patient.date == "2025-06-01" and patient.ecog == 1
    assert [(d.name, d.stage, d.status, d.date) for d in patient.diagnoses] == [
        ("Moon sarcoma", "Stage 3A", "active", "2020-01-02")
    ]
    assert [(d.name, d.status) for d in patient.conditions] == [("Tide fever", "absent")]
    assert [(m.name, m.state) for m in patient.markers] == [("HER2", "negative"), ("MOON1", "mutation")]
    assert [(x.name, x.value, x.unit, x.upper_limit) for x in patient.labs] == [("Neutrophils", 3.1, "10*9/L", 7)]
    assert [(t.name, t.end) for t in patient.prior_treatments] == [
        ("Lunamab", "2024-03-04"),
        ("Excision", "2024-02-02"),
    ]
    assert [t.name for t in patient.medications] == ["Zorbatinib"]


def test_days_and_numbers_of_a_bundle_that_cannot_be_are_told(tmp_path: Path) -> None:
    lab = {"resourceType": "Observation", "code": coded("Neutrophils", "751-8"), "effectiveDateTime": "2025-05-32T01"}
    person = bundle(
        CANCER | {"id": "c1", "onsetDateTime": "2025-06-31"},
        lab | {"id": "o1", "valueQuantity": {"value": 3}},
        lab | {"id": "o2", "valueQuantity": {"value": "BIG"}},
        birthDate="1960-02-30",
    )
    patient = read(tmp_path, json.dumps(person).replace('"BIG"', "1e400"))
    assert (patient.birth_date, [d.date for d in patient.diagnoses]) == ("", [""])
    assert [(x.value, x.date) for x in patient.labs] == [(3, "")]
    assert told(patient) == [
        "Condition c1 has a date that cannot be; the date was left out.",
        "Observation o1 has a date that cannot be; the date was left out.",
        "Observation o2 has a date that cannot be; the date was left out.",
        "Neutrophils has no exact number; it was left out.",
        "Patient q has a date that cannot be; the date was left out.",
        "neither birth date nor age; criteria on age stay open.",
    ]


def test_what_a_bundle_lacks_or_has_wrong_is_told(tmp_path: Path) -> None:
    patient = read(
        tmp_path,
        bundle(
            CANCER | {"extension": []},
            {"resourceType": "Observation", "code": coded(code="89247-1"), "valueInteger": -1},
            {"resourceType": "Procedure", "id": "p7", "code": coded(code="99")},
            {"resourceType": "Observation", "code": coded("HER2", "48676-1")},
            "nonsense",  # type: ignore[arg-type]
            birthDate=None,
        ),
    )
    assert [d.name for d in patient.diagnoses] == ["Moon sarcoma"] and patient.ecog is None
    assert told(patient) == [
        "the primary cancer has no histology; criteria on it may stay open.",
        "Procedure p7 has no words for its code (99); it was left out.",
        "a test of HER2 has no result in words; it was left out.",
        "ECOG -1 is no such score (0 to 5); it was left out.",
        "neither birth date nor age; criteria on age stay open.",
    ]
