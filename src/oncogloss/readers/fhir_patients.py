"""A patient from a FHIR Bundle (R4 or R5), mCODE profiles or plain resources, read by what they say in words and by
the LOINC codes of what every trial asks. No terminology is looked up: an entry with a code and no words is reported.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from oncogloss.errors import InputError
from oncogloss.schema import Diagnosis, DiagnosisStatus, LabResult, MarkerResult, Patient, Therapy

Resource = dict[str, Any]

_ECOG, _KARNOFSKY = {"89247-1", "89262-0"}, {"89243-0"}
_STAGE_GROUPS = {"21908-9", "21902-2", "21914-7"}
_MARKERS = {
    "48676-1": "HER2", "85319-2": "HER2", "85318-4": "HER2", "18474-7": "HER2", "48675-3": "HER2",
    "16112-5": "estrogen receptor", "85337-4": "estrogen receptor", "40556-3": "estrogen receptor",
    "16113-3": "progesterone receptor", "85339-0": "progesterone receptor", "40557-1": "progesterone receptor",
    "85147-9": "PD-L1", "83052-1": "PD-L1", "83054-7": "PD-L1",
}  # fmt: skip
_VARIANT, _GENE, _CHANGE = {"69548-6"}, {"48018-6"}, {"48005-3", "48004-6", "81252-9"}
_PRESENT = {"LA9633-4": "mutation", "LA9634-2": "wild-type"}
_INTERPRETED = {"POS": "positive", "NEG": "negative", "CAR": "mutation"}
_STAGING = re.compile(r"stage group|\b[cp]?[TNM] category|tumou?r staging|disease (status|progression)", re.IGNORECASE)
_IDLE = re.compile(r"\s*\((disorder|procedure|finding|qualifier value|substance|product|medicinal product|situation)\)")
_FORM = re.compile(
    r"\s+(\d[\d.,]* ?(mg|mcg|g|ml|unit|iu|meq|%)\b.*|(oral|injectable|topical) (product|tablet|capsule|solution).*"
    r"|injection\b.*|\[.*)$",
    re.IGNORECASE,
)
_STATUS: dict[str, DiagnosisStatus] = {
    "active": "active", "recurrence": "active", "relapse": "active", "inactive": "past", "remission": "past",
    "resolved": "past",
}  # fmt: skip


class _Coded(NamedTuple):
    """What a CodeableConcept says: its words, "" for none, and its codes."""

    words: str
    codes: frozenset[str]


def read_bundle(bundle: Resource, source: str) -> Patient:
    """The Bundle's one patient with what its resources say; what is missing or wrong is told in `problems`.

    Raises InputError if it holds no Patient or several.
    """
    resources = list(_resources(bundle))
    people = [r for r in resources if r.get("resourceType") == "Patient"]
    if len(people) != 1:
        raise InputError(f"{source}: {len(people)} Patient resources in the Bundle; give a Bundle of one patient.")
    reading = _Reading(source)
    for resource in resources:
        reading.add(resource)
    day = reading.day(bundle, bundle.get("timestamp"))
    return reading.patient(people[0]).model_copy(update={"date": day})


def _resources(bundle: Resource) -> Iterator[Resource]:
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield resource


class _Reading:
    """A patient under way: each resource adds an entry, or a problem."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lists: dict[str, dict[Any, None]] = {}  # the entries of each, told apart and in order
        self.scores: dict[str, tuple[str, int]] = {}  # the latest of each, with its date
        self.stages: list[tuple[str, str]] = []
        self.problems: list[str] = []

    def add(self, resource: Resource) -> None:
        """Take in one resource; kinds that tell nothing for a trial are passed over."""
        kind = str(resource.get("resourceType", ""))
        status = _code(resource.get("verificationStatus")) or str(resource.get("status", ""))
        if status in ("entered-in-error", "not-done", "not-taken", "cancelled"):
            return
        if kind == "Condition":
            self._condition(resource)
        elif kind == "Observation":
            self._observation(resource)
        elif kind in ("MedicationStatement", "MedicationUsage", "MedicationAdministration", "MedicationRequest"):
            self._medication(resource)
        elif kind == "Procedure":
            self._procedure(resource)

    def day(self, resource: Resource, value: object) -> str:
        """The day that a value tells, "" with a problem where there is no such day."""
        day = re.split("[T ]", value)[0] if isinstance(value, str) else ""
        if is_date(day):
            return day
        if value:
            what = " ".join(str(resource[key]) for key in ("resourceType", "id") if key in resource)
            self.problems.append(f"{self.source}: {what} has a date that cannot be; the date was left out.")
        return ""

    def _named(self, resource: Resource, coded: _Coded) -> str:
        if not coded.words:
            name = f"{resource.get('resourceType')} {resource.get('id', 'without id')}"
            codes = ", ".join(sorted(coded.codes)) or "none"
            self.problems.append(f"{self.source}: {name} has no words for its code ({codes}); it was left out.")
        return coded.words

    def _condition(self, resource: Resource) -> None:
        name = self._named(resource, _coded(resource.get("code")))
        if not name:
            return
        status = _STATUS.get(_code(resource.get("clinicalStatus")), "")
        if _code(resource.get("verificationStatus")) == "refuted":
            status = "absent"
        if _code(resource.get("verificationStatus")) in ("unconfirmed", "provisional", "differential"):
            self.problems.append(f"{self.source}: Condition {name} is not confirmed; it was left out.")
            return
        primary, secondary = (_has_profile(resource, f"{which}-cancer-condition") for which in ("primary", "secondary"))
        stage = next((_coded(s.get("summary")).words for s in _dicts(resource.get("stage"))), "")
        date = self.day(resource, resource.get("onsetDateTime") or resource.get("recordedDate"))
        if primary and not any(_is_histology(x) for x in _dicts(resource.get("extension"))):
            self.problems.append(f"{self.source}: the primary cancer has no histology; criteria on it may stay open.")
        cancer = primary or secondary or re.search(r"neoplas|cancer|carcinom|lymphom|leuk|sarcom|tumou?r", name, re.I)
        key = "diagnoses" if cancer else "conditions"
        self._put(key, Diagnosis(name=name, stage=stage, status=status, date=date))

    def _put(self, key: str, entry: Any) -> None:
        self.lists.setdefault(key, {}).setdefault(entry)

    def _observation(self, resource: Resource) -> None:
        coded = _coded(resource.get("code"))
        date = self.day(
            resource, resource.get("effectiveDateTime") or _of(resource.get("effectivePeriod")).get("start")
        )
        value = _coded(resource.get("valueCodeableConcept"))
        for field, codes in (("ecog", _ECOG), ("karnofsky", _KARNOFSKY)):
            if codes & coded.codes:
                self._score(field, resource, date)
                return
        if _STAGE_GROUPS & coded.codes:
            self.stages.append((date, value.words or ", ".join(sorted(value.codes))))
        elif _VARIANT & coded.codes:
            self._variant(resource, value, date)
        elif marker := next((_MARKERS[c] for c in sorted(coded.codes) if c in _MARKERS), ""):
            self._marker(marker, resource, value, date)
        elif not _STAGING.search(coded.words) and "valueQuantity" in resource:
            self._lab(resource, coded, date)

    def _score(self, field: str, resource: Resource, date: str) -> None:
        value = resource.get("valueInteger", _of(resource.get("valueQuantity")).get("value"))
        if not isinstance(value, int) or isinstance(value, bool):
            self.problems.append(f"{self.source}: the {field} observation has no whole number; it was left out.")
        elif date >= self.scores.get(field, ("", 0))[0]:
            self.scores[field] = (date, value)

    def _marker(self, name: str, resource: Resource, value: _Coded, date: str) -> None:
        state = value.words.casefold() or _interpreted(resource)
        quantity = _of(resource.get("valueQuantity"))
        number = None if "comparator" in quantity else _number(quantity.get("value"))
        if not state and number is None:
            self.problems.append(f"{self.source}: a test of {name} has no result in words; it was left out.")
            return
        unit = str(quantity.get("unit", "")) if number is not None else ""
        self._put("markers", MarkerResult(name=name, state=state, value=number, unit=unit, date=date))

    def _variant(self, resource: Resource, value: _Coded, date: str) -> None:
        parts = [
            (_coded(c.get("code")).codes, _coded(c.get("valueCodeableConcept")))
            for c in _dicts(resource.get("component"))
        ]
        gene = next((v.words or min(v.codes, default="") for codes, v in parts if codes & _GENE), "")
        change = next((v.words for codes, v in parts if codes & _CHANGE and v.words), "")
        state = next((_PRESENT[c] for c in value.codes if c in _PRESENT), "") or _interpreted(resource)
        if not gene:
            self.problems.append(f"{self.source}: a genetic variant names no gene; it was left out.")
            return
        self._put("markers", MarkerResult(name=gene, state=state, alteration=change, date=date))

    def _lab(self, resource: Resource, coded: _Coded, date: str) -> None:
        quantity, name = _of(resource["valueQuantity"]), self._named(resource, coded)
        number = _number(quantity.get("value"))
        if number is None or "comparator" in quantity:
            self.problems.append(f"{self.source}: {name or 'a laboratory value'} has no exact number; it was left out.")
        elif name:
            limits: Resource = next(iter(_dicts(resource.get("referenceRange"))), {})
            low, high = (_number(_of(limits.get(end)).get("value")) for end in ("low", "high"))
            unit = str(quantity.get("code") or quantity.get("unit") or "")
            lab = LabResult(name=name, value=number, unit=unit, date=date, lower_limit=low, upper_limit=high)
            self._put("labs", lab)

    def _medication(self, resource: Resource) -> None:
        told = resource.get("medicationCodeableConcept") or _of(resource.get("medication")).get("concept")
        name = _FORM.sub("", self._named(resource, _coded(told)))
        if not name:
            return
        period = next(
            (
                _of(resource[key])
                for key in ("effectivePeriod", "occurencePeriod", "occurrencePeriod")
                if key in resource
            ),
            {},
        )
        moment = resource.get("effectiveDateTime") or resource.get("occurrenceDateTime") or resource.get("authoredOn")
        start, end = self.day(resource, period.get("start") or moment), self.day(resource, period.get("end"))
        over = resource.get("status") in ("completed", "stopped") or bool(end)
        end = end or (self.day(resource, moment) if over and resource["resourceType"] != "MedicationRequest" else "")
        cancer = _has_profile(resource, "cancer-related-medication")
        key = "prior_treatments" if cancer or over else "medications"
        self._put(key, Therapy(name=name, kind="drug", start=start, end=end))

    def _procedure(self, resource: Resource) -> None:
        name = self._named(resource, _coded(resource.get("code")))
        period = _of(resource.get("performedPeriod") or resource.get("occurrencePeriod"))
        moment = self.day(resource, resource.get("performedDateTime") or resource.get("occurrenceDateTime"))
        kind = next((k for k in ("radiation", "surgical") if _has_profile(resource, k)), "")
        if name:
            start, end = (
                self.day(resource, period.get("start")) or moment,
                self.day(resource, period.get("end")) or moment,
            )
            self._put("prior_treatments", Therapy(name=name, kind=kind, start=start, end=end))

    def patient(self, person: Resource) -> Patient:
        """All that was read, with the latest stage put to the first cancer that has none."""
        diagnoses = list(self.lists.pop("diagnoses", ()))
        if self.stages and diagnoses and not diagnoses[0].stage:
            diagnoses[0] = diagnoses[0].model_copy(update={"stage": max(self.stages)[1]})
        found: dict[str, Any] = {key: tuple(entries) for key, entries in self.lists.items()}
        found |= {field: score for field, (_, score) in self.scores.items()}
        return Patient(
            id=str(person.get("id") or self.source),
            birth_date=self.day(person, person.get("birthDate")),
            sex=str(person.get("gender", "")),
            diagnoses=tuple(diagnoses),
            problems=tuple(dict.fromkeys(self.problems)),
            **found,
        )


