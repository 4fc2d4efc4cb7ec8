"""A patient's entries with the concepts they name, and whether one of them is what a trial speaks of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from oncogloss.schema import (
    Concept,
    Diagnosis,
    EntityType,
    LabResult,
    MarkerResult,
    Operator,
    Patient,
    Therapy,
)
from oncogloss.structure.drug_classes import is_of_class, names_class
from oncogloss.structure.kleene import Truth
from oncogloss.structure.versions import plain

_LOOSE = frozenset(("broader", "stem", "alike"))  # ways to find a concept that a name does not fully tell


class Knowledge(NamedTuple):
    """What matching needs of a vocabulary: the concept that a name of an entity type has, and the concept with an id,
    each None where not known; and the ids of all kinds of the concept with an id."""

    known: Callable[[EntityType, str], Concept | None]
    with_id: Callable[[str], Concept | None]
    kinds: Callable[[str], frozenset[str]]


class Entry(NamedTuple):
    """One entry of a patient file: its key, the words that show it, its concept, and the entry itself."""

    key: str
    words: str
    concept: Concept | None
    item: Diagnosis | Therapy | MarkerResult | LabResult


class Entries(NamedTuple):
    """A patient's entries by kind; of markers and labs the latest result of each alone, if their dates tell it."""

    patient: Patient
    diseases: tuple[Entry, ...]
    treatments: tuple[Entry, ...]
    markers: tuple[Entry, ...]
    labs: tuple[Entry, ...]


def entries_of(patient: Patient, knowledge: Knowledge) -> Entries:
    """The patient's entries, linked by their ids or names."""

    def linked(kinds: tuple[EntityType, ...], name: str, id_: str = "") -> Concept | None:
        if id_ and (found := knowledge.with_id(id_)):
            return found
        named = [c for kind in kinds if (c := knowledge.known(kind, name))]
        return min(named, key=lambda c: c.match in _LOOSE, default=None)

    diseases = [("diagnosis", d) for d in patient.diagnoses] + [("condition", d) for d in patient.conditions]
    therapies = [("prior treatment", t) for t in patient.prior_treatments] + [
        ("medication", t) for t in patient.medications
    ]
    kinds: tuple[EntityType, ...] = ("DRUG", "REGIMEN", "PROCEDURE", "DRUG_CLASS")
    return Entries(
        patient,
        tuple(
            Entry(
                f"{where} {i}",
                _words(where, d.name, d.stage, d.status, d.date),
                linked(("CANCER", "CONDITION"), d.name, d.id),
                d,
            )
            for i, (where, d) in enumerate(diseases, 1)
        ),
        tuple(
            Entry(
                f"{where} {i}", _words(where, t.name, t.start, t.end and f"to {t.end}"), linked(kinds, t.name, t.id), t
            )
            for i, (where, t) in enumerate(therapies, 1)
        ),
        tuple(_latest_markers(patient, knowledge)),
        tuple(_latest_labs(patient, knowledge)),
    )


