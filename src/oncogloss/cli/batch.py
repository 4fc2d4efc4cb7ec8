"""Verbs for many records: batch, query, report, bench-batch."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from oncogloss.cli.app import app
from oncogloss.cli.options import Model, Out, Terms, VocabularyName, drafted, keep, terms_read
from oncogloss.cli.reading import lines_given, none_empty
from oncogloss.errors import shown

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from oncogloss.batch.run import Progress

StoreFolder = Annotated[Path, typer.Argument(help="The folder of a store.")]


class Shown(StrEnum):
    """How `query` shows rows."""

    table = "table"
    csv = "csv"
    json = "json"


class Engine(StrEnum):
    """What reads the records of a batch."""

    own = "own"
    ray = "ray"


@app.command()
def batch(
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Files, folders, zips, JSON lines, Parquet, AACT's tables (a folder or zip of them).",
            callback=none_empty,
        ),
    ],
    out: Annotated[Path, typer.Option(help="The store: a folder; one that is there is gone on with.")],
    model: Model = "micro",
    where: Annotated[
        list[str] | None,
        typer.Option(help="Only records such as `phase=PHASE2,PHASE3` or `condition=lung`; repeatable, all must hold."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many records.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes; default: one a core.")] = None,
    text: Annotated[bool, typer.Option("--text", help="Keep the text of the passages too.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Read again what failed before.")] = False,
    cache: Annotated[bool, typer.Option(help="Keep readings, so that texts seen before are not read again.")] = True,
    profile: Annotated[bool, typer.Option("--profile", help="Say where the time went.")] = False,
    engine: Annotated[
        Engine, typer.Option(help="`own`: worker processes; `ray`: Ray, here or on a cluster.")
    ] = Engine.own,
    ray_address: Annotated[str, typer.Option(help="A Ray cluster, such as `10.0.0.1:6379`; default: one within.")] = "",
    vocabulary: VocabularyName = "default",
    terms: Terms = None,
) -> None:
    """Read many records into a store of Parquet files; only those that are new or changed since it was last run.

    May be killed at any time and started again. Ends with status 1 where some records failed.

    Example: `oncogloss batch ctg-studies.json.zip --where condition=cancer --out store`
    """
    from oncogloss.batch.inputs import input_bytes
    from oncogloss.batch.run import Settings, run_batch

    settings = Settings(
        model, workers, limit, tuple(where or ()), text, retry_failed, cache, engine=engine, ray_address=ray_address,
        vocabulary=vocabulary, terms=terms_read(terms),
    )  # fmt: skip
    paths, bar = list(map(Path, inputs)), _bar()
    with bar:
        task = bar.add_task("batch", total=input_bytes(paths) or None, read=0, failed=0, rate="")
        done = run_batch(
            paths, out, settings, passed=lambda n: bar.advance(task, n), tell=lambda p: _show(bar, task, p)
        )
    known = f", {done.known} of them known texts" if done.known else ""
    left_out = f", {done.left_out} left out by --where" if done.left_out else ""
    still = f", {done.still_failing} of them as before" if done.still_failing else ""
    counts = f"{done.read} read{known}, {done.unchanged} unchanged, {done.failed} failed{still}{left_out}."
    print(counts, file=sys.stderr)
    if done.absent:
        some = ", ".join(map(shown, done.absent[:5])) + (", …" if done.absent[5:] else "")
        print(f"{len(done.absent)} more in the store, not among the inputs: {some}.", file=sys.stderr)
    if done.of_others:
        told = "were read with another model, vocabulary, terms or version"
        print(f"{done.of_others} in the store {told}: oncogloss query {out} systems", file=sys.stderr)
    if profile:
        _print_profile(done)
    if done.failed:
        print(f"oncogloss: see oncogloss query {out} failures", file=sys.stderr)
        raise typer.Exit(1)


def _bar() -> Bar:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.fields[read]} records, {task.fields[rate]}{task.fields[failed]} failed"), BarColumn(),
        TaskProgressColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _show(bar: Bar, task: Any, progress: Progress) -> None:
    elapsed = bar.tasks[0].elapsed or 0
    rate = f"{progress.read / elapsed:.1f} a second, " if elapsed > 1 else ""
    bar.update(task, read=progress.read, failed=progress.failed, rate=rate)


def _print_profile(done: Progress) -> None:
    total = sum(done.seconds.values()) or 1
    for stage, seconds in sorted(done.seconds.items(), key=lambda item: -item[1]):
        print(f"{seconds:9.1f} s {seconds / total:5.0%}  {stage}", file=sys.stderr)


@app.command()
def forget(
    store: StoreFolder,
    records: Annotated[list[str], typer.Argument(help="Ids of records; `-`: one a line of standard input.")],
) -> None:
    """Take records out of all that a store answers, such as withdrawn ones; its older parts keep what they hold.

    Example: `oncogloss forget store NCT99000003`
    """
    from oncogloss.batch.store import forget as forget_records

    ids = [one for given in records for one in (lines_given() if given == "-" else [given]) if one.strip()]
    forget_records(store, ids)
    print(f"{len(set(ids))} forgotten.", file=sys.stderr)


@app.command()
def query(
    store: StoreFolder,
    sql: Annotated[str | None, typer.Argument(help="SQL, or the name of a table or view; none: list these.")] = None,
    format: Annotated[Shown, typer.Option(help="How rows are shown.")] = Shown.table,
) -> None:
    """Ask a store in SQL (DuckDB's); the database is made from the parts where it is missing or older than they.

    The store is only read; what the SQL says may read and write other files, as you may (`COPY … TO`).

    Example: `oncogloss query store kras_g12c_by_phase`

    Example: `oncogloss query store "SELECT record, value FROM thresholds WHERE measure = 'age'"`

    Example: `oncogloss query store "COPY mentions TO 'mentions.parquet'"`
    """
    from oncogloss.batch.database import TABLES, ask

    asked = (sql or "").strip(" \t\r\n;") or TABLES
    names, rows = ask(store, asked)
    if format is Shown.json:
        from oncogloss.writers.json import row_line

        for row in rows:
            print(row_line(names, row))
    elif format is Shown.csv:
        import csv

        flat = (["|".join(map(str, cell)) if isinstance(cell, list) else cell for cell in row] for row in rows)
        csv.writer(sys.stdout).writerows([names, *flat])
    else:
        _print_rows(names, rows)


def _print_rows(names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from oncogloss.writers.style import visible

    table = Table(box=box.SIMPLE_HEAD, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else visible(str(value))) for value in row))
    Console().print(table)


@app.command()
def report(
    store: StoreFolder,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("report.html"),
) -> None:
    """One page about a store, with plots: markers by year, cut-offs, lines of therapy, endpoints, coverage, failures.

    Example: `oncogloss report store --out report.html`
    """
    from oncogloss.batch.report import report_page

    page = report_page(store)
    with drafted(out) as draft:
        draft.write_text(page, encoding="utf-8")
    print(out)


@app.command("bench-batch")
def bench_batch(
    inputs: Annotated[list[Path], typer.Argument(help="Records to measure on, as for `batch`.")],
    models: Annotated[list[str] | None, typer.Option("--model", help="Repeatable; default: micro and nano.")] = None,
    limit: Annotated[int, typer.Option(min=8, help="How many records.")] = 100,
    many: Annotated[
        int | None, typer.Option(min=8, help="Read so many records made of those given, and watch memory and ids.")
    ] = None,
    short: Annotated[bool, typer.Option("--short", help="With --many: a title and some criteria of each.")] = False,
    out: Out = None,
) -> None:
    """Measure batches: records a second beside the bare runtime in the same run, memory, hits of the cache.

    Example: `oncogloss bench-batch studies.jsonl.gz --limit 100`

    Example: `oncogloss bench-batch corpus/samples/NCT99* --many 100000 --short --model nano`
    """
    from oncogloss.evaluation.batches import measure_batches

    if many is not None:
        from oncogloss.evaluation.many import measure_many

        tables = (measure_many(inputs, model, many, short=short) for model in models or ["micro", "nano"])
        keep("\n\n".join(["# A batch of many records", *tables]), out)
        return
    keep(f"# Batches\n\n{measure_batches(inputs, models or ['micro', 'nano'], limit)}", out)
