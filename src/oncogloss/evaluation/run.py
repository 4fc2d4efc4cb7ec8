"""Scoring a loaded model, and a dictionary built from the same training labels, on annotated records."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

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
from oncogloss.pipeline import Pipeline
from oncogloss.schema import Document, Passage
from oncogloss.training.corpora import GoldDocument

Reader = Callable[[Document], Facts]


class Evaluation(NamedTuple):
    """Scores of one system on one set of records."""

    records: int
    strict: dict[str, Score]
    relaxed: dict[str, Score]
    relations: dict[str, Score]
    attributes: Score
    criteria: CriterionScores


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


def evaluate(read: Reader, gold: Sequence[GoldDocument]) -> Evaluation:
    """Score what `read` finds in the gold documents' text."""
    wanted = merge(gold_facts(d) for d in gold)
    found = merge(
        read(Document(id=d.id, passages=tuple(Passage(name=p.name, text=p.text) for p in d.passages))) for d in gold
    )
    shared = found.attributes & wanted.attributes
    return Evaluation(
        len(gold),
        strict_scores(found.entities, wanted.entities),
        relaxed_scores(found.entities, wanted.entities),
        relation_scores(found.relations, wanted.relations),
        Score(len(shared), len(found.attributes), len(wanted.attributes)),
        criterion_scores(found.criteria, wanted.criteria),
    )


def report(results: dict[str, Evaluation]) -> str:
    """Markdown tables: systems side by side, then by type for the first of them."""
    lines = [
        "| system | records | entities strict | relaxed | macro strict | relations | attributes | criterion starts "
        "| side | categories |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, e in results.items():
        figures = [total(e.strict).f1, total(e.relaxed).f1, macro_f1(e.strict), total(e.relations).f1]
        figures += [e.attributes.f1, e.criteria.starts.f1, e.criteria.side_accuracy, e.criteria.categories.f1]
        lines.append(f"| {name} | {e.records} | " + " | ".join(f"{x:.3f}" for x in figures) + " |")
    first = next(iter(results.values()))
    lines += [
        "",
        "| entity type | P | R | F1 strict | F1 relaxed | wanted | found |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row(name, s, first.relaxed[name].f1) for name, s in first.strict.items()]
    lines.append(_row("all", total(first.strict), total(first.relaxed).f1))
    lines += ["", "| relation | P | R | F1 | wanted | found |", "|---|---|---|---|---|---|"]
    for name, s in [*first.relations.items(), ("all", total(first.relations))]:
        lines.append(f"| {name} | {s.precision:.3f} | {s.recall:.3f} | {s.f1:.3f} | {s.wanted} | {s.found} |")
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
