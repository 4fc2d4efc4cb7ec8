"""The words of a comparison or of a time, as numbers. What has a word left over is not understood: None, no guess."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, zip_longest

from oncogloss.schema import Operator, TimeFrame
from oncogloss.structure.signs import plain_of, signs_of
from oncogloss.structure.units import DAYS, comparable, read_unit


@dataclass(frozen=True, slots=True)
class Quantity:
    """A comparison with a number in the comparable unit of its kind (see `units`). Of a `range` both ends count, also
    where the text says "> 18 and < 75"."""

    operator: Operator
    value: float
    unit: str
    high: float | None = None


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of a text, the sign before it, the unit behind it, and the word that joins it to the number before."""

    operator: str
    value: float
    unit: str
    joined: str
    plus: bool


_OPERATORS: dict[str, Operator] = {"≥": ">=", "≤": "<=", ">": ">", "<": "<", "=": "=", "↑": ">=", "↓": "<="}
_NUMBER = re.compile(
    r"(?P<sign>(?<![\w.)%-] )(?<![\w.)%-])-)?(?<![a-z*^])(?P<digits>\d+(?:\.\d+)?(?:e-?\d{1,2})?)(?P<plus>\+)?"
)
_LEADING = re.compile(
    r"^(?:[\s:,;(\[/]|\b(?:of|is|are|was|be|being|must|should|an?|the|with|has|have|having|scores?|value|level|status|count"
    r"|aged?|ages|subjects?|patients?|about|approximately|from|between|only|rang(?:e|es|ing)|ecog|who|zubrod|karnofsky"
    r"|ctcae|nci|ps|ihc|nyha)\b)*"
)
_BETWEEN = re.compile(
    r"^[\s:.)\]]*(?P<joined>-|to|through|thru|(?:[,;] ?)?(?:and|but|or)\b|/|[,;])?"
    r"\s*(?:a |an )?(?P<operator>[≥≤><=])?\s*$"
)
_AGE = re.compile(r"\b(?:aged?|ages|old|older|younger|(?<=in )age)\b|(?:years?|months)[ -]of[ -]age")
_LONGEST_UNIT = 80
_BETTER = re.compile(r"\bor better\b")
_BEST_IS = (
    (re.compile(r"karnofsky|lansky|kps", re.IGNORECASE), "or more"),
    (re.compile(r"ecog|eastern|who\b|zubrod|grade|nyha|new york", re.IGNORECASE), "or less"),
)
_THROUGH = ("-", "to", "through", "thru")
CHILD_PUGH = re.compile(r"child[- ]?(?:turcotte[- ]?)?pugh|\bctp\b", re.IGNORECASE)
_CLASS = re.compile(r"(?P<sign>[≥≤><])?\s*\b(?P<class>[abc])-?(?P<points>\d{1,2})?\b")
_NO_CLASS = re.compile(r"(?:[\s,/()-]|\b(?:class|grade|stage|score|status|or|and|to|only|child|pugh)\b)*")
_POINTS = {"a": (5, 6), "b": (7, 9), "c": (10, 15)}  # of the classes of Child and Pugh
_SAME = {frozenset({"mg/dL", "umol/L"})}


@lru_cache(maxsize=2**13)
def read_quantity(text: str, measure: str = "") -> Quantity | None:
    """What the words of a comparison say, such as "≥ 1.5 × 10^9/L", "no greater than 1.5 times normal", "18 or older".

    `measure` names what is compared: by it durations are ages, amounts of substance have a mass, and classes of Child
    and Pugh are points. None where the words are not wholly understood.
    """
    plain = plain_of(text)
    if CHILD_PUGH.search(measure) and (points := _points(plain)) is not None:
        return points
    better = next((words for scale, words in _BEST_IS if scale.search(f"{measure} {text}")), "or better")
    signs = signs_of(_BETTER.sub(better, plain))
    suffix = "".join(sorted(set(re.findall("[↑↓]", signs))))
    numbers = _numbers(re.sub("[↑↓]", " ", signs))
    if not numbers or len(suffix) > 1:
        return None
    shared = next((n.unit for n in reversed(numbers) if n.unit), "")
    age = bool(_AGE.search(plain))
    read = [comparable(n.value, n.unit or shared, measure, age=age) for n in numbers]
    found = [r for r in read if r is not None]
    if len(found) < len(read):
        return None
    units = {unit for _, unit in found}
    if len(units) > 1 and units not in _SAME:
        return None
    if len(units) > 1:  # the same in units that only the measure would make one
        numbers, found = numbers[:1], found[:1]
    return _joined(numbers, [value for value, _ in found], found[0][1], suffix, graded="grade" in plain)


