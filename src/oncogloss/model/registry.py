"""A registry of models: versions that never change, signed, and which of them is in use.

    REGISTRY/
      bundles/DIGEST/              a bundle's files; DIGEST is the SHA-256 of its SHA256SUMS
      models/NAME/VERSION/         manifest.json and manifest.json.minisig
      models/NAME/active           the versions put to use, one a line; the last one is in use
      lock                         held by the one process that writes

A reader needs no lock: every name appears in one step, complete. A version whose manifest or files are not what was
signed is refused. The pointer `active` is not signed: who may write it chooses among signed versions, no more.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from oncogloss.errors import BundleError, MissingExtraError, RegistryError, shown
from oncogloss.model.bundle import SUMS, Bundle, open_bundle, shipped_bundle
from oncogloss.model.files import put_in_place, sync_folder, write_file
from oncogloss.model.signing import public_keys, secret_key, sign, verified
from oncogloss.model.verdict import read_verdict
from oncogloss.places import keys_folder, registry_folder

MANIFEST = "manifest.json"
SIGNATURE = f"{MANIFEST}.minisig"
ACTIVE, LOCK, FRESH = "active", "lock", ".new-"
_PATIENCE = 0.5  # seconds to wait for another writer

_WORD = "[a-z0-9]+([._+-][a-z0-9]+)*"
Name = Annotated[str, StringConstraints(pattern=f"^{_WORD}$", max_length=64)]
Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class About(BaseModel):
    """What is told of a version when it is added: where it comes from, what it saw, how it scores.

    `data` are SHA-256 digests of the training data by name; `note` holds what a person should know, such as the
    reasons of the gate when it was forced.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    parent: str | None = None
    data: dict[str, Digest] = {}
    code: str = ""
    metrics: dict[str, float] = {}
    licence: str = "Apache-2.0"
    note: str = ""


class Manifest(About):
    """What is signed of a version. `bundle` is the digest of its SHA256SUMS, and so of every byte."""

    format: Literal[1] = 1
    name: Name
    version: Name
    bundle: Digest
    created: str

    @property
    def reference(self) -> str:
        """NAME@VERSION."""
        return f"{self.name}@{self.version}"


def split_reference(reference: str) -> tuple[str, str]:
    """(name, version) of NAME@VERSION; the version is empty where none is given. Raises RegistryError."""
    name, _, version = reference.partition("@")
    parts = [name, version] if "@" in reference else [name]
    if not all(re.fullmatch(_WORD, part) and len(part) <= 64 for part in parts):
        raise RegistryError(f"'{shown(reference[:80])}' is no NAME or NAME@VERSION of a model.")
    return name, version


