"""A patient held against a trial's criteria, each met, not met or unknown. What is not understood or not in the file is
unknown: nothing is guessed, and nothing is decided."""

from __future__ import annotations

import re

from oncogloss.schema import Answer, Criterion, Document, Evidence, Extraction, Logic, Matching, Patient, Verdict
from oncogloss.structure.entries import Knowledge, ages_of, entries_of
from oncogloss.structure.kleene import UNKNOWN, Finding, Truth, evaluate, negate
from oncogloss.structure.patient_facts import PatientFacts

NOTE = (
    "This compares a file with a text, both of which may be read wrongly: it informs a person and decides nothing "
    "about any patient."
)
_YEARS = {"year": 1.0, "month": 1 / 12, "week": 7 / 365.25, "day": 1 / 365.25}
_ANSWERS: dict[Truth, Answer] = {True: "met", False: "not met", None: "unknown"}


def match(patient: Patient, document: Document, extraction: Extraction, knowledge: Knowledge) -> Matching:
    """What each criterion of a trial means for a patient, and over all what speaks against it and what is open.

    Sub-criteria count within the criterion that they stand under.
    """
    facts = PatientFacts(document, extraction, entries_of(patient, knowledge), knowledge)
    texts = {passage.name: passage.text for passage in document.passages}
    trees = {c.id: c for c in extraction.criteria}
    under = {id_ for c in extraction.criteria if c.logic for id_ in _referred(c.logic)}
    registry = _registry_verdicts(patient, document)
    verdicts = []
    for c in extraction.criteria:
        adrift = c.parent is not None and c.id not in under
        found = UNKNOWN if adrift else _criterion(c, trees, facts, ())
        answer = _ANSWERS[found.truth if c.side == "inc" else negate(found.truth)]
        text = " ".join(texts[c.passage][c.start : c.end].split())
        verdicts.append(Verdict(criterion=c.id, side=c.side, text=text, answer=answer, evidence=found.evidence))
    counted = [*registry, *(v for v in verdicts if v.criterion not in under)]
    return Matching(
        patient=patient.id,
        trial=document.id,
        verdicts=(*registry, *verdicts),
        excluded_by=tuple(v.criterion for v in counted if v.answer == "not met"),
        open=tuple(v.criterion for v in counted if v.answer == "unknown"),
        met=sum(v.answer == "met" for v in counted),
        note=NOTE,
    )


def _referred(logic: Logic) -> set[str]:
    own = {logic.criterion} if logic.criterion is not None else set()
    return own.union(*(_referred(part) for part in logic.parts))


def _criterion(
    criterion: Criterion, trees: dict[str, Criterion], facts: PatientFacts, above: tuple[str, ...]
) -> Finding:
    """What a criterion's tree comes to; a sub-criterion of the other side counts as its opposite."""

    def leaf(logic: Logic) -> Finding:
        if logic.criterion is None:
            return facts.holds(logic, criterion)
        inner = trees.get(logic.criterion)
        if inner is None or inner.id in above:
            return UNKNOWN
        found = _criterion(inner, trees, facts, (*above, criterion.id))
        return found if inner.side == criterion.side else Finding(negate(found.truth), evidence=found.evidence)

    if criterion.logic is None:
        return UNKNOWN
    found = evaluate(criterion.logic, leaf)
    return found if facts.understood(criterion) else Finding(None, evidence=found.evidence)


def _registry_verdicts(patient: Patient, document: Document) -> list[Verdict]:
    """The ages and the sex that the record asks for in fields of its own."""
    registry = document.registry
    if registry is None:
        return []
    found, ages = [], ages_of(patient)
    shown = f"age {', '.join(dict.fromkeys(f'{age:g}' for age in ages))}" if ages else ""
    for field, text in (("minimum age", registry.minimum_age), ("maximum age", registry.maximum_age)):
        limit = _years(text)
        if limit is not None:
            kept = {age >= limit if field == "minimum age" else age <= limit for age in ages}
            found.append(_verdict(field, text, kept.pop() if len(kept) == 1 else None, shown))
    if registry.sex in ("female", "male"):
        truth = patient.sex == registry.sex if patient.sex else None
        found.append(_verdict("sex", registry.sex, truth, patient.sex))
    return found


def _years(text: str) -> float | None:
    """The years that a registry's age tells, such as "18 Years"."""
    parts = re.fullmatch(r"(\d+) (year|month|week|day)s?", text.strip().casefold())
    return int(parts[1]) * _YEARS[parts[2]] if parts else None


def _verdict(field: str, text: str, truth: Truth, entry: str) -> Verdict:
    evidence = Evidence(mention="", words=text, entry=entry, holds=truth)
    return Verdict(criterion=field, side="inc", text=f"{field}: {text}", answer=_ANSWERS[truth], evidence=(evidence,))
