"""The time frame that the registry keeps of an outcome, in days: a list of visits is one span, days of a cycle count
from the first cycle's, and what runs on after a last dose has no end that is known."""

from __future__ import annotations

import re

from oncogloss.schema import TimeFrame
from oncogloss.structure.quantities import JOINS, RUN, numbers_in, read_time
from oncogloss.structure.signs import digits_of, plain_of
from oncogloss.structure.units import DAYS

_UNIT = r"(?:hours?|hrs?|h|days?|weeks?|wks?|months?|mths?|mos?|years?|yrs?)\b"
_OF_LETTER = {unit[0]: days for unit, days in DAYS.items()}
_LISTED = rf"\d+(?:{JOINS}\d+)*"
_CYCLES = rf"(?:cycles? ?|\bc)(?P<{{}}>\d+(?:{JOINS}(?:cycles? ?|c)?\d+)*)"
_EVERY = re.compile(
    rf"\b(?:every|each|once (?:every|per)|per|q) ?(?:\d+(?:\.\d+)?(?: ?(?:-|to) ?\d+)? ?)?{_UNIT}"
    r"|\bevery (?:\d+ )?cycles?\b"
)
_LENGTH = re.compile(
    r"(?:\b(?:each|every|1|a|per|the|full|length of(?: each| a)?) )?(?:\b(?:treatment|study|dosing) )?\bcycles?"
    r"(?: 1(?= \())?(?: (?:length|duration))?"
    r"(?:\s*(?:\((?:up to )?|[=:]|\b(?:is|are|was|of|equals?|lasts?|lasting)\b))+\s*"
    r"(?:approximately |about )?(?P<n>\d+)(?: (?:or|and) (?P<or>\d+))?[ -]?(?P<unit>day|week)s?\b"
    r"(?: (?:in|for|or|and)\b[^(),;]*?(?P<or2>\d+ (?:day|week))[^(),;]*)?"
    r"|\b(?P<n2>\d+)[ -](?P<unit2>day|week)s? (?:treatment |dosing )?(?:per )?cycles?\b(?! ?\d)"
)
_OF_CYCLE = re.compile(
    rf"\b{_CYCLES.format('cycles')}\W{{0,3}}(?:on )?(?:days?|d) ?(?P<days>{_LISTED})\b(?!(?:{JOINS}\d+)* ?{_UNIT})"
    rf"|\b(?:days?|d) ?(?P<days2>{_LISTED})\W{{0,3}}(?:(?:of|in|at|for) )?(?:the )?{_CYCLES.format('cycles2')}\b"
    rf"|\b{_CYCLES.format('cycles3')}\b(?! ?{_UNIT})"
)
_FIRST_CYCLE = re.compile(r"\b(?:first|1st) (?:treatment )?cycle\b")
_ANY_CYCLE = re.compile(
    r"\b(?:each|all|every|subsequent|odd|even|later) (?:\w+ )?cycles?\b|\bdays? \d+ of (?:\w+ )?cycles"
)
_SUM = re.compile(
    r"\b(?P<n>\d+) ?(?P<unit>y)(?:ears?|rs?),? (?:and )?(?P<m>\d|1[01]) ?(?P<unit2>m)(?:onths?|os?)\b"
    r"|\b(?P<n2>\d+) ?(?P<unit3>[ymw])[a-z]* ?(?:\+|\bplus\b) ?(?P<m2>\d+) ?(?P<unit4>[mwd])[a-z]*"
)
_ONE_MOMENT = re.compile(r"\b(week \d+),? \(?day [1-7]\b\)?|\b(week \d+) \(day \d+\)|\b(day \d+) ?/ ?week \d+")
_ABOUT = re.compile(
    r"\b(?:parts?|arms?|cohorts?|phases?|groups?|grades?) \d+\b"
    rf"|(?:\+/?-|±) ?\d+ ?(?:{_UNIT})?|\b(?:median|exposure)\b(?:[^.;)]|\.(?=\d))*"
)
_BEFORE = re.compile(rf"\b(?:within |up to |≤ ?)*{RUN} ?(?:{_UNIT}|minutes?) (?:prior to|before|pre)\b[^,;.()]*")
_AFTER_THE_LAST = re.compile(
    rf"(?:\b{RUN}[ -]*{_UNIT}{JOINS})?\b{RUN}[ -]*{_UNIT}(?: \([^()]*\))?[ -]*"
    r"(?:after|post|following|from|beyond|past)[ -]+(?:(?:the|their|each|any|permanent|study|treatment|drug) )*"
    r"(?:last|final|end\b|eo[ts]\b|discontinu|complet|stop|cessation|withdraw|terminat|disease progress|progress)"
    r"[^,;()\[\]]*"
)
_SPAN = re.compile(
    rf"\b(?P<named>hour|day|week|month|year)s? (?P<run>{RUN})\b(?!\s*{_UNIT}(?!\s*\d))"
    rf"|(?P<counted>{RUN})\s*[-)]?\s*(?P<unit>{_UNIT})"
)
_START = re.compile(r"\b(?:baseline|enrol+ment|randomi[sz]ation|screening|pre-? ?dose|first dose|1st dose)\b")
_UNTIL = r"\b(?:up to|until|till|through|throughout|to)\b"
_TO_NOW = re.compile(rf"{_UNTIL}|\b(?:within|in the|during|over|maximum|under|first|for|average of)\b|≤|<")
_WHOLE = re.compile(r"\b(?:up to|average of|maximum of|approximately|approx\.?|about)[^\d,;]{0,30}$")
_AT_LEAST = re.compile(r"\b(?:at least|minimum(?: of)?)\s*$|[≥>]\s*$")
_FROM_A_VISIT = re.compile(r"\W*(?:from|at|on)?\W*(?:the )?(?:study )?")
_FROM = re.compile(
    r"(?:^|[:;.] ?|\b(?:time|measured|assessed) )(?:from|since) (?:the )?"
    r"(?:(?:time|date|day|start)(?: of| that)? )*(?:the )?"
    rf"(?P<event>(?!pre\b|pre-? ?dose|cycle|day|week)[^\d,;:()\[\]]{{3,60}}?)(?:\s{_UNTIL}|[,;(\[]|\s-\s|$)"
)


