"""After joint training: the linear heads of attributes and categories fitted to the end on the finished encoder.

Both are rare labels whose small losses are drowned in the joint one; with the encoder fixed they are two
logistic regressions over vectors that are computed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from oncogloss.model.layout import BOUNDARY_SLICES
from oncogloss.model.network import Network
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.training.corpora import GoldDocument
from oncogloss.training.objectives import Example, examples
from oncogloss.training.pretrain import encode

STEPS, RATE, DECAY = 800, 5e-2, 1e-2


def refit_linear_heads(network: Network, tokenizer: Tokenizer, gold: Sequence[GoldDocument], overlap: int) -> None:
    """Refit `network.attributes` and the category rows of `network.boundaries`, in place, on gold documents."""
    network.eval()
    device = next(network.parameters()).device
    attributes: list[tuple[Tensor, Tensor]] = []
    categories: list[tuple[Tensor, Tensor]] = []
    for document in gold:
        for e in examples(document, tokenizer, network.config.window, overlap):
            hidden = _hidden(network, e, device)
            attributes += [
                (hidden[s.start : s.end + 1].mean(0), torch.from_numpy(s.attributes))
                for s in e.spans
                if s.attributes is not None
            ]
            categories += [
                (torch.cat([hidden[start], hidden[start:end].mean(0)]), torch.from_numpy(targets))
                for start, end, targets in _criteria(e)
            ]
    if attributes:
        _set(network.attributes, slice(None), *_fit(attributes))
    if categories:
        weight, bias = _fit(categories)
        at_start, over_all = weight.chunk(2, dim=1)
        _set(network.boundaries, BOUNDARY_SLICES["categories"], at_start, bias)
        _set(network.boundaries, BOUNDARY_SLICES["evidence"], over_all, torch.zeros_like(bias))


def _criteria(e: Example) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """(first token, token after the last, categories) of each criterion of a window; headings end one too."""
    part = {name: e.boundaries[:, columns] for name, columns in BOUNDARY_SLICES.items()}
    starts = np.flatnonzero(~np.isnan(part["categories"]).any(1))
    stops = np.flatnonzero((part["criterion"][:, 0] == 1) | (part["heading"][:, 0] == 1) | (e.passage < 0))
    for start in starts:
        later = stops[stops > start]
        yield int(start), int(later[0]) if len(later) else len(e.ids), part["categories"][start].astype(np.float32)


@torch.no_grad()
def _hidden(network: Network, e: Example, device: torch.device) -> Tensor:
    return encode(network.encoder, torch.from_numpy(e.ids)[None].to(device), None)[0].cpu()


def _fit(pairs: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """(weight, bias) of a logistic regression by full-batch AdamW, from nothing."""
    vectors, targets = (torch.stack(part) for part in zip(*pairs, strict=True))
    fresh = nn.Linear(vectors.shape[1], targets.shape[1])
    optimizer = torch.optim.AdamW(fresh.parameters(), lr=RATE, weight_decay=DECAY)
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        optimizer.zero_grad()
        torch.autograd.backward(F.binary_cross_entropy_with_logits(fresh(vectors), targets))
        optimizer.step()
    return fresh.weight.detach(), fresh.bias.detach()


def _set(head: nn.Linear, rows: slice, weight: Tensor, bias: Tensor) -> None:
    head.weight.data[rows] = weight.to(head.weight.device)
    head.bias.data[rows] = bias.to(head.bias.device)
