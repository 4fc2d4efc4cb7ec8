"""Public benchmarks: our encoder fine-tuned as a user would, a BiLSTM-CRF beside it, published figures beside both.

Training uses train and devel parts, as published tables do; epochs and rates were set beforehand, none by a test part
(`split="devel"`: train on train alone, score on devel; a start such as
`micro` has seen some devel parts as weak labels). Spans count when type and both ends are right. Where a
corpus has no devel part one is cut from train, where it has no test part one is cut too, by a hash of the ids.
A span head is scored twice: by itself, and where a name's other occurrences nearby have their say (`agreement`).
A CRF, and so the BiLSTM-CRF, cannot hold nested spans (`lct`): it learns the longest of overlapping ones.
Abbreviations are found by a model as it ships (ABBREV_OF), by rule, and by `letters` (`concepts.definitions`). Models
that ship were trained on Ab3P, so they are not scored on it; `letters` is, by weights learned without the document.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import torch

from oncogloss.errors import BundleError, CorpusError
from oncogloss.evaluation.metrics import Score
from oncogloss.evaluation.schwartz_hearst import abbreviations as by_rule
from oncogloss.model.bundle import GRAPH, find_bundle
from oncogloss.model.files import replace_file
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.pipeline import Pipeline, load
from oncogloss.schema import Document, Passage
from oncogloss.training.agreement import Candidate, agreeing, chosen
from oncogloss.training.corpora import read_rows
from oncogloss.training.definition_weights import Pair, found_pairs, wanted_pairs
from oncogloss.training.importers import Annotated, columns, standoff
from oncogloss.training.lstm import LstmRecipe, lstm_tagger
from oncogloss.training.pretrain import training_device
from oncogloss.training.recipes import start_network
from oncogloss.training.sentences import Span, Text
from oncogloss.training.taggers import EncoderRecipe, encoder_tagger, pair_classifier

SYSTEMS = ("spans", "crf", "bilstm-crf")
USUAL = ("spans", "bilstm-crf")
ENCODER_SYSTEMS = ("spans", "crf", "pairs", "shipped")
PARTS = ("train", "devel", "test")
Log = Callable[[str], None]


class Part(NamedTuple):
    """What a run learns from and what it is scored on."""

    training: list[Text]
    held: list[Text]


@dataclass(frozen=True)
class Task:
    """One corpus. `per_type`: report each type as a task of its own; `nested`: spans may stand inside others."""

    folder: str
    epochs: int = 0
    systems: tuple[str, ...] = SYSTEMS  # that can do it
    per_type: bool = False
    nested: bool = False
    untyped: bool = False  # also report spans without their types, as published tables do


TASKS = {
    "bc5cdr": Task("biomed_ner_mtl/BC5CDR", 15, per_type=True),
    "ncbi-disease": Task("biomed_ner_mtl/NCBI-disease", 20),
    "bc2gm": Task("biomed_ner_mtl/BC2GM", 12),
    "jnlpba": Task("jnlpba/jnlpba_standoff.jsonl.gz", 10, untyped=True),
    "bionlp13cg": Task("biomed_ner_mtl/BioNLP13CG", 30),
    "lct": Task("lct/lct.jsonl.gz", 20, nested=True),
    "pico-breast": Task("pico_breast/pico_breast.jsonl.gz", 20),
    "chemprot": Task("chemprot", 12, systems=("pairs",)),
    "medstract": Task("abbreviations/medstract.jsonl.gz", systems=("shipped", "schwartz-hearst", "letters")),
    "schwartz-hearst": Task(
        "abbreviations/schwartz_hearst.jsonl.gz", systems=("shipped", "schwartz-hearst", "letters")
    ),
    "ab3p": Task("abbreviations/ab3p.jsonl.gz", systems=("schwartz-hearst", "letters")),
}

# Entity-level F1 as printed by: BioBERT v1.1, Lee et al. 2020; PubMedBERT, Gu et al. 2021 (JNLPBA of both without
# types); six-layer models of 65 M parameters, Rohanian et al. 2023; SciBERT, Beltagy et al. 2019 (ChemProt: micro F1
# of 13 classes) and, on LCT, Dobbins et al. 2022
PUBLISHED: dict[str, dict[str, float]] = {
    "bc5cdr-chemical": {
        "BioBERT v1.1": 93.47,
        "PubMedBERT": 93.33,
        "DistilBioBERT": 94.53,
        "BioDistilBERT": 94.48,
        "CompactBioBERT": 94.31,
    },
    "bc5cdr-disease": {"BioBERT v1.1": 87.15, "PubMedBERT": 85.62},
    "ncbi-disease": {
        "BioBERT v1.1": 89.71,
        "PubMedBERT": 87.82,
        "DistilBioBERT": 87.93,
        "BioDistilBERT": 87.61,
        "CompactBioBERT": 88.67,
    },
    "bc2gm": {
        "BioBERT v1.1": 84.72,
        "PubMedBERT": 84.52,
        "DistilBioBERT": 86.60,
        "BioDistilBERT": 86.97,
        "CompactBioBERT": 86.71,
        "BioMobileBERT": 85.26,
    },
    "jnlpba-untyped": {"BioBERT v1.1": 77.49, "PubMedBERT": 79.10},
    "lct": {"SciBERT": 81.3},
    "chemprot": {"SciBERT": 83.64},
}


# ---- parts of corpora


def _cut(identifier: str, ways: int) -> bool:
    """True for one in `ways` ids, always the same ones."""
    return hashlib.sha256(identifier.encode()).digest()[0] % ways == 0


def _documents(path: Path) -> Iterator[tuple[str, Annotated]]:
    """(part, document) of a standoff file: train and test as it says, devel and a missing test cut by id."""
    for split in ("train", "test", "all"):
        for document in standoff(path, (split,)):
            if split == "test" or (split == "all" and _cut(document[0], 5)):
                yield "test", document
            else:
                yield "devel" if _cut(document[0] + "/devel", 8) else "train", document


def _parts(task: Task, folder: Path) -> Iterator[tuple[str, Annotated]]:
    path = folder / task.folder
    if path.suffix == ".gz":
        yield from _documents(path)
    else:
        yield from ((part, row) for part in PARTS for row in columns(path / f"{part}.tsv.gz"))


def read_task(name: str, folder: Path, split: str) -> Part:
    """Texts in reading order: to be scored on `test`, learn from train and devel; on `devel`, from train."""
    texts = defaultdict[str, list[Text]](list)
    for part, (_, text, spans) in _parts(TASKS[name], folder):
        texts[part].append(Text(text, tuple(spans)))
    if split == "devel":
        return Part(texts["train"], texts["devel"])
    return Part(texts["train"] + texts["devel"], texts["test"])


def read_pairs(folder: Path, split: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(training, held) of ChemProt: marked sentences with their classes; parts as in `read_task`."""
    parts = {
        part: [(row["text"], row["label"]) for row in read_rows(folder / f"chemprot_{part}.jsonl.gz")]
        for part in ("train", "dev", "test")
    }
    return (parts["train"], parts["dev"]) if split == "devel" else (parts["train"] + parts["dev"], parts["test"])


