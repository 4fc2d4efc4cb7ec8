"""The comparisons that the criteria of a trial make, each a measure, a number and the condition it holds under."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

from oncogloss.schema import Criterion, Document, EntityType, Extraction, Mention, Operator, Threshold
from oncogloss.structure.alternatives import CASE, PERSONS, SPARED, Instead, group_behind, instead, is_of_adults
from oncogloss.structure.asked_of import groups_in, names_the_disease
from oncogloss.structure.counted import cycles_between
from oncogloss.structure.equivalents import per_day, steroids_of
from oncogloss.structure.facts import says_age
from oncogloss.structure.measure_names import NYHA, is_nyha_class, name_in_words, name_of_measure, of_urine_protein
from oncogloss.structure.permissions import WITHOUT, is_grade, permission_around, permits
from oncogloss.structure.persons import values_by_sex
from oncogloss.structure.polarity import denied_in
from oncogloss.structure.quantities import CHILD_PUGH, Quantity, read_quantity
from oncogloss.structure.run_words import are_twins, before_measure, led, with_unit, without_lead
from oncogloss.structure.stains import is_stained, scores_of
from oncogloss.structure.usual import fits
from oncogloss.structure.value_limits import read_value, with_comparison
from oncogloss.structure.wording import BREAK, OPEN_ENDS

_MARKERS: frozenset[EntityType] = frozenset({"GENE", "BIOMARKER"})
_CIRCUMSTANCES: frozenset[EntityType] = frozenset(
    {"CANCER", "STAGE", "DISEASE_STATE", "CONDITION", "GENE", "BIOMARKER", "DRUG", "DRUG_CLASS", "REGIMEN", "PROCEDURE",
     "SETTING", "POPULATION"}
)  # fmt: skip
_CUT_OFF = re.compile(
    r"(?P<name>[^\W\d].*?)[\s:(,]*"
    r"(?P<cut>(?:[≥≤⩾⩽<>=\\]|\b(?:at least|no less|greater|more|less|lower|below|above|between)\b"
    r"|(?<![\w-])(?:\d+(?:\.\d+)?\s*%?\s*(?:-|–|to)\s*)?\d+(?:\.\d+)?\s*%|(?<![\w-])[0-3]\+"
    r"|(?:(?<=CPS)|(?<=CPS )|(?<=CPS of )|(?<=score )|(?<=score of ))\d+\s*(?:-|–|to)\s*\d+\b).*)",
    re.IGNORECASE | re.DOTALL,
)
_OTHER_END = re.compile(r",?\s*\b(?:and|but)\s*(?=\\?[≥≤⩾⩽<>])")
_PERMITTED = r"(?:(?:(?:is|are|will be) )?(?:also )?(?:acceptable|accepted|allowed|permitted|permissible) )?"
_CONDITION = re.compile(
    rf"[\s,]*{_PERMITTED}(?P<words>(?:{CASE}|{SPARED.pattern}|(?:in|for|among)\s+{PERSONS}).*)", re.I | re.S
)
_LOOSE = re.compile(r"[\s,]*(?P<words>(?:with|without|in|for|when|where|by)\b.*)", re.I | re.S)
_TURNED = re.compile(
    r"[\s,(]*\b(?:in which case|(?:in|for) whom|who (?:must|can|may|should|have)|which must)\b.*", re.I | re.S
)
_OPENED = re.compile(r"\s*\([^()]*$")
_EQUAL = re.compile(r"=|\b(?:equals?|exactly)\b", re.IGNORECASE)
_YEARS = re.compile(r"\s*[<>≤≥⩽⩾=]+\s*(?:1[2-9]|[2-9]\d)\s*")
_AGED = re.compile(r"\bage[ds]?\b|life expectancy", re.IGNORECASE)
_TIME = re.compile(r"year|month|week|\by(?:rs?|o)?\b", re.IGNORECASE)
_SPARES = re.compile(
    r"(?<!not )(?<!in)\b(?:eligible|allowed|permitted|acceptable) (?:if|provided|when|as long as)\b"
    r"|(?<!not )\bmust (?:be|have) (?:resolved|recovered|returned|improved|decreased)\b",
    re.IGNORECASE,
)
_UNRESOLVED = re.compile(
    r"(?:\b(?:not|never|without|unable to|fail(?:ed|s|ure|ing)? to)|n['’]t)\b(?: \w+){0,3}"
    r" (?:recover|resol|return|improv|reduc|subsid|decreas|stabili|taper)\w*(?![^.;]*\b(?:unless|except)\b)",
    re.IGNORECASE,
)
_JOINT = re.compile(r"[\s,;/&-]*(?:(?:and|but|or|to)\b)?\s*", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[;)\]]|\.(?:\s|$)|\n\s*(?:\n|[-*•\d])|,?\s+(?:and|or|but)\s+(?=[≥≤<>=\\\d])")
_LISTED = re.compile(r"\s*(?:,|/|(?:,\s*)?\b(?:and/or|and|or)\b)\s*", re.IGNORECASE)
_BRACKETED = re.compile(r"\([^()]*\)")
_GENERAL = re.compile(r"\b(?:function|status|tests?|scores?|levels?|reserve)\b", re.IGNORECASE)


_Condition = tuple[str | None, tuple[str, ...]]  # its words, and the mentions in them
_Placed = tuple[tuple[str, int, int], Threshold]


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A measure and a value that belong together, in a criterion; of steroids the one that tells their dose."""

    criterion: Criterion
    measure: Mention
    value: Mention
    equivalent: Mention | None = None


