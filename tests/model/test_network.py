"""The network against slower ways of saying the same: spans scored in blocks, positions as rotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from oncogloss.model.layout import BLOCK, BOUNDARY_SLICES, BOUNDARY_WIDTH, MAX_SPAN, REACH, span_cell
from oncogloss.schema import ENTITY_TYPES

if TYPE_CHECKING:
    from oncogloss.model.network import Network


@pytest.mark.parametrize("length", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5, MAX_SPAN + BLOCK + 1])
def test_blocks_hold_the_scores_of_the_whole_matrix(tiny_network: Network, length: int) -> None:
    torch = pytest.importorskip("torch")
    from oncogloss.model.network import rotate

    hidden = torch.randn(2, length, tiny_network.config.hidden, generator=torch.Generator().manual_seed(length))
    head = tiny_network.spans
    with torch.no_grad():
        blocks = head(hidden)
        ends = rotate(head.ends(hidden).view(2, length, len(ENTITY_TYPES), 2, head.width))
        whole = torch.einsum("bstw,betw->btse", ends[..., 0, :], ends[..., 1, :]) / head.width**0.5
    assert blocks.shape == (2, len(ENTITY_TYPES), -(-length // BLOCK), BLOCK, REACH)
    seen = torch.zeros(blocks.shape[2:], dtype=torch.bool)
    for start in range(length):
        for end in range(start, min(length, start + MAX_SPAN)):
            cell = span_cell(start, end)
            seen[cell] = True
            assert torch.allclose(blocks[(slice(None), slice(None), *cell)], whole[:, :, start, end], atol=1e-5)
    assert seen.sum() == sum(min(MAX_SPAN, length - start) for start in range(length))
    for block in range(blocks.shape[2]):  # what lies beyond the text scores nothing
        assert (blocks[:, :, block, :, max(0, length - block * BLOCK) :] == 0).all()


def test_rotated_products_depend_on_distance_alone() -> None:
    torch = pytest.importorskip("torch")
    from oncogloss.model.network import rotate

    one, other = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))
    rows = [rotate(v.expand(1, 40, 8))[0] for v in (one, other)]
    products = rows[0] @ rows[1].T
    for distance in (0, 1, 17):
        assert torch.allclose(products.diagonal(distance), products[0, distance].expand(40 - distance), atol=1e-4)
    assert products[3, 3].item() == pytest.approx((one @ other).item(), rel=1e-5)
    assert torch.allclose(rows[0].norm(dim=-1), one.norm().expand(40), atol=1e-4)


def test_positions_matter(tiny_network: Network) -> None:
    torch = pytest.importorskip("torch")
    ids = torch.tensor([[20, 30, 40, 30]])
    with torch.no_grad():
        first, again = tiny_network(ids, None), tiny_network(ids, None)
    assert torch.equal(first.boundaries, again.boundaries)
    assert not torch.allclose(first.boundaries[0, 1], first.boundaries[0, 3])


def test_a_category_head_speaks_in_its_own_columns_once_it_is_fitted(tiny_network: Network) -> None:
    torch = pytest.importorskip("torch")
    from oncogloss.model.network import CategoryHead

    hidden = torch.randn(2, 5, tiny_network.config.hidden, generator=torch.Generator().manual_seed(0))
    head = CategoryHead(tiny_network.config).eval()
    with torch.no_grad():
        assert not head(hidden).any()
        torch.nn.init.normal_(head.outer.weight)
        said = head(hidden)
    of_categories = [BOUNDARY_SLICES[name] for name in ("categories", "evidence")]
    assert said.shape == (2, 5, BOUNDARY_WIDTH) and not said[..., : of_categories[0].start].any()
    assert all(said[..., columns].all() for columns in of_categories)


def test_weights_without_a_category_head_are_taken_over_and_others_must_be_whole(tiny_network: Network) -> None:
    torch = pytest.importorskip("torch")
    from oncogloss.model.network import Network

    older = {k: v for k, v in tiny_network.state_dict().items() if not k.startswith("categories.")}
    fresh = Network(tiny_network.config)
    fresh.take_over(older)
    assert torch.equal(fresh.spans.ends.weight, tiny_network.spans.ends.weight)
    older.pop("spans.ends.weight")
    with pytest.raises(RuntimeError, match=r"spans\.ends\.weight"):
        fresh.take_over(older)
