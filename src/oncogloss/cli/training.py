"""Verbs that make a network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from oncogloss.cli.app import app
from oncogloss.cli.options import (
    CorpusFolder,
    Out,
    Records,
    keep,
    needs_training_extra,
)


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
def average(
    records: Records,
    run: Annotated[list[Path], typer.Option(help="Folder of a `train` run (repeatable).")],
    out: Annotated[Path, typer.Option(help="Folder that receives the model bundle.")],
    corpus: CorpusFolder = Path("corpus"),
    corpora: Annotated[Path | None, typer.Option(help="Folder of public corpora that were mixed in.")] = None,
    name: Annotated[str, typer.Option(help="Name of the model.")] = "micro",
    version: Annotated[str, typer.Option(help="Version of the model.")] = "0.1.0",
) -> None:
    """Write the bundle of the mean of several `train` runs that came from one another or from one start.

    Example: `oncogloss average --records records.jsonl.gz --run runs/first --run runs/second --out models/micro`
    """
    needs_training_extra()
    from oncogloss.training.recipes import TrainingData, average_runs

    average_runs(TrainingData(corpus, records, corpora), run, out, name=name, version=version)
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
    keep(ablate(data, start, variant or list(VARIANTS), seed or [0, 1, 2], recipe, run, size), out)


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
