"""Limits of some patients alone: in the place of everybody's ("≤ 1.5 x ULN, unless gout is known, in which case ≤ 3 x
ULN"), or of those alone whom another value tells ("≥ 50 for patients > 16 years")."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from oncogloss.schema import Mention
from oncogloss.structure.names import key_of
from oncogloss.structure.quantities import read_quantity
from oncogloss.structure.scope import Scope
from oncogloss.structure.wording import BREAK

_ADULT = 21.0  # years, at most
PERSONS = r"(?:(?:the |all )?(?:patients?|subjects?|participants?|those|women|men|females?|males?|children|adults?)\b)"
CASE = r"(?:if|in (?:the )?(?:case|presence|absence|setting) of|in the event of)\b"
SPARED = re.compile(r"(?:unless|except\w*|with the exception of)\b", re.IGNORECASE)
_BEHIND = r"[\s)\]]*(?:\([^()]{0,20}\))?[\s,;(\[]*"  # what may stand between a limit and its exception
_GROUP = rf"(?P<clause>{SPARED.pattern}(?:\s+(?:for|in|if|when|where|of)\b)*\s+(?P<group>"
_TURNS = (
    r"(?:in (?:which|this|that|such)(?: an?)? (?:cases?|events?|instances?|situations?|circumstances?)"
    r"|(?:in|for) wh(?:om|ich)\b(?! case)|who(?:se)?\b|where\b|(?<!in )(?<!for )which\b|then\b)"
)
_EXEMPTED = (
    re.compile(rf"{_BEHIND}{_GROUP}[^;.]*[^;.,\s]))[\s,]+{_TURNS}[^;]{{0,80}}", re.IGNORECASE),
    re.compile(rf"{_BEHIND}{_GROUP}[^;.()]*[^;.,:\s()]))\s*(?:\([^;()]{{0,80}}|[,:]?\s*)", re.IGNORECASE),
)
_LINKED = (
    r"(?:(?:(?:who |that )?(?:is|are|have|has|must have|can have|may have|must be|should be|may be)|then|with(?: an?)?)"
    r"\s*)?"
)
_AHEAD = re.compile(
    rf"[\s)\]]*(?:\([^()]{{0,20}}\))?\s*(?:(?:[;,.(\[]|\b(?:or|and|but)\b)\s*)+"
    rf"(?P<group>(?:{CASE}|(?:in|for|among|with|without)\b|{PERSONS})[^;]{{1,90}}?)[\s,:(]*{_LINKED}",
    re.IGNORECASE,
)
_APART = re.compile(r"[\s)\]]*(?:\([^()]{0,20}\))?[\s,]*[;.(\[]")  # parts a measure that is named again

_OF = re.compile(
    rf"[\s)\]]*(?:/?\s*1\.73\s*m\S*)?\s*(?:\([^()]{{0,20}}\))?[\s,(\[]*(?:only\s+)?"
    rf"(?P<group>(?:for|in|among)\s+(?:any\s+)?{PERSONS}(?:(?!\b(?:and|or|but)\b)[^,;.()]){{0,60}})",
    re.IGNORECASE,
)
_AGED = re.compile(
    rf"[\s)\]]*[(\[]\s*(?P<group>(?:(?:for|in|if)\s+)?(?:{PERSONS}\s*)?(?:who are\s+)?(?:aged?\s+)?)", re.I
)
_SAYS_AGE = re.compile(r"year|month|\by(?:rs?|o)\b|\bold|\bage", re.IGNORECASE)

_SUBJECT = re.compile(rf"\W*(?:\d+[.)]\W*)?{PERSONS}\s*(?:who are\s+)?(?:aged?\s+)?", re.IGNORECASE)
_MUST_HAVE = re.compile(
    r"\s*(?::|(?:must|should|shall|(?:need|have|are required) to)\s+have\b)\s*(?:an?\s+|the\s+)?(?:[\w-]+\s+){0,2}",
    re.I,
)


class Instead(NamedTuple):
    """Whose limit stands in the place of everybody's: where the words of the group stand, and where the clause by which
    the first limit spares the group begins, None where it does not say so."""

    start: int
    end: int
    clause: int | None = None


def instead(
    text: str, one: Mention, other: Mention, first: Sequence[Mention], second: Sequence[Mention]
) -> Instead | None:
    """For whom a limit is that stands behind another; None where the words between do not tell. `first` and `second`
    are the measures of the two limits."""
    start = max([one.end, *(m.end for m in first if m.end <= other.start and m not in second)])
    named = min((m.start for m in second if start <= m.start < other.start), default=None)
    for pattern in _EXEMPTED:
        if found := pattern.fullmatch(text, start, other.start):
            return Instead(*found.span("group"), found.start("clause"))
    if named is not None and _APART.match(text, start, named) is None:
        return None
    found = _AHEAD.fullmatch(text, start, other.start if named is None else named)
    return Instead(*found.span("group")) if found else None


def group_behind(text: str, one: Mention, other: Mention, measure: Mention, *, related: bool) -> int | None:
    """Where the words begin that say by another value whose limit a value is: "≥ 50 for patients > 16 years", "≥ 50 (>
    16 years)", "≥ 60 in those with a pulse > 90"; None where they do not. `measure` is what the other value is of,
    `related` whether a relation says so."""
    aged = _is_age(other)
    found = _OF.fullmatch(text, one.end, other.start) or (_AGED.fullmatch(text, one.end, other.start) if aged else None)
    if found is None:
        return None
    named = found.start("group") <= measure.start < other.start
    measured = related and measure.type == "MEASURE" and _SAYS_AGE.search(measure.text) is None
    told = _SAYS_AGE.search(other.text) is not None or (found["group"].strip() != "" and not measured)
    return found.start("group") if named or (aged and told) else None


class Replaced(NamedTuple):
    """A limit that a group need not keep, by its value; the group; and the measures of the limit that it keeps instead,
    none where that is but another value of the same measures."""

    limit: Mention
    group: tuple[Mention, ...]
    measures: tuple[Mention, ...]


def replaced_limits(scope: Scope) -> Iterator[Replaced]:
    """The limits of a criterion in whose place another stands for some."""
    measures = [m for m in scope.mentions if m.type == "MEASURE"]
    of: defaultdict[str, set[str]] = defaultdict(set)
    for r in scope.relations:
        if r.type == "HAS_VALUE":
            of[r.tail].add(r.head)
    for one, other in pairwise(m for m in scope.mentions if m.type == "VALUE"):
        first, second = ([m for m in measures if m.id in of[value.id]] for value in (one, other))
        found = instead(scope.text, one, other, first, second) if first else None
        if found is None:
            continue
        group = [m for m in scope.mentions if found.start <= m.start and m.end <= found.end]
        group = [m for m in group if m.type not in ("MEASURE", "VALUE", "TIME")]
        named = [m for m in second if one.end <= m.start] if found.clause is not None else []
        again = {key_of(m) for m in first} & {key_of(m) for m in second}
        if group and (named or again):
            yield Replaced(one, tuple(group), () if scope.excludes else tuple(named))


def age_asked_of(scope: Scope, m: Mention) -> Mention | None:
    """The age at which alone a measure's limit holds: "pulse ≥ 60 for patients > 16 years", "patients > 16 years must
    have a pulse ≥ 60"; None where it holds at any."""
    values = [v for v in scope.mentions if v.type == "VALUE"]
    if m.type != "MEASURE" or len(values) < 2:
        return None
    tails = {r.tail for r in scope.relations}
    ages = [v for v in values if v.id not in tails and _is_age(v)]
    own = [v for v in values if v.id in scope.tails(m, "HAS_VALUE")]
    for age in ages:
        before = [v for v in values if v.end <= age.start]
        if before and before[-1] in own and group_behind(scope.text, before[-1], age, age, related=False) is not None:
            return age
        lead = re.split(rf"{BREAK}|[;:]", scope.before(age))[-1]
        subject = _SUBJECT.fullmatch(lead) and _MUST_HAVE.fullmatch(scope.text, age.end, m.start)
        if subject and (len(ages) > 1 or not is_of_adults(age)):
            return age
    return None


def _is_age(value: Mention) -> bool:
    read = read_quantity(value.text, "age")
    return read is not None and read.unit == "a"


def is_of_adults(value: Mention) -> bool:
    """Whether a value but asks for an adult's age: that is asked of all, not of some of a trial's patients."""
    age = read_quantity(value.text, "age")
    return age is not None and age.unit == "a" and age.operator in (">=", ">") and age.value <= _ADULT
