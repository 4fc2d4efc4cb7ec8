"""The command line: one thin command per verb. `-` is standard input; JSON lines go in and come out."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import NoReturn

from oncogloss.cli import reading, terms, fetching, batch, serving  # noqa: F401  # isort: skip  (the order of `--help`)
from oncogloss.cli import training, measuring, comparing  # noqa: F401  # isort: skip
from oncogloss.cli import vocabulary, corpus, models, upkeep  # noqa: F401  # isort: skip
from oncogloss.cli.app import app
from oncogloss.errors import OncoglossError, shown

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; our own errors, and files that cannot be opened, become one sentence and status 2."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OncoglossError as error:
        _fail(str(error))
    except UnicodeEncodeError:  # of half a surrogate pair, which stands for a byte of the arguments that is no text
        _fail("an argument is not UTF-8 text; give it in UTF-8.")
    except UnicodeDecodeError:  # where no reader names the file
        _fail("a file or standard input is not UTF-8 text; save it as UTF-8.")
    except OSError as error:
        place = f"{shown(os.fsdecode(error.filename))}: " if isinstance(error.filename, (str, bytes)) else ""
        code = error.errno or 0
        said = os.strerror(code) if code in _ADVICE else error.strerror or error or "cannot be read"
        _fail(f"{place}{said}; {_ADVICE.get(code, 'check the path')}.")


_ADVICE = dict.fromkeys(
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "free some space there, or write to where there is more"
)


def _fail(problem: str) -> NoReturn:
    print(f"oncogloss: {problem}", file=sys.stderr)
    with suppress(OSError):
        sys.stdout.flush()
        sys.exit(2)
    sys.stderr.flush()
    os._exit(2)  # what cannot be written out would be tried again, and complained of, at the end


def _open_closed_streams() -> None:
    """Closed standard input is empty; without standard output there is nothing to do, without an error stream less."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = sys.stderr
        _fail("standard output is closed; leave it open, or send it to /dev/null.")
