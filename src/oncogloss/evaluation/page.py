"""A report as blocks, and the two ways to write it: one self-contained HTML page, and Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from oncogloss.writers.html import escape


class Heading(NamedTuple):
    """A heading of a section."""

    text: str


class Paragraph(NamedTuple):
    """Running text; `words` between backticks are code."""

    text: str


class Table(NamedTuple):
    """A table with a caption; the first cell of a row is its head. Cells that are figures stand to the right."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


class Plot(NamedTuple):
    """An <svg> element with a caption that says what it shows; its figures stand in a table too."""

    caption: str
    svg: str


class Marked(NamedTuple):
    """A text in which spans are marked, one line a system: (system, [(start, end, type)])."""

    caption: str
    text: str
    lines: Sequence[tuple[str, Sequence[tuple[int, int, str]]]]


Block = Heading | Paragraph | Table | Plot | Marked

LIGHT = ("#0072b2", "#d55e00", "#00785a", "#9a6a00", "#b0478f", "#5f5f5f", "#7a5195", "#2a8c9c", "#8c564b", "#6b8e23")
DARK = ("#56b4e9", "#ff9a52", "#3fc79a", "#e6c34a", "#f0a6d0", "#b5b5b5", "#c5a3ff", "#7fd6e0", "#d3a08f", "#b5d46a")

_FIGURE = re.compile(r"\$?[\d.,]+(?: [a-zA-Z]+)?(?: \([\d.,–]+\))?|–|none")
_CLASS_N = ' class="n"'
STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #fdfdfb; --line: #d8d8d2;
  --dim: #5c5c56; --tint: #f2f2ec; %s }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e3; --paper: #191a1c; --line: #3a3b3f; --dim: #a9a9a1;
  --tint: #232427; %s } }
* { box-sizing: border-box; }
body { font: 16px/1.6 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 66rem;
  margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin: 2.8rem 0 .4rem; }
p { max-width: 46rem; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .9rem; } a { color: var(--s0); }
code { font-size: .88em; background: var(--tint); padding: .1em .3em; border-radius: 3px; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 1rem 0; } .scroll:focus-visible { outline: 2px solid var(--s0); }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--dim); padding-bottom: .4rem; }
caption span { display: inline-block; position: sticky; left: 0; max-width: min(46rem, calc(100vw - 2.4rem)); }
td, th { text-align: left; vertical-align: top; padding: .32rem .9rem .32rem 0;
  border-bottom: 1px solid var(--line); }
thead th { color: var(--dim); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 600; white-space: nowrap; }
td { white-space: nowrap; } td.n, th.n { text-align: right; }
td.w { min-width: 16rem; white-space: normal; overflow-wrap: anywhere; }
figure { margin: 1.2rem 0; }
figure svg { display: block; width: 100%%; min-width: 34rem; max-width: 46rem; height: auto; }
figcaption { color: var(--dim); font-size: .88rem; max-width: 46rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem .9rem; margin: .6rem 0 1.6rem; }
dt { font-weight: 600; font-size: .88rem; } dd { margin: 0; font: 15px/2 Georgia, serif; overflow-wrap: anywhere; }
mark { color: inherit; background: var(--tint); border-bottom: 2px solid var(--s0); padding: 1px 2px; }
mark small { font: 600 .62rem system-ui, sans-serif; color: var(--dim); margin-left: .3rem; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { margin-top: .4rem; } }
@media print { .scroll { overflow: visible; } }
"""


def html_report(title: str, blocks: Sequence[Block]) -> str:
    """One page: no script, nothing fetched, every text escaped."""
    colours = (" ".join(f"--s{i}: {colour};" for i, colour in enumerate(c)) for c in (LIGHT, DARK))
    headings = [block.text for block in blocks if isinstance(block, Heading)]
    links = "".join(f'<a href="#{_anchor(h)}">{escape(h)}</a>' for h in headings)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE % tuple(colours)}</style></head>\n"
        f'<body><h1>{escape(title)}</h1><nav aria-label="Sections">{links}</nav>\n<main>\n'
        + "\n".join(_html(block) for block in blocks)
        + "\n</main></body></html>\n"
    )


def _anchor(heading: str) -> str:
    return re.sub(r"\W+", "-", heading.lower()).strip("-")


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _html(block: Block) -> str:
    match block:
        case Heading(text):
            return f'<h2 id="{_anchor(text)}">{escape(text)}</h2>'
        case Paragraph(text):
            return f"<p>{_inline(text)}</p>"
        case Plot(caption, svg):
            seen = f'<div class="scroll" tabindex="0" role="img" aria-label="{escape(caption)}">{svg}</div>'
            return f"<figure>{seen}<figcaption>{_inline(caption)}</figcaption></figure>"
        case Marked(caption, text, lines):
            rows = "".join(f"<dt>{escape(name)}</dt><dd>{_marks(text, spans)}</dd>" for name, spans in lines)
            return f"<p>{_inline(caption)}</p><dl>{rows}</dl>"
        case Table():
            return _table(block)


def _table(table: Table) -> str:
    figures = [all(_FIGURE.fullmatch(cell) for cell in column) for column in zip(*table.rows, strict=True)]
    heads = "".join(
        f'<th scope="col"{_CLASS_N if figure else ""}>{_inline(head)}</th>'
        for head, figure in zip(table.heads, figures or [False] * len(table.heads), strict=True)
    )
    rows = "".join(
        f'<tr><th scope="row">{_inline(row[0])}</th>' + "".join(_cell(cell) for cell in row[1:]) + "</tr>"
        for row in table.rows
    )
    label = escape(table.caption.replace("`", ""))
    caption = f"<caption><span>{_inline(table.caption)}</span></caption>"
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table>'
        f"{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(cell: str) -> str:
    kind = _CLASS_N if _FIGURE.fullmatch(cell) else ' class="w"' if len(cell) > 40 else ""
    return f"<td{kind}>{_inline(cell)}</td>"


def _marks(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    """The text with its outer spans marked, each with its types; what lies inside another is told in its mark."""
    pieces, at = [], 0
    outer: list[tuple[int, int, list[str]]] = []
    for start, end, type_ in sorted(spans, key=lambda s: (s[0], -s[1])):
        if outer and start < outer[-1][1]:
            first, last, types = outer[-1]
            outer[-1] = (first, max(last, end), [*types, type_])
        else:
            outer.append((start, end, [type_]))
    for start, end, types in outer:
        pieces.append(escape(text[at:start]))
        pieces.append(f"<mark>{escape(text[start:end])}<small>{escape(' · '.join(types))}</small></mark>")
        at = end
    return "".join([*pieces, escape(text[at:])])


def markdown_report(title: str, blocks: Sequence[Block]) -> str:
    """The same as Markdown; plots are left to the page, their figures stand in the tables."""
    parts = [f"# {title}"]
    for block in blocks:
        match block:
            case Heading(text):
                parts.append(f"## {text}")
            case Paragraph(text):
                parts.append(text)
            case Table(caption, heads, rows):
                cells = [heads, ["---"] * len(heads), *rows]
                lines = ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells)
                parts.append(f"{caption}:\n\n" + "\n".join(lines))
            case Marked(caption, text, marked):
                found = (
                    f"- {name}: " + ("; ".join(f"{text[a:b]} ({t})" for a, b, t in sorted(spans)) or "nothing")
                    for name, spans in marked
                )
                parts.append(f"{caption}\n\n> {' '.join(text.split())}\n\n" + "\n".join(found))
            case Plot():
                pass
    return "\n\n".join(parts) + "\n"