class _Groups(NamedTuple):
    """Of whom alone some limits are: the measures and values that only tell it (`told`), and what it is, by the values
    and measures of the limits (`limited`)."""

    told: set[str]
    limited: dict[str, _Condition]


def thresholds_of(document: Document, extraction: Extraction) -> tuple[Threshold, ...]:
    """Every comparison with a number in the document's criteria, whose logic is known, in reading order.

    A measure with several values has one each; a value shared by several measures counts for each of them.
    """
    texts = {passage.name: passage.text for passage in document.passages}
    by_id, criteria = {m.id: m for m in extraction.mentions}, {c.id: c for c in extraction.criteria}
    sexes = {
        value: sex
        for c in extraction.criteria
        for value, sex in values_by_sex(texts[c.passage], [by_id[i] for i in c.mentions]).items()
    }
    every = _comparisons(document, extraction, sexes)
    groups = _groups(every, extraction, texts)
    comparisons = [c for c in every if not {c.measure.id, c.value.id} & groups.told]
    found: list[_Placed] = []
    denied = denied_in(extraction.criteria)
    for run in _runs(comparisons, texts):
        text = texts[run[0].value.passage][run[0].value.start : run[-1].value.end]
        said = _said(texts, run)
        names = _names(run[0].measure, text)
        whole = read_quantity(" and ".join(said) if run[0].value.text != said[0] else text, names)
        joint = whole and (whole.operator == "range" or CHILD_PUGH.search(names)) and not OPEN_ENDS.search(text)
        if len(run) > 1 and whole and joint:
            readings = [(run, text, "", whole)]
        else:
            readings = [
                ([c], c.value.text, name, quantity)
                for c, words in zip(run, said, strict=True)
                for name, quantity in read_value(
                    with_unit(words, said), _names(c.measure, c.value.text), texts[c.value.passage][: c.value.start]
                )
            ]
        for part, words, other, quantity in readings:
            first = part[0]
            condition = _condition_of(part, texts, sexes, groups, comparisons, extraction.mentions)
            spared = condition[0] or (first.criterion.id, first.measure.id) in denied
            if not spared and _is_only_permitted(texts[first.value.passage], first, quantity):
                continue
            ids = tuple(dict.fromkeys((first.measure.id, *(c.value.id for c in part), *condition[1])))
            place = (first.value.passage, first.value.start, first.measure.start)
            if condition[0]:
                quantity = _going_on(quantity, first, comparisons)
            name, unit = _measured(texts[first.value.passage], part, other, quantity)
            name = f"{name} ({name_of_measure(first.equivalent)} equivalent)" if first.equivalent else name
            quantity = replace(quantity, unit=unit)
            if _fits(first.measure, name, quantity) and _is_told(words, quantity):
                found.append((place, _threshold(first, name, words, quantity, condition[0], ids)))
    compared = {c.measure.id for c in comparisons}
    markers = _markers(extraction, compared, texts)
    scores = ((m, score) for m, score in scores_of(extraction, texts) if m.id not in compared)
    stains = [((m.passage, m.start, m.start), score) for m, score in scores]
    ordered = sorted([*_once(found), *markers, *stains], key=lambda entry: entry[0])

    def is_denied(place: tuple[str, int, int], t: Threshold) -> bool:
        turned = t.criterion is not None and _is_turned(texts[place[0]], criteria[t.criterion], place[1], t.operator)
        return turned or (t.criterion, t.mentions[0]) in denied

    return tuple(t.model_copy(update={"denied": True}) if is_denied(place, t) else t for place, t in ordered)


