"""Logic and thresholds of criteria scored against annotation, on annotated mentions and end to end.

The annotation is `corpus/logic.jsonl.gz`, which `logic_sheets` makes: one record a line, facts named by their offsets
(`(all 12-30 (not 41-50) c97)`), a sub-criterion by where it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from math import isclose
from typing import Any, NamedTuple

from oncogloss.concepts import Vocabulary
from oncogloss.errors import CorpusError
from oncogloss.evaluation.metrics import Score
from oncogloss.pipeline import expand_abbreviations, linked
from oncogloss.schema import (
    TREATMENT_TYPES,
    Criterion,
    Document,
    Extraction,
    Logic,
    Mention,
    ModelInfo,
    PassageReading,
    Relation,
    Threshold,
)
from oncogloss.structure.criteria import logic_of
from oncogloss.structure.notation import canonical, mentions_in, read_logic, write_logic
from oncogloss.structure.quantities import read_quantity
from oncogloss.structure.scope import scopes
from oncogloss.structure.thresholds import thresholds_of
from oncogloss.training.corpora import GoldDocument, GoldPassage, text_hash

Row = Mapping[str, Any]
Clause = frozenset[tuple[bool, str]]  # alternatives, each required (True) or forbidden, by name
MARKERS = ("BIOMARKER", "GENE")
LOGIC = "logic.jsonl.gz"


def gold_extraction(document: GoldDocument, vocabulary: Vocabulary | None = None) -> Extraction:
    """The annotation of a document as if a model had read it, every score 1; linked where a vocabulary is given."""
    mentions: list[Mention] = []
    relations: list[Relation] = []
    criteria: list[Criterion] = []
    for p in document.passages:
        first = len(mentions)
        for e in p.entities:
            mentions.append(
                Mention(
                    id=f"m{len(mentions) + 1}",
                    passage=p.name,
                    start=e.start,
                    end=e.end,
                    text=p.text[e.start : e.end],
                    type=e.type,
                    attributes=e.attributes,
                    score=1.0,
                )
            )
        names = [m.id for m in mentions[first:]]
        relations += (Relation(type=r.type, head=names[r.head], tail=names[r.tail], score=1.0) for r in p.relations)
        criteria += _gold_criteria(p, mentions[first:], len(criteria))
    readings = tuple(PassageReading(name=p.name, text_sha256=p.passage.sha256) for p in document.passages)
    found = expand_abbreviations(tuple(mentions), tuple(relations))
    if vocabulary is not None:
        found = linked(document.document, readings, found, tuple(relations), vocabulary)
    return Extraction(
        id=document.id,
        model=ModelInfo(name="annotation", version="", sha256=""),
        passages=readings,
        mentions=found,
        relations=tuple(relations),
        criteria=tuple(criteria),
    )


def _gold_criteria(passage: GoldPassage, mentions: Sequence[Mention], before: int) -> Iterator[Criterion]:
    """Each criterion lasts until the next one starts."""
    annotated = passage.criteria or ()
    order = sorted(range(len(annotated)), key=lambda i: annotated[i].start)
    name = {i: f"c{before + n}" for n, i in enumerate(order, 1)}
    edges = [*(annotated[i].start for i in order), len(passage.text)]
    for i, end in zip(order, edges[1:], strict=True):
        c = annotated[i]
        yield Criterion(
            id=name[i],
            passage=passage.name,
            start=c.start,
            end=c.start + len(passage.text[c.start : end].rstrip()),
            side=c.side,
            parent=None if c.parent is None else name[c.parent],
            categories=c.categories,
            mentions=tuple(m.id for m in mentions if c.start <= m.start < end),
            score=1.0,
        )


def in_offsets(logic: Logic | None, extraction: Extraction) -> Logic | None:
    """The canonical form of a criterion's logic, mentions named `start-end`, sub-criteria `c` and their start.

    Ages without a measure and demands that no mention names are left out: the annotators could name no fact of them.
    """
    ages = {m.id for m in extraction.mentions if m.type == "VALUE"}
    logic = _without(logic, ages) if logic is not None else None
    if logic is None:
        return None
    spans = {m.id: f"{m.start}-{m.end}" for m in extraction.mentions}
    starts = {c.id: f"c{c.start}" for c in extraction.criteria}
    return canonical(read_logic(write_logic(logic, spans.__getitem__, starts.__getitem__)))


def _without(logic: Logic, mentions: Collection[str]) -> Logic | None:
    """The tree without the facts of some mentions."""
    if logic.op == "fact":
        return None if logic.mention in mentions or logic.said is not None else logic
    parts = tuple(kept for part in logic.parts if (kept := _without(part, mentions)) is not None)
    if logic.op in ("except", "if") and len(parts) < len(logic.parts):
        return parts[-1 if logic.op == "if" else 0] if parts else None
    return logic.model_copy(update={"parts": parts}) if parts else None


def overlap(one: str, other: str) -> int:
    """Characters that two spans `start-end` share."""
    (a, b), (c, d) = (map(int, span.split("-")) for span in (one, other))
    return max(0, min(b, d) - max(a, c))


def moved(found: Logic | None, wanted: Logic | None) -> Logic | None:
    """The found tree in the wanted one's spans: each of its mentions becomes the span that it shares most with."""
    if found is None or wanted is None:
        return found
    there = list(dict.fromkeys(mentions_in(wanted)))

    def named(span: str) -> str:
        best = max(there, key=lambda other: overlap(span, other), default=span)
        return best if overlap(span, best) else span

    return canonical(read_logic(write_logic(found, named)))


