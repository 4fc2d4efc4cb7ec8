"""Verbs of the annotated corpus."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oncogloss.cli.app import app
from oncogloss.cli.options import (
    CorpusFolder,
    Model,
    Out,
    Records,
    drafted,
    keep,
    needs_training_extra,
    places_of,
    progress_bar,
)

if TYPE_CHECKING:
    pass


SHARES = (0.25, 0.5, 0.75, 1.0)


class Annotations(StrEnum):
    """Formats of annotation tools that `corpus import-annotations` reads."""

    brat = "brat"
    labelstudio = "labelstudio"
    conll = "conll"


corpus_app = typer.Typer(help="Grow and check the annotated corpus.", no_args_is_help=True)
app.add_typer(corpus_app, name="corpus")


@corpus_app.command("import")
def corpus_import(
    resolved: Annotated[Path, typer.Argument(help="What the annotation checker (`resolve.py --out`) wrote.")],
    out: Annotated[Path, typer.Option(help="Standoff file to write.")],
    origin: Annotated[str, typer.Option(help="Name of this part of the corpus.")] = "oncotrial",
    with_text: Annotated[bool, typer.Option(help="Keep the text: only where it is your own.")] = False,
) -> None:
    """Take annotations over as standoff: offsets, labels, text hashes.

    Example: `oncogloss corpus import resolved.jsonl --out corpus/oncotrial.jsonl`
    """
    from oncogloss.training.corpora import from_resolved, read_rows, write_standoff

    documents = [from_resolved(row, origin) for row in read_rows(resolved)]
    with drafted(out, places_of([str(resolved)])) as draft:
        write_standoff(documents, draft, with_text=with_text)
    print(f"{out}: {len(documents)} records", file=sys.stderr)


@corpus_app.command("import-annotations")
def corpus_import_annotations(
    format: Annotated[Annotations, typer.Argument(help="The tool that wrote them.")],
    path: Annotated[Path, typer.Argument(help="brat: a folder; labelstudio: a JSON export; conll: a folder or file.")],
    out: Annotated[Path, typer.Option(help="Standoff file to write.")],
    with_text: Annotated[bool, typer.Option(help="Keep the text: only where it is your own.")] = False,
) -> None:
    """Take over what an annotation tool brings back, as standoff; unknown labels are refused.

    Example: `oncogloss corpus import-annotations brat checked/ --out corpus/checked.jsonl`
    """
    from oncogloss.training.annotated import READERS
    from oncogloss.training.corpora import write_standoff

    documents = READERS[format](path)
    with drafted(out, places_of([str(path)])) as draft:
        write_standoff(documents, draft, with_text=with_text)
    print(f"{out}: {len(documents)} records", file=sys.stderr)


@corpus_app.command("check")
def corpus_check(records: Records, corpus: CorpusFolder = Path("corpus")) -> None:
    """Join the standoff corpus with records and say what it holds, and which text is missing or has changed.

    Example: `oncogloss corpus check --records records.jsonl.gz`
    """
    from oncogloss.training.corpora import describe, read_corpus

    documents, problems = read_corpus(corpus, records)
    print(describe(documents))
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        raise typer.Exit(1)


@corpus_app.command("build")
def corpus_build(
    out: Annotated[Path, typer.Option(help="Folder that receives the corpus with its text.")],
    records: Annotated[
        list[Path] | None, typer.Option("--records", help="Record files that hold the text; without, --download.")
    ] = None,
    download: Annotated[
        bool,
        typer.Option("--download", help="Fetch the records from the registry: some 20 minutes."),
    ] = False,
    url: Annotated[str | None, typer.Option(help="Another address of the registry's API v2.")] = None,
    corpus: CorpusFolder = Path("corpus"),
) -> None:
    """Join the standoff corpus with its text, and move annotations along where the text moved a little.

    What differs is said line by line on standard error. A download that was stopped goes on.

    Example: `oncogloss corpus build --records records.jsonl.gz --out built`

    Example: `oncogloss corpus build --download --out built`
    """
    from oncogloss.training.corpora import build_corpus, describe, lacking_text

    if not records and not download:
        raise typer.BadParameter("give --records FILE, or --download to fetch them from the registry.")
    paths = list(records or ())
    notes: list[str] = []
    if download:
        from oncogloss.training.download import REGISTRY, download_records

        wanted = lacking_text(corpus)
        with progress_bar(len(wanted)) as bar:
            task = bar.add_task("fetching", total=len(wanted))
            fetched, notes = download_records(
                wanted, out / "records", url=url or REGISTRY, progress=lambda _: bar.advance(task)
            )
        paths.append(fetched)
    documents, problems = build_corpus(corpus, paths, out)
    print(describe(documents))
    for note in [*notes, *problems]:
        print(note, file=sys.stderr)


@corpus_app.command("curve")
def corpus_curve(
    records: Records,
    run: Annotated[Path, typer.Option(help="Folder of the run; an unfinished run there goes on.")],
    start: Annotated[str, typer.Option(help="Pretraining run that each point starts from, or `minilm`.")],
    corpus: CorpusFolder = Path("corpus"),
    shares: Annotated[
        list[float] | None, typer.Option("--share", min=0.01, max=1, help="A share of the records; repeatable.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Passes over all records; a quarter of them: four times as many.")] = 3,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    out: Out = None,
) -> None:
    """Learning curve: F1 on dev from 25, 50, 75 and 100 % of the annotated real records, foreseen for twice as many.

    Example: `oncogloss corpus curve --records records.jsonl.gz --start runs/encoder --run runs/curve`
    """
    needs_training_extra()
    from oncogloss.training.recipes import corpus_learning_curve

    table = corpus_learning_curve(corpus, records, start, run, shares=shares or SHARES, epochs=epochs, seed=seed)
    keep(f"# Learning curve on dev\n\n{table}", out)


@corpus_app.command("select")
def corpus_select(
    records: Records,
    count: Annotated[int, typer.Option(help="How many records to choose.")] = 20,
    corpus: CorpusFolder = Path("corpus"),
) -> None:
    """Choose records to annotate next, spread over cancers, sources and years; prints JSON lines.

    Example: `oncogloss corpus select --records records.jsonl.gz --count 20 > batch.jsonl`
    """
    import json

    from oncogloss.training.corpora import read_corpus, read_rows
    from oncogloss.training.curation import select

    known, _ = read_corpus(corpus, records)
    for row in select((row for path in records for row in read_rows(path)), known, count):
        print(json.dumps(row, ensure_ascii=False))


@corpus_app.command("disagreements")
def corpus_disagreements(
    records: Records,
    corpus: CorpusFolder = Path("corpus"),
    model: Model = "micro",
    ids: Annotated[list[str] | None, typer.Option("--id", help="Only these records.")] = None,
) -> None:
    """Show where the model reads something else than the annotation: where the two differ is where errors hide.

    Example: `oncogloss corpus disagreements --records records.jsonl.gz --id NCT01234567`
    """
    from oncogloss.evaluation.run import model_reader
    from oncogloss.pipeline import load
    from oncogloss.training.corpora import read_corpus
    from oncogloss.training.curation import disagreements

    documents, _ = read_corpus(corpus, records)
    chosen = [d for d in documents if not ids or d.id in ids]
    for line in disagreements(model_reader(load(model)), chosen):
        print(line)


@corpus_app.command("agreement")
def corpus_agreement(
    first: Annotated[Path, typer.Argument(help="Standoff file of one annotation.")],
    second: Annotated[Path, typer.Argument(help="Standoff file of another, made without seeing the first.")],
    records: Records,
    out: Out = None,
) -> None:
    """How far two independent annotations of the same records agree, by type.

    Example: `oncogloss corpus agreement blind/3_first.jsonl.gz blind/3_second.jsonl.gz --records records.jsonl.gz`
    """
    from oncogloss.training.corpora import read_standoff
    from oncogloss.training.curation import agreement

    (one, problems), (other, more) = (read_standoff(path, records) for path in (first, second))
    for problem in (*problems, *more):
        print(problem, file=sys.stderr)
    keep(agreement(one, other), out)
