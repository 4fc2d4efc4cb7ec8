"""A trial's eligibility as an OMOP cohort definition: the JSON of Circe, as ATLAS and WebAPI keep it.

We hold no OMOP concept ids: a concept set names its concepts by CONCEPT_CODE and VOCABULARY_ID, its CONCEPT_ID is 0.
"""

from __future__ import annotations

import json
from typing import Any

from oncogloss.limits import are_apart
from oncogloss.schema import Concept, Criterion, Document, Extraction, Logic, Mention, Summary, Threshold
from oncogloss.writers.codes import known_ids
from oncogloss.writers.criteria import (
    Criteria,
    domain_of,
    is_age,
    number,
    one_line,
    passage_text,
    sex_of,
    signed,
    spelled_out,
    trial_cancers,
)

Json = dict[str, Any]

DESCRIPTION = (
    "{title} Written by oncogloss (model {name} {version}). Not ready to run: every CONCEPT_ID is 0; map CONCEPT_CODE "
    "and VOCABULARY_ID with your own vocabulary tables, fill concept sets that are empty, and check each rule against "
    "its description. A rule without criteria could not be evaluated and lets everyone pass."
)
# domain → criteria of Circe
EVENTS = {
    "Condition": "ConditionOccurrence",
    "Drug": "DrugExposure",
    "Procedure": "ProcedureOccurrence",
    "Measurement": "Measurement",
    "Observation": "Observation",
}
OPERATORS = {">=": "gte", ">": "gt", "<=": "lte", "<": "lt", "=": "eq", "range": "bt"}
RATIOS = {"ULN": "RangeHighRatio", "LLN": "RangeLowRatio"}
GROUPS = {"all": "ALL", "any": "ANY", "at_least": "AT_LEAST"}
SEXES = {"female": ("F", "FEMALE"), "male": ("M", "MALE")}
ANY_TIME_BEFORE = {"Start": {"Coeff": -1}, "End": {"Days": 0, "Coeff": 1}, "UseIndexEnd": False, "UseEventEnd": False}
AT_LEAST_ONE, NONE = {"Type": 2, "Count": 1}, {"Type": 0, "Count": 0}


def omop_cohort(document: Document, extraction: Extraction) -> str:
    """A cohort definition as JSON: name, description and expression; equal extractions give equal text."""
    criteria = Criteria(document, extraction)
    sets = _ConceptSets()
    cancers = [_event(sets.of([mention]), mention) for mention in trial_cancers(document, extraction)]
    rules = [*_fields(extraction.summary), *(_rule(root, criteria, sets) for root in criteria.roots())]
    expression = {
        "ConceptSets": sets.written,
        "PrimaryCriteria": {
            "CriteriaList": cancers or [{"VisitOccurrence": {}}],
            "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
            "PrimaryCriteriaLimit": {"Type": "First"},
        },
        "QualifiedLimit": {"Type": "First"},
        "ExpressionLimit": {"Type": "First"},
        "InclusionRules": rules,
        "CensoringCriteria": [],
        "CollapseSettings": {"CollapseType": "ERA", "EraPad": 0},
        "CensorWindow": {},
        "cdmVersionRange": ">=5.0.0",
    }
    title, model = passage_text(document, "brief_title", "official_title"), extraction.model
    cohort = {
        "name": f"Eligible for {one_line(document.id)}",
        "description": DESCRIPTION.format(title=title, name=model.name, version=model.version).strip(),
        "expressionType": "SIMPLE_EXPRESSION",
        "expression": expression,
    }
    return json.dumps(cohort, ensure_ascii=False, indent=2) + "\n"


class _ConceptSets:
    """The concept sets written so far, each once."""

    def __init__(self) -> None:
        self.written: list[Json] = []

    def of(self, mentions: list[Mention]) -> int:
        """Number of the set that has the first mention's concept without those of the others."""
        names = [one_line(m.concept.name if m.concept else m.text) for m in mentions]
        name = f"{names[0]} other than {', '.join(names[1:])}" if names[1:] else names[0]
        items = [item for i, mention in enumerate(mentions) for item in _items(mention, excluded=i > 0)]
        expression = {"items": items}
        for known in self.written:
            if (known["name"], known["expression"]) == (name, expression):
                return int(known["id"])
        self.written.append({"id": len(self.written), "name": name, "expression": expression})
        return len(self.written) - 1


def _items(mention: Mention, *, excluded: bool = False) -> list[Json]:
    if mention.concept is None:
        return []
    domain = domain_of(mention)
    concepts = [_coded(mention.concept, code, system.omop, domain) for system, code in known_ids(mention.concept)]
    return [
        {"concept": c, "isExcluded": excluded, "includeDescendants": True, "includeMapped": False} for c in concepts
    ]


def _coded(concept: Concept, code: str, vocabulary: str, domain: str) -> Json:
    name = one_line(concept.name)
    return {
        "CONCEPT_ID": 0,
        "CONCEPT_NAME": name,
        "CONCEPT_CODE": code,
        "VOCABULARY_ID": vocabulary,
        "DOMAIN_ID": domain,
    }


def _plain(code: str, name: str, vocabulary: str) -> Json:
    return {"CONCEPT_ID": 0, "CONCEPT_NAME": name, "CONCEPT_CODE": code, "VOCABULARY_ID": vocabulary}


def _event(codeset: int, mention: Mention) -> Json:
    return {EVENTS[domain_of(mention)]: {"CodesetId": codeset}}