def _once(found: Iterable[_Placed]) -> list[_Placed]:
    """The thresholds, without those that say the same as one before them; this has the mentions of both."""
    kept: list[_Placed] = []
    alike = defaultdict[Any, list[int]](list)
    for place, t in found:
        before = alike[t.criterion, t.measure, t.operator, t.condition]
        n = next((n for n in before if _is_said_again(kept[n][1], t)), None)
        if n is None:
            before.append(len(kept))
            kept.append((place, t))
        else:
            at, first = kept[n]
            kept[n] = at, first.model_copy(update={"mentions": tuple(dict.fromkeys((*first.mentions, *t.mentions)))})
    return kept


def _is_said_again(first: Threshold, other: Threshold) -> bool:
    """Whether two thresholds of one measure and sign are one in two units: "≥ 9 g/dL (≥ 5.6 mmol/L)"."""
    both = read_quantity(f"{first.text} or {other.text}", first.measure)
    return both is not None and (both.operator, both.value, both.unit) == (first.operator, first.value, first.unit)


def _groups(comparisons: Sequence[_Comparison], extraction: Extraction, texts: Mapping[str, str]) -> _Groups:
    """The groups that are told by a value behind a limit, or of which alone a tree asks one."""
    found, by_id = _Groups(set(), {}), {m.id: m for m in extraction.mentions}
    related = {r.tail for r in extraction.relations if r.type == "HAS_VALUE"}
    for c in comparisons:
        text, (before, _) = texts[c.value.passage], _neighbours(c.value, comparisons, c.criterion.end)
        start = group_behind(text, before, c.value, c.measure, related=c.value.id in related) if before else None
        if before is not None and start is not None and before.start >= c.criterion.start:
            ids = (*((c.measure.id,) if start <= c.measure.start < c.value.start else ()), c.value.id)
            found.told.add(c.value.id)
            found.limited[before.id] = (" ".join(text[start : c.value.end].split()), ids)
    for criterion in extraction.criteria:
        groups = list(groups_in(criterion.logic)) if criterion.logic else []
        for who, asked in groups:
            telling = [c for c in comparisons if c.measure.id in who]
            ages = [read_quantity(c.value.text, "age") for c in telling]
            adults = len(groups) == 1 and any(is_of_adults(c.value) for c in telling)
            named = [m for i in (*who, *(c.value.id for c in telling)) if (m := by_id.get(i))]
            condition = _words_of(named, [m for i in asked if (m := by_id.get(i))], texts[criterion.passage])
            if condition is None or adults or any(age is None or age.unit != "a" for age in ages):
                continue
            asking = [c for c in comparisons if c.measure.id in asked]
            limits = any(read_quantity(c.value.text, _names(c.measure, c.value.text)) for c in asking)
            found.told.update(c.measure.id for c in telling if limits or c.measure.type == "VALUE")
            found.limited.update(dict.fromkeys([*asked, *(c.measure.id for c in telling)], condition))
    return found


