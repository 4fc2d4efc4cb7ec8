"""What the names of one list share: of "PD-1 or PD-L1 inhibitors" the first is "PD-1 inhibitors", of "anti-PD-1 or
PD-L1" the second "anti-PD-L1", of "hepatitis B or C" the second "hepatitis C"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from oncogloss.schema import EntityType, Mention

_JOINED = re.compile(r"\s*[-®]?\s*(?:[,/+]|(?:,\s*)?\b(?:and/or|and|or)\b)\s*", re.IGNORECASE)
_NOUN = re.compile(
    r"[-\s](?:[-\w]+\s)*?(?:inhibitors?|inducers?|antagonists?|agonists?|blockers?|degraders?|antibod(?:y|ies)|vaccines?"
    r"|analogu?e?s?|(?:inhibiting|targeted|directed|blocking|based|containing)\s(?:therap(?:y|ies)|agents?|drugs?)"
    r"|therap(?:y|ies)|agents?|TKIs?|mAbs?|ADCs?|CAR[- ]T)$",
    re.IGNORECASE,
)
_SHARING: tuple[EntityType, ...] = ("CONDITION", "PROCEDURE", "CANCER")
_OF_A_KIND = r"(?:[A-E]|\d|I{1,3}V?)\b"  # hepatitis B, type 2, class III
_KIND_FIRST = re.compile(_OF_A_KIND)
_KIND_LAST = re.compile(rf"(?P<noun>.*\S\s+)(?P<kind>{_OF_A_KIND})(?P<rest>.*)", re.DOTALL)
_ANTI = re.compile(r"anti[- ]?(?=\w)", re.IGNORECASE)


def whole_names(mentions: Sequence[Mention], texts: Mapping[str, str]) -> Iterator[tuple[Mention, str]]:
    """The classes whose words are but a gene, each with the name that its list makes of it; `texts` by passage."""
    classes = sorted((m for m in mentions if m.type == "DRUG_CLASS"), key=lambda m: (m.passage, m.start))
    genes = {(m.passage, m.start): m.end for m in mentions if m.type == "GENE"}
    for listed in lists_of(classes, texts, _JOINED):
        ends = [genes.get((m.passage, m.start), m.start) for m in listed]
        noun = prefix = ""
        for m, end in zip(reversed(listed), reversed(ends), strict=True):
            if end < m.end:
                said = _NOUN.fullmatch(m.text[end - m.start :] if end > m.start else "")
                noun = said[0] if said else ""
            elif noun:
                yield m, f"{m.text}{noun}"
        for m, end in zip(listed, ends, strict=True):
            if end < m.end:
                said = _ANTI.match(m.text) if not _NOUN.search(m.text) else None
                prefix = said[0] if said else ""
            elif prefix:
                yield m, f"{prefix}{m.text}"


def shared_names(mentions: Sequence[Mention], texts: Mapping[str, str]) -> Iterator[tuple[Mention, str]]:
    """The names that diseases and procedures may have by the list that they stand in: with the first words of what
    comes before ("hepatitis B or C"), then with the last of what ends it ("stem cell or organ transplantation")."""
    for type_ in _SHARING:
        named = sorted((m for m in mentions if m.type == type_), key=lambda m: (m.passage, m.start))
        for listed in lists_of(named, texts, _JOINED):
            for i, m in enumerate(listed):
                yield from (
                    (m, name) for name in (*_with_noun_before(listed[:i], m), *_with_noun_behind(m, listed[i + 1 :]))
                )


def _with_noun_before(before: Sequence[Mention], m: Mention) -> Iterator[str]:
    kinds = (kind for other in before if (kind := _KIND_LAST.fullmatch(other.text)))
    if _KIND_FIRST.match(m.text) and (kind := next(kinds, None)):
        yield f"{kind['noun']}{m.text}"


def _with_noun_behind(m: Mention, behind: Sequence[Mention]) -> Iterator[str]:
    words = behind[-1].text.split() if behind else []
    for i in range(1, len(words)):
        yield " ".join((m.text.rstrip("-"), *words[i:]))


def lists_of(
    mentions: Iterable[Mention],
    texts: Mapping[str, str],
    joined: re.Pattern[str],
    goes_on: Callable[[Mention], bool] = lambda last: True,
) -> Iterator[list[Mention]]:
    """The mentions, in reading order, those together between which no more than the words `joined` stand; a list ends
    at one of which `goes_on` is false."""
    found: list[Mention] = []
    for m in mentions:
        last = found[-1] if found else None
        if last is not None and not (
            last.passage == m.passage
            and goes_on(last)
            and joined.fullmatch(texts[m.passage], last.end, max(m.start, last.end))
        ):
            yield found
            found = []
        found.append(m)
    if found:
        yield found