def _points(plain: str) -> Quantity | None:
    """The points that classes such as "A or B7" allow; None where the words say anything else, or all classes."""
    classes = list(_CLASS.finditer(plain))
    if not classes or _NO_CLASS.fullmatch(_CLASS.sub(" ", plain)) is None:
        return None
    ends: list[tuple[int, int]] = []
    for found in classes:
        low, high = _POINTS[found["class"]]
        if found["points"]:
            low = high = int(found["points"])
        spans = {"≤": (5, high), "<": (5, low - 1), "≥": (low, 15), ">": (high + 1, 15)}
        ends.append(spans.get(found["sign"] or "", (low, high)))
    least, most = min(low for low, _ in ends), max(high for _, high in ends)
    if least > 5 and most < 15:
        return Quantity("=", least, "1") if least == most else Quantity("range", least, "1", most)
    if (least, most) == (5, 15):
        return None
    return Quantity("<=", most, "1") if least == 5 else Quantity(">=", least, "1")


def _numbers(signs: str) -> list[_Number]:
    """The numbers of a text in signs; none where something between them is not understood."""
    found = list(_NUMBER.finditer(signs))
    numbers: list[_Number] = []
    before = _BETWEEN.match(_LEADING.sub("", signs[: found[0].start()])) if found else None
    for m, following in zip_longest(found, found[1:]):
        parts = _unit_and_rest(signs[m.end() : following.start() if following else len(signs)])
        if before is None or parts is None or (before["joined"] and not numbers):
            return []
        value = float(m["digits"]) * (-1 if m["sign"] else 1)
        numbers.append(
            _Number(
                before["operator"] or "",
                value,
                parts[0],
                (before["joined"] or "").strip(",; ") or ("," if before["joined"] else ""),
                bool(m["plus"]),
            )
        )
        before = parts[1]
    return numbers if before and not before["joined"] and not before["operator"] else []


def _unit_and_rest(gap: str) -> tuple[str, re.Match[str]] | None:
    """The unit with which the words after a number begin, and what joins it to the next number."""
    if len(gap) > _LONGEST_UNIT:
        return None
    for end in sorted({m.start() for m in re.finditer(r"(?<!\w)|(?!\w)", gap)}, reverse=True):
        rest = _BETWEEN.match(gap[end:])
        if rest and (unit := read_unit(gap[:end])) is not None:
            return unit, rest
    return None


def _joined(numbers: list[_Number], values: list[float], unit: str, suffix: str, *, graded: bool) -> Quantity | None:
    """One comparison of the numbers of a text, which have one unit."""
    operators = [n.operator for n in numbers]
    before = operators[0]
    if len(numbers) > 1 and (len(set(operators)) == 1 or suffix == "") and _alike(numbers, values):
        numbers, values = numbers[:1], values[:1]
    if len(numbers) == 1:
        if numbers[0].plus and (unit != "1" or values[0] > 4 or graded):  # "18+", "grade 3+", but a score of 3+
            suffix = suffix or "↑"
        if before and suffix and _OPERATORS[before][0] != _OPERATORS[suffix][0]:
            return None
        return Quantity(_OPERATORS[before or suffix or "="], values[0], unit)
    if suffix or not _is_range(numbers, values):
        return None
    return Quantity("range", values[0], unit, values[-1])


def _is_range(numbers: list[_Number], values: list[float]) -> bool:
    """Whether the numbers are the ends of a range, or all its steps ("0, 1 or 2")."""
    first, last = numbers[0].operator, numbers[-1].operator
    joined = [n.joined for n in numbers[1:]]
    if len(numbers) > 2 or joined[0] in ("or", ",", "/"):
        return (
            all(b - a == 1 for a, b in pairwise(values))
            and all(n.operator in ("", "=") for n in numbers)
            and all(j in ("or", ",", "/", "and") for j in joined)
            and ("/" not in joined or values[-1] <= 5)  # "9/10" is nine of ten
        )
    closed = first in ("≥", ">") and last in ("≤", "<")
    opened = first in ("", "=", "≥", ">") and last in ("", "≤", "<") and joined[0] in (*_THROUGH, "and")
    from_nothing = first == "≤" and last == "" and values[0] == 0 and joined[0] in _THROUGH
    told_apart = values[0] <= 0 or values[1] <= 1e5 * values[0]  # else "1.5-8 x 10^9/L": the power is of both
    return values[0] < values[1] and told_apart and (closed or opened or from_nothing)


def _alike(numbers: list[_Number], values: list[float]) -> bool:
    """Whether a text says the same twice, in two units ("9 g/dL or 90 g/L")."""
    low, high = min(values), max(values)
    return (
        high - low <= 0.06 * abs(high)
        and len({n.unit for n in numbers}) == len(numbers)
        and "" not in {n.unit for n in numbers}
    )


