"""What the suite shares: a tokenizer trained here, a two-layer network of random weights, a bundle made of both.

Nothing is downloaded and no socket is opened (pytest-socket, see pyproject.toml). Tests must not change these
objects; a test that trains copies the network first.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from oncogloss.concepts.names import keys
from oncogloss.concepts.vocabulary import Entry, name_hash, write_vocabulary
from oncogloss.errors import BundleError
from oncogloss.model.bundle import find_bundle
from oncogloss.model.layout import BOUNDARY_SLICES, NetworkConfig
from oncogloss.model.tokenizer import Tokenizer, train_tokenizer
from oncogloss.pipeline import Pipeline, load
from oncogloss.schema import ENTITY_TYPES
from toys import LIVELY, SENTENCES, TERMS

if TYPE_CHECKING:
    from oncogloss.model.network import Network

settings.register_profile("modest", derandomize=True, max_examples=60, deadline=None)
settings.load_profile("modest")


@pytest.fixture(autouse=True)
def no_registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The models, keys and terms of whoever runs the suite are not part of it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("ONCOGLOSS_TERMS", raising=False)
    monkeypatch.setenv("ONCOGLOSS_REGISTRY", str(tmp_path / "no registry"))
    monkeypatch.setenv("ONCOGLOSS_KEYS", str(tmp_path / "keys"))


@pytest.fixture(scope="session")
def tokenizer_json() -> str:
    """tokenizer.json of about 600 entries, learned from SENTENCES."""
    return train_tokenizer(SENTENCES * 2, TERMS, 600)


@pytest.fixture(scope="session")
def tokenizer(tokenizer_json: str) -> Tokenizer:
    """That tokenizer, loaded."""
    return Tokenizer(tokenizer_json)


@pytest.fixture(scope="session")
def tiny_config(tokenizer: Tokenizer) -> NetworkConfig:
    """Sizes of the tiny network; windows of 48 tokens."""
    return NetworkConfig(
        vocabulary_size=tokenizer.size,
        hidden=32,
        layers=2,
        heads=2,
        feed_forward=64,
        max_positions=48,
        span_width=8,
        relation_width=8,
        concept_width=16,
        dropout=0.0,
        window=48,
        overlap=16,
    )


@pytest.fixture(scope="session")
def tiny_network(tiny_config: NetworkConfig) -> Network:
    """Random weights that mark a few spans of LIVELY types; unshifted, they would mark every second span."""
    torch = pytest.importorskip("torch")
    from oncogloss.model.network import Network

    torch.manual_seed(0)
    network = Network(tiny_config).eval()
    width = tiny_config.span_width
    with torch.no_grad():
        weight = network.spans.ends.weight.view(len(ENTITY_TYPES), 2, width, -1)
        bias = network.spans.ends.bias.view(len(ENTITY_TYPES), 2, width)
        for index, type_ in enumerate(ENTITY_TYPES):
            weight[index] *= float(type_ in LIVELY)
            bias[index] = 0
            if type_ in LIVELY:  # the slowest rotary pair: the same shift at all distances
                bias[index, 0, width // 2 - 1] = 2.2
                bias[index, 1, width // 2 - 1] = -2.2
        for name, bias in {"sentence": -1.2, "criterion": -0.4, "heading": -1.2}.items():
            network.boundaries.bias[BOUNDARY_SLICES[name]] = bias
    return network


@pytest.fixture(scope="session")
def bundle(tiny_network: Network, tokenizer_json: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder made of the tiny network by our own export."""
    for package in ("onnx", "onnxscript"):
        pytest.importorskip(package)
    from oncogloss.training.quantize import write_bundle

    folder = tmp_path_factory.mktemp("models") / "tiny"
    with warnings.catch_warnings():  # the exporter of torch warns about its own code
        warnings.simplefilter("ignore")
        write_bundle(tiny_network, tokenizer_json, folder, name="tiny", version="0.0.1", card="# tiny\n")
    return folder


@pytest.fixture(scope="session")
def pipeline(bundle: Path) -> Pipeline:
    """The tiny bundle, loaded."""
    return load(bundle)


@pytest.fixture(scope="session")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vocabulary of one's own, in which pembrolizumab is MINE:1 and nothing else is known."""
    folder = tmp_path_factory.mktemp("vocabularies") / "mine"
    name = name_hash("DRUG", keys("pembrolizumab")[0])
    write_vocabulary([Entry("MINE:1", "pembrolizumab", "mine")], {name: 0}, folder, [])
    return folder


@pytest.fixture(scope="session")
def shipped() -> Pipeline:
    """The model that ships."""
    try:
        folder = find_bundle("micro")
    except BundleError:
        pytest.skip("models/micro does not exist yet: run `oncogloss train` or `oncogloss export` first")
    return load(folder)
