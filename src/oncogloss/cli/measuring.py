"""Verbs that measure a model; each prints Markdown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from oncogloss.cli.app import app
from oncogloss.cli.options import (
    CorpusFolder,
    Model,
    Out,
    Records,
    Split,
    VocabularyName,
    keep,
    needs_serve_extra,
    needs_training_extra,
    read_or_raise,
    ready,
)
from oncogloss.errors import CorpusError


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
    keep(tokenizer_table(candidates, load_split(corpus, records, "dev")[0], known), out)


@app.command()
def evaluate(
    records: Records,
    corpus: CorpusFolder = Path("corpus"),
    split: Split = "dev",
    model: Model = "micro",
    out: Annotated[
        Path | None, typer.Option(help="Write the Markdown here, and all counts beside it as JSON.", callback=ready)
    ] = None,
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
    keep(f"# Evaluation on {split}\n\nModel {pipeline.info.sha256[:16]}.\n\n{report(results)}\n\n{layouts}", out)
    if out is not None:
        out.with_suffix(".json").write_text(counts(results) + "\n", encoding="utf-8")


@app.command("evaluate-structure")
def evaluate_structure(
    records: Records,
    corpus: CorpusFolder = Path("corpus"),
    model: Model = "micro",
    vocabulary: VocabularyName = "default",
    splits: Annotated[
        list[str] | None, typer.Option("--split", help="Only `dev`, where rules are made, or `test`; default: both.")
    ] = None,
    out: Out = None,
) -> None:
    """Score the logic of criteria, thresholds and biomarker requirements on the 60 records that have them annotated.

    Example: `oncogloss evaluate-structure --records records.jsonl.gz --split dev`
    """
    from oncogloss.concepts import open_vocabulary
    from oncogloss.evaluation.structure import LOGIC, structure_report
    from oncogloss.pipeline import load
    from oncogloss.training.corpora import load_split, read_rows

    wanted = splits or ["dev", "test"]
    gold = [d for split in wanted for d in load_split(corpus, records, split)[0]]
    rows = [row for row in read_rows(corpus / LOGIC) if row["split"] in wanted]
    if not rows:
        raise CorpusError(f"{', '.join(wanted)}: no record whose logic is annotated; `--split` takes dev or test.")
    pipeline = load(model, vocabulary=vocabulary)
    keep(f"# Structure\n\n{structure_report(gold, rows, pipeline.extract, open_vocabulary(vocabulary))}", out)


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
    keep(f"# Reliability on {split}\n\n{measured(model, gold)}", out)


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
    keep(f"# Rounding to int8, on {split}\n\n{measured(model, gold)}", out)


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

    keep(measure(read_or_raise(paths), model), out)


@app.command("bench-serve")
def bench_serve(
    paths: Annotated[list[str], typer.Argument(help="Records to ask with.")],
    model: Model = "micro",
    requests: Annotated[int, typer.Option(min=200, help="Length of the long run.")] = 20_000,
    out: Out = None,
) -> None:
    """Load the service on loopback, one client and eight, beside the plain pipeline; what it takes, and holds.

    Example: `oncogloss bench-serve corpus/samples/NCT99*`
    """
    from oncogloss.evaluation.load import load_report

    needs_serve_extra()
    keep(f"# The service under load\n\n{load_report(model, read_or_raise(paths), requests)}", out)


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

    keep(f"# Speed of the network\n\n{measured(model, read_or_raise(paths))}", out)


@app.command()
def benchmark(
    corpora: Annotated[Path, typer.Option(help="Folder of public corpora.")],
    run: Annotated[Path, typer.Option(help="Folder of results; those that are there are not run again.")],
    tasks: Annotated[list[str] | None, typer.Option("--task", help="Repeatable; default: all.")] = None,
    systems: Annotated[
        list[str] | None,
        typer.Option("--system", help="`spans`, `crf`, `bilstm-crf`, …; repeatable. Default: all but crf."),
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

    wanted = jobs(tasks, systems, starts or ["micro"], range(seeds) if seed is None else [seed], split)
    run_benchmark(corpora, run, wanted, log=lambda line: print(line, file=sys.stderr, flush=True))
    keep(table(run, split), out)
