"""What of a criterion is not in its logic: kind by kind, with a reason that never repeats the text's own words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from oncogloss.limits import say_alternatives
from oncogloss.schema import Lack, Logic, Mention, Threshold
from oncogloss.structure.asides import in_brackets, naive_to
from oncogloss.structure.equivalents import steroids_of
from oncogloss.structure.facts import candidates, said_otherwise
from oncogloss.structure.leaves import HISTORY, QUALIFIERS, missing_words, times_of, washout_of
from oncogloss.structure.names import TREATMENTS
from oncogloss.structure.notation import mentions_in
from oncogloss.structure.quantities import read_time
from oncogloss.structure.scope import Scope
from oncogloss.structure.standing import name_of_standing
from oncogloss.structure.usual import unusual
from oncogloss.structure.value_limits import says_limit
from oncogloss.structure.wording import (
    BARE_CLASS,
    BESIDE_A_FACT,
    BREAK,
    CASES,
    COMPARED,
    CONTRAINDICATED,
    DEFINED,
    DISJOINS,
    EMPTY,
    GRADED,
    HEAD_NOUN,
    ITS_TREATMENT,
    LACKS_A_NOUN,
    NEEDS,
    NEGATED,
    NEGATED_LEAD,
    NUMERALS,
    OPEN_END,
    OPEN_ENDS,
    OPEN_RANGE,
    OR_MORE,
    ORGANS,
    PHRASES,
    RECOVERED,
    RECOVERED_FROM,
    RESOLVED,
    SPARED_IF,
    SPARES,
    STATES,
    TREATED_FOR,
    UNASKED,
    WHICHEVER,
)

_NAMED = ("BIOMARKER", "CANCER", "CONDITION", "DRUG", "DRUG_CLASS", "GENE", "MEASURE", "PROCEDURE", "REGIMEN")
UNDECIDED: frozenset[Lack] = frozenset(("words", "mention", "value", "time", "case", "logic", "facts"))


class Left(NamedTuple):
    """Something of a criterion that its logic lacks: the kind for programs, and the reason for people."""

    lack: Lack
    reason: str


def lacking(scope: Scope, logic: Logic, thresholds: Sequence[Threshold], *, linked: bool) -> list[Left]:
    """What of a criterion is not in its logic; `linked` says whether mentions were linked to concepts at all."""
    by_id = {m.id: m for m in scope.mentions}
    facts = [by_id[i] for i in dict.fromkeys(mentions_in(logic)) if i in by_id]
    facts += standing_of(scope, logic)
    outside = _outside(scope)
    return [
        *_values(scope, facts, thresholds),
        *_numbers(scope, facts, thresholds, outside),
        *_names(scope, facts, linked=linked),
        *_cases(scope, logic, facts, thresholds, outside),
        *_togetherness(scope, logic, facts, outside),
        *_turned(scope, facts, outside),
        *_explanations(scope, logic, facts, thresholds),
        *_words(scope, logic, facts, outside),
    ]


def standing_of(scope: Scope, logic: Logic) -> list[Mention]:
    """The mentions that stand for demands of the tree that no mention of the text names."""
    said = {part.said for part in _leaves(logic)}
    return [m for m in scope.mentions if (name := name_of_standing(m.id)) is not None and name in said]


def _counted(n: int, noun: str, what: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'} {what}"


def _inside_another(m: Mention, others: Iterable[Mention]) -> bool:
    return any(o.start <= m.start and m.end <= o.end and o.end - o.start > m.end - m.start for o in others)


def _values(scope: Scope, facts: Sequence[Mention], thresholds: Sequence[Threshold]) -> Iterator[Left]:
    """Values and times that belong to nothing or were not read as numbers."""
    tails = {r.tail for r in scope.relations}
    read = {i for t in thresholds for i in t.mentions}
    used = {m.id for m in facts} | tails | read
    loose = [m for m in scope.mentions if m.id not in used and not _inside_another(m, scope.mentions)]
    if any(m.type == "VALUE" for m in loose):
        yield Left("value", "value without a measure")
    if any(m.type in ("DOSE", "SCHEDULE") for m in loose):
        yield Left("value", "dose without a treatment")
    if any(m.type == "MEASURE" and not scope.valued(m) for m in facts):
        yield Left("concept", "measure without a value")
    told = [m for m in scope.mentions if m.type == "VALUE" and m.id in tails | {fact.id for fact in facts}]
    numbers = [m for m in told if says_limit(m.text)]
    if any(m.id not in read for m in numbers if not _inside_another(m, scope.mentions)):
        yield Left("value", "value that was not read")
    if any(COMPARED.search(scope.before(m)) or OR_MORE.match(scope.text, m.end, scope.criterion.end) for m in facts):
        yield Left("value", "comparison outside a value")
    yield from _times(scope, facts, [m for m in loose if m.type == "TIME"])


def _times(scope: Scope, facts: Sequence[Mention], loose: Sequence[Mention]) -> Iterator[Left]:
    """Times that belong to no fact (`loose`), or to too few."""
    measured = bool(facts) and all(m.type in ("MEASURE", "VALUE") for m in facts)
    if any(not (measured and _is_moment(m)) for m in loose):
        yield Left("time", "time without a fact")
    told = {i for m in facts for i in scope.tails(m, "HAS_TIME")}
    if any(scope.tails(m, "HAS_TIME") - told for m in _dosing(scope)):
        yield Left("time", "time of a dose alone")
    if any(_misses_a_time(scope, m) for m in facts):
        yield Left("time", "time of a list told for some")
    if not scope.excludes and any("neg" in m.attributes and _lasts(scope, m) for m in facts):
        yield Left("time", "time that must pass without a treatment")


def _numbers(scope: Scope, facts: Sequence[Mention], thresholds: Sequence[Threshold], outside: str) -> Iterator[Left]:
    """Thresholds that do not say what the words say, or say what can hardly be meant."""
    used, names = {m.id for m in facts}, {m.id: m.text for m in scope.mentions}
    if any(OPEN_RANGE.search(t.text) or OPEN_ENDS.search(t.text) for t in thresholds if t.operator == "range"):
        yield Left("value", "range with an open end")
    whole = [t for t in thresholds if t.condition is None and set(t.mentions[:1]) <= used]
    if say_alternatives(whole) and DISJOINS.search(outside):
        yield Left("logic", "alternative values of one measure")
    bare = [t for t in thresholds if t.operator == "=" and set(t.mentions[:1]) <= used]
    recovered = RESOLVED.search(scope.words) is not None
    if any(recovered or not GRADED.search(f"{t.text} {t.measure} {names.get(t.mentions[0], '')}") for t in bare):
        yield Left("value", "number without a comparison")
    treatments = {m.id for m in scope.mentions if m.type in TREATMENTS}
    if any(t.mentions[0] in treatments - used for t in thresholds):
        yield Left("value", "limit on what is no fact")
    if any(map(unusual, thresholds)):
        yield Left("value", "unusual value")


def _misses_a_time(scope: Scope, m: Mention) -> bool:
    """Whether others of a list have a time, outside the list, that one of its members lacks."""
    own = scope.tails(m, "HAS_TIME")
    return any(t.id not in own for t in times_of(scope, m)) and washout_of(scope, m) is None


def _lasts(scope: Scope, m: Mention) -> bool:
    """Whether a treatment has a time that is a least span: "for at least 4 weeks"."""
    frames = [read_time(t.text) for t in times_of(scope, m)] if m.type in TREATMENTS else []
    return any(frame is not None and frame.low and frame.high is None for frame in frames)


def _dosing(scope: Scope) -> list[Mention]:
    """The drugs by which the dose of steroids is told."""
    return [m for m in scope.mentions if steroids_of(scope.text, m, scope.mentions) is not None]


def _is_moment(time: Mention) -> bool:
    """Whether a time tells no length ("at enrolment"): what is measured is measured then."""
    frame = read_time(time.text)
    return frame is not None and frame.low is None and frame.high is None


def _names(scope: Scope, facts: Sequence[Mention], *, linked: bool) -> Iterator[Left]:
    """Facts without a concept, and those that may share words with a neighbour ("moon or tide fever")."""
    heads = {r.head for r in scope.relations}
    named = [m for m in facts if m.type in _NAMED and name_of_standing(m.id) is None]
    unlinked = [m for m in named if m.concept is None and (m.id not in heads or _is_cut_short(m))]
    if linked and unlinked:
        yield Left("concept", _counted(len(unlinked), "fact", "without a concept"))
    if any(map(_is_widened, facts)):
        yield Left("concept", "concept broader than its fact")
    for one, other in zip(facts, facts[1:], strict=False):
        gap = scope.text[one.end : other.start] if one.end <= other.start else "-"
        if one.type == other.type == "CANCER" and not gap.strip():
            yield Left("logic", "names side by side")
            return
        joined = re.fullmatch(r"\s*(,|/|and/or|or|and|,\s*(and|or))\s*(\w+\s+)?", gap) is not None
        if joined and one.type == other.type and _shares(one, other):
            yield Left("mention", "names that may share a word")
            return


def _is_cut_short(m: Mention) -> bool:
    """Whether a name lacks its noun or says no kind: "coronary", "inhibitors"."""
    return BARE_CLASS.fullmatch(m.text) is not None or (m.type != "MEASURE" and LACKS_A_NOUN.search(m.text) is not None)


def _is_widened(m: Mention) -> bool:
    """Whether a mention's concept lacks a word of its kind or site that no qualifier can tell: "virus" of "C virus"."""
    if m.concept is None or m.concept.match not in ("broader", "alike"):
        return False
    alone = re.search(r"\b\w\b", m.text) is not None
    return (alone or m.concept.match == "alike") and any(w not in QUALIFIERS for w in missing_words(m))


