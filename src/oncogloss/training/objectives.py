"""From annotated text to targets, and from targets to the joint loss of all heads.

A target that a corpus does not annotate is masked: it neither rewards nor punishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from oncogloss.model.layout import BLOCK, BOUNDARY_SLICES, BOUNDARY_WIDTH, MAX_DEPTH, MAX_SPAN, REACH
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
BOUNDARY_WEIGHTS = {"criterion": 2.0, "depth": 0.2}  # of each part of the boundary loss; the others 0.5


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
    boundaries: NDArray[np.float16]  # (L, BOUNDARY_WIDTH)
    partial: bool


def examples(document: GoldDocument, tokenizer: Tokenizer, window: int, overlap: int, shift: int = 0) -> list[Example]:
    """Cut a document into windows with targets; `shift` moves the cuts."""
    stream = read_stream([p.passage for p in document.passages], tokenizer)
    n = len(stream.ids)
    boundaries = np.full((n, BOUNDARY_WIDTH), np.nan, np.float16)
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
    boundaries: NDArray[np.float16],
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


def _fill_boundaries(rows: NDArray[np.float16], passage: GoldPassage, ends: NDArray[np.int64]) -> None:
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


class Spans(NamedTuple):
    """Up to S spans of each of B windows, `ends` inclusive; all (B, S). Where none is `present`, the rest is 0."""

    types: Tensor
    starts: Tensor
    ends: Tensor
    present: Tensor  # bool


class Batch(NamedTuple):
    """B examples padded to L tokens, as tensors."""

    ids: Tensor  # (B, L)
    mask: Tensor  # (B, L) bool
    passage: Tensor  # (B, L), −1 where no passage's text stands
    types: Tensor  # (B, L, types) bool
    partial: tuple[bool, ...]  # B; kept by the host, which asks of it
    boundaries: Tensor  # (B, L, BOUNDARY_WIDTH), NaN masked
    spans: Spans
    attributes: Tensor  # (B, S, attributes), NaN masked
    related: Tensor  # (B,) bool: are its relations annotated?
    relations: Tensor  # (n, 4): window, relation, head, tail

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        spans = Spans(*(part.to(device, non_blocking=True) for part in self.spans))
        rest = self._asdict().items()
        moved = {name: part.to(device, non_blocking=True) for name, part in rest if isinstance(part, Tensor)}
        return self._replace(spans=spans, **moved)  # type: ignore[arg-type]


def collate(batch: Sequence[Example], tokenizer: Tokenizer) -> Batch:
    """Pad examples to one length and one number of spans."""
    b, length, most = len(batch), max(len(e.ids) for e in batch), max(1, *(len(e.spans) for e in batch))
    ids = np.full((b, length), tokenizer.special(PAD))
    mask = np.zeros((b, length), bool)
    passage = np.full((b, length), -1)
    types = np.zeros((b, length, len(ENTITY_TYPES)), bool)
    boundaries = np.full((b, length, BOUNDARY_WIDTH), np.nan, np.float32)
    spans = np.zeros((b, most, 4), np.int64)
    attributes = np.full((b, most, len(ATTRIBUTES)), np.nan, np.float32)
    relations: list[tuple[int, int, int, int]] = []
    for i, e in enumerate(batch):
        n, m = len(e.ids), len(e.spans)
        ids[i, :n], mask[i, :n], passage[i, :n], types[i, :n], boundaries[i, :n] = (
            e.ids, True, e.passage, e.types, e.boundaries,
        )  # fmt: skip
        spans[i, :m] = np.array([(s.type, s.start, s.end, 1) for s in e.spans]).reshape(m, 4)
        for k, span in enumerate(e.spans):
            if span.attributes is not None:
                attributes[i, k] = span.attributes
        relations += [(i, *relation) for relation in e.relations or ()]
    return Batch(
        ids=torch.from_numpy(ids),
        mask=torch.from_numpy(mask),
        passage=torch.from_numpy(passage),
        types=torch.from_numpy(types),
        partial=tuple(e.partial for e in batch),
        boundaries=torch.from_numpy(boundaries),
        spans=span_table(torch.from_numpy(spans)),
        attributes=torch.from_numpy(attributes),
        related=torch.tensor([e.relations is not None for e in batch]),
        relations=torch.tensor(relations, dtype=torch.int64).reshape(-1, 4),
    )


def span_table(rows: Tensor) -> Spans:
    """Spans of rows (B, S, 4): type, start, end, and 1 where there is one."""
    types, starts, ends, present = rows.unbind(-1)
    return Spans(types, starts, ends, present == 1)


def possible_cells(batch: Batch) -> Tensor:
    """(B, blocks, BLOCK, REACH) bool: the cells of spans that lie in one passage and are not too long."""
    start, end = _cell_tokens(batch)
    passage = F.pad(batch.passage, (0, _reach(batch) - batch.ids.shape[1]), value=-1)
    near = (end >= start) & (end - start < MAX_SPAN)
    return near & (passage[:, start] == passage[:, end]) & (passage[:, start] >= 0)


def _reach(batch: Batch) -> int:
    """How many tokens the cells of a batch look at, those beyond its end included."""
    return -(-batch.ids.shape[1] // BLOCK) * BLOCK + MAX_SPAN


def _cell_tokens(batch: Batch) -> tuple[Tensor, Tensor]:
    """First and last token of each cell: (blocks, BLOCK, 1) and (blocks, 1, REACH)."""
    device, blocks = batch.ids.device, -(-batch.ids.shape[1] // BLOCK)
    first = torch.arange(blocks, device=device).view(-1, 1, 1) * BLOCK
    return first + torch.arange(BLOCK, device=device).view(1, -1, 1), first + torch.arange(REACH, device=device)


def decided_cells(batch: Batch) -> Tensor:
    """(B, types, blocks, BLOCK, REACH) bool: does the annotation decide whether a span stands there, wanted or not?

    Of a partial window only what overlaps a marked span of the same type is decided.
    """
    start, end = _cell_tokens(batch)
    reach = _reach(batch)
    types = F.pad(batch.types, (0, 0, 0, reach - batch.ids.shape[1])).transpose(1, 2)
    decided = types[:, :, start].expand(-1, -1, -1, -1, REACH)
    if any(batch.partial):
        s = batch.spans
        counts = torch.zeros(2, len(s.types), len(ENTITY_TYPES), reach + 1, device=types.device)
        window = torch.arange(len(s.types), device=types.device)[:, None]
        one = s.present.float()
        counts[0].index_put_((window, s.types, s.starts), one, accumulate=True)
        counts[1].index_put_((window, s.types, s.ends + 1), one, accumulate=True)
        begun, ended = counts.cumsum(-1)
        beside = begun[:, :, end] > ended[:, :, start]
        partial = torch.tensor(batch.partial, device=types.device).view(-1, 1, 1, 1, 1)
        decided = torch.where(partial, beside, decided)
    return decided & possible_cells(batch)[:, None]


def span_cells(spans: Spans) -> tuple[Tensor, ...]:
    """(window, type, block, row, column) of each span's score, each (B, S); see `layout.span_cell`."""
    window = torch.arange(len(spans.types), device=spans.types.device)[:, None].expand_as(spans.types)
    block = spans.starts // BLOCK
    return window, spans.types, block, spans.starts % BLOCK, spans.ends - block * BLOCK


