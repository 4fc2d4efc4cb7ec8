"""Scoring a loaded model, and a dictionary built from the same training labels, on annotated records."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import isnan, nan
from typing import Any, NamedTuple

import numpy as np

from oncogloss.evaluation.metrics import (
    CriterionScores,
    Facts,
    Score,
    criterion_scores,
    facts,
    macro_f1,
    merge,
    relation_scores,
    relaxed_scores,
    strict_scores,
    total,
)
from oncogloss.model.decode import WindowScores
from oncogloss.model.layout import MAX_SPAN, span_cell
from oncogloss.model.windows import Window, read_stream, token_range
from oncogloss.pipeline import Pipeline
from oncogloss.schema import ENTITY_TYPES, Document
from oncogloss.training.corpora import GoldDocument
from oncogloss.training.silver import LAYOUTS, roughen

Reader = Callable[[Document], Facts]


class Evaluation(NamedTuple):
    """Scores of one system on one set of records."""

    records: int
    strict: dict[str, Score]
    relaxed: dict[str, Score]
    relations: dict[str, Score]
    attributes: Score
    criteria: CriterionScores
    given: dict[str, Score] | None = None  # relations between the annotated spans


def gold_facts(document: GoldDocument) -> Facts:
    """What is annotated in a document."""
    found = Facts(set(), set(), set(), {})
    for p in document.passages:
        where = (document.id, p.name)
        spots = [(where, e.start, e.end, e.type) for e in p.entities]
        found.entities.update(spots)
        found.attributes.update((s, a) for s, e in zip(spots, p.entities, strict=True) for a in e.attributes)
        found.relations.update((spots[r.head], spots[r.tail], r.type) for r in p.relations)
        found.criteria.update({(where, c.start): (c.side, c.categories) for c in p.criteria or ()})
    return found


def model_reader(pipeline: Pipeline) -> Reader:
    """The facts that a loaded model finds."""

    def read(document: Document) -> Facts:
        found = pipeline.extract(document)
        return facts(document.id, found.mentions, found.relations, found.criteria)

    return read


class _GivenSpans:
    """A scorer whose spans are those of the annotation; all else is the network's."""

    def __init__(self, pipeline: Pipeline, document: GoldDocument) -> None:
        self.scorer = pipeline.scorer
        stream = read_stream([p.passage for p in document.passages], pipeline.tokenizer)
        self.cells: list[tuple[int, int, int]] = []  # type, first and last token
        for index, p in enumerate(document.passages):
            where = np.flatnonzero((stream.passage == index) & (stream.end > 0))
            for e in p.entities:
                a, b = token_range(stream.start[where], stream.end[where], e.start, e.end)
                self.cells.append((ENTITY_TYPES.index(e.type), int(where[a]), int(where[b])))

    def run(self, windows: Iterable[Window]) -> Iterator[tuple[Window, WindowScores]]:
        """Scores of each window, in order."""
        for window, scores in self.scorer.run(windows):
            spans = np.full_like(scores.spans, -10)
            for kind, first, last in self.cells:
                if window.first <= first and last < window.last and last - first < MAX_SPAN:
                    shift = window.lead - window.first
                    spans[(kind, *span_cell(first + shift, last + shift))] = 10
            yield window, scores._replace(spans=spans)


def given_spans_reader(pipeline: Pipeline) -> Callable[[GoldDocument], Facts]:
    """The facts that a loaded model finds when it is told the annotated spans: relations alone are then its own."""

    def read(document: GoldDocument) -> Facts:
        scorer = _GivenSpans(pipeline, document)
        told = Pipeline(pipeline.info, pipeline.config, pipeline.tokenizer, scorer, pipeline.thresholds)
        return model_reader(told)(document.document)

    return read


def evaluate(
    read: Reader, gold: Sequence[GoldDocument], read_given: Callable[[GoldDocument], Facts] | None = None
) -> Evaluation:
    """Score what `read` finds in the gold documents' text, and the relations `read_given` finds between gold spans."""
    wanted = merge(gold_facts(d) for d in gold)
    found = merge(read(d.document) for d in gold)
    told = merge(read_given(d) for d in gold) if read_given else None
    shared = found.attributes & wanted.attributes
    return Evaluation(
        len(gold),
        strict_scores(found.entities, wanted.entities),
        relaxed_scores(found.entities, wanted.entities),
        relation_scores(found.relations, wanted.relations),
        Score(len(shared), len(found.attributes), len(wanted.attributes)),
        criterion_scores(found.criteria, wanted.criteria),
        relation_scores(told.relations, wanted.relations) if told else None,
    )


