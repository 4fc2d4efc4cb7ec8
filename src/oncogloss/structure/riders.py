"""Clauses that ride on a fact: what would follow from it, what it needs, what an allergy is to. They say how the fact
must be, and are kept in the text's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from oncogloss.schema import Mention
from oncogloss.structure.names import TREATMENTS, alike
from oncogloss.structure.scope import Rider, Scope
from oncogloss.structure.wording import BREAK, EMPTY, HINDERS, PHRASES, TRIAL

_OPENS = re.compile(
    r"\b(that|which)\b|\b(un)?likely to\b|\b(potential(ly)?|sufficient(ly)?|severe enough) to\b|\bpotentially\b"
    r"|\b(interfer|preclud|limit|compromis|jeopardi[sz]|affect|impair|prevent|hamper|imped|hinder|confound|complicat"
    r"|render|endanger)ing\b",
    re.I,
)
_NEEDING = re.compile(r"\b(requiring|(that|which|who) (requires?|needs?)|needing|in need of)\b", re.I)
_CARE_WORDS = """
active antibiotic antibiotics chronic continuous drug drugs hospital hospitalisation hospitalization immediate
intervention interventions long-term management medical medication medications ongoing surgical systemic therapies
therapy urgent
"""
_CARE = EMPTY | frozenset(_CARE_WORDS.split())
_ALLERGY = re.compile(r"allerg|hypersensitiv|intoleran|anaphyla|reaction|sensitivity", re.I)
_ALLERGENS_WORDS = """
active agent agents attributed biologic biological chemical chemically class combination component components
composition compound compounds constituent constituents contained containing device drug drugs excipient excipients
formulary formulated formulation formulations imp inactive ingredient ingredients investigational involved ip its
material materials medication medications medicinal medicine medicines preparation product products protocol related
similar structurally structure substance substances their therapies therapy treatments used within
"""
_ALLERGENS = EMPTY | frozenset(_ALLERGENS_WORDS.split())
_TO = re.compile(
    r"\s*(\([^()]*\)\s*)?(,\s*)?(that (was|were|is|are) )?(attributed )?(to|against|from|with|of|towards)\b", re.I
)
_SITED = re.compile(
    r"\b(in|to|of) (the |either |both |one )?(study|fellow|non-?study|contralateral|ipsilateral)?( |-)?eyes?\b", re.I
)
_PART = r"(?:sub-?)?(?:cohorts?|modules?|parts?|phases?|arms?|strat(?:um|a)|(?:treatment )?groups?|steps?)"
_NEXT = rf"(?:,| and| or|/|, and|, or) ?(?:{_PART} )?(?:[A-Z]?\d+[a-z]?|[A-Z]|[IVX]+)"
_WHICH = rf"{_PART} (?:[A-Z]?\d*[a-z]?|[IVX]+[ab]?)(?:{_NEXT})*\b"
_IN_A_PART = re.compile(
    rf"\W*(?P<words>(?:for|in) (?:the )?(?:(?:patients|participants|subjects) (?:in|on|of"
    rf"|enrolled in) (?:the )?)?{_WHICH}"
    r"(?: only)?(?: (?:patients|participants|subjects))?(?: only)?) ?[,:]", re.I,
)  # fmt: skip
_PART_BEHIND = re.compile(
    rf"(?P<words>\((?:for |in )?{_WHICH}(?: only)?(?: (?:patients|participants|subjects))?(?: only)?\))[.;\s]*$", re.I
)
_EQUIVALENT = re.compile(r"[\s,/(]*(?:or )?(?:its |an |the |their )?equivalents?\b", re.I)
_ENDS = re.compile(rf"{BREAK}|[;:]|,?\s*\(?\b(e\.g|i\.e|such as)\b|[.\s]*$", re.I)
_TAIL = re.compile(
    r"(,? ?\b(including|such as|but|and|or|not|limited|to)\b[, :]*)+$|,? (is|are|(will|must"
    r"|should) be) (\w+ )?(ineligible|excluded|eligible).*$",
    re.I,
)
_GENERAL = re.compile(r"\b(others?|any)\b", re.I)


def part_in(scope: Scope) -> Rider | None:
    """The clause that asks a criterion in one part of the trial alone: "For cohort B only, …", "… (phase 2 only)"."""
    found = _IN_A_PART.match(scope.words) or _PART_BEHIND.search(scope.words)
    if found is None:
        return None
    start = scope.criterion.start + found.start("words")
    end = scope.criterion.start + found.end("words")
    return Rider(start, end, " ".join(found["words"].split()), ())


def riders_of(scope: Scope, facts: Sequence[Mention]) -> list[Rider]:
    """The clauses that ride on the facts of a criterion, in order, none within another."""
    found: list[Rider] = []
    for rider in sorted(_riders(scope, facts), key=lambda r: (r.start, -r.end)):
        if not found or rider.start >= found[-1].end:
            found.append(rider)
    return found


def _riders(scope: Scope, facts: Sequence[Mention]) -> Iterator[Rider]:
    if (part := part_in(scope)) is not None:
        yield part
    yield from _on_mentions(scope, facts)
    span = scope.criterion.start, scope.criterion.end
    for opened in _OPENS.finditer(scope.text, *span):
        for rider in _clause(scope, facts, opened.start(), TRIAL, _behind(facts, opened.start(), scope)):
            if HINDERS.search(rider.words.casefold()):
                yield rider
    for opened in _NEEDING.finditer(scope.text, *span):
        yield from _clause(scope, facts, opened.start(), _CARE, _behind(facts, opened.start(), scope))
    for sited in _SITED.finditer(scope.text, *span):
        held = _behind(facts, sited.start(), scope)
        if held:
            yield Rider(sited.start(), sited.end(), " ".join(sited[0].split()).casefold(), held)


def _on_mentions(scope: Scope, facts: Sequence[Mention]) -> Iterator[Rider]:
    """What stands right behind a mention: what an allergy is to, that a drug may be another like it."""
    for m in scope.mentions:
        if m.type in TREATMENTS and (same := _EQUIVALENT.match(scope.text, m.end, scope.criterion.end)):
            yield Rider(same.start(), same.end(), "or equivalent", (m,))
    for m in facts:
        if m.type == "CONDITION" and _ALLERGY.search(m.text) and (to := _TO.match(scope.text, m.end)):
            start = to.start() + len(to[0]) - len(to[0].lstrip())
            yield from _clause(scope, facts, start, _ALLERGENS, _behind(facts, m.end, scope))


def _behind(facts: Sequence[Mention], place: int, scope: Scope) -> tuple[Mention, ...]:
    """The last fact before a place, and those that are but joined to it by "or" or a stroke: of a longer list a clause
    belongs to the last item alone."""
    before = [m for m in facts if m.end <= place]
    if not before or re.search(BREAK, scope.text[before[-1].end : place]):
        return ()
    held = [before[-1]]
    for m in reversed(before[:-1]):
        gap = scope.text[m.end : held[0].start]
        if (
            not alike(m, held[0])
            or not re.fullmatch(r"\s*(and/or|and|or|/)\s*([\w-]+\s+)?", gap)
            or _GENERAL.search(gap)
        ):
            break
        held.insert(0, m)
    return tuple(held)


def _clause(
    scope: Scope, facts: Sequence[Mention], start: int, known: frozenset[str], held: tuple[Mention, ...]
) -> Iterator[Rider]:
    """The clause from a place to where its sentence ends, if all its words are known and no fact stands in it."""
    stop = _ENDS.search(scope.text, start, scope.criterion.end)
    end = stop.start() if stop else scope.criterion.end
    if held and scope.text.count("(", held[-1].end, start) > scope.text.count(")", held[-1].end, start):
        end = min(end, scope.text.find(")", start) if scope.text.find(")", start) >= 0 else end)
    if not held or any(start <= m.start < end for m in facts):
        return
    text = list(scope.text[start:end])
    for m in scope.mentions:
        if start <= m.start and m.end <= end:
            text[m.start - start : m.end - start] = " " * (m.end - m.start)
    bare = PHRASES.sub(" ", "".join(text)).casefold()
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*|\d+", bare)
    unknown = [
        w
        for w in words
        if w not in known
        and len(w) > 1
        and not (known is TRIAL and HINDERS.fullmatch(w))
        and not _parts_known(w, known)
    ]
    if not unknown and any(w not in EMPTY for w in words):
        yield Rider(start, end, _TAIL.sub("", " ".join(scope.text[start:end].split())).strip(" ,"), held)


def _parts_known(word: str, known: frozenset[str]) -> bool:
    return "-" in word and all(part in known for part in word.split("-"))
