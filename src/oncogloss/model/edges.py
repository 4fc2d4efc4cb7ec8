"""What the layout of a text says of its edges: where sentences and criteria end (before the bullet or number of the
next one, a criterion never inside what it names itself), and where numbers and headings say that something begins."""

from __future__ import annotations

import re
from collections.abc import Collection

_NEXT_BULLET = re.compile(r"\n[ \t]*(?:[-*•·▪]|\(?[0-9]{1,2}[.)]|\(?[a-zA-Z][.)])?\s*\Z")
_ITEM = r"(?:[-*•·▪]+|o|\(?(?:[0-9]{1,2}|[a-zA-Z])\\?[.)]|\(?[ivx]{2,4}\))"
_SECTION = r"[0-9]{1,2}(?:\.[0-9]{1,2}){1,3}\.?"  # the number of a section of a protocol
_ON_NEXT_LINE = re.compile(rf"\n[^\S\n]*(?:{_SECTION}|(?:{_ITEM})?(?:[^\S\n]+\(?[0-9]{{1,2}}\\?[.)])?)\s*\Z")
_PAGE_FOOT = re.compile(r"\n[^\n]*\b[Pp](?:age|AGE) [0-9]+ of [0-9]+\b[^\n]*(?:\n[A-Z\W]+)?\Z")
_NUMBERED = re.compile(
    r"^[^\S\n]*(?:[-*•·▪][^\S\n]+)?(?P<open>\(?)(?P<number>[0-9]{1,2}|[a-z])\\?(?P<close>[.)])[^\S\n]+(?=\S)",
    re.MULTILINE,
)
_SIDE_HEADING = re.compile(
    rf"^[^\S\n]*[#*_]*(?:(?:{_SECTION}|[0-9]{{1,2}}[.)])[^\S\n]+)?(?P<heading>(?:(?:key|main|major|general|patient|subject|"
    r"participant)[^\S\n]+)?(?:inclusion|exclusion)[^\S\n]+criteria)[^\S\n]*:?[*_]*[^\S\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
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


def running_items(text: str) -> list[int]:
    """Where the items of lists begin whose number or letter follows that of an item before."""
    found: list[int] = []
    reached: dict[tuple[str, str, bool], list[int]] = {}
    for item in _NUMBERED.finditer(text):
        number = item["number"]
        place = int(number) if number.isdigit() else ord(number) - ord("a") + 1
        lists = reached.setdefault((item["open"], item["close"], number.isdigit()), [])
        if place - 1 in lists:
            del lists[len(lists) - lists[::-1].index(place - 1) :]
            lists[-1] = place
            found.append(item.end())
        elif place == 1:
            lists.append(1)
    return found


def side_headings(text: str) -> list[int]:
    """Where lines begin, behind their number, that say "inclusion criteria" or "exclusion criteria" and no more."""
    return [m.start("heading") for m in _SIDE_HEADING.finditer(text)]


def has_own_line(text: str, start: int, items: Collection[int]) -> bool:
    """Whether what begins at `start` is first on its line, and no item begins on it."""
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    return is_bare(text[text.rfind("\n", 0, start) + 1 : start]) and not any(start <= item < end for item in items)


def criterion_end(text: str, start: int, stop: int, named: int) -> int:
    """Where the criterion from `start` ends, if the next thing begins at `stop`: without white space before that, its
    bullet or number, and the foot of a page, unless a mention of the criterion, the last of which ends at `named`,
    reaches into these."""
    inner = text[start:stop]
    end = start + len(_PAGE_FOOT.sub("", _without_item(inner, last=stop == len(text)).rstrip()).rstrip())
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