# ---- scoring


def score_spans(found: Sequence[set[Span]], texts: Sequence[Text]) -> dict[str, Score]:
    """Right, found and wanted spans by type, and under `""` of spans without their types."""
    scores = defaultdict[str, Score](Score)
    for mine, text in zip(found, texts, strict=True):
        gold = set(text.spans)
        for kind in {label for label, _, _ in gold | mine}:
            one, other = ({s for s in part if s[0] == kind} for part in (mine, gold))
            scores[kind] += Score(len(one & other), len(one), len(other))
        one, other = ({("", *s[1:]) for s in part} for part in (mine, gold))
        scores[""] += Score(len(one & other), len(one), len(other))
    return dict(scores)


def rows_of(task: str, scores: dict[str, Score]) -> dict[str, Score]:
    """The rows that a task is reported as: itself (micro), or its types, or also itself without types."""
    types = {kind: score for kind, score in scores.items() if kind}
    if TASKS[task].per_type:
        return {f"{task}-{kind.lower()}": score for kind, score in sorted(types.items())}
    rows = {task: sum(types.values(), Score())}
    return rows | ({f"{task}-untyped": scores[""]} if TASKS[task].untyped else {})


# ---- runs


class Job(NamedTuple):
    """One run. `start` is what the encoder starts from, empty for a system without."""

    task: str
    system: str
    start: str
    seed: int
    split: str

    @property
    def file(self) -> str:
        """Name of its result."""
        start = f"-{Path(self.start).name}" if self.start else ""
        return f"{self.task}-{self.system}{start}-{self.split}-{self.seed}.json"