def _shares(first: Mention, second: Mention) -> bool:
    """Whether the first of two joined names lacks what ends the second: a noun, or the place it is of."""
    one, other = first.text, second.text
    if _has_its_noun(first, other):
        return False
    noun, place = HEAD_NOUN.search(other), re.search(r" of (the )?\w+", other)
    lacks_noun = noun is not None and not HEAD_NOUN.search(one) and len(one.split()) <= len(other.split())
    short = LACKS_A_NOUN.search(one)
    sited = re.search(r"\b(in|of) (the )?\w+$", one) is not None and HEAD_NOUN.search(one.split(" ")[0]) is not None
    if sited and not re.search(r"\b(in|of)\b", other) and not HEAD_NOUN.search(other):
        return True
    return bool(lacks_noun and short) or (place is not None and " of " not in one and "situ" not in other)


def _has_its_noun(first: Mention, other: str) -> bool:
    """Whether the concept of a name says what the name lacks: "bacterial" of "bacterial or viral infections"."""
    concept, noun = first.concept, HEAD_NOUN.search(other)
    if concept is None or concept.match not in ("name", "parts") or noun is None:
        return False
    same = noun[0].casefold()[:6] in concept.name.casefold()
    disease = r"disease|disorder|illness|condition"
    return (
        same
        or bool(re.match(disease, noun[0], re.I) and re.search(disease, concept.name, re.I))
        or (re.match(r"cancers?|carcinomas?", noun[0], re.I) is not None and first.type == "CANCER")
    )


