"""Fine-tuning: all heads at once, on gold annotations, with weaker corpora mixed in early on, or by the lessons of
teachers that were trained so before."""

from __future__ import annotations

import copy
import math
import random
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import get_ema_multi_avg_fn

from oncogloss.model.decode import WindowScores
from oncogloss.model.network import Encoder, Network
from oncogloss.model.tokenizer import PAD, PLAIN, Tokenizer
from oncogloss.model.windows import Window
from oncogloss.training.corpora import GoldDocument
from oncogloss.training.distillation import consistency_loss, hidden_loss, imitation_loss, lesson
from oncogloss.training.objectives import (
    WEIGHTS,
    Example,
    collate,
    concept_loss,
    examples,
    joint_loss,
)
from oncogloss.training.pretrain import encode, training_device
from oncogloss.training.silver import LAYOUTS, roughen, swap_drugs
from oncogloss.training.state import load_state, save_state

OVERLAP = 48  # tokens that neighbouring training windows share; the cuts move every epoch
POOL = 256  # windows among which like lengths are put together
WEAK_SIZE = 0.4  # tokens of a weak window beside a gold one, about; only to foresee the number of steps
AHEAD = 3  # epochs that are prepared while a GPU trains


@dataclass(frozen=True)
class Recipe:
    """What a fine-tuning run does. Rates are peaks; they warm up over 5 % of the steps and fall to nothing."""

    epochs: int = 16
    batch_tokens: int = 4_800
    encoder_rate: float = 2e-4
    head_rate: float = 1.4e-3
    layer_decay: float = 0.9  # each layer below the last learns this much slower
    weak_share: float = 0.5  # weak windows beside each gold one …
    weak_until: float = 0.4  # … in this first part of the run
    rough_share: float = 0.2  # of eligibility passages whose layout is spoiled
    swap_share: float = 0.15  # of records whose drugs get other names
    unlabelled_share: float = 1.0  # unlabelled windows beside each gold one, where teachers read them
    averaging: float = 0.998  # decay of the averaged weights that are kept
    focus: float = 0.0  # how much less a type counts in windows that read it right already (`span_loss`)
    consistency: float = 0.0  # weight of what two readings under dropout say apart (`consistency_loss`)
    seed: int = 0


@dataclass(frozen=True)
class Material:
    """What a run learns from: gold annotations, weaker documents, others of which only teachers know something,
    synonym pairs, and names that stand in for drugs."""

    gold: Sequence[GoldDocument]
    weak: Sequence[GoldDocument] = ()
    unlabelled: Sequence[GoldDocument] = ()
    synonyms: Sequence[tuple[str, str]] = ()
    drugs: Sequence[str] = ()


def prepare(document: GoldDocument, drugs: Sequence[str], recipe: Recipe, dice: random.Random) -> GoldDocument:
    """A fresh view of a record: some layouts spoiled, at times other drugs, or passages in another order."""
    passages = list(document.passages)
    if drugs and dice.random() < recipe.swap_share:
        passages = swap_drugs(passages, drugs, dice)
    spoiled = [p.name == "eligibility" and dice.random() < recipe.rough_share for p in passages]
    passages = [
        roughen(p, dice.choice(LAYOUTS), dice) if spoil else p for p, spoil in zip(passages, spoiled, strict=True)
    ]
    if dice.random() < 0.2:
        dice.shuffle(passages)
    return GoldDocument(document.id, tuple(passages), document.origin)


def epoch_batches(
    material: Material, tokenizer: Tokenizer, window: int, recipe: Recipe, epoch: int
) -> list[list[Example]]:
    """The batches of one epoch: gold windows cut at new places, weak ones added early, like lengths together.

    In one of seven windows the passages' names are hidden, so that text of unknown origin is read as well.
    """
    dice = random.Random(f"{recipe.seed}/{epoch}")
    stride = window - 1 - OVERLAP

    def cut(document: GoldDocument) -> list[Example]:
        return examples(document, tokenizer, window, OVERLAP, dice.randrange(stride))

    rows = [e for d in material.gold for e in cut(prepare(d, material.drugs, recipe, dice))]
    beside: list[Example] = []
    if epoch < recipe.epochs * recipe.weak_until:
        n = min(len(material.weak), int(len(rows) * recipe.weak_share))
        beside += [dice.choice(cut(d)) for d in dice.sample(material.weak, n)]
    if material.unlabelled:
        n = min(len(material.unlabelled), int(len(rows) * recipe.unlabelled_share))
        beside += [dice.choice(cut(d)) for d in dice.sample(material.unlabelled, n)]
    rows += beside
    rows = [_hide_names(e, tokenizer) if dice.random() < 1 / 7 else e for e in rows]
    dice.shuffle(rows)
    batches: list[list[Example]] = []
    for i in range(0, len(rows), POOL):
        batch: list[Example] = []
        for e in sorted(rows[i : i + POOL], key=lambda e: -len(e.ids)):
            if batch and (len(batch) + 1) * len(batch[0].ids) > recipe.batch_tokens:
                batches.append(batch)
                batch = []
            batch.append(e)
        batches.append(batch)
    dice.shuffle(batches)
    return batches


