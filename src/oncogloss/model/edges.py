"""Where sentences and criteria end: before the bullet or number of the next one, a criterion never inside what it names
itself."""

from __future__ import annotations

import re

_NEXT_BULLET = re.compile(r"\n[ \t]*(?:[-*•·▪]|\(?[0-9]{1,2}[.)]|\(?[a-zA-Z][.)])?\s*\Z")
_ITEM = r"(?:[-*•·▪]+|o|\(?(?:[0-9]{1,2}|[a-zA-Z])[.)]|\(?[ivx]{2,4}\))"
_ON_NEXT_LINE = re.compile(rf"\n[^\S\n]*{_ITEM}?\s*\Z")
_ON_SAME_LINE = re.compile(rf"(?P<last>\S+)(?P<stop>[.;])(?:[^\S\n]+(?:and|or))?[^\S\n]+(?P<item>{_ITEM})[^\S\n]*\Z")
_TAIL = 80  # so much of a text's end is looked at for an item
_LONE = re.compile(r"[(\[]?(?:(?P<number>[0-9.]+)|(?P<letter>[a-zA-Z]|[ivxIVX]+))[)\]]?")
_SHORT = re.compile(  # what a stop shortens and does not end
    r"[(\[]*(?:abs|al|approx|art|ca|cf|dr|e\.g|eg|esp|excl|fig|gr|hep|i\.e|ie|incl|inj|max|min|nos?|nr|pts?|ref|resp|"
    r"sec|spp|st|stat|tab|temp|typ|v|ver|vit|vol|vs)",
    re.IGNORECASE,
)
_BARE = re.compile(r"[\W_]*|[\s*•·▪\\-]*[(\[]?(?:[0-9]{1,2}(?:\.[0-9]{1,2}){0,2}|[a-zA-Z]|[ivxIVX]{2,4})[\s.):\]\\]*")


def without_bullet(text: str) -> str:
    """The text without white space at its end, nor the bullet or number of the line that follows it."""
    return _NEXT_BULLET.sub("", text).rstrip()


def is_bare(text: str) -> bool:
    """Whether a text is nothing but signs, or a list's number or letter."""
    return _BARE.fullmatch(text) is not None


def criterion_end(text: str, start: int, stop: int, named: int) -> int:
    """Where the criterion from `start` ends, if the next thing begins at `stop`: without the white space before that,
    nor its bullet or number, unless a mention of the criterion, the last of which ends at `named`, reaches into it."""
    inner = text[start:stop]
    end = start + len(_without_item(inner, last=stop == len(text)).rstrip())
    return end if named <= end else start + len(inner.rstrip())


def _without_item(text: str, *, last: bool) -> str:
    shorter = _ON_NEXT_LINE.sub("", text)
    if last or len(shorter) < len(text):
        return shorter
    found = _ON_SAME_LINE.search(text[-_TAIL:])
    if found is None:
        return text
    before = text[: found.start("item") - len(text[-_TAIL:])]
    return before if _is_next_item(before, found) else text


def _is_next_item(before: str, found: re.Match[str]) -> bool:
    """Whether what stands after a stop is the next item's, not the criterion's own ("(at worst. 2)", "no. 2.",
    "hepatitis A; B.", "stage I. II.")."""
    item, last = found["item"], found["last"]
    if item[0] != "(" and item[-1] == ")" and before.count("(") > before.count(")"):
        return False
    if item[-1] == "." and found["stop"] == "." and _SHORT.fullmatch(last):
        return False
    own, other = _LONE.fullmatch(item.rstrip(".)")), _LONE.fullmatch(last)
    if own is None or other is None or own.lastgroup != other.lastgroup:
        return True
    return found["stop"] == "." and own.lastgroup == "number"
