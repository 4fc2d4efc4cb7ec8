"""A network cut out of a larger one: what is kept, and that nothing is lost where nothing is cut."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from oncogloss.model.network import Network
from oncogloss.training.shrink import shrunk


@pytest.fixture
def ids(tiny_network: Network) -> torch.Tensor:
    """Two rows of tokens."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(tiny_network.config.vocabulary_size, (2, 24), generator=generator)


@torch.no_grad()
def test_nothing_changes_where_nothing_is_cut(tiny_network: Network, ids: torch.Tensor) -> None:
    same = shrunk(tiny_network, tiny_network.config).eval()
    for ours, theirs in zip(same(ids, None), tiny_network.eval()(ids, None), strict=True):
        assert torch.equal(ours, theirs)


@torch.no_grad()
def test_the_last_layer_is_kept(tiny_network: Network) -> None:
    small = shrunk(tiny_network, replace(tiny_network.config, layers=1))
    kept, last = small.encoder.layers[0].state_dict(), tiny_network.encoder.layers[-1].state_dict()
    assert all(torch.equal(value, last[name]) for name, value in kept.items())


@torch.no_grad()
def test_the_main_axes_of_the_tokens_are_kept(tiny_network: Network, ids: torch.Tensor) -> None:
    width = tiny_network.config.hidden
    table = tiny_network.encoder.tokens.weight
    table.copy_(torch.randn(len(table), 4) @ torch.randn(4, width))  # four axes are all there is
    small = shrunk(tiny_network, replace(tiny_network.config, token_width=4))
    assert small.encoder.tokens.weight.shape == (len(table), 4)
    assert torch.allclose(small.encoder.widen(small.encoder.tokens(ids)), table[ids], atol=1e-4)


@torch.no_grad()
def test_the_strongest_inner_units_are_kept(tiny_network: Network, ids: torch.Tensor) -> None:
    for layer in tiny_network.encoder.layers:
        layer.feed_forward_out.weight[:, ::2] = 0
    half = tiny_network.config.feed_forward // 2
    small = shrunk(tiny_network, replace(tiny_network.config, feed_forward=half)).eval()
    assert torch.allclose(small(ids, None).boundaries, tiny_network.eval()(ids, None).boundaries, atol=1e-4)


def test_other_sizes_are_refused(tiny_network: Network) -> None:
    with pytest.raises(RuntimeError, match="size mismatch"):
        shrunk(tiny_network, replace(tiny_network.config, span_width=tiny_network.config.span_width * 2))
