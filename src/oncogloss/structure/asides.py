"""Mentions beside what a criterion asks: instructions, either sex, specimens, general words for what follows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from oncogloss.schema import Mention
from oncogloss.structure.equivalents import steroids_of
from oncogloss.structure.names import TREATMENTS
from oncogloss.structure.persons import FEMALE, SEX
from oncogloss.structure.scope import Scope
from oncogloss.structure.wording import BREAK

_INSTRUCTION = re.compile(
    r"\b(should|if|when) (an? |the |any )?[^.;]{0,80}\b(becomes?|suspects?)\b[^.;]{0,80}\bpregnan"
    r"|\bdeveloping (human )?(fetus|embryo)"
    r"|\b(must|should|will|shall) (immediately )?(inform|notify|be notified|be informed)\b"
    r"|\b(should|will|can|may|must) be (discussed|encouraged|advised|counsell?ed|instructed)\b|\bteratogenic\b",
    re.I,
)
_INSTRUCTING = (
    "pregnan", "fetus", "embryo", "inform", "notif", "discussed", "encouraged", "advised", "counse", "instructed",
    "teratogenic",
)  # fmt: skip
_JOINED = re.compile(r"\s*(and/or|and|or|/|&)\s*(/\s*or\s*)?", re.I)
_SPECIMEN = re.compile(r"serum|urine|urinary|blood|plasma", re.I)
_NAIVE = re.compile(r"[- ]?\bna(?:i|ï)ve\b", re.I)
_NAIVE_TO = re.compile(r"\bna(?:i|ï)ve (?:to|of|for|with respect to|regarding)\b", re.I)
CLOSED_BRACKET = re.compile(r"\([^()]*\)")
_BRACKET = re.compile(r"[()\[\]]")


def in_brackets(scope: Scope, m: Mention) -> bool:
    """Whether a bracket of the criterion is open where the mention starts."""
    return open_bracket(scope.before(m)) is not None


def open_bracket(text: str) -> int | None:
    """Where the bracket that is open at the text's end begins."""
    depth = 0
    for sign in reversed([*_BRACKET.finditer(text)]):
        if sign[0] in ")]":
            depth += 1
        elif depth == 0:
            return sign.start()
        else:
            depth -= 1
    return None


def is_instruction(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """What stands in a sentence that only explains or instructs: "should a woman become pregnant, she should …"."""
    return has_any(scope.words, _INSTRUCTING) and _INSTRUCTION.search(scope.sentence_of(m)) is not None


@lru_cache(maxsize=2**10)
def has_any(words: str, signs: tuple[str, ...]) -> bool:
    """Whether a criterion's words have any of the signs without which a pattern need not be looked for, once for all
    its mentions."""
    said = words.casefold()
    return any(sign in said for sign in signs)


def is_equivalent(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """A drug by which the dose of another is told: "≥ 10 mg prednisone equivalent", "steroids > 10 mg prednisone"."""
    if m.type != "DRUG" or not any(f.type in TREATMENTS and f.end <= m.start for f in facts):
        return False
    behind = re.match(r"\s*(\(?or )?[- ]?equivalent", scope.text[m.end : m.end + 20])
    return behind is not None or steroids_of(scope.text, m, facts) is not None


def is_either_sex(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """One of the two sexes of which either will do: "male or female"."""
    if m.type != "POPULATION" or not SEX.fullmatch(m.text) or scope.valued(m):
        return False
    others = (f for f in facts if f.type == "POPULATION" and f != m and SEX.fullmatch(f.text))
    return any(
        bool(FEMALE.search(m.text)) != bool(FEMALE.search(f.text)) and _JOINED.fullmatch(scope.between(m, f))
        for f in others
    )


def is_specimen(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """The first of two specimens of one test: "serum or urine pregnancy test"."""
    following = [f for f in facts if f.type == "MEASURE" and f.start >= m.end]
    alone = m.type == "MEASURE" and _SPECIMEN.fullmatch(m.text) is not None
    return alone and bool(following) and _JOINED.fullmatch(scope.between(m, following[0])) is not None


def naive_to(scope: Scope, m: Mention) -> bool:
    """Whether a patient must never have had a treatment: "naïve to X", "X-naïve"."""
    if m.type not in TREATMENTS:
        return False
    before = scope.before(m)
    cue = [*_NAIVE_TO.finditer(before)][-1:]
    listed = bool(cue) and re.search(rf"{BREAK}|[;:]|\b(who|with|must|and have)\b", before[cue[0].end() :]) is None
    return listed or _NAIVE.match(scope.text, m.end, scope.criterion.end) is not None


def is_naive_state(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """The words "treatment naïve" before what a patient is naïve to."""
    if m.type != "DISEASE_STATE" or not _NAIVE.search(m.text):
        return False
    following = next((f for f in facts if f.start >= m.end), None)
    return following is not None and naive_to(scope, following)


def lists_next(scope: Scope, treatment: Mention, m: Mention) -> bool:
    """Whether a treatment is of a thing before it, and but a list's comma stands between it and the next thing:
    "ascites requiring paracentesis, pleural effusion requiring drainage"."""
    things = {r.tail for r in scope.relations if r.type == "TREATS" and r.head == treatment.id}
    own = any(o.id in things and o.end <= treatment.start for o in scope.mentions)
    return own and re.fullmatch(r"\s*[,;]\s*(and/or|and|or)?\s*", scope.between(treatment, m), re.I) is not None


def heads_measures(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """A measure without a value that only heads those behind it: "pulmonary function tests with FVC ≥ 50 %"."""
    behind = [f for f in facts if f.type == "MEASURE" and f.start >= m.end]
    if m.type != "MEASURE" or scope.valued(m) or not behind or not scope.valued(behind[0]):
        return False
    gap = CLOSED_BRACKET.sub(" ", scope.text[m.end : behind[0].start])
    return re.fullmatch(r"\s*(:|with|\(([^)]*\b(defined as|:))?)\s*(an? |the )?(adequate )?", gap) is not None


def tests_for(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """A test for a condition that is named behind it: "positive serology for HIV" is about HIV."""
    return m.type == "MEASURE" and any(
        f.type == "CONDITION" and re.fullmatch(r"\s+(for|of|against)\s+", scope.text[m.end : f.start] or "-")
        for f in facts
        if f.start >= m.end
    )


def is_bare_tumor(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """The mere word "tumor" behind another fact."""
    named = not m.attributes and re.fullmatch(r"(the )?(tumou?rs?|cancers?)", m.text, re.I) is not None
    named = named and re.search(r"\bother\s+$", scope.before(m)) is None
    told = any(r.head == m.id and r.type in ("HAS_STAGE", "HAS_VALUE", "EXCEPTION") for r in scope.relations)
    return named and not told and any(f.end <= m.start for f in facts)


def names_the_kind(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """A general word for the kinds that are listed behind it: "one of the following cancers: …"."""
    if re.match(r"\s*:", scope.text[m.end : m.end + 3]) is None:
        return False
    listed = re.search(r"\bfollowing( \w+)?\s+$", scope.before(m)) is not None
    return listed and any(f.type == m.type and f.start >= m.end for f in facts)
