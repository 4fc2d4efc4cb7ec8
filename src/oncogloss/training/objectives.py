"""From annotated text to targets, and from targets to the joint loss of all heads.

A target that a corpus does not annotate is masked: it neither rewards nor punishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from oncogloss.model.layout import BLOCK, BOUNDARY_SLICES, BOUNDARY_WIDTH, MAX_DEPTH, MAX_SPAN, REACH, span_cell
from oncogloss.model.network import NetworkOutput
from oncogloss.model.signatures import allowed_pairs
from oncogloss.model.tokenizer import PAD, Tokenizer
from oncogloss.model.windows import Stream, Window, cut_windows, read_stream, token_range
from oncogloss.schema import ATTRIBUTES, CATEGORIES, ENTITY_TYPES, RELATION_TYPES, SECTION_LABELS
from oncogloss.training import silver
from oncogloss.training.corpora import GoldDocument, GoldPassage

NEGATIVE = -1e4

# weights of the losses beside the span loss, found on dev
WEIGHTS = {"boundaries": 4.0, "attributes": 20.0, "relations": 0.5, "concepts": 0.2}


@dataclass(frozen=True)
class TargetSpan:
    """A gold span in window tokens, `end` inclusive."""

    type: int
    start: int
    end: int
    attributes: NDArray[np.float32] | None


@dataclass(frozen=True)
class Example:
    """One window with its targets; L tokens. NaN in `boundaries` and `sections` −1 are masked."""

    ids: NDArray[np.int64]  # (L,)
    passage: NDArray[np.int64]  # (L,): spans and relations stay within one
    types: NDArray[np.bool_]  # (L, types): annotated exhaustively at this token
    spans: tuple[TargetSpan, ...]
    relations: tuple[tuple[int, int, int], ...] | None  # (type, head, tail) over `spans`; None: masked
    boundaries: NDArray[np.float32]  # (L, BOUNDARY_WIDTH)
    partial: bool


def examples(document: GoldDocument, tokenizer: Tokenizer, window: int, overlap: int, shift: int = 0) -> list[Example]:
    """Cut a document into windows with targets; `shift` moves the cuts."""
    stream = read_stream([p.passage for p in document.passages], tokenizer)
    n = len(stream.ids)
    boundaries = np.full((n, BOUNDARY_WIDTH), np.nan, np.float32)
    annotated = np.zeros((n, len(ENTITY_TYPES)), bool)
    spans: list[TargetSpan] = []
    relations: list[tuple[int, int, int]] = []
    for index, passage in enumerate(document.passages):
        first = int(np.searchsorted(stream.passage, index)) + 1  # after the name's token
        last = int(np.searchsorted(stream.passage, index, side="right"))
        starts, ends = stream.start[first:last], stream.end[first:last]
        if first == last:
            continue
        annotated[first:last] = [type_ in passage.types for type_ in ENTITY_TYPES]
        _fill_boundaries(boundaries[first:last], passage, ends)
        base = len(spans)
        for entity in passage.entities:
            a, b = token_range(starts, ends, entity.start, entity.end)
            marks = np.array([name in entity.attributes for name in ATTRIBUTES], np.float32)
            type_index = ENTITY_TYPES.index(entity.type)
            spans.append(TargetSpan(type_index, first + a, first + b, marks if passage.has_attributes else None))
        relations += [(RELATION_TYPES.index(r.type), base + r.head, base + r.tail) for r in passage.relations]
    has_relations = all(p.has_relations for p in document.passages)
    partial = any(p.partial for p in document.passages)
    return [
        _window_example(stream, w, spans, relations if has_relations else None, boundaries, annotated, partial)
        for w in cut_windows(stream, window, overlap, shift=shift)
    ]


def _window_example(
    stream: Stream,
    w: Window,
    spans: list[TargetSpan],
    relations: list[tuple[int, int, int]] | None,
    boundaries: NDArray[np.float32],
    annotated: NDArray[np.bool_],
    partial: bool,
) -> Example:
    shift = w.lead - w.first
    kept = {
        i: TargetSpan(s.type, s.start + shift, s.end + shift, s.attributes)
        for i, s in enumerate(spans)
        if w.first <= s.start and s.end < w.last and s.end - s.start < MAX_SPAN
    }
    position = {i: k for k, i in enumerate(kept)}

    def lead(rows: NDArray, value: float) -> NDArray:  # type: ignore[type-arg]
        extra = np.full((w.lead, *rows.shape[1:]), value, rows.dtype)
        return np.concatenate([extra, rows[w.first : w.last]])

    passage = np.where(stream.end > 0, stream.passage, -1)
    return Example(
        ids=w.ids,
        passage=lead(passage, -1),
        types=lead(annotated, False),
        spans=tuple(kept.values()),
        relations=None
        if relations is None
        else tuple((t, position[h], position[d]) for t, h, d in relations if h in position and d in position),
        boundaries=lead(boundaries, np.nan),
        partial=partial,
    )


def _fill_boundaries(rows: NDArray[np.float32], passage: GoldPassage, ends: NDArray[np.int64]) -> None:
    def token(offset: int) -> int:
        return min(int(np.searchsorted(ends, offset, side="right")), len(ends) - 1)

    part = {name: rows[:, columns] for name, columns in BOUNDARY_SLICES.items()}
    if passage.has_sections:
        part["sentence"][:] = 0
        for offset in silver.sentence_starts(passage):
            part["sentence"][token(offset)] = 1
        for offset, label in silver.sections(passage):
            part["section"][token(offset) :] = np.eye(len(SECTION_LABELS))[SECTION_LABELS.index(label)]
    if passage.criteria is None:
        if passage.name != "eligibility" and passage.has_sections:
            part["criterion"][:] = 0
            part["heading"][:] = 0
        return
    part["criterion"][:] = 0
    part["heading"][:] = 0
    for offset in silver.heading_starts(passage):
        part["heading"][token(offset)] = 1
    depths: list[int] = []
    for criterion in passage.criteria:
        depths.append(0 if criterion.parent is None else min(depths[criterion.parent] + 1, MAX_DEPTH - 1))
        i = token(criterion.start)
        part["criterion"][i] = 1
        part["exclusion"][i] = criterion.side == "exc"
        part["depth"][i] = np.eye(MAX_DEPTH)[depths[-1]]
        part["categories"][i] = [name in criterion.categories for name in CATEGORIES]


@dataclass(frozen=True)
class Batch:
    """Examples padded to one length, as tensors."""

    ids: Tensor  # (B, L)
    mask: Tensor  # (B, L) bool
    positives: Tensor  # (n, 5): window, type, block, start, end of each wanted span (see `layout.span_cell`)
    negatives: Tensor  # (B, types, blocks, BLOCK, REACH): 0 where a span must not stand, NEGATIVE where none counts
    boundaries: Tensor  # (B, L, BOUNDARY_WIDTH), NaN masked
    examples: Sequence[Example]


def collate(batch: Sequence[Example], tokenizer: Tokenizer) -> Batch:
    """Pad examples and lay their spans out as the network scores them."""
    length = max(len(e.ids) for e in batch)
    n_blocks = -(-length // BLOCK)
    ids = np.full((len(batch), length), tokenizer.special(PAD))
    mask = np.zeros((len(batch), length), bool)
    boundaries = np.full((len(batch), length, BOUNDARY_WIDTH), np.nan, np.float32)
    counts = np.zeros((len(batch), len(ENTITY_TYPES), n_blocks, BLOCK, REACH), bool)
    positives: list[tuple[int, ...]] = []
    for b, e in enumerate(batch):
        n = len(e.ids)
        ids[b, :n], mask[b, :n], boundaries[b, :n] = e.ids, True, e.boundaries
        counts[b] = _counted(e, n_blocks)
        for span in e.spans:
            cell = (span.type, *span_cell(span.start, span.end))
            if counts[(b, *cell)]:
                counts[(b, *cell)] = False
                positives.append((b, *cell))
    negatives = np.where(counts, 0, NEGATIVE).astype(np.float32)
    rows = np.array(positives, np.int64).reshape(-1, 5)
    tensors = [torch.from_numpy(x) for x in (ids, mask, rows, negatives, boundaries)]
    return Batch(tensors[0], tensors[1], tensors[2], tensors[3], tensors[4], batch)


def _counted(e: Example, n_blocks: int) -> NDArray[np.bool_]:
    """(types, blocks, BLOCK, REACH): is a span here decided by the annotation, wanted or not?"""
    start = np.arange(n_blocks * BLOCK).reshape(n_blocks, BLOCK, 1)
    end = (np.arange(n_blocks) * BLOCK).reshape(n_blocks, 1, 1) + np.arange(REACH)
    near = (end >= start) & (end - start < MAX_SPAN)
    reach = (n_blocks + MAX_SPAN // BLOCK) * BLOCK
    passage = np.full(reach, -1)
    passage[: len(e.ids)] = e.passage
    inside = near & (passage[start] == passage[end]) & (passage[start] >= 0)
    if not e.partial:
        types = np.zeros((reach, len(ENTITY_TYPES)), bool)
        types[: len(e.ids)] = e.types
        inside = inside & np.moveaxis(types[start], -1, 0)
        return np.asarray(inside, bool)
    beside = np.zeros((len(ENTITY_TYPES), *inside.shape), bool)
    for span in e.spans:  # a span of this type that overlaps a reliable one is wrong
        beside[span.type] |= (start <= span.end) & (end >= span.start)
    return np.asarray(inside & beside, bool)


def balanced_loss(scores: Tensor, targets: Tensor, counts: Tensor) -> Tensor:
    """Multi-label loss that pushes every positive above 0 and every negative below (Su 2020, "ZLPR").

    All (…, n); `targets` and `counts` bool. Returns (…,).
    """
    zero = torch.zeros_like(scores[..., :1])
    positives = torch.where(targets & counts, -scores, NEGATIVE)
    negatives = torch.where(~targets & counts, scores, NEGATIVE)
    return torch.logsumexp(torch.cat([zero, positives], -1), -1) + torch.logsumexp(torch.cat([zero, negatives], -1), -1)


_ALLOWED = torch.from_numpy(allowed_pairs())


def span_loss(output: NetworkOutput, batch: Batch) -> Tensor:
    """`balanced_loss` of every type in every window, summed over types, mean over windows."""
    scores = output.spans
    negative = F.softplus(torch.logsumexp((scores + batch.negatives).flatten(2), -1))
    window, kind, *cell = batch.positives.unbind(1)
    wanted = scores[window, kind, cell[0], cell[1], cell[2]].clamp(min=-30)
    sums = torch.zeros_like(negative).flatten()
    positive = sums.index_add(0, window * len(ENTITY_TYPES) + kind, torch.exp(-wanted)).log1p()
    return (negative.sum() + positive.sum()) / len(scores)


def boundary_loss(output: NetworkOutput, batch: Batch) -> Tensor:
    """Binary losses for starts, side and categories; cross entropy for section and depth; masked by NaN."""
    total = output.boundaries.new_zeros(())
    for name, columns in BOUNDARY_SLICES.items():
        scores, targets = output.boundaries[..., columns], batch.boundaries[..., columns]
        known = ~targets.isnan().any(-1)
        if not known.any():
            continue
        if name in ("section", "depth"):
            loss = F.cross_entropy(scores[known], targets[known].argmax(-1))
            total = total + loss * (0.5 if name == "section" else 0.2)
        else:
            loss = F.binary_cross_entropy_with_logits(scores[known], targets[known])
            total = total + loss * (2.0 if name == "criterion" else 0.5)
    return total


def pair_scores(roles: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
    """Relation scores of all pairs of n spans: `roles` (L, 4, relations, width) → (relations, n, n)."""
    head = torch.cat([roles[starts, 0], roles[ends, 1]], -1)
    tail = torch.cat([roles[starts, 2], roles[ends, 3]], -1)
    return torch.einsum("hrw,trw->rht", head, tail)


def attribute_and_relation_loss(output: NetworkOutput, batch: Batch) -> tuple[Tensor, Tensor]:
    """Losses over gold spans: three binary attributes each; every allowed pair of one passage."""
    attributes, relations = [], []
    for b, e in enumerate(batch.examples):
        if not e.spans:
            continue
        marked = [(s, s.attributes) for s in e.spans if s.attributes is not None]
        if marked:
            scores = torch.stack([output.attributes[b, s.start : s.end + 1].mean(0) for s, _ in marked])
            wanted = torch.from_numpy(np.stack([marks for _, marks in marked])).to(scores)
            attributes.append(F.binary_cross_entropy_with_logits(scores, wanted))
        if e.relations is not None:
            device = output.relations.device
            types, starts, ends = (
                torch.tensor([getattr(s, key) for s in e.spans], device=device) for key in ("type", "start", "end")
            )
            scores = pair_scores(output.relations[b], starts, ends)
            where = torch.from_numpy(e.passage).to(device)[starts]
            counts = _ALLOWED.to(device)[:, types][:, :, types] & (where[:, None] == where[None, :])
            counts = counts & ~torch.eye(len(e.spans), dtype=torch.bool, device=device)
            targets = torch.zeros_like(counts)
            for kind, head, tail in e.relations:
                targets[kind, head, tail] = counts[kind, head, tail] = True
            relations.append(balanced_loss(scores.flatten(1), targets.flatten(1), counts.flatten(1)).sum())
    zero = output.attributes.new_zeros(())
    return (
        torch.stack(attributes).mean() if attributes else zero,
        torch.stack(relations).sum() / len(batch.examples) if relations else zero,
    )


def joint_loss(output: NetworkOutput, batch: Batch) -> dict[str, Tensor]:
    """All losses of a batch by name, weighted; their sum is what is trained on."""
    attributes, relations = attribute_and_relation_loss(output, batch)
    return {
        "spans": span_loss(output, batch),
        "boundaries": WEIGHTS["boundaries"] * boundary_loss(output, batch),
        "attributes": WEIGHTS["attributes"] * attributes,
        "relations": WEIGHTS["relations"] * relations,
    }


def concept_loss(left: Tensor, right: Tensor, temperature: float = 0.05) -> Tensor:
    """Contrast the unit vectors of synonym pairs, (n, width) each, within the batch (InfoNCE, both ways)."""
    scores = left @ right.T / temperature
    own = torch.arange(len(left), device=left.device)
    return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2
