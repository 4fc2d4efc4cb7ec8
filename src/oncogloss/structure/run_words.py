"""The words of a measure's values as they are meant: turned round where they stand before it, with the unit that stands
behind the last of them alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from oncogloss.schema import Mention

_MIRRORED = {"<": ">", ">": "<", "≤": "≥", "≥": "≤", "⩽": "≥", "⩾": "≤", "<=": "≥", ">=": "≤"}
_BEFORE_MEASURE = re.compile(r"(?P<number>\d[^<>≤≥⩽⩾=]*?)\s*(?P<sign>[<>]=|[<>≤≥⩽⩾])\s*", re.DOTALL)
_LEADING = re.compile(
    r"\b(?P<limit>minimum|maximum|min|max)\b\.?(?: of| required| acceptable| allowed)?(?: an?| the)?"
    r"(?: (?:serum|plasma|total|absolute))?\s+$",
    re.IGNORECASE,
)
_EXTENT = re.compile(
    r"diameter|dimension|length|ax[ie]s|thickness|size|uptake|suv|intensity|concentration", re.IGNORECASE
)
_LED = re.compile(r"(?P<limit>minimum|maximum) (?=\w)", re.IGNORECASE)
_SIGNED = re.compile(
    r"[<>≤≥⩽⩾=]|\b(?:than|least|most|minimum|maximum|more|less|up to|between|from|to|above|below|over|under)\b"
)
_UNIT = re.compile(r"(?<=\d)\s*(?:[x×]\s*)?(?!(?:or|and|to|than|if|for|in|with)\b)[^\W\d].*", re.DOTALL)


def before_measure(text: str, value: Mention, measure: Mention) -> str:
    """How a value reads that stands before its measure with a sign between, of "0.3 mU/L ≤ TSH" "≥ 0.3 mU/L"; "" where
    it does not. `text` is the passage's."""
    found = _BEFORE_MEASURE.fullmatch(text, value.start, measure.start) if value.end <= measure.start else None
    return f"{_MIRRORED[found['sign']]} {found['number']}" if found else ""


def led(text: str, value: Mention, measure: Mention) -> str:
    """How a value without a sign reads whose measure a "minimum" or "maximum" leads: of "minimum platelet count of 100
    G/L" "minimum 100 G/L"; "" where none does, or where it may be the measure's own (a "maximum diameter"). `text` is
    the passage's."""
    if measure.end > value.start or _SIGNED.search(value.text) or _EXTENT.search(measure.text):
        return ""
    found = _LED.match(measure.text) or _LEADING.search(text[max(0, measure.start - 40) : measure.start])
    return f"{found['limit']} {value.text}" if found else ""


def without_lead(name: str) -> str:
    """The name of a measure without the "minimum" or "maximum" that leads it."""
    return _LED.sub("", name, count=1) if _LED.match(name) else name


def are_twins(text: str, value: Mention, measure: Mention, other: Mention) -> bool:
    """Whether two values stand before and right behind their measure: "0.3 ≤ TSH ≤ 4.2"."""
    between = text[measure.end : other.start] if measure.end <= other.start else "-"
    return before_measure(text, value, measure) != "" and not between.strip(" :≤<=")


def with_unit(words: str, run: Sequence[str]) -> str:
    """The words of one value of a run ("< 3.5 or > 5.5 mmol/L") with the unit of the first that has one."""
    if _UNIT.search(words) or re.search(r"\d\s*$", words) is None:
        return words
    units = [found[0] for other in run if (found := _UNIT.search(other))]
    return f"{words.rstrip()}{units[0]}" if units else words
