"""After joint training: the heads of attributes and categories fitted to the end on the finished encoder.

Both are rare labels whose small losses are drowned in the joint one; with the encoder fixed they are small models over
vectors that are computed once: a logistic regression, and one with a hidden layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from oncogloss.model.layout import BOUNDARY_SLICES, NetworkConfig
from oncogloss.model.network import CategoryHead, Network
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.training.corpora import GoldDocument
from oncogloss.training.objectives import Example, examples
from oncogloss.training.pretrain import encode

STEPS, RATE, DECAY = 800, 5e-2, 1e-2  # of the attributes
CATEGORY_STEPS, CATEGORY_RATE, CRITERIA, DROPPED = 2_500, 2e-3, 256, 0.2  # criteria a step; share of the inputs dropped


def refit_heads(network: Network, tokenizer: Tokenizer, gold: Sequence[GoldDocument], overlap: int) -> None:
    """Refit `network.attributes` and `network.categories`, in place, on gold documents; the category rows of
    `network.boundaries` then say nothing."""
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
            categories += [(hidden[start:end].half(), torch.from_numpy(told)) for start, end, told in _criteria(e)]
    if attributes:
        weight, bias = _fit(attributes)
        network.attributes.weight.data, network.attributes.bias.data = weight.to(device), bias.to(device)
    if categories:
        for name in ("categories", "evidence"):
            for parameter in network.boundaries.parameters():
                parameter.data[BOUNDARY_SLICES[name]] = 0
        network.categories.load_state_dict(_fit_categories(network.config, categories).state_dict())


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


def _fit_categories(config: NetworkConfig, criteria: Sequence[tuple[Tensor, Tensor]]) -> CategoryHead:
    """A head fitted from nothing to (vectors of a criterion's tokens (n, H), its categories), by AdamW."""
    dice = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        head = CategoryHead(config).train()
        optimizer = torch.optim.AdamW(head.parameters(), lr=CATEGORY_RATE, weight_decay=DECAY)
        for step in range(CATEGORY_STEPS):
            optimizer.param_groups[0]["lr"] = CATEGORY_RATE * (1 - step / CATEGORY_STEPS)
            chosen = [criteria[i] for i in torch.randint(len(criteria), (CRITERIA,), generator=dice).tolist()]
            lengths = torch.tensor([len(vectors) for vectors, _ in chosen])
            tokens = torch.cat([vectors for vectors, _ in chosen]).float()
            said = head(F.dropout(tokens, DROPPED))
            evidence = said[:, BOUNDARY_SLICES["evidence"]]
            place = torch.repeat_interleave(torch.arange(len(chosen)), lengths)
            means = evidence.new_zeros(len(chosen), evidence.shape[1]).index_add(0, place, evidence) / lengths[:, None]
            scores = said[lengths.cumsum(0) - lengths, BOUNDARY_SLICES["categories"]] + means
            targets = torch.stack([told for _, told in chosen])
            optimizer.zero_grad()
            torch.autograd.backward(F.binary_cross_entropy_with_logits(scores, targets))
            optimizer.step()
    return head.eval()
