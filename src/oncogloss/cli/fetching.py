"""The verb that goes to the registry of trials."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from oncogloss.cli.app import app
from oncogloss.cli.options import progress_bar
from oncogloss.errors import InputError, shown


@app.command()
def fetch(
    out: Annotated[Path, typer.Option(help="The folder for the studies; one that was begun is gone on with.")],
    condition: Annotated[str, typer.Option(help="Condition or disease, in the registry's own search language.")] = "",
    term: Annotated[str, typer.Option(help="Any other words, likewise.")] = "",
    updated_since: Annotated[str, typer.Option(help="Only studies updated on or after this day, YYYY-MM-DD.")] = "",
    id: Annotated[list[str] | None, typer.Option(help="A study by its NCT id; repeatable.")] = None,
    ids: Annotated[Path | None, typer.Option(help="File of NCT ids between blanks, commas or line ends.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many studies.")] = None,
    address: Annotated[str | None, typer.Option(help="A mirror or proxy of the API.")] = None,
) -> None:
    """Fetch studies from ClinicalTrials.gov into a folder that `batch` reads. Uses the network.

    May be killed at any time and started again. Ends with status 1 where the registry has not all of the ids.

    Example: `oncogloss fetch --condition "lung cancer" --updated-since 2026-11-01 --out studies`

    Example: `oncogloss fetch --ids ids.txt --out studies`
    """
    from oncogloss.batch.ctgov_api import ADDRESS, Api
    from oncogloss.batch.fetch import Wanted
    from oncogloss.batch.fetch import fetch as fetch_studies

    given = [*(id or ()), *(_ids_of(ids) if ids else ())]
    wanted = Wanted(condition, term, updated_since, tuple(one.upper() for one in given), limit)
    with Api(address or ADDRESS) as api, progress_bar(total=3) as bar:
        task = bar.add_task("fetch", total=None)
        done = fetch_studies(
            wanted, out, api, lambda f: bar.update(task, total=f.total, completed=f.saved + len(f.missing))
        )
    before = f", {done.before} of them before" if done.before else ""
    print(f"{done.saved} studies in {shown(str(out))}{before}.", file=sys.stderr)
    if done.missing:
        named = ", ".join(done.missing[:10]) + (" …" if len(done.missing) > 10 else "")
        print(f"oncogloss: the registry has no study of {len(done.missing)} of the ids: {named}", file=sys.stderr)
        raise typer.Exit(1)


def _ids_of(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8-sig").replace(",", " ").split()
    except UnicodeDecodeError:
        raise InputError(f"{shown(str(file))}: not UTF-8 text; save it as UTF-8.") from None
