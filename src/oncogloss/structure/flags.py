"""Places where a record contradicts itself. Rather silent than wrong: what may be meant otherwise is no flag."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from oncogloss.schema import Criterion, Document, Extraction, Flag, Mention, RelationType, Threshold
from oncogloss.structure.clauses import Literal, clauses_of
from oncogloss.structure.names import TREATMENTS, key_of, name_of, tails_of
from oncogloss.structure.persons import age_thresholds, bounds_of, registry_years, sex_asked

_QUALIFYING: tuple[RelationType, ...] = (
    "HAS_TIME", "HAS_VALUE", "HAS_STAGE", "TREATS", "DIRECTED_AT", "DOSING", "IN_SETTING", "COMBINED_WITH",
    "EXCEPTION", "BIOMARKER_OF",
)  # fmt: skip
_MEASURED = {"lab", "organ_function", "performance_status", "cardiac", "demographic", "life_expectancy"}
_PHASE = re.compile(
    r"\bphase[ -](?P<numbers>(?:[1-4]|IV|I{1,3})[abc]?(?:\s*(?:/|-|and|to)\s*(?:phase )?(?:[1-4]|IV|I{1,3})[abc]?)?),?"
    r"(?: [\w-]+,?){0,6} (?:study|trial)\b",
    re.IGNORECASE,
)
_NUMERAL = re.compile(r"[1-4]|IV|I{1,3}", re.IGNORECASE)
_ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4"}
_ABSENT = {"negative", "wild type", "proficient", "stable"}
_PRESENT = {
    "positive", "mutation", "germline mutation", "fusion", "deficient", "instability-high", "amplification",
    "insertion", "overexpression",
}  # fmt: skip


def flags_of(document: Document, extraction: Extraction) -> tuple[Flag, ...]:
    """The contradictions between the registry's fields, the title and the criteria, and among the criteria."""
    record = _Record(document, extraction)
    checks: tuple[Callable[[_Record], Iterator[Flag]], ...] = (
        _ages, _sex, _phases, _title_markers, _required_and_excluded, _windows
    )  # fmt: skip
    return tuple(flag for check in checks for flag in check(record))


class _Record:
    """A document and what was found in it, as the checks look at it."""

    def __init__(self, document: Document, extraction: Extraction) -> None:
        self.document = document
        self.registry = document.registry
        self.extraction = extraction
        self.clauses = clauses_of(extraction)
        self.clauses_in = Counter(clause[0].criterion for clause in self.clauses)
        self.mentions = {m.id: m for m in extraction.mentions}
        self.criteria = {c.id: c for c in extraction.criteria}
        self.tails = tails_of(extraction)
        self.unsure = [c for c in extraction.coverage if c.decisive]

    def is_understood(self, criterion: Criterion) -> bool:
        """Whether nothing of a criterion is left over that could make it another."""
        return not any(
            c.passage == criterion.passage and c.start < criterion.end and criterion.start < c.end for c in self.unsure
        )

    def is_qualified(self, literal: Literal) -> bool:
        """Whether something is spared of a fact, or a relation narrows it."""
        relations = self.tails
        heads = (r for r in self.extraction.relations if r.tail == literal.mention and r.type == "COMBINED_WITH")
        return literal.spared or any(relations.get((t, literal.mention)) for t in _QUALIFYING) or any(heads)

    def excludes(self, literal: Literal) -> bool:
        """Whether an exclusion criterion asks nothing but that this fact, as it is, does not hold."""
        criterion = self.criteria[literal.criterion]
        alone = self.clauses_in[criterion.id] == 1
        plain = "washout" not in criterion.categories and not self.is_qualified(literal)
        return criterion.side == "exc" and not literal.holds and alone and plain


def _ages(record: _Record) -> Iterator[Flag]:
    """The registry's ages against those of the text, where the text has but one."""
    if record.registry is None:
        return
    thresholds = list(age_thresholds(record.extraction))
    fields = (record.registry.minimum_age, record.registry.maximum_age)
    for index, (word, field) in enumerate(zip(("minimum", "maximum"), fields, strict=True)):
        said = [(bound, t) for t in thresholds if (bound := bounds_of(t)[index]) is not None]
        years = registry_years(field)
        if years is None or len({bound for bound, _ in said}) != 1 or any(t.condition for _, t in said):
            continue
        bound, threshold = said[0]
        if not bound.is_integer():  # a list's number before it: "1.18 years"
            continue
        slack = 1.0 if threshold.operator in ("<", ">") else 0.1
        if abs(bound - years) > slack:
            yield _flag(
                "age",
                f"The registry's {word} age is {field}, but a criterion says {' '.join(threshold.text.split())}.",
                threshold.mentions,
                (threshold.criterion,),
            )


def _sex(record: _Record) -> Iterator[Flag]:
    """The registry's sex against the one that criteria ask for."""
    asked = sex_asked(record.document, record.extraction, record.clauses)
    if asked is None or record.registry is None:
        return
    sex, mention, criterion = asked
    if record.registry.sex in {"all", "female", "male"} - {sex}:
        message = f"The registry's sex is {record.registry.sex}, but a criterion asks for {sex} participants."
        yield _flag("sex", message, (mention.id,), (criterion,))


def _phases(record: _Record) -> Iterator[Flag]:
    """The phase by which the title calls the trial against those of the registry, where none is the same."""
    registry = set(record.registry.phases) if record.registry else set()
    for passage in record.document.passages:
        if passage.name != "official_title" or not registry:
            continue
        named = _PHASE.search(passage.text)
        said = {f"PHASE{_ROMAN.get(n.upper(), n)}" for n in _NUMERAL.findall(named["numbers"])} if named else set()
        if named and said and not said & {p.removeprefix("EARLY_") for p in registry}:
            words = " ".join(named[0].split())
            yield _flag(
                "phase", f"The registry's phase is {', '.join(sorted(registry))}, but the title says {words}.", (), ()
            )


