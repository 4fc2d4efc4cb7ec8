"""Patient files: our own small JSON, or a FHIR Bundle (see `fhir_patients`).

Our own is an object with the fields of `schema.Patient`; `problems` is ours to fill. What is wrong in one entry costs
that entry alone: it is left out, and `problems` says why.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from oncogloss.errors import InputError, quoted, shown
from oncogloss.readers import strict_json
from oncogloss.readers.fhir_patients import is_date, read_bundle
from oncogloss.readers.passages import check_strings
from oncogloss.schema import Diagnosis, LabResult, MarkerResult, Patient, PatientList, Therapy

_Model = TypeVar("_Model", bound=BaseModel)
_LISTS: dict[str, type[BaseModel]] = {
    "diagnoses": Diagnosis, "markers": MarkerResult, "labs": LabResult, "prior_treatments": Therapy,
    "conditions": Diagnosis, "medications": Therapy,
}  # fmt: skip
_PLAIN = ("id", "date", "birth_date", "age", "sex", "ecog", "karnofsky")
_DATES = ("date", "birth_date", "start", "end")
_OLDEST = 130  # years


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
    """The patient that a JSON value of `source` is. Raises InputError if it is neither ours nor a FHIR Bundle, or holds
    what is not valid Unicode."""
    if not isinstance(value, dict):
        raise InputError(f'{source}: no patient; give a JSON object such as {{"id": …, "diagnoses": […]}}.')
    check_strings(value, source)
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
        fields[key] = _entries(key, [] if value.get(key) is None else value[key], model, source, problems)
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
    if key in _DATES and not (isinstance(value, str) and is_date(value)):
        problems.append(f"{source}: {key} is no date; write it as 2024-05-31.")
        return {}
    try:
        read = getattr(Patient.model_validate({"id": "", key: value}), key)
    except ValidationError:
        read = math.nan
    if isinstance(value, bool) or _is_endless(read):
        problems.append(f"{source}: {key} has a value of the wrong kind; it was not read.")
        return {}
    return {key: read}


def _is_endless(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _entries(key: str, value: object, model: type[_Model], source: str, problems: list[str]) -> tuple[_Model, ...]:
    if not isinstance(value, list):
        problems.append(f"{source}: {key} is no list; it was not read.")
        return ()
    found = []
    for number, item in enumerate(value, 1):
        place = f"{source}: {key}, entry {number}"
        if isinstance(item, str):
            item = {"name": item}
        entry, unread = _entry(item, model)
        if entry is None:
            problems.append(f"{place}: {', '.join(unread)} cannot be read; the entry was left out.")
            continue
        wrong = [f for f in _DATES if getattr(entry, f, "") and not is_date(getattr(entry, f))]
        problems += [f"{place}: {field} is no date; write it as 2024-05-31." for field in wrong]
        found.append(entry.model_copy(update=dict.fromkeys(wrong, "")))
    return tuple(found)


def _entry(item: object, model: type[_Model]) -> tuple[_Model | None, list[str]]:
    """(the entry that a JSON value is, a stage written as a number too; else None, and which of its fields cannot be
    read)."""
    if isinstance(item, dict) and type(item.get("stage")) is int:
        item = item | {"stage": str(item["stage"])}
    try:
        entry = model.model_validate(item)
    except ValidationError as error:
        return None, list(dict.fromkeys(shown(".".join(map(str, e["loc"]))) or "it" for e in error.errors()))
    given = item if isinstance(item, dict) else {}
    unread = [f for f, value in entry if isinstance(given.get(f), bool) or _is_endless(value)]
    return (None if unread else entry), unread


def checked(patient: Patient) -> Patient:
    """The patient without impossible scores, with a sentence for each, and for each thing that every trial asks."""
    wrong: dict[str, Any] = {}
    problems = list(patient.problems)
    for name, value, scores in _scores(patient):
        if value is not None and value not in scores:
            wrong[name.casefold()] = None
            problems.append(f"{patient.id}: {name} {value} is no such score ({_range(scores)}); it was left out.")
    wrong |= _impossible_ages(patient, problems)
    sex = patient.sex.casefold()
    if sex and sex not in ("female", "male"):
        problems.append(f"{patient.id}: sex is neither female nor male; criteria that ask for it stay open.")
        sex = ""
    if (not patient.birth_date or "birth_date" in wrong) and (patient.age is None or "age" in wrong):
        problems.append(f"{patient.id}: neither birth date nor age; criteria on age stay open.")
    if not patient.sex:
        problems.append(f"{patient.id}: no sex; criteria that ask for it stay open.")
    if not patient.diagnoses:
        problems.append(f"{patient.id}: no diagnosis; criteria on the disease stay open.")
    return patient.model_copy(update={**wrong, "sex": sex, "problems": tuple(problems)})


def _impossible_ages(patient: Patient, problems: list[str]) -> dict[str, Any]:
    """An age or a birth date that cannot be, emptied; and an age that contradicts the birth date, which then counts."""
    wrong: dict[str, Any] = {}
    age, told = patient.age, f"{patient.id}: age {patient.age or 0:g}"
    if age is not None and not 0 <= age <= _OLDEST:
        wrong["age"] = None
        problems.append(f"{told} cannot be; it was left out.")
    if patient.birth_date:
        least, most = _ages(patient.birth_date, patient.date)
        if most < 0 or least > _OLDEST:
            wrong["birth_date"] = ""
            problems.append(f"{patient.id}: birth_date makes an age that cannot be; it was left out.")
        elif age is not None and not wrong and not least <= age < most + 1:
            wrong["age"] = None
            problems.append(f"{told} contradicts birth_date; it was left out.")
    return wrong


def _ages(born: str, now: str) -> tuple[int, int]:
    """The least and the greatest age in whole years, of dates to the day, month or year; no `now` is today."""
    now = now or date.today().isoformat()
    return _years(_day(born, ("12", "31")), _day(now, ("1", "1"))), _years(
        _day(born, ("1", "1")), _day(now, ("12", "31"))
    )


def _day(text: str, rest: tuple[str, str]) -> tuple[int, int, int]:
    """Year, month and day, what is not told taken from `rest`."""
    told = text.split("-")
    year, month, day = map(int, (*told, *rest[len(told) - 1 :]))
    return year, month, day


def _years(birth: tuple[int, int, int], now: tuple[int, int, int]) -> int:
    return now[0] - birth[0] - (now[1:] < birth[1:])


def _scores(patient: Patient) -> Iterable[tuple[str, int | None, range]]:
    return ("ECOG", patient.ecog, range(6)), ("Karnofsky", patient.karnofsky, range(0, 101, 10))


def _range(scores: range) -> str:
    step = f" in steps of {scores.step}" if scores.step > 1 else ""
    return f"{scores[0]} to {scores[-1]}{step}"