def _words(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _latest_markers(patient: Patient, knowledge: Knowledge) -> Iterator[Entry]:
    latest: dict[tuple[str, str, str], Entry] = {}
    for i, m in enumerate(patient.markers, 1):
        gene = knowledge.with_id(m.name) if ":" in m.name else knowledge.known("GENE", m.name)
        symbol = gene.name if gene else m.name
        named = knowledge.known("BIOMARKER", _words(symbol, m.alteration or m.state))
        number = "" if m.value is None else f"{m.value:g} {m.unit}".strip()
        entry = Entry(f"marker {i}", _words("marker", m.name, m.alteration, m.state, number, m.date), named, m)
        key = (plain(symbol), plain(m.alteration), m.unit)
        if key not in latest or m.date >= getattr(latest[key].item, "date", ""):
            latest[key] = entry
    yield from latest.values()


def _latest_labs(patient: Patient, knowledge: Knowledge) -> Iterator[Entry]:
    """Of each lab the latest result, or all that may be it where their dates do not tell."""
    latest: dict[str, list[tuple[str, Entry]]] = {}
    for i, lab in enumerate(patient.labs, 1):
        concept = knowledge.known("MEASURE", lab.name)
        entry = Entry(f"lab {i}", _words(lab.name, f"{lab.value:g} {lab.unit}", lab.date), concept, lab)
        known = latest.setdefault(concept.id if concept else plain(lab.name), [])
        later = any(_is_later(other, lab.date) for other, _ in known)
        known[:] = [(other, e) for other, e in known if not _is_later(lab.date, other)]
        known += [] if later else [(lab.date, entry)]
    yield from (entry for known in latest.values() for _, entry in known)


def _is_later(one: str, other: str) -> bool:
    """Whether an ISO date is later than another, whatever the day, month or year that one of them leaves open."""
    return one > other and not one.startswith(other)


def ancestors(concept: Concept, with_id: Callable[[str], Concept | None]) -> frozenset[str]:
    """Ids of all that a concept is a kind of, with their cross-references."""
    found: set[str] = set()
    open_ = list(concept.parents)
    while open_:
        id_ = open_.pop()
        if id_ not in found:
            found.add(id_)
            parent = with_id(id_)
            if parent:
                found.update((parent.id, *parent.xrefs))
                open_ += parent.parents
    return frozenset(found)


def is_kind_of(entry: Concept | None, asked: Concept | None, knowledge: Knowledge) -> Truth:
    """Whether a patient's concept is one that is asked for, or a kind of it. Unknown where it is the wider one of the
    two, where something is a kind of both (a bladder cancer may be a urothelial carcinoma), or where the vocabulary
    does not know what kinds both are of."""
    if entry is None or asked is None or not {"stem", "alike"}.isdisjoint((asked.match, entry.match)):
        return None
    same = asked.id in (entry.id, *entry.xrefs) or entry.id in asked.xrefs
    wider = ancestors(entry, knowledge.with_id)
    if same or asked.id in wider:
        return None if asked.match == "broader" else True
    above = ancestors(asked, knowledge.with_id)
    if not wider or not above or entry.id in above:
        return None
    return False if knowledge.kinds(entry.id).isdisjoint(knowledge.kinds(asked.id)) else None


def is_treatment(entry: Concept | None, asked: Concept | None, asked_type: EntityType, knowledge: Knowledge) -> Truth:
    """Whether a patient's treatment is the drug, of the class, or the procedure that is asked for."""
    if entry is None or asked is None or asked.match in _LOOSE or entry.match == "alike":
        return None
    if {entry.id, *entry.xrefs} & {asked.id, *asked.xrefs}:
        return True
    if entry.members:
        parts = [knowledge.known("DRUG", name) for name in entry.members]
        truths = [is_treatment(part, asked, asked_type, knowledge) for part in parts]
        return True if True in truths else None if None in truths else False
    if asked_type == "DRUG_CLASS":
        truth = is_of_class(entry, asked, ancestors(entry, knowledge.with_id))
    else:
        truth = _is_drug(entry, asked, knowledge) if asked_type == "DRUG" else is_kind_of(entry, asked, knowledge)
    return None if truth is False and entry.match in _LOOSE else truth


def _is_drug(entry: Concept, asked: Concept, knowledge: Knowledge) -> Truth:
    """Whether a treatment with another concept is still the drug that is asked for. Unknown of a class that may hold
    it, and of what may be a form of it by its name."""
    if not ancestors(entry, knowledge.with_id).isdisjoint((asked.id, *asked.xrefs)):
        return True
    if names_class(entry) and is_of_class(asked, entry, ancestors(asked, knowledge.with_id)) is not False:
        return None
    if _holds_name(entry, asked) or (not entry.drug_class and _holds_name(asked, entry)):
        return None
    return False if not asked.targets or entry.vocabulary == asked.vocabulary else None


def _holds_name(whole: Concept, part: Concept) -> bool:
    """Whether a drug's name is a word of another's, or the end of one ("nab-paclitaxel", "peginterferon alfa-2a")."""
    return f"{_drug_name(part)} " in f"{_drug_name(whole)} "


def _drug_name(concept: Concept) -> str:
    """A drug's name in plain words, with that of the asparaginases written out."""
    return plain(concept.name).replace("aspargase", "asparaginase")


def days_between(earlier: str, later: str) -> tuple[int, int] | None:
    """The fewest and the most days between two dates, which may tell the month or year alone; None without both."""
    spans = [_span(earlier), _span(later)]
    if spans[0] is None or spans[1] is None:
        return None
    (first, last), (low, high) = spans[0], spans[1]
    return (low - last).days, (high - first).days


def ages_of(patient: Patient) -> list[float]:
    """The patient's age in whole years (exact below two): one value, the least and greatest it may be, or none."""
    born, now = _span(patient.birth_date), _span(patient.date)
    if born is None or now is None:
        return [] if patient.age is None else [patient.age]
    ages = []
    for birth, day in ((born[1], now[0]), (born[0], now[1])):
        years = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
        ages.append(years if years >= 2 else (day - birth).days / 365.25)
    return [] if ages[0] < 0 else ages


def _span(text: str) -> tuple[date, date] | None:
    try:
        year, *rest = (int(part) for part in re.findall(r"\d+", text))
        month = rest[0] if rest else None
        if len(rest) > 1:
            day = date(year, month or 1, rest[1])
            return day, day
        first = date(year, month or 1, 1)
        after = date(year + (month in (None, 12)), 1 if month in (None, 12) else month + 1, 1)
        return first, after - timedelta(days=1)
    except ValueError:
        return None


def compare(operator: Operator, value: float, limit: float, high: float | None = None) -> bool:
    """Whether a value stands to a limit as the operator says; a range holds both its ends."""
    if operator == "range":
        return limit <= value <= (limit if high is None else high)
    return {
        ">=": value >= limit, ">": value > limit, "<=": value <= limit, "<": value < limit, "=": value == limit,
    }[operator]  # fmt: skip