def read_frame(text: str) -> TimeFrame:
    """The days from the first to the last moment that a time frame names, as far as it tells them, and what they count
    from."""
    said = digits_of(plain_of(text))
    said, length = _without_length(_FIRST_CYCLE.sub("cycle 1", said))
    said, loose = _with_days_of_trial(_ABOUT.sub(" ", _EVERY.sub(" ", said)), length)
    said = _SUM.sub(_sum, _ONE_MOMENT.sub(lambda m: m[1] or m[2] or m[3], said))
    rest = _BEFORE.sub(" ", said)
    said = rest if _SPAN.search(rest) else said
    rest = _AFTER_THE_LAST.sub(" ", said)
    if rest != said and (_START.search(rest) or re.search(_UNTIL, rest) or _SPAN.search(rest)):
        said, loose = rest, True
    low, high = _ends(said, loose=loose)
    return TimeFrame(text=text, low=low, high=high, event=_event(text, loose=loose))


def _without_length(said: str) -> tuple[str, float | None]:
    """The words without how long a cycle is, and that length in days where all have one."""
    found = list(_LENGTH.finditer(said))
    lengths = {float(m["n"] or m["n2"]) * DAYS[m["unit"] or m["unit2"]] for m in found}
    told = _LENGTH.sub(lambda m: " cycle 1 " if "cycle 1" in m[0] else " ", said)
    return told, lengths.pop() if len(lengths) == 1 and not any(m["or"] or m["or2"] for m in found) else None


def _with_days_of_trial(said: str, length: float | None) -> tuple[str, bool]:
    """The words with days of cycles as days of the trial, and whether some of them cannot be told."""
    loose = False

    def days(m: re.Match[str]) -> str:
        nonlocal loose
        cycles = numbers_in(re.sub("[a-z]+", " ", m["cycles"] or m["cycles2"] or m["cycles3"]))
        named = m["days"] or m["days2"]
        if length is None and (cycles != [1] or not named):
            loose |= cycles != [1]
            return " "
        of_cycle = numbers_in(named) if named else (0, length or 0)
        ends = [(cycle - 1) * (length or 0) + day for cycle in cycles for day in of_cycle]
        return f"day {min(ends):g} to {max(ends):g}" if min(ends) < max(ends) else f"day {ends[0]:g}"

    told = _OF_CYCLE.sub(days, re.sub(r"\b\d+ cycles?\b", " ", said))
    return told, loose or bool(_ANY_CYCLE.search(told))


def _sum(m: re.Match[str]) -> str:
    more, less = (
        ((m["n"], m["unit"]), (m["m"], m["unit2"])) if m["n"] else ((m["n2"], m["unit3"]), (m["m2"], m["unit4"]))
    )
    return f"{int(more[0]) * _OF_LETTER[more[1]] + int(less[0]) * _OF_LETTER[less[1]]} days"


def _ends(said: str, *, loose: bool) -> tuple[float | None, float | None]:
    """The first and last day of the spans of a text; of a `loose` one none but what bounds the whole of it."""
    spans = [(m, days) for m in _SPAN.finditer(said) if (days := _days_of(m))]
    spans = [(m, days) for m, days in spans if (m["named"] or m["unit"])[0] != "h"] or spans
    days = [day for _, some in spans for day in some]
    before = said[: spans[0][0].start()] if spans else said
    to_now = bool(_START.search(said) or _TO_NOW.search(before))
    if loose:
        whole = [max(some) for m, some in spans if _WHOLE.search(said, max(0, m.start() - 50), m.start())]
        return (0.0 if whole or to_now else None), max(whole, default=None)
    if not spans:
        return None, None
    if len(spans) == 1 and _AT_LEAST.search(before):
        return days[-1], None
    return 0.0 if to_now and not _FROM_A_VISIT.fullmatch(before) else min(days), max(days)


def _days_of(span: re.Match[str]) -> list[float]:
    days = _OF_LETTER[(span["named"] or span["unit"])[0]]
    return [round(n * days, 4) for n in numbers_in(span["run"] or span["counted"])]


def _event(text: str, *, loose: bool) -> str | None:
    """What a time frame counts from."""
    if found := _FROM.search(plain_of(text)):
        return found["event"].strip(" .-") or None
    read = read_time(text)
    return read.event if read and not loose and not re.search(r"[()]|.{80}", read.event or "") else None
