"""A trial as FHIR R5: a Bundle of one ResearchStudy and the EvidenceVariable of its eligibility."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from oncogloss.limits import are_apart
from oncogloss.schema import Arm, Criterion, Document, Endpoint, Extraction, Logic, Mention, Summary, Threshold
from oncogloss.writers.codes import fhir_code, known_ids
from oncogloss.writers.criteria import Criteria, number, one_line, passage_text, spelled_out, trial_cancers

Json = dict[str, Any]

UCUM = "http://unitsofmeasure.org"
LIMITS = {"ULN": "times the upper limit of normal", "LLN": "times the lower limit of normal"}  # UCUM has none
# the registry's word → (ResearchStudy.status, ResearchStudy.progressStatus.state)
STATUS = {
    "NOT_YET_RECRUITING": ("active", "not-yet-recruiting"),
    "RECRUITING": ("active", "recruiting"),
    "ENROLLING_BY_INVITATION": ("active", "enrolling-by-invitation"),
    "ACTIVE_NOT_RECRUITING": ("active", "active-but-not-recruiting"),
    "SUSPENDED": ("active", "temporarily-closed-to-accrual"),
    "TERMINATED": ("retired", "terminated"),
    "COMPLETED": ("retired", "completed"),
    "WITHDRAWN": ("retired", "withdrawn"),
}
PHASES = {
    (): "n-a",
    ("EARLY_PHASE1",): "early-phase-1",
    ("EARLYPHASE1",): "early-phase-1",
    ("PHASE1",): "phase-1",
    ("PHASE1", "PHASE2"): "phase-1-phase-2",
    ("PHASE2",): "phase-2",
    ("PHASE2", "PHASE3"): "phase-2-phase-3",
    ("PHASE3",): "phase-3",
    ("PHASE4",): "phase-4",
}
ARM_TYPES = {
    "experimental": "experimental",
    "active_comparator": "active-comparator",
    "placebo_comparator": "placebo-comparator",
    "sham_comparator": "sham-comparator",
    "no_intervention": "no-intervention",
    "other": "other-arm-type",
}
OUTCOME_TYPES = {"primary": "primary", "secondary": "secondary"}
COMPARATORS = {">=": ">=", ">": ">", "<=": "<=", "<": "<"}  # `=` has none
ONE_FINDING = "One and the same finding must meet the first part and none of the excluded ones."
COMBINATIONS = {"all": "all-of", "any": "any-of", "at_least": "at-least"}


def fhir_bundle(document: Document, extraction: Extraction) -> str:
    """A Bundle as JSON; equal extractions give equal text."""
    study, eligibility = (str(uuid5(NAMESPACE_URL, f"oncogloss:{document.id}:{part}")) for part in ("study", "rules"))
    resources = [
        {"resourceType": "ResearchStudy", "id": study, **_study(document, extraction, eligibility)},
        {"resourceType": "EvidenceVariable", "id": eligibility, **_eligibility(document, extraction)},
    ]
    bundle = {
        "resourceType": "Bundle",
        "id": str(uuid5(NAMESPACE_URL, f"oncogloss:{document.id}:bundle")),
        "type": "collection",
        "entry": [{"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in resources],
    }
    return json.dumps(bundle, ensure_ascii=False, indent=2) + "\n"


def _given(**fields: Any) -> Json:
    """The fields that say something; FHIR knows no empty values."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _coded(system: str, code: str | None, text: str = "") -> Json:
    return _given(coding=[{"system": system, "code": code}] if code else [], text=text)


