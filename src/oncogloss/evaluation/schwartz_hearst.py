"""Abbreviations by rule: the algorithm of Schwartz & Hearst (2003), to stand beside what the network finds."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BRACKETS = re.compile(r"\(([^()]+)\)")
_SENTENCE_END = re.compile(r"[.;!?]\s+(?=[A-Z])|\n")
_INSIDE_END = re.compile(r"[,;]\s")


def abbreviations(text: str) -> Iterator[tuple[str, str]]:
    """(short form, long form) of each pair that brackets define: `long (short)` or `short (long)`."""
    for found in _BRACKETS.finditer(text):
        sentence = max((m.end() for m in _SENTENCE_END.finditer(text, 0, found.start())), default=0)
        before = text[sentence : found.start()].split()
        inside = _INSIDE_END.split(found[1])[0].strip()
        if len(inside.split()) <= 2 and _is_short(inside):
            short, words = inside, before[-min(len(inside) + 5, 2 * len(inside)) :]
        elif before and _is_short(before[-1]):
            short, words = before[-1], found[1].split()
        else:
            continue
        long = _long_form(short, " ".join(words))
        if long:
            yield short, long


def _is_short(form: str) -> bool:
    return 2 <= len(form) <= 10 and form[0].isalnum() and any(c.isalpha() for c in form)


def _long_form(short: str, candidate: str) -> str:
    """The shortest end of `candidate` that has the characters of `short` in order, the first at a word's start."""
    lower, at = candidate.lower(), len(candidate)
    letters = [c for c in short.lower() if c.isalnum()]
    for position, letter in reversed(list(enumerate(letters))):
        at = lower.rfind(letter, 0, at)
        while position == 0 and at > 0 and lower[at - 1].isalnum():
            at = lower.rfind(letter, 0, at)
        if at < 0:
            return ""
    at = candidate.rfind(" ", 0, at) + 1
    long = candidate[at:]
    words = len(re.findall(r"[^\s-]+", long))
    contained = short in long.split()
    return "" if contained or len(long) < len(short) or words > min(2 * len(letters), len(letters) + 5) else long
