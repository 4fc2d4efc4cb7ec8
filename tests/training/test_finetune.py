"""Fine-tuning: it learns, it resumes where it was killed, and each epoch is reproducible."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from oncogloss.model.decode import WindowScores
from oncogloss.model.network import Network
from oncogloss.model.tokenizer import PLAIN, Tokenizer
from oncogloss.model.windows import cut_windows, read_stream
from oncogloss.training import finetune as module
from oncogloss.training.corpora import GoldCriterion, GoldDocument, GoldEntity, GoldPassage
from oncogloss.training.finetune import (
    Material,
    Recipe,
    TorchScorer,
    epoch_batches,
    finetune,
    network_groups,
    prepare,
    rate_factor,
    term_vectors,
)
from oncogloss.training.objectives import collate, examples, joint_loss
from toys import SENTENCES

NAMES = {"CANCER": "moon sarcoma", "DRUG": "zorbatinib", "GENE": "HER2"}


def gold_document(number: int) -> GoldDocument:
    """Sentences with each known name marked, as an eligibility text with a criterion a line."""
    lines = SENTENCES[number::3]
    text = "\n".join(lines)
    entities = tuple(
        GoldEntity(type_, i, i + len(name))
        for type_, name in NAMES.items()
        for i in range(len(text))
        if text.startswith(name, i)
    )
    starts = [text.index(line) for line in lines]
    criteria = tuple(GoldCriterion(s, ("inc", "exc")[i % 2], None, ("disease",)) for i, s in enumerate(starts))
    return GoldDocument(f"d{number}", (GoldPassage("eligibility", text, entities, criteria=criteria),))


GOLD = [gold_document(i) for i in range(3)]
RECIPE = Recipe(epochs=2, batch_tokens=150, encoder_rate=5e-3, head_rate=2e-2, rough_share=0.3, averaging=0.9, seed=3)


@pytest.fixture(autouse=True)
def small_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of the tiny network hold 48 tokens, so their overlap must be smaller than that of real runs."""
    monkeypatch.setattr(module, "OVERLAP", 16)


@pytest.fixture
def network(tiny_network: Network) -> Network:
    """A copy that a test may train."""
    return copy.deepcopy(tiny_network)


def quiet(line: str) -> None:
    pass


def loss_of(network: Network, tokenizer: Tokenizer) -> float:
    batch = collate([e for d in GOLD for e in examples(d, tokenizer, 48, 16)], tokenizer)
    with torch.no_grad():
        return float(sum(joint_loss(network.eval()(batch.ids, batch.mask), batch).values()))


def killed_after(epochs: int) -> Callable[[str], None]:
    """A log that dies at the end of the epoch after `epochs`, before that epoch is saved."""

    def log(line: str) -> None:
        if line.startswith(f"epoch {epochs + 1}/"):
            raise KeyboardInterrupt

    return log


def test_two_epochs_lower_the_loss(network: Network, tokenizer: Tokenizer, tmp_path: Path) -> None:
    before, lines = loss_of(network, tokenizer), []
    trained = finetune(network, tokenizer, Material(GOLD), RECIPE, tmp_path, log=lines.append)
    assert loss_of(network, tokenizer) < 0.85 * before
    assert loss_of(trained, tokenizer) < 0.95 * before
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
    assert all(name in lines[0] for name in ("spans", "boundaries", "attributes", "relations"))


