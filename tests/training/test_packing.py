"""A packed encoder comes back nearly as it was, small, verified, and tuning starts from it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from oncogloss.errors import BundleError
from oncogloss.model.bundle import CARD
from oncogloss.model.network import Network
from oncogloss.training.packing import ENCODER, PRETRAINED, STEPS, pack_encoder
from oncogloss.training.recipes import export_run, parent_name, start_network
from oncogloss.training.state import save_state


def test_rows_come_back_within_half_a_step_and_heads_are_fresh(
    tiny_network: Network, tokenizer_json: str, tmp_path: Path
) -> None:
    pack_encoder(tiny_network, tokenizer_json, tmp_path, name="e", version="1", card="card")
    network, contents = start_network(str(tmp_path))
    assert json.loads(contents) == json.loads(tokenizer_json) and network.config == tiny_network.config
    for (name, exact), kept in zip(tiny_network.named_parameters(), network.parameters(), strict=True):
        if not name.startswith(PRETRAINED):
            assert exact.dim() == 1 or not exact.any() or not torch.equal(exact, kept), name
        elif exact.dim() == 2:
            step = exact.abs().amax(1, keepdim=True) / STEPS
            assert ((exact - kept).abs() <= 0.53 * step).all(), name
        else:
            assert torch.allclose(exact, kept, atol=1e-3), name
    matrices = sum(p.numel() for n, p in tiny_network.named_parameters() if n.startswith(PRETRAINED) and p.dim() == 2)
    assert (tmp_path / ENCODER).stat().st_size < 0.95 * matrices


def test_a_damaged_one_is_refused(tiny_network: Network, tokenizer_json: str, tmp_path: Path) -> None:
    pack_encoder(tiny_network, tokenizer_json, tmp_path, name="e", version="1", card="card")
    data = bytearray((tmp_path / ENCODER).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / ENCODER).write_bytes(data)
    with pytest.raises(BundleError, match="differs from its SHA-256 digest"):
        start_network(str(tmp_path))


def test_export_packs_a_pretraining_run(tiny_network: Network, tokenizer_json: str, tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    optimizer = torch.optim.AdamW(tiny_network.parameters())
    notes = {"step": 7, "spent": 90.0, "dev_loss": 1.25}
    save_state(run, tiny_network, optimizer, tiny_network, notes)
    (run / "tokenizer.json").write_text(tokenizer_json)
    (run / "config.json").write_text(config_json(tiny_network))
    export_run(run, out, name="encoder", version="1")
    assert "7 steps in 1.5 minutes, dev loss 1.250" in (out / CARD).read_text()
    network, _ = start_network(str(out))
    assert torch.allclose(network.encoder.norm.weight, tiny_network.encoder.norm.weight, atol=1e-3)


def test_a_card_names_the_packed_encoder_that_training_started_from(
    tiny_network: Network, tokenizer_json: str, tmp_path: Path
) -> None:
    pack_encoder(tiny_network, tokenizer_json, tmp_path, name="e", version="7", card="card")
    assert parent_name(str(tmp_path)).startswith("oncogloss e 7 (SHA256SUMS ")


def config_json(network: Network) -> str:
    """config.json of a run."""
    return json.dumps(asdict(network.config))
