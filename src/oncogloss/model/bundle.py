"""A model on disk: a folder of plain data files, checked byte by byte before anything is used.

config.json        format version, name, version, sizes of the network, thresholds
tokenizer.json     our byte-level BPE
network.onnx       int8 network: what runs, and what tuning starts from
MODEL_CARD.md      what it was trained on and how it scores
SHA256SUMS         digests of all the others
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from oncogloss.errors import BundleError, shown
from oncogloss.model.contents import check_contents
from oncogloss.model.layout import NetworkConfig, Thresholds
from oncogloss.places import registry_folder
from oncogloss.schema import ModelInfo

FORMAT = 1
SUMS, CONFIG, TOKENIZER, GRAPH, CARD = (
    "SHA256SUMS",
    "config.json",
    "tokenizer.json",
    "network.onnx",
    "MODEL_CARD.md",
)
FILES = (CARD, CONFIG, GRAPH, TOKENIZER)
DEFAULT_MODEL = "micro"


@dataclass(frozen=True)
class Bundle:
    """A verified model folder."""

    folder: Path
    info: ModelInfo
    network: NetworkConfig
    thresholds: Thresholds
    labels: tuple[str, ...] = ()  # a team's own

    def path(self, name: str) -> Path:
        """Path of one of the bundle's files."""
        return self.folder / name


def find_bundle(model: str | Path) -> Path:
    """Folder of a model given by path, by NAME@VERSION, or by a name: of the version in use in the user's registry,
    or of a model that ships (`micro`, whose version may be said too).

    Raises BundleError that lists what was tried, or says what is wrong with a version of the registry.
    """
    if (Path(model) / SUMS).is_file():
        return Path(model)
    registry = registry_folder()
    if registry.is_dir():
        from oncogloss.model.registry import active_bundle

        if folder := active_bundle(str(model)):
            return folder
    if folder := shipped_bundle(str(model)):
        return folder
    places = ", ".join(dict.fromkeys(str(folder) for folder in (Path(model), *(p / str(model) for p in _shipped()))))
    raise BundleError(f"No model '{model}': no folder with a {SUMS} file among {places}, none in use in {registry}.")


def shipped_bundle(reference: str) -> Path | None:
    """Folder of a model that ships, by name or NAME@VERSION; None where no such model does."""
    name, _, version = reference.partition("@")
    folder = next((place / name for place in _shipped() if (place / name / SUMS).is_file()), None)
    if folder and version and _read_config(folder / CONFIG)["version"] != version:
        return None
    return folder


def shipped_models() -> list[str]:
    """The names of the models that ship."""
    return sorted({path.parent.name for place in _shipped() for path in place.glob(f"*/{GRAPH}")})


def _shipped() -> tuple[Path, Path]:
    return Path(str(files("oncogloss"))) / "models", Path(__file__).parents[3] / "models"


def open_bundle(model: str | Path = DEFAULT_MODEL, *, need: tuple[str, ...] = (TOKENIZER, GRAPH)) -> Bundle:
    """Verify a model folder and read its config.

    Every file that SHA256SUMS names must match it and be of a kind that runs no code, those of `need` must be named,
    nothing may point outside.
    Raises BundleError naming the file that is missing or differs.
    """
    folder = find_bundle(model)
    listing = (folder / SUMS).read_bytes()
    named = _verify(folder, listing, {CONFIG, *need})
    config = _read_config(named[CONFIG])
    sizes = NetworkConfig(**config["network"])
    info = ModelInfo(name=config["name"], version=config["version"], sha256=hashlib.sha256(listing).hexdigest())
    return Bundle(folder, info, sizes, Thresholds(**config["thresholds"]), tuple(config.get("labels", ())))


def _verify(folder: Path, listing: bytes, needed: set[str]) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for line in listing.decode("ascii", errors="replace").split("\n"):
        if not line:
            continue
        digest, _, name = line.partition("  ")
        path = folder / name
        if not name or "/" in name or "\\" in name or name.startswith(".") or path.is_symlink():
            raise BundleError(f"{folder / SUMS} names '{shown(name[:80])}', which is no plain file of the folder.")
        named[name] = path
        if not path.is_file():
            raise BundleError(f"{path} is missing; reinstall the model.")
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise BundleError(f"{path} differs from its SHA-256 digest; reinstall the model.")
        check_contents(path, data)
    lacking = needed - named.keys()
    if lacking:
        raise BundleError(f"The model in {folder} lacks {', '.join(sorted(lacking))}; reinstall the model.")
    return named


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = config["format"]
        if version != FORMAT:
            raise BundleError(f"{path} has format {version}; this program reads format {FORMAT}: update it.")
        NetworkConfig(**config["network"]), Thresholds(**config["thresholds"])
        if not all(isinstance(label, str) for label in config.get("labels", ())):
            raise TypeError("labels must be text")
        str(config["name"]), str(config["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{path} is no model configuration ({type(error).__name__}: {error}).") from None
    return config


def write_sums(folder: Path, names: Iterable[str] = FILES) -> None:
    """Write SHA256SUMS over these files of a model folder; others that lie there are no part of the model."""
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}" for name in sorted(names)]
    (folder / SUMS).write_text("\n".join(lines) + "\n", encoding="ascii")
