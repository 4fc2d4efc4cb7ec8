"""Trials of the ablation table: one result a trial, kept, and the table's means over seeds."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from oncogloss.errors import CorpusError
from oncogloss.model.network import Network
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.training import finetune as module
from oncogloss.training.ablation import FIGURES, VARIANTS, Trial, ablation_table, run_trial
from oncogloss.training.corpora import GoldDocument, GoldEntity, GoldPassage
from oncogloss.training.finetune import Material, Recipe
from oncogloss.training.recipes import TrainingData, ablate
from toys import SENTENCES

GOLD = [
    GoldDocument(f"d{i}", (GoldPassage("summary", text, (GoldEntity("DRUG", 0, 7),)),))
    for i, text in enumerate(SENTENCES[:2])
]


def test_a_trial_leaves_its_figures_and_is_not_run_again(
    tiny_network: Network, tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OVERLAP", 16)
    trial = Trial("toy", "without averaged weights", 1, "0a1b2c3d")
    for _ in range(2):
        run_trial(
            trial, copy.deepcopy(tiny_network), tokenizer, Material(GOLD), GOLD[:1],
            Recipe(epochs=1, batch_tokens=150), tmp_path,
        )  # fmt: skip
    (path,) = tmp_path.iterdir()
    row = json.loads(path.read_text())
    assert row["variant"] == trial.variant and row["epochs"] == 1 and set(FIGURES) <= row.keys()
    before = path.stat().st_mtime_ns
    run_trial(trial, tiny_network, tokenizer, Material(()), [], Recipe(), tmp_path)
    assert path.stat().st_mtime_ns == before


def test_an_unknown_variant_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    data = TrainingData(tmp_path, [])
    with pytest.raises(CorpusError, match="No variant 'nonsense'; there are as it is,"):
        ablate(data, ["micro"], ["as it is", "nonsense"], [0], Recipe(), tmp_path / "run")


def test_every_variant_changes_what_the_recipe_or_material_has() -> None:
    for name, variant in VARIANTS.items():
        assert set(variant.recipe) <= set(Recipe.__dataclass_fields__), name
        assert set(variant.without) <= set(Material.__dataclass_fields__), name
        assert name == "as it is" or variant.recipe or variant.without


def test_the_table_gives_means_and_spreads(tmp_path: Path) -> None:
    for seed, strict in ((0, 0.8), (1, 0.9)):
        row = {"start": "a", "variant": "as it is", "seed": seed, "epochs": 8, **dict.fromkeys(FIGURES, strict)}
        (tmp_path / f"{seed}.json").write_text(json.dumps(row))
    line = ablation_table(tmp_path).splitlines()[2]
    assert line.startswith("| a | as it is | 2 | 8 | 0.850 ± 0.071 |")
