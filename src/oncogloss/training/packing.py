"""A pretrained encoder in a small folder, for tuning to start from: rows of 5 bits, compressed.

Starting weights need not be exact: 5 bits cost 0.07 of masked-language loss (decision 9). The folder is verified and
read as a model bundle is, but it cannot run: it has no trained heads.
"""

from __future__ import annotations

import json
import lzma
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor

from oncogloss.model.bundle import CARD, CONFIG, FORMAT, TOKENIZER, write_sums
from oncogloss.model.layout import NetworkConfig, Thresholds
from oncogloss.model.network import Network
from oncogloss.model.tokenizer import compact

ENCODER = "encoder.safetensors.xz"
PRETRAINED = ("encoder.", "masked_language.")  # what pretraining trains, by the beginning of a parameter's name
STEPS = 15  # on each side of zero


def pack_encoder(network: Network, tokenizer_json: str, folder: Path, *, name: str, version: str, card: str) -> None:
    """Write the folder: encoder and masked-language head, tokenizer, config, card, checksums."""
    tensors: dict[str, Tensor] = {}
    for key, value in network.state_dict().items():
        if not key.startswith(PRETRAINED):
            continue
        if value.dim() == 2:
            scale = value.abs().amax(1, keepdim=True).clamp(min=1e-8) / STEPS
            tensors[f"{key}.scale"] = scale.half()
            value = (value / scale).round().to(torch.int8)
        tensors[key] = value if value.dtype == torch.int8 else value.half()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ENCODER).write_bytes(lzma.compress(save({k: v.contiguous() for k, v in tensors.items()})))
    (folder / TOKENIZER).write_text(compact(tokenizer_json), encoding="utf-8")
    config = {"format": FORMAT, "name": name, "version": version, "network": asdict(network.config)}
    config["thresholds"] = asdict(Thresholds())
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    (folder / CARD).write_text(card, encoding="utf-8")
    write_sums(folder, (CARD, CONFIG, ENCODER, TOKENIZER))


def unpack_encoder(config: NetworkConfig, path: Path) -> Network:
    """The network of a packed encoder, its heads fresh."""
    stored = load(lzma.decompress(path.read_bytes()))
    network = Network(config)
    state = {
        name: value.float() * stored[f"{name}.scale"].float() if value.dtype == torch.int8 else value.float()
        for name, value in stored.items()
        if not name.endswith(".scale")
    }
    network.load_state_dict(state, strict=False)
    return network