def _rule(criterion: Criterion, criteria: Criteria, sets: _ConceptSets) -> Json:
    words = criteria.words(criterion)
    logic = criteria.whole(criterion)
    side = "Inclusion criterion" if criterion.side == "inc" else "Exclusion criterion"
    doubt = criteria.doubt(criterion)
    group = _group("ALL", [])
    if logic is not None:
        group = _Rules(criteria, sets).group(signed(logic, negate=criterion.side == "exc"))
    name = words if len(words) <= 80 else words[:79] + "…"
    told = f"{side}, not evaluated ({doubt}): {criteria.all_words(criterion)}" if doubt else f"{side}: {words}"
    return {"name": name, "description": told, "expression": group}


def _group(type_: str, parts: list[Json], count: int | None = None) -> Json:
    """A group of events (with `Criteria`), demographic criteria (with `Age` or `Gender`) and groups."""
    found: Json = {"Type": type_, **({"Count": count} if count is not None else {})}
    found["CriteriaList"] = [part for part in parts if "Criteria" in part]
    found["DemographicCriteriaList"] = [part for part in parts if "Age" in part or "Gender" in part]
    found["Groups"] = [part for part in parts if "Type" in part]
    return found


class _Rules:
    """Turns the logic of criteria into groups."""

    def __init__(self, criteria: Criteria, sets: _ConceptSets) -> None:
        self._criteria, self._sets = criteria, sets

    def group(self, logic: Logic) -> Json:
        """The whole tree as a group."""
        part = self._part(logic)
        return part if "Type" in part else _group("ALL", [part])

    def _part(self, logic: Logic) -> Json:
        """A tree of `signed` as a group, an event or a demographic criterion."""
        negated = logic.op == "not"
        inner = logic.parts[0] if negated else logic
        if inner.op == "except" and not self._in_one_set(inner):
            return self._part(signed(spelled_out(inner), negate=negated))
        if inner.op in ("fact", "except"):
            return self._leaf(inner.parts or (inner,), absent=negated)
        return _group(GROUPS[logic.op], [self._part(part) for part in logic.parts], logic.n)

    def _in_one_set(self, logic: Logic) -> bool:
        """Whether a concept set can say an `except`; what has no concept cannot be taken out of a set that has some."""
        if not self._criteria.one_finding(logic):
            return False
        general, *spared = (bool(_items(self._criteria.mentions[part.mention or ""])) for part in logic.parts)
        return all(spared) or not general

    def _leaf(self, facts: tuple[Logic, ...], *, absent: bool) -> Json:
        if facts[0].mention is None:
            return self._unread(facts[0], absent=absent)
        mentions = [self._criteria.mentions[fact.mention] for fact in facts if fact.mention]
        first = mentions[0]
        thresholds = self._criteria.thresholds(first)
        sex = sex_of(first)
        if sex or any(is_age(t) for t in thresholds):
            parts = [_gender(sex)] if sex else []
            parts += [{"Age": _range(t)} for t in thresholds if is_age(t)]
            if are_apart(thresholds):
                return _group("AT_MOST", parts, 0) if absent else _group("ANY", parts)
            return _group("AT_MOST", parts, len(parts) - 1) if absent else _group("ALL", parts)
        codeset, count = self._sets.of(mentions), NONE if absent else AT_LEAST_ONE
        if not thresholds:
            return _counted(_event(codeset, first), count)
        parts = [_counted({"Measurement": {"CodesetId": codeset, **_value(t)}}, count) for t in thresholds]
        return parts[0] if len(parts) == 1 else _group("ANY" if absent != are_apart(thresholds) else "ALL", parts)

    def _unread(self, fact: Logic, *, absent: bool) -> Json:
        """What no program can check, a sub-criterion or a standing demand: an observation whose concept set is to be
        filled."""
        id_ = fact.criterion or fact.said or ""
        words = (fact.said or "").replace("-", " ") or self._criteria.words(self._criteria.by_id[id_])
        whole = Mention(id=id_, passage="", start=0, end=0, text=words, type="POPULATION", score=0)
        return _counted(_event(self._sets.of([whole]), whole), NONE if absent else AT_LEAST_ONE)


def _counted(event: Json, count: Json) -> Json:
    return {"Criteria": event, "StartWindow": ANY_TIME_BEFORE, "Occurrence": count}


def _gender(sex: str) -> Json:
    code, name = SEXES[sex]
    return {"Gender": [_plain(code, name, "Gender")]}


def _range(threshold: Threshold) -> Json:
    found: Json = {"Op": OPERATORS[threshold.operator], "Value": number(threshold.value)}
    if threshold.operator == "range":
        found["Extent"] = number(threshold.value if threshold.high is None else threshold.high)
    return found


def _value(threshold: Threshold) -> Json:
    if threshold.unit in RATIOS:
        return {RATIOS[threshold.unit]: _range(threshold)}
    unit = {} if threshold.unit == "1" else {"Unit": [_plain(threshold.unit, threshold.unit, "UCUM")]}
    return {"ValueAsNumber": _range(threshold), **unit}


def _fields(summary: Summary) -> list[Json]:
    """Rules for the age and sex that the registry's fields and the text ask for together."""
    low, high = summary.age
    ends = [("gte", low)] if low is not None else []
    ends += [("lte", high)] if high is not None else []
    found = []
    if ends:
        ages = [{"Age": {"Op": op, "Value": number(age)}} for op, age in ends]
        found.append({"name": "Age", "description": "Age", "expression": _group("ALL", ages)})
    if summary.sex in SEXES:
        sexes = [_gender(summary.sex)]
        found.append({"name": "Sex", "description": "Sex", "expression": _group("ALL", sexes)})
    return found