def balanced_loss(scores: Tensor, targets: Tensor, counts: Tensor) -> Tensor:
    """Multi-label loss that pushes every positive above 0 and every negative below (Su 2020, "ZLPR").

    All (…, n); `targets` and `counts` bool. Returns (…,).
    """
    zero = torch.zeros_like(scores[..., :1])
    positives = torch.where(targets & counts, -scores, NEGATIVE)
    negatives = torch.where(~targets & counts, scores, NEGATIVE)
    return torch.logsumexp(torch.cat([zero, positives], -1), -1) + torch.logsumexp(torch.cat([zero, negatives], -1), -1)


_ALLOWED = torch.from_numpy(allowed_pairs())


def span_loss(output: NetworkOutput, batch: Batch, focus: float = 0.0) -> Tensor:
    """`balanced_loss` of every type in every window, summed over types, mean over windows.

    With `focus` a type counts the less, the smaller its loss in a window is: rare and hard types stand out (focal loss,
    Lin et al. 2017).
    """
    scores, decided = output.spans, decided_cells(batch)
    cells = span_cells(batch.spans)
    wanted = batch.spans.present & decided[cells]
    decided[cells] &= ~wanted
    negative = F.softplus(torch.logsumexp(torch.where(decided, scores, NEGATIVE).flatten(2), -1))
    sums = torch.zeros_like(negative).flatten()
    costs = torch.where(wanted, torch.exp(-scores[cells].clamp(min=-80)), 0)
    positive = sums.index_add(0, (cells[0] * len(ENTITY_TYPES) + cells[1]).flatten(), costs.flatten()).log1p()
    losses = negative.flatten() + positive
    if focus:
        losses = losses * (1 - torch.exp(-losses.detach())) ** focus
    return losses.sum() / len(scores)


