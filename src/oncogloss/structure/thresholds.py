"""The comparisons that the criteria of a trial make, each a measure, a number and the condition it holds under."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from oncogloss.schema import Criterion, Document, EntityType, Extraction, Mention, Operator, Threshold
from oncogloss.structure.counted import cycles_between
from oncogloss.structure.facts import says_age
from oncogloss.structure.measure_names import NYHA, is_nyha_class, name_in_words, name_of_measure, of_urine_protein
from oncogloss.structure.persons import values_by_sex
from oncogloss.structure.polarity import denied_in
from oncogloss.structure.quantities import CHILD_PUGH, Quantity, read_quantity
from oncogloss.structure.run_words import are_twins, before_measure, led, with_unit, without_lead
from oncogloss.structure.usual import fits
from oncogloss.structure.value_limits import read_value
from oncogloss.structure.wording import BREAK, OPEN_ENDS

_MARKERS: frozenset[EntityType] = frozenset({"GENE", "BIOMARKER"})
_CIRCUMSTANCES: frozenset[EntityType] = frozenset(
    {"CANCER", "STAGE", "DISEASE_STATE", "CONDITION", "GENE", "BIOMARKER", "DRUG", "DRUG_CLASS", "REGIMEN", "PROCEDURE",
     "SETTING", "POPULATION"}
)  # fmt: skip
_CUT_OFF = re.compile(
    r"(?P<name>[^\W\d].*?)[\s:(,]*(?P<cut>(?:[≥≤⩾⩽<>=\\]|\b(?:at least|no less|greater|more|less|lower|below|above)\b"
    r"|(?<![\w-])(?:\d+(?:\.\d+)?\s*%?\s*(?:-|–|to)\s*)?\d+(?:\.\d+)?\s*%|(?<![\w-])[0-3]\+).*)",
    re.IGNORECASE | re.DOTALL,
)
_PERSONS = r"(?:(?:the |all )?(?:patients?|subjects?|participants?|those|women|men|females?|males?|children|adults?)\b)"
_CASE = r"(?:if|unless|except|in (?:the )?(?:case|presence|absence|setting) of|in the event of)\b"
_CONDITION = re.compile(rf"[\s,]*(?:{_CASE}|(?:in|for|among)\s+{_PERSONS})", re.IGNORECASE)
_LOOSE = re.compile(r"[\s,]*(?:with|without|in|for|when|where|by)\b", re.IGNORECASE)
_AHEAD = re.compile(
    rf"(?:(?:[;,(\[]|\b(?:or|and|but)\b)\s*)+(?P<words>(?:{_CASE}|(?:in|for|among|with|without)\b|{_PERSONS}).*?)"
    r"[\s,:(]*(?:(?:is|are|must be|should be|may be|then)\s*)?$",
    re.IGNORECASE | re.DOTALL,
)
_EQUAL = re.compile(r"=|\b(?:equals?|exactly)\b", re.IGNORECASE)
_YEARS = re.compile(r"\s*[<>≤≥⩽⩾=]+\s*(?:1[2-9]|[2-9]\d)\s*")
_AGED = re.compile(r"\bage[ds]?\b|life expectancy", re.IGNORECASE)
_TIME = re.compile(r"year|month|week|\by(?:rs?|o)?\b", re.IGNORECASE)
_SPARES = re.compile(
    r"(?<!not )(?<!in)\b(?:eligible|allowed|permitted|acceptable) (?:if|provided|when|as long as)\b"
    r"|(?<!not )\bmust (?:be|have) (?:resolved|recovered|returned|improved|decreased)\b",
    re.IGNORECASE,
)
_JOINT = re.compile(r"[\s,;/&-]*(?:(?:and|or|to)\b)?\s*", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[;)\]]|\.(?:\s|$)|\n\s*(?:\n|[-*•\d])|,?\s+(?:and|or|but)\s+(?=[≥≤<>=\\\d])")
_LISTED = re.compile(r"\s*(?:,|/|(?:,\s*)?\b(?:and/or|and|or)\b)\s*", re.IGNORECASE)
_BRACKETED = re.compile(r"\([^()]*\)")
_GENERAL = re.compile(r"\b(?:function|status|tests?|scores?|levels?|reserve)\b", re.IGNORECASE)


_Placed = tuple[tuple[str, int, int], Threshold]


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A measure and a value that belong together, in a criterion."""

    criterion: Criterion
    measure: Mention
    value: Mention


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
    comparisons = _comparisons(document, extraction, sexes)
    found: list[_Placed] = []
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
            if sex := sexes.get(first.value.id):
                condition: tuple[str | None, tuple[str, ...]] = (" ".join(sex.text.split()), (sex.id,))
            else:
                condition = _condition(texts[first.value.passage], part[-1], comparisons, extraction.mentions)
            ids = tuple(dict.fromkeys((first.measure.id, *(c.value.id for c in part), *condition[1])))
            place = (first.value.passage, first.value.start, first.measure.start)
            if condition[0] and quantity.operator == "=":
                quantity = replace(quantity, operator=_general_operator(first, comparisons))
            name, unit = _measured(texts[first.value.passage], part, other, quantity)
            quantity = replace(quantity, unit=unit)
            if _fits(first.measure, name, quantity) and _is_told(words, quantity):
                found.append((place, _threshold(first, name, words, quantity, condition[0], ids)))
    markers = _markers(extraction, {c.measure.id for c in comparisons})
    ordered = sorted([*found, *markers], key=lambda entry: entry[0])
    denied = denied_in(extraction.criteria)

    def is_denied(place: tuple[str, int, int], t: Threshold) -> bool:
        turned = t.criterion is not None and _is_turned(texts[place[0]], criteria[t.criterion], place[1])
        return ((t.criterion, t.mentions[0]) in denied) != turned

    return tuple(t.model_copy(update={"denied": True}) if is_denied(place, t) else t for place, t in ordered)


