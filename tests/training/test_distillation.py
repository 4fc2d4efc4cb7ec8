"""Lessons of teachers: what they say on average, and that imitating them brings a network nearer."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from oncogloss.model.layout import BLOCK, NetworkConfig
from oncogloss.model.network import Network, NetworkOutput
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.training import distillation
from oncogloss.training import finetune as module
from oncogloss.training.corpora import GoldDocument, GoldPassage
from oncogloss.training.distillation import (
    FARTHEST,
    consistency_loss,
    hidden_loss,
    imitation_loss,
    lesson,
    score_loss,
)
from oncogloss.training.finetune import Material, Recipe, finetune
from oncogloss.training.objectives import Batch, collate, examples, possible_cells
from oncogloss.training.pretrain import encode
from toys import SENTENCES


def bare(text: str) -> GoldDocument:
    """A document of which nothing is known."""
    passage = GoldPassage(
        "summary", text, types=frozenset(), has_relations=False, has_attributes=False, has_sections=False
    )
    return GoldDocument("d", (passage,))


@pytest.fixture
def batch(tokenizer: Tokenizer) -> Batch:
    """Two windows of unlike length."""
    return collate([e for text in SENTENCES[:2] for e in examples(bare(text), tokenizer, 48, 16)], tokenizer)


def read(network: Network, batch: Batch) -> NetworkOutput:
    """The network's scores of a batch."""
    return network.heads(encode(network.encoder, batch.ids, batch.mask))


def another(network: Network, seed: int) -> Network:
    """The same kind of network with other weights."""
    torch.manual_seed(seed)
    fresh = copy.deepcopy(network)
    for parameter in fresh.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    return fresh.eval()


def test_a_lesson_is_the_mean_of_what_teachers_say(
    tiny_network: Network, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distillation, "MOST_SPANS", 100_000)  # random networks find more than trained ones
    teachers = [another(tiny_network, 1), another(tiny_network, 2)]
    taught = lesson(teachers, batch)
    with torch.no_grad():
        spans = torch.stack([read(t, batch).spans for t in teachers]).mean(0)
    assert torch.allclose(taught.spans, spans.sigmoid(), atol=1e-5)
    cells = ((spans > 0) & possible_cells(batch)[:, None]).nonzero().tolist()
    wanted = [[b, kind, block * BLOCK + row, block * BLOCK + column] for b, kind, block, row, column in cells]
    found = taught.found
    said = [
        [b, *(int(part[b, k]) for part in (found.types, found.starts, found.ends))]
        for b, k in np.argwhere(found.present.numpy()).tolist()
    ]
    assert sorted(said) == sorted(wanted) and wanted


def test_who_says_the_same_costs_least(tiny_network: Network, batch: Batch) -> None:
    teacher, other = another(tiny_network, 1), another(tiny_network, 2)
    taught = lesson([teacher], batch)
    with torch.no_grad():
        same, unlike = (imitation_loss(read(n, batch), batch, taught) for n in (teacher, other))
    assert set(same) == {"taught spans", "taught boundaries", "taught attributes", "taught relations"}
    for name, loss in same.items():
        assert loss < unlike[name], name
    output = read(teacher, batch)
    scores = output.spans.detach().requires_grad_()
    loss = imitation_loss(output._replace(spans=scores), batch, taught)["taught spans"]
    (gradient,) = torch.autograd.grad(loss, scores)
    assert gradient.abs().max() < 2e-3  # bf16


def test_what_is_padded_teaches_nothing(tiny_network: Network, batch: Batch) -> None:
    short = int(batch.mask.sum(1).argmin())
    n = int(batch.mask[short].sum())
    assert n < batch.ids.shape[1]
    taught = lesson([another(tiny_network, 1)], batch)
    output = read(tiny_network, batch)
    shaken = output.boundaries.clone()
    shaken[short, n:] += 50
    a, b = (imitation_loss(output._replace(boundaries=x), batch, taught) for x in (output.boundaries, shaken))
    assert a["taught boundaries"].item() == pytest.approx(b["taught boundaries"].item(), rel=1e-5)
    assert int(taught.found.ends[short].max()) < n


