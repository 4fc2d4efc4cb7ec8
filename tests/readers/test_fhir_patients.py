"""FHIR Bundles of a size that a long illness makes; what they say is in `test_patients`."""

from __future__ import annotations

import time
from typing import Any

from oncogloss.readers.patients import patient_of

SOON = 4.0  # seconds of this process; far above what it takes


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    person = {"resourceType": "Patient", "id": "q", "gender": "female", "birthDate": "1960-02-03"}
    return {"resourceType": "Bundle", "entry": [{"resource": r} for r in (person, *resources)]}


def lab(name: str, value: float) -> dict[str, Any]:
    return {"resourceType": "Observation", "code": {"text": name}, "valueQuantity": {"value": value, "unit": "g"}}


def test_thousands_of_values_are_read_soon_each_once_and_in_order() -> None:
    given = [lab(f"tide level {n}", n) for n in range(4_000)]
    begun = time.process_time()
    patient = patient_of(bundle(*given, *given[:5]), "p.json")
    assert time.process_time() - begun < SOON
    assert [(x.name, x.value) for x in patient.labs] == [(f"tide level {n}", n) for n in range(4_000)]


def test_a_name_of_mostly_blanks_is_read_soon() -> None:
    begun = time.process_time()
    patient = patient_of(bundle(lab("tide" + " " * 50_000 + "level", 1)), "p.json")
    assert time.process_time() - begun < SOON
    assert [x.name for x in patient.labs] == ["tide level"]
