"""The coverage ledger: how far each stretch of an eligibility text was understood.

The extraction's criteria must have their logic already. A criterion counts as structured where nothing in it is left
over; what is left over is said as the reason, never by the text's own words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from oncogloss.schema import Coverage, CoverageStatus, Criterion, Document, Extraction, Logic, Mention
from oncogloss.structure.facts import Scope, candidates, qualifiers_of, said_otherwise, scopes
from oncogloss.structure.notation import mentions_in

HEADING = "heading"
NO_FACT = "no fact found"

# Words that carry no fact of their own: grammar, how criteria are worded, how findings are shown
_EMPTY_WORDS = """
a able about above acceptable according adequate after against age agree all allowed also am an and another any apart
are as at available based be because been before being below beyond both but by can candidate case cases clinical
clinically completed completion concomitant concomitantly concurrent concurrently confirmed considered consistent
criteria current currently cytologically day days defined demonstrated despite determined diagnosed diagnosis disease
diseases documentation documented due during each either eligibility eligible enrolled enrollment enrolment entry etc
evaluated evidence except exception exceptions excluded excluding exclusion exist existing experienced following follows
for from function given had has have having he her his histologic histological histologically histology history if in
include included includes including inclusion indicated individual individuals into investigator is it its known
laboratory last least less level levels limited lines may medical met method month months more most must my no nor
normal not obtained of on one ongoing only or order other others otherwise out over participant participants
participation past pathologically patient patients per performed permitted person persons planned possible presence
present previous previously prior proven provided receive received receiving recovered required requirement requires
requiring results score screening shall she should since sites specific stable start started status studied study
subject subjects such suffering suitable taking test tests than that the their them then there these they this those
through time times to treated treatment trial under undergo undergone underwent unless unlimited until up upon use used
using values via was week weeks were when where which while who whom whose will willing willingness with within without
would year years
assessed assessment between calculated condition conditions criterion deemed described estimated evaluation evidenced
first ineligible measured meet meeting note see specified whichever you
"""
NAMED = (
    "BIOMARKER",
    "CANCER",
    "CONDITION",
    "DRUG",
    "DRUG_CLASS",
    "GENE",
    "MEASURE",
    "PROCEDURE",
    "REGIMEN",
)  # by concepts
_EMPTY = frozenset(_EMPTY_WORDS.split())


def coverage_of(document: Document, extraction: Extraction) -> tuple[Coverage, ...]:
    """The stretches of every passage that has criteria, in order; together they are the whole passage."""
    found: list[Coverage] = []
    read = scopes(document, extraction)
    linked = any(m.concept is not None for m in extraction.mentions)
    for passage in document.passages:
        own = sorted((s for s in read if s.criterion.passage == passage.name), key=lambda s: s.criterion.start)
        if not own:
            continue
        position = 0
        for scope in [*own, None]:
            stop = scope.criterion.start if scope else len(passage.text)
            found += _between(passage.name, passage.text, position, stop)
            if scope is not None:
                end = max(
                    stop, min([scope.criterion.end, *(s.criterion.start for s in own if s.criterion.start > stop)])
                )
                status, reason = status_of(scope, linked=linked)
                found.append(Coverage(passage=passage.name, start=stop, end=end, status=status, reason=reason))
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
    yield Coverage(passage=passage, start=start, end=end, status=status, reason=reason)


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


def status_of(scope: Scope, *, linked: bool) -> tuple[CoverageStatus, str]:
    """How far a criterion was understood, and why no further; `linked` says whether mentions were linked at all."""
    criterion = scope.criterion
    if criterion.logic is None and not scope.mentions:
        only = set(criterion.categories) <= {"consent", "compliance"} and bool(criterion.categories)
        return ("partly", "category only") if only else ("untouched", NO_FACT)
    if criterion.logic is None:
        return "partly", "facts without logic"
    left = list(_left_over(scope, criterion.logic, linked=linked))
    return ("partly", "; ".join(left)) if left else ("structured", "nothing left over")


def _left_over(scope: Scope, logic: Logic, *, linked: bool) -> Iterator[str]:
    """What of a criterion is not in its logic, kind by kind."""
    used = set(mentions_in(logic))
    tails = {r.tail for r in scope.relations}
    by_id = {m.id: m for m in scope.mentions}
    loose = [m for m in scope.mentions if m.id not in tails]
    for type_, what in (("VALUE", "value without a measure"), ("TIME", "time without a fact")):
        if any(m.type == type_ and not _inside_another(m, scope.mentions) for m in loose):
            yield what
    facts = [by_id[i] for i in used if i in by_id]
    if any(m.type == "MEASURE" and not scope.valued(m) for m in facts):
        yield "measure without a value"
    unlinked = [
        m for m in facts if m.type in NAMED and m.concept is None and not any(r.head == m.id for r in scope.relations)
    ]
    if linked and unlinked:
        yield _counted(len(unlinked), "fact", "without a concept")
    spared = [m for m in candidates(scope) if m.id not in used and not said_otherwise(scope, m)]
    if spared:
        yield _counted(len(spared), "mention", "taken for explanation")
    words = unread_words(scope, {word for m in facts for word in qualifiers_of(scope, m)})
    if words:
        yield _counted(len(words), "word", "outside any fact")


def _counted(n: int, noun: str, what: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'} {what}"


def _inside_another(m: Mention, others: Iterable[Mention]) -> bool:
    return any(o.start <= m.start and m.end <= o.end and o.end - o.start > m.end - m.start for o in others)


def unread_words(scope: Scope, read: Collection[str] = ()) -> list[str]:
    """Words and numbers of a criterion in no mention, not empty of meaning, none of those `read` otherwise; a
    heading at its end is left out."""
    criterion: Criterion = scope.criterion
    own = re.split(r"\n\s*\n(?=[^\n]*:?\s*$|[^\n]{1,40}:)", scope.text[criterion.start : criterion.end])[0]
    text = list(own)
    for m in scope.mentions:
        for i in range(max(m.start, criterion.start), min(m.end, criterion.start + len(own))):
            text[i - criterion.start] = " "
    words = re.findall(r"[^\W\d_]{2,}|\b\d+(?:\.\d+)?\b(?![.)])", "".join(text))
    return [w for w in words if w.casefold() not in _EMPTY and w.casefold() not in read]


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
