"""The endpoints of a trial: what is measured, when, and by which criteria."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Literal

from oncogloss.schema import Document, Endpoint, Extraction, Mention, Part, Passage, TimeFrame
from oncogloss.structure.names import distinct, inside, key_of, name_of, outermost, tails_of
from oncogloss.structure.quantities import read_time
from oncogloss.structure.time_frames import read_frame

_AIM = r"(?:efficacy |safety |study )?(?:end[ -]?points?|objectives?|outcomes?|aims?)\b"
_CUE = re.compile(
    rf"\b(?P<rank>co-?primary|primary|secondary|tertiary|exploratory)"
    rf"(?: (?:and|or|/) (?:secondary|tertiary|exploratory))? {_AIM}(?: measures?)?(?P<heading>\W*[:\n])?",
    re.IGNORECASE,
)
_NEXT_RANK = re.compile(  # what is said after a rank with its noun, in the same sentence
    r"[,;]\s+(?:and )?(?:key )?(?P<rank>secondary|tertiary|exploratory)\b(?! (?:to|malignan|cancer|tumou?r|primar))"
    r"(?P<heading>\W*[:\n])?",
    re.IGNORECASE,
)
_RANKS = {"primary": "primary", "coprimary": "primary", "secondary": "secondary"}
_SENTENCE_END = re.compile(r"[.!?;]\s+(?=[A-Z*])|\n\s*\n")
_LISTED = re.compile(r"[\s,;/]*(?:(?:and|or)\b)?\s*", re.IGNORECASE)
_NEXT_OUTCOME = re.compile(r"\s*(?:\([^()]*\))?(?:\s*[,;/]|\s*[,;/]?\s*\b(?:and|or|and/or)\b)\s*", re.IGNORECASE)
_LIST_END = re.compile(r"\n[^\n]{0,60}:[ \t]*(?:\n|$)")


def endpoints_of(document: Document, extraction: Extraction) -> tuple[Endpoint, ...]:
    """The endpoints of each outcome of the record: the first OUTCOME that stands in it with those that its title lists
    behind it, else the title.

    A document without such parts has the endpoints that its texts call primary, secondary or the like.
    """
    found = _Measured(document, extraction)
    parts = [p for p in document.parts if p.passage == "outcomes"]
    if parts:
        return tuple(endpoint for part in parts for endpoint in found.of_part(part))
    named = (entry for p in document.passages if p.name != "eligibility" for entry in found.ranked(p))
    once: dict[tuple[str, str], Endpoint] = {}
    for mention, rank in named:
        once.setdefault((key_of(mention), rank), found.endpoint(mention, rank, ()))
    return tuple(once.values())


class _Measured:
    """An extraction, seen by what is measured."""

    def __init__(self, document: Document, extraction: Extraction) -> None:
        self._texts = {passage.name: passage.text for passage in document.passages}
        self._mentions = extraction.mentions
        self._by_id = {m.id: m for m in extraction.mentions}
        self._tails = tails_of(extraction)

    def of_part(self, part: Part) -> Iterator[Endpoint]:
        """The endpoints of a record's outcome."""
        mentions = inside(part, self._mentions)
        named = self._listed([m for m in mentions if m.type == "OUTCOME"], part.start + len(part.label))
        told = {"title": part.label} | ({"time_frame": read_frame(part.time_frame)} if part.time_frame else {})
        for outcome in named:
            yield self.endpoint(outcome, part.kind, mentions, part.end).model_copy(update=told)
        if not named and part.label:
            criteria = distinct(name_of(m) for m in mentions if m.type == "INSTRUMENT")
            unnamed = Endpoint(mention=None, name=" ".join(part.label.split()), rank=part.kind, criteria=criteria)
            yield unnamed.model_copy(update=told)

    def _listed(self, outcomes: Sequence[Mention], end: int) -> list[Mention]:
        """The first of an entry's outcomes, and those that its title, up to `end`, lists behind it."""
        named = list(outcomes[:1])
        for m in outermost(outcomes):
            between = self._texts[m.passage][named[-1].end : m.start]
            if m.end <= end and _NEXT_OUTCOME.fullmatch(between) and key_of(m) not in map(key_of, named):
                named.append(m)
        return named

    def ranked(self, passage: Passage) -> Iterator[tuple[Mention, str]]:
        """The outcomes of a text of which it says whether they are primary, secondary or other."""
        cues = _cues(passage.text)
        for outcome in outermost(m for m in self._mentions if m.type == "OUTCOME" and m.passage == passage.name):
            cue = _cue_of(passage.text, cues, outcome)
            if cue:
                rank = cue["rank"].casefold().replace("-", "")
                yield outcome, _RANKS.get(rank, "other")

    def endpoint(self, outcome: Mention, rank: str, beside: Iterable[Mention], end: int | None = None) -> Endpoint:
        """An outcome with its time frame and instruments, as relations say or as they stand beside it."""
        beside = list(beside)
        times = [*self._last_times(beside, end), *(m.text for m in self._told("HAS_TIME", outcome))]
        judged = [*self._told("ASSESSED_BY", outcome), *(m for m in beside if m.type == "INSTRUMENT")]
        criteria = distinct(name_of(m) for m in judged if m.type == "INSTRUMENT")
        return Endpoint(
            mention=outcome.id, name=name_of(outcome), rank=rank, time_frame=_time_frame(times), criteria=criteria
        )

    def _last_times(self, beside: Iterable[Mention], end: int | None) -> list[str]:
        """The words of the times with which an entry ends at `end`, all of a list together: "week 4, week 8"."""
        times = [m for m in beside if m.type == "TIME"]
        if end is None or not times or end - times[-1].end > 2:
            return []
        text, first = self._texts[times[-1].passage], times[-1]
        for m in reversed(times[:-1]):
            if m.end <= first.start and _LISTED.fullmatch(text, m.end, first.start):
                first = m
        return [text[first.start : times[-1].end]]

    def _told(self, relation: Literal["HAS_TIME", "ASSESSED_BY"], outcome: Mention) -> list[Mention]:
        return [self._by_id[tail] for tail in self._tails.get((relation, outcome.id), ())]


def _cues(text: str) -> list[re.Match[str]]:
    """The words of a text that rank outcomes, in order: "primary endpoint", and in its sentence "secondary" alone."""
    full = list(_CUE.finditer(text))
    after = [
        _NEXT_RANK.finditer(
            text, cue.end(), stop.start() if (stop := _SENTENCE_END.search(text, cue.end())) else len(text)
        )
        for cue in full
    ]
    return sorted({m.end(): m for m in (*chain(*after), *full)}.values(), key=lambda m: m.start())


def _cue_of(text: str, cues: list[re.Match[str]], outcome: Mention) -> re.Match[str] | None:
    """The rank word that speaks of an outcome: the last before it, as far as its sentence or list goes, else the
    next in the same sentence."""
    before = [cue for cue in cues if cue.end() <= outcome.start]
    if before:
        stop = _LIST_END if before[-1]["heading"] else _SENTENCE_END
        if not stop.search(text, before[-1].end(), outcome.start + 1):
            return before[-1]
    after = next((cue for cue in cues if cue.start() >= outcome.end), None)
    if after and not after["heading"] and not _SENTENCE_END.search(text, outcome.end, after.start() + 1):
        return after
    return None


def _time_frame(times: Iterable[str]) -> TimeFrame | None:
    """The first that tells a number of days, else the first that tells an event."""
    read = [frame for words in times if (frame := read_time(words))]
    return next((f for f in read if f.low is not None or f.high is not None), read[0] if read else None)
