"""Of whom alone a criterion asks something: "women of childbearing potential must …", "patients with gout must …"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from oncogloss.schema import Logic, Mention
from oncogloss.structure.notation import mentions_in
from oncogloss.structure.scope import Scope
from oncogloss.structure.wording import BREAK, CONTRACEPTION

_FERTILE = re.compile(
    r"\b(child|fertil|reproduc|wom[ae]n\b|m[ae]n\b|females?|males?|pregnan|sexual|menopaus|potential|partner|wocbp)",
    re.I,
)
_ASKS = re.compile(r"\b(must|should|agree\w*|willing\w*|requir\w+|need\w*|use|have to|are to|negative)\b", re.I)
_DEMAND = r"\b(?:must|should|shall|(?:needs?|have|has|will need) to|(?:are|is|will be) required to)\b"
_MODAL = re.compile(_DEMAND, re.I)
_IS_ONE = re.compile(rf"\W*{_DEMAND} (?:either )?be (?:either )?(?:[\w-]+ ){{0,2}}", re.I)  # "women must be sterile"
_FRONTED = re.compile(
    r"\W*(if\b|(for|in) (?!(parts?|cohorts?|arms?|phase|step|groups?|addition)\b)"
    r"(patients?|subjects?|participants?|those|the)?\b)",
    re.I,
)
_NAMES = ("CANCER", "CONDITION", "DRUG", "DRUG_CLASS", "PROCEDURE", "MEASURE", "BIOMARKER", "POPULATION")
_PERSONS = r"(?:patients|subjects|participants|individuals|those)"
_WITH = re.compile(
    rf"\W*(?:\d+[.)]\W*)?(?:(?!no\b|not\b)[\w-]+ ){{0,2}}{_PERSONS}\s+(?:with|on|who|whose|having|receiving|taking"
    r"|using|treated|known to)\b[^.;:]*",
    re.I,
)
_NO_WORD = re.compile(r"\W*(?:\d+[.)]\W*)?(?:(?:all|any|the|known)\s+)*", re.I)
_OF_THEM = re.compile(rf"(?:[- ]*(?:positive|negative|infected))?\s+{_PERSONS}\b", re.I)
_JOINED = re.compile(r"\b(and|or|but|who|that|which)\W+(\w+ly\W+)?$", re.I)  # the demand is of all, or a clause's own
_OPEN_CLAUSE = re.compile(
    r"\b(who|that|which)\b(?!.*\b(have|has|had|are|is|was|were|do|did|\w+ed|requires?|receives?|takes?)\b)", re.I | re.S
)
_AGED = re.compile(r"[\s,(]*(who are )?aged?", re.I)
_SHOWN = re.compile(r"\b(confirmed|proven|documented|diagnos\w+|verified)\b", re.I)
_DENIES = re.compile(r"\b(no|not|never|without|nor|neither|non|free|naive|absence)\b|n't\b", re.I)


def asked_of(scope: Scope, facts: Sequence[Mention]) -> list[Mention]:
    """Those of a sentence's facts that say of whom it asks the others; none where it asks all of everybody."""
    if scope.excludes:
        return _fronted(scope, facts)
    named = _fertile(scope, facts) or _fronted(scope, facts) or _subjects(scope, facts) or _measured_in(scope, facts)
    aged = [m for m in facts if named and m.type == "MEASURE" and _AGED.fullmatch(scope.text, named[-1].end, m.end)]
    return [*named, *aged] if len(named) + len(aged) < len(facts) else named


def groups_in(logic: Logic) -> Iterator[tuple[list[str], list[str]]]:
    """The mentions by which a tree says of whom alone it asks something, and those that it asks of them; none where
    that is told by what is not so, or by the part of the trial."""
    if logic.op == "if" and _only_names(logic.parts[0]):
        yield list(mentions_in(logic.parts[0])), list(mentions_in(logic.parts[1]))
    for part in logic.parts:
        yield from groups_in(part)


def _only_names(logic: Logic) -> bool:
    if logic.op == "fact":
        return logic.mention is not None
    return logic.op in ("all", "any") and all(map(_only_names, logic.parts))


