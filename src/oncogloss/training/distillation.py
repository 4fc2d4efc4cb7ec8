"""Learning from other networks: what several teachers say of a window on average, as a target for one small network;
and from one's own second reading.

An ensemble's averaged scores carry more than annotation does (how sure, what else it could be), and reach text that
nobody annotated (Hinton et al. 2015; for self-training on unlabelled text Xie et al. 2020).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from oncogloss.model.layout import BLOCK, BOUNDARY_SLICES
from oncogloss.model.network import Network, NetworkOutput
from oncogloss.training.objectives import (
    BOUNDARY_WEIGHTS,
    WEIGHTS,
    Batch,
    Spans,
    boundary_costs,
    pair_scores,
    possible_cells,
    possible_pairs,
    span_means,
    span_table,
)
from oncogloss.training.pretrain import encode

MOST_SPANS = 160  # of a window whose pairs and attributes are imitated
FARTHEST = 8.0  # a score beyond this, either way, is as good as certain
SCORE_WEIGHT = 0.05  # of a squared distance of scores beside a cross entropy of shares
HIDDEN_WEIGHT = 1_000.0  # of the encoder's own vectors beside the heads' scores, where one teacher is imitated
AT_A_CRITERION = ("exclusion", "depth", "categories")  # parts that mean something only where a criterion starts


class Lesson(NamedTuple):
    """What teachers say of a batch on average, as shares between 0 and 1."""

    cells: Tensor  # (B, 1 or types, blocks, BLOCK, REACH) bool: cells that a span may take
    spans: Tensor  # (B, types, blocks, BLOCK, REACH)
    boundaries: Tensor  # (B, L, BOUNDARY_WIDTH)
    found: Spans  # what they find
    attributes: Tensor  # (B, S, attributes) of what they find
    pairs: Tensor  # (B, relations, S, S) bool: pairs that may be joined
    relations: Tensor  # (B, relations, S, S)
    hidden: Tensor | None  # (B, L, H): the encoder's vectors, where there is one teacher


@torch.no_grad()
def lesson(teachers: Sequence[Network], batch: Batch) -> Lesson:
    """The averaged scores of `teachers`, which read the tokens of `batch` and nothing of its annotation."""
    encoded = [encode(teacher.encoder, batch.ids, batch.mask) for teacher in teachers]
    outputs = [teacher.heads(hidden) for teacher, hidden in zip(teachers, encoded, strict=True)]
    cells = possible_cells(batch)[:, None]
    spans = _mean(o.spans for o in outputs)
    found = _found(spans, cells)
    boundaries = _mean(o.boundaries for o in outputs)
    shares = boundaries.sigmoid()
    for name in ("section", "depth"):
        shares[..., BOUNDARY_SLICES[name]] = boundaries[..., BOUNDARY_SLICES[name]].softmax(-1)
    attributes = _mean(span_means(o.attributes, found) for o in outputs)
    relations = _mean(pair_scores(o.relations, found) for o in outputs)
    pairs = possible_pairs(found, batch.passage)
    hidden = encoded[0] if len(encoded) == 1 else None
    return Lesson(cells, spans.sigmoid(), shares, found, attributes.sigmoid(), pairs, relations.sigmoid(), hidden)


def hidden_loss(hidden: Tensor, taught: Lesson, mask: Tensor) -> dict[str, Tensor]:
    """Mean squared distance of the encoder's vectors `hidden` (B, L, H) from the lesson's, under `mask` (B, L);
    nothing where the lesson has none as wide."""
    if taught.hidden is None or taught.hidden.shape != hidden.shape:
        return {}
    distance = (hidden - taught.hidden).square().mean(-1)
    return {"taught vectors": HIDDEN_WEIGHT * torch.where(mask, distance, 0).sum() / mask.sum()}


def score_loss(output: NetworkOutput, batch: Batch, taught: Lesson) -> dict[str, Tensor]:
    """Squared distance of the scores of spans and relations from the lesson's, between -FARTHEST and FARTHEST.

    Cross entropy of shares hardly feels a score that rises from -8 to -4; names known to a vocabulary do, for they
    lift it further in decoding.
    """

    def distance(scores: Tensor, shares: Tensor, counted: Tensor) -> Tensor:
        kept = torch.logit(shares, eps=1e-6).clamp(-FARTHEST, FARTHEST)
        squares = (scores.clamp(-FARTHEST, FARTHEST) - kept).square()
        return SCORE_WEIGHT * torch.where(counted, squares, 0).sum() / len(batch.ids)

    relations = pair_scores(output.relations, taught.found)
    return {
        "kept spans": distance(output.spans, taught.spans, taught.cells),
        "kept relations": WEIGHTS["relations"] * distance(relations, taught.relations, taught.pairs),
    }


def _mean(parts: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(parts)).mean(0)


def _found(spans: Tensor, cells: Tensor) -> Spans:
    """The cells above 0, of each window at most MOST_SPANS."""
    window, kind, block, row, column = ((spans > 0) & cells).nonzero().unbind(1)
    number = torch.bincount(window, minlength=len(spans))
    slot = torch.arange(len(window), device=window.device) - (number.cumsum(0) - number)[window]
    kept = slot < MOST_SPANS
    most = max(1, int(number.clamp(max=MOST_SPANS).max()))
    rows = torch.zeros(len(spans), most, 4, dtype=torch.int64, device=spans.device)
    columns = (kind, block * BLOCK + row, block * BLOCK + column, torch.ones_like(kind))
    rows[window[kept], slot[kept]] = torch.stack(columns, -1)[kept]
    return span_table(rows)


def imitation_loss(output: NetworkOutput, batch: Batch, taught: Lesson) -> dict[str, Tensor]:
    """Cross entropy between a network's scores and the lesson, head by head, weighted as `joint_loss` is."""
    costs = F.binary_cross_entropy_with_logits(output.spans, taught.spans, reduction="none")
    spans = torch.where(taught.cells, costs, 0).sum() / len(batch.ids)
    criterion = taught.boundaries[..., BOUNDARY_SLICES["criterion"]][..., 0]
    boundaries = spans.new_zeros(())
    for name, columns in BOUNDARY_SLICES.items():
        if name == "evidence":
            continue
        weight = (batch.passage >= 0) * (criterion if name in AT_A_CRITERION else torch.ones_like(criterion))
        cost = boundary_costs(name, output.boundaries[..., columns], taught.boundaries[..., columns])
        boundaries = boundaries + BOUNDARY_WEIGHTS.get(name, 0.5) * (weight * cost).sum() / weight.sum().clamp(min=1)
    attributes = F.binary_cross_entropy_with_logits(
        span_means(output.attributes, taught.found), taught.attributes, reduction="none"
    ).mean(-1)
    present = taught.found.present
    scores = pair_scores(output.relations, taught.found)
    costs = F.binary_cross_entropy_with_logits(scores, taught.relations, reduction="none")
    return {
        "taught spans": spans,
        "taught boundaries": WEIGHTS["boundaries"] * boundaries,
        "taught attributes": WEIGHTS["attributes"] * (attributes * present).sum() / present.sum().clamp(min=1),
        "taught relations": WEIGHTS["relations"] * torch.where(taught.pairs, costs, 0).sum() / len(batch.ids),
    }


