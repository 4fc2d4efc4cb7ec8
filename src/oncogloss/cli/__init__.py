"""The command line: one thin command per verb. `-` is standard input; JSON lines go in and come out."""

from __future__ import annotations

import sys
from io import TextIOWrapper

from oncogloss.cli import reading, terms, fetching, batch, serving  # noqa: F401  # isort: skip  (the order of `--help`)
from oncogloss.cli import training, measuring, comparing  # noqa: F401  # isort: skip
from oncogloss.cli import vocabulary, corpus, models, upkeep  # noqa: F401  # isort: skip
from oncogloss.cli.app import app
from oncogloss.errors import OncoglossError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; our own errors, and files that cannot be opened, become one sentence and status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OncoglossError as error:
        print(f"oncogloss: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(
            f"oncogloss: {error.filename or error}: {error.strerror or 'cannot be read'}; check the path.",
            file=sys.stderr,
        )
        sys.exit(2)
