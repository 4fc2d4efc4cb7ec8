"""From a trained network to a bundle: int8 ONNX for running, 8-bit rows for tuning."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from oncogloss.model.bundle import CARD, CONFIG, FORMAT, GRAPH, TOKENIZER, WEIGHTS, write_sums
from oncogloss.model.layout import NetworkConfig, Thresholds
from oncogloss.model.network import Network, NetworkOutput


class _OneWindow(nn.Module):
    """The network for one window without padding."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network(ids, None))


def export_onnx(network: Network, path: Path) -> None:
    """Write the float network as ONNX: input `ids` (1, L), outputs named as in NetworkOutput."""
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
    program.save(str(path))


def quantize(source: Path, target: Path) -> None:
    """Round an ONNX file's matrices and embeddings to int8: weights a channel, activations as they come."""
    with tempfile.TemporaryDirectory() as folder:
        merged = Path(folder) / "merged.onnx"
        onnx.save(onnx.load(source), merged)
        quantize_dynamic(
            merged,
            target,
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gemm", "Gather"],
            extra_options={"MatMulConstBOnly": True},
        )


def save_rounded(network: Network, path: Path) -> None:
    """Save weights as int8 rows with one float scale a row; vectors (biases, norms) stay in 32 bits."""
    tensors: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        if value.dim() == 2:
            scale = value.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
            tensors[name] = (value / scale).round().to(torch.int8)
            tensors[f"{name}.scale"] = scale
        else:
            tensors[name] = value
    save_file({name: value.contiguous() for name, value in tensors.items()}, path)


def load_rounded(config: NetworkConfig, path: Path) -> Network:
    """The network that `save_rounded` wrote."""
    stored = load_file(path)
    network = Network(config)
    network.load_state_dict(
        {
            name: value.float() * stored[f"{name}.scale"] if value.dtype == torch.int8 else value
            for name, value in stored.items()
            if not name.endswith(".scale")
        }
    )
    return network


def write_bundle(network: Network, tokenizer_json: str, folder: Path, *, name: str, version: str, card: str) -> None:
    """Write a whole model folder; the network that runs is the rounded one, so that tuning starts where it stands."""
    folder.mkdir(parents=True, exist_ok=True)
    save_rounded(network, folder / WEIGHTS)
    rounded = load_rounded(network.config, folder / WEIGHTS)
    with tempfile.TemporaryDirectory() as scratch:
        export_onnx(rounded, Path(scratch) / "float.onnx")
        quantize(Path(scratch) / "float.onnx", folder / GRAPH)
    (folder / TOKENIZER).write_text(tokenizer_json, encoding="utf-8")
    config = {"format": FORMAT, "name": name, "version": version, "network": asdict(network.config)}
    config["thresholds"] = asdict(Thresholds())
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    (folder / CARD).write_text(card, encoding="utf-8")
    write_sums(folder)