class LogicScore(NamedTuple):
    """Of the annotated criteria: how many were found on their side, and have exactly the annotated logic, spans to the
    letter (`strict`) or overlapping (`relaxed`)."""

    criteria: int = 0
    found: int = 0
    strict: int = 0
    relaxed: int = 0

    def plus(self, other: LogicScore) -> LogicScore:
        """Counts added up."""
        return LogicScore(*(a + b for a, b in zip(self, other, strict=True)))


def wanted_logic(row: Row) -> dict[int, tuple[str, Logic | None]]:
    """Annotated criteria of a row: start → (side, logic in canonical form)."""
    return {c["start"]: (c["side"], canonical(read_logic(c["logic"])) if c["logic"] else None) for c in row["criteria"]}


def score_logic(extraction: Extraction, row: Row) -> LogicScore:
    """An extraction whose criteria have their logic, against one annotated record."""
    found = {c.start: c for c in extraction.criteria if c.passage == row["passage"]}
    score = LogicScore()
    for start, (side, wanted) in wanted_logic(row).items():
        criterion = found.get(start)
        if criterion is None or criterion.side != side:
            score = score.plus(LogicScore(1))
            continue
        logic = in_offsets(criterion.logic, extraction)
        score = score.plus(LogicScore(1, 1, logic == wanted, moved(logic, wanted) == wanted))
    return score


def score_thresholds(thresholds: Sequence[Threshold], extraction: Extraction, row: Row) -> Score:
    """Comparisons that agree in measure (by overlap), operator, value and unit; each is matched once."""
    by_id = {m.id: m for m in extraction.mentions}
    rows, right = list(row["thresholds"]), 0
    measures = ((t, by_id[t.mentions[0]]) for t in thresholds if t.mentions)
    found = [t for t, m in measures if m.passage == row["passage"] and m.type != "VALUE"]
    for threshold in found:
        measure = by_id[threshold.mentions[0]]
        match = next((r for r in rows if _same(threshold, measure, r)), None)
        if match is not None:
            rows.remove(match)
            right += 1
    return Score(right, len(found), len(row["thresholds"]))


def _same(threshold: Threshold, measure: Mention, row: Row) -> bool:
    start, end = row["measure"]
    if min(end, measure.end) <= max(start, measure.start) or threshold.operator != row["operator"]:
        return False
    named = f"{threshold.measure}; {measure.text}{' age' if threshold.unit == 'a' else ''}"
    ends = [(threshold.value, row["value"]), (threshold.high, row["high"])]
    for mine, annotated in ends:
        if (mine is None) != (annotated is None):
            return False
        if mine is not None:
            unit = "" if row["unit"] == "1" else row["unit"]
            read = read_quantity(f"{annotated:.12g} {unit}".strip(), named)
            if read is None or read.unit != threshold.unit or not isclose(read.value, mine, rel_tol=1e-3):
                return False
    return True


def marker_clauses(logic: Logic, side: str, names: Mapping[str, str]) -> set[Clause]:
    """What a criterion asks of biomarkers and genes: sets of alternatives, all of which hold for a patient taken in.

    `names` has the mentions that are markers; an exclusion is turned round first.
    """
    return set(_clauses(canonical(Logic(op="not", parts=(logic,)) if side == "exc" else logic), names, required=True))


def _clauses(logic: Logic, names: Mapping[str, str], *, required: bool) -> Iterator[Clause]:
    if logic.op == "not":
        yield from _clauses(logic.parts[0], names, required=not required)
    elif logic.op in ("any", "fact"):
        literals = frozenset(_literals(logic, names, required=required))
        if literals:
            yield literals
    else:
        for n, part in enumerate(logic.parts):
            yield from _clauses(part, names, required=required if not (logic.op == "except" and n) else not required)


def _literals(logic: Logic, names: Mapping[str, str], *, required: bool) -> Iterator[tuple[bool, str]]:
    if logic.mention is not None and logic.mention in names:
        yield required, names[logic.mention]
    for part in logic.parts:
        yield from _literals(part, names, required=required if logic.op != "not" else not required)


