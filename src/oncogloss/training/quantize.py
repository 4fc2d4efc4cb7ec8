"""From a trained network to a bundle: one int8 ONNX file, which runs and from which tuning starts again."""

from __future__ import annotations

import copy
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn
from torch.nn import functional as F

from oncogloss.errors import BundleError
from oncogloss.model.bundle import CARD, CONFIG, FORMAT, GRAPH, TOKENIZER, write_sums
from oncogloss.model.files import replace_file
from oncogloss.model.layout import NetworkConfig, Thresholds
from oncogloss.model.network import Network, NetworkOutput
from oncogloss.model.tokenizer import compact

PLACES = "oncogloss.parameters"  # key of the graph's metadata: where each parameter lies, as JSON
NOT_RUN = "masked_language."  # parameters that no graph holds
CALM = ".calm"
ORDINARY = 0.9  # share of a layer's inputs whose reach is taken for ordinary


class _OneWindow(nn.Module):
    """The network for one window without padding."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network(ids, None))


class _Calmed(nn.Linear):
    """A linear layer that makes the inputs that reach far out smaller, by powers of two, and their weights larger.

    The sum stays the same, but the scale that all inputs share in int8 is no longer set by a few of them.
    """

    def __init__(self, plain: nn.Linear, reach: Tensor) -> None:
        super().__init__(plain.in_features, plain.out_features)
        beyond = (reach / reach.quantile(ORDINARY)).clamp(min=1)
        self.calm: Tensor
        self.register_buffer("calm", 2.0 ** -beyond.log2().round())
        self.weight = nn.Parameter(plain.weight.detach() / self.calm)
        self.bias = plain.bias

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input * self.calm, self.weight, self.bias)


@torch.no_grad()
def calmed(network: Network) -> Network:
    """The same network with its feed-forward layers calmed, by what they are given where it reads random tokens."""
    copied = copy.deepcopy(network).cpu().eval()
    inputs: dict[nn.Module, Tensor] = {}
    layers = [(layer, name) for layer in copied.encoder.layers for name in ("feed_forward_in", "feed_forward_out")]
    hooks = [
        getattr(layer, name).register_forward_pre_hook(lambda module, given: inputs.update({module: given[0]}))
        for layer, name in layers
    ]
    size = (8, copied.config.window)
    copied(torch.randint(copied.config.vocabulary_size, size, generator=torch.Generator().manual_seed(0)), None)
    for (layer, name), hook in zip(layers, hooks, strict=True):
        hook.remove()
        plain = getattr(layer, name)
        setattr(layer, name, _Calmed(plain, inputs[plain].abs().amax((0, 1))))
    return copied


def export_onnx(network: Network, path: Path) -> None:
    """Write the float network as ONNX: input `ids` (1, L), outputs named as in NetworkOutput.

    The file's metadata say where it holds each parameter.
    """
    module = _OneWindow(network.cpu()).eval()
    length = torch.export.Dim("length", min=2, max=network.config.max_positions)
    program = torch.onnx.export(
        module,
        (torch.randint(0, network.config.vocabulary_size, (1, 24)),),
        input_names=["ids"],
        output_names=list(NetworkOutput._fields),
        dynamic_shapes={"ids": {1: length}},
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    onnx.helper.set_model_props(model, {PLACES: json.dumps(_places(network, model.graph))})
    onnx.save(model, path)


def _places(network: Network, graph: onnx.GraphProto) -> dict[str, tuple[str, bool]]:
    """(initializer, is it turned over there?) of each parameter, found by value: the exporter names matrices anew,
    and keeps equal vectors once."""
    held = {(tuple(t.dims), numpy_helper.to_array(t).tobytes()): t.name for t in graph.initializer}
    places: dict[str, tuple[str, bool]] = {}
    for name, tensor in network.state_dict().items():
        if name.startswith(NOT_RUN):
            continue
        value = tensor.numpy()
        turned = (value.shape, value.tobytes()) not in held
        value = value.T if turned else value
        places[name] = (held[value.shape, value.tobytes()], turned)
    return places


def quantize(source: Path, target: Path, **changes: Any) -> None:
    """Round an ONNX file's matrices to 7 bits a channel and its embeddings to 8, activations as they come.

    Two products of 8 and 7 bits fit into the 16 in which processors without VNNI add them: decision 7. `changes` are
    other arguments for `onnxruntime.quantization.quantize_dynamic`.
    """
    chosen = {
        "per_channel": True,
        "reduce_range": True,
        "weight_type": QuantType.QInt8,
        "op_types_to_quantize": ["MatMul", "Gemm", "Gather"],
        "extra_options": {"MatMulConstBOnly": True},
    }
    quantize_dynamic(source, target, **(chosen | changes))


def load_rounded(config: NetworkConfig, path: Path) -> Network:
    """The network that a graph of ours holds, rounded as it runs; the masked-language head starts afresh.

    Raises BundleError where the graph does not say which parameter lies where, or holds others than `config` asks for.
    """
    network = Network(config)
    fresh = {name: value for name, value in network.state_dict().items() if name.startswith(NOT_RUN)}
    try:
        state = _stored(path)
        for name in [name for name in state if name.endswith(CALM)]:
            state[name.removesuffix(CALM) + ".weight"] *= state.pop(name)
        network.take_over(state | fresh)
    except (KeyError, RuntimeError, TypeError, ValueError):
        raise BundleError(f"{path} holds other weights than its configuration says; reinstall the model.") from None
    return network


def _stored(path: Path) -> dict[str, Tensor]:
    """What a graph says it holds, by the name of the parameter."""
    model = onnx.load(path, load_external_data=False)
    sparse = (part for tensor in model.graph.sparse_initializer for part in (tensor.values, tensor.indices))
    if any(t.data_location == onnx.TensorProto.EXTERNAL for t in (*model.graph.initializer, *sparse)):
        raise BundleError(f"{path} keeps weights in other files, which no checksum covers; reinstall the model.")
    listed = {p.key: p.value for p in model.metadata_props}
    if PLACES not in listed:
        raise BundleError(f"{path} does not say where its weights lie; it cannot be tuned, only run.")
    held = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    return {name: _value(held, *place) for name, place in json.loads(listed[PLACES]).items()}


def _value(held: dict[str, NDArray[Any]], name: str, turned: bool) -> Tensor:
    if name in held:
        value = held[name]
    else:
        whole, zero = (held[f"{name}_{part}"].astype(np.float32) for part in ("quantized", "zero_point"))
        value = (whole - zero) * held[f"{name}_scale"]
    return torch.from_numpy(np.array(value.T if turned else value))


def write_bundle(network: Network, tokenizer_json: str, folder: Path, *, name: str, version: str, card: str) -> None:
    """Write a whole model folder; raises ValueError if its graph does not hold the network to one step of int8, and
    leaves the folder as it was."""
    running = calmed(network)
    with tempfile.TemporaryDirectory() as scratch:
        exact, rounded = Path(scratch) / "float.onnx", Path(scratch) / GRAPH
        export_onnx(running, exact)
        quantize(exact, rounded)
        _check_rounding(running, _stored(rounded))
        replace_file(folder / GRAPH, rounded.read_bytes())
    (folder / TOKENIZER).write_text(compact(tokenizer_json), encoding="utf-8")
    config = {"format": FORMAT, "name": name, "version": version, "network": asdict(network.config)}
    config["thresholds"] = asdict(Thresholds())
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    (folder / CARD).write_text(card, encoding="utf-8")
    write_sums(folder)


def _check_rounding(network: Network, stored: dict[str, Tensor]) -> None:
    for name, exact in network.state_dict().items():
        step = exact.abs().max() / 127 if exact.dim() == 2 else 0.0
        if not (name.startswith(NOT_RUN) or ((exact - stored[name]).abs() <= step).all()):
            raise ValueError(f"{name} is not in the graph as it is in the network")
