"""Whole jobs, from files to files: a tiny training run ends in a bundle that loads and reads."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from oncogloss.errors import BundleError, CorpusError
from oncogloss.model.bundle import GRAPH
from oncogloss.model.files import replace_file
from oncogloss.model.layout import NetworkConfig
from oncogloss.model.network import Network
from oncogloss.pipeline import load
from oncogloss.training import finetune
from oncogloss.training.corpora import GoldDocument, GoldEntity, GoldPassage, to_standoff
from oncogloss.training.finetune import Recipe
from oncogloss.training.quantize import load_rounded
from oncogloss.training.recipes import (
    Origin,
    TrainingData,
    average_runs,
    export_run,
    resized,
    start_network,
    train_model,
)
from oncogloss.training.state import load_state, save_state
from toys import SENTENCES, make_document


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Six records of one sentence each with their text; one is dev, one test."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    documents = [
        GoldDocument(f"r{i}", (GoldPassage("summary", text, (GoldEntity("DRUG", 0, 7),)),), "ours")
        for i, text in enumerate(SENTENCES[:6])
    ]
    rows = [json.dumps(to_standoff(d, with_text=True)) for d in documents]
    (folder / "ours.jsonl").write_text("\n".join(rows))
    (folder / "splits.json").write_text('{"dev": ["r0"], "test": ["r1"]}')
    return folder


def test_a_run_ends_in_a_bundle_that_reads(
    corpus: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(finetune, "OVERLAP", 16)
    run, out = tmp_path / "run", tmp_path / "out"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recipe = Recipe(epochs=1)
        data = TrainingData(corpus, [])
        train_model(data, Origin(str(bundle)), run, out, recipe=recipe, name="toy", version="0.1")
    pipeline = load(out)
    assert (pipeline.info.name, pipeline.info.version) == ("toy", "0.1")
    assert pipeline.tokenizer.size == load(bundle).tokenizer.size
    assert pipeline.extract(make_document(summary=SENTENCES[0])).model.name == "toy"
    weights = load_file(run / "state.safetensors")
    averaged = load_rounded(pipeline.config, out / GRAPH).state_dict()
    name = "spans.ends.weight"  # what follows joint training leaves the spans as they are
    assert torch.allclose(averaged[name], weights[f"weight/1.{name}"], atol=2e-3)
    card = (out / "MODEL_CARD.md").read_text()
    assert "| ours | 4 | 4 |" in card and "epochs 1" in card
    assert "strict" in capsys.readouterr().err


def test_runs_of_one_start_are_averaged(
    corpus: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "OVERLAP", 16)
    data, runs = TrainingData(corpus, []), [tmp_path / "one", tmp_path / "two"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed, run in enumerate(runs):
            recipe = Recipe(epochs=1, seed=seed)
            train_model(data, Origin(str(bundle)), run, tmp_path / "out", recipe=recipe, name="x", version="0")
        average_runs(data, runs, tmp_path / "mean", name="toy", version="0.2")
    name = "spans.ends.weight"
    one, two = (load_file(run / "state.safetensors")[f"weight/1.{name}"] for run in runs)
    mean = load_rounded(load(tmp_path / "mean").config, tmp_path / "mean" / GRAPH).state_dict()[name]
    assert not torch.equal(one, two) and torch.allclose(mean, (one + two) / 2, atol=2e-3)
    card = (tmp_path / "mean" / "MODEL_CARD.md").read_text()
    assert "Mean of the weights of the runs one (to epoch 1" in card and "- two: One joint stage: epochs 1" in card
    (runs[1] / "config.json").write_text(json.dumps(json.loads((runs[1] / "config.json").read_text()) | {"window": 9}))
    with pytest.raises(CorpusError, match=r"two has another network or tokenizer than .*one; they have no mean"):
        average_runs(data, runs, tmp_path / "mean", name="toy", version="0.2")


def test_a_run_without_training_text_is_refused(corpus: Path, bundle: Path, tmp_path: Path) -> None:
    (corpus / "splits.json").write_text(json.dumps({"dev": [f"r{i}" for i in range(6)], "test": []}))
    run, out = tmp_path / "run", tmp_path / "out"
    data = TrainingData(corpus, [])
    with pytest.raises(CorpusError, match="no annotated training record has its text; check --records"):
        train_model(data, Origin(str(bundle)), run, out, recipe=Recipe(), name="x", version="0")


def test_a_folder_without_a_run_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no checkpoint of a train run; run `oncogloss train` first"):
        export_run(tmp_path, tmp_path / "out", name="x", version="0")


def test_tuning_starts_where_the_bundle_stands(bundle: Path, tokenizer_json: str) -> None:
    network, contents = start_network(str(bundle))
    assert json.loads(contents) == json.loads(tokenizer_json)
    stored = load_rounded(network.config, bundle / GRAPH)
    for (name, a), b in zip(network.named_parameters(), stored.parameters(), strict=True):
        assert name.startswith("masked_language.") or torch.equal(a, b), name
    with pytest.raises(BundleError, match="No model 'no-such-model'"):
        start_network("no-such-model")


# state on disk


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    for data in (b"old", b"new"):
        replace_file(path, data)
        assert path.read_bytes() == data
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_state_comes_back_with_its_moments(tiny_network: Network, tmp_path: Path) -> None:
    def trained(network: Network) -> torch.optim.Optimizer:
        optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
        network.attributes(torch.ones(1, tiny_network.config.hidden)).sum().backward()
        return optimizer

    first, second = Network(tiny_network.config), Network(tiny_network.config)
    one, two = trained(first), torch.optim.AdamW(second.parameters(), lr=0.01)
    one.step()
    assert load_state(tmp_path, second, two, second) is None
    save_state(tmp_path, first, one, first, {"step": 7, "note": "é"})
    assert load_state(tmp_path, second, two, second) == {"step": 7, "note": "é"}
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    for network, optimizer in ((first, one), (second, two)):
        network.zero_grad()
        network.attributes(torch.ones(1, tiny_network.config.hidden)).pow(2).sum().backward()
        optimizer.step()
    assert torch.equal(first.attributes.weight, second.attributes.weight)
    assert [p.name for p in tmp_path.iterdir()] == ["state.safetensors"]


def test_a_folder_keeps_to_its_run(corpus: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finetune, "OVERLAP", 16)
    run, data = tmp_path / "run", TrainingData(corpus, [])
    run.mkdir()
    (run / "state.safetensors").write_bytes(b"of another run")
    (run / "config.json").write_text(json.dumps(asdict(NetworkConfig(99))))
    (run / "tokenizer.json").write_text("{}")
    with pytest.raises(CorpusError, match="holds a run of another network or tokenizer; give this one a folder"):
        train_model(data, Origin(str(bundle)), run, tmp_path / "out", recipe=Recipe(), name="x", version="0")
    assert json.loads((run / "config.json").read_text())["vocabulary_size"] == 99


def test_only_a_micro_network_is_cut_down(bundle: Path) -> None:
    network, _ = start_network(str(bundle))
    with pytest.raises(CorpusError, match="Only a network of the size 'micro' can be made 'nano'; start from one"):
        resized(network, "nano")


def test_micro_is_cut_down_to_nano() -> None:
    network, _ = start_network("micro")
    small = resized(network, "nano")
    assert small.config.layers == 3 and resized(small, "nano") is small
    run = sum(p.numel() for n, p in small.named_parameters() if not n.startswith("masked_language."))
    assert run < 8e6


def test_an_unknown_size_is_refused(corpus: Path, bundle: Path, tmp_path: Path) -> None:
    origin = Origin(str(bundle), "huge")
    with pytest.raises(CorpusError, match="No size 'huge'; there are micro, nano, deep"):
        train_model(TrainingData(corpus, []), origin, tmp_path, tmp_path, recipe=Recipe(), name="x", version="0")


def test_a_teacher_must_read_with_the_same_tokenizer(corpus: Path, bundle: Path, tmp_path: Path) -> None:
    origin = Origin(str(bundle), teachers=["micro"])
    with pytest.raises(CorpusError, match="The teacher micro reads with another tokenizer"):
        train_model(TrainingData(corpus, []), origin, tmp_path, tmp_path, recipe=Recipe(), name="x", version="0")


def test_a_model_teaches_and_the_card_says_so(
    corpus: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "OVERLAP", 16)
    run, out = tmp_path / "run", tmp_path / "out"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        origin = Origin(str(bundle), teachers=[str(bundle)])
        train_model(TrainingData(corpus, []), origin, run, out, recipe=Recipe(epochs=1), name="pupil", version="0")
    assert "Taught by oncogloss tiny 0.0.1 (SHA256SUMS" in (out / "MODEL_CARD.md").read_text()