def _marker_names(extraction: Extraction, passage: str) -> dict[str, str]:
    """The markers of a passage by span, less those on the span of a treatment, of which a fact there is."""
    treated = {(m.start, m.end) for m in extraction.mentions if m.type in TREATMENT_TYPES and m.passage == passage}
    return {
        f"{m.start}-{m.end}": m.concept.id if m.concept else m.text.casefold()
        for m in extraction.mentions
        if m.type in MARKERS and m.passage == passage and (m.start, m.end) not in treated
    }


def score_markers(extraction: Extraction, gold: Extraction, row: Row) -> Score:
    """Biomarker requirements of one record, found and annotated; `gold` names the annotated mentions."""
    wanted, found = set(), set()
    names = _marker_names(gold, row["passage"])
    for side, logic in wanted_logic(row).values():
        wanted |= marker_clauses(logic, side, names) if logic else set()
    names = _marker_names(extraction, row["passage"])
    for criterion in extraction.criteria:
        logic = in_offsets(criterion.logic, extraction)
        if criterion.passage == row["passage"] and logic:
            found |= marker_clauses(logic, criterion.side, names)
    return Score(len(found & wanted), len(found), len(wanted))


class StructureScores(NamedTuple):
    """Counts over the records of one split, on annotated mentions (`given`) and end to end."""

    given: LogicScore = LogicScore()
    found: LogicScore = LogicScore()
    given_thresholds: Score = Score()
    found_thresholds: Score = Score()
    given_markers: Score = Score()
    found_markers: Score = Score()


def score_record(document: GoldDocument, gold: Extraction, found: Extraction, row: Row) -> StructureScores:
    """One record, structure built anew on the annotated extraction and on the model's."""
    text = document.document
    given, read = (e.model_copy(update={"criteria": logic_of(scopes(text, e))}) for e in (gold, found))
    return StructureScores(
        score_logic(given, row),
        score_logic(read, row),
        score_thresholds(thresholds_of(text, given), given, row),
        score_thresholds(thresholds_of(text, read), read, row),
        score_markers(given, gold, row),
        score_markers(read, gold, row),
    )


def structure_report(
    gold: Iterable[GoldDocument],
    rows: Iterable[Row],
    extract: Callable[[Document], Extraction],
    vocabulary: Vocabulary | None = None,
) -> str:
    """Markdown: logic, thresholds and biomarker requirements of the annotated records, each split by itself.

    Raises CorpusError where a record is missing or its text has changed.
    """
    documents = {d.id: d for d in gold}
    totals: dict[str, StructureScores] = {}
    records: dict[str, int] = {}
    for row in rows:
        document = documents.get(row["id"])
        texts = {p.name: p.text for p in document.passages} if document else {}
        if document is None or text_hash(texts.get(row["passage"], "")) != row["hash"]:
            raise CorpusError(f"{LOGIC}: the text of {row['id']} is missing, or not the one annotated.")
        scores = score_record(document, gold_extraction(document, vocabulary), extract(document.document), row)
        totals[row["split"]] = _added(totals.get(row["split"], StructureScores()), scores)
        records[row["split"]] = records.get(row["split"], 0) + 1
    return "\n\n".join(_section(split, records[split], totals[split]) for split in sorted(totals))


def _added(one: StructureScores, other: StructureScores) -> StructureScores:
    counts = (a + b for a, b in zip(one[2:], other[2:], strict=True))
    return StructureScores(one.given.plus(other.given), one.found.plus(other.found), *counts)


def _section(split: str, records: int, scores: StructureScores) -> str:
    lines = [
        f"### {split}: {records} records, {scores.given.criteria} criteria",
        "",
        "| logic of criteria | criterion found | exactly right | spans overlapping |",
        "|---|---|---|---|",
    ]
    for name, logic in (("annotated mentions", scores.given), ("end to end", scores.found)):
        shares = (n / max(1, logic.criteria) for n in logic[1:])
        lines.append(f"| {name} | {' | '.join(f'{share:.3f}' for share in shares)} |")
    lines += ["", "| facts | precision | recall | F1 | found | annotated |", "|---|---|---|---|---|---|"]
    for name, score in (
        ("thresholds, annotated mentions", scores.given_thresholds),
        ("thresholds, end to end", scores.found_thresholds),
        ("biomarker requirements, annotated mentions", scores.given_markers),
        ("biomarker requirements, end to end", scores.found_markers),
    ):
        figures = " | ".join(f"{x:.3f}" for x in (score.precision, score.recall, score.f1))
        lines.append(f"| {name} | {figures} | {score.found} | {score.wanted} |")
    return "\n".join(lines)