def _words_of(group: Sequence[Mention], asked: Sequence[Mention], text: str) -> _Condition | None:
    """The words that tell a group and its mentions; None of the disease that the trial is about, or where what is asked
    stands among them."""
    start, end = min((m.start for m in group), default=0), max((m.end for m in group), default=0)
    if not group or names_the_disease(group) or any(start <= m.start < end for m in asked):
        return None
    return " ".join(text[start:end].split()), tuple(m.id for m in group)


def _condition_of(
    part: Sequence[_Comparison],
    texts: Mapping[str, str],
    sexes: Mapping[str, Mention],
    groups: _Groups,
    comparisons: list[_Comparison],
    mentions: tuple[Mention, ...],
) -> _Condition:
    """Under what some values of a measure hold: the sex that they are of, the group told behind them, the words beside
    them, or the group of whom alone their measure is asked."""
    first, last = part[0], part[-1]
    if sex := sexes.get(first.value.id):
        return " ".join(sex.text.split()), (sex.id,)
    if last.value.id in groups.limited:
        return groups.limited[last.value.id]
    beside = _condition(texts[first.value.passage], last, comparisons, mentions)
    return beside if beside[0] is not None else groups.limited.get(first.measure.id, beside)


def _is_turned(text: str, criterion: Criterion, place: int, operator: Operator) -> bool:
    """Whether a comparison is said of whom an exclusion spares ("HIV: eligible if CD4 …"), or of what was not reached
    ("not recovered to grade ≤ 1")."""
    before = re.split(BREAK, text[criterion.start : place])[-1]
    if operator in ("<=", "<", "=") and _UNRESOLVED.search(before):
        return True
    spared = _SPARES.search(before) or permission_around(text, criterion, place)
    return criterion.side == "exc" and spared is not None and not WITHOUT.search(before)


def _is_only_permitted(text: str, comparison: _Comparison, quantity: Quantity) -> bool:
    """Whether a comparison limits nobody: an exclusion's permission of what stands outside it, or one value or grade
    that an inclusion permits ("grade 1 neuropathy is permitted")."""
    criterion, measure, value = comparison.criterion, comparison.measure, comparison.value
    if criterion.side == "inc":
        return (quantity.operator == "=" or is_grade(value)) and permits(text, criterion, value)
    clause = permission_around(text, criterion, value.start)
    return clause is not None and not clause[0] <= measure.start < clause[1]


def _going_on(quantity: Quantity, own: _Comparison, comparisons: Sequence[_Comparison]) -> Quantity:
    """A quantity under a condition, with the sign and the unit of its measure's first value where it has none: "≤ 3 x
    ULN (5 if …)"."""
    same = [c for c in comparisons if c.measure.id == own.measure.id and c.value.start < own.value.start]
    general = read_quantity(same[0].value.text, _names(own.measure, same[0].value.text)) if same else None
    if general is None:
        return quantity
    operator = general.operator if quantity.operator == "=" and general.operator != "range" else quantity.operator
    if quantity.unit == "1" and general.unit != "1":
        words = with_unit(own.value.text, [same[0].value.text])
        quantity = read_quantity(words, _names(own.measure, words)) or quantity
    return replace(quantity, operator=operator)


def _said(texts: Mapping[str, str], run: Sequence[_Comparison]) -> list[str]:
    """The words of each value of a run, turned round where it stands before its measure, with what leads this or
    compares it outside the value; a dose by the day as such."""
    return [
        before_measure(text, c.value, c.measure)
        or led(text, c.value, c.measure)
        or with_comparison(text, c.value)
        or c.value.text + per_day(text, c.value)
        for text, c in ((texts[c.value.passage], c) for c in run)
    ]


