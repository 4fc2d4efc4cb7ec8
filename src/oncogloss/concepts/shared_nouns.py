"""The noun that the classes of one list share: of "PD-1 or PD-L1 inhibitors" the first is "PD-1 inhibitors", of
"anti-PD-1 or PD-L1" the second "anti-PD-L1"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from oncogloss.schema import Mention

_JOINED = re.compile(r"\s*[-®]?\s*(?:[,/+]|(?:,\s*)?\b(?:and/or|and|or)\b)\s*", re.IGNORECASE)
_NOUN = re.compile(
    r"[-\s](?:[-\w]+\s)*?(?:inhibitors?|inducers?|antagonists?|agonists?|blockers?|degraders?|antibod(?:y|ies)|vaccines?"
    r"|analogu?e?s?|(?:inhibiting|targeted|directed|blocking|based|containing)\s(?:therap(?:y|ies)|agents?|drugs?)"
    r"|therap(?:y|ies)|agents?|TKIs?|mAbs?|ADCs?|CAR[- ]T)$",
    re.IGNORECASE,
)
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
