"""What "and", "or" and a stroke between two mentions mean: that one of them is enough, or that both are asked."""

from __future__ import annotations

import re

from oncogloss.schema import Logic, LogicOp, Mention
from oncogloss.structure.leaves import QUALIFIERS, washout_of
from oncogloss.structure.names import TREATMENTS, alike
from oncogloss.structure.scope import Scope
from oncogloss.structure.stains import is_decided

_OR = re.compile(r"\b(and/ ?or|or|nor)\b", re.I)
_AND = re.compile(r"\b(and|as well as|plus|but)\b|&", re.I)
_EXPECTING = re.compile(r"\bpregnan|\bbreast[ -]?feed|\bnursing\b|\blactat", re.I)
_NEEDING = re.compile(r"\s*(which |that )?(requir(es|ing)|necessitat(es|ing)|need(s|ing))\b[^,;.:]*", re.I)
_GENERAL = re.compile(r".*\b(tumou?rs?|cancers?|malignanc(y|ies)|neoplasms?)", re.I)
_LACKING = frozenset(("negative", "wild type", "deficient"))  # states of markers
_EACH = re.compile(r"\b(excluded|ineligible|prohibited|exclusionary|not (be )?(allowed|permitted|eligible))\b", re.I)
_WITH = re.compile(r"[\s\ue000,]*\bwith\s+(an?\s+)?([\w\ue000-]+\s+){0,3}", re.I)
_SCALE = re.compile(r"\b(ECOG|Eastern Cooperative|Karnofsky|KPS|Lansky|Zubrod|WHO)\b", re.I)


_INNER_COMMA = re.compile(
    rf"(?<=\s)(requir(?:es|ing)|need(?:s|ing)|receiv(?:es|ing)|on|with)((?:\s+(?:{'|'.join(sorted(QUALIFIERS))}))+\s*),",
    re.I,
)


def without_inner_commas(words: str) -> str:
    """The words without a comma that parts but the adjectives of one thing: "requiring chronic, high-dose steroids"."""
    return _INNER_COMMA.sub(r"\1\2", words)


def scales(one: Mention, other: Mention) -> bool:
    """Whether both are scales of how well a patient is: one of them is enough."""
    return all(m.type == "MEASURE" and _SCALE.search(m.text) is not None for m in (one, other))


def conjunction(scope: Scope, one: Mention, other: Mention, words: str) -> LogicOp | None:
    """What "and" or "or" between two mentions means, if either is there: exclusions list what excludes by "and", too,
    and what is forbidden or asked of two things at once is so of both."""
    if scales(one, other) and (_OR.search(words) or not _AND.search(words)):
        return "any"
    if _OR.search(words):
        return "all" if not scope.excludes and asked_together(scope, one, other) else "any"
    if not _AND.search(words):
        return None
    if {one.type, other.type} <= {"CANCER", "BIOMARKER"} and lists_cancers(scope):
        return "any"
    if scope.excludes and of_both(scope, one, words):
        return "all"
    listed = alike(one, other) or all("neg" in m.attributes or _EXPECTING.search(m.text) for m in (one, other))
    return "any" if (scope.excludes and listed) or one.type == other.type == "POPULATION" else "all"


def of_both(scope: Scope, one: Mention, words: str) -> bool:
    """Whether an exclusion asks two things together: "both A and B", where it is not each of them that is excluded."""
    lead = scope.before(one)
    both = re.search(r"\bboth\b[^.;:,()]*$", lead, re.I)
    place = scope.criterion.start + both.start() if both else 0
    after = any(place < m.start < one.start and m.type == one.type for m in scope.mentions)
    each = _EXPECTING.search(one.text) or _EACH.search(scope.sentence_of(one))
    return both is not None and not after and not each and one.type != "POPULATION" and ";" not in words


def lists_cancers(scope: Scope) -> bool:
    """Whether a criterion names three tumours or more, of which nobody has all: those that a trial is open to."""
    cancers = {m.text.casefold() for m in scope.mentions if m.type == "CANCER" and "neg" not in m.attributes}
    return sum("metasta" not in name and not _GENERAL.fullmatch(name) for name in cancers) > 2


def needing(scope: Scope, logic: Logic) -> Logic:
    """The same tree, where "no A requiring B" denies A with B, and does not ask for B."""
    if logic.op != "all":
        return logic
    by_id = {m.id: m for m in scope.mentions}
    parts: list[Logic] = []
    for part in logic.parts:
        denied = parts[-1].parts[0] if parts and parts[-1].op == "not" else None
        if denied is not None and denied.mention in by_id and part.mention in by_id:
            between = scope.text[by_id[denied.mention].end : by_id[part.mention].start]
            if _NEEDING.fullmatch(without_inner_commas(between)):
                part = Logic(op="not", parts=(Logic(op="all", parts=(denied, part)),))
                parts.pop()
        parts.append(part)
    if len(parts) == len(logic.parts):
        return logic
    return parts[0] if len(parts) == 1 else logic.model_copy(update={"parts": tuple(parts)})


def slashed(scope: Scope, one: Mention, other: Mention) -> LogicOp:
    """What "A/B" means: both of measures with one limit, of markers that are to be absent, and of a score and the test
    that decides it ("IHC 2+/FISH+"), else either."""
    if scales(one, other):
        return "any"
    if is_decided(one, other):
        return "all"
    if asked_together(scope, one, other) and one.type != "MEASURE":
        return "all"
    if all(m.concept and m.concept.marker and m.concept.marker.state in _LACKING for m in (one, other)):
        return "all"
    apart = scope.valued(one) and scope.valued(other) and not share(scope, one, other)
    return "all" if one.type == "MEASURE" and not scope.excludes and not apart else "any"


def goes_with_the_last(scope: Scope, one: Mention, other: Mention, words: str) -> bool:
    """Whether "with" joins a measure to that one alone of a list of measures with limits of their own that it stands
    behind: "pulse > 90 or pressure > 140 with albumin > 2"."""
    if one.type != "MEASURE" or other.type != "MEASURE" or not scope.valued(one) or not _WITH.fullmatch(words):
        return False
    before = [m for m in scope.mentions if m.type == "MEASURE" and m.end <= one.start][-1:]
    return any(scope.valued(m) and not share(scope, m, one) for m in before)


def share(scope: Scope, one: Mention, other: Mention) -> bool:
    """Whether two mentions have a number or time in common."""
    tails = [
        {r.tail for r in scope.relations if r.type in ("HAS_VALUE", "HAS_TIME") and r.head == m.id}
        for m in (one, other)
    ]
    return any(
        m.type == "TIME" or re.search(r"\d|normal|ULN", m.text) for m in scope.mentions if m.id in tails[0] & tails[1]
    )


def asked_together(scope: Scope, one: Mention, other: Mention) -> bool:
    """Whether "A or B" asks both: one limit for two measures, one time that must have passed since two treatments."""
    if one.type == other.type == "MEASURE":
        return share(scope, one, other)
    passed = washout_of(scope, one) is not None and washout_of(scope, other) is not None
    since = re.search(r"\bsince\b", scope.text[scope.criterion.start : one.start], re.I) is not None
    return passed or (since and {one.type, other.type} <= TREATMENTS and share(scope, one, other))
