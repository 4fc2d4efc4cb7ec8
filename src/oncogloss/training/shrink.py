"""A smaller network cut out of a larger one, to be taught by it: some layers, their strongest inner units, and the
main axes of the token vectors (as DistilBERT, Sanh et al. 2019, and ALBERT, Lan et al. 2020, put it together)."""

from __future__ import annotations

import torch
from torch import nn

from oncogloss.model.layout import NetworkConfig
from oncogloss.model.network import EncoderLayer, Network


@torch.no_grad()
def shrunk(network: Network, config: NetworkConfig) -> Network:
    """A network of the sizes in `config`, every part of it taken from `network`.

    Fewer layers, inner units and token axes may be asked for, nothing else. Raises RuntimeError for other differences.
    """
    small = Network(config)
    old, new = network.encoder, small.encoder
    _copy_tokens(old.tokens.weight, small)
    new.positions.load_state_dict(old.positions.state_dict())
    new.norm.load_state_dict(old.norm.state_dict())
    for i, layer in enumerate(new.layers):
        _copy_layer(old.layers[(i + 1) * len(old.layers) // len(new.layers) - 1], layer)
    for name in ("masked_language", "boundaries", "categories", "spans", "attributes", "relations", "concepts"):
        getattr(small, name).load_state_dict(getattr(network, name).state_dict())
    return small


def _copy_tokens(table: torch.Tensor, small: Network) -> None:
    width = small.encoder.tokens.embedding_dim
    if isinstance(small.encoder.widen, nn.Linear):
        left, strength, axes = torch.linalg.svd(table, full_matrices=False)
        root = strength[:width].sqrt()
        small.encoder.widen.weight.copy_(axes[:width].T * root)
        table = left[:, :width] * root
    small.encoder.tokens.weight.copy_(table)


def _copy_layer(old: nn.Module, new: nn.Module) -> None:
    assert isinstance(old, EncoderLayer) and isinstance(new, EncoderLayer)
    for name in ("query_key_value", "attention_output", "attention_norm", "feed_forward_norm"):
        getattr(new, name).load_state_dict(getattr(old, name).state_dict())
    strength = old.feed_forward_in.weight.norm(dim=1) * old.feed_forward_out.weight.norm(dim=0)
    kept = strength.topk(new.feed_forward_in.out_features).indices.sort().values
    new.feed_forward_in.weight.copy_(old.feed_forward_in.weight[kept])
    new.feed_forward_in.bias.copy_(old.feed_forward_in.bias[kept])
    new.feed_forward_out.weight.copy_(old.feed_forward_out.weight[:, kept])
    new.feed_forward_out.bias.copy_(old.feed_forward_out.bias)