@dataclass(frozen=True)
class Registry:
    """A registry in a folder; `keys` is the folder of the public keys that count, and of the secret one that signs."""

    root: Path = field(default_factory=registry_folder)
    keys: Path = field(default_factory=keys_folder)

    def versions(self) -> list[tuple[str, str]]:
        """(name, version) of all that is there, oldest first."""
        paths = (p for p in (self.root / "models").glob(f"*/*/{MANIFEST}") if not p.parent.name.startswith(FRESH))
        return [(p.parent.parent.name, p.parent.name) for p in sorted(paths, key=lambda p: (p.stat().st_mtime_ns, p))]

    def history(self, name: str) -> list[str]:
        """Versions of a name that were put to use, in that order; the last one is in use."""
        path = self.root / "models" / name / ACTIVE
        return path.read_text(encoding="ascii", errors="replace").split() if path.is_file() else []

    def manifest(self, reference: str) -> Manifest:
        """The manifest of a version, its signature checked; without a version, of the one in use.

        Raises RegistryError where there is none, BundleError where it is not what was signed.
        """
        name, version = split_reference(reference)
        if not version and (history := self.history(name)):
            _, version = split_reference(f"{name}@{history[-1]}")
        folder = self.root / "models" / name / version
        if not version or not folder.is_dir():
            known = ", ".join(f"{n}@{v}" for n, v in self.versions() if n == name) or "none of that name"
            raise RegistryError(f"No model '{reference}' in {self.root}; there is {known}.")
        return read_manifest(folder, self.keys, f"{name}@{version}")

    def open(self, reference: str) -> Path:
        """Folder of a version's bundle, once its manifest's signature and the digest that it names are checked.

        The bundle's files are checked against that digest when it is opened. Raises as `manifest` does.
        """
        manifest = self.manifest(reference)
        folder = self.root / "bundles" / manifest.bundle
        check_sums(folder, manifest)
        return folder

    def verify(self, reference: str) -> Bundle:
        """Check every byte of a version. Raises BundleError naming the file that is missing, added or changed."""
        folder = self.open(reference)
        bundle = open_bundle(folder)
        check_nothing_added(folder, ())
        return bundle

    def add(self, folder: Path, about: About | None = None) -> Manifest:
        """Take in a bundle under the name and version of its config, signed with the user's key; a package that
        `export` made keeps the manifest and signature it has.

        What the gate said, in a `gate.json` beside the bundle's files, is noted too. Raises RegistryError where that
        version exists with other contents, `about` has an unknown parent, or the gate refused the bundle; BundleError
        where it is damaged.
        """
        bundle = open_bundle(folder)
        name, version = split_reference(f"{bundle.info.name}@{bundle.info.version}")
        if (folder / SIGNATURE).is_file():
            manifest = read_manifest(folder, self.keys, f"{name}@{version}")
            check_sums(folder, manifest)
            contents, signature = (folder / MANIFEST).read_bytes(), (folder / SIGNATURE).read_bytes()
        else:
            manifest = self._described(bundle, about or About())
            contents = (manifest.model_dump_json(indent=1) + "\n").encode()
            signature = sign(contents, trusted_comment(manifest), secret_key(self.keys)).encode()
        with self._writing():
            place = self.root / "models" / name / version
            if place.exists():
                old = self.manifest(f"{name}@{version}")
                if old.bundle == bundle.info.sha256:
                    return old
                raise RegistryError(
                    f"{name}@{version} exists with other contents; make it anew with another --name or --version."
                )
            self._put_folder(self.root / "bundles" / bundle.info.sha256, _files_of(folder))
            self._put_folder(place, {MANIFEST: contents, SIGNATURE: signature})
        return manifest

    def _described(self, bundle: Bundle, about: About) -> Manifest:
        verdict = read_verdict(bundle)
        facts = about.model_dump() | {"code": about.code or f"oncogloss {installed('oncogloss')}"}
        if about.parent is not None:
            facts["parent"] = self._existing(about.parent)
        if verdict is not None:
            facts["metrics"] = verdict.metrics | about.metrics
            facts["note"] = f"{about.note} {verdict.told}".lstrip()
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        info = bundle.info
        return Manifest(name=info.name, version=info.version, bundle=info.sha256, created=now, **facts)

    def _existing(self, reference: str) -> str:
        """NAME@VERSION of a model of this registry, or of one that ships where it has none. Raises as `manifest`."""
        name, version = split_reference(reference)
        held = (self.root / "models" / name / version).is_dir() if version else bool(self.history(name))
        if not held and (folder := shipped_bundle(reference)):
            info = open_bundle(folder).info
            return f"{info.name}@{info.version}"
        return self.manifest(reference).reference

    def remove(self, reference: str) -> None:
        """Take a version out for good, and its bundle where no other version has the same. Raises RegistryError where
        there is none, or it is in use."""
        name, version = split_reference(reference)
        place = self.root / "models" / name / version
        with self._writing():
            history = self.history(name)
            if not version or not place.is_dir():
                raise RegistryError(f"No version '{reference}' in {self.root}; see `oncogloss models list`.")
            if history[-1:] == [version]:
                raise RegistryError(f"{reference} is in use; put another version to use, or roll back, first.")
            if version in history:
                self._point(name, [v for v in history if v != version])
            digest, paths = _digest_of(place / MANIFEST), (self.root / "models").glob(f"*/*/{MANIFEST}")
            others = {_digest_of(path) for path in paths if path.parent != place}
            _discard(place)
            if digest and others.isdisjoint((digest, None)):
                _discard(self.root / "bundles" / digest)

    def use(self, reference: str) -> Manifest:
        """Put a version to use: from now on its name alone means it. Raises as `verify` does."""
        manifest = self.manifest(reference)
        with self._writing():
            self.verify(manifest.reference)
            history = self.history(manifest.name)
            if history[-1:] != [manifest.version]:
                self._point(manifest.name, [*history, manifest.version])
        return manifest

    def rollback(self, name: str) -> str | None:
        """Go back to the version that was in use before; returns it, or None where the model that ships is next.

        Raises RegistryError where there is nothing to go back to, BundleError where that version is damaged.
        """
        split_reference(name)
        with self._writing():
            history = self.history(name)
            if not history or (len(history) == 1 and shipped_bundle(name) is None):
                raise RegistryError(f"Nothing was in use before for '{name}' in {self.root}.")
            if len(history) > 1:
                self.verify(f"{name}@{history[-2]}")
            self._point(name, history[:-1])
        return history[-2] if len(history) > 1 else None

    def export(self, reference: str, out: Path) -> Path:
        """Copy a version, its manifest and its signature to a new folder; returns it. Raises as `verify` does."""
        manifest = self.manifest(reference)
        bundle = self.verify(manifest.reference)
        signed = self.root / "models" / manifest.name / manifest.version
        files = _files_of(bundle.folder) | {name: (signed / name).read_bytes() for name in (MANIFEST, SIGNATURE)}
        if out.exists():
            raise RegistryError(f"{out} exists; name a new folder.")
        out.parent.mkdir(parents=True, exist_ok=True)
        _write_folder(out, files)
        return out

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the lock, which a process that dies lets go, and clear away what such a one left behind."""
        try:
            from filelock import FileLock, Timeout
        except ImportError:
            raise MissingExtraError("filelock", "registry") from None
        (self.root / "bundles").mkdir(parents=True, exist_ok=True)
        (self.root / "models").mkdir(exist_ok=True)
        try:
            with FileLock(self.root / LOCK, timeout=_PATIENCE):
                for left in self.root.glob(f"**/{FRESH}*"):
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
                yield
        except Timeout:
            raise RegistryError(f"Another process is writing to {self.root}; try again when it is done.") from None

    def _put_folder(self, place: Path, files: dict[str, bytes]) -> None:
        if not place.parent.exists():
            place.parent.mkdir()
            sync_folder(place.parent.parent)
        if place.exists() and {p.name: p.read_bytes() for p in place.iterdir()} == files:
            return
        if place.exists():
            raise BundleError(f"{place} is not what its name promises; remove it and add the model again.")
        _write_folder(place, files)

    def _point(self, name: str, history: list[str]) -> None:
        path = self.root / "models" / name / ACTIVE
        fresh = path.with_name(f"{FRESH}{ACTIVE}")
        write_file(fresh, "".join(f"{version}\n" for version in history).encode("ascii"))
        put_in_place(fresh, path)


def active_bundle(reference: str) -> Path | None:
    """Folder of a model of the user's registry, by NAME@VERSION, or by the name of one that is in use; else None.

    Raises BundleError where that version is damaged.
    """
    registry = Registry()
    try:
        name, version = split_reference(reference)
    except RegistryError:
        return None
    if version and not (registry.root / "models" / name / version).is_dir() and shipped_bundle(reference):
        return None
    return registry.open(reference) if version or registry.history(name) else None


def verify_package(folder: Path, keys: Path) -> Manifest:
    """Check every byte of a folder that `export` made. Raises BundleError naming the file that is wrong."""
    bundle = open_bundle(folder)
    manifest = read_manifest(folder, keys, f"{bundle.info.name}@{bundle.info.version}")
    check_sums(folder, manifest)
    check_nothing_added(folder, (MANIFEST, SIGNATURE))
    return manifest


def trusted_comment(manifest: Manifest) -> str:
    """What the signature says beside the manifest, so that no other version's can stand in its place."""
    return f"oncogloss model {manifest.reference}"


