"""Limits of some patients in the place of everybody's: "≤ 1.5 x ULN, unless gout is known, in which case ≤ 3 x ULN"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from oncogloss.schema import Mention
from oncogloss.structure.names import key_of
from oncogloss.structure.scope import Scope

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
    r"(?:(?:(?:who |that )?(?:is|are|have|has|must have|can have|may have|must be|should be|may be)|then|with)\s*)?"
)
_AHEAD = re.compile(
    rf"[\s)\]]*(?:(?:[;,(\[]|\b(?:or|and|but)\b)\s*)+"
    rf"(?P<group>(?:{CASE}|(?:in|for|among|with|without)\b|{PERSONS})[^;]{{1,90}}?)[\s,:(]*{_LINKED}",
    re.IGNORECASE,
)
_APART = re.compile(r"[\s)\]]*(?:\([^()]{0,20}\))?[\s,]*[;.(\[]")  # parts a measure that is named again


class Instead(NamedTuple):
    """Whose limit stands in the place of everybody's: where the words of the group stand, and where the clause by which
    the first limit spares the group begins, None where it does not say so."""

    start: int
    end: int
    clause: int | None = None


def instead(text: str, one: Mention, other: Mention, measures: Sequence[Mention]) -> Instead | None:
    """For whom a limit is that stands behind another; None where the words between do not tell. `measures` are those of
    the second limit, any that stand between the two among them only where they are those of the first, too."""
    named = min((m.start for m in measures if one.end <= m.start < other.start), default=None)
    for pattern in _EXEMPTED:
        if found := pattern.fullmatch(text, one.end, other.start):
            return Instead(*found.span("group"), found.start("clause"))
    if named is not None and _APART.match(text, one.end, named) is None:
        return None
    found = _AHEAD.fullmatch(text, one.end, other.start if named is None else named)
    return Instead(*found.span("group")) if found else None


class Replaced(NamedTuple):
    """A limit that a group need not keep, by its value; the group; and the measures of the limit that it keeps instead,
    none where that is but another value of the same measures."""

    limit: Mention
    group: tuple[Mention, ...]
    measures: tuple[Mention, ...]


def replaced_limits(scope: Scope) -> Iterator[Replaced]:
    """The limits of a criterion in whose place another stands for some."""
    values = [m for m in scope.mentions if m.type == "VALUE"]
    for one, other in pairwise(values) if len(values) > 1 else ():
        heads = [{r.head for r in scope.relations if r.type == "HAS_VALUE" and r.tail == v.id} for v in (one, other)]
        first, second = ([m for m in scope.mentions if m.id in ids and m.type == "MEASURE"] for ids in heads)
        found = instead(scope.text, one, other, second)
        group = [m for m in scope.mentions if found and found.start <= m.start and m.end <= found.end]
        group = [m for m in group if m.type not in ("MEASURE", "VALUE", "TIME")]
        named = [m for m in second if one.end <= m.start] if found and found.clause is not None else []
        again = {key_of(m) for m in first} & {key_of(m) for m in second}
        if first and group and (named or again):
            yield Replaced(one, tuple(group), () if scope.excludes else tuple(named))
