"""What the place of a criterion says of it: the heading it stands under, and the criterion it is a part of."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from oncogloss.schema import Criterion, Logic
from oncogloss.structure.lacking import Left
from oncogloss.structure.layout import indent_of, line_before
from oncogloss.structure.notation import mentions_in
from oncogloss.structure.permissions import PERMITTED
from oncogloss.structure.riders import part_in
from oncogloss.structure.scope import Scope
from oncogloss.structure.standing import consents
from oncogloss.structure.subcriteria import leads_in

_PART = (
    r"(?:(?:sub-?)?cohorts?|parts?|(?:treatment )?arms?|(?:sub-?)?groups?|phases?|strat(?:um|a)|modules?"
    r"|dose[ -](?:escalation|expansion|finding)|(?:dose )?(?:escalation|expansion|lead-in|run-in))"
)
_PEOPLE = r"(?:patients|subjects|participants|persons|donors?|recipients?|controls?|caregivers?|siblings?)"
_OF_A_PART = (
    rf"(?:(?:specific|additional|inclusion|exclusion|eligibility|criteria) )*(?:for |in )?(?:the )?"
    rf"(?:(?:{_PEOPLE} (?:in|of|on) )?(?:all )?{_PART}|(?:for|healthy) {_PEOPLE})\b"
)
_HEADS = r"(?=[^\n.;:]*(?::[ \t]*(?=\n|$)|\n))"  # says sooner than the words do that a line does not end as one
_HEADING = re.compile(
    rf"(?:^|\n|[.;:] )(?P<blank>[ \t]*)(?P<bullet>[*•-]?)\s*{_HEADS}(?P<words>{_OF_A_PART}[^\n.;:]{{0,60}}"
    rf"|{_PEOPLE} criteria\b[^\n.;:]{{0,20}}|(?<!- )(?<![*•-])\w[^\n.;:]{{0,40}} only\b(?: only)?"
    r"|(?:(?!oncology|study)[A-Za-z-]+ ){1,3}(?:cohort|group|arm)(?= *:?[ \t]*\n)"
    r"|[^\n.;:]{0,60}\b(?:inclusion|exclusion|eligibility|characteristics|all (?:patients|participants|subjects))\b"
    r"[^\n.;:]{0,40})(?::[ \t]*(?=\n|$)|\n)",
    re.IGNORECASE,
)
_ONE_PART = re.compile(
    rf"\b{_PART}\b|\b(?:for|healthy) {_PEOPLE}|^(?:donor|control|caregiver|sibling)s? criteria|\bonly$", re.I
)
_ENDS_WITH_OR = re.compile(r"\bor[\s,;:*•-]*$|(?<!\d) or\b[\s,;:]*\(?(?:\d+|[a-z])[.)]\s*$", re.I)  # "or, 3."
_SURE = re.compile(rf"\b{_PART}\b|\bhealthy {_PEOPLE}|{_PEOPLE} criteria", re.I)
_HEADED_ANEW = re.compile(r":[ \t]*(?:\n|\W*$)|(?:\b[A-Z][A-Z-]{2,}\b[ ,]*){4}")  # a line that heads others, capitals
_ALL = re.compile(r"\b(?:all|both)\b", re.IGNORECASE)
_OPENED = re.compile(rf"\W*{_OF_A_PART}[^\n.;:]{{0,60}}:\W*$", re.IGNORECASE)


def misplaced(read: Sequence[Scope]) -> dict[str, list[Left]]:
    """What the place of criteria of one text says that their own logic lacks, by their ids."""
    by_id = {scope.criterion.id: scope for scope in read}
    loose = set(_alternatives(read, by_id))
    found: dict[str, list[Left]] = {}
    for scope in read:
        id_, left = scope.criterion.id, []
        if scope.heading == "":
            left.append(Left("case", "holds for a part of the trial"))
        if PERMITTED.search(scope.lead):
            left.append(Left("words", "stands under a permission"))
        if _is_left_out(scope, by_id):
            left.append(Left("logic", "outside its parent's logic"))
        if id_ in loose:
            left.append(Left("logic", "alternative to the next criterion"))
        if _loses_window(scope, by_id):
            left.append(Left("time", "time of its lead-in"))
        found[id_] = left
    return found


def _is_left_out(scope: Scope, by_id: dict[str, Scope]) -> bool:
    """Whether a criterion, or one that it is under, has a parent whose logic does without it, and is no item beside it
    in the same list."""
    parent = by_id.get(scope.criterion.parent or "")
    if parent is None or consents(scope.criterion.logic):
        return False
    if _line_before(scope) == _line_before(parent) and not leads_in(parent):
        return False
    return scope.criterion.id not in _criteria_in(parent.criterion.logic) or _is_left_out(parent, by_id)


def _alternatives(read: Sequence[Scope], by_id: Mapping[str, Scope]) -> Iterator[str]:
    """Ids of inclusions of which one ends with "or", or each names a tumour, where no parent's logic says that either
    will do."""
    for one, other in pairwise(read):
        if one.excludes or other.excludes:
            continue
        if _ENDS_WITH_OR.search(one.words) is None and not (_names_a_tumor(one) and _names_a_tumor(other)):
            continue
        if other.criterion.parent == one.criterion.id:
            continue
        parent = by_id.get(one.criterion.parent or "")
        ids = {one.criterion.id, other.criterion.id}
        if parent is None or not any(ids <= _criteria_in(part) for part in _any_of(parent.criterion.logic)):
            yield from ids


def _names_a_tumor(scope: Scope) -> bool:
    """Whether a criterion is no more than the name of a tumour, as those that a trial is open to are listed."""
    logic, ids = scope.criterion.logic, set(mentions_in(scope.criterion.logic))
    named = [m for m in scope.mentions if m.id in ids]
    if logic is None or logic.op not in ("fact", "any") or not named or any(m.type != "CANCER" for m in named):
        return False
    return named[-1].end - named[0].start > 0.6 * len(scope.words.strip())


def _any_of(logic: Logic | None) -> Iterator[Logic]:
    if logic is not None:
        yield from [logic] if logic.op in ("any", "at_least") else []
        for part in logic.parts:
            yield from _any_of(part)


def _loses_window(scope: Scope, by_id: Mapping[str, Scope]) -> bool:
    """Whether a criterion's parent leads in with a time that none of the criterion's mentions has."""
    parent = by_id.get(scope.criterion.parent or "")
    if parent is None or not leads_in(parent) or scope.criterion.id not in _criteria_in(parent.criterion.logic):
        return False
    own = {m.id for m in parent.mentions}
    at_home = {r.tail for r in parent.relations if r.type == "HAS_TIME" and r.head in own}
    times = {m.id for m in parent.mentions if m.type == "TIME"} - at_home
    has = {r.tail for r in scope.relations if r.type == "HAS_TIME"}
    timed = any(m.type == "TIME" for m in scope.mentions)
    return bool(times) and not timed and not times & has and bool(mentions_in(scope.criterion.logic))


def _line_before(scope: Scope) -> str:
    """What stands before a criterion on its line, numbers alike."""
    return re.sub(r"\d+", "1", line_before(scope.text, scope.criterion.start))


def _criteria_in(logic: Logic | None) -> set[str]:
    if logic is None:
        return set()
    own = {logic.criterion} if logic.criterion is not None else set()
    return own.union(*map(_criteria_in, logic.parts))


def for_its_part(logic: Logic, scope: Scope, headings: Mapping[str, str]) -> Logic:
    """The same tree, asked only in the part of the trial that the criterion or its heading names."""
    criterion, own = scope.criterion, part_in(scope)
    headed = "" if headings.get(criterion.parent or "") else headings.get(criterion.id)
    words = tuple(w for w in (headed, own and own.words.strip("()")) if w)
    if not words:
        return logic
    part = Logic(op="fact", said="trial-part", qualifiers=words)
    return Logic(op="if" if criterion.side == "inc" else "all", parts=(part, logic))


def headings_of(read: Sequence[Scope]) -> dict[str, str]:
    """The headings of parts of the trial that criteria of all passages stand under, by the criteria's ids."""
    found: dict[str, str] = {}
    for text in dict.fromkeys(scope.text for scope in read):
        found |= held_for_a_part(text, [scope.criterion for scope in read if scope.text == text])
    return found