def _epochs(
    material: Material, tokenizer: Tokenizer, window: int, recipe: Recipe, first: int, device: torch.device
) -> Iterator[list[list[Example]]]:
    """`epoch_batches` of each epoch from `first` on; beside a GPU other processes prepare the next ones ahead."""
    if device.type == "cpu":
        yield from (epoch_batches(material, tokenizer, window, recipe, e) for e in range(first, recipe.epochs))
        return
    with ProcessPoolExecutor(AHEAD, get_context("spawn"), _keep, (material, tokenizer, window, recipe)) as pool:
        waiting = deque(pool.submit(_kept_epoch, epoch) for epoch in range(first, min(recipe.epochs, first + AHEAD)))
        for epoch in range(first, recipe.epochs):
            batches = waiting.popleft().result()
            if epoch + AHEAD < recipe.epochs:
                waiting.append(pool.submit(_kept_epoch, epoch + AHEAD))
            yield batches


_kept: tuple[Material, Tokenizer, int, Recipe]  # in a process that prepares epochs, what they are made of


def _keep(*what: Any) -> None:
    global _kept
    _kept = what


def _kept_epoch(epoch: int) -> list[list[Example]]:
    return epoch_batches(*_kept, epoch)


def _hide_names(example: Example, tokenizer: Tokenizer) -> Example:
    ids = np.where(example.passage < 0, tokenizer.special(PLAIN), example.ids)
    return replace(example, ids=ids)


def parameter_groups(
    encoder: Encoder, heads: Iterable[nn.Parameter], *, encoder_rate: float, head_rate: float, layer_decay: float
) -> list[dict[str, Any]]:
    """Optimizer groups with their peak rates: heads fast, encoder layers slower towards the input."""
    n = len(encoder.layers)
    groups: list[dict[str, Any]] = [
        {"params": list(layer.parameters()), "peak": encoder_rate * layer_decay ** (n - 1 - i)}
        for i, layer in enumerate(encoder.layers)
    ]
    bottom = [*encoder.tokens.parameters(), *encoder.positions.parameters(), *encoder.norm.parameters()]
    groups.append({"params": bottom, "peak": encoder_rate * layer_decay**n})
    return [*groups, {"params": list(heads), "peak": head_rate}]


def network_groups(network: Network, recipe: Recipe) -> list[dict[str, Any]]:
    """`parameter_groups` of a whole network, its masked-language head left out."""
    heads = (
        network.boundaries,
        network.categories,
        network.spans,
        network.attributes,
        network.relations,
        network.concepts,
    )
    return parameter_groups(
        network.encoder,
        (p for head in heads for p in head.parameters()),
        encoder_rate=recipe.encoder_rate,
        head_rate=recipe.head_rate,
        layer_decay=recipe.layer_decay,
    )