def consistency_loss(one: NetworkOutput, other: NetworkOutput, batch: Batch) -> Tensor:
    """How far two readings of a batch by one network under dropout lie apart: symmetric KL divergence of their scores
    of spans, of boundaries, and of the annotated spans' attributes and relations (R-drop, Liang et al. 2021)."""

    def apart(left: Tensor, right: Tensor) -> Tensor:
        return (left.sigmoid() - right.sigmoid()) * (left - right)

    spans = torch.where(possible_cells(batch)[:, None], apart(one.spans, other.spans), 0).sum() / len(batch.ids)
    inside = (batch.passage >= 0).float()
    boundaries = (apart(one.boundaries, other.boundaries).mean(-1) * inside).sum() / inside.sum().clamp(min=1)
    said = apart(*(span_means(output.attributes, batch.spans) for output in (one, other))).mean(-1)
    present = batch.spans.present
    attributes = (said * present).sum() / present.sum().clamp(min=1)
    pairs = possible_pairs(batch.spans, batch.passage)
    joined = apart(*(pair_scores(output.relations, batch.spans) for output in (one, other)))
    relations = torch.where(pairs, joined, 0).sum() / len(batch.ids)
    return (
        spans
        + WEIGHTS["boundaries"] * boundaries
        + WEIGHTS["attributes"] * attributes
        + WEIGHTS["relations"] * relations
    )