def test_training_with_a_teacher_on_unlabelled_text_brings_the_network_nearer(
    tiny_network: Network, tokenizer: Tokenizer, batch: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OVERLAP", 16)
    teacher, student = another(tiny_network, 1), another(tiny_network, 2)
    taught = lesson([teacher], batch)

    def distance(network: Network) -> float:
        with torch.no_grad():
            return float(sum(imitation_loss(read(network.eval(), batch), batch, taught).values()))

    least, before, lines = distance(teacher), distance(student), list[str]()
    recipe = Recipe(epochs=6, batch_tokens=150, encoder_rate=5e-3, head_rate=2e-2, averaging=0.5)
    documents = [bare(text) for text in SENTENCES[:6]]
    finetune(
        student, tokenizer, Material(documents, unlabelled=documents), recipe, tmp_path, teachers=[teacher],
        log=lines.append,
    )  # fmt: skip
    assert distance(student) - least < 0.7 * (before - least)
    assert "taught spans" in lines[0]


def test_vectors_are_imitated_where_one_teacher_is_as_wide(tiny_network: Network, batch: Batch) -> None:
    teacher = another(tiny_network, 1)
    hidden = encode(tiny_network.encoder, batch.ids, batch.mask)
    one = lesson([teacher], batch)
    own = hidden_loss(encode(teacher.encoder, batch.ids, batch.mask), one, batch.mask)["taught vectors"]
    loss = hidden_loss(hidden, one, batch.mask)["taught vectors"]
    assert own < 0.02 * loss  # bf16
    padded = torch.where(batch.mask[..., None], hidden, hidden + 9)
    assert hidden_loss(padded, one, batch.mask)["taught vectors"] == loss
    assert hidden_loss(hidden[..., :-1], one, batch.mask) == {}
    assert hidden_loss(hidden, lesson([teacher, teacher], batch), batch.mask) == {}


def test_a_score_far_below_zero_is_held_where_its_share_is_not(tiny_network: Network, batch: Batch) -> None:
    said = read(tiny_network, batch)
    taught = lesson([tiny_network], batch)
    assert score_loss(said, batch, taught)["kept spans"].item() == pytest.approx(0, abs=1e-3)
    low, lifted, far = (said._replace(spans=torch.full_like(said.spans, x)) for x in (-8.0, -5.0, -30.0))
    taught = taught._replace(spans=low.spans.sigmoid())
    shares = [imitation_loss(x, batch, taught)["taught spans"].item() for x in (low, lifted)]
    scores = [score_loss(x, batch, taught)["kept spans"].item() for x in (low, lifted, far)]
    assert scores[1] > 50 * (shares[1] - shares[0]) > 0
    assert scores[0] == pytest.approx(scores[2], abs=1e-3) and low.spans.min() == -FARTHEST


def test_two_readings_lie_apart_by_what_they_say_and_not_by_what_is_padded(tiny_network: Network, batch: Batch) -> None:
    one, other = read(another(tiny_network, 1), batch), read(another(tiny_network, 2), batch)
    assert consistency_loss(one, one, batch).item() == pytest.approx(0, abs=1e-6)
    apart = consistency_loss(one, other, batch).item()
    assert apart > 0 and apart == pytest.approx(consistency_loss(other, one, batch).item(), rel=1e-4)
    short = int(batch.mask.sum(1).argmin())
    shaken = other.boundaries.clone()
    shaken[short, int(batch.mask[short].sum()) :] += 50
    assert consistency_loss(one, other._replace(boundaries=shaken), batch).item() == pytest.approx(apart, rel=1e-5)


def test_reading_twice_is_trained_on_and_brings_the_readings_nearer(
    tiny_config: NetworkConfig, tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OVERLAP", 16)
    torch.manual_seed(0)
    network = Network(replace(tiny_config, dropout=0.2))
    said: list[str] = []
    gold = [GoldDocument(f"d{i}", (GoldPassage("summary", text, ()),)) for i, text in enumerate(SENTENCES[:3])]
    recipe = Recipe(epochs=6, batch_tokens=150, consistency=1.0)
    finetune(network, tokenizer, Material(gold), recipe, tmp_path, log=said.append)
    lines = [line for line in said if "consistency" in line]
    first, last = (float(line.split("consistency ")[1].split()[0]) for line in (lines[0], lines[-1]))
    assert len(lines) == 6 and 0 < last < first