_SPAN = re.compile(r"\b(hours?|hrs?|days?|weeks?|wks?|months?|mos?|years?|yrs?)\b")
_EVERY = re.compile(
    r"\b(?:every|each|once (?:every|per)|per|q) ?(?:\d+(?:\.\d+)?(?: ?(?:-|to) ?\d+)? ?)?"
    r"(?:hour|day|week|month|year)s?\b"
)
_TO_NOW = re.compile(
    r"\b(?:within|in the|during|over|past|last|previous|prior|preceding|up to|through|maximum|less than|under|to)\b|≤|<"
)
_AT_LEAST = re.compile(r"[≥>↑]|\d ?\+ ?(?=[hdwmy])|\bminimum\b|\b(?:or|and) (?:more|longer)\b")
_UP_TO_NOW = re.compile(  # right before the number: none of the time up to now is left out
    r"(?:[≤<]|\b(?:within|up to|past|last|previous|preceding))"
    r"(?: (?:an?|the|about|approximately|past|last|previous))*\s*$"
)
_EVENT = re.compile(
    r"\b(?:prior to|before|preceding|until|since|after|following|from|of|post|during|to|through|at|at time of|on)\b"
    r"(?: the (?:time|date|day) of| time of)?\s+(?P<event>(?!\d|≥|≤|>|<|least|(?:the )?past\b)\D+?)\s*$"
)
_CYCLE = re.compile(r"\b(?:cycles?|c) ?\d+\W+(?=days?|d ?\d)")  # whose days are counted
JOINS = r"(?:\s*(?:,|-|/|&|\b(?:and|or|to|through)\b))+\s*"
RUN = rf"(?<![\w.])\d+(?:\.\d+)?(?:{JOINS}\d+(?:\.\d+)?)*"  # "1, 2, 3 and 6"; no number of a name ("UCD19")
_BEFORE_UNIT = re.compile(rf"(?P<run>{RUN})\s*-?\s*$")
_NAMED = re.compile(
    rf"\b(?P<unit>hour|day|week|month|year)s? (?P<run>{RUN})\b(?!\s*(?:hour|day|week|month|year)s?\b(?!\s*\d))"
)
_ONE_MOMENT = re.compile(r"\b(week \d+),? \(?day \d+\)?|\b(day \d+) ?/ ?week \d+")
_START = re.compile(r"\b(?:baseline|enrol+ment|randomi[sz]ation|screening)\b")
_MOMENTS = re.compile(r"^(?:at )?(?P<event>baseline|screening|enrol+ment|randomi[sz]ation|registration|study entry)$")
_ARTICLES = re.compile(r"^(?:the|a|an|their|his|her)\s+")


@lru_cache(maxsize=2**13)
def read_time(text: str) -> TimeFrame | None:
    """The days that a time window or duration tells, and what it counts from or to; None where it tells neither.

    "within 4 weeks prior to first dose" is 0 to 28 days and "first dose"; "for 5 years" has equal ends, "at least" has
    no high one. How often something is done ("every 8 weeks") is no span. A month is 30.4375 days, a year 365.25.
    """
    plain = _CYCLE.sub(" ", _EVERY.sub(" ", plain_of(text)))
    signs = _ONE_MOMENT.sub(lambda m: m[1] or m[2], signs_of(plain))
    low, high = _days(signs)
    moment = _MOMENTS.match(plain)
    found = moment or _EVENT.search(plain)
    event = _ARTICLES.sub("", found["event"].strip(" ,.;()")) if found else None
    if low is None and high is None and not event:
        return None
    return TimeFrame(text=text, low=low, high=high, event=event or None)


def _days(signs: str) -> tuple[float | None, float | None]:
    """The ends in days of the first span of time in a text in signs."""
    unit = _SPAN.search(signs)
    if unit is None:
        return None, None
    found = list(_NAMED.finditer(signs))
    named = [n * DAYS[m["unit"]] for m in found for n in numbers_in(m["run"])]
    if named and (_START.match(signs) or _TO_NOW.search(signs[: found[0].start()])):
        named.append(0.0)  # "baseline, week 4 and week 8"
    run = _BEFORE_UNIT.search(signs[: unit.start()])
    if len(set(named)) > 1 and not run:
        return round(min(named), 4), round(max(named), 4)
    days = DAYS[{"h": "hour", "d": "day", "w": "week", "m": "month", "y": "year"}[unit[1][0]]]
    cue = signs[: unit.start()]
    numbers = numbers_in(run["run"]) if run else numbers_in(cue)
    if not numbers and (ordinal := re.match(r"\s*(\d+)(?:\s*(?:-|to)\s*(\d+))?", signs[unit.end() :])):
        numbers = [float(n) for n in ordinal.groups() if n]
    if not numbers and re.search(r"\b(?:past|last|previous|an?|one|within the)\s*$", cue):
        numbers = [1.0]
    if not numbers:
        return None, None
    ends = [round(n * days, 4) for n in numbers]
    if run and len(set(ends)) > 1:
        return 0.0 if _UP_TO_NOW.search(signs[: run.start()]) else min(ends), max(ends)
    if _AT_LEAST.search(signs[: unit.end() + 12]):
        return ends[-1], None
    up_to = _TO_NOW.search(cue) or "↓" in signs[: unit.end() + 12]
    return 0.0 if up_to else ends[-1], ends[-1]


def numbers_in(text: str) -> list[float]:
    """The numbers of a text that are no part of a name and no year."""
    return [float(n) for n in re.findall(r"(?<![\w.])(?!(?:19|20)\d\d\b)\d+(?:\.\d+)?", text)]
