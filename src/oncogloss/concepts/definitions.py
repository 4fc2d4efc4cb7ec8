"""Definitions of short forms in running text: "progression-free survival (PFS)", "PFS (progression-free survival)".

A bracket offers pairs: a short form, and each stretch beside it that has its letters in order. A log-linear model with
learned weights (`definitions.json`, see `training.definition_weights`) chooses one of them or none.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

MIN_SCORE = 0.5
_MOST_LETTERS, _MOST_WORDS = 16, 3  # of a short form
_LONGEST = 400  # characters of a bracket, and of what is looked at before it
_SIGNS = re.compile(r"[()\[\]\n]")
_SENTENCE_END = re.compile(r"[.;!?]\s+(?=[A-Z]|\Z)|\n")
_LEAD = re.compile(
    r"(?:[\s\"'“‘=]|(?:also|hereafter|abbreviated|termed|called|known|designated|denoted|as|or|the|i\.e\.|e\.g\.)[, ])*"
)
_CUT = re.compile(r"[,;:]\s|\s(?:or|and)\s|\s?=\s?|[\"”’]")
_LAST_WORD = re.compile(r"[^\s(\[]+\Z")
_OPENING = "([\"'“‘"
_SMALL = frozenset((
    "a", "an", "and", "are", "as", "at", "by", "for", "from", "in", "into", "is", "its", "of", "on", "or", "that",
    "the", "their", "this", "to", "was", "with",
))  # fmt: skip
# words and parts of words that stand for a digit: "3D" is "three-dimensional"
_NUMERALS = {
    "1": "one|first|mono", "2": "two|second|di|bi", "3": "three|third|tri", "4": "four|tetra", "5": "five|penta",
    "6": "six|hexa",
}  # fmt: skip
# what the hit of a letter is worth: at a word's start, at the start of a part of one, right behind the hit before, else
_WORTH = (4.0, 3.0, 2.0, 0.0)
_WORD, _PART, _NEXT, _INSIDE = range(4)
_SKIPPED, _LEFT_OUT = 1.5, 4.0  # what a word without a hit costs, and a digit or a plural's s that is not hit
FEATURES = (
    "bias", "bracket holds the long form", "square bracket", "cut inside the bracket", "led in",
    "apposition in the bracket",
    "one letter", "two letters", "three letters", "many letters", "has capitals", "share of capitals", "has digits",
    "starts with a digit", "short words", "plain word", "short form ends with a bracket",
    "word hits", "part hits", "next hits", "inside hits", "all hits start words", "words hit", "capitals hit inside",
    "left out", "first sign left out", "starts inside a word",
    "skipped words", "skipped small words", "words behind", "starts with a small word", "words a letter", "length",
    "holds the short form", "holds a comma", "holds a semicolon", "unbalanced bracket", "begins with a bracket",
    "same first case", "same last letter",
)  # fmt: skip


class Definition(NamedTuple):
    """Where a text defines a short form, and how sure that is."""

    short_start: int
    short_end: int
    long_start: int
    long_end: int
    score: float


class Candidate(NamedTuple):
    """A pair that a bracket may define; its features stand in the order of `FEATURES`."""

    short: tuple[int, int]
    long: tuple[int, int]
    features: tuple[float, ...]


class _Place(NamedTuple):
    """A short form, the stretch that its long form ends, and how they stand."""

    short: tuple[int, int]
    stretch: tuple[int, int]
    inside: bool = False  # is it the long form that the bracket holds?
    square: bool = False
    cut: bool = False
    led: bool = False


class _Hit(NamedTuple):
    """The best way to find the signs from this one (`sign`) on: its worth, where it is hit and how, and the rest."""

    worth: float
    sign: int
    at: int
    kind: int
    after: _Hit | None


def definitions(text: str) -> list[Definition]:
    """All definitions in a text, in the order in which their brackets close."""
    return choose(text, _weights())


def choose(text: str, weights: Sequence[float]) -> list[Definition]:
    """Of the pairs that a bracket may define the likeliest, if it is likelier than not."""
    found = []
    for candidates in brackets(text):
        values = [math.exp(min(30.0, math.fsum(map(float.__mul__, c.features, weights)))) for c in candidates]
        best = max(range(len(values)), key=values.__getitem__)
        score = values[best] / (1 + sum(values))
        if score >= MIN_SCORE:
            found.append(Definition(*candidates[best].short, *candidates[best].long, round(score, 4)))
    return found


@cache
def _weights() -> tuple[float, ...]:
    table = json.loads(resources.files(__package__).joinpath("definitions.json").read_text(encoding="utf-8"))
    return tuple(float(table[name]) for name in FEATURES)


def brackets(text: str) -> Iterator[list[Candidate]]:
    """The candidates of each bracket that has any; brackets may stand in others and end with their line."""
    opened: list[int] = []
    for sign in _SIGNS.finditer(text):
        at = sign.start()
        if text[at] == "\n":
            opened.clear()
        elif text[at] in "([":
            opened.append(at)
        elif opened:
            first = opened.pop()
            if at - first <= _LONGEST and (text[at] == "]") == (text[first] == "["):
                places = _places(text, first, at, opened[-1] + 1 if opened else 0)
                candidates = [c for place in places for c in _candidates(text, place)]
                if candidates:
                    yield candidates


def _places(text: str, first: int, last: int, outer: int) -> Iterator[_Place]:
    """Where pairs may stand, of a bracket from `first` to `last`; what it belongs to begins at `outer` or later."""
    if first - outer > _LONGEST:
        outer = text.find(" ", first - _LONGEST, first) + 1 or first
    sentence = max((m.end() for m in _SENTENCE_END.finditer(text, outer, first)), default=outer)
    outside, square = (sentence, _stripped(text, sentence, first)), text[first] == "["
    lead = _LEAD.match(text, first + 1, last)
    start = lead.end() if lead else first + 1
    led = start > first + 1
    cuts = [m.span() for m in _CUT.finditer(text, start, last)]
    stops = dict.fromkeys(_stripped(text, start, stop) for stop in (*(cut[0] for cut in cuts[:1]), last))
    end = max(stops)
    before = _LAST_WORD.search(text, *outside)
    for stop in stops:
        if _is_short(text[start:stop]):
            yield _Place((start, stop), outside, False, square, stop < end, led)
        if before and _is_short(before[0]):
            yield _Place(before.span(), (start, stop), True, square, stop < end, led)
    if cuts and _is_short(text[cuts[-1][1] : end]):  # (EC 1.1.1.1; SF), (long form, SF)
        short = (cuts[-1][1], end)
        yield _Place(short, outside, False, square, True, True)
        yield _Place(short, (start, _stripped(text, start, cuts[-1][0])), True, square, True, True)


def _stripped(text: str, start: int, end: int) -> int:
    while end > start and (text[end - 1].isspace() or text[end - 1] in "\"'“”‘’,"):
        end -= 1
    return end


def _is_short(form: str) -> bool:
    return (
        1 <= sum(map(str.isalnum, form)) <= _MOST_LETTERS
        and len(form) <= 2 * _MOST_LETTERS
        and (form[0].isalnum() or form[0] in "-[")
        and any(map(str.isalpha, form))
        and len(form.split()) <= _MOST_WORDS
    )


def _candidates(text: str, place: _Place) -> Iterator[Candidate]:
    """All stretches that have the letters in order, the first of them where a word or a part of one starts."""
    short = text[slice(*place.short)]
    signs = [c for c in short if c.isalnum()]
    start, end = place.stretch
    words = list(re.finditer(r"\S+", text[start:end]))[-min(2 * len(signs), len(signs) + 5) :]
    if not words:
        return
    start += words[0].start()
    stretch, beside = (
        text[start:end],
        (1.0, place.inside, place.square, place.cut, place.led, place.inside and place.cut),
    )
    shape = _short_features(short, signs)
    for hit in _alignments([c.lower()[0] for c in signs], stretch):
        word = re.search(r"\S*\Z", stretch[: hit.at])
        whole = word.start() if word else 0
        bare = min(hit.at, len(stretch) - len(stretch[whole:].lstrip(_OPENING)))
        for at in dict.fromkeys((hit.at, bare, whole)):
            if len(stretch) - at > len(short):
                features = (*beside, *shape, *_hit_features(signs, hit, at), *_long_features(short, stretch, hit, at))
                yield Candidate(place.short, (start + at, end), tuple(map(float, features)))


# ---- alignment


def _alignments(letters: Sequence[str], stretch: str) -> list[_Hit]:
    """The best alignment from each place on where the first letter starts a word or a part of one."""
    lower = "".join(c.lower()[0] for c in stretch)
    if not _in_order([letter for index, letter in enumerate(letters) if not _may_lack(letters, index)], lower):
        return []
    number = [m.start() for m in re.finditer(r"\S+", stretch)]
    words = [bisect_right(number, at) for at in range(len(stretch))]
    later: list[_Hit] = []
    may_end = True
    for index in range(len(letters) - 1, -1, -1):
        letter = letters[index]
        hits: list[_Hit] = []
        for at in _occurrences(letter, lower):
            kind = _kind(stretch, at)
            if index or kind != _INSIDE:
                hits += _with_best(_Hit(_WORTH[kind], index, at, kind, None), later, words, may_end)
        optional = _may_lack(letters, index)
        may_end = may_end and optional
        later = hits + [hit._replace(worth=hit.worth - _LEFT_OUT) for hit in later] if optional else hits
    return [hit for hit in later if hit.kind != _INSIDE]


def _in_order(letters: Sequence[str], text: str) -> bool:
    at = 0
    for letter in letters:
        at = text.find(letter, at) + 1
        if at == 0:
            return False
    return True


def _may_lack(letters: Sequence[str], index: int) -> bool:
    """A digit, and the s of a plural, need not be hit."""
    return letters[index].isdigit() or (letters[index] == "s" and index == len(letters) - 1)


def _occurrences(letter: str, lower: str) -> list[int]:
    found = [at for at, c in enumerate(lower) if c == letter]
    if letter in _NUMERALS:
        found += [m.start() for m in re.finditer(rf"\b(?:{_NUMERALS[letter]})", lower)]
    return found


def _kind(stretch: str, at: int) -> int:
    before = stretch[at - 1] if at else " "
    return _INSIDE if before.isalnum() else _PART if before in "-/'.,:)]" else _WORD


def _with_best(hit: _Hit, later: Sequence[_Hit], words: Sequence[int], may_end: bool) -> list[_Hit]:
    """The hit with the best of the next letter's hits behind it; none if there must be one and is none."""
    best, value = None, -_SKIPPED * (words[-1] - words[hit.at]) if may_end else -math.inf
    for other in later:
        if other.at > hit.at:
            bonus = _WORTH[_NEXT] if other.at == hit.at + 1 and other.kind == _INSIDE else 0.0
            worth = other.worth + bonus - _SKIPPED * max(0, words[other.at] - words[hit.at] - 1)
            if worth > value:
                best, value = other, worth
    return [hit._replace(worth=hit.worth + value, after=best)] if value > -math.inf else []