def _study(document: Document, extraction: Extraction, eligibility: str) -> Json:
    registry = document.registry
    status, state = STATUS.get(registry.status if registry else "", ("unknown", None))
    mentions = {mention.id: mention for mention in extraction.mentions}
    system = "http://clinicaltrials.gov" if re.fullmatch(r"NCT\d{8}", document.id) else None
    sponsor = one_line(registry.sponsor) if registry else ""
    role = _coded("http://hl7.org/fhir/research-study-party-role", "sponsor")
    return _given(
        identifier=[_given(system=system, value=one_line(document.id))],
        title=passage_text(document, "official_title", "brief_title"),
        status=status,
        phase=_phase(registry.phases) if registry else None,
        condition=[_concept(mention) for mention in trial_cancers(document, extraction)],
        descriptionSummary=passage_text(document, "summary"),
        associatedParty=[{"name": sponsor, "role": role}] if sponsor else [],
        progressStatus=[{"state": _coded("http://hl7.org/fhir/research-study-status", state)}] if state else [],
        recruitment={"eligibility": {"reference": f"urn:uuid:{eligibility}"}},
        comparisonGroup=[_group(i, arm, mentions) for i, arm in enumerate(extraction.arms, 1)],
        outcomeMeasure=[_outcome(endpoint) for endpoint in extraction.endpoints],
    )


def _phase(phases: tuple[str, ...]) -> Json:
    return _coded("http://terminology.hl7.org/CodeSystem/research-study-phase", PHASES.get(phases), ", ".join(phases))


def _group(i: int, arm: Arm, mentions: dict[str, Mention]) -> Json:
    given = []
    for treatment in arm.treatments:
        ids = (treatment.mention, *treatment.doses, *treatment.routes, *treatment.schedules)
        given.append(" ".join(one_line(mentions[id_].text) for id_ in ids))
    return _given(
        linkId=f"arm-{i}",
        name=one_line(arm.label) or f"Arm {i}",
        type=_coded("http://hl7.org/fhir/research-study-arm-type", ARM_TYPES.get(arm.kind), arm.kind.replace("_", " ")),
        description="; ".join(given),
    )


def _outcome(endpoint: Endpoint) -> Json:
    kind = _coded("http://hl7.org/fhir/research-study-objective-type", OUTCOME_TYPES.get(endpoint.rank), endpoint.rank)
    told = [f"Time frame: {one_line(endpoint.time_frame.text)}"] if endpoint.time_frame else []
    told += [f"Judged by: {', '.join(map(one_line, endpoint.criteria))}"] if endpoint.criteria else []
    return _given(name=one_line(endpoint.name), type=[kind] if kind else [], description=". ".join(told))


def _concept(mention: Mention) -> Json:
    """The mention's concept with its codes, in its own words where it has none."""
    concept = mention.concept
    text = one_line(concept.name if concept else mention.text)
    codings = [
        _given(system=system.uri, code=fhir_code(system, code), display=text if id_ == 0 and concept else None)
        for id_, (system, code) in enumerate(known_ids(concept) if concept else [])
    ]
    return _given(coding=codings, text=text)


def _eligibility(document: Document, extraction: Extraction) -> Json:
    model = extraction.model
    writer = _Characteristics(Criteria(document, extraction))
    return _given(
        status="draft",
        title=f"Eligibility of {one_line(document.id)}",
        note=[{"text": f"Read by a program (oncogloss model {model.name} {model.version}); check before use."}],
        actual=False,
        characteristic=[*_fields(extraction.summary), *map(writer.of_criterion, writer.criteria.roots())],
    )


def _fields(summary: Summary) -> list[Json]:
    """The age and sex that the registry's fields and the text ask for together."""
    low, high = summary.age
    found = []
    if low is not None or high is not None:
        ages = {name: _amount(age, "a") for name, age in (("low", low), ("high", high)) if age is not None}
        found.append({"description": "Age", "definitionByTypeAndValue": {"type": {"text": "Age"}, "valueRange": ages}})
    if summary.sex in ("female", "male"):
        sex = _coded("http://hl7.org/fhir/administrative-gender", summary.sex)
        value = {"type": {"text": "Sex"}, "valueCodeableConcept": sex}
        found.append({"description": "Sex", "definitionByTypeAndValue": value})
    return found


