"""The scores of immunohistochemistry that markers hold ("HER2 IHC 3+"), as comparisons and beside the test that decides
them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

from oncogloss.schema import Extraction, Mention, Threshold

_SCORE = re.compile(r"IHC ([0-3])\+?")
_JOINED = re.compile(r"\s*[,/–-]?\s*(?:(?:and/or|and|or|to)\s+)?", re.IGNORECASE)
_EQUIVOCAL = re.compile(r"(?:\b|IHC)[12](?:\s?[-–]\s?[23])?\s?\+(?!\w)", re.IGNORECASE)
_ISH = re.compile(r"\b[FCSD]?ISH\b|\bin[- ]?situ ?hybridi[sz]ation\b", re.IGNORECASE)
_DECIDED_BY = re.compile(r"\b[FCSD]?ISH\b|\bin[- ]?situ ?hybridi|\bamplif", re.IGNORECASE)


def is_stained(m: Mention) -> bool:
    """Whether a marker is told by immunohistochemistry."""
    return _told(m).startswith("IHC")


def is_decided(one: Mention, other: Mention) -> bool:
    """Whether a score stands before the test that decides it: "IHC 2+" before "FISH+", which 3+ does not need."""
    return _EQUIVOCAL.search(one.text) is not None and _ISH.search(other.text) is not None


def scores_of(extraction: Extraction, texts: Mapping[str, str]) -> Iterator[tuple[Mention, Threshold]]:
    """The score of each gene in a criterion, with its first mention: alternatives are one range, and there is none
    where another test is named that may do instead ("IHC 3+ or IHC 2+/FISH+")."""
    by_id = {m.id: m for m in extraction.mentions}
    for criterion in extraction.criteria:
        text = texts[criterion.passage]
        if _DECIDED_BY.search(text, criterion.start, criterion.end):
            continue
        of_gene: defaultdict[tuple[str, ...], list[Mention]] = defaultdict(list)
        for m in (by_id[i] for i in criterion.mentions):
            if is_stained(m) and m.concept and m.concept.marker:
                of_gene[m.concept.marker.genes].append(m)
        for genes, found in of_gene.items():
            scores = [score[1] for m in found if (score := _SCORE.fullmatch(_told(m)))]
            low, high = int(min(scores, default="0")), int(max(scores, default="0"))
            joined = all(_JOINED.fullmatch(text, a.end, max(a.end, b.start)) for a, b in pairwise(found))
            if joined and len(scores) == len(found) == high - low + 1:
                yield (
                    found[0],
                    Threshold(
                        criterion=criterion.id,
                        measure=f"{'/'.join(genes)} IHC",
                        operator="=" if low == high else "range",
                        value=low,
                        high=None if low == high else high,
                        unit="1",
                        text=text[found[0].start + found[0].text.rfind(scores[0]) : found[-1].end],
                        mentions=tuple(m.id for m in found),
                    ),
                )


def _told(m: Mention) -> str:
    marker = m.concept.marker if m.type == "BIOMARKER" and m.concept else None
    return (marker.threshold or "") if marker else ""
