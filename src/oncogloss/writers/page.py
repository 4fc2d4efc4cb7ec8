"""A report as blocks, and the two ways to write it: one self-contained HTML page, and Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from oncogloss.writers.style import escape, whole_page


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


class Bars(NamedTuple):
    """A table of counts, each with a bar: (what, how many, words about it), under `heads`."""

    caption: str
    heads: tuple[str, str, str]
    rows: Sequence[tuple[str, int, str]]


class Plot(NamedTuple):
    """An <svg> element with a caption that says what it shows; its figures stand in a table too."""

    caption: str
    svg: str


class Marked(NamedTuple):
    """A text in which spans are marked, one line a system: (system, [(start, end, type)])."""

    caption: str
    text: str
    lines: Sequence[tuple[str, Sequence[tuple[int, int, str]]]]


Block = Heading | Paragraph | Table | Bars | Plot | Marked

LIGHT = ("#0072b2", "#d55e00", "#00785a", "#9a6a00", "#b0478f", "#5f5f5f", "#7a5195", "#2a8c9c", "#8c564b", "#6b8e23")
DARK = ("#56b4e9", "#ff9a52", "#3fc79a", "#e6c34a", "#f0a6d0", "#b5b5b5", "#c5a3ff", "#7fd6e0", "#d3a08f", "#b5d46a")

_FIGURE = re.compile(r"\$?[\d.,]+(?: [a-zA-Z]+)?(?: \([\d.,–]+\))?|–|none")
_CLASS_N = ' class="n"'
STYLE = """
:root { %s }
@media (prefers-color-scheme: dark) { :root { %s } }
p { max-width: 46rem; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .9rem; } a { color: var(--s0); }
code { font-size: .88em; background: var(--tint); padding: .1em .3em; border-radius: 3px; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 1rem 0; } .scroll:focus-visible { outline: 2px solid var(--s0); }
caption { text-align: left; color: var(--dim); padding-bottom: .4rem; }
caption span { display: inline-block; position: sticky; left: 0; max-width: min(46rem, calc(100vw - 2.4rem)); }
tbody th { font-weight: 600; white-space: nowrap; }
td { white-space: nowrap; } td.n, th.n { text-align: right; }
td.w { min-width: 16rem; white-space: normal; overflow-wrap: anywhere; }
table.bars { width: 100%%; max-width: 46rem; } table.bars th { white-space: normal; }
table.bars th:first-child { width: 22rem; }
td.bar { width: 12rem; min-width: 5rem; } td.bar span { display: block; height: .8em; margin-top: .35em;
  background: var(--s0); border-radius: 2px; min-width: 1px; }
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
    body = "\n".join(_html(block) for block in blocks)
    nav = f'<h1>{escape(title)}</h1><nav aria-label="Sections">{links}</nav>'
    return whole_page(title, STYLE % tuple(colours), f"{nav}\n<main>\n{body}\n</main>")


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
        case Bars():
            return _bars(block)


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
    return _framed(table.caption, f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>")


def _cell(cell: str) -> str:
    kind = _CLASS_N if _FIGURE.fullmatch(cell) else ' class="w"' if len(cell) > 40 else ""
    return f"<td{kind}>{_inline(cell)}</td>"


def _bars(bars: Bars) -> str:
    most = max((number for _, number, _ in bars.rows), default=0) or 1
    what, count, words = map(_inline, bars.heads)
    rows = "".join(
        f'<tr><th scope="row">{escape(label)}</th><td class="n">{number:,}</td>'
        f'<td class="bar"><span style="width: {100 * number / most:.1f}%"></span></td><td>{escape(said)}</td></tr>'
        for label, number, said in bars.rows
    )
    heads = f'<th scope="col">{what}</th><th scope="col" class="n">{count}</th><td></td><th scope="col">{words}</th>'
    return _framed(bars.caption, f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>", "bars")


def _framed(caption: str, inner: str, kind: str = "") -> str:
    """A table that scrolls by itself where the page is narrow."""
    label = escape(caption.replace("`", ""))
    given = f' class="{kind}"' if kind else ""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table{given}>'
        f"<caption><span>{_inline(caption)}</span></caption>{inner}</table></div>"
    )


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
                parts.append(_markdown_table(caption, heads, rows))
            case Bars(caption, heads, rows):
                parts.append(_markdown_table(caption, heads, [(what, f"{n:,}", words) for what, n, words in rows]))
            case Marked(caption, text, marked):
                found = (
                    f"- {name}: " + ("; ".join(f"{text[a:b]} ({t})" for a, b, t in sorted(spans)) or "nothing")
                    for name, spans in marked
                )
                parts.append(f"{caption}\n\n> {' '.join(text.split())}\n\n" + "\n".join(found))
            case Plot():
                pass
    return "\n\n".join(parts) + "\n"


def _markdown_table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [heads, ["---"] * len(heads), *rows]
    lines = ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells)
    return f"{caption}:\n\n" + "\n".join(lines)
