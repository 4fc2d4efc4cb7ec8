"""An extraction for a person at a terminal: the text with coloured spans, then the facts."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from oncogloss.schema import RELATION_TYPES, Document, Extraction, Mention, Passage
from oncogloss.writers.style import (
    COLOURS,
    comparison_label,
    concept_label,
    coverage_counts,
    time_label,
    treatment_label,
    visible,
)

_MARKS = {"neg": "¬", "exc": "∖", "hist": "‹"}


def print_table(console: Console, document: Document, extraction: Extraction) -> None:
    """Print a document with its spans, then its criteria and what follows from them, relations, concepts and counts."""
    console.rule(Text(visible(document.id), "bold"), style="dim")
    for passage in document.passages:
        console.print(Text(visible(passage.name).replace("_", " "), style="bold"))
        mentions = [m for m in extraction.mentions if m.passage == passage.name]
        console.print(Padding(coloured(passage, mentions), (0, 0, 1, 2)))
    tables = (
        _criteria(document, extraction), _thresholds(extraction), _arms(extraction), _endpoints(extraction),
        _relations(extraction), _concepts(extraction), _counts(extraction), _coverage(extraction), _flags(extraction),
    )  # fmt: skip
    for table in tables:
        if table.row_count:
            console.print(table)


def coloured(passage: Passage, mentions: list[Mention]) -> Text:
    """The passage with each span in its type's colour; a span inside another is underlined."""
    text = Text(visible(passage.text))
    for mention in mentions:
        inner = any(
            o.start <= mention.start and mention.end <= o.end and o.end - o.start > mention.end - mention.start
            for o in mentions
        )
        style = f"bold {COLOURS[mention.type]}" + (" underline" if inner else "")
        text.stylize(style, mention.start, mention.end)
    return text


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _criteria(document: Document, extraction: Extraction) -> Table:
    table = _table("Criteria", "", "categories", "criterion", "facts")
    passages = {p.name: p.text for p in document.passages}
    mentions = {m.id: m for m in extraction.mentions}
    depth: dict[str, int] = {}
    for criterion in extraction.criteria:
        depth[criterion.id] = depth.get(criterion.parent or "", -1) + 1
        words = " ".join(visible(passages[criterion.passage][criterion.start : criterion.end]).split())
        side = Text("+ inc", "#009e73") if criterion.side == "inc" else Text("− exc", "#d55e00")
        facts = Text(", ").join(_labelled(mentions[i]) for i in criterion.mentions)
        shown = "  " * depth[criterion.id] + (words if len(words) < 110 else words[:107] + "…")
        table.add_row(side, Text(", ".join(criterion.categories), "dim"), Text(shown), facts)
    return table


def _labelled(mention: Mention) -> Text:
    marks = "".join(_MARKS[a] for a in mention.attributes)
    return Text(marks + " ".join(visible(mention.text).split()), COLOURS[mention.type])


def _thresholds(extraction: Extraction) -> Table:
    table = _table("Thresholds", "", "measure", "comparison", "condition")
    sides = {c.id: c.side for c in extraction.criteria}
    for t in extraction.thresholds:
        cells = (sides.get(t.criterion or "", ""), t.measure, comparison_label(t), t.condition or "")
        table.add_row(*(Text(visible(cell)) for cell in cells))
    return table


def _arms(extraction: Extraction) -> Table:
    table = _table("Arms", "arm", "kind", "treatments")
    mentions = {m.id: m for m in extraction.mentions}
    for arm in extraction.arms:
        treatments = "\n".join(visible(treatment_label(t, mentions)) for t in arm.treatments)
        table.add_row(Text(visible(arm.label)), Text(visible(arm.kind).replace("_", " "), "dim"), Text(treatments))
    return table


def _endpoints(extraction: Extraction) -> Table:
    table = _table("Endpoints", "rank", "endpoint", "time frame", "criteria")
    for e in extraction.endpoints:
        cells = (e.rank, e.name, time_label(e.time_frame), ", ".join(e.criteria))
        table.add_row(*(Text(visible(cell)) for cell in cells))
    return table


def _coverage(extraction: Extraction) -> Table:
    table = _table("Coverage of the eligibility text", "status", "share")
    for status, share in coverage_counts(extraction.coverage):
        table.add_row(status, f"{share:.0f} %")
    return table


def _flags(extraction: Extraction) -> Table:
    table = _table("Contradictions", "about", "what")
    for flag in extraction.flags:
        table.add_row(Text(visible(flag.kind).replace("_", " "), "#d55e00"), Text(visible(flag.message)))
    return table


def _relations(extraction: Extraction) -> Table:
    table = _table("Relations", "relation", "head", "tail", "score")
    mentions = {m.id: m for m in extraction.mentions}
    for relation in sorted(extraction.relations, key=lambda r: RELATION_TYPES.index(r.type)):
        head, tail = mentions[relation.head], mentions[relation.tail]
        table.add_row(Text(relation.type, "dim"), _labelled(head), _labelled(tail), f"{relation.score:.2f}")
    return table


def _concepts(extraction: Extraction) -> Table:
    table = _table("Concepts", "concept", "name", "mentions")
    named: dict[tuple[str, str], list[Mention]] = {}
    for mention in extraction.mentions:
        if mention.concept:
            named.setdefault((mention.concept.id, concept_label(mention.concept)), []).append(mention)
    for (identifier, name), mentions in sorted(named.items(), key=lambda item: (item[1][0].type, item[0][1])):
        texts = dict.fromkeys(" ".join(visible(m.text).split()) for m in mentions)
        table.add_row(Text(identifier, "dim"), Text(name, COLOURS[mentions[0].type]), Text(", ".join(texts)))
    return table


def _counts(extraction: Extraction) -> Table:
    table = _table("Found", "type", "mentions", "names")
    for type_, mentions in _by_type(extraction):
        names = list(dict.fromkeys(" ".join(visible(m.text).split()) for m in mentions))
        table.add_row(Text(type_, COLOURS[mentions[0].type]), str(len(mentions)), Text(", ".join(names[:12])))
    return table


def _by_type(extraction: Extraction) -> Iterator[tuple[str, list[Mention]]]:
    for type_ in COLOURS:
        mentions = [m for m in extraction.mentions if m.type == type_]
        if mentions:
            yield type_, mentions