def _operators(logic: Logic) -> set[str]:
    return {logic.op}.union(*map(_operators, logic.parts))


def _outside(scope: Scope) -> str:
    """The criterion's text with its mentions and riders blanked out and a heading at its end left away."""
    criterion = scope.criterion
    own = re.split(r"\n\s*\n(?=[^\n]*:?\s*$|[^\n]{1,40}:)", scope.words)[0]
    text = list(own)
    for m in scope.mentions:
        first, end = max(m.start - criterion.start, 0), min(m.end - criterion.start, len(own))
        text[first:end] = "\ue000" * (end - first)
    for rider in scope.riders:
        text[rider.start - criterion.start : rider.end - criterion.start] = " " * (rider.end - rider.start)
    bare = PHRASES.sub(lambda found: " " * len(found[0]), "".join(text))
    return NUMERALS.sub(" ", BESIDE_A_FACT.sub(" ", bare))


def _cases(
    scope: Scope, logic: Logic, facts: Sequence[Mention], thresholds: Sequence[Threshold], text: str
) -> Iterator[Left]:
    """Exceptions and conditions that the text sets and the tree lacks."""
    operators = _operators(logic)
    conditional = any(t.condition for t in thresholds)
    spares, cases = len(SPARES.findall(text)), len(CASES.findall(text))
    told = (
        "except" in operators
        or any("exc" in m.attributes for m in facts)
        or "if" in operators
        or (conditional and spares <= 1)
    )
    if spares and not told:
        yield Left("case", "exception outside the logic")
    if cases and "if" not in operators and not conditional and "except" not in operators:
        yield Left("case", "condition outside the logic")
    elif cases + spares > 1 + ("except" in operators and "if" in operators):
        yield Left("case", "more conditions than the logic has")
    elif any(STATES.search(re.split(BREAK, text[cue.end() :])[0]) for cue in SPARED_IF.finditer(text)):
        yield Left("case", "condition told in part")
    if WHICHEVER.search(scope.text, scope.criterion.start, scope.criterion.end):
        yield Left("time", "one of several times")


