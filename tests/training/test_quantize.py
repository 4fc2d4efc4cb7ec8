"""From network to files and back: rounding within half a step, the float export equal to torch, the bundle whole."""

from __future__ import annotations

import json
import logging
import warnings
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from oncogloss.errors import BundleError
from oncogloss.model.bundle import CARD, CONFIG, GRAPH, TOKENIZER
from oncogloss.model.layout import NetworkConfig, Thresholds
from oncogloss.model.network import Network, NetworkOutput
from oncogloss.training.quantize import PLACES, calmed, export_onnx, load_rounded, quantize, write_bundle


def bundled(network: Network, folder: Path) -> Network:
    """The network as it comes back from a bundle."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_bundle(network, "{}", folder, name="x", version="0", card="")
    return load_rounded(network.config, folder / GRAPH)


def test_weights_come_back_within_half_a_step(tiny_network: Network, bundle: Path) -> None:
    reloaded = load_rounded(tiny_network.config, bundle / GRAPH)
    for (name, exact), kept in zip(tiny_network.named_parameters(), reloaded.parameters(), strict=True):
        if name.startswith("masked_language."):
            continue
        if name.startswith("encoder.") and "layers" not in name and exact.dim() == 2:  # one scale a table
            assert ((exact - kept).abs() <= (exact.max() - exact.min()) / 255).all(), name
        elif exact.dim() == 2:
            assert ((exact - kept).abs() <= exact.abs().amax(1, keepdim=True) / 64 / 2 + 1e-7).all(), name
        else:
            assert torch.equal(exact, kept), name


def test_rounding_again_changes_nothing(tiny_network: Network, bundle: Path, tmp_path: Path) -> None:
    once = load_rounded(tiny_network.config, bundle / GRAPH)
    twice = bundled(once, tmp_path)
    for (name, a), b in zip(once.named_parameters(), twice.parameters(), strict=True):
        assert name.startswith("masked_language.") or torch.allclose(a, b, rtol=1e-5, atol=1e-7), name


def test_matrices_are_kept_in_one_byte_and_once(tiny_network: Network, bundle: Path) -> None:
    model = onnx.load(bundle / GRAPH)
    kinds = {t.name: t.data_type for t in model.graph.initializer}
    held = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    places = json.loads(next(p.value for p in model.metadata_props if p.key == PLACES))
    for name, parameter in tiny_network.named_parameters():
        if name.startswith("masked_language."):
            assert name not in places
        elif parameter.dim() == 2:
            whole = held[f"{places[name][0]}_quantized"]
            assert whole.itemsize == 1 and places[name][0] not in kinds
            is_table = name in ("encoder.tokens.weight", "encoder.positions.weight")
            assert is_table or 2 * 255 * int(np.abs(whole.astype(int)).max()) < 2**15  # no pair of products saturates
        else:
            assert kinds[places[name][0]] == onnx.TensorProto.FLOAT


def test_calming_changes_nothing_in_float_and_helps_int8(tiny_config: NetworkConfig, tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = Network(tiny_config).eval()
    with torch.no_grad():  # one unit of each feed-forward layer reaches far beyond the others
        for layer in network.encoder.layers:
            layer.feed_forward_in.weight[3] *= 100
            layer.feed_forward_out.weight[:, 3] /= 100
    ids = torch.randint(tiny_config.vocabulary_size, (1, 48))
    errors = []
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = network(ids, None)
        for module in (network, calmed(network)):
            assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(module(ids, None), wanted, strict=True))
            export_onnx(module, tmp_path / "float.onnx")
            quantize(tmp_path / "float.onnx", tmp_path / GRAPH)
            session = onnxruntime.InferenceSession(tmp_path / GRAPH, providers=["CPUExecutionProvider"])
            (boundaries,) = session.run(["boundaries"], {"ids": ids.numpy()})
            errors.append(float(np.abs(boundaries - wanted.boundaries.numpy()).mean()))
    assert errors[1] < errors[0] / 2
    assert not any(name.endswith("calm") for name in network.state_dict())
    kept = bundled(network, tmp_path / "bundle")
    for (name, exact), other in zip(network.named_parameters(), kept.parameters(), strict=True):
        if "feed_forward" in name and exact.dim() == 2:
            assert (exact - other).abs().max() <= exact.abs().max() / 64, name


def test_equal_square_and_empty_matrices_keep_their_places(tiny_config: NetworkConfig, tmp_path: Path) -> None:
    """What a search by value could confuse."""
    network = Network(tiny_config).eval()
    first, second = network.encoder.layers
    with torch.no_grad():
        second.attention_output.weight.copy_(first.attention_output.weight.T)
        second.feed_forward_in.weight.copy_(first.feed_forward_in.weight)
        network.attributes.weight.zero_()
        network.concepts.weight[1] = 0
    kept = bundled(network, tmp_path)
    one, two = kept.encoder.layers
    assert torch.allclose(one.attention_output.weight, first.attention_output.weight, atol=0.01)
    assert torch.allclose(two.attention_output.weight, first.attention_output.weight.T, atol=0.01)
    assert torch.equal(one.feed_forward_in.weight, two.feed_forward_in.weight)
    assert not kept.attributes.weight.any() and not kept.concepts.weight[1].any()


def test_other_sizes_come_back(tiny_config: NetworkConfig, tmp_path: Path) -> None:
    network = Network(replace(tiny_config, vocabulary_size=70, hidden=48, layers=3, heads=3, feed_forward=48)).eval()
    kept = bundled(network, tmp_path)
    ids = torch.arange(40)[None]
    with torch.no_grad():
        for name, exact, rounded in zip(NetworkOutput._fields, network(ids, None), kept(ids, None), strict=True):
            assert (exact - rounded).abs().max() < 0.05 * exact.abs().max(), name


def test_a_graph_that_holds_other_weights_is_not_shipped(
    tiny_config: NetworkConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network(tiny_config).eval()
    monkeypatch.setattr("oncogloss.training.quantize._stored", lambda path: Network(tiny_config).state_dict())
    with pytest.raises(ValueError, match="is not in the graph as it is in the network"):
        bundled(network, tmp_path)


def test_a_graph_that_does_not_say_where_its_weights_lie(
    bundle: Path, tiny_config: NetworkConfig, tmp_path: Path
) -> None:
    model = onnx.load(bundle / GRAPH)
    del model.metadata_props[:]
    onnx.save(model, tmp_path / GRAPH)
    with pytest.raises(BundleError, match=r"cannot be tuned, only run\.$"):
        load_rounded(tiny_config, tmp_path / GRAPH)


@pytest.fixture(scope="module")
def graph(tiny_network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The float network as ONNX."""
    path = tmp_path_factory.mktemp("onnx") / "float.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        export_onnx(tiny_network, path)
    return path


