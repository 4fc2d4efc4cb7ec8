"""The comparisons that the criteria of a trial make, each a measure, a number and the condition it holds under."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from oncogloss.schema import Criterion, Document, EntityType, Extraction, Mention, Threshold
from oncogloss.structure.quantities import Quantity, read_quantity

_MARKERS: frozenset[EntityType] = frozenset({"GENE", "BIOMARKER"})
_CIRCUMSTANCES: frozenset[EntityType] = frozenset(
    {"CANCER", "STAGE", "DISEASE_STATE", "CONDITION", "GENE", "BIOMARKER", "DRUG", "DRUG_CLASS", "REGIMEN", "PROCEDURE",
     "SETTING", "POPULATION"}
)  # fmt: skip
_CUT_OFF = re.compile(
    r"(?P<name>[^\W\d].*?)[\s:(,]*(?P<cut>(?:[≥≤⩾⩽<>=\\]|\b(?:at least|no less|greater|more|less|lower|below|above)\b"
    r"|(?<![\w-])\d+(?:\.\d+)?\s*%|(?<![\w-])[0-3]\+).*)",
    re.IGNORECASE | re.DOTALL,
)
_PERSONS = r"(?:(?:the |all )?(?:patients?|subjects?|participants?|those|women|men|females?|males?|children|adults?)\b)"
_CASE = r"(?:if|unless|except|when|where|in (?:the )?(?:case|presence|absence|setting) of|in the event of)\b"
_CONDITION = re.compile(rf"[\s,]*(?:{_CASE}|(?:in|for|among)\s+{_PERSONS})", re.IGNORECASE)
_LOOSE = re.compile(r"[\s,]*(?:with|without|in|for|when|by)\b", re.IGNORECASE)
_AHEAD = re.compile(
    rf"(?:[;,(\[]|\b(?:or|and|but)\b)\s*(?P<words>(?:{_CASE}|(?:in|for|among|with|without)\b|{_PERSONS}).*?)"
    r"[\s,:(]*(?:(?:is|are|must be|should be|may be|then)\s*)?$",
    re.IGNORECASE | re.DOTALL,
)
_CLAUSE_END = re.compile(r"[;)\]]|\.(?:\s|$)|\n\s*(?:\n|[-*•\d])|,?\s+(?:and|or|but)\s+(?=[≥≤<>=\\\d])")


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A measure and a value that belong together, in a criterion."""

    criterion: Criterion
    measure: Mention
    value: Mention


def thresholds_of(document: Document, extraction: Extraction) -> tuple[Threshold, ...]:
    """Every comparison with a number in the document's criteria, in reading order.

    A measure with several values has one each; a value shared by several measures counts for each of them.
    """
    texts = {passage.name: passage.text for passage in document.passages}
    comparisons = _comparisons(extraction)
    found = []
    for comparison in comparisons:
        measure, value = comparison.measure, comparison.value
        quantity = read_quantity(value.text, _names(measure))
        if quantity:
            condition = _condition(texts[value.passage], comparison, comparisons, extraction.mentions)
            found.append((comparison, _threshold(comparison, quantity, condition)))
    markers = _markers(extraction, {c.measure.id for c in comparisons})
    ordered = sorted([*_steps_as_range(found), *markers], key=lambda entry: entry[0])
    return tuple(threshold for _, threshold in ordered)


def _comparisons(extraction: Extraction) -> list[_Comparison]:
    by_id = {m.id: m for m in extraction.mentions}
    place = _Places(extraction.criteria)
    measures: dict[str, list[Mention]] = defaultdict(list)
    for relation in extraction.relations:
        head, tail = by_id[relation.head], by_id[relation.tail]
        if relation.type == "HAS_VALUE" and tail.type == "VALUE" and head.type != "OUTCOME":
            measures[tail.id].append(head)
    long_forms = {r.head: by_id[r.tail] for r in extraction.relations if r.type == "ABBREV_OF"}
    found = []
    for value in (m for m in extraction.mentions if m.type == "VALUE"):
        heads = measures[value.id] or _only_measure(value, extraction.mentions, place, long_forms)
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

    def of(self, mention: Mention) -> Criterion | None:
        criteria = self._of[mention.passage]
        before = bisect_right(criteria, mention.start, key=lambda c: c.start)
        return next((c for c in reversed(criteria[:before]) if mention.start < c.end), None)