def _measured(text: str, run: Sequence[_Comparison], other: str, quantity: Quantity) -> tuple[str, str]:
    """The name of what the values of a run measure, and their unit."""
    first, value = run[0].measure, run[0].value
    if first.type == "POPULATION" and quantity.unit == "a":
        return "age", "a"
    if first.type == "CONDITION" and quantity.unit == "1" and is_nyha_class(text, value.start, run[-1].value.end):
        return NYHA, "1"
    counted = cycles_between(text, value, first)
    name = other or name_of_measure(first)
    name, unit = of_urine_protein(without_lead(name) if led(text, value, first) else name, value.text, quantity.unit)
    return (f"{counted} of {name}" if counted else name), unit


def _is_told(words: str, quantity: Quantity) -> bool:
    """Whether a text says how a number is compared: a bare one is told of scores and counts alone, since trials that
    write "LVEF of 50%" or "Hb 9 g/dL" mean no equality."""
    return quantity.operator != "=" or quantity.unit == "1" or _EQUAL.search(words) is not None


def _fits(measure: Mention, name: str, quantity: Quantity) -> bool:
    """Whether a number can be one of its measure: only persons and ages have an age, and no amount is one."""
    if quantity.unit == "a":
        return measure.type in ("POPULATION", "VALUE") or _AGED.search(name) is not None
    return fits(name, quantity.unit) and (name.casefold() != "age" or quantity.unit in ("d", "1"))


def _comparisons(document: Document, extraction: Extraction, sexes: Mapping[str, Mention]) -> list[_Comparison]:
    by_id = {m.id: m for m in extraction.mentions}
    place = _Places(extraction.criteria)
    measures: dict[str, list[Mention]] = defaultdict(list)
    for relation in extraction.relations:
        head, tail = by_id[relation.head], by_id[relation.tail]
        if relation.type == "HAS_VALUE" and tail.type == "VALUE" and head.type != "OUTCOME":
            measures[tail.id].append(head)
    long_forms = {r.head: by_id[r.tail] for r in extraction.relations if r.type == "ABBREV_OF"}
    texts = {passage.name: passage.text for passage in document.passages}
    valued = {m.id for heads in measures.values() for m in heads}
    found = []
    for value in (m for m in extraction.mentions if m.type == "VALUE"):
        heads = (
            measures[value.id]
            or _measure_behind(value, extraction.mentions, texts)
            or _only_measure(value, extraction.mentions, place, long_forms)
            or _itself(value)
            or _measure_before(value, extraction.mentions, valued, texts)
        )
        if value.id in sexes and all(m.type == "POPULATION" for m in heads):
            heads = _last_measure(value, extraction.mentions, place)
        heads = [*_listed_before(heads, extraction.mentions, valued, texts), *heads]
        own = _distinct(heads, long_forms)
        text = texts[value.passage]
        told = {classed.id: (classed, m) for m in own if (classed := _steroids_of(text, m, extraction.mentions, place))}
        measured = [m for m in own if m.id not in told and all(m is not drug for _, drug in told.values())]
        for head, drug in [*((m, None) for m in measured), *told.values()]:
            criterion = place.of(head) or place.of(value)
            if criterion:
                found.append(_Comparison(criterion, head, value, drug))
    return found


def _steroids_of(text: str, drug: Mention, mentions: Iterable[Mention], place: _Places) -> Mention | None:
    """The steroids of a drug's criterion whose dose it tells."""
    return steroids_of(text, drug, (m for m in mentions if place.of(m) is place.of(drug)))


