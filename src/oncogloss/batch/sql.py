"""What is given, as it is written within SQL."""

from __future__ import annotations

import re
from pathlib import Path


def literal(text: str) -> str:
    """A text."""
    return "'" + text.replace("'", "''") + "'"


def file_literal(path: str | Path) -> str:
    """The file of that very name: to DuckDB `*`, `?` and `[` are patterns, and `~` is a home."""
    return literal(re.sub(r"[*?\[]", r"[\g<0>]", str(Path(path).absolute())))