def read_manifest(folder: Path, keys: Path, reference: str) -> Manifest:
    """The manifest in a folder, if it is signed as that of NAME@VERSION. Raises BundleError."""
    path = folder / MANIFEST
    data, comment = verified(path, folder / SIGNATURE, public_keys(keys))
    try:
        manifest = Manifest.model_validate(json.loads(data))
    except (ValidationError, ValueError):
        raise BundleError(f"{path} is signed but no manifest that this program reads; update it.") from None
    if manifest.reference != reference or comment != trusted_comment(manifest):
        raise BundleError(f"{path} is the manifest of another version ({shown(comment[:120])}), not of {reference}.")
    return manifest


def check_sums(folder: Path, manifest: Manifest) -> None:
    """Raises BundleError unless SHA256SUMS of a folder is the one that the manifest names."""
    path = folder / SUMS
    if not path.is_file() or path.is_symlink() or folder.is_symlink():
        raise BundleError(f"{path} is missing or a link; add or import the model again.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != manifest.bundle:
        raise BundleError(f"{path} is not the one that was signed for {manifest.reference}; do not use it.")


def check_nothing_added(folder: Path, more: tuple[str, ...]) -> None:
    """Raises BundleError where a folder holds a file that its SHA256SUMS does not name."""
    known = {SUMS, *more, *_names(folder)}
    for path in folder.iterdir():
        if path.name not in known:
            raise BundleError(f"{path} is no part of the model; remove it.")


def _digest_of(manifest: Path) -> str | None:
    """The bundle that a manifest names, whoever signed it; None where it names none."""
    try:
        digest = json.loads(manifest.read_bytes())["bundle"]
        return digest if re.fullmatch("[0-9a-f]{64}", digest) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _discard(place: Path) -> None:
    """Take a folder's name away in one step, then its files."""
    if place.is_dir():
        gone = place.with_name(f"{FRESH}{place.name}")
        put_in_place(place, gone)
        shutil.rmtree(gone)


def _names(folder: Path) -> list[str]:
    return [line.partition("  ")[2] for line in (folder / SUMS).read_text(encoding="ascii").splitlines()]


def _files_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (SUMS, *_names(folder))}


def _write_folder(place: Path, files: dict[str, bytes]) -> None:
    fresh = Path(tempfile.mkdtemp(prefix=FRESH, dir=place.parent))
    fresh.chmod(0o755)
    for name, data in files.items():
        write_file(fresh / name, data)
    put_in_place(fresh, place)