@pytest.mark.parametrize("length", [2, 3, 31, 32, 33, 48])
def test_float_export_equals_torch(tiny_network: Network, graph: Path, length: int) -> None:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    ids = np.random.default_rng(length).integers(0, tiny_network.config.vocabulary_size, (1, length))
    with torch.no_grad():
        wanted = tiny_network(torch.from_numpy(ids), None)
    assert [o.name for o in session.get_outputs()] == list(NetworkOutput._fields)
    for name, exact, found in zip(NetworkOutput._fields, wanted, session.run(None, {"ids": ids}), strict=True):
        assert found.shape == exact.shape, name
        assert np.abs(found - exact.numpy()).max() < 1e-5, name


def test_quantized_graph_is_smaller_and_holds_no_outside_data(graph: Path, tmp_path: Path) -> None:
    logging.disable(logging.WARNING)  # the library advises a step that we do not take
    quantize(graph, tmp_path / GRAPH)
    logging.disable(logging.NOTSET)
    model = onnx.load(tmp_path / GRAPH, load_external_data=False)
    assert not any(t.data_location == onnx.TensorProto.EXTERNAL for t in model.graph.initializer)
    assert (tmp_path / GRAPH).stat().st_size < graph.stat().st_size
    assert "MatMulInteger" in {node.op_type for node in model.graph.node}


def test_a_mask_hides_padding(tiny_network: Network) -> None:
    """The same window alone and padded in a batch: what training sees is what runs."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(0, tiny_network.config.vocabulary_size, (2, 20), generator=generator)
    mask = torch.ones_like(ids, dtype=torch.bool)
    mask[0, 12:] = False
    with torch.no_grad():
        alone, padded = tiny_network(ids[:1, :12], None), tiny_network(ids, mask)
    assert torch.allclose(alone.boundaries[0], padded.boundaries[0, :12], atol=1e-5)
    assert torch.allclose(alone.relations[0], padded.relations[0, :12], atol=1e-5)
    assert torch.allclose(alone.spans[0, :, 0, :12, :12], padded.spans[0, :, 0, :12, :12], atol=1e-5)


def test_bundle_holds_what_was_given(bundle: Path, tiny_config: NetworkConfig, tokenizer_json: str) -> None:
    assert json.loads((bundle / CONFIG).read_text()) == {
        "format": 1,
        "name": "tiny",
        "thresholds": asdict(Thresholds()),
        "version": "0.0.1",
        "network": asdict(tiny_config),
    }
    assert (bundle / TOKENIZER).read_text(encoding="utf-8") == tokenizer_json
    assert (bundle / CARD).read_text() == "# tiny\n"
    assert sorted(p.name for p in bundle.iterdir()) == sorted([CONFIG, TOKENIZER, GRAPH, CARD, "SHA256SUMS"])