class _Places:
    """Which criterion a mention stands in: the last that starts before it and holds it."""

    def __init__(self, criteria: Iterable[Criterion]) -> None:
        self._of: dict[str, list[Criterion]] = defaultdict(list)
        for criterion in sorted(criteria, key=lambda c: c.start):
            self._of[criterion.passage].append(criterion)
        self._starts = defaultdict(list, {name: [c.start for c in own] for name, own in self._of.items()})

    def of(self, mention: Mention) -> Criterion | None:
        criteria = self._of[mention.passage]
        before = bisect_right(self._starts[mention.passage], mention.start)
        return next((c for c in reversed(criteria[:before]) if mention.start < c.end), None)


def _only_measure(
    value: Mention, mentions: Iterable[Mention], place: _Places, long_forms: dict[str, Mention]
) -> list[Mention]:
    """The measure of a value that no relation names, where its criterion has but one."""
    criterion = place.of(value)
    if criterion is None:
        return []
    inside = [m for m in mentions if m.type == "MEASURE" and place.of(m) is criterion]
    distinct = _distinct(inside, long_forms)
    return distinct if len(distinct) == 1 else []


def _last_measure(value: Mention, mentions: Iterable[Mention], place: _Places) -> list[Mention]:
    """The last measure of its criterion before a value."""
    criterion = place.of(value)
    before = [m for m in mentions if m.type == "MEASURE" and m.end <= value.start and place.of(m) is criterion]
    return before[-1:] if criterion else []


def _measure_behind(value: Mention, mentions: Iterable[Mention], texts: Mapping[str, str]) -> list[Mention]:
    """The measure that a value stands before, with a sign between: "0.3 mU/L ≤ TSH"."""
    measures = (m for m in mentions if m.type == "MEASURE" and m.passage == value.passage)
    return [m for m in measures if before_measure(texts[value.passage], value, m)][:1]


def _measure_before(
    value: Mention, mentions: Iterable[Mention], valued: Collection[str], texts: Mapping[str, str]
) -> list[Mention]:
    """The measure without a value that stands just before a value that no relation gives to any."""
    before = [
        m for m in mentions if m.passage == value.passage and m.type in ("MEASURE", "VALUE") and m.end <= value.start
    ]
    last = max(before, key=lambda m: m.start, default=None)
    if last is None or last.type != "MEASURE" or last.id in valued:
        return []
    gap = texts[value.passage][last.end : value.start]
    near = len(gap) <= 25 and re.search(r"[;.]\s|\n\s*[-*•\n]|,", gap) is None
    return [last] if near and not _listed_before([last], mentions, valued, texts) else []


def _listed_before(
    heads: list[Mention], mentions: Iterable[Mention], valued: Collection[str], texts: Mapping[str, str]
) -> list[Mention]:
    """The measures that stand in one list before the first of a value's measures and have no value of their own: of
    "AST, ALT and bilirubin ≤ 3 x ULN" the first two, where a relation names the last alone."""
    first = min(heads, key=lambda m: m.start, default=None)
    if first is None or first.type != "MEASURE":
        return []
    found: list[Mention] = []
    measures = [m for m in mentions if m.type == "MEASURE" and m.passage == first.passage and m.end <= first.start]
    for m in sorted(measures, key=lambda m: -m.start):
        if m.end > first.start:
            continue
        text = texts[m.passage]
        if text[m.end : m.end + 1] == ")":  # a short form behind its long one
            continue
        gap = _BRACKETED.sub(" ", text[m.end : first.start])
        if _LISTED.fullmatch(gap) is None or m.id in valued or _GENERAL.search(m.text):
            break
        found, first = [m, *found], m
    return found


def _itself(value: Mention) -> list[Mention]:
    """A value that says itself that it is an age is its own measure."""
    return [value] if says_age(value) else []


