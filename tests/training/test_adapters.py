from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from oncogloss.errors import BundleError
from oncogloss.model.bundle import GRAPH, open_bundle
from oncogloss.model.layout import NetworkConfig
from oncogloss.model.network import Network
from oncogloss.training.adapters import Adapted, adapted, adapters_of, bundle_network, graft, stored_adapters
from oncogloss.training.quantize import load_rounded


@pytest.fixture(scope="module")
def graph(bundle: Path) -> onnx.ModelProto:
    return onnx.load(bundle / GRAPH)


@pytest.fixture(scope="module")
def learned(tiny_config: NetworkConfig, bundle: Path) -> Network:
    """The tiny network with adapters that say something."""
    torch.manual_seed(1)
    network = adapted(load_rounded(tiny_config, bundle / GRAPH), {}, rank=4).eval()
    for layer in network.modules():
        if isinstance(layer, Adapted):
            torch.nn.init.normal_(layer.up, std=0.3)
    return network


def outputs(graph: onnx.ModelProto, ids: np.ndarray) -> list[np.ndarray]:
    return onnxruntime.InferenceSession(graph.SerializeToString()).run(None, {"ids": ids})


@pytest.fixture(scope="module")
def ids(tiny_config: NetworkConfig) -> np.ndarray:
    return np.random.default_rng(0).integers(0, tiny_config.vocabulary_size, (1, 20))


def test_fresh_adapters_change_nothing(tiny_config: NetworkConfig, bundle: Path, ids: np.ndarray) -> None:
    plain = load_rounded(tiny_config, bundle / GRAPH).eval()
    with torch.no_grad():
        one, other = (n(torch.from_numpy(ids), None) for n in (plain, adapted(plain, {}).eval()))
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_graph_keeps_adapters_and_gives_them_back(graph: onnx.ModelProto, learned: Network) -> None:
    wanted = adapters_of(learned)
    found = stored_adapters(graft(graph, wanted))
    assert found.keys() == wanted.keys()
    for name, (down, up) in wanted.items():
        torch.testing.assert_close(found[name][0], down)
        assert torch.equal(found[name][1], up)


def test_the_graph_says_what_the_network_says(graph: onnx.ModelProto, learned: Network, ids: np.ndarray) -> None:
    before, after = outputs(graph, ids), outputs(graft(graph, adapters_of(learned)), ids)
    with torch.no_grad():
        float_after = learned(torch.from_numpy(ids), None)
    for i, exact in enumerate(float_after):
        moved = np.abs(after[i] - before[i]).mean()
        assert np.abs(after[i] - exact.numpy()[0]).mean() < 0.5 * moved


def test_merged_weights_say_the_same(
    graph: onnx.ModelProto, learned: Network, bundle: Path, tmp_path: Path, ids: np.ndarray
) -> None:
    for file in bundle.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / GRAPH).write_bytes(graft(graph, adapters_of(learned)).SerializeToString())
    opened = open_bundle(bundle)
    merged = bundle_network(type(opened)(tmp_path, opened.info, opened.network, opened.thresholds)).eval()
    with torch.no_grad():
        pairs = zip(merged(torch.from_numpy(ids), None), learned(torch.from_numpy(ids), None), strict=True)
        for one, other in pairs:
            torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_adapters_are_replaced_not_piled_up(graph: onnx.ModelProto, learned: Network, ids: np.ndarray) -> None:
    once = graft(graph, adapters_of(learned))
    twice = graft(once, stored_adapters(once))
    assert len(twice.graph.node) == len(once.graph.node)
    np.testing.assert_allclose(outputs(twice, ids)[0], outputs(once, ids)[0], atol=1e-4)
    bare = graft(once, {})
    assert all(np.array_equal(a, b) for a, b in zip(outputs(bare, ids), outputs(graph, ids), strict=True))


def test_a_graph_of_another_making_is_refused(graph: onnx.ModelProto, learned: Network) -> None:
    other = onnx.ModelProto()
    other.CopyFrom(graph)
    kept = [n for n in other.graph.node if n.op_type != "MatMulInteger"]
    del other.graph.node[:]
    other.graph.node.extend(kept)
    with pytest.raises(BundleError, match="no rounded product"):
        graft(other, adapters_of(learned))