def _path(hit: _Hit) -> list[_Hit]:
    path: list[_Hit] = []
    step: _Hit | None = hit
    while step is not None:
        path.append(step)
        step = step.after
    return path


# ---- features, in the order of FEATURES


def _short_features(short: str, signs: Sequence[str]) -> tuple[float, ...]:
    n, capitals = len(signs), sum(map(str.isupper, signs))
    return (
        n == 1, n == 2, n == 3, n > 7, capitals > 0, capitals / n, any(map(str.isdigit, signs)),
        short[0].isdigit(), len(short.split()) - 1, short.islower() and n > 3, short[-1] in ")]",
    )  # fmt: skip


def _hit_features(signs: Sequence[str], hit: _Hit, at: int) -> tuple[float, ...]:
    counts, inside, n, path = [0, 0, 0, 0], 0, len(signs), _path(hit)
    for before, step in zip([None, *path], path, strict=False):
        kind = _NEXT if before and step.kind == _INSIDE and step.at == before.at + 1 else step.kind
        counts[kind] += 1
        inside += kind == _INSIDE and signs[step.sign].isupper()
    return (
        *(count / n for count in counts), counts[_WORD] == n, min(4, counts[_WORD]), inside / n,
        n - len(path), path[0].sign > 0, hit.kind == _PART and hit.at == at,
    )  # fmt: skip


def _long_features(short: str, stretch: str, hit: _Hit, at: int) -> tuple[float, ...]:
    long, hits = stretch[at:], [step.at - at for step in _path(hit)]
    words = [(m.start(), m.end(), m[0].lower()) for m in re.finditer(r"\S+", long)]
    skipped = [word for first, last, word in words if not any(first <= place < last for place in hits)]
    small, behind = sum(word in _SMALL for word in skipped), sum(first > hits[-1] for first, _, _ in words)
    unbalanced = any(long.count(a) != long.count(b) for a, b in ("()", "[]"))
    return (
        len(skipped) - small - behind, small, behind, words[0][2] in _SMALL,
        len(words) / sum(map(str.isalnum, short)), math.log(len(long) / len(short)),
        short in long, ", " in long, "; " in long, unbalanced, long[0] in _OPENING,
        long[0].isupper() == short[0].isupper(), long[-1].lower() == short[-1].lower(),
    )  # fmt: skip