def _amount(value: float, unit: str) -> Json:
    if unit in LIMITS:
        return {"value": number(value), "unit": LIMITS[unit]}
    return {"value": number(value), "unit": unit, "system": UCUM, "code": unit}


def compared(threshold: Threshold) -> Json:
    """The value of a comparison: a Range, or a Quantity with its comparator."""
    amount = _amount(threshold.value, threshold.unit)
    if threshold.operator == "range":
        ends = {"high": _amount(threshold.high, threshold.unit)} if threshold.high is not None else {}
        return {"valueRange": {"low": amount, **ends}}
    comparator = COMPARATORS.get(threshold.operator)
    return {"valueQuantity": {**({"comparator": comparator} if comparator else {}), **amount}}


class _Characteristics:
    """Turns criteria into characteristics; each criterion is written once and referred to after that."""

    def __init__(self, criteria: Criteria) -> None:
        self.criteria = criteria
        self._written: set[str] = set()

    def of_criterion(self, criterion: Criterion) -> Json:
        """The characteristic of a criterion that stands alone."""
        return self._criterion(criterion, exclude=criterion.side == "exc")

    def _criterion(self, criterion: Criterion, *, exclude: bool) -> Json:
        if criterion.id in self._written:
            return _signed(exclude, {"definitionId": criterion.id})
        self._written.add(criterion.id)
        words = {"linkId": criterion.id, "description": self.criteria.words(criterion)}
        if doubt := self.criteria.doubt(criterion):
            words["description"] = f"Not evaluated ({doubt}): {self.criteria.all_words(criterion)}"
        if criterion.logic is None or doubt:
            return _signed(exclude, words)
        inner = self._logic(criterion.logic, criterion, exclude=exclude)
        if "linkId" in inner:
            inner = {"definitionByCombination": {"code": "all-of", "characteristic": [inner]}}
        return {**inner, **words}

    def _logic(self, logic: Logic, criterion: Criterion, *, exclude: bool = False) -> Json:
        if logic.op == "not":
            return self._logic(logic.parts[0], criterion, exclude=not exclude)
        if logic.op == "fact":
            return self._fact(logic, criterion, exclude=exclude)
        note = []
        if logic.op == "except":
            note = [{"text": ONE_FINDING}] if self.criteria.one_finding(logic) else []
            logic = spelled_out(logic)
        elif logic.op == "if":
            negated = Logic(op="not", parts=logic.parts[:1])
            logic = Logic(op="any", parts=(negated, logic.parts[1]))
        parts = [self._logic(part, criterion) for part in logic.parts]
        threshold = logic.n if logic.op == "at_least" else None
        combined = _given(code=COMBINATIONS[logic.op], threshold=threshold, characteristic=parts)
        return _signed(exclude, _given(note=note, definitionByCombination=combined))

    def _fact(self, logic: Logic, criterion: Criterion, *, exclude: bool) -> Json:
        child = self.criteria.by_id.get(logic.criterion or "")
        if child is not None:
            turned = child.side == "exc" and criterion.side == "inc"
            return self._criterion(child, exclude=exclude != turned)
        if logic.said is not None:
            said = {"description": logic.said.replace("-", " ")}
            told = {"type": {"text": said["description"]}, "valueBoolean": True}
            return _signed(exclude, {**said, "definitionByTypeAndValue": told})
        mention = self.criteria.mentions[logic.mention or ""]
        words = {"description": self.criteria.said(mention)}
        thresholds = self.criteria.thresholds(mention)
        values = [compared(t) for t in thresholds] or [{"valueBoolean": True}]
        leaves = [{"definitionByTypeAndValue": {"type": _concept(mention), **value}} for value in values]
        if len(leaves) == 1:
            return _signed(exclude, {**words, **leaves[0]})
        together = {"code": "any-of" if are_apart(thresholds) else "all-of", "characteristic": leaves}
        return _signed(exclude, {**words, "definitionByCombination": together})


def _signed(exclude: bool, characteristic: Json) -> Json:
    return {**characteristic, "exclude": True} if exclude else characteristic
