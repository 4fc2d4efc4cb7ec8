"""What the verbs share: options, reading of input, printing."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from oncogloss.errors import InputError, MissingExtraError, shown
from oncogloss.places import terms_begun, terms_file
from oncogloss.readers.files import OPENED
from oncogloss.schema import Document


def ready(out: Path | None) -> Path | None:
    """The file that output goes to; its folder is made now, before work that may take hours. Raises InputError where it
    is a folder itself."""
    if out is not None:
        check_out(out, ())
        out.parent.mkdir(parents=True, exist_ok=True)
    return out


def corpus_there(corpus: Path) -> Path:
    """The folder of the corpus. Raises InputError where there is none."""
    if not corpus.is_dir():
        raise InputError(
            f"{shown(str(corpus))}: no such folder; run this in a checkout, or give its folder `corpus` with --corpus."
        )
    return corpus


Model = Annotated[
    str,
    typer.Option("--model", help="A model by name (it ships, or your registry has it), NAME@VERSION, or its folder."),
]
VocabularyName = Annotated[str, typer.Option("--vocabulary", help="A vocabulary that ships, or the folder of one.")]
Terms = Annotated[
    Path | None,
    typer.Option(
        "--terms", help="Table of your own terms; default: where $ONCOGLOSS_TERMS says, else in your data folder."
    ),
]
Records = Annotated[
    list[Path],
    typer.Option("--records", help="Record files (JSON lines, gzipped or not) that hold the corpus's text."),
]
CorpusFolder = Annotated[
    Path,
    typer.Option("--corpus", help="Folder of our standoff annotations, `corpus` of a checkout.", callback=corpus_there),
]
Split = Annotated[str, typer.Option("--split", help="Annotated records: `dev`, `test` or `samples`.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write the Markdown here too.", callback=ready)]


def terms_path(given: Path | None) -> Path:
    """Where the table of the user's own terms is written."""
    return given or terms_file()


def terms_read(given: Path | None) -> Path | None:
    """The table of the user's own terms that counts; None where nothing names one and none was begun."""
    return given or terms_begun()


def needs_training_extra() -> None:
    """Raise MissingExtraError unless what training needs is installed."""
    _needs(("torch", "safetensors", "onnx"), "train")


def needs_serve_extra() -> None:
    """Raise MissingExtraError unless what serving needs is installed."""
    _needs(("fastapi", "uvicorn", "prometheus_client"), "serve")


def _needs(packages: tuple[str, ...], extra: str) -> None:
    import importlib.util

    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, extra)


def read_all(paths: list[str]) -> Iterator[Document | InputError]:
    """All documents of the paths given, `-` for standard input, folders opened; failures stay in the stream."""
    from oncogloss.readers import input_files, read_bytes, read_path

    for path in paths:
        if path == "-":
            yield from read_bytes(sys.stdin.buffer.read(), "standard input")
            continue
        try:
            inside = input_files(Path(path))
        except InputError as error:
            yield error
            continue
        for file in inside:
            yield from read_path(file)


def read_or_raise(paths: list[str]) -> list[Document]:
    """All documents of the paths given. Raises the first InputError among them."""
    documents = []
    for item in read_all(paths):
        if isinstance(item, InputError):
            raise item
        documents.append(item)
    return documents


def keep(text: str, out: Path | None) -> None:
    """Print a text, and keep it in a file too where one is named."""
    print(text)
    if out is not None:
        with drafted(out) as draft:
            draft.write_text(text + "\n", encoding="utf-8")


# where output goes

Place = tuple[int, int]  # what a file is, under whatever name: its device and its number there


def places_of(paths: Collection[str]) -> frozenset[Place]:
    """The files and folders that are read, as of paths given: `-` for standard input, folders opened."""
    from oncogloss.readers import input_files

    found = []
    for path in paths:
        with suppress(OSError, InputError):  # what cannot be read is said where it is read
            if path == "-":
                found.append(os.fstat(sys.stdin.fileno()))
            else:
                found += [file.stat() for file in {Path(path), *input_files(Path(path))}]
    return frozenset((s.st_dev, s.st_ino) for s in found if stat.S_ISREG(s.st_mode) or stat.S_ISDIR(s.st_mode))


def check_out(out: Path, inputs: Collection[Place], *, folder: bool = False) -> None:
    """Raise InputError where `out` is one of the inputs, or no folder where it should be one (or the reverse)."""
    if not out.exists():
        return
    found = out.stat()
    if (found.st_dev, found.st_ino) in inputs:
        raise InputError(f"{shown(str(out))}: is one of the inputs and would be lost; give another path with --out.")
    if folder != stat.S_ISDIR(found.st_mode):
        wanted = "no folder; give one" if folder else "a folder; give a file"
        raise InputError(f"{shown(str(out))}: is {wanted} with --out.")


@contextmanager
def drafted(out: Path, inputs: Collection[Place] = (), *, folder: bool = False) -> Iterator[Path]:
    """A path to write a file, or a `folder`, under: what is there at the end takes the place of `out`, file by file;
    after an error nothing does.

    Raises InputError as `check_out`, and OSError that names `out` where it cannot be written.
    """
    check_out(out, inputs, folder=folder)
    straight = out.exists() and not out.is_dir() and (not out.is_file() or str(out).startswith(OPENED))
    real = out if straight else Path(os.path.realpath(out))  # a link stays a link
    room = ""
    try:
        if folder:
            real.parent.mkdir(parents=True, exist_ok=True)
        near = real if real.is_dir() else real.parent
        with TemporaryDirectory(prefix=".oncogloss-", dir=None if straight else near) as room:
            draft = Path(room, real.name)
            yield draft
            if straight:
                with draft.open("rb") as written, out.open("wb") as stream:
                    shutil.copyfileobj(written, stream)
            else:
                _put(draft, real, inputs)
    except OSError as error:
        inside = not error.filename or str(error.filename).startswith(room or str(real.parent))
        if isinstance(error, BrokenPipeError) or not inside:
            raise
        raise OSError(error.errno, error.strerror or str(error), str(out)) from None


def _put(draft: Path, out: Path, inputs: Collection[Place]) -> None:
    if draft.is_dir() and out.is_dir():
        for file in draft.iterdir():
            check_out(out / file.name, inputs)
        for file in draft.iterdir():
            _put(file, out / file.name, ())
    else:
        if out.exists():
            shutil.copymode(out, draft)
        os.replace(draft, out)


def progress_bar(total: int) -> Progress:
    """A bar on standard error, for many records on a terminal only."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=total < 3 or not console.is_terminal)
