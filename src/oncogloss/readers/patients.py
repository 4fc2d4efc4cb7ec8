"""Patient files: our own small JSON, or a FHIR Bundle (see `fhir_patients`).

Our own is an object with the fields of `schema.Patient`; `problems` is ours to fill. What is wrong in one entry costs
that entry alone: it is left out, and `problems` says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from oncogloss.errors import InputError, quoted, shown
from oncogloss.readers import strict_json
from oncogloss.readers.fhir_patients import read_bundle
from oncogloss.schema import Diagnosis, LabResult, MarkerResult, Patient, PatientList, Therapy

_Model = TypeVar("_Model", bound=BaseModel)
_LISTS: dict[str, type[BaseModel]] = {
    "diagnoses": Diagnosis, "markers": MarkerResult, "labs": LabResult, "prior_treatments": Therapy,
    "conditions": Diagnosis, "medications": Therapy,
}  # fmt: skip
_PLAIN = ("id", "date", "birth_date", "age", "sex", "ecog", "karnofsky")
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_DATES = ("date", "birth_date", "start", "end")


def read_patient(path: Path) -> Patient:
    """Read a patient file. Raises InputError if it cannot be read, or is neither our JSON nor a FHIR Bundle."""
    source = shown(str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({error.strerror}); check the path.") from None
    except UnicodeDecodeError:
        raise InputError(f"{source}: not UTF-8 text; save it as UTF-8.") from None
    return patient_of(strict_json.parse(text, source), source)


def patient_of(value: object, source: str) -> Patient:
    """The patient that a JSON value of `source` is. Raises InputError if it is neither ours nor a FHIR Bundle."""
    if not isinstance(value, dict):
        raise InputError(f'{source}: no patient; give a JSON object such as {{"id": …, "diagnoses": […]}}.')
    if value.get("resourceType") == "Bundle":
        return checked(read_bundle(value, source))
    if "resourceType" in value:
        raise InputError(f"{source}: a FHIR resource, but no Bundle; give a Bundle that holds the Patient.")
    if not any(key in value for key in (*_PLAIN[1:], *_LISTS)):
        raise InputError(
            f'{source}: JSON, but no patient; give "birth_date", "sex", "diagnoses" and so on, or a FHIR Bundle.'
        )
    return checked(_read_own(value, source))


def _read_own(value: dict[str, Any], source: str) -> Patient:
    problems = [
        f"{source}: {quoted(key)} is no field of a patient; it was not read." for key in value if not _known(key)
    ]
    fields: dict[str, Any] = {"id": str(value.get("id", source))}
    for key in _PLAIN[1:]:
        if value.get(key) is not None:
            fields |= _field(key, value[key], source, problems)
    for key, model in _LISTS.items():
        fields[key] = _entries(key, value.get(key) or [], model, source, problems)
    said = value.get("complete") or []
    said = said if isinstance(said, list) else [said]
    fields["complete"] = tuple(name for name in said if name in get_args(PatientList))
    problems += [
        f"{source}: complete: no list is called {quoted(str(x))}." for x in said if x not in fields["complete"]
    ]
    return Patient(**fields, problems=tuple(problems))


def _known(key: str) -> bool:
    return key in _PLAIN or key in _LISTS or key == "complete"


def _field(key: str, value: object, source: str, problems: list[str]) -> dict[str, Any]:
    """A single field as a dict, empty with a problem noted where it is of the wrong kind."""
    if key in _DATES and not (isinstance(value, str) and _DATE.fullmatch(value)):
        problems.append(f"{source}: {key} is no date; write it as 2024-05-31.")
        return {}
    try:
        return {key: getattr(Patient.model_validate({"id": "", key: value}), key)}
    except ValidationError:
        problems.append(f"{source}: {key} has a value of the wrong kind; it was not read.")
        return {}


def _entries(key: str, value: object, model: type[_Model], source: str, problems: list[str]) -> tuple[_Model, ...]:
    if not isinstance(value, list):
        problems.append(f"{source}: {key} is no list; it was not read.")
        return ()
    found = []
    for number, item in enumerate(value, 1):
        place = f"{source}: {key}, entry {number}"
        if isinstance(item, str):
            item = {"name": item}
        try:
            entry = model.model_validate(item)
        except ValidationError as error:
            fields = ", ".join(dict.fromkeys(shown(".".join(map(str, e["loc"]))) or "it" for e in error.errors()))
            problems.append(f"{place}: {fields} cannot be read; the entry was left out.")
            continue
        wrong = [f for f in _DATES if getattr(entry, f, "") and not _DATE.fullmatch(getattr(entry, f))]
        problems += [f"{place}: {field} is no date; write it as 2024-05-31." for field in wrong]
        found.append(entry.model_copy(update=dict.fromkeys(wrong, "")))
    return tuple(found)


def checked(patient: Patient) -> Patient:
    """The patient without impossible scores, with a sentence for each, and for each thing that every trial asks."""
    wrong: dict[str, Any] = {}
    problems = list(patient.problems)
    for name, value, scores in _scores(patient):
        if value is not None and value not in scores:
            wrong[name.casefold()] = None
            problems.append(f"{patient.id}: {name} {value} is no such score ({_range(scores)}); it was left out.")
    if patient.age is not None and not 0 <= patient.age <= 130:
        wrong["age"] = None
        problems.append(f"{patient.id}: age {patient.age:g} cannot be; it was left out.")
    sex = patient.sex.casefold()
    if sex and sex not in ("female", "male"):
        problems.append(f"{patient.id}: sex is neither female nor male; criteria that ask for it stay open.")
        sex = ""
    if not patient.birth_date and (patient.age is None or "age" in wrong):
        problems.append(f"{patient.id}: neither birth date nor age; criteria on age stay open.")
    if not patient.sex:
        problems.append(f"{patient.id}: no sex; criteria that ask for it stay open.")
    if not patient.diagnoses:
        problems.append(f"{patient.id}: no diagnosis; criteria on the disease stay open.")
    return patient.model_copy(update={**wrong, "sex": sex, "problems": tuple(problems)})


def _scores(patient: Patient) -> Iterable[tuple[str, int | None, range]]:
    return ("ECOG", patient.ecog, range(6)), ("Karnofsky", patient.karnofsky, range(0, 101, 10))


def _range(scores: range) -> str:
    step = f" in steps of {scores.step}" if scores.step > 1 else ""
    return f"{scores[0]} to {scores[-1]}{step}"