def _distinct(heads: list[Mention], long_forms: dict[str, Mention]) -> list[Mention]:
    """Each thing once: a long form rather than the short one, a measure rather than what it is of, outer not inner."""
    full = {long_forms.get(m.id, m).id: long_forms.get(m.id, m) for m in heads}
    spelled = {m.text.casefold() for m in full.values()}
    named: dict[str, Mention] = {}
    for m in full.values():
        if (m.expansion or "").casefold() not in spelled:
            key = m.concept.id if m.concept and m.concept.match not in ("broader", "alike") else m.id
            if key not in named or named[key].text == m.text:  # of the same words those nearest to the value
                named[key] = m
    kept = list(named.values())
    if any(m.type == "MEASURE" for m in kept):
        kept = [m for m in kept if m.type == "MEASURE" or m.type in _MARKERS]
    measured = {(m.start, m.end) for m in kept if m.type == "MEASURE"}
    kept = [m for m in kept if m.type == "MEASURE" or (m.start, m.end) not in measured]
    return [m for m in kept if not any(_within(m, other) for other in kept)]


def _within(inner: Mention, outer: Mention) -> bool:
    return (
        inner.passage == outer.passage
        and outer.start <= inner.start
        and inner.end <= outer.end
        and (inner.end - inner.start) < (outer.end - outer.start)
    )


def _names(measure: Mention, value: str) -> str:
    """All that is known of what is compared, by which a unit is chosen; of persons a time, or a number that can be no
    other thing, is the age."""
    persons = ("age",) if measure.type == "POPULATION" and (_TIME.search(value) or _YEARS.fullmatch(value)) else ()
    own = name_of_measure(measure)
    return "; ".join((*persons, *((measure.expansion,) if measure.expansion else ()), measure.text, own))


def _threshold(
    comparison: _Comparison, name: str, text: str, quantity: Quantity, condition: str | None, mentions: tuple[str, ...]
) -> Threshold:
    return Threshold(
        criterion=comparison.criterion.id,
        measure=name,
        operator=quantity.operator,
        value=quantity.value,
        high=quantity.high,
        unit=quantity.unit,
        text=text,
        condition=condition,
        mentions=mentions,
    )


def _condition(
    text: str, comparison: _Comparison, comparisons: list[_Comparison], mentions: tuple[Mention, ...]
) -> _Condition:
    """The words under which a comparison holds, behind its value or before it, and the ids of the mentions in them."""
    value, measure, criterion = comparison.value, comparison.measure, comparison.criterion
    end = max(criterion.end, value.end)
    here = [m for m in mentions if m.passage == value.passage and m.start < end]
    before, after = _neighbours(value, comparisons, end)
    replaced = _instead(text, value, after, comparisons) if after else None
    if replaced and replaced.clause is not None:
        return _told(text[replaced.clause : replaced.end], replaced.clause, here)
    compared = {c.value.id for c in comparisons} | {c.measure.id for c in comparisons}
    others = [m for m in here if m.id in compared and m.id not in (value.id, measure.id)]
    start = max(m.end for m in (value, measure) if m.start <= value.end + 80)
    between = text[start : min((m.start for m in others if m.start >= start), default=end)]
    if not replaced:
        opened = re.match(r"[\s,]*[(\[]", between)
        offset = opened.end() if opened else 0
        cut = _CLAUSE_END.search(between, offset)
        words = between[offset : cut.start() if cut else len(between)]
        alone = sum(c.measure.id == measure.id for c in comparisons) == 1
        found = _CONDITION.match(words) or (_LOOSE.match(words) if opened or not alone else None)
        if found:
            return _told(_TURNED.sub("", found["words"]), start + offset + found.start("words"), here)
    replacing = _instead(text, before, value, comparisons) if before else None
    return _told(text[replacing.start : replacing.end], replacing.start, here) if replacing else (None, ())


def _neighbours(value: Mention, comparisons: Iterable[_Comparison], end: int) -> tuple[Mention | None, Mention | None]:
    """The compared values just before and behind a value, the latter before the `end` of its criterion."""
    others = {c.value.id: c.value for c in comparisons if c.value.passage == value.passage}.values()
    before = max((v for v in others if v.end <= value.start), key=lambda v: v.end, default=None)
    after = min((v for v in others if value.end <= v.start < end), key=lambda v: v.start, default=None)
    return before, after


