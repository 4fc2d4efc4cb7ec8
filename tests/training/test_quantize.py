"""From network to files and back: rounding within half a step, the float export equal to torch, the bundle whole."""

from __future__ import annotations

import json
import logging
import warnings
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors import safe_open

from oncogloss.model.bundle import CARD, CONFIG, GRAPH, TOKENIZER, WEIGHTS
from oncogloss.model.layout import NetworkConfig, Thresholds
from oncogloss.model.network import Network, NetworkOutput
from oncogloss.training.quantize import export_onnx, load_rounded, quantize, save_rounded


def test_rounded_weights_reload_within_half_a_step(tiny_network: Network, tmp_path: Path) -> None:
    save_rounded(tiny_network, tmp_path / WEIGHTS)
    reloaded = load_rounded(tiny_network.config, tmp_path / WEIGHTS).state_dict()
    for name, value in tiny_network.state_dict().items():
        if value.dim() == 2:
            step = value.abs().amax(1, keepdim=True) / 127
            assert ((reloaded[name] - value).abs() <= step / 2 + 1e-7).all(), name
        else:
            assert torch.equal(reloaded[name], value), name


def test_rounding_again_changes_nothing(tiny_network: Network, tmp_path: Path) -> None:
    save_rounded(tiny_network, tmp_path / "a")
    once = load_rounded(tiny_network.config, tmp_path / "a")
    save_rounded(once, tmp_path / "b")
    twice = load_rounded(tiny_network.config, tmp_path / "b")
    for a, b in zip(once.state_dict().values(), twice.state_dict().values(), strict=True):
        assert torch.allclose(a, b, rtol=1e-6, atol=1e-9)


def test_matrices_are_stored_in_one_byte(tiny_network: Network, tmp_path: Path) -> None:
    save_rounded(tiny_network, tmp_path / WEIGHTS)
    with safe_open(tmp_path / WEIGHTS, framework="pt") as stored:
        kinds = {name: stored.get_tensor(name).dtype for name in stored.keys()}  # noqa: SIM118
    for name, value in tiny_network.state_dict().items():
        assert kinds[name] == (torch.int8 if value.dim() == 2 else torch.float32)


def test_a_row_of_zeros_is_kept(tiny_config: NetworkConfig, tmp_path: Path) -> None:
    network = Network(tiny_config)
    with torch.no_grad():
        network.attributes.weight[1] = 0
    save_rounded(network, tmp_path / WEIGHTS)
    assert (load_rounded(tiny_config, tmp_path / WEIGHTS).attributes.weight[1] == 0).all()


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
    assert sorted(p.name for p in bundle.iterdir()) == sorted([CONFIG, TOKENIZER, GRAPH, WEIGHTS, CARD, "SHA256SUMS"])