def names_whom(scope: Scope, facts: Sequence[Mention]) -> bool:
    """Whether all facts only say of whom something is asked that is none of them: "patients with gout must be well"."""
    modal = _demand(scope, facts[0]) if facts and not scope.excludes else None
    if modal is None or any(m.type == "POPULATION" or m.end > modal for m in facts):
        return False
    ids = {m.id for m in facts}
    tails = {r.tail for r in scope.relations if r.head in ids}
    return not any(m.id in tails and m.start >= modal for m in scope.mentions)


def names_the_disease(facts: Sequence[Mention]) -> bool:
    """Whether one of some facts is a tumour by itself, as the disease that a trial is about."""
    return any(m.type == "CANCER" and re.search(r"metasta|leptomening", m.text, re.I) is None for m in facts)


def is_denied(scope: Scope, m: Mention) -> bool:
    """Whether something is denied before a mention in its sentence, or in its own words."""
    return _DENIES.search(scope.text[_sentence_start(scope, m) : m.end]) is not None


def _fertile(scope: Scope, facts: Sequence[Mention]) -> list[Mention]:
    """ "Women of childbearing potential must …": who they are."""
    people = [m for m in facts if m.type == "POPULATION" and _FERTILE.search(m.text)]
    first = people[0] if people else None
    people = [m for m in people if m is first or not _IS_ONE.fullmatch(scope.between(people[0], m))]
    rest = [m for m in facts if not any(m is one for one in people)]
    if first is None or not rest:
        return []
    between = scope.text[first.end : rest[-1].start]
    asks = any(CONTRACEPTION.search(m.text) for m in rest) or _ASKS.search(between)
    return people if asks else []


def _subjects(scope: Scope, facts: Sequence[Mention]) -> list[Mention]:
    """ "Patients with gout must …", "gout-positive patients must …": what they have."""
    modal = _demand(scope, facts[0])
    who = [m for m in facts if modal is not None and m.end <= modal]
    shown = _SHOWN.search(scope.text[_sentence_start(scope, facts[0]) : facts[0].start])
    if shown and names_the_disease(who):
        return []  # the disease that the trial is about
    return who if len(who) < len(facts) else []


def _measured_in(scope: Scope, facts: Sequence[Mention]) -> list[Mention]:
    """ "FSH > 40 in women": in whom."""
    last = facts[-1]
    told = len(facts) == 2 and facts[0].type == "MEASURE" and last.type == "POPULATION" and scope.valued(facts[0])
    return [last] if told and re.search(r"\b(in|for|among)\s+$", scope.between(*facts), re.I) else []


def _demand(scope: Scope, first: Mention) -> int | None:
    """Where the verb begins by which a sentence asks something of those who have its first fact, if it does."""
    start = _sentence_start(scope, first)
    stop = re.search(rf"{BREAK}|;", scope.text[first.end : scope.criterion.end])
    end = first.end + stop.start() if stop else scope.criterion.end
    head, modal = scope.text[start : first.start], _MODAL.search(scope.text, first.end, end)
    named = _WITH.fullmatch(head) or (_NO_WORD.fullmatch(head) and _OF_THEM.match(scope.text, first.end, end))
    ahead = any(start <= m.start and m.end <= first.start and m.type in _NAMES for m in scope.mentions)
    if modal is None or not named or ahead or _MODAL.search(head):
        return None
    lead = scope.text[first.end : modal.start()]
    if _JOINED.search(lead) or _OPEN_CLAUSE.search(lead) or lead.count("(") > lead.count(")"):
        return None
    return modal.start()


def _sentence_start(scope: Scope, m: Mention) -> int:
    edges = re.finditer(rf"{BREAK}|[;:]", scope.before(m))
    return scope.criterion.start + max((edge.end() for edge in edges), default=0)


def _fronted(scope: Scope, facts: Sequence[Mention]) -> list[Mention]:
    """ "For patients on anticoagulation: a stable dose …": the first fact."""
    head = scope.text[scope.criterion.start : facts[0].start]
    closed = len(facts) > 1 and re.search(r"[:,]", scope.text[facts[0].end : facts[1].start])
    return [facts[0]] if closed and _FRONTED.match(head) else []
