"""From a trained network to a bundle: one int8 ONNX file, which runs and from which tuning starts again."""

from __future__ import annotations

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

from oncogloss.errors import BundleError
from oncogloss.model.bundle import CARD, CONFIG, FORMAT, GRAPH, TOKENIZER, write_sums
from oncogloss.model.layout import NetworkConfig, Thresholds
from oncogloss.model.network import Network, NetworkOutput

PLACES = "oncogloss.parameters"  # key of the graph's metadata: where each parameter lies, as JSON
NOT_RUN = "masked_language."  # parameters that no graph holds


class _OneWindow(nn.Module):
    """The network for one window without padding."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network(ids, None))


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
    for name, parameter in network.named_parameters():
        if name.startswith(NOT_RUN):
            continue
        value = parameter.detach().numpy()
        turned = (value.shape, value.tobytes()) not in held
        value = value.T if turned else value
        places[name] = (held[value.shape, value.tobytes()], turned)
    return places


def quantize(source: Path, target: Path) -> None:
    """Round an ONNX file's matrices and embeddings to int8: weights a channel, activations as they come."""
    quantize_dynamic(
        source,
        target,
        per_channel=True,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul", "Gemm", "Gather"],
        extra_options={"MatMulConstBOnly": True},
    )


def load_rounded(config: NetworkConfig, path: Path) -> Network:
    """The network that a graph of ours holds, rounded as it runs; the masked-language head starts afresh.

    Raises BundleError where the graph does not say which parameter lies where.
    """
    model = onnx.load(path, load_external_data=False)
    held = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    places = json.loads({p.key: p.value for p in model.metadata_props}.get(PLACES, "{}"))
    network = Network(config)
    lost = network.load_state_dict({name: _value(held, *place) for name, place in places.items()}, strict=False)
    if any(not name.startswith(NOT_RUN) for name in lost.missing_keys):
        raise BundleError(f"{path} does not say where its weights lie; it cannot be tuned, only run.")
    return network


def _value(held: dict[str, NDArray[Any]], name: str, turned: bool) -> Tensor:
    if name in held:
        value = held[name]
    else:
        whole, zero = (held[f"{name}_{part}"].astype(np.float32) for part in ("quantized", "zero_point"))
        value = (whole - zero) * held[f"{name}_scale"]
    return torch.from_numpy(np.array(value.T if turned else value))


def write_bundle(network: Network, tokenizer_json: str, folder: Path, *, name: str, version: str, card: str) -> None:
    """Write a whole model folder; raises ValueError if its graph does not hold the network to one step of int8."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        export_onnx(network, Path(scratch) / "float.onnx")
        quantize(Path(scratch) / "float.onnx", folder / GRAPH)
    _check_rounding(network, load_rounded(network.config, folder / GRAPH))
    (folder / TOKENIZER).write_text(tokenizer_json, encoding="utf-8")
    config = {"format": FORMAT, "name": name, "version": version, "network": asdict(network.config)}
    config["thresholds"] = asdict(Thresholds())
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    (folder / CARD).write_text(card, encoding="utf-8")
    write_sums(folder)


@torch.no_grad()
def _check_rounding(network: Network, rounded: Network) -> None:
    for (name, exact), kept in zip(network.named_parameters(), rounded.parameters(), strict=True):
        step = exact.abs().max() / 127 if exact.dim() == 2 else 0.0
        if not name.startswith(NOT_RUN) and ((exact - kept).abs() > step).any():
            raise ValueError(f"{name} is not in the graph as it is in the network")
