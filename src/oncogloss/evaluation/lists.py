"""Lists to measure with that were written by hand: a row a line, tabs between its cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from oncogloss.errors import CorpusError

Row = TypeVar("Row")


def read_list(path: Path, form: str, made: Callable[[list[str]], Row | None], header: str = "") -> list[Row]:
    """The rows that `made` makes of the cells of each line (None: they are none) behind the header, if there is one;
    lines that begin with `#` are comments.

    `form` says what a row is. Raises CorpusError naming the line that is none, or the list without a row or header.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    if header and lines[:1] != [header]:
        raise CorpusError(f"{path}: give rows of `{form}` behind a line of their names.")
    rows = []
    for number, line in enumerate(lines, 1):
        if line.startswith("#") or (header and number == 1):
            continue
        row = made(line.split("\t"))
        if row is None:
            raise CorpusError(f"{path}, line {number}: not `{form}` with tabs between.")
        rows.append(row)
    if not rows:
        raise CorpusError(f"{path}: empty; give rows of `{form}`.")
    return rows
