"""What the dictionary knows by rule: quantities by pattern, and attributes by trigger words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from oncogloss.evaluation.metrics import Spot
from oncogloss.training.sentences import Span

_NUMBER = r"\d+(?:[.,]\d+)*"
_PERIOD = r"(?:hour|day|week|month|year)s?"
_EVENT = r"(?:first\ dose|study\ entry|enrollment|randomization|registration|study\ treatment)"
_PATTERNS = {
    "DOSE": rf"""
        {_NUMBER}(?:\s*-\s*{_NUMBER})?\s*(?:mg|g|µg|mcg|ug|Gy|mCi|IU|MBq)(?:/(?:m\^?2|m²|kg|day))?(?![\w/])
        | \bAUC\s*=?\s*\d
    """,
    "SCHEDULE": rf"""
        \bevery\ (?:\d+|two|three|four|other)\ {_PERIOD}
        | \b(?:once|twice|three\ times)\ (?:daily|weekly|a\ day|a\ week)
        | \bon\ days?\ \d[\d,\ and-]*\d | \b\d+-day\ cycles? | \bBID\b | \bQ\dW\b
    """,
    "ROUTE": r"\b(?:IV|PO|SC|by\ mouth|(?:intravenous|oral|subcutaneous|intraperitoneal)(?:ly)?)\b",
    "VALUE": rf"""
        (?:[<>≥≤=]\s?=?|\b(?:at\ least|at\ most|greater\ than|less\ than))\s*{_NUMBER}
        (?:\s*(?:%|[x×]?\s*ULN|m?g/dL|mL/min|/mm3|/[µu]L|[x×]\s*10\^?\d+\s*/\s*L|{_PERIOD}|ms(?:ec)?|[cm]m))?
        | {_NUMBER}\ years\ (?:of\ age\ )?(?:or|and)\ older
        | \bgrade\ [<>≥≤=]*\s*\d(?:\s*-\s*\d)?
    """,
    "TIME": rf"""
        \b(?:within|for|up\ to|over|at)(?:\ the\ (?:last|past|previous))?
        \ (?:\d+|one|two|three|four|five|six)\ {_PERIOD}
        (?:\ (?:prior\ to|before|of|after)\ (?:the\ )?{_EVENT})?
        | \bbaseline\b
    """,
    "STAGE": r"\bstages?\ (?:0|I{1,3}V?|IV)[ABC]?\d?\b | \b(?:metastatic|locally\ advanced|unresectable)\b",
}
PATTERNS = {type_: re.compile(pattern, re.IGNORECASE | re.VERBOSE) for type_, pattern in _PATTERNS.items()}

# After ConText (Harkema et al. 2009): what a trigger says holds to the end of its clause
_TRIGGERS = {
    "exc": re.compile(r"\b(?:except(?: for)?|other than|excluding|with the exception of)\b", re.IGNORECASE),
    "neg": re.compile(r"\b(?:no|not|without|absence of|free of|negative for|never)\b", re.IGNORECASE),
    "hist": re.compile(r"\b(?:history of|prior|previous(?:ly)?|past)\b", re.IGNORECASE),
}
_CLAUSE_END = re.compile(r"[.;:\n]|\b(?:but|which|who|unless|if)\b", re.IGNORECASE)


def quantities(text: str) -> Iterator[Span]:
    """Doses, schedules, routes, values, times and stages that a pattern finds; they may overlap."""
    for type_, pattern in PATTERNS.items():
        yield from ((type_, *found.span()) for found in pattern.finditer(text))


def attributes(text: str, spots: Sequence[Spot]) -> Iterator[tuple[Spot, str]]:
    """The attributes of a passage's spans: what a trigger before them, in the same clause, says of them."""
    for name, trigger in _TRIGGERS.items():
        for begun in trigger.finditer(text):
            over = _CLAUSE_END.search(text, begun.end())
            end = over.start() if over else len(text)
            yield from ((spot, name) for spot in spots if begun.end() <= spot[1] < end)
