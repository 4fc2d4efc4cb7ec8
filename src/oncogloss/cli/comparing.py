"""The verb that compares systems: ours, conventional ones, and those that others plug in."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from oncogloss.cli.app import app
from oncogloss.cli.options import CorpusFolder, Records, Split


@app.command()
def compare(
    records: Records,
    out: Annotated[Path, typer.Option(help="Folder of results: one JSON a system, without any text.")],
    corpus: CorpusFolder = Path("corpus"),
    split: Split = "test",
    run: Annotated[
        Path | None, typer.Option(help="Folder of trained systems and of what they found; default: `run` in --out.")
    ] = None,
    systems: Annotated[list[str] | None, typer.Option("--system", help="Repeatable; default: all.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A sample of the records; some minutes on two cores.")] = False,
    seed: Annotated[int, typer.Option(help="Chooses samples and the order of training.")] = 0,
) -> None:
    """Train and score systems on the same records, each in processes of its own; a run that was cut off goes on.

    Example: `oncogloss compare --records records.jsonl.gz --out report --quick`
    """
    from oncogloss.evaluation.compare import Comparison, compare

    command = shlex.join(["oncogloss", *sys.argv[1:]])
    comparison = Comparison(
        out, run or out / "run", split, quick, seed, command, lambda line: print(line, file=sys.stderr, flush=True)
    )
    for path in compare(comparison, corpus, records, systems or ()):
        print(path)


@app.command("compare-report")
def compare_report(
    results: Annotated[Path, typer.Argument(help="Folder of results of `compare`.")],
    prices: Annotated[
        Path | None, typer.Option(help="Your table of powers, grids and prices, in the shape of ours.")
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option(
            help="example_text.json of the run: quotes the records in error examples; keep such a report yours."
        ),
    ] = None,
) -> None:
    """Write report.html and report.md from results: tables, plots, cost, and which system to take for which type.

    Example: `oncogloss compare-report report`
    """
    from oncogloss.evaluation.energy import PRICES
    from oncogloss.evaluation.report import write_report
    from oncogloss.evaluation.results import read_texts

    for path in write_report(results, prices or PRICES, read_texts(texts) if texts else None):
        print(path)