def _togetherness(scope: Scope, logic: Logic, facts: Sequence[Mention], text: str) -> Iterator[Left]:
    """Signs that facts may go together in another way than the tree says."""
    operators = _operators(logic)
    children = [part for part in _leaves(logic) if part.criterion is not None]
    sentences = re.split(BREAK, text.strip(" .;\n*-"))
    if not children and OPEN_END.search(text):
        yield Left("logic", "lead-in without what follows")
    if _is_negated_outside(scope, operators, text):
        yield Left("logic", "negation outside the logic")
    if children and facts and (len(facts) > 1 or len(sentences) > 1):
        yield Left("logic", "sub-criteria beside several facts")
    elif len(facts) > 1 and sum("\ue000" in s for s in sentences) > 1 and not _is_one_list(scope, logic, facts, text):
        yield Left("logic", "several sentences")
    elif scope.excludes and logic.op == "not" and logic.parts[0].said is None:
        yield Left("logic", "negation under an exclusion")
    elif _is_told_by_others(scope, facts):
        yield Left("logic", "definition that other facts stand in")
    else:
        yield from _list(scope, logic, len(facts), text)
    if any(_continues_a_relation(scope, m) for m in facts):
        yield Left("logic", "list shared with a relation")


def _is_told_by_others(scope: Scope, facts: Sequence[Mention]) -> bool:
    """Whether a disease is defined by a treatment it needs: "active metastases, defined as requiring steroids"."""
    cue = DEFINED.search(scope.words)
    place = scope.criterion.start + cue.start() if cue else 0
    before = any(m.end <= place and m.type in ("CANCER", "CONDITION") for m in facts)
    return cue is not None and before and any(m.start > place and m.type in TREATMENTS for m in facts)


def _is_one_list(scope: Scope, logic: Logic, facts: Sequence[Mention], text: str) -> bool:
    """Whether semicolons alone part a criterion, and its tree joins the parts as its side does."""
    whole = re.search(r"[.]\s+\S|\n\s*\n|\n\s*[-*•]", text.strip(" .;\n*-")) is None
    alike_all = len({"treatment" if m.type in TREATMENTS else m.type for m in facts}) == 1
    return whole and alike_all and logic.op == ("any" if scope.excludes else "all") and not SPARES.search(text)


def _list(scope: Scope, logic: Logic, facts: int, text: str) -> Iterator[Left]:
    """The first sign that a list of so many facts may be joined otherwise."""
    operators = _operators(logic)
    mixed = operators >= {"all", "any"}
    if mixed and facts > 4:
        yield Left("logic", "many facts in a mixed list")
    elif mixed and any("except" in _operators(part) for part in logic.parts):
        yield Left("logic", "exception within a list")
    elif scope.excludes and _is_attached_to_a_list(scope, logic):
        yield Left("logic", "list that one thing is attached to")
    elif _is_beside_a_treatment(scope, logic):
        yield Left("logic", "state beside a treatment")
    elif scope.excludes and "all" in operators and DISJOINS.search(text) and "any" not in operators:
        yield Left("logic", "alternatives that the logic lacks")


def _is_negated_outside(scope: Scope, operators: set[str], text: str) -> bool:
    """Whether words outside the facts deny something that neither logic nor attributes do."""
    negated = any("neg" in m.attributes for m in scope.mentions)
    told = negated or bool(operators & {"not", "if"}) or bool(scope.excludes and NEGATED_LEAD.match(text))
    return not told and NEGATED.search(text) is not None


def _is_attached_to_a_list(scope: Scope, logic: Logic) -> bool:
    """Whether a measure stands behind alternatives, the last of which alone it may be about."""
    by_id = {m.id: m for m in scope.mentions}
    if logic.op != "all" or logic.parts[0].op != "any" or logic.parts[-1].op != "fact":
        return False
    last = by_id.get(logic.parts[-1].mention or "")
    return last is not None and last.type == "MEASURE" and not in_brackets(scope, last)


def _is_beside_a_treatment(scope: Scope, logic: Logic) -> bool:
    """Whether a stage or state is an alternative to a treatment."""
    types = {m.id: m.type for m in scope.mentions}
    inside = {types.get(part.mention or "") for part in logic.parts} if logic.op == "any" else set()
    here = bool(inside & {"STAGE", "DISEASE_STATE"}) and bool(inside & TREATMENTS)
    return here or any(_is_beside_a_treatment(scope, part) for part in logic.parts)


