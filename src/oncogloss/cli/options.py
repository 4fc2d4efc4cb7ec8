"""What the verbs share: options, reading of input, printing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from oncogloss.errors import InputError, MissingExtraError
from oncogloss.places import terms_file
from oncogloss.schema import Document

Model = Annotated[str, typer.Option("--model", help="A model that ships, by name, or the folder of one.")]
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
CorpusFolder = Annotated[Path, typer.Option("--corpus", help="Folder of our standoff annotations.")]
Split = Annotated[str, typer.Option("--split", help="Annotated records: `dev`, `test` or `samples`.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write the Markdown here too.")]


def terms_path(given: Path | None) -> Path:
    """Where the table of the user's own terms lies."""
    return given or terms_file()


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
        out.write_text(text + "\n", encoding="utf-8")


def progress_bar(total: int) -> Progress:
    """A bar on standard error, for many records on a terminal only."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=total < 3 or not console.is_terminal)