def jobs(
    tasks: Sequence[str] | None,
    systems: Sequence[str] | None,
    starts: Sequence[str],
    seeds: Sequence[int],
    split: str,
) -> list[Job]:
    """All runs asked for, each once (tasks None: all; systems None: those of each task, of span taggers USUAL).

    Raises CorpusError for a name that is not known, and for a task that is named with systems that cannot do it.
    """
    able = tuple(dict.fromkeys(system for task in TASKS.values() for system in task.systems))
    for given, known in ((tasks or (), tuple(TASKS)), (systems or (), able), ([split], ("test", "devel"))):
        for name in given:
            if name not in known:
                raise CorpusError(f"{name}: not known to `benchmark`; choose from {', '.join(known)}.")
    wanted = dict[Job, None]()
    for seed in seeds:
        for task in tasks or TASKS:
            own = TASKS[task].systems
            asked = [s for s in systems or (USUAL if own == SYSTEMS else own) if s in own]
            if tasks and not asked:
                raise CorpusError(f"{task}: not for {', '.join(systems or ())}; choose from {', '.join(own)}.")
            for system in asked:
                for start in starts if system in ENCODER_SYSTEMS else ("",):
                    if system != "shipped" or _runs(start):
                        wanted[Job(task, system, start, seed if TASKS[task].epochs else 0, split)] = None
    return list(wanted)


def _runs(start: str) -> bool:
    """Is it a bundle that can read, not only weights to start from?"""
    try:
        return (find_bundle(start) / GRAPH).is_file()
    except BundleError:
        return False


class Outcome(NamedTuple):
    """What a run comes to: scores by type, parameters, when training ended."""

    scores: dict[str, Score]
    parameters: int
    trained: float
    agreeing: dict[str, Score] | None = None  # with what a name's other occurrences say


def _tag(job: Job, corpora: Path, epochs: int, most: int | None, log: Log) -> Outcome:
    part = read_task(job.task, corpora, job.split)
    training, held = part.training[:most], part.held[:most]
    if job.system == "bilstm-crf":
        lstm = lstm_tagger(training, recipe=LstmRecipe(epochs=epochs), seed=job.seed, log=log)
        trained, parameters = time.monotonic(), sum(p.numel() for p in lstm.model.parameters())
        return Outcome(score_spans(lstm.predict(held), held), parameters, trained)
    network, contents = start_network(job.start)
    find, parameters = encoder_tagger(
        network.encoder,
        Tokenizer(contents),
        training,
        head=job.system,
        recipe=EncoderRecipe(epochs, window=min(EncoderRecipe.window, network.config.max_positions)),
        seed=job.seed,
        log=log,
    )
    trained = time.monotonic()
    found = find(held)

    def scored(candidates: Sequence[Sequence[Candidate]]) -> dict[str, Score]:
        return score_spans([chosen(own, nested=TASKS[job.task].nested) for own in candidates], held)

    together = scored(agreeing(found, held)) if job.system == "spans" else None
    return Outcome(scored(found), parameters, trained, together)


def _classify(job: Job, corpora: Path, epochs: int, most: int | None, log: Log) -> Outcome:
    training, held = (rows[:most] for rows in read_pairs(corpora / TASKS[job.task].folder, job.split))
    network, contents = start_network(job.start)
    recipe = EncoderRecipe(epochs, window=min(EncoderRecipe.window, network.config.max_positions))
    classify, parameters = pair_classifier(
        network.encoder, Tokenizer(contents), training, recipe=recipe, seed=job.seed, log=log
    )
    trained = time.monotonic()
    scores = defaultdict[str, Score](Score)
    for said, (_, label) in zip(classify([text for text, _ in held]), held, strict=True):
        for kind in {said, label}:
            scores[kind] += Score(said == label, said == kind, label == kind)
    return Outcome(dict(scores), parameters, trained)


def _abbreviate(job: Job, corpora: Path, most: int | None) -> Outcome:
    pipeline = load(job.start) if job.system == "shipped" else None
    path = corpora / TASKS[job.task].folder
    rows = list(islice(read_rows(path), most))
    begun, score = time.monotonic(), Score()
    answers: Iterator[set[Pair]]
    if pipeline is not None:
        answers = (set(defined_by(pipeline, row["text"])) for row in rows)
    elif job.system == "letters":
        answers = found_pairs(path, rows)
    else:
        answers = (set(by_rule(row["text"])) for row in rows)
    for found, row in zip(answers, rows, strict=True):
        wanted = wanted_pairs(row)
        score += Score(len(found & wanted), len(found), len(wanted))
    parameters = sum(p.numel() for p in start_network(job.start)[0].parameters()) if pipeline else 0
    return Outcome({"pair": score}, parameters, begun)


