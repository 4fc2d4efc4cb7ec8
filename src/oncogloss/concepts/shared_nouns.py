"""The noun that the classes of one list share: of "PD-1 or PD-L1 inhibitors" the first is "PD-1 inhibitors", of
"anti-PD-1 or PD-L1" the second "anti-PD-L1"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

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
    for listed in _lists(classes, texts):
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


def _lists(classes: Sequence[Mention], texts: Mapping[str, str]) -> Iterator[list[Mention]]:
    """The classes, those together that are but joined to one another."""
    found: list[Mention] = []
    for m in classes:
        follows = bool(found) and found[-1].passage == m.passage
        if found and not (follows and _JOINED.fullmatch(texts[m.passage], found[-1].end, max(m.start, found[-1].end))):
            yield found
            found = []
        found.append(m)
    if found:
        yield found
