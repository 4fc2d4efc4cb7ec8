"""One self-contained page about a store: figures, bars and plots over the years."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from oncogloss.batch.database import ask
from oncogloss.errors import shown
from oncogloss.writers.page import Bars, Block, Heading, Paragraph, Plot, Table, html_report
from oncogloss.writers.style import escape

_MOST = 12  # rows of a table
_SERIES = 8  # of a plot
_HELD = ("trials", "mentions", "relations", "criteria", "thresholds", "endpoints", "concepts", "failures")
_UNIT = "CASE unit WHEN '1' THEN '' ELSE ' ' || unit END"
_MARKERS = "SELECT year, gene, trials FROM markers_by_year WHERE regexp_matches(year, '^[0-9]{4}$')"
_PD_L1 = (
    "SELECT year, CASE operator WHEN 'range' THEN printf('%g to %g', value, high) "
    f"ELSE operator || ' ' || printf('%g', value) END || {_UNIT}, sum(trials)::BIGINT "
    "FROM pd_l1_cutoffs_by_year WHERE regexp_matches(year, '^[0-9]{4}$') GROUP BY ALL ORDER BY ALL"
)
_BARS = (
    ("Cut-offs by measure", "Trials with a comparison", ("measure", "trials", "median"),
     f"SELECT measure || ' ' || operator, trials, printf('%g', median_value) || "
     f"CASE operator WHEN 'range' THEN printf(' to %g', median_high) ELSE '' END || {_UNIT} FROM cutoffs"),
    ("Washout by class of drug", "Trials that ask for one", ("class", "trials", "median"),
     "SELECT drug_class, trials, coalesce(printf('%g', median_days) || ' days', '') FROM washout_by_drug_class"),
    ("Lines and intents of therapy", "Trials that name them", ("line", "trials", ""),
     "SELECT line, trials, '' FROM lines_of_therapy"),
    ("Endpoints", "Trials that measure them", ("endpoint", "trials", "rank"),
     "SELECT endpoint, trials, rank FROM endpoints_by_name"),
    ("Coverage", "Characters of eligibility texts, by how far they were understood", ("status", "characters", "share"),
     "SELECT status, characters::BIGINT, printf('%.0f %%', 100 * characters / sum(characters) OVER ()) "
     "FROM coverage_by_status"),
    ("Own labels", "Mentions of a team's own labels", ("label", "mentions", "commonest"),
     "SELECT label, mentions, commonest FROM own_labels"),
    ("Systems", "Records by what read them: a model, over a vocabulary and terms", ("model", "records", "system"),
     "SELECT model, records, left(system_sha256, 12) FROM systems"),
    ("Failures", "Records and files that could not be read", ("kind", "failures", ""),
     "SELECT kind, failures, '' FROM failures_by_kind"),
)  # fmt: skip
_RUNS = "SELECT run, began, ended, model, read, known, unchanged, failed FROM runs ORDER BY run DESC"
Rows = Sequence[Sequence[Any]]


def report_page(store: Path) -> str:
    """The page. Raises StoreError where there is no store."""
    return html_report(shown(store.resolve().name), list(_blocks(store)))


def _blocks(store: Path) -> Iterator[Block]:
    sql = "SELECT " + ", ".join(f"(SELECT count(*) FROM {name})" for name in _HELD)
    held = [[name, f"{number:,}"] for name, number in zip(_HELD, _rows(store, sql)[0], strict=True)]
    yield Table("What the store holds", ["", "rows"], held)
    yield Heading("Markers that trials require")
    yield from _by_year("Trials that require a marker of a gene, by year of first posting", _rows(store, _MARKERS))
    yield Heading("Cut-offs of PD-L1")
    yield from _by_year("Trials that name a cut-off, by its value and year of first posting", _rows(store, _PD_L1))
    for title, caption, heads, sql in _BARS:
        yield Heading(title)
        rows = [(_short(what), number, _short(words)) for what, number, words in _rows(store, f"{sql} LIMIT {_MOST}")]
        yield Bars(caption, heads, rows) if rows else Paragraph("Nothing.")
    yield Heading("Runs")
    names, runs = ask(store, f"{_RUNS} LIMIT {_MOST}")
    yield Table("The last runs", names, [["" if cell is None else _short(cell) for cell in row] for row in runs])


def _rows(store: Path, sql: str) -> Rows:
    return ask(store, sql)[1]


def _short(text: object, most: int = 46) -> str:
    words = " ".join(str(text).split())
    return words if len(words) <= most else words[: most - 1] + "…"


def _by_year(caption: str, rows: Rows) -> Iterator[Block]:
    """A plot and a table of (year, series, number), of the series that count most."""
    if not rows:
        yield Paragraph("Nothing.")
        return
    totals: Counter[str] = Counter()
    for _, series, number in rows:
        totals[series] += number
    shown_series = [series for series, _ in totals.most_common(_SERIES)]
    years = [str(y) for y in range(int(min(r[0] for r in rows)), int(max(r[0] for r in rows)) + 1)]
    counts = {(y, s): n for y, s, n in rows}
    columns = {year: [counts.get((year, s), 0) for s in shown_series] for year in years}
    yield Plot(f"{caption}.", _stacked(columns, [_short(s, 20) for s in shown_series]))
    numbers = ([str(columns[year][i] or "–") for year in years] for i in range(len(shown_series)))
    yield Table(
        "The same in figures", ["", *years], [[_short(s, 20), *n] for s, n in zip(shown_series, numbers, strict=True)]
    )


_WIDTH, _HEIGHT, _LEFT, _TOP, _LEGEND = 736, 240, 40, 10, 150


def _stacked(columns: dict[str, list[int]], series: Sequence[str]) -> str:
    """Columns by year, stacked; in the page's colours."""
    most = max(sum(column) for column in columns.values()) or 1
    step = min(60.0, (_WIDTH - _LEFT - _LEGEND - 10) / len(columns))
    base, end = _TOP + _HEIGHT, _LEFT + step * len(columns)
    lines = [
        f'<path d="M{_LEFT} {base}H{end:.1f}" stroke="var(--line)"/>',
        _text(_LEFT - 6, _TOP + 10, str(most), "end"),
    ]
    for i, (year, column) in enumerate(columns.items()):
        x, y = _LEFT + i * step, float(base)
        for k, number in enumerate(column):
            if number:
                tall = _HEIGHT * number / most
                y -= tall
                lines.append(_box(x + 2, y, step - 4, tall, k))
        if i % max(1, round(34 / step)) == 0:
            lines.append(_text(x + step / 2, base + 16, year, "middle"))
    for k, name in enumerate(series):
        lines += [_box(_WIDTH - _LEGEND, _TOP + k * 20, 12, 12, k)]
        lines += [_text(_WIDTH - _LEGEND + 18, _TOP + k * 20 + 10, name, "start")]
    return f'<svg viewBox="0 0 {_WIDTH} {base + 24}" aria-hidden="true" font-size="12">{"".join(lines)}</svg>'


def _box(x: float, y: float, width: float, height: float, series: int) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="var(--s{series})"/>'


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="var(--ink)">{escape(words)}</text>'
