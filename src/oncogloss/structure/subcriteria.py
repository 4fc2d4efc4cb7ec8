"""How a criterion goes together with the criteria under it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from oncogloss.schema import Criterion, Logic
from oncogloss.structure.asked_of import names_the_disease, names_whom
from oncogloss.structure.notation import mentions_in
from oncogloss.structure.scope import Scope
from oncogloss.structure.wording import EXCEPT

_ONE_OF = re.compile(r"\b(one of|any of|either|at least (one|1)|one or more|1 or more|any one)\b|(≥|>=) ?1\b", re.I)
_DENIED = re.compile(r"\W*((patients?|subjects?|participants?) )?((must )?(with|have|has|had) )?(no|without)\b", re.I)
_LEAD_IN = re.compile(
    r"\b(following|criteria|(one|any|all|either) of|defined|includ\w+|meets?|with|of|by)\W*$"
    r"|\b(one|any|all|either|at least \w+|receiving) (of )?the following\b",
    re.I,
)
_KINDS = re.compile(r"^\W*(one|any|either)( or more)? of\b.*\bas follows\W*$", re.I | re.S)  # a general word for them
_NEXT_NUMBER = re.compile(
    r"(?<=[:.,;\s])[(\s*•-]*(\d+(\.\d+)*|[a-zA-Z]|[ivx]{1,4})[.)]+\s*$"
)  # of the first sub-criterion
_N_OF = re.compile(r"\b(two|three|four|[234]) (or more )?of\b", re.I)
_NUMBERS = {"two": 2, "three": 3, "four": 4}


def leads_in(scope: Scope) -> bool:
    """Whether a criterion is worded as the head of what stands under it."""
    text = scope.words
    first = _NEXT_NUMBER.sub("", re.split(r"\n\s*\n", text)[0]).rstrip(" -*•\n")
    return first.endswith(":") or _LEAD_IN.search(first) is not None


def names_cancers(scope: Scope, logic: Logic | None) -> bool:
    """Whether a criterion asks for a cancer: of several such, a patient has one."""
    types = {m.id: m.type for m in scope.mentions}
    named = {types[i] for i in mentions_in(logic)}
    return "CANCER" in named and named <= {"CANCER", "BIOMARKER", "GENE"} and logic is not None and logic.op != "not"


def with_children(
    scope: Scope, own: Logic | None, children: Sequence[Criterion], cancers: Collection[str]
) -> Logic | None:
    """A criterion's own facts together with its sub-criteria; `cancers` are those that ask for a cancer each."""
    named = set(mentions_in(own))
    facts = [m for m in scope.mentions if m.id in named]
    some = names_whom(scope, facts)
    if not children:
        return None if some and not names_the_disease(facts) else own
    leaves = tuple(Logic(op="fact", criterion=c.id) for c in children)
    text = scope.words
    if own is not None and EXCEPT.search(text[-60:]):
        return Logic(op="except", parts=(own, *leaves))
    if (n_of := _N_OF.search(text)) is not None:
        word = n_of[1].casefold()
        under = Logic(op="at_least", n=_NUMBERS.get(word) or int(word), parts=leaves)
    elif _DENIED.match(text) and not scope.excludes:
        under = Logic(op="all", parts=leaves)  # none of what follows: each is denied by itself
    elif _ONE_OF.search(text) or scope.excludes or (len(children) > 1 and {c.id for c in children} <= set(cancers)):
        under = Logic(op="any", parts=leaves)
    else:
        under = Logic(op="all", parts=tuple(_chained(scope, children)))
    if own is None or (scope.excludes and own.op == "fact" and _KINDS.search(text)):
        return under
    return Logic(op="any" if scope.excludes else "if" if some else "all", parts=(own, under))


def _chained(scope: Scope, children: Sequence[Criterion]) -> Iterator[Logic]:
    """Sub-criteria in order, those alternatives of one another whose text ends with "or"."""
    group: list[Logic] = []
    for child in children:
        group.append(Logic(op="fact", criterion=child.id))
        goes_on = re.search(r"\bor\W*\d*\W*$", scope.text[child.start : child.end], re.I) is not None
        if not goes_on or child is children[-1]:
            yield group[0] if len(group) == 1 else Logic(op="any", parts=tuple(group))
            group = []
