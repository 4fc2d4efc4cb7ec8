"""The coverage ledger: how far each stretch of an eligibility text was understood.

The extraction's criteria must have their logic already. A criterion counts as structured where nothing in it is left
over; what is left over is said as the reason, never by the text's own words.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from oncogloss.schema import Coverage, CoverageStatus, Document, Extraction, Lack, Threshold
from oncogloss.structure.facts import asks_nothing
from oncogloss.structure.lacking import UNDECIDED, Left, lacking, says_nothing
from oncogloss.structure.placing import misplaced
from oncogloss.structure.scope import Scope

HEADING = "heading"
NO_FACT = "no fact found"


class Understood(NamedTuple):
    """How far a criterion was understood, as `Coverage` says it."""

    status: CoverageStatus
    reason: str
    lacks: tuple[Lack, ...] = ()
    decisive: bool = False


def coverage_of(document: Document, extraction: Extraction, read: Sequence[Scope]) -> tuple[Coverage, ...]:
    """The stretches of every passage that has criteria, in order; together they are the whole passage.

    `read` are the criteria with their logic; the extraction has its thresholds.
    """
    found: list[Coverage] = []
    linked = any(m.concept is not None for m in extraction.mentions)
    thresholds: defaultdict[str | None, list[Threshold]] = defaultdict(list)
    for threshold in extraction.thresholds:
        thresholds[threshold.criterion].append(threshold)
    for passage in document.passages:
        own = sorted((s for s in read if s.criterion.passage == passage.name), key=lambda s: s.criterion.start)
        if not own:
            continue
        position, placed = 0, misplaced(own)
        starts = [s.criterion.start for s in own]
        for scope in [*own, None]:
            stop = scope.criterion.start if scope else len(passage.text)
            found += _between(passage.name, passage.text, position, stop)
            if scope is not None:
                end = max(stop, min([scope.criterion.end, *starts[bisect_right(starts, stop) :][:1]]))
                id_ = scope.criterion.id
                understood = status_of(scope, thresholds[id_], placed[id_], linked=linked)
                found.append(Coverage(passage=passage.name, start=stop, end=end, **understood._asdict()))
                position = end
    return tuple(_joined(found))


def _between(passage: str, text: str, start: int, end: int) -> Iterator[Coverage]:
    """What stands outside criteria: a heading, or text that nothing was made of; bullets and blanks have no reason."""
    if start == end:
        return
    words = re.findall(r"[^\W\d_]{2,}", text[start:end])
    lines = [line.strip(" *-•\t") for line in text[start:end].splitlines()]
    heading = all(not line or line.endswith(":") or len(line.split()) <= 6 for line in lines)
    reason = "" if not words else HEADING if heading else NO_FACT
    status: CoverageStatus = "untouched" if reason == NO_FACT else "structured"
    missed = reason == NO_FACT
    lacks: tuple[Lack, ...] = ("facts",) if missed else ()
    yield Coverage(passage=passage, start=start, end=end, status=status, reason=reason, lacks=lacks, decisive=missed)


def _joined(stretches: Iterable[Coverage]) -> Iterator[Coverage]:
    """Bullets and blanks go with what stands before them, those that begin a passage with what follows."""
    kept: list[Coverage] = []
    for stretch in stretches:
        last = kept[-1] if kept and kept[-1].passage == stretch.passage else None
        if last is not None and stretch.reason == "" and stretch.status == "structured" and not _is_criterion(stretch):
            kept[-1] = last.model_copy(update={"end": stretch.end})
        elif last is not None and last.reason == "" and not _is_criterion(last):
            kept[-1] = stretch.model_copy(update={"start": last.start})
        else:
            kept.append(stretch)
    yield from kept


def _is_criterion(stretch: Coverage) -> bool:
    return stretch.reason not in ("", HEADING)


def status_of(
    scope: Scope, thresholds: Sequence[Threshold] = (), placed: Sequence[Left] = (), *, linked: bool
) -> Understood:
    """How far a criterion was understood, and why no further: `placed` is what its place says of it; `linked` tells
    whether mentions were linked at all."""
    logic = scope.criterion.logic
    if logic is None and says_nothing(scope):
        return Understood("structured", HEADING)
    if logic is None and asks_nothing(scope):
        return Understood("structured", "nothing is asked")
    if logic is None and not scope.mentions:
        only = bool(scope.criterion.categories) and set(scope.criterion.categories) <= {"consent", "compliance"}
        status: CoverageStatus = "partly" if only else "untouched"
        return Understood(status, "category only" if only else NO_FACT, ("facts",), decisive=True)
    if logic is None:
        return Understood("partly", "facts without logic", ("facts",), decisive=True)
    left = [*placed, *lacking(scope, logic, thresholds, linked=linked)]
    if not left:
        return Understood("structured", "nothing left over")
    lacks = tuple(dict.fromkeys(one.lack for one in left))
    return Understood("partly", "; ".join(one.reason for one in left), lacks, decisive=bool(UNDECIDED & set(lacks)))


def coverage_shares(coverage: Iterable[Coverage]) -> dict[str, float]:
    """Shares of the criteria and of the characters, by status, of one record or many; headings are no criteria."""
    statuses: tuple[CoverageStatus, ...] = ("structured", "partly", "untouched")
    stretches = list(coverage)
    criteria = [c for c in stretches if _is_criterion(c)]
    characters = sum(c.end - c.start for c in stretches)
    shares = {}
    for status in statuses:
        shares[f"criteria {status}"] = sum(c.status == status for c in criteria) / max(1, len(criteria))
        length = sum(c.end - c.start for c in stretches if c.status == status)
        shares[f"characters {status}"] = length / max(1, characters)
    return shares


def coverage_report(extractions: Iterable[Extraction]) -> str:
    """Markdown: shares by status over all records, and the ten reasons that are given most often."""
    records = [e.coverage for e in extractions]
    stretches = [c for coverage in records for c in coverage]
    shares = coverage_shares(stretches)
    lines = [f"{len(records)} records.", "", "| status | of criteria | of characters |", "|---|---|---|"]
    for status in ("structured", "partly", "untouched"):
        lines.append(f"| {status} | {shares[f'criteria {status}']:.3f} | {shares[f'characters {status}']:.3f} |")
    reasons = Counter(c.reason for c in stretches if c.status != "structured")
    lines += ["", "| reason | stretches |", "|---|---|", *(f"| {r} | {n} |" for r, n in reasons.most_common(10))]
    return "\n".join(lines)