def layout_report(read: Reader, gold: Sequence[GoldDocument]) -> str:
    """Markdown: how criteria and entities are found where the eligibility text comes in a worse layout."""
    lines = ["| layout | criterion starts | side | entities strict | relaxed |", "|---|---|---|---|---|"]
    for layout in ("as it is", *LAYOUTS):
        dice = random.Random(0)
        texts = [replace(d, passages=tuple(p for p in d.passages if p.name == "eligibility")) for d in gold]
        if layout in LAYOUTS:
            texts = [replace(d, passages=tuple(roughen(p, layout, dice) for p in d.passages)) for d in texts]
        e = evaluate(read, [d for d in texts if d.passages])
        figures = (e.criteria.starts.f1, e.criteria.side_accuracy, total(e.strict).f1, total(e.relaxed).f1)
        lines.append(f"| {layout} | " + " | ".join(f"{x:.3f}" for x in figures) + " |")
    return "\n".join(lines)


def report(results: dict[str, Evaluation]) -> str:
    """Markdown tables: systems side by side, then by type for the first of them."""
    lines = [
        "| system | records | entities strict | relaxed | macro strict | relations | relations, gold spans "
        "| attributes | criterion starts | side | categories |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, e in results.items():
        figures = [total(e.strict).f1, total(e.relaxed).f1, macro_f1(e.strict), total(e.relations).f1]
        figures += [total(e.given).f1 if e.given else nan]
        figures += [e.attributes.f1, e.criteria.starts.f1, e.criteria.side_accuracy, e.criteria.categories.f1]
        lines.append(f"| {name} | {e.records} | " + " | ".join("–" if isnan(x) else f"{x:.3f}" for x in figures) + " |")
    first = next(iter(results.values()))
    lines += [
        "",
        "| entity type | P | R | F1 strict | F1 relaxed | wanted | found |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row(name, s, first.relaxed[name].f1) for name, s in first.strict.items()]
    lines.append(_row("all", total(first.strict), total(first.relaxed).f1))
    lines += ["", "| relation | P | R | F1 | F1, gold spans | wanted | found |", "|---|---|---|---|---|---|---|"]
    given = {**(first.given or {}), "all": total(first.given or {})}
    for name, s in [*first.relations.items(), ("all", total(first.relations))]:
        told = f"{given[name].f1:.3f}" if name in given and first.given else "–"
        lines.append(f"| {name} | {s.precision:.3f} | {s.recall:.3f} | {s.f1:.3f} | {told} | {s.wanted} | {s.found} |")
    return "\n".join(lines)


def _row(name: str, strict: Score, relaxed: float) -> str:
    return (
        f"| {name} | {strict.precision:.3f} | {strict.recall:.3f} | {strict.f1:.3f} | {relaxed:.3f} "
        f"| {strict.wanted} | {strict.found} |"
    )


def counts(results: dict[str, Evaluation]) -> str:
    """All counts as JSON, so that any other figure can be worked out."""

    def plain(value: Any) -> Any:
        if isinstance(value, Score):
            return {
                "right": value.right,
                "found": value.found,
                "wanted": value.wanted,
                "f1": round(value.f1, 4),
            }
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        if hasattr(value, "_asdict"):
            return plain(value._asdict())
        return value

    return json.dumps({name: plain(e) for name, e in results.items()}, indent=1)


def headline(told: Mapping[str, Any]) -> dict[str, float]:
    """The main figures of the first system in what `counts` wrote. KeyError or TypeError where it is not that."""

    def f1(rows: Mapping[str, Any]) -> float:
        return round(total({t: Score(row["right"], row["found"], row["wanted"]) for t, row in rows.items()}).f1, 4)

    first = next(iter(told.values()))
    figures = {"strict F1": f1(first["strict"]), "relaxed F1": f1(first["relaxed"])}
    return figures | {"relations F1": f1(first["relations"]), "criterion starts F1": first["criteria"]["starts"]["f1"]}
