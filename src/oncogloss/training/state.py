"""Training state on disk: safetensors and JSON, written whole or not at all, so that a killed run resumes."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

STATE = "state.safetensors"


def weights_digest(network: nn.Module) -> str:
    """Eight hex digits that tell these weights from others."""
    digest = hashlib.sha256()
    for name, value in network.state_dict().items():
        digest.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:8]


def save_state(
    folder: Path,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    trained: nn.Module,
    notes: dict[str, Any],
) -> None:
    """Save the weights of `network`, the moments that `optimizer` keeps of `trained`'s parameters, and `notes`,
    as one safetensors file; the newest replaces the last."""
    tensors: dict[str, Tensor] = {f"weight/{name}": value for name, value in network.state_dict().items()}
    names = {id(parameter): name for name, parameter in trained.named_parameters()}
    for parameter, moments in optimizer.state.items():
        for key, value in moments.items():
            tensors[f"moment/{names[id(parameter)]}/{key}"] = torch.as_tensor(value)
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"{STATE}.new"
    contiguous = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
    save_file(contiguous, fresh, metadata={"notes": json.dumps(notes)})
    os.replace(fresh, folder / STATE)


def load_state(
    folder: Path, network: nn.Module, optimizer: torch.optim.Optimizer, trained: nn.Module
) -> dict[str, Any] | None:
    """Restore what `save_state` wrote; returns its notes, or None where nothing was saved."""
    path = folder / STATE
    if not path.exists():
        return None
    with safe_open(path, framework="pt") as archive:
        notes = json.loads(archive.metadata()["notes"])
    tensors = load_file(path)
    network.load_state_dict(
        {name.removeprefix("weight/"): value for name, value in tensors.items() if name.startswith("weight/")}
    )
    for name, parameter in trained.named_parameters():
        prefix = f"moment/{name}/"
        moments = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        if moments:
            optimizer.state[parameter] = {key: value.to(parameter.device) for key, value in moments.items()}
    return dict(notes)
