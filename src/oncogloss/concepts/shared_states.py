"""Markers in a list of which the last, or a word before the first, tells the state of all: "ER, PR and HER2 negative",
"EGFR- or ALK-positive", "no EGFR or ALK alterations", "deleterious BRCA1 or BRCA2"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from oncogloss.concepts.markers import says_state
from oncogloss.concepts.shared_nouns import lists_of
from oncogloss.schema import Mention

_JOINED = re.compile(
    r"\s*(?:[,/&]\s*(?:(?:and\s?/\s?or|and|or|nor)\s+)?|(?:and\s?/\s?or|and|or|nor)\s+)", re.IGNORECASE
)
_OR = re.compile(r"\bor\b", re.IGNORECASE)  # of "HR-, HER2-positive" and "HR- and HER2-positive" the first is negative
_SPELLED = re.compile(r"[-‑]\s?[a-z]", re.IGNORECASE)
_LEADING = re.compile(
    r"\b(deleterious|pathogenic|mutated|mutant|amplified|overexpressed|rearranged)\s+$", re.IGNORECASE
)
_DENIED = re.compile(r"\b(?:no|without|absence of|lack(?:s|ing)?(?: of)?|neither)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)


def with_shared_states(
    mentions: Sequence[Mention], texts: Mapping[str, str]
) -> tuple[tuple[Mention, ...], dict[str, str]]:
    """(the mentions, those of a denied list all denied; the words, by id, that each bare marker of a list, or gene that
    stands for one, is named by with its shared state). `texts` are the passages by name."""
    genes = {(m.passage, m.start): m for m in mentions if m.type == "GENE"}
    markers = _markers(mentions, genes)
    named: dict[str, str] = {}
    denied: set[str] = set()

    def state_of(m: Mention) -> str:
        return m.text[len(genes[m.passage, m.start].text) :]

    for list_ in lists_of(markers, texts, _JOINED, lambda m: not state_of(m)):
        last, text = list_[-1], texts[list_[0].passage]
        before = text[max(0, list_[0].start - 40) : list_[0].start]
        state, leading = state_of(last), _LEADING.search(before)
        if state and says_state(state):
            named |= {m.id: f"{m.text}{state}" for m in list_[:-1]}
        elif leading and not state:
            word = "mutation" if leading[1].casefold() in ("deleterious", "pathogenic") else leading[1]
            named |= {m.id: f"{m.text} {word}" for m in list_}
        if "neg" in last.attributes and _DENIED.search(before):
            denied |= {m.id for m in list_}
    for list_ in lists_of(markers, texts, _JOINED, lambda m: state_of(m) in ("", "-", "‑")):
        symbols = [genes[m.passage, m.start].text for m in list_]
        state = state_of(list_[-1])
        joined = len(set(symbols)) > 1 and texts[list_[0].passage][list_[-2].end : list_[-1].start]
        if joined and _OR.search(joined) and _SPELLED.match(state) and says_state(state):
            named |= {m.id: f"{symbol}{state}" for m, symbol in zip(list_[:-1], symbols, strict=False)}
    changed = tuple(
        m.model_copy(update={"attributes": (*m.attributes, "neg")})
        if m.id in denied and "neg" not in m.attributes
        else m
        for m in mentions
    )
    return changed, named


def _markers(mentions: Sequence[Mention], genes: Mapping[tuple[str, int], Mention]) -> list[Mention]:
    """The markers that begin with a gene, and the genes that are part of nothing else, in order."""
    others = [m for m in mentions if m.type != "GENE"]
    alone = {
        place: gene
        for place, gene in genes.items()
        if not any(m.passage == gene.passage and m.start < gene.end and gene.start < m.end for m in others)
    }
    markers = {(m.passage, m.start): m for m in others if m.type == "BIOMARKER" and (m.passage, m.start) in genes}
    return [m for _, m in sorted((alone | markers).items())]