def rate_factor(step: int, steps: int) -> float:
    """Share of the peak rate at `step`: linear warm-up over 5 %, then linear fall to 1 %."""
    warm = max(1, steps // 20)
    return (step + 1) / warm if step < warm else max(0.01, (steps - step) / max(1, steps - warm))


def finetune(
    network: Network,
    tokenizer: Tokenizer,
    material: Material,
    recipe: Recipe,
    folder: Path,
    *,
    teachers: Sequence[Network] = (),
    score: Callable[[Network], str] | None = None,
    log: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
) -> Network:
    """Train all heads jointly; a run killed at any moment resumes from the last checkpoint of `folder`.

    With `teachers` (of the same tokenizer) the network also learns what they say on average of every window.
    `score` is called with the averaged network every few epochs and its answer logged. Returns the network
    with averaged weights.
    """
    device = training_device()
    network.to(device)
    for teacher in teachers:
        teacher.to(device).eval()
    optimizer = torch.optim.AdamW(network_groups(network, recipe), lr=0.0, weight_decay=0.01, fused=True)
    average = copy.deepcopy(network).eval()
    both = nn.ModuleList([network, average])
    restored = load_state(folder, both, optimizer, network)
    done, step, steps = (int(restored[key]) for key in ("epoch", "step", "steps")) if restored else (0, 0, 0)
    begun, begun_at = time.monotonic(), step
    prepared = _epochs(material, tokenizer, network.config.window, recipe, done, device)
    for epoch, batches in enumerate(prepared, done):
        torch.manual_seed(recipe.seed * 1_000 + epoch)  # so that a resumed run goes on as an unbroken one
        dice = random.Random(f"{recipe.seed}/{epoch}/synonyms")
        steps = step + _steps_left(len(batches), epoch, recipe, weak=bool(material.weak))
        network.train()
        sums: dict[str, Tensor] = {}
        for rows in batches:
            factor = rate_factor(step, steps)
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * factor
            batch = collate(rows, tokenizer).to(device)
            hidden = encode(network.encoder, batch.ids, batch.mask)
            output = network.heads(hidden)
            losses = joint_loss(output, batch, recipe.focus)
            if recipe.consistency:
                again = network.heads(encode(network.encoder, batch.ids, batch.mask))
                twice = joint_loss(again, batch, recipe.focus)
                losses = {name: (loss + twice[name]) / 2 for name, loss in losses.items()}
                losses["consistency"] = recipe.consistency * consistency_loss(output, again, batch)
            if teachers:
                taught = lesson(teachers, batch)
                losses |= imitation_loss(output, batch, taught) | hidden_loss(hidden, taught, batch.mask)
            if material.synonyms and step % 2 == 0:
                losses["concepts"] = WEIGHTS["concepts"] * _concept_step(
                    network, tokenizer, dice.sample(material.synonyms, min(24, len(material.synonyms))), device
                )
            torch.autograd.backward(sum(losses.values(), torch.zeros((), device=device)))
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            average_weights(average, network, min(recipe.averaging, (step + 1) / (step + 10)))
            sums |= {name: sums.get(name, 0) + value.detach() for name, value in losses.items()}
            step += 1
        pace = (time.monotonic() - begun) / max(1, step - begun_at)
        means = "  ".join(f"{name} {value.item() / len(batches):.3f}" for name, value in sums.items())
        left = pace * (steps - step) / 60
        log(f"epoch {epoch + 1}/{recipe.epochs}  {means}  {pace:.2f} s/step  {left:.1f} min left")
        if score and ((epoch + 1) % 3 == 0 or epoch + 1 == recipe.epochs):
            log(f"  {score(average)}")
        save_state(folder, both, optimizer, network, {"epoch": epoch + 1, "step": step, "steps": steps})
    return average


def _steps_left(batches: int, epoch: int, recipe: Recipe, *, weak: bool) -> int:
    """Steps from this epoch on, its `batches` included; later epochs may lack the weak windows."""
    if not weak:
        return batches * (recipe.epochs - epoch)
    with_weak = math.ceil(recipe.epochs * recipe.weak_until)
    gold_only = batches if epoch >= with_weak else round(batches / (1 + recipe.weak_share * WEAK_SIZE))
    full = max(0, with_weak - epoch)
    return batches * full + gold_only * (recipe.epochs - epoch - full)


def _concept_step(
    network: Network, tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]], device: torch.device
) -> Tensor:
    left, right = (term_vectors(network, tokenizer, [pair[i] for pair in pairs], device) for i in (0, 1))
    return concept_loss(left, right)


def term_vectors(network: Network, tokenizer: Tokenizer, terms: Sequence[str], device: torch.device) -> Tensor:
    """Unit concept vectors of terms read alone, (n, concept width)."""
    rows = [np.concatenate([[tokenizer.special(PLAIN)], tokenizer.encode(term)[0][:40]]) for term in terms]
    length = max(map(len, rows))
    ids = torch.full((len(rows), length), tokenizer.special(PAD))
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.from_numpy(row)
    ids = ids.to(device)
    mask = ids != tokenizer.special(PAD)
    hidden = encode(network.encoder, ids, mask)
    inside = mask.clone()
    inside[:, 0] = False
    weights = inside[..., None].float()
    mean = (network.concepts(hidden) * weights).sum(1) / weights.sum(1).clamp(min=1)
    return F.normalize(mean, dim=-1)


@torch.no_grad()
def average_weights(average: nn.Module, fresh: nn.Module, decay: float) -> None:
    """Move the weights of `average` towards those of `fresh`, which has the same; `decay` 1 leaves them."""
    update = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    update(list(average.parameters()), list(fresh.parameters()), None)


class TorchScorer:
    """Runs a torch network window by window, as the ONNX runtime does, to score it in training."""

    def __init__(self, network: Network) -> None:
        self.network = network.eval()
        self.device = next(network.parameters()).device

    @torch.no_grad()
    def run(self, windows: Iterable[Window]) -> Iterator[tuple[Window, WindowScores]]:
        """Scores of each window, in order."""
        for window in windows:
            output = self.network(torch.from_numpy(window.ids)[None].to(self.device), None)
            yield window, WindowScores(*(part[0].cpu().numpy() for part in output))
