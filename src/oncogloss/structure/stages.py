"""What stage and line of treatment an entry of a patient's file tells, against those that a criterion asks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from oncogloss.schema import Diagnosis, Mention
from oncogloss.structure.entries import Entry
from oncogloss.structure.kleene import Truth
from oncogloss.structure.versions import plain

Stages = tuple[int, int]
"""The first and the last of a run of stages: stage IIIA2 is 312, IIIA is 310 to 319 and III is 300 to 399."""

_NO_GROUP = re.compile(  # TNM, and a grade
    r"\b[cpyra]*(?:T(?:[0-4]|is\b|x\b)|N[0-3x]|M[01x])|\bgrades?\s+(?:group\s+)?[\dI]", re.IGNORECASE
)
_GROUP = re.compile(r"(?<![\w.])(?:(0|IV|I{1,3}|[1-4])\s?([A-D]\d?)?|([A-D]\d?))(?!\w|\.\d)", re.IGNORECASE)
_NUMBERS = {"I": 1, "II": 2, "III": 3, "IV": 4}
_LAST = 499
_NOUN = r"\s*(?:stages?\s*)?"
_THROUGH = re.compile(rf"\s*(?:[-–—]|to|through|thru){_NOUN}", re.IGNORECASE)
_JOINED = re.compile(r"(?:\s*(?:[-–—/,&]|or|and|to|through))+\s*", re.IGNORECASE)
_UP_TO, _FROM, _BEYOND, _BELOW = (
    re.compile(rf"(?:{words}){_NOUN}$", re.IGNORECASE)
    for words in (
        r"≤|<=|=<|\bat most|\bup to|\bno(?:t|t be)? (?:greater|higher|more|worse|later) than",
        r"≥|>=|=>|\bat least|\bminimum(?: of)?|\bno(?:t|t be)? (?:less|lower|earlier) than",
        r">|\b(?:greater|higher|more|worse|later) than|\babove|\bbeyond",
        r"<|\b(?:less|lower|earlier) than|\bbelow",
    )
)
_OR_HIGHER = re.compile(
    r"\s*(?:\+|(?:or|and|/)\s*(?:higher|greater|above|more|worse|beyond|later|up)\b)", re.IGNORECASE
)
_OR_LOWER = re.compile(r"\s*(?:or|and|/)\s*(?:lower|less|below|earlier|under)\b", re.IGNORECASE)
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3}


def groups_of(text: str) -> list[Stages]:
    """The stage groups of a text, alternatives apart; none where it tells TNM or a grade."""
    if _NO_GROUP.search(text):
        return []
    found: list[Stages] = []
    number, last = 0, 0
    for m in _GROUP.finditer(text):
        if not m[1] and not (found and _JOINED.fullmatch(text, last, m.start())):
            continue
        number = _NUMBERS.get(m[1].upper()) or int(m[1]) if m[1] else number
        low, high = _ends(number, m[2] or m[3] or "")
        if found and _THROUGH.fullmatch(text, last, m.start()):
            found[-1] = (found[-1][0], high)
        else:
            found.append(_compared(low, high, text[: m.start()], text[m.end() :]))
        last = m.end()
    return found


def _ends(number: int, part: str) -> Stages:
    """The first and last stage of a group such as III, IIIA ("A") or IIIA2 ("A2")."""
    letter = "ABCD".index(part[0].upper()) + 1 if part else 0
    first = 100 * number + 10 * letter + int(part[1:] or 0)
    return first, first + (0 if part[1:] else 9 if part else 99)


def _compared(low: int, high: int, before: str, after: str) -> Stages:
    """The stages that count for a group by the comparison beside it ("stage III or higher")."""
    if _UP_TO.search(before) or _OR_LOWER.match(after):
        return 0, high
    if _FROM.search(before) or _OR_HIGHER.match(after):
        return low, _LAST
    if _BEYOND.search(before):
        return high + 1, _LAST
    return (0, low - 1) if _BELOW.search(before) else (low, high)


def stages_in(text: str, mentions: Sequence[Mention]) -> list[str]:
    """The words of stages in order, with the comparison beside them; those that a dash or "to" joins are one range."""
    runs: list[Stages] = []
    for m in mentions:
        if runs and _THROUGH.fullmatch(text, runs[-1][1], m.start):
            runs[-1] = runs[-1][0], m.end
        else:
            runs.append((m.start, m.end))
    return [text[_start(text, start) : _end(text, end)] for start, end in runs]


def _start(text: str, start: int) -> int:
    compared = (sign.search(text, max(0, start - 30), start) for sign in (_UP_TO, _FROM, _BEYOND, _BELOW))
    return next((found.start() for found in compared if found), start)


def _end(text: str, end: int) -> int:
    found = _OR_HIGHER.match(text, end) or _OR_LOWER.match(text, end)
    return found.end() if found else end


def at_stage(asked: str, entry: Entry) -> Truth:
    """Whether a disease's stage is the asked one: by stage group, else by its own words."""
    stage = entry.item.stage if isinstance(entry.item, Diagnosis) else ""
    if not stage:
        return None
    wanted, own = groups_of(asked), groups_of(_NO_GROUP.split(stage)[0])
    if wanted and own:
        return _lies_in(wanted, own)
    if f" {plain(asked)} " in f" {plain(stage)} ":
        return True
    return True if plain(asked) == "advanced" and own and own[0][0] >= 400 else None


def _lies_in(wanted: Sequence[Stages], own: Sequence[Stages]) -> Truth:
    """Whether all that a stage may be is wanted (true), or none of it (false)."""
    first, last = min(low for low, _ in own), max(high for _, high in own)
    if any(low <= first and last <= high for low, high in wanted):
        return True
    return False if all(last < low or high < first for low, high in wanted) else None


def in_line(asked: str, entry: Entry) -> Truth:
    """Whether an entry was given in the asked line of treatment."""
    number = next((n for word, n in _ORDINALS.items() if word in asked.casefold()), None)
    own = getattr(entry.item, "line", None)
    return own == number if number is not None and own is not None else None