def defined_by(pipeline: Pipeline, text: str) -> Iterator[tuple[str, str]]:
    """(short form, long form) of each ABBREV_OF that the model finds in a text."""
    found = pipeline.read(Document(id="text", passages=(Passage(name="text", text=text),)))
    words = {m.id: m.text for m in found.mentions}
    for relation in found.relations:
        if relation.type == "ABBREV_OF":
            short, long = sorted((words[relation.head], words[relation.tail]), key=len)
            yield short, long


def run_job(
    job: Job,
    corpora: Path,
    *,
    epochs: int | None = None,
    most: int | None = None,
    log: Log = lambda line: None,
) -> dict[str, Any]:
    """Train and score once; `epochs` and `most` texts of each part replace the task's own, to try things out."""
    begun = time.monotonic()
    if not TASKS[job.task].epochs:
        outcome = _abbreviate(job, corpora, most)
    elif job.system == "pairs":
        outcome = _classify(job, corpora, epochs or TASKS[job.task].epochs, most, log)
    else:
        usual = LstmRecipe.epochs if job.system == "bilstm-crf" else TASKS[job.task].epochs
        outcome = _tag(job, corpora, epochs or usual, most, log)
    scores, on = outcome.scores, training_device() if TASKS[job.task].epochs else torch.device("cpu")
    return {
        **job._asdict(),
        "start": Path(job.start).name,
        "rows": _rows(job.task, scores),
        **({"agreeing": _rows(job.task, outcome.agreeing)} if outcome.agreeing else {}),
        "types": {kind: _figures(score) for kind, score in sorted(scores.items()) if kind},
        "parameters": outcome.parameters,
        "train_seconds": round(outcome.trained - begun, 1),
        "test_seconds": round(time.monotonic() - outcome.trained, 1),
        "device": torch.cuda.get_device_name() if on.type == "cuda" else "CPU",
    }


def _rows(task: str, scores: dict[str, Score]) -> dict[str, dict[str, float]]:
    return {name: _figures(score) for name, score in rows_of(task, scores).items()}


def _figures(score: Score) -> dict[str, float]:
    return {
        "precision": round(100 * score.precision, 2),
        "recall": round(100 * score.recall, 2),
        "f1": round(100 * score.f1, 2),
        "right": score.right,
        "found": score.found,
        "wanted": score.wanted,
    }


def run_benchmark(
    corpora: Path, run: Path, wanted: Sequence[Job], *, epochs: int | None = None, most: int | None = None, log: Log
) -> None:
    """Do the jobs whose results are not in `run` yet; each result is written as soon as it is there."""
    for job in wanted:
        if (run / job.file).is_file():
            continue
        log(job.file.removesuffix(".json"))
        result = run_job(job, corpora, epochs=epochs, most=most, log=log)
        replace_file(run / job.file, (json.dumps(result, indent=1) + "\n").encode())
        rows = "  ".join(f"{name} {figures['f1']:.2f}" for name, figures in result["rows"].items())
        log(f"  {rows}  ({result['train_seconds']:.0f} s)")


# ---- table


def table(run: Path, split: str = "test") -> str:
    """Markdown of all results in `run`: mean F1 and its standard deviation over seeds; then published figures."""
    groups = defaultdict[tuple[str, str], list[dict[str, Any]]](list)
    for path in sorted(run.glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        if result["split"] == split:
            start = f" from {result['start']}" if result["start"] else ""
            for rows, also in (("rows", ""), ("agreeing", ", names agreeing,")):
                for name, figures in result.get(rows, {}).items():
                    groups[name, result["system"] + also + start].append(result | figures)
    lines = ["| task | system | F1 | ± | precision | recall | seeds | parameters | training |", "|---" * 9 + "|"]
    order = {name: next(i for i, task in enumerate(TASKS) if name.startswith(task)) for name, _ in groups}
    for name in sorted(order, key=lambda name: (order[name], name)):
        for (task, system), results in sorted(groups.items()):
            if task == name:
                mean = {key: statistics.mean(r[key] for r in results) for key in ("f1", "precision", "recall")}
                spread = statistics.stdev(r["f1"] for r in results) if len(results) > 1 else 0.0
                seconds = statistics.mean(r["train_seconds"] for r in results)
                lines.append(
                    f"| {name} | {system} | {mean['f1']:.2f} | {spread:.2f} | {mean['precision']:.2f} "
                    f"| {mean['recall']:.2f} | {len(results)} | {results[0]['parameters'] / 1e6:.1f} M "
                    f"| {seconds:.0f} s, {results[0]['device']} |"
                )
        for model, f1 in PUBLISHED.get(name, {}).items():
            lines.append(f"| {name} | {model} (published) | {f1:.2f} | | | | | | |")
    return "\n".join(lines)
