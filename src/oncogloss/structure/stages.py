"""Whether an entry of a patient is of the stage or the line of treatment that a criterion asks."""

from __future__ import annotations

import re

from oncogloss.schema import Diagnosis
from oncogloss.structure.entries import Entry
from oncogloss.structure.kleene import Truth
from oncogloss.structure.versions import plain

_STAGE = re.compile(r"\b(?:stage\s*)?(0|IV|I{1,3}|[1-4])\s?([ABC]?)\d?\b", re.IGNORECASE)
_ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4"}
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3}


def stage_group(text: str) -> tuple[str, str] | None:
    """Number and letter of a stage group."""
    found = _STAGE.search(text)
    return (_ROMAN.get(found[1].upper(), found[1]), found[2].upper()) if found else None


def at_stage(asked: str, entry: Entry) -> Truth:
    """Whether a disease's stage is the asked one: by its own words, or by stage group."""
    stage = entry.item.stage if isinstance(entry.item, Diagnosis) else ""
    if not stage:
        return None
    if f" {plain(asked)} " in f" {plain(stage)} ":
        return True
    wanted, own = stage_group(asked), stage_group(stage)
    if plain(asked) == "advanced" and own and own[0] == "4":
        return True
    if wanted is None or own is None:
        return None
    if wanted[0] != own[0]:
        return False
    return True if not wanted[1] else None if not own[1] else wanted[1] == own[1]


def in_line(asked: str, entry: Entry) -> Truth:
    """Whether a treatment was given in the asked line."""
    number = next((n for word, n in _ORDINALS.items() if word in asked.casefold()), None)
    own = getattr(entry.item, "line", None)
    return own == number if number is not None and own is not None else None