class _State(NamedTuple):
    """Whether a marker's gene is altered or there."""

    gene: str
    present: bool


def _state(mention: Mention) -> _State | None:
    marker = mention.concept.marker if mention.concept else None
    if marker is None or len(marker.genes) != 1 or marker.threshold or marker.alteration:
        return None
    if marker.state in _ABSENT | _PRESENT:
        return _State(marker.genes[0], marker.state in _PRESENT)
    return None


def _title_markers(record: _Record) -> Iterator[Flag]:
    """A marker of the title against a criterion that asks for its opposite."""
    titles = [m for m in record.mentions.values() if m.passage in ("brief_title", "official_title")]
    said = {state: m for m in titles if m.type == "BIOMARKER" and (state := _state(m))}
    for clause in record.clauses:
        states = {_state(record.mentions[literal.mention]) for literal in clause if literal.holds}
        if len(clause) != 1 or len(states) != 1 or record.criteria[clause[0].criterion].side != "inc":
            continue
        (state,) = states
        opposite = state and said.get(state._replace(present=not state.present))
        if state and opposite and state not in said and not record.is_qualified(clause[0]._replace(spared=False)):
            asked = record.mentions[clause[0].mention]
            yield _flag(
                "biomarker",
                f"The title says {name_of(opposite)}, but a criterion asks for {name_of(asked)}.",
                (opposite.id, asked.id),
                (clause[0].criterion,),
            )


def _required_and_excluded(record: _Record) -> Iterator[Flag]:
    """The same marker or prior treatment both asked for and excluded, without anything that tells the two apart."""
    single = [clause[0] for clause in record.clauses if len(clause) == 1]
    excluded = {key_of(record.mentions[fact.mention]): fact for fact in reversed(single) if record.excludes(fact)}
    for fact in single:
        mention = record.mentions[fact.mention]
        other = excluded.get(key_of(mention))
        kind = "prior_treatment" if mention.type in TREATMENTS else "biomarker" if mention.type == "BIOMARKER" else ""
        if not (kind and other and fact.holds) or record.criteria[fact.criterion].side != "inc":
            continue
        past = all("hist" in record.mentions[one.mention].attributes for one in (fact, other))
        if kind == "prior_treatment" and (record.is_qualified(fact) or not past):
            continue
        if not all(record.is_understood(record.criteria[one.criterion]) for one in (fact, other)):
            continue
        message = f"{name_of(mention)} is both required and excluded."
        yield _flag(kind, message, (fact.mention, other.mention), (fact.criterion, other.criterion))


class _Edge(NamedTuple):
    """Where what a criterion allows of a measure begins (`low`) or ends; `open` if the edge itself is not allowed."""

    low: bool
    value: float
    open: bool
    threshold: Threshold


def _edge(record: _Record, threshold: Threshold) -> _Edge | None:
    """The edge that a criterion's only threshold of a measure sets for all patients; None for any other."""
    facts = [c[0] for c in record.clauses if len(c) == 1 and c[0].mention in threshold.mentions[:1]]
    same = [
        t
        for t in record.extraction.thresholds
        if t.criterion == threshold.criterion and t.measure.casefold() == threshold.measure.casefold()
    ]
    if not facts or facts[0].spared or len(same) > 1 or threshold.condition or threshold.operator in ("=", "range"):
        return None
    holds = facts[0].holds
    strict, upward = threshold.operator in (">", "<"), threshold.operator in (">=", ">")
    return _Edge(upward == holds, threshold.value, strict == holds, threshold)


def _windows(record: _Record) -> Iterator[Flag]:
    """Thresholds of one measure, one of an inclusion and one of an exclusion, that no value meets together."""
    edges = [edge for threshold in record.extraction.thresholds if (edge := _edge(record, threshold))]
    for low in (edge for edge in edges if edge.low):
        for high in (edge for edge in edges if not edge.low):
            one, other = low.threshold, high.threshold
            criteria = [record.criteria[i] for i in (one.criterion, other.criterion) if i]
            same = (one.measure.casefold(), one.unit) == (other.measure.casefold(), other.unit)
            if (
                not same
                or not all(map(record.is_understood, criteria))
                or {c.side for c in criteria} != {"inc", "exc"}
                or not all(_MEASURED & set(c.categories) for c in criteria)
            ):
                continue
            if low.value > high.value or (low.value == high.value and (low.open or high.open)):
                said = " and ".join(
                    f"{side} {' '.join(t.text.split())}" for side, t in _by_side(criteria, (one, other))
                )
                message = f"No {one.measure} meets both criteria: {said}."
                yield _flag("threshold", message, (*one.mentions, *other.mentions), (one.criterion, other.criterion))


def _by_side(criteria: Sequence[Criterion], thresholds: Sequence[Threshold]) -> list[tuple[str, Threshold]]:
    words = {"inc": "included", "exc": "excluded"}
    return [
        (words[c.side], t) for c, t in sorted(zip(criteria, thresholds, strict=True), key=lambda e: e[0].side == "exc")
    ]


def _flag(kind: str, message: str, mentions: tuple[str, ...], criteria: tuple[str | None, ...]) -> Flag:
    return Flag(kind=kind, message=message, mentions=mentions, criteria=tuple(c for c in criteria if c))
