"""What each part of the recipe is worth: the same training with one thing changed, over several seeds."""

from __future__ import annotations

import json
import re
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from oncogloss.evaluation.metrics import total
from oncogloss.model.files import replace_file
from oncogloss.model.network import Network
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.training.corpora import GoldDocument
from oncogloss.training.curve import evaluate_network
from oncogloss.training.finetune import Material, Recipe, finetune

FIGURES = ("strict", "relaxed", "relations", "criterion starts", "attributes")


@dataclass(frozen=True)
class Variant:
    """Fields of the recipe that differ, and parts of the material that are left out."""

    recipe: dict[str, float] = field(default_factory=dict)
    without: tuple[str, ...] = ()


VARIANTS = {
    "as it is": Variant(),
    "without weak labels": Variant(without=("weak",)),
    "without synonyms": Variant(without=("synonyms",)),
    "without averaged weights": Variant({"averaging": 0.0}),
    "one rate for all layers": Variant({"layer_decay": 1.0}),
    "without spoiled layouts": Variant({"rough_share": 0.0}),
    "without other drug names": Variant({"swap_share": 0.0}),
    "batches half as long": Variant({"batch_tokens": 2_400, "encoder_rate": 1.5e-4, "head_rate": 1e-3}),
    "focal loss of spans": Variant({"focus": 1.0}),
    "read twice under dropout": Variant({"consistency": 1.0}),
    "rates doubled": Variant({"encoder_rate": 4e-4, "head_rate": 2.8e-3}),
}


@dataclass(frozen=True)
class Trial:
    """One training run of the table: where it starts, what is changed, its seed, and which weights it starts from."""

    start: str
    variant: str
    seed: int
    digest: str

    @property
    def file(self) -> str:
        """Name of the file that keeps its result."""
        return re.sub(r"[^A-Za-z0-9]+", "-", f"{self.start} {self.variant} {self.seed} {self.digest}") + ".json"


def run_trial(
    trial: Trial,
    network: Network,
    tokenizer: Tokenizer,
    material: Material,
    dev: Sequence[GoldDocument],
    recipe: Recipe,
    run: Path,
) -> None:
    """Train `network` as `trial` says and keep its dev figures in the folder `run`, unless they are there."""
    kept, scratch = run / trial.file, run / Path(trial.file).stem
    if kept.is_file():
        return
    variant = VARIANTS[trial.variant]
    material = replace(material, **dict.fromkeys(variant.without, ()))
    recipe = replace(recipe, seed=trial.seed, **variant.recipe)  # type: ignore[arg-type]
    torch.manual_seed(trial.seed)
    begun = time.monotonic()
    trained = finetune(network, tokenizer, material, recipe, scratch)
    seconds = time.monotonic() - begun
    e = evaluate_network(trained, tokenizer, dev)
    scores = (total(e.strict).f1, total(e.relaxed).f1, total(e.relations).f1, e.criteria.starts.f1, e.attributes.f1)
    device = next(trained.parameters()).device.type
    row = {
        "start": trial.start, "variant": trial.variant, "seed": trial.seed, "epochs": recipe.epochs,
        "seconds": round(seconds), "device": device, **dict(zip(FIGURES, scores, strict=True)),
    }  # fmt: skip
    replace_file(kept, json.dumps(row, indent=1).encode("utf-8"))
    shutil.rmtree(scratch)
    print(f"{trial.start}, {trial.variant}, seed {trial.seed}: strict {scores[0]:.4f}", file=sys.stderr, flush=True)


def ablation_table(run: Path) -> str:
    """Markdown of all results in the folder: for each start and variant the mean over seeds ± their standard
    deviation."""
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(run.glob("*.json"))]
    order = {name: i for i, name in enumerate(VARIANTS)}
    names = sorted({(r["start"], r["variant"]) for r in rows}, key=lambda n: (n[0], order.get(n[1], 99)))
    lines = ["| start | variant | seeds | epochs | " + " | ".join(FIGURES) + " |", "|---" * (4 + len(FIGURES)) + "|"]
    for start, variant in names:
        same = [r for r in rows if (r["start"], r["variant"]) == (start, variant)]
        cells = []
        for figure in FIGURES:
            values = [r[figure] for r in same]
            spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
            cells.append(f"{statistics.mean(values):.3f}{spread}")
        lines.append(f"| {start} | {variant} | {len(same)} | {same[0]['epochs']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
