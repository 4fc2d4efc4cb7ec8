"""One self-contained page about a store: figures and plots as inline SVG, nothing fetched, no scripts."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from oncogloss.batch.database import ask

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f6fc4", "#757575")
_STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #fdfdfb; --line: #d8d8d2; --dim: #66665f; --bar: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e3; --paper: #191a1c; --line: #3a3b3f; --dim: #a2a29a;
  --bar: #56b4e9; } }
body { font: 15px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 64rem;
  margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2.4rem 0 .4rem; }
p.note { color: var(--dim); margin: .2rem 0 .6rem; }
dl { display: flex; flex-wrap: wrap; gap: .4rem 2.4rem; } dt { color: var(--dim); font-size: .8rem; }
dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
svg .dim { fill: var(--dim); } svg line { stroke: var(--line); } svg .bar { fill: var(--bar); }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
td, th { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--dim); font-weight: 600; }
"""
_WIDTH, _LABEL, _ROW = 900, 330, 22
_MOST = 12
Rows = Sequence[Sequence[Any]]


def report_page(store: Path) -> str:
    """The page. Raises StoreError where there is no store."""
    parts = [
        _counts(store),
        _section("Markers that trials require, by year of first posting", _stacked(_rows(store, _MARKERS))),
        _section(
            "Cut-offs of PD-L1, by year", _stacked(_rows(store, _PD_L1)), "Trials that name a cut-off, by its value."
        ),
        _section("Cut-offs by measure", _bars(_rows(store, _CUTOFFS)), "Trials with a comparison; median value."),
        _section("Washout by class of drug", _bars(_rows(store, _WASHOUT)), "Trials that ask for one; median length."),
        _section("Lines and intents of therapy", _bars(_rows(store, _LINES)), "Trials that name them."),
        _section("Endpoints", _bars(_rows(store, _ENDPOINTS)), "Trials that measure them."),
        _section("Coverage", _bars(_rows(store, _COVERAGE)), "Characters of eligibility texts, by how far understood."),
        _section("Failures", _bars(_rows(store, _FAILURES)), "Records and files that could not be read, by kind."),
        _section("Runs", _table(store)),
    ]
    name = html.escape(store.resolve().name)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name} · oncogloss</title><style>{_STYLE}</style></head><body><h1>{name}</h1>"
        f"{''.join(parts)}</body></html>\n"
    )


_MARKERS = "SELECT year, gene, trials FROM markers_by_year WHERE regexp_matches(year, '^[0-9]{4}$')"
_PD_L1 = (
    "SELECT year, operator || ' ' || printf('%g', value) || CASE unit WHEN '1' THEN '' ELSE ' ' || unit END, "
    "sum(trials)::BIGINT FROM pd_l1_cutoffs_by_year WHERE regexp_matches(year, '^[0-9]{4}$') GROUP BY ALL ORDER BY ALL"
)
_CUTOFFS = (
    "SELECT measure || ' ' || operator, trials, printf('%g', median_value) || CASE unit WHEN '1' THEN '' "
    f"ELSE ' ' || unit END FROM cutoffs LIMIT {_MOST}"
)
_WASHOUT = (
    "SELECT drug_class, trials, coalesce(printf('%g', median_days) || ' days', '') FROM washout_by_drug_class "
    f"LIMIT {_MOST}"
)
_LINES = f"SELECT line, trials, '' FROM lines_of_therapy LIMIT {_MOST}"
_ENDPOINTS = (
    "SELECT endpoint || CASE rank WHEN '' THEN '' ELSE ' (' || rank || ')' END, trials, '' FROM endpoints_by_name "
    f"LIMIT {_MOST}"
)
_COVERAGE = (
    "SELECT status, characters::BIGINT, printf('%.0f %%', 100 * characters / sum(characters) OVER ()) "
    "FROM coverage_by_status"
)
_FAILURES = "SELECT kind, failures, '' FROM failures_by_kind"


def _rows(store: Path, sql: str) -> Rows:
    return ask(store, sql)[1]


def _counts(store: Path) -> str:
    names = ("trials", "mentions", "relations", "criteria", "thresholds", "endpoints", "concepts", "failures")
    sql = "SELECT " + ", ".join(f"(SELECT count(*) FROM {name})" for name in names)
    pairs = zip(names, _rows(store, sql)[0], strict=True)
    return "<dl>" + "".join(f"<div><dt>{name}</dt><dd>{number:,}</dd></div>" for name, number in pairs) + "</dl>"


