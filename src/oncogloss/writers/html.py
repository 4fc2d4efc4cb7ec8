"""Extractions as one self-contained page: no scripts, nothing fetched; every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oncogloss.schema import ENTITY_TYPES, Document, Extraction, Mention, Passage
from oncogloss.writers.style import (
    COLOURS,
    comparison_label,
    concept_label,
    coverage_counts,
    escape,
    time_label,
    treatment_label,
    whole_page,
)

_STYLE = """
h3 { font-size: .8rem; letter-spacing: .06em; text-transform: uppercase; color: var(--dim); margin: 1.6rem 0 .2rem; }
p.text { font: 16px/1.75 Georgia, serif; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
mark { color: inherit; background: color-mix(in srgb, var(--c) 22%, transparent); border-bottom: 2px solid var(--c);
  border-radius: 3px; padding: 1px 1px; }
mark.neg { border-bottom-style: double; } mark.hist { border-bottom-style: dashed; }
mark.exc { border-bottom-style: dotted; }
.legend span { display: inline-block; margin: 0 .7rem .3rem 0; font-size: .78rem; border-bottom: 3px solid var(--c); }
table { width: 100%; } td.inc { color: #00785a; } td.exc { color: #c25000; }
@media (prefers-color-scheme: dark) { td.inc { color: #3fc79a; } td.exc { color: #ff9a52; } }
"""
_TYPE_STYLE = "".join(f".{type_} {{ --c: {colour}; }}\n" for type_, colour in COLOURS.items())


def html_page(pairs: Iterable[tuple[Document, Extraction]]) -> str:
    """A page with every document's text, spans marked and nested, and tables of what was found."""
    legend = "".join(f'<span class="{type_}">{type_}</span>' for type_ in ENTITY_TYPES)
    bodies = "".join(_document(document, extraction) for document, extraction in pairs)
    return whole_page("oncogloss", _STYLE + _TYPE_STYLE, f'<div class="legend">{legend}</div>{bodies}')


def _document(document: Document, extraction: Extraction) -> str:
    parts = [f"<h1>{escape(document.id)}</h1>"]
    for passage in document.passages:
        mentions = [m for m in extraction.mentions if m.passage == passage.name]
        title = escape(passage.name.replace("_", " "))
        parts.append(f'<h3>{title}</h3><p class="text">{_marked(passage, mentions)}</p>')
    tables = (_criteria(document, extraction), *_structure(extraction), _relations(extraction), _concepts(extraction))
    return "".join([*parts, *tables])


def _marked(passage: Passage, mentions: list[Mention]) -> str:
    """Spans never cross: outer ones open first and close last."""
    pieces: list[str] = []
    open_ends: list[int] = []
    position = 0

    def advance(to: int) -> None:
        nonlocal position
        while open_ends and open_ends[-1] <= to:
            pieces.append(escape(passage.text[position : open_ends[-1]]) + "</mark>")
            position = open_ends.pop()
        pieces.append(escape(passage.text[position:to]))
        position = to

    for mention in sorted(mentions, key=lambda m: (m.start, -m.end)):
        advance(mention.start)
        classes = " ".join([mention.type, *mention.attributes])
        label = " ".join([mention.type, *mention.attributes, f"{mention.score:.2f}"])
        if mention.expansion:
            label += f" = {mention.expansion}"
        if mention.concept:
            label += f" → {concept_label(mention.concept)} ({mention.concept.id})"
        pieces.append(f'<mark class="{classes}" title="{escape(label)}">')
        open_ends.append(mention.end)
    advance(len(passage.text))
    return "".join(pieces)


def _table(title: str, heads: tuple[str, ...], rows: list[str]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f"<h2>{title}</h2><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _criteria(document: Document, extraction: Extraction) -> str:
    texts = {p.name: p.text for p in document.passages}
    rows = [
        f'<tr><td class="{c.side}">{c.side}</td><td>{escape(", ".join(c.categories))}</td>'
        f"<td>{escape(texts[c.passage][c.start : c.end])}</td><td>{c.score:.2f}</td></tr>"
        for c in extraction.criteria
    ]
    return _table("Criteria", ("side", "categories", "criterion", "score"), rows)


def _structure(extraction: Extraction) -> Iterator[str]:
    """Tables of what follows from the mentions, relations and criteria."""
    mentions = {m.id: m for m in extraction.mentions}
    sides = {c.id: c.side for c in extraction.criteria}
    thresholds = (
        (sides.get(t.criterion or "", ""), t.measure, comparison_label(t), t.condition or "")
        for t in extraction.thresholds
    )
    arms = (
        (arm.label, arm.kind.replace("_", " "), "; ".join(treatment_label(t, mentions) for t in arm.treatments))
        for arm in extraction.arms
    )
    endpoints = ((e.rank, e.name, time_label(e.time_frame), ", ".join(e.criteria)) for e in extraction.endpoints)
    shares = ((status, f"{share:.0f} %") for status, share in coverage_counts(extraction.coverage))
    flags = ((flag.kind.replace("_", " "), flag.message) for flag in extraction.flags)
    yield _table("Thresholds", ("side", "measure", "comparison", "condition"), _rows(thresholds))
    yield _table("Arms", ("arm", "kind", "treatments"), _rows(arms))
    yield _table("Endpoints", ("rank", "endpoint", "time frame", "criteria"), _rows(endpoints))
    yield _table("Coverage of the eligibility text", ("status", "share"), _rows(shares))
    yield _table("Contradictions", ("about", "what"), _rows(flags))


def _rows(rows: Iterable[tuple[str, ...]]) -> list[str]:
    return ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]


def _concepts(extraction: Extraction) -> str:
    texts: dict[tuple[str, str, str], dict[str, None]] = {}
    for m in extraction.mentions:
        if m.concept:
            texts.setdefault((m.type, concept_label(m.concept), m.concept.id), {})[m.text] = None
    rows = [
        f'<tr><td>{escape(identifier)}</td><td><mark class="{kind}">{escape(name)}</mark></td>'
        f"<td>{escape(', '.join(mentions))}</td></tr>"
        for (kind, name, identifier), mentions in sorted(texts.items())
    ]
    return _table("Concepts", ("concept", "name", "mentions"), rows)


def _relations(extraction: Extraction) -> str:
    text = {m.id: escape(m.text) for m in extraction.mentions}
    kind = {m.id: m.type for m in extraction.mentions}
    rows = [
        f'<tr><td>{r.type}</td><td><mark class="{kind[r.head]}">{text[r.head]}</mark></td>'
        f'<td><mark class="{kind[r.tail]}">{text[r.tail]}</mark></td><td>{r.score:.2f}</td></tr>'
        for r in extraction.relations
    ]
    return _table("Relations", ("relation", "head", "tail", "score"), rows)