def _turned(scope: Scope, facts: Sequence[Mention], text: str) -> Iterator[Left]:
    """Words that turn a fact into another: its treatment, its refusal, a need that it gives rise to."""
    named = [m for m in facts if m.type in ("CANCER", "CONDITION")]
    treated = (
        TREATED_FOR.search(scope.before(m)) or ITS_TREATMENT.match(scope.text, m.end, scope.criterion.end)
        for m in named
    )
    past = (RECOVERED_FROM.search(scope.before(m)) for m in facts if m.type in TREATMENTS and not scope.excludes)
    if CONTRAINDICATED.search(text) or NEEDS.search(text) or any(treated) or any(past):
        yield Left("words", "words that turn a fact round")


def _continues_a_relation(scope: Scope, fact: Mention) -> bool:
    """Whether a fact stands in a list whose other members are told by a relation: "in the adjuvant or metastatic
    setting", of which one is how a drug was given and one a fact."""
    tails = {r.tail for r in scope.relations if r.type in ("IN_SETTING", "HAS_STAGE")}
    return fact.type in ("STAGE", "SETTING", "DISEASE_STATE") and any(
        m.id in tails
        and m.type in ("STAGE", "SETTING", "DISEASE_STATE")
        and re.fullmatch(r"\s*(,|/|or|and/or|,\s*(and/or|or|and))\s*", scope.between(m, fact))
        for m in scope.mentions
    )


def _leaves(logic: Logic) -> Iterator[Logic]:
    if logic.op == "fact":
        yield logic
    for part in logic.parts:
        yield from _leaves(part)


def _explanations(
    scope: Scope, logic: Logic, facts: Sequence[Mention], thresholds: Sequence[Threshold]
) -> Iterator[Left]:
    """Mentions that were taken for explanation without a rule that is sure of it."""
    told = {i for part in _leaves(logic) for i in part.about} | {m.id for m in facts}
    told |= {i for t in thresholds for i in t.mentions}
    told |= {m.id for m in scope.mentions for r in scope.riders if r.start <= m.start and m.end <= r.end}
    named = candidates(scope)
    spared = [m for m in named if m.id not in told and not said_otherwise(scope, m, named)]
    if spared:
        yield Left("mention", _counted(len(spared), "mention", "taken for explanation"))


def _words(scope: Scope, logic: Logic, facts: Sequence[Mention], outside: str) -> Iterator[Left]:
    """Words and numbers outside any fact; a lead-in or measures may have the organs named that they are about."""
    leaves = list(_leaves(logic))
    about_organs = {"organ_function", "lab"} & set(scope.criterion.categories)
    heading = not facts or (bool(about_organs) and all(m.type == "MEASURE" for m in facts))
    read = {word for part in leaves for qualifier in part.qualifiers for word in re.split("[- ]", qualifier)}
    if any(m.type in TREATMENTS or "hist" in m.attributes for m in facts):
        read |= HISTORY
    if any(naive_to(scope, m) for m in facts):
        read |= {"naive", "naïve"}
    if any(part.about for part in leaves):
        read |= HISTORY
    if any(m.type == "CONDITION" and "neg" in m.attributes for m in facts):
        read.add("negative")
    if _dosing(scope):
        read |= {"dose", "doses", "dosing", "equivalent", "equivalents"}
    words = unread_words(outside, read, heading=heading)
    words += RECOVERED.findall(outside)
    if words:
        yield Left("words", _counted(len(words), "word", "outside any fact"))


def unread_words(text: str, read: Collection[str] = (), *, heading: bool = False) -> list[str]:
    """Words and numbers `_outside` a criterion's mentions, not empty of meaning, none of those `read` otherwise."""
    words = re.findall(r"[^\W\d_]{2,}|\b\d+(?:\.\d+)?\b(?![.)])", (ORGANS.sub(" ", text) if heading else text))
    return [w for w in words if w.casefold() not in EMPTY and w.casefold() not in read and "\ue000" not in w]


def says_nothing(scope: Scope) -> bool:
    """Whether a criterion without facts is a number, a heading, or says that nothing is asked here."""
    words = " ".join(NUMERALS.sub(" ", PHRASES.sub(" ", scope.words)).split()).strip(" .:;,-*•")
    return not scope.mentions and (UNASKED.fullmatch(words) is not None or not re.search(r"[^\W\d_]{2,}", words))
