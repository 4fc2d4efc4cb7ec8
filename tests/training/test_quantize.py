"""From network to files and back: rounding within half a step, the float export equal to torch, the bundle whole."""

from __future__ import annotations

import json
import logging
import shutil
import warnings
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from oncogloss.errors import BundleError
from oncogloss.model.bundle import CARD, CONFIG, FILES, GRAPH, SUMS, TOKENIZER, open_bundle
from oncogloss.model.layout import NetworkConfig, Thresholds
from oncogloss.model.network import Network, NetworkOutput
from oncogloss.training.quantize import (
    PLACES,
    _check_rounding,
    _stored,
    calmed,
    export_onnx,
    load_rounded,
    quantize,
    write_bundle,
)


def exported(network: Network, path: Path) -> Path:
    """The float network as ONNX. An export takes seconds: tests share what they can."""
    with warnings.catch_warnings():  # the exporter of torch warns about its own code
        warnings.simplefilter("ignore")
        export_onnx(network, path)
    return path


@pytest.fixture(scope="module")
def reloaded(tiny_config: NetworkConfig, bundle: Path) -> Network:
    """The tiny network as it comes back from its bundle."""
    return load_rounded(tiny_config, bundle / GRAPH).eval()


@pytest.fixture(scope="module")
def graph(reloaded: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That network as a bundle is written from it, in float."""
    return exported(calmed(reloaded), tmp_path_factory.mktemp("onnx") / "float.onnx")


@pytest.fixture
def without_export(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever network is to be exported, that graph is what comes out."""
    monkeypatch.setattr("oncogloss.training.quantize.export_onnx", lambda network, path: shutil.copy(graph, path))


@pytest.fixture(scope="module")
def awkward(tiny_config: NetworkConfig) -> Network:
    """A network of other sizes, with matrices that a search by value could confuse, and with units that reach far."""
    torch.manual_seed(1)
    sizes = replace(tiny_config, vocabulary_size=70, hidden=48, layers=3, heads=3, feed_forward=48)
    network = Network(sizes).eval()
    first, second, third = network.encoder.layers
    with torch.no_grad():
        second.attention_output.weight.copy_(first.attention_output.weight.T)
        third.attention_output.weight.copy_(first.attention_output.weight)
        network.attributes.weight.zero_()
        network.concepts.weight[1] = 0
        for layer in network.encoder.layers:  # one unit of each feed-forward layer reaches far beyond the others
            layer.feed_forward_in.weight[3] *= 100
            layer.feed_forward_out.weight[:, 3] /= 100
    return network


@pytest.fixture(scope="module")
def awkward_graph(awkward: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That network rounded, as it stands in a bundle."""
    folder = tmp_path_factory.mktemp("awkward")
    quantize(exported(calmed(awkward), folder / "float.onnx"), folder / GRAPH)
    return folder / GRAPH


def test_weights_come_back_within_half_a_step(tiny_network: Network, reloaded: Network) -> None:
    for (name, exact), kept in zip(tiny_network.named_parameters(), reloaded.parameters(), strict=True):
        if name.startswith("masked_language."):
            continue
        if name.startswith("encoder.") and "layers" not in name and exact.dim() == 2:  # one scale a table
            assert ((exact - kept).abs() <= (exact.max() - exact.min()) / 255).all(), name
        elif exact.dim() == 2:
            assert ((exact - kept).abs() <= exact.abs().amax(1, keepdim=True) / 64 / 2 + 1e-7).all(), name
        else:
            assert torch.equal(exact, kept), name


@pytest.mark.usefixtures("without_export")
def test_rounding_again_changes_nothing(reloaded: Network, tmp_path: Path) -> None:
    write_bundle(reloaded, "{}", tmp_path, name="x", version="0", card="")
    twice = load_rounded(reloaded.config, tmp_path / GRAPH)
    for (name, a), b in zip(reloaded.named_parameters(), twice.parameters(), strict=True):
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


def test_calming_changes_nothing_in_float_and_helps_int8(awkward: Network, awkward_graph: Path, tmp_path: Path) -> None:
    ids = torch.arange(48)[None]
    quantize(exported(awkward, tmp_path / "float.onnx"), tmp_path / GRAPH)
    with torch.no_grad():
        wanted = awkward(ids, None)
        assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(calmed(awkward)(ids, None), wanted, strict=True))

    def error(path: Path) -> float:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        (boundaries,) = session.run(["boundaries"], {"ids": ids.numpy()})
        return float(np.abs(boundaries - wanted.boundaries.numpy()).mean())

    assert error(awkward_graph) < error(tmp_path / GRAPH) / 2
    assert not any(name.endswith("calm") for name in awkward.state_dict())
    kept = load_rounded(awkward.config, awkward_graph)
    for (name, exact), other in zip(awkward.named_parameters(), kept.parameters(), strict=True):
        if "feed_forward" in name and exact.dim() == 2:
            assert (exact - other).abs().max() <= exact.abs().max() / 64, name


def test_equal_square_and_empty_matrices_keep_their_places(awkward: Network, awkward_graph: Path) -> None:
    """What a search by value could confuse."""
    kept = load_rounded(awkward.config, awkward_graph)
    exact, (one, two, three) = awkward.encoder.layers[0].attention_output.weight, kept.encoder.layers
    assert torch.allclose(one.attention_output.weight, exact, atol=0.01)
    assert torch.allclose(two.attention_output.weight, exact.T, atol=0.01)
    assert torch.equal(one.attention_output.weight, three.attention_output.weight)
    assert not kept.attributes.weight.any() and not kept.concepts.weight[1].any()


def test_other_sizes_come_back(awkward: Network, awkward_graph: Path) -> None:
    kept = load_rounded(awkward.config, awkward_graph).eval()
    ids = torch.arange(40)[None]
    with torch.no_grad():
        for name, exact, rounded in zip(NetworkOutput._fields, awkward(ids, None), kept(ids, None), strict=True):
            assert (exact - rounded).abs().max() <= 0.05 * exact.abs().max(), name


@pytest.mark.parametrize("name", ["spans.ends.weight", "spans.ends.bias", "encoder.layers.1.feed_forward_out.weight"])
def test_one_weight_more_than_a_step_away_is_found(reloaded: Network, bundle: Path, name: str) -> None:
    stored = _stored(bundle / GRAPH)
    _check_rounding(calmed(reloaded), stored)
    stored[name][0] += 2 * stored[name].abs().max() / 127
    with pytest.raises(ValueError, match=f"{name} is not in the graph as it is in the network"):
        _check_rounding(calmed(reloaded), stored)


@pytest.mark.usefixtures("without_export")
def test_a_graph_that_holds_other_weights_leaves_the_folder_as_it_was(
    tiny_config: NetworkConfig, tmp_path: Path
) -> None:
    (tmp_path / GRAPH).write_bytes(b"old")
    with pytest.raises(ValueError, match="is not in the graph as it is in the network"):
        write_bundle(Network(tiny_config).eval(), "{}", tmp_path, name="x", version="0", card="")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(GRAPH, b"old")]


@pytest.mark.usefixtures("without_export")
def test_an_old_file_in_the_folder_is_no_part_of_the_bundle(reloaded: Network, tmp_path: Path) -> None:
    (tmp_path / "weights.safetensors").write_bytes(b"old")
    write_bundle(reloaded, "{}", tmp_path, name="x", version="0", card="")
    assert [line.split("  ")[1] for line in (tmp_path / SUMS).read_text().splitlines()] == sorted(FILES)
    (tmp_path / "weights.safetensors").unlink()
    assert open_bundle(tmp_path).info.name == "x"


# graphs that cannot be tuned


def refusal(config: NetworkConfig, path: Path) -> str:
    """The sentence with which tuning from a graph is refused, its path left out."""
    with pytest.raises(BundleError) as caught:
        load_rounded(config, path)
    return str(caught.value).removeprefix(f"{path} ")


def test_a_graph_that_does_not_say_where_its_weights_lie(
    bundle: Path, tiny_config: NetworkConfig, tmp_path: Path
) -> None:
    model = onnx.load(bundle / GRAPH)
    del model.metadata_props[:]
    onnx.save(model, tmp_path / GRAPH)
    sentence = "does not say where its weights lie; it cannot be tuned, only run."
    assert refusal(tiny_config, tmp_path / GRAPH) == sentence


OTHERS = "holds other weights than its configuration says; reinstall the model."


@pytest.mark.parametrize("place", [["nothing", False], ["nothing"], 7])
def test_a_wrong_place(bundle: Path, tiny_config: NetworkConfig, tmp_path: Path, place: object) -> None:
    model = onnx.load(bundle / GRAPH)
    (listed,) = (p for p in model.metadata_props if p.key == PLACES)
    listed.value = json.dumps(json.loads(listed.value) | {"spans.ends.weight": place})
    onnx.save(model, tmp_path / GRAPH)
    assert refusal(tiny_config, tmp_path / GRAPH) == OTHERS


@pytest.mark.parametrize("change", [{"vocabulary_size": 601}, {"feed_forward": 32}, {"layers": 1}, {"layers": 3}])
def test_other_sizes_than_the_configuration_says(
    bundle: Path, tiny_config: NetworkConfig, change: dict[str, int]
) -> None:
    assert refusal(replace(tiny_config, **change), bundle / GRAPH) == OTHERS


@pytest.mark.parametrize("kind", ["initializer", "values", "indices"])
def test_weights_in_another_file_are_not_read(
    bundle: Path, tiny_config: NetworkConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """They would be sought from the working directory on, and no checksum covers them."""
    model = onnx.load(bundle / GRAPH)
    if kind == "initializer":
        tensor = next(t for t in model.graph.initializer if t.raw_data)
    else:
        tensor = getattr(model.graph.sparse_initializer.add(), kind)
    (tmp_path / "outside").write_bytes(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="outside")
    (tmp_path / GRAPH).write_bytes(model.SerializeToString())
    monkeypatch.chdir(tmp_path)
    sentence = "keeps weights in other files, which no checksum covers; reinstall the model."
    assert refusal(tiny_config, tmp_path / GRAPH) == sentence


# the float graph


@pytest.mark.parametrize("length", [2, 3, 31, 32, 33, 48])
def test_float_export_equals_torch(reloaded: Network, graph: Path, length: int) -> None:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    ids = np.random.default_rng(length).integers(0, reloaded.config.vocabulary_size, (1, length))
    with torch.no_grad():
        wanted = reloaded(torch.from_numpy(ids), None)
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
    assert json.loads((bundle / TOKENIZER).read_text(encoding="utf-8")) == json.loads(tokenizer_json)
    assert (bundle / CARD).read_text() == "# tiny\n"
    assert sorted(p.name for p in bundle.iterdir()) == sorted([CONFIG, TOKENIZER, GRAPH, CARD, "SHA256SUMS"])