def held_for_a_part(text: str, criteria: Iterable[Criterion]) -> dict[str, str]:
    """The heading of each criterion of a text that stands under one which names a cohort, part or group of the trial,
    by the criteria's ids; none but "" where another heading that names none stands between."""
    headings = [h for h in _HEADING.finditer(text) if h[0].rstrip().endswith(":") or h[0][0] == "\n"]
    places = [heading.start("words") for heading in headings]
    found = {}
    for criterion in criteria:
        line = line_before(text, criterion.start)
        before = bisect_left(places, criterion.start)
        if _OPENED.match(line):
            found[criterion.id] = _plain(line)
        elif before and _holds_for(headings[before - 1], text, criterion):
            heading = headings[before - 1]
            sure = not _HEADED_ANEW.search(text[heading.end() : criterion.start]) and _SURE.search(heading["words"])
            found[criterion.id] = _plain(heading["words"]) if sure else ""
    return found


def _plain(heading: str) -> str:
    return " ".join(heading.replace("\\", "").split()).strip(" :*•-")


def _holds_for(heading: re.Match[str], text: str, criterion: Criterion) -> bool:
    """Whether a heading names a part of the trial, and a criterion behind it stands under it, not beside it."""
    if _ONE_PART.search(heading["words"]) is None or _ALL.search(heading["words"]):
        return False
    depth = indent_of(text, criterion) - len(heading["blank"])
    return depth > 0 if heading["bullet"] else depth >= 0