def test_a_killed_run_resumes_to_the_same_weights(network: Network, tokenizer: Tokenizer, tmp_path: Path) -> None:
    fresh = [copy.deepcopy(network) for _ in range(3)]
    unbroken = finetune(fresh[0], tokenizer, Material(GOLD), RECIPE, tmp_path / "a", log=quiet)
    with pytest.raises(KeyboardInterrupt):
        finetune(fresh[1], tokenizer, Material(GOLD), RECIPE, tmp_path / "b", log=killed_after(1))
    resumed = finetune(fresh[2], tokenizer, Material(GOLD), RECIPE, tmp_path / "b", log=quiet)
    for (name, a), b in zip(unbroken.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    for (name, a), b in zip(fresh[0].state_dict().items(), fresh[2].state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_a_run_killed_in_its_first_epoch_begins_anew(network: Network, tokenizer: Tokenizer, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        finetune(copy.deepcopy(network), tokenizer, Material(GOLD), RECIPE, tmp_path, log=killed_after(0))
    assert not (tmp_path / "state.safetensors").exists()


def test_a_finished_run_is_left_as_it_is(network: Network, tokenizer: Tokenizer, tmp_path: Path) -> None:
    recipe = replace(RECIPE, epochs=1)
    finetune(copy.deepcopy(network), tokenizer, Material(GOLD), recipe, tmp_path, log=quiet)
    state = (tmp_path / "state.safetensors").read_bytes()
    lines: list[str] = []
    again = finetune(network, tokenizer, Material(GOLD), recipe, tmp_path, log=lines.append)
    assert lines == [] and (tmp_path / "state.safetensors").read_bytes() == state
    assert loss_of(again, tokenizer) > 0


def test_scores_are_of_the_averaged_network(network: Network, tokenizer: Tokenizer, tmp_path: Path) -> None:
    seen: list[Network] = []

    def score(candidate: Network) -> str:
        seen.append(candidate)
        return "good"

    lines: list[str] = []
    recipe = replace(RECIPE, epochs=1)
    trained = finetune(network, tokenizer, Material(GOLD), recipe, tmp_path, score=score, log=lines.append)
    assert seen == [trained] and trained is not network and lines[-1].strip() == "good"


def test_synonyms_train_the_concept_head(network: Network, tokenizer: Tokenizer, tmp_path: Path) -> None:
    pairs = [("moon sarcoma", "MS"), ("zorbatinib", "ZB"), ("lunamab", "LM")]
    before = network.concepts.weight.detach().clone()
    lines: list[str] = []
    finetune(network, tokenizer, Material(GOLD, synonyms=pairs), replace(RECIPE, epochs=1), tmp_path, log=lines.append)
    assert "concepts" in lines[0]
    assert not torch.equal(before, network.concepts.weight)


# epochs


def test_an_epoch_is_reproducible_and_none_is_like_another(tokenizer: Tokenizer) -> None:
    def ids(epoch: int) -> list[list[int]]:
        batches = epoch_batches(Material(GOLD), tokenizer, 48, RECIPE, epoch)
        return [e.ids.tolist() for batch in batches for e in batch]

    assert ids(0) == ids(0)
    assert ids(0) != ids(1)


def test_batches_hold_what_fits_and_lose_no_window(tokenizer: Tokenizer) -> None:
    recipe = replace(RECIPE, rough_share=0.0)
    batches = epoch_batches(Material(GOLD), tokenizer, 48, recipe, 0)
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(len(e.ids) for e in batch) <= recipe.batch_tokens
    tokens = sum(len(tokenizer.encode(d.passages[0].text)[0]) for d in GOLD)
    assert sum(len(e.ids) for batch in batches for e in batch) >= tokens


def test_weak_documents_come_early_only(tokenizer: Tokenizer) -> None:
    weak = [GoldDocument(f"w{i}", (GoldPassage("text", "weak " * 3, types=frozenset()),)) for i in range(4)]
    recipe = replace(RECIPE, epochs=10, weak_until=0.4)

    def count(epoch: int) -> int:
        batches = epoch_batches(Material(GOLD, weak), tokenizer, 48, recipe, epoch)
        return sum(not e.types.any() for batch in batches for e in batch)

    assert [count(epoch) > 0 for epoch in (0, 3, 4, 9)] == [True, True, False, False]


def test_some_windows_hide_the_passages_names(tokenizer: Tokenizer) -> None:
    firsts = [
        int(e.ids[0])
        for epoch in range(20)
        for batch in epoch_batches(Material(GOLD), tokenizer, 48, RECIPE, epoch)
        for e in batch
    ]
    share = firsts.count(tokenizer.special(PLAIN)) / len(firsts)
    assert set(firsts) == {tokenizer.special(PLAIN), tokenizer.special("<eligibility>")}
    assert 0.07 < share < 0.22


def test_a_view_of_a_record_keeps_its_facts() -> None:
    (passage,) = GOLD[0].passages
    for seed in range(20):
        view = prepare(GOLD[0], ["tideximab"], replace(RECIPE, swap_share=0.5), random.Random(seed))
        (seen,) = view.passages
        texts = [" ".join(seen.text[e.start : e.end].split()) for e in seen.entities]
        wanted = [passage.text[e.start : e.end] for e in passage.entities]
        swapped = ["tideximab" if name == "zorbatinib" else name for name in wanted]
        assert texts in (wanted, swapped)


# rates and scoring


def test_rates_warm_up_and_fall() -> None:
    factors = [rate_factor(step, 100) for step in range(100)]
    assert factors[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert all(a >= b for a, b in zip(factors[4:], factors[5:], strict=False))
    assert min(factors) == pytest.approx(0.0105, abs=1e-3) and rate_factor(150, 100) == 0.01
    assert rate_factor(0, 1) == 1.0


def test_every_parameter_but_the_masked_head_is_trained_once(network: Network) -> None:
    groups = network_groups(network, RECIPE)
    ids = [id(p) for group in groups for p in group["params"]]
    wanted = {id(p) for name, p in network.named_parameters() if not name.startswith("masked_language.")}
    assert len(ids) == len(set(ids)) and set(ids) == wanted
    peaks = [group["peak"] for group in groups]
    assert peaks[0] < peaks[1] == RECIPE.encoder_rate and peaks[-1] == RECIPE.head_rate and min(peaks) == peaks[-2]


def test_torch_scorer_gives_what_the_runtime_gives(network: Network, tokenizer: Tokenizer) -> None:
    windows = cut_windows(read_stream([GOLD[0].passages[0].passage], tokenizer), 48, 16)
    scored = list(TorchScorer(network).run(windows))
    assert [w for w, _ in scored] == windows
    with torch.no_grad():
        wanted = network(torch.from_numpy(windows[1].ids)[None], None)
    for a, b in zip(WindowScores(*scored[1][1]), wanted, strict=False):
        assert isinstance(a, np.ndarray) and np.array_equal(a, b[0].numpy())


def test_term_vectors_are_unit_and_do_not_depend_on_their_neighbours(network: Network, tokenizer: Tokenizer) -> None:
    device = torch.device("cpu")
    with torch.no_grad():
        many = term_vectors(network, tokenizer, ["MS", "moon sarcoma of the crater", ""], device)
        alone = term_vectors(network, tokenizer, ["MS"], device)
    assert many[:2].norm(dim=-1).tolist() == pytest.approx([1, 1], rel=1e-5)
    assert torch.allclose(many[0], alone[0], atol=1e-5)
    assert all(math.isfinite(x) for x in many[2].tolist())
