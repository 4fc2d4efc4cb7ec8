"""Who may take part, by age and sex: as the registry's fields say, and as the text says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from oncogloss.schema import Criterion, Document, Extraction, Mention, Operator, Threshold
from oncogloss.structure.clauses import Clause
from oncogloss.structure.names import words_of

_REGISTRY_AGE = re.compile(r"(\d+(?:\.\d+)?) (year|month|week|day|hour|minute)s?", re.IGNORECASE)
_PER_YEAR = {"year": 1.0, "month": 12.0, "week": 52.1775, "day": 365.25, "hour": 8766.0, "minute": 525960.0}
_ONLY_BY_SEX = r"(?:adult |eligible )?%s(?: (?:patients?|subjects?|participants?|individuals?|adults?|gender|sex))?"
_SEXES = {
    "female": re.compile(_ONLY_BY_SEX % "(?:females?|wom[ae]n)", re.IGNORECASE),
    "male": re.compile(_ONLY_BY_SEX % "(?:males?|m[ae]n)", re.IGNORECASE),
}
_WORDS_OF_OTHER = {
    "female": re.compile(r"\b(males?|m[ae]n)\b", re.IGNORECASE),
    "male": re.compile(r"\b(females?|wom[ae]n)\b", re.IGNORECASE),
}
_NOTHING_BEFORE = re.compile(r"\W*(\w{1,2}[.)]\W*)?((sex|gender|must be|adult|eligible|only)\W*)*", re.IGNORECASE)
_FERTILITY = {"reproductive", "pregnancy"}
_OPPOSITE: dict[Operator, Operator] = {">=": "<", ">": "<=", "<=": ">", "<": ">="}

SEX = re.compile(r"(?:adult )?(?:males?|females?|m[ae]n|wom[ae]n)(?: (?:patients?|subjects?|participants?))?", re.I)
FEMALE = re.compile(r"fe|wo", re.I)
_VALUE_OF = re.compile(r"[^.;\n]{0,30}")  # "men: QTc > 450 ms"
_OF_VALUE = re.compile(r"[\s,(]*(?:(?:in|for|if|among)\s+)?", re.I)  # "> 450 ms (in men)"

Bounds = tuple[float | None, float | None]


def values_by_sex(text: str, mentions: Sequence[Mention]) -> dict[str, Mention]:
    """The sex that each of a criterion's values is for, by the values' ids, where it sets one for either sex ("QTc
    > 450 ms in men, > 470 ms in women"); else none. `mentions` are those of the criterion, in order."""
    sexes = [m for m in mentions if m.type == "POPULATION" and SEX.fullmatch(" ".join(m.text.split()))]
    values = [m for m in mentions if m.type == "VALUE"]
    if len(sexes) != 2 or len({bool(FEMALE.search(m.text)) for m in sexes}) != 2 or len(values) < 2:
        return {}
    found: dict[str, Mention] = {}
    for sex in sexes:
        if sexes[0].start < values[0].start:
            value = next((v for v in values if v.start >= sex.end), None)
            near = value is not None and _VALUE_OF.fullmatch(text, sex.end, value.start)
        else:
            value = next((v for v in reversed(values) if v.end <= sex.start), None)
            near = value is not None and _OF_VALUE.fullmatch(text, value.end, sex.start)
        if value is not None and near:
            found[value.id] = sex
    return found if len(found) == 2 else {}


def registry_years(age: str) -> float | None:
    """The registry's "18 Years" or "6 Months" in years; None where it says nothing."""
    read = _REGISTRY_AGE.fullmatch(age.strip())
    return float(read[1]) / _PER_YEAR[read[2].casefold()] if read else None


def age_thresholds(extraction: Extraction) -> Iterator[Threshold]:
    """The comparisons of a patient's age in criteria about who a patient is, as what an eligible one fulfils."""
    criteria = {c.id: c for c in extraction.criteria}
    for threshold in extraction.thresholds:
        criterion = criteria.get(threshold.criterion or "")
        if criterion is None or "demographic" not in criterion.categories or threshold.unit != "a":
            continue
        if threshold.measure.casefold() not in ("age", "aged", "patient age", "age at diagnosis"):
            continue
        if (criterion.side == "inc") != threshold.denied:
            yield threshold
        elif threshold.operator in _OPPOSITE:
            yield threshold.model_copy(update={"operator": _OPPOSITE[threshold.operator]})


def unconditional(
    thresholds: Iterable[Threshold], extraction: Extraction, clauses: Iterable[Clause]
) -> list[Threshold]:
    """Those of some thresholds that every patient must meet: of no part of the trial, no sub-criterion and no
    alternative, but of one where all alternatives ask the same."""
    thresholds = [t for t in thresholds if t.condition is None]
    said = {t.mentions[0]: (t.operator, t.value, t.high) for t in thresholds}
    joint = [c for c in clauses if len({said.get(literal.mention) for literal in c}) == 1]
    asked = {(literal.criterion, literal.mention) for clause in joint for literal in clause}
    of_all = {c.id for c in extraction.criteria if c.parent is None and not _is_of_a_part(c)}
    return [t for t in thresholds if t.criterion in of_all and (t.criterion, t.mentions[0]) in asked]


def _is_of_a_part(criterion: Criterion) -> bool:
    return criterion.logic is not None and any(part.said == "trial-part" for part in criterion.logic.parts)


def bounds_of(threshold: Threshold) -> Bounds:
    """The least and the greatest value that a comparison allows; a bare number may mean either, so it sets none."""
    low = threshold.value if threshold.operator in (">=", ">", "range") else None
    high = threshold.value if threshold.operator in ("<=", "<") else threshold.high
    return low, high


def narrowed(bounds: Iterable[Bounds]) -> Bounds:
    """What all bounds allow together."""
    pairs = list(bounds)
    lows = [low for low, _ in pairs if low is not None]
    highs = [high for _, high in pairs if high is not None]
    return max(lows, default=None), min(highs, default=None)


def sex_asked(document: Document, extraction: Extraction, clauses: Sequence[Clause]) -> tuple[str, Mention, str] | None:
    """The one sex with which a criterion about who a patient is begins, its mention and criterion; None where the
    eligibility text speaks of both or of none."""
    mentions = {m.id: m for m in extraction.mentions}
    criteria = {c.id: c for c in extraction.criteria}
    for clause in clauses:
        mention, criterion = mentions[clause[0].mention], criteria[clause[0].criterion]
        if len(clause) > 1 or not clause[0].holds or criterion.side != "inc" or mention.type != "POPULATION":
            continue
        if "demographic" not in criterion.categories or _FERTILITY & set(criterion.categories):
            continue
        sex = next((sex for sex, pattern in _SEXES.items() if pattern.fullmatch(words_of(mention))), None)
        text = next(p.text for p in document.passages if p.name == criterion.passage)
        if (
            sex
            and _NOTHING_BEFORE.fullmatch(text, criterion.start, mention.start)
            and not _WORDS_OF_OTHER[sex].search(text)
        ):
            return sex, mention, criterion.id
    return None
