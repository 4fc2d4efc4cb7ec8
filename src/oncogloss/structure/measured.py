"""Conditions that an exclusion, or a denial, measures: "severe anemia (haemoglobin < 8 g/dL)" is the haemoglobin."""

from __future__ import annotations

import re

from oncogloss.schema import Mention
from oncogloss.structure.scope import Scope

_OPENED = re.compile(
    r"\s*(?:\(|,?\s*(?:(?:which|that) (?:is|are) )?(?=(?:as )?(?:defined|evidenced)\b))\s*"
    r"(?:(?:i\.\s?e\.|as|is|defined|evidenced|by|with|an?|the|any|of|resting|baseline|calculated|estimated|measured|mean"
    r"|median|serum|plasma|fasting|confirmed|persistent|persistently)\b[,:.]?\s*)*"
    r"(?:\ue000|\b(?:and/or|and|or|at rest|on treatment|despite)\b|[,/\s])*",
    re.IGNORECASE,
)
# what more is asked of than the measure beside it: an infection with a count of cells is no mere count of cells
_MORE = re.compile(
    r"infect|hepatitis|\bH[IBC]V\b|virus|viral|metasta|tumou?r|cancer|disease progression", re.IGNORECASE
)


def condition_of(scope: Scope, m: Mention) -> Mention | None:
    """The condition that a measure with a value says what it is, in a bracket or definition right behind it; None where
    it stands beside no such one."""
    if m.type != "MEASURE" or not scope.valued(m):
        return None
    before = [o for o in scope.mentions if o.type not in ("MEASURE", "VALUE", "TIME") and o.end <= m.start]
    if not before or before[-1].type != "CONDITION" or _MORE.search(before[-1].text):
        return None
    if not scope.excludes and "neg" not in before[-1].attributes:
        return None
    return before[-1] if _OPENED.fullmatch(_blanked(scope, before[-1].end, m.start)) else None


def _blanked(scope: Scope, start: int, end: int) -> str:
    """The text between, each mention in it one sign."""
    pieces, position = [], start
    for m in scope.mentions:
        if position <= m.start and m.end <= end:
            pieces += [scope.text[position : m.start], "\ue000"]
            position = m.end
    return "".join([*pieces, scope.text[position:end]])
