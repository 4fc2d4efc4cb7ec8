"""Treatments that are counted: what must be among them, and what is counted of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from oncogloss.schema import Mention
from oncogloss.structure.names import TREATMENTS
from oncogloss.structure.scope import Scope
from oncogloss.structure.wording import BREAK

_INCLUDING = re.compile(r"\bincluding\b(?! but\b|,? (but )?not limited)", re.I)
_AT_MOST = re.compile(r"\b(no more|not more|at most|up to|maximum|fewer|less)\b|[<≤]", re.I)
_ONE = re.compile(r"\b(one|1)\b", re.I)
_A = re.compile(r"\W*(an?|both)\b", re.I)
_CYCLES = re.compile(r"\s*(?:or more )?(?:[\w-]+ )?(cycles?|doses?|infusions?) of (?:an? |the )?", re.I)


def asked_among(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """Whether a mention is one that must be among counted treatments: "two prior lines, including X and Y"."""
    before = scope.before(m)
    cue = next(reversed([*_INCLUDING.finditer(before)]), None)
    if scope.excludes or cue is None or m.type not in TREATMENTS or "neg" in m.attributes:
        return False
    place = scope.criterion.start + cue.start()
    stop = re.search(rf"{BREAK}|[;()]", scope.text[place : scope.criterion.end])
    listed = scope.text[place + len(cue[0]) : place + stop.start() if stop else scope.criterion.end]
    heads = [f for f in facts if f.end <= place and f.type in TREATMENTS][-1:]
    counts = [v for v in scope.mentions if heads and v.id in scope.tails(heads[0], "HAS_VALUE")]
    counts = [v for v in counts if re.search(r"\d|one|two|three|four", v.text, re.I) and not _AT_MOST.search(v.text)]
    if not counts or before.count("(") > before.count(")") or re.search(r"\bor\b|/", listed, re.I):
        return False
    several = re.search(r",|\band\b", listed) is not None
    return m.start < place + len(cue[0]) + len(listed) and not (
        several and _ONE.search(counts[0].text) and not _A.match(listed)
    )


def cycles_between(text: str, value: Mention, measure: Mention) -> str:
    """The word for what a value counts of a treatment ("4 cycles of X"), "" where it counts the treatments."""
    found = _CYCLES.fullmatch(text, value.end, measure.start) if measure.type in TREATMENTS else None
    return found[1].casefold() if found else ""