def _is_turned(text: str, criterion: Criterion, place: int) -> bool:
    """Whether a comparison stands behind words by which an exclusion says whom it spares: "HIV: eligible if CD4 …"."""
    before = re.split(BREAK, text[criterion.start : place])[-1]
    return criterion.side == "exc" and _SPARES.search(before) is not None


def _general_operator(own: _Comparison, comparisons: Sequence[_Comparison]) -> Operator:
    """How the first value of a measure is compared, which a bare one under a condition goes on with: "≤ 3 x ULN (5 x
    ULN if …)"."""
    same = [c for c in comparisons if c.measure.id == own.measure.id and c.value.start < own.value.start]
    read = read_quantity(same[0].value.text, _names(own.measure, same[0].value.text)) if same else None
    return read.operator if read is not None and read.operator != "range" else "="


def _said(texts: Mapping[str, str], run: Sequence[_Comparison]) -> list[str]:
    """The words of each value of a run, turned round where it stands before its measure, with what leads this."""
    return [
        before_measure(texts[c.value.passage], c.value, c.measure)
        or led(texts[c.value.passage], c.value, c.measure)
        or c.value.text
        for c in run
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
        for head in _distinct(heads, long_forms):
            criterion = place.of(head) or place.of(value)
            if criterion:
                found.append(_Comparison(criterion, head, value))
    return found


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
) -> tuple[str | None, tuple[str, ...]]:
    """The words under which a comparison holds, behind its value or before it, and the ids of the mentions in them."""
    value, measure, criterion = comparison.value, comparison.measure, comparison.criterion
    end = max(criterion.end, value.end)
    here = [m for m in mentions if m.passage == value.passage and m.start < end]
    compared = {c.value.id for c in comparisons} | {c.measure.id for c in comparisons}
    others = [m for m in here if m.id in compared and m.id not in (value.id, measure.id)]
    alone = sum(c.measure.id == measure.id for c in comparisons) == 1
    start = max(m.end for m in (value, measure) if m.start <= value.end + 80)
    stop = min((m.start for m in others if m.start >= start), default=end)
    between = text[start:stop]
    ahead = stop < end and any(m.type == "VALUE" and m.start == stop for m in others) and _AHEAD.search(between)
    if not (ahead and ahead.start() <= 2):
        opened = re.match(r"[\s,]*[(\[]", between)
        offset = opened.end() if opened else 0
        cut = _CLAUSE_END.search(between, offset)
        words = between[offset : cut.start() if cut else len(between)]
        if _CONDITION.match(words) or (_LOOSE.match(words) and (opened or not alone)):
            return _told(words, start + offset, here)
    earlier = max((m.end for m in others if m.type == "VALUE" and m.end <= value.start), default=None)
    if earlier is not None and not any(m.type == "MEASURE" and earlier <= m.start < value.start for m in others):
        found = _AHEAD.match(text[earlier : value.start].lstrip()) if not alone else None
        if found:
            lead = earlier + len(text[earlier : value.start]) - len(text[earlier : value.start].lstrip())
            return _told(found["words"], lead + found.start("words"), here)
    return None, ()


def _told(words: str, start: int, mentions: list[Mention]) -> tuple[str | None, tuple[str, ...]]:
    """The words, tidied, with the mentions in them; nothing where no mention says what the circumstance is."""
    inside = [m for m in mentions if m.type in _CIRCUMSTANCES and start <= m.start and m.end <= start + len(words)]
    outer = tuple(m.id for m in inside if not any(_within(m, other) for other in inside))
    return (" ".join(words.split()).strip(" ,:"), outer) if outer else (None, ())


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


def _markers(extraction: Extraction, compared: set[str]) -> Iterator[_Placed]:
    """The cut-offs that biomarkers hold in their own words ("PD-L1 TPS ≥ 50%")."""
    place = _Places(extraction.criteria)
    values = [m for m in extraction.mentions if m.type == "VALUE"]
    for m in extraction.mentions:
        criterion = place.of(m)
        if m.type != "BIOMARKER" or m.id in compared or criterion is None or any(_within(v, m) for v in values):
            continue
        parts = _CUT_OFF.fullmatch(m.text)
        quantity = read_quantity(parts["cut"]) if parts else None
        if parts and quantity:
            yield (
                (m.passage, m.start, m.start),
                Threshold(
                    criterion=criterion.id,
                    measure=name_in_words(parts["name"]),
                    operator=quantity.operator,
                    value=quantity.value,
                    high=quantity.high,
                    unit=quantity.unit,
                    text=parts["cut"],
                    mentions=(m.id,),
                ),
            )
