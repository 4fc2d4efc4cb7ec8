"""Markers in a list of which the last, or a word before the first, tells the state of all: "ER, PR and HER2 negative",
"no EGFR or ALK alterations", "deleterious BRCA1 or BRCA2"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from oncogloss.concepts.markers import says_state
from oncogloss.concepts.shared_nouns import lists_of
from oncogloss.schema import Mention

_JOINED = re.compile(
    r"\s*(?:[,/&]\s*(?:(?:and\s?/\s?or|and|or|nor)\s+)?|(?:and\s?/\s?or|and|or|nor)\s+)", re.IGNORECASE
)
_LEADING = re.compile(
    r"\b(deleterious|pathogenic|mutated|mutant|amplified|overexpressed|rearranged)\s+$", re.IGNORECASE
)
_DENIED = re.compile(r"\b(?:no|without|absence of|lack(?:s|ing)?(?: of)?|neither)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)


def with_shared_states(
    mentions: Sequence[Mention], texts: Mapping[str, str]
) -> tuple[tuple[Mention, ...], dict[str, str]]:
    """(the mentions, those of a denied list all denied; the words, by id, that each bare marker of a list is named by
    with its shared state). `texts` are the passages by name."""
    genes = {(m.passage, m.start): m for m in mentions if m.type == "GENE"}
    markers = sorted(
        (m for m in mentions if m.type == "BIOMARKER" and (m.passage, m.start) in genes),
        key=lambda m: (m.passage, m.start, m.end),
    )
    named: dict[str, str] = {}
    denied: set[str] = set()
    for list_ in lists_of(markers, texts, _JOINED, lambda last: last.end == genes[last.passage, last.start].end):
        last, text = list_[-1], texts[list_[0].passage]
        before = text[max(0, list_[0].start - 40) : list_[0].start]
        gene = genes[last.passage, last.start]
        state = text[gene.end : last.end]
        leading = _LEADING.search(before)
        if state and says_state(state):
            named |= {m.id: f"{m.text}{state}" for m in list_[:-1]}
        elif leading and not state:
            word = "mutation" if leading[1].casefold() in ("deleterious", "pathogenic") else leading[1]
            named |= {m.id: f"{m.text} {word}" for m in list_}
        if "neg" in last.attributes and _DENIED.search(before):
            denied |= {m.id for m in list_}
    changed = tuple(
        m.model_copy(update={"attributes": (*m.attributes, "neg")})
        if m.id in denied and "neg" not in m.attributes
        else m
        for m in mentions
    )
    return changed, named
