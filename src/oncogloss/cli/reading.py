"""Verbs that read trials: extract, diff, match, coverage, link."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer
from rich.console import Console

from oncogloss.cli.app import app
from oncogloss.cli.options import (
    Model,
    Out,
    Terms,
    VocabularyName,
    check_out,
    drafted,
    keep,
    places_of,
    progress_bar,
    read_all,
    terms_read,
)
from oncogloss.errors import InputError
from oncogloss.readers.files import left_out
from oncogloss.schema import Document

if TYPE_CHECKING:
    from oncogloss.pipeline import Pipeline


class Format(StrEnum):
    """How `extract` shows what it found."""

    table = "table"
    json = "json"
    html = "html"
    csv = "csv"
    xlsx = "xlsx"
    parquet = "parquet"
    duckdb = "duckdb"
    brat = "brat"
    labelstudio = "labelstudio"
    doccano = "doccano"
    conll = "conll"
    spacy = "spacy"
    fhir = "fhir"
    omop = "omop"
    ctml = "ctml"


class Output(StrEnum):
    """How `diff` and `match` show what they found."""

    text = "text"
    json = "json"


def none_empty(paths: list[str]) -> list[str]:
    """The paths given. Raises InputError where one is empty: it would stand for the working folder."""
    if "" in paths:
        raise InputError("A path is empty; give a file or a folder, `.` for the one you are in.")
    return paths


Inputs = Annotated[list[str], typer.Argument(help="Files, folders, or `-` for standard input.", callback=none_empty)]
OutFile = Annotated[Path | None, typer.Option("--out", help="Write here, not to standard output.")]


@app.command()
def extract(
    paths: Inputs,
    format: Annotated[Format | None, typer.Option(help="Default: table on a terminal, else json.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write here, not to standard output; a folder for csv, parquet, brat and conll."),
    ] = None,
    model: Model = "micro",
    min_score: Annotated[
        float | None,
        typer.Option(min=0.001, max=0.999, help="Keep mentions from this score on: low finds more."),
    ] = None,
    vocabulary: VocabularyName = "default",
    terms: Terms = None,
) -> None:
    """Find entities, attributes, relations and criteria in trial records or any trial text.

    Kinds are told by content: ClinicalTrials.gov API v2 JSON, legacy XML, plain text, PDF, DOCX, JSON lines of
    `{"id", "passages"}`.

    Example: `oncogloss extract NCT04380701.json`

    Example: `cat trials.jsonl | oncogloss extract - --format json > facts.jsonl`

    Example: `oncogloss extract folder/ --format duckdb --out trials.duckdb`
    """
    from oncogloss.writers.files import FILES, FOLDERS

    chosen = format or (Format.table if out is None and sys.stdout.isatty() else Format.json)
    if chosen in FILES and out is None:
        raise typer.BadParameter(
            f"{chosen} writes a {'folder' if chosen in FOLDERS else 'file'}: say where with --out PATH."
        )
    inputs = places_of(paths)
    if out is not None:
        check_out(out, inputs, folder=chosen in FOLDERS)
    failures: list[InputError] = []
    if documents := list(_readable(paths, failures)):
        from oncogloss.pipeline import load

        pipeline = load(model, min_score=min_score, vocabulary=vocabulary, terms=terms_read(terms))
        in_place = out is None or (chosen is Format.duckdb and out.exists())  # of a database the other tables stay
        with nullcontext(out) if in_place or out is None else drafted(out, inputs, folder=chosen in FOLDERS) as draft:
            _write_extractions(documents, chosen, draft, pipeline)
    _tell(failures, len(documents))


def _readable(paths: list[str], failures: list[InputError]) -> Iterator[Document]:
    """The documents of some inputs; what cannot be read is added to `failures`, and the others go on."""
    failures += (error for path in paths if path != "-" for error in left_out(Path(path)))
    for item in read_all(paths):
        if isinstance(item, InputError):
            failures.append(item)
        else:
            yield item


def _tell(failures: list[InputError], read: int) -> None:
    """Say what could not be read, and end with status 1 if something could not, 2 if nothing could be."""
    for failure in failures:
        print(f"oncogloss: {failure}", file=sys.stderr)
    if failures:
        if read:
            print(f"oncogloss: {read} read, {len(failures)} failed.", file=sys.stderr)
        raise typer.Exit(1 if read else 2)


def _write_extractions(documents: list[Document], format: Format, out: Path | None, pipeline: Pipeline) -> None:
    from oncogloss.writers import json_line, print_table
    from oncogloss.writers.files import FILES, TEXTS

    with _target(None if format in FILES else out) as stream, progress_bar(len(documents)) as progress:
        task = progress.add_task("reading", total=len(documents))
        console = Console(file=stream, highlight=False, width=None if out is None else 120)
        pairs = []
        for document in documents:
            extraction = pipeline.extract(document)
            if format is Format.json:
                print(json_line(extraction), file=stream)
            elif format is Format.table:
                print_table(console, document, extraction)
            else:
                pairs.append((document, extraction))
            progress.advance(task)
        if format in TEXTS:
            stream.write(TEXTS[format](pairs))
        elif format in FILES and out is not None:
            FILES[format](pairs, out)


@contextmanager
def _target(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
    else:
        with out.open("w", encoding="utf-8") as stream:
            yield stream


@contextmanager
def _written(out: Path | None, inputs: list[str]) -> Iterator[TextIO]:
    """Standard output, or a file that takes the place of `out` once it is whole."""
    with nullcontext() if out is None else drafted(out, places_of(inputs)) as draft, _target(draft) as stream:
        yield stream


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="The trial as it stood: a file of one record.")],
    new: Annotated[Path, typer.Argument(help="The trial as it stands.")],
    format: Annotated[Output, typer.Option(help="Lines for people, or one JSON object.")] = Output.text,
    wording: Annotated[bool, typer.Option("--wording", help="List what only says the same in other words.")] = False,
    model: Model = "micro",
    vocabulary: VocabularyName = "default",
    terms: Terms = None,
    out: OutFile = None,
) -> None:
    """What changed between two versions of a trial, as facts: criteria, thresholds, arms, endpoints, registry fields.

    Example: `oncogloss diff NCT04380701.march.json NCT04380701.june.json`
    """
    from oncogloss.compare import diff_records
    from oncogloss.pipeline import load
    from oncogloss.writers.compared import changes_json, changes_text

    found = diff_records(old, new, load(model, vocabulary=vocabulary, terms=terms_read(terms)))
    with _written(out, [str(old), str(new)]) as stream:
        print((changes_text if format is Output.text else changes_json)(found, wording=wording), file=stream)


@app.command("match")
def match_command(
    patient: Annotated[Path, typer.Argument(help="A patient: our own JSON, or a FHIR Bundle.")],
    trials: Annotated[list[str], typer.Argument(help="Trial records: files, folders, or `-`.", callback=none_empty)],
    format: Annotated[Output, typer.Option(help="Lines for people, or a JSON object a line.")] = Output.text,
    model: Model = "micro",
    vocabulary: VocabularyName = "default",
    terms: Terms = None,
    out: OutFile = None,
) -> None:
    """What each criterion of trials means for a patient: met, not met or unknown. It informs and decides nothing.

    Example: `oncogloss match corpus/patients/lung.json corpus/samples/NCT99000001.json`
    """
    from oncogloss.compare import matchings_of, patient_as_of
    from oncogloss.pipeline import load
    from oncogloss.writers.compared import matching_text

    person = patient_as_of(patient)
    for problem in person.problems:
        print(f"oncogloss: {problem}", file=sys.stderr)
    failures: list[InputError] = []
    if documents := list(_readable(trials, failures)):
        pipeline = load(model, vocabulary=vocabulary, terms=terms_read(terms))
        with _written(out, [str(patient), *trials]) as stream:
            for matching in matchings_of(person, documents, pipeline):
                line = matching_text(matching) if format is Output.text else matching.model_dump_json()
                print(line, file=stream)
    _tell(failures, len(documents))


@app.command("link")
def link_command(
    names: Annotated[list[str], typer.Argument(help="Names or ids to look up; `-`: one a line of standard input.")],
    type: Annotated[str | None, typer.Option(help="Entity type of the names, e.g. DRUG; default: any.")] = None,
    vocabulary: VocabularyName = "default",
    terms: Terms = None,
) -> None:
    """Find the concept of a name or id in the public vocabularies; prints JSON lines, `null` where there is none.

    Each concept stands under its own entity type; with --type, under the type that was asked for.

    Example: `oncogloss link "MK-3475" "carcinoma of the breast" MESH:D001943`
    """
    import json

    from oncogloss.concepts import concepts_of, link_id, open_vocabulary
    from oncogloss.concepts.linker import TYPES
    from oncogloss.concepts.terms import read_terms, with_terms

    if type is not None and type not in TYPES:
        raise typer.BadParameter(f"no concepts of type {type}; there are {', '.join(TYPES)}.")
    table = terms_read(terms)
    opened = with_terms(open_vocabulary(vocabulary), read_terms(table) if table else [])
    for name in lines_given() if names == ["-"] else names:
        concepts = {kind: concept.model_dump() for kind, concept in concepts_of(name, opened, type).items()}
        if concept := link_id(name, opened):
            concepts["ID"] = concept.model_dump()
        print(json.dumps({"name": name, "concepts": concepts or None}, ensure_ascii=False))


def lines_given() -> Iterator[str]:
    """The lines of standard input. Raises InputError where one is no text."""
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            yield line.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise InputError(f"standard input, line {number}: not UTF-8 text; save it as UTF-8.") from None


@app.command()
def coverage(
    paths: Inputs,
    model: Model = "micro",
    vocabulary: VocabularyName = "default",
    terms: Terms = None,
    out: Out = None,
) -> None:
    """How much of the eligibility texts of some records is understood, and what most often is not.

    Example: `oncogloss coverage trials/`
    """
    from oncogloss.pipeline import load
    from oncogloss.structure.coverage import coverage_report

    if out is not None:
        check_out(out, places_of(paths))
    pipeline = load(model, vocabulary=vocabulary, terms=terms_read(terms))
    failures: list[InputError] = []
    if documents := list(_readable(paths, failures)):
        keep(coverage_report(pipeline.extract(document) for document in documents), out)
    _tell(failures, len(documents))