def _of(value: object) -> Resource:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> Iterator[Resource]:
    """The objects of a list, or the one object that stands where a list should."""
    return (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict))


def _coded(value: object) -> _Coded:
    concept = _of(value)
    codings = list(_dicts(concept.get("coding")))
    words = next((str(c["display"]) for c in codings if c.get("display")), str(concept.get("text") or ""))
    return _Coded(_IDLE.sub("", " ".join(words.split())), frozenset(str(c["code"]) for c in codings if c.get("code")))


def _code(value: object) -> str:
    return min(_coded(value).codes, default="")


def _interpreted(resource: Resource) -> str:
    codes = {c for item in _dicts(resource.get("interpretation")) for c in _coded(item).codes}
    return next((_INTERPRETED[c] for c in sorted(codes) if c in _INTERPRETED), "")


def _has_profile(resource: Resource, words: str) -> bool:
    profiles = _of(resource.get("meta")).get("profile")
    return any(words in str(profile) for profile in profiles) if isinstance(profiles, list) else False


def _is_histology(extension: Resource) -> bool:
    return "histology-morphology-behavior" in str(extension.get("url", ""))


def is_date(text: str) -> bool:
    """Whether a text is a date that there is, to the day, month or year."""
    if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", text):
        return False
    try:
        date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        return False
    return True


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
