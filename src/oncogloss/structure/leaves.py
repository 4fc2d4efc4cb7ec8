"""What is said of a fact beside its relations: how it must be, what it is directed at, how long it must be past."""

from __future__ import annotations

import re
from collections.abc import Sequence

from oncogloss.schema import Logic, Mention
from oncogloss.structure.facts import BREAK, Scope, candidates, is_aimed_at, is_placing
from oncogloss.structure.names import TREATMENTS
from oncogloss.structure.quantities import read_time

_QUALIFIERS = """
acceptable active acute additional adequate adjuvant advanced allogeneic another approved asymptomatic autologous
bacterial barrier bilateral bulky central chronic combined concomitant concurrent confirmed congenital contralateral
controlled current curative decompensated definitive different documented effective elective emergency extensive
external fresh fungal highly hereditary history immediate inadequate inherited initial intact intermittent intractable
intravenous invasive ipsilateral irreversible known local localized localised long-term major malignant mild minor
moderate moderately new newly non-invasive noninvasive non-metastatic nonmetastatic obvious ongoing operable oral other
palliative past pathologic pathological persistent planned poorly preexisting pre-existing previous primary prior
progressive prophylactic radical radiographic radiographically radiologic radiological radiologically recent recently
recurrent refractory regional relevant reliable residual secondary serious severe significant significantly similar
simultaneous solitary stable substantial suspected symptomatic synchronous systemic therapeutic topical unilateral
uncontrollable uncontrolled unresolved unstable untreated viral well-controlled
"""
QUALIFIERS = frozenset(_QUALIFIERS.split())
_PASSED_OVER = frozenset(("and", "or", "clinically", "medically", "any", ",", "/"))
HISTORY = frozenset(("history", "prior", "previous", "past"))  # said by the mention's own attribute where it has it

_OFF = re.compile(r"\b(off|discontinu\w+|stopp\w+|ceas\w+|withdrawn|free (of|from)|wash-?out)\b", re.I)
_PASSED = re.compile(r"\b(since|elapsed?|ago|passed|interval|complet\w+|finish\w+|ended|prior to|before|after)\b", re.I)
_DEMANDED = re.compile(
    r"\b((have|has|had|having|must) (previously |already )?(received|undergone|been treated|failed|had|progressed)"
    r"|treated with|on a stable|stable dose)\b",
    re.I,
)


def leaf_of(logic: Logic, scope: Scope, facts: Sequence[Mention]) -> Logic:
    """The same tree, each fact with what the criterion's words add to it."""
    if logic.mention is None:
        return logic.model_copy(update={"parts": tuple(leaf_of(part, scope, facts) for part in logic.parts)})
    m = next(m for m in scope.mentions if m.id == logic.mention)
    about = tuple(x.id for x in about_of(scope, m, facts))
    return logic.model_copy(
        update={"qualifiers": qualifiers_of(scope, m), "about": about, "washout": washout_of(scope, m)}
    )


def qualifiers_of(scope: Scope, m: Mention) -> tuple[str, ...]:
    """Words just before a mention that say how it must be ("active, clinically significant infection")."""
    before = list(scope.before(m))
    told = {r.tail for r in scope.relations if r.head == m.id}
    for other in scope.mentions:
        if other.id in told:
            for i in range(max(0, other.start - scope.criterion.start), min(len(before), other.end - scope.criterion.start)):
                before[i] = ","
    text = re.sub(r"\bhistory of (an? |any )?", "history ", "".join(before).casefold())
    found: list[str] = []
    for word in reversed(re.findall(r"[a-z]+(?:-[a-z]+)*|[^\sa-z]", text)):
        if word in QUALIFIERS:
            found.insert(0, word)
        elif word not in _PASSED_OVER:
            break
    past = m.type in TREATMENTS or "hist" in m.attributes
    return tuple(dict.fromkeys(word for word in found if not (past and word in HISTORY)))


def about_of(scope: Scope, m: Mention, facts: Sequence[Mention]) -> list[Mention]:
    """What a fact is directed at and no relation says: what an allergy is to, what a treatment was for."""
    told = {r.tail for r in scope.relations if r.head == m.id}
    found = []
    for x in candidates(scope):
        if x in facts or x.id in told or x.start < m.end:
            continue
        nearest = [f for f in facts if f.end <= x.start][-1]
        if nearest == m and not re.search(BREAK, scope.text[m.end : x.start]):
            found += [x] if is_aimed_at(scope, x, facts) or is_placing(scope, x, facts) else []
    return found


def washout_of(scope: Scope, m: Mention) -> float | None:
    """The days that must have passed since the last of a treatment ("at least 4 weeks since chemotherapy"); None where
    nothing asks so."""
    if scope.excludes or m.type not in TREATMENTS or {"neg", "exc"} & set(m.attributes):
        return None
    text = scope.text[scope.criterion.start : scope.criterion.end]
    if _DEMANDED.search(text) and not _OFF.search(text):
        return None
    tails = {r.tail for r in scope.relations if r.type == "HAS_TIME" and r.head == m.id}
    days: list[float] = []
    for time in (t for t in scope.mentions if t.id in tails):
        frame = read_time(time.text)
        asked = _OFF.search(text) or (_PASSED.search(text) and not re.match(r"\W*for\b", time.text, re.I))
        if frame is not None and frame.low and frame.high is None and asked:
            days.append(frame.low)
    return max(days, default=None)