def _section(title: str, plot: str, note: str = "") -> str:
    told = f'<p class="note">{html.escape(note)}</p>' if note else ""
    return f"<h2>{html.escape(title)}</h2>{told}{plot or '<p class=note>Nothing.</p>'}"


def _short(text: object, most: int = 46) -> str:
    words = " ".join(str(text).split())
    return html.escape(words if len(words) <= most else words[: most - 1] + "…")


def _bars(rows: Rows) -> str:
    """Bars that lie: (label, number, words after the number) each."""
    if not rows:
        return ""
    most = max(number for _, number, _ in rows) or 1
    room = _WIDTH - _LABEL - 190
    lines = []
    for i, (label, number, words) in enumerate(rows):
        y, width = i * _ROW, max(1.0, room * number / most)
        told = f"{number:,}" + (f" · {_short(words, 24)}" if words else "")
        lines.append(
            f'<text x="{_LABEL - 8}" y="{y + 15}" text-anchor="end">{_short(label)}</text>'
            f'<rect class="bar" x="{_LABEL}" y="{y + 3}" width="{width:.1f}" height="{_ROW - 7}" rx="2"/>'
            f'<text class="dim" x="{_LABEL + width + 6:.1f}" y="{y + 15}">{told}</text>'
        )
    return _svg(len(rows) * _ROW, lines)


_HEIGHT, _LEFT, _TOP, _LEGEND = 240, 40, 10, 180


def _stacked(rows: Rows) -> str:
    """Columns by year, stacked by the series that count most: (year, series, number) each."""
    if not rows:
        return ""
    totals: Counter[str] = Counter()
    for _, series, number in rows:
        totals[series] += number
    shown = [series for series, _ in totals.most_common(len(_COLOURS))]
    years = [str(y) for y in range(int(min(r[0] for r in rows)), int(max(r[0] for r in rows)) + 1)]
    columns = {year: {s: n for y, s, n in rows if y == year and s in shown} for year in years}
    most = max(sum(column.values()) for column in columns.values()) or 1
    step = min(60.0, (_WIDTH - _LEFT - _LEGEND - 10) / len(years))
    base, end = _TOP + _HEIGHT, _LEFT + step * len(years)
    lines = [
        f'<line x1="{_LEFT}" y1="{base}" x2="{end:.1f}" y2="{base}"/>',
        f'<text class="dim" x="{_LEFT - 6}" y="{_TOP + 10}" text-anchor="end">{most}</text>',
    ]
    for i, (year, column) in enumerate(columns.items()):
        x = _LEFT + i * step
        lines += _column(x + 2, step - 4, year, {s: _HEIGHT * column[s] / most for s in shown if s in column}, shown)
        if i % max(1, round(34 / step)) == 0:
            middle = f'x="{x + step / 2:.1f}" y="{base + 16}" text-anchor="middle"'
            lines.append(f'<text class="dim" {middle}>{year}</text>')
    lines += _legend([(series, totals[series]) for series in shown])
    return _svg(base + 24, lines)


def _column(x: float, width: float, year: str, heights: dict[str, float], shown: list[str]) -> Iterator[str]:
    y = float(_TOP + _HEIGHT)
    for series, tall in heights.items():
        y -= tall
        place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{tall:.1f}"'
        title = f"<title>{year} {_short(series)}</title>"
        yield f'<rect {place} fill="{_COLOURS[shown.index(series)]}">{title}</rect>'


def _legend(series: Sequence[tuple[str, int]]) -> Iterator[str]:
    x = _WIDTH - _LEGEND
    for i, (name, number) in enumerate(series):
        y = _TOP + i * 20
        yield f'<rect x="{x}" y="{y}" width="12" height="12" fill="{_COLOURS[i]}" rx="2"/>'
        yield f'<text x="{x + 18}" y="{y + 10}">{_short(name, 20)} · {number}</text>'


def _svg(height: float, lines: Iterable[str]) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img">{"".join(lines)}</svg>'


def _table(store: Path) -> str:
    names, rows = ask(
        store, "SELECT run, began, ended, model, read, known, unchanged, failed FROM runs ORDER BY run DESC"
    )
    head = "".join(f"<th>{name}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{'' if cell is None else _short(cell)}</td>" for cell in row) + "</tr>"
        for row in rows[:_MOST]
    )
    return f"<table><tr>{head}</tr>{body}</table>"
