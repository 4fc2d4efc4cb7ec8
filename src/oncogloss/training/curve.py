"""The learning curve: what a model reaches on dev from a part of the annotated records, and what more would bring."""

from __future__ import annotations

import copy
import hashlib
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from oncogloss.errors import CorpusError
from oncogloss.evaluation.metrics import total
from oncogloss.evaluation.run import Evaluation, evaluate, model_reader
from oncogloss.model.files import replace_file
from oncogloss.model.network import Network
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.pipeline import Pipeline
from oncogloss.schema import ModelInfo
from oncogloss.training.corpora import GoldDocument
from oncogloss.training.finetune import Material, Recipe, TorchScorer, finetune

FIGURES = ("strict", "relaxed", "relations", "criterion starts")


def learning_curve(
    network: Network,
    tokenizer: Tokenizer,
    records: Sequence[GoldDocument],
    dev: Sequence[GoldDocument],
    run: Path,
    *,
    shares: Sequence[float],
    epochs: int,
    seed: int,
) -> str:
    """Markdown: F1 on `dev` after training on nested `shares` of `records`, each from the same `network`.

    Every share sees as many windows in all: the whole `epochs` times, a quarter four times as often. A point that
    is finished is kept in `run` and not trained again. Raises CorpusError where there are no records, or where `run`
    was begun from other weights, or with other epochs or another seed.
    """
    if not records:
        raise CorpusError("No annotated record whose text comes from the records: a learning curve needs some.")
    _check_run(run / "curve.json", network, epochs, seed)
    order = list(records)
    random.Random(seed).shuffle(order)
    points: list[tuple[int, dict[str, float]]] = []
    for share in sorted(shares):
        n = max(1, round(len(order) * share))
        folder = run / f"{n}_records"
        kept = folder / "scores.json"
        if not kept.is_file():
            print(f"learning curve: {n} records", file=sys.stderr, flush=True)
            torch.manual_seed(seed)
            recipe = Recipe(epochs=round(epochs / share), seed=seed)
            trained = finetune(copy.deepcopy(network), tokenizer, Material(order[:n]), recipe, folder)
            replace_file(kept, json.dumps(_scores(trained, tokenizer, dev)).encode("utf-8"))
        points.append((n, json.loads(kept.read_text(encoding="utf-8"))))
    return curve_table(points)


def _check_run(path: Path, network: Network, epochs: int, seed: int) -> None:
    weights = hashlib.sha256(network.encoder.tokens.weight.detach().numpy().tobytes()).hexdigest()
    mine = {"weights": weights, "epochs": epochs, "seed": seed}
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != mine:
        raise CorpusError(f"{path.parent}: begun from other weights, epochs or seed; give another folder with --run.")
    replace_file(path, json.dumps(mine).encode("utf-8"))


def evaluate_network(network: Network, tokenizer: Tokenizer, gold: Sequence[GoldDocument]) -> Evaluation:
    """Scores of a torch network as it stands in training: float weights, thresholds at 0."""
    info = ModelInfo(name="in training", version="", sha256="")
    return evaluate(model_reader(Pipeline(info, network.config, tokenizer, TorchScorer(network))), gold)


def _scores(network: Network, tokenizer: Tokenizer, dev: Sequence[GoldDocument]) -> dict[str, float]:
    e = evaluate_network(network, tokenizer, dev)
    figures = (total(e.strict).f1, total(e.relaxed).f1, total(e.relations).f1, e.criteria.starts.f1)
    return dict(zip(FIGURES, figures, strict=True))


def curve_table(points: Sequence[tuple[int, dict[str, float]]]) -> str:
    """Markdown of (records, F1 by name) points; where there are several, the last row foresees twice as many records
    by error = a * records**b through them."""
    lines = ["| records | " + " | ".join(FIGURES) + " |", "|---|" + "---|" * len(FIGURES)]
    lines += [f"| {n:,} | " + " | ".join(f"{f1[name]:.3f}" for name in FIGURES) + " |" for n, f1 in points]
    if len(points) < 2:
        return "\n".join(lines)
    twice = 2 * points[-1][0]
    sizes = np.log([n for n, _ in points])
    foreseen = []
    for name in FIGURES:
        slope, level = np.polyfit(sizes, np.log([max(1e-6, 1 - f1[name]) for _, f1 in points]), 1)
        foreseen.append(f"{1 - np.exp(level + slope * np.log(twice)):.3f}")
    lines.append(f"| {twice:,} (foreseen) | " + " | ".join(foreseen) + " |")
    return "\n".join(lines)