def _only_measure(
    value: Mention, mentions: Iterable[Mention], place: _Places, long_forms: dict[str, Mention]
) -> list[Mention]:
    """The measure of a value that no relation names, where its criterion has but one."""
    criterion = place.of(value)
    if criterion is None:
        return []
    inside = [m for m in mentions if m.type == "MEASURE" and place.of(m) == criterion]
    distinct = _distinct(inside, long_forms)
    return distinct if len(distinct) == 1 else []


def _distinct(heads: list[Mention], long_forms: dict[str, Mention]) -> list[Mention]:
    """Each thing once: long form rather than short, a measure rather than what it is measured on, outer rather than inner."""
    named = {m.id: m for m in heads}
    full = {long_forms.get(m.id, m).id: long_forms.get(m.id, m) for m in named.values()}
    spelled = {m.expansion.casefold() for m in full.values() if m.expansion}
    kept = [m for m in full.values() if not (m.expansion and m.text.casefold() not in spelled and _spelled(m, full.values()))]
    if any(m.type == "MEASURE" for m in kept):
        kept = [m for m in kept if m.type == "MEASURE" or m.type in _MARKERS]
    return [m for m in kept if not any(_within(m, other) for other in kept)]


def _spelled(short: Mention, others: Iterable[Mention]) -> bool:
    return any(other.text.casefold() == (short.expansion or "").casefold() for other in others)


def _within(inner: Mention, outer: Mention) -> bool:
    return (
        inner.passage == outer.passage
        and outer.start <= inner.start
        and inner.end <= outer.end
        and (inner.end - inner.start) < (outer.end - outer.start)
    )


def _name(measure: Mention) -> str:
    return measure.concept.name if measure.concept else measure.expansion or " ".join(measure.text.split())


def _names(measure: Mention) -> str:
    """All that is known of what is compared: by it a unit is chosen."""
    return "; ".join((*((measure.expansion,) if measure.expansion else ()), measure.text, _name(measure)))


def _threshold(comparison: _Comparison, quantity: Quantity, condition: tuple[str | None, tuple[str, ...]]) -> Threshold:
    return Threshold(
        criterion=comparison.criterion.id,
        measure=_name(comparison.measure),
        operator=quantity.operator,
        value=quantity.value,
        high=quantity.high,
        unit=quantity.unit,
        text=comparison.value.text,
        condition=condition[0],
        mentions=(comparison.measure.id, comparison.value.id, *condition[1]),
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


def _steps_as_range(
    found: list[tuple[_Comparison, Threshold]],
) -> Iterator[tuple[tuple[str, int, int], Threshold]]:
    """Thresholds with their places; the marked steps of a score ("0", "1" and "2") as one range."""
    groups: dict[tuple[str, bool], list[tuple[_Comparison, Threshold]]] = defaultdict(list)
    for comparison, threshold in found:
        step = threshold.operator == "=" and threshold.unit == "1" and threshold.condition is None
        groups[comparison.measure.id, step].append((comparison, threshold))
    for (_, step), group in groups.items():
        values = [threshold.value for _, threshold in group]
        if step and len(group) > 1 and all(b - a == 1 for a, b in pairwise(values)):
            first, last = group[0], group[-1]
            ids = (first[1].mentions[0], *(c.value.id for c, _ in group))
            update = {"operator": "range", "high": last[1].value, "mentions": ids}
            update["text"] = "; ".join(t.text for _, t in group)
            group = [(first[0], first[1].model_copy(update=update))]
        for comparison, threshold in group:
            yield (comparison.value.passage, comparison.value.start, comparison.measure.start), threshold


def _markers(extraction: Extraction, compared: set[str]) -> Iterator[tuple[tuple[str, int, int], Threshold]]:
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
            yield (m.passage, m.start, m.start), Threshold(
                criterion=criterion.id,
                measure=" ".join(parts["name"].split()),
                operator=quantity.operator,
                value=quantity.value,
                high=quantity.high,
                unit=quantity.unit,
                text=parts["cut"],
                mentions=(m.id,),
            )