def boundary_loss(output: NetworkOutput, batch: Batch) -> Tensor:
    """Binary losses for starts, side and categories; cross entropy for section and depth; masked by NaN."""
    total = output.boundaries.new_zeros(())
    for name, columns in BOUNDARY_SLICES.items():
        scores, targets = output.boundaries[..., columns], batch.boundaries[..., columns]
        known = ~targets.isnan().any(-1)
        costs = boundary_costs(name, scores, targets.nan_to_num())
        total = total + BOUNDARY_WEIGHTS.get(name, 0.5) * torch.where(known, costs, 0).sum() / known.sum().clamp(min=1)
    return total


def boundary_costs(name: str, scores: Tensor, targets: Tensor) -> Tensor:
    """Cost of each token (B, L) under one part of the boundary head; `targets` (B, L, width) may be shares."""
    if name in ("section", "depth"):
        return -(targets * F.log_softmax(scores, -1)).sum(-1)
    return F.binary_cross_entropy_with_logits(scores, targets, reduction="none").mean(-1)


def span_means(values: Tensor, spans: Spans) -> Tensor:
    """Mean of `values` (B, L, n) over the tokens of each span: (B, S, n)."""
    sums = F.pad(values.cumsum(1), (0, 0, 1, 0))
    window = torch.arange(len(values), device=values.device)[:, None]
    return (sums[window, spans.ends + 1] - sums[window, spans.starts]) / (spans.ends + 1 - spans.starts)[..., None]


def pair_scores(roles: Tensor, spans: Spans) -> Tensor:
    """Relation scores of all pairs of spans: `roles` (B, L, 4, relations, width) → (B, relations, S heads, S tails)."""
    window = torch.arange(len(roles), device=roles.device)[:, None]
    head = torch.cat([roles[window, spans.starts, 0], roles[window, spans.ends, 1]], -1)
    tail = torch.cat([roles[window, spans.starts, 2], roles[window, spans.ends, 3]], -1)
    return torch.einsum("bhrw,btrw->brht", head, tail)


def possible_pairs(spans: Spans, passage: Tensor) -> Tensor:
    """(B, relations, S, S) bool: may these spans be joined, by their types and for standing in one passage?"""
    where = passage.gather(1, spans.starts)
    allowed = _ALLOWED.to(passage.device)[:, spans.types[:, :, None], spans.types[:, None, :]].transpose(0, 1)
    both = spans.present[:, :, None] & spans.present[:, None, :] & (where[:, :, None] == where[:, None, :])
    apart = ~torch.eye(spans.types.shape[1], dtype=torch.bool, device=passage.device)
    return allowed & (both & apart)[:, None]


def attribute_loss(output: NetworkOutput, batch: Batch) -> Tensor:
    """Binary losses of the three attributes over annotated spans: mean of each window's mean."""
    known = ~batch.attributes.isnan()
    costs = F.binary_cross_entropy_with_logits(
        span_means(output.attributes, batch.spans), batch.attributes.nan_to_num(), reduction="none"
    )
    number = known.sum((1, 2))
    means = torch.where(known, costs, 0).sum((1, 2)) / number.clamp(min=1)
    return means.sum() / (number > 0).sum().clamp(min=1)


def relation_loss(output: NetworkOutput, batch: Batch) -> Tensor:
    """`balanced_loss` of every relation over the possible pairs of annotated spans, mean over windows."""
    counts = possible_pairs(batch.spans, batch.passage) & batch.related.view(-1, 1, 1, 1)
    targets = torch.zeros_like(counts)
    targets[tuple(batch.relations.T)] = True
    scores = pair_scores(output.relations, batch.spans)
    return balanced_loss(scores.flatten(2), targets.flatten(2), (counts | targets).flatten(2)).sum() / len(counts)


def joint_loss(output: NetworkOutput, batch: Batch, focus: float = 0.0) -> dict[str, Tensor]:
    """All losses of a batch by name, weighted; their sum is what is trained on. `focus`: see `span_loss`."""
    return {
        "spans": span_loss(output, batch, focus),
        "boundaries": WEIGHTS["boundaries"] * boundary_loss(output, batch),
        "attributes": WEIGHTS["attributes"] * attribute_loss(output, batch),
        "relations": WEIGHTS["relations"] * relation_loss(output, batch),
    }


def concept_loss(left: Tensor, right: Tensor, temperature: float = 0.05) -> Tensor:
    """Contrast the unit vectors of synonym pairs, (n, width) each, within the batch (InfoNCE, both ways)."""
    scores = left @ right.T / temperature
    own = torch.arange(len(left), device=left.device)
    return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2