def _instead(text: str, one: Mention, other: Mention, comparisons: Iterable[_Comparison]) -> Instead | None:
    """For whom the second of two values is a measure's limit, where it stands in the place of the first."""
    first, second = ([c for c in comparisons if c.value.id == v.id] for v in (one, other))
    if not first or not second or first[0].criterion.id != second[0].criterion.id:
        return None
    found = instead(text, one, other, [c.measure for c in first], [c.measure for c in second])
    again = {name_of_measure(c.measure) for c in first} & {name_of_measure(c.measure) for c in second}
    named = any(one.end <= c.measure.start < other.start for c in second)
    return found if found and (again or (named and found.clause is not None)) else None


def _told(words: str, start: int, mentions: list[Mention]) -> _Condition:
    """The words, tidied, with the mentions in them; nothing where no mention says what the circumstance is."""
    inside = [m for m in mentions if m.type in _CIRCUMSTANCES and start <= m.start and m.end <= start + len(words)]
    outer = tuple(m.id for m in inside if not any(_within(m, other) for other in inside))
    return (" ".join(_OPENED.sub("", words).split()).strip(" ,:"), outer) if outer else (None, ())


def _runs(comparisons: list[_Comparison], texts: dict[str, str]) -> Iterator[list[_Comparison]]:
    """The comparisons, those of one measure together whose values are but joined to one another ("0", "1" or "2")."""
    of_measure: dict[str, list[_Comparison]] = defaultdict(list)
    for comparison in comparisons:
        of_measure[comparison.measure.id].append(comparison)
    for group in of_measure.values():
        run = group[:1]
        for before, after in pairwise(group):
            text = texts[after.value.passage]
            twins = are_twins(text, before.value, before.measure, after.value)
            if twins or _JOINT.fullmatch(text, before.value.end, max(after.value.start, before.value.end)):
                run.append(after)
            else:
                yield run
                run = [after]
        yield run


def _markers(extraction: Extraction, compared: set[str], texts: Mapping[str, str]) -> Iterator[_Placed]:
    """The cut-offs that biomarkers hold in their own words ("PD-L1 TPS ≥ 50%"), the other end of a range with them
    ("PD-L1 CPS ≥ 1 and < 10", whose "< 10" is a mention of its own)."""
    place = _Places(extraction.criteria)
    values = [m for m in extraction.mentions if m.type == "VALUE"]
    markers = [m for m in extraction.mentions if m.type == "BIOMARKER"]
    begun = {(m.passage, m.start): m for m in markers}
    for m in markers:
        criterion = place.of(m)
        known = m.id in compared or is_stained(m) or any(_within(v, m) for v in values)
        if known or criterion is None:
            continue
        text = texts[m.passage]
        parts = _CUT_OFF.fullmatch(m.text)
        if parts is None:
            continue
        joint = _OTHER_END.match(text, m.end)
        other = joint and (begun.get((m.passage, joint.end())) or begun.get((m.passage, joint.end() + 1)))
        cuts = [(m, parts["cut"])]
        if other:
            both = parts["cut"] + text[m.end : other.end]
            closed = read_quantity(both) and not OPEN_ENDS.search(both)
            cuts = [(other, both)] if closed else [*cuts, (other, other.text)]
        for last, cut in cuts:
            if quantity := read_quantity(cut):
                yield (
                    (m.passage, last.start, m.start),
                    Threshold(
                        criterion=criterion.id,
                        measure=name_in_words(parts["name"]),
                        operator=quantity.operator,
                        value=quantity.value,
                        high=quantity.high,
                        unit=quantity.unit,
                        text=cut,
                        mentions=tuple(dict.fromkeys((m.id, last.id))),
                    ),
                )
