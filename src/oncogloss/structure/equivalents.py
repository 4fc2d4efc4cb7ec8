"""Doses of steroids that one of them tells: "steroids > 10 mg prednisone daily" asks nothing of prednisone itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

from oncogloss.schema import Mention

_STEROID = re.compile(r"predniso|dexameth|hydrocortis|cortisone", re.I)
_STEROIDS = re.compile(r"steroids?\b|glucocorticoid", re.I)
_DAILY = r"(?:\s*/\s*(?:day|d)\b|\s+(?:daily|per day|a day|qd)\b)"
_DOSED = re.compile(  # "at > 10 mg/day of oral", and "(", where the dose stands behind
    rf"(?:[^.;]|\.(?=\d))*\d\s*mg(?:\s*/\s*kg)?(?:{_DAILY})*(?:\s+(?:of|oral|the|equivalent))*\s*|[^.;()]{{0,30}}\(\s*(?:\w+\s+)?",
    re.I,
)
_DOSE = re.compile(r"[^.;()\d]{0,25}\d[\d.]*\s*mg\b", re.I)
_PERMITTED = re.compile(r"[^.;]*\b(?<!not )(?<!not be )(?:allowed|permitted|acceptable|eligible)\b", re.I)
_BEHIND = re.compile(
    rf"(?:\s+(?:of|oral))*(?:\s+(?!twice|three)[\w-]+)?(?:\s+\(?(?:or )?(?:its )?equivalents?\)?)?{_DAILY}", re.I
)


def steroids_of(text: str, drug: Mention, mentions: Iterable[Mention]) -> Mention | None:
    """The steroids whose dose a steroid tells, which stand before it; None where it is meant itself, or spared. `text`
    is the passage's, `mentions` are those of the criterion."""
    if drug.type != "DRUG" or "exc" in drug.attributes or not _STEROID.search(drug.text):
        return None
    before = [m for m in mentions if m.type in ("DRUG", "DRUG_CLASS") and m.end <= drug.start]
    last = max(before, key=lambda m: m.end, default=None)
    if last is None or not _STEROIDS.search(last.text) or _PERMITTED.match(text, drug.end):
        return None
    gap = text[last.end : drug.start]
    dosed = _DOSED.fullmatch(gap) is not None and ("mg" in gap or _DOSE.match(text, drug.end) is not None)
    return last if dosed else None


def per_day(text: str, value: Mention) -> str:
    """What a dose lacks that is told behind the drug: "/day" of "> 10 mg prednisone daily"."""
    told = re.search(r"\d\s*mg$", value.text) is not None and _BEHIND.match(text, value.end) is not None
    return "/day" if told else ""
