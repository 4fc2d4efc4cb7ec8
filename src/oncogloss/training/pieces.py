"""The index of `concepts.index`: vectors of pieces of names and of concepts, learned so that a concept's names lie
nearest to it.

Each name is drawn to its own concept and away from those of the other names of a batch and from the wrong ones that
lie nearest to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from oncogloss.concepts import Vocabulary
from oncogloss.concepts.build import Names, joined_sources
from oncogloss.concepts.index import GROUPS, PIECES, WIDTH, pieces, write_index
from oncogloss.concepts.vocabulary import write_sums
from oncogloss.errors import CorpusError

EPOCHS, BATCH, RATE, DROPPED, TEMPERATURE = 8, 512, 6e-3, 0.15, 0.06
RENEWED = (1, 3, 6)  # epochs before which the nearest wrong concepts of each name are looked for
NEAREST, SHOWN = 8, 4  # wrong concepts kept of each name, and how many of them a batch shows
_START = 0.03  # deviation of the first vectors, before a rare piece is made heavier


class Bags(NamedTuple):
    """Names as bags of pieces: those of name i are `places[first[i] : first[i + 1]]`; `own` is its concept."""

    places: NDArray[np.int64]
    weights: NDArray[np.float32]
    first: NDArray[np.int64]
    own: NDArray[np.int64]

    def of(self, chosen: NDArray[np.int64], dropped: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
        """(places, where each of the `chosen` names begins, weights), a share of the pieces dropped."""
        counts = self.first[chosen + 1] - self.first[chosen]
        starts = np.cumsum(counts) - counts
        flat = np.arange(counts.sum()) + np.repeat(self.first[chosen] - starts, counts)
        weights = torch.from_numpy(self.weights[flat])
        if dropped:
            weights = weights * (torch.rand(len(weights)) > dropped)
        return torch.from_numpy(self.places[flat]), torch.from_numpy(starts), weights


class Named(NamedTuple):
    """A concept of the index: its position in the vocabulary, its group, and its names."""

    row: int
    group: int
    names: tuple[str, ...]


def named_concepts(names: Iterable[Names]) -> list[Named]:
    """What the index holds, of the names of all concepts of a vocabulary in their order."""
    found = []
    for row, mine in enumerate(names):
        for group in sorted({GROUPS[type_] for type_, _ in mine if type_ in GROUPS}):
            said = sorted({name for type_, name in mine if GROUPS.get(type_) == group and pieces(name)[0]})
            if said:
                found.append(Named(row, group, tuple(said)))
    return found


def bags_of(concepts: list[Named]) -> Bags:
    """All different bags of the concepts' names; a concept's number is its place in the list."""
    bags = dict.fromkeys(
        (own, tuple(sorted(zip(*pieces(name), strict=True)))) for own, one in enumerate(concepts) for name in one.names
    )
    flat = [piece for _, bag in bags for piece in bag]
    return Bags(
        np.array([place for place, _ in flat], np.int64),
        np.array([weight for _, weight in flat], np.float32),
        np.cumsum([0, *(len(bag) for _, bag in bags)]),
        np.array([own for own, _ in bags], np.int64),
    )


def learn(concepts: list[Named]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(vectors of the pieces, unit vectors of the concepts)."""
    torch.manual_seed(0)
    bags = bags_of(concepts)
    table = nn.EmbeddingBag(PIECES, WIDTH, mode="sum")
    seen = np.bincount(bags.places, minlength=PIECES)
    rarity = np.clip(np.log(len(bags.own) / (seen + 1)), 0.5, 9) * (seen > 0)
    start = torch.randn(PIECES, WIDTH) * _START
    table.weight.data = start * torch.from_numpy(rarity.astype(np.float32))[:, None]
    sums = torch.zeros(len(concepts), WIDTH)
    for part in _parts(np.arange(len(bags.own))):
        sums.index_add_(0, torch.from_numpy(bags.own[part]), _vectors(table, bags, part).detach())
    held = nn.Parameter(F.normalize(sums, dim=-1))
    optimizer = torch.optim.Adam([table.weight, held], lr=RATE)
    generator, near = np.random.default_rng(0), None
    steps = max(1, EPOCHS * (len(bags.own) // BATCH))
    for epoch in range(EPOCHS):
        if epoch in RENEWED:
            near = _nearest_wrong(table, held, bags)
        for step, part in enumerate(_parts(generator.permutation(len(bags.own)), whole=True)):
            done = epoch * (len(bags.own) // BATCH) + step
            optimizer.param_groups[0]["lr"] = RATE * (1 - done / steps)
            optimizer.zero_grad()
            shown = None if near is None else near[part][:, generator.permutation(near.shape[1])[:SHOWN]]
            torch.autograd.backward(_loss(table, held, bags, part, shown))
            optimizer.step()
    return table.weight.detach().numpy(), F.normalize(held, dim=-1).detach().numpy()


def _parts(order: NDArray[np.int64], whole: bool = False) -> list[NDArray[np.int64]]:
    end = len(order) // BATCH * BATCH if whole and len(order) >= BATCH else len(order)
    return [order[i : i + BATCH] for i in range(0, end, BATCH)]


def _vectors(table: nn.EmbeddingBag, bags: Bags, chosen: NDArray[np.int64], dropped: float = 0.0) -> Tensor:
    places, starts, weights = bags.of(chosen, dropped)
    summed: Tensor = table(places, starts, per_sample_weights=weights)
    return F.normalize(summed, dim=-1)


def _loss(
    table: nn.EmbeddingBag, held: Tensor, bags: Bags, part: NDArray[np.int64], shown: NDArray[np.int64] | None
) -> Tensor:
    """How badly the names of a batch find their concepts among each other's and the nearest wrong ones."""
    own, unit = torch.from_numpy(bags.own[part]), F.normalize(held, dim=-1)
    vectors = _vectors(table, bags, part, DROPPED)
    scores = vectors @ unit[own].T
    same = (own[:, None] == own[None]).fill_diagonal_(False)
    scores = scores.masked_fill(same, -9.0)
    if shown is not None:
        scores = torch.cat([scores, torch.einsum("bd,bkd->bk", vectors, unit[torch.from_numpy(shown)])], 1)
    return F.cross_entropy(scores / TEMPERATURE, torch.arange(len(part)))


@torch.no_grad()
def _nearest_wrong(table: nn.EmbeddingBag, held: Tensor, bags: Bags) -> NDArray[np.int64]:
    """The wrong concepts that lie nearest to each name."""
    unit = F.normalize(held, dim=-1)
    found = []
    for part in _parts(np.arange(len(bags.own))):
        scores = _vectors(table, bags, part) @ unit.T
        scores[torch.arange(len(part)), torch.from_numpy(bags.own[part])] = -2.0
        found.append(scores.topk(min(NEAREST, len(unit)), dim=1).indices.numpy())
    return np.concatenate(found)


def index_names(names: Iterable[Names], folder: Path) -> int:
    """Learn and write the index of a vocabulary whose concepts have these names; returns how many it holds."""
    concepts = named_concepts(names)
    table, held = learn(concepts)
    rows, groups = (np.array(column, np.int64) for column in ([c.row for c in concepts], [c.group for c in concepts]))
    write_index(table, rows, groups, held, folder)
    write_sums(folder)
    return len(concepts)


def index_vocabulary(sources: Path, vocabulary: Vocabulary, own: Path | None, headings: Path | None) -> str:
    """Learn the index of an opened vocabulary, whose sources these are, and add it to its folder.

    Raises CorpusError where it was built from others.
    """
    concepts, _ = joined_sources(sources, own, headings=headings)
    if [c.entry.id for c in concepts] != [entry.id for entry in vocabulary.entries()]:
        raise CorpusError(f"{vocabulary.folder} was not built from {sources}; build it anew before its index.")
    held = index_names((c.names for c in concepts), vocabulary.folder)
    return f"{held:,} concepts in the index."
