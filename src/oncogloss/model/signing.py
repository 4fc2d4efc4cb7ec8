"""Signatures in minisign's format (Ed25519 over BLAKE2b-512), so that the stock `minisign` can check and make them.

Whose signatures count is said by the `*.pub` files of one folder of the user's own, never by what is signed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from oncogloss.errors import BundleError, MissingExtraError, RegistryError, shown

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
except ImportError:
    raise MissingExtraError("cryptography", "registry") from None

SECRET, PUBLIC = "oncogloss.key", "oncogloss.pub"
_PLAIN, _HASHED, _NO_PASSWORD, _CHECKSUM = b"Ed", b"ED", b"\0\0", b"B2"
_UNTRUSTED, _TRUSTED = "untrusted comment: ", "trusted comment: "
_LONGEST = 8192  # bytes of a key or signature file, and of a comment: minisign's own limit

PublicKeys = Mapping[bytes, bytes]  # key id → key


class SecretKey(NamedTuple):
    """A key that signs: its id (8 bytes) and its seed (32)."""

    id: bytes
    seed: bytes


def keygen(folder: Path) -> Path:
    """Make a key pair in `folder`: the secret key (mode 0600, no password) and the public one, whose path is returned.

    Raises RegistryError where there is a secret key already, or a public one of that name, which may be another's.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in (SECRET, PUBLIC):
        if (folder / name).exists():
            raise RegistryError(f"{folder / name} exists; move it away before you make another key.")
    identity, seed = secrets.token_bytes(8), secrets.token_bytes(32)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    pair = seed + public
    checksum = hashlib.blake2b(_PLAIN + identity + pair, digest_size=32).digest()
    secret = _PLAIN + _NO_PASSWORD + _CHECKSUM + bytes(48) + identity + pair + checksum
    handle = os.open(folder / SECRET, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(f"{_UNTRUSTED}minisign secret key\n{base64.b64encode(secret).decode()}\n")
    shown_id = identity[::-1].hex().upper()
    line = base64.b64encode(_PLAIN + identity + public).decode()
    (folder / PUBLIC).write_text(f"{_UNTRUSTED}minisign public key {shown_id}\n{line}\n", encoding="ascii")
    return folder / PUBLIC


def secret_key(folder: Path) -> SecretKey:
    """The secret key of a folder of keys.

    Raises RegistryError where there is none, others may read it, or it needs a password.
    """
    path = folder / SECRET
    if not path.is_file():
        raise RegistryError(f"No key to sign with at {path}; make one with `oncogloss models keygen`.")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise RegistryError(f"{path} can be read by others; run chmod 600 on it.")
    data = _decoded(_lines(path, 2)[1], path, 158)
    identity, pair, checksum = data[54:62], data[62:126], data[126:]
    wanted = hashlib.blake2b(_PLAIN + identity + pair, digest_size=32).digest()
    if data[:6] != _PLAIN + _NO_PASSWORD + _CHECKSUM or not secrets.compare_digest(checksum, wanted):
        raise RegistryError(f"{path} is damaged or needs a password; make a key with `oncogloss models keygen`.")
    return SecretKey(identity, pair[:32])


def public_keys(folder: Path) -> dict[bytes, bytes]:
    """The keys whose signatures count: those of the folder's `*.pub` files. Raises RegistryError for a damaged one."""
    keys = {}
    for path in sorted(folder.glob("*.pub")):
        data = _decoded(_lines(path, 2)[1], path, 42)
        if data[:2] != _PLAIN:
            raise RegistryError(f"{path} is no public key of minisign's; remove it or copy it again.")
        keys[data[2:10]] = data[10:]
    return keys


def sign(data: bytes, trusted: str, key: SecretKey) -> str:
    """Text of the signature file of `data`; `trusted` is a comment on one line that is signed too."""
    private = Ed25519PrivateKey.from_private_bytes(key.seed)
    signature = private.sign(hashlib.blake2b(data).digest())
    whole = private.sign(signature + trusted.encode())
    first, second = (base64.b64encode(part).decode() for part in (_HASHED + key.id + signature, whole))
    return f"{_UNTRUSTED}signature of oncogloss\n{first}\n{_TRUSTED}{trusted}\n{second}\n"


def verified(path: Path, signature: Path, keys: PublicKeys) -> tuple[bytes, str]:
    """(contents of `path`, trusted comment), once `signature` is found to be a known key's signature of both.

    Raises BundleError naming the file that is missing, unsigned or changed.
    """
    for file in (path, signature):
        if not file.is_file() or file.is_symlink():
            raise BundleError(f"{file} is missing or a link; add or import the model again.")
    data = path.read_bytes()
    _, first, trusted, second = _lines(signature, 4)
    if not trusted.startswith(_TRUSTED):
        raise BundleError(f"{signature} is no signature of minisign's.")
    comment = trusted.removeprefix(_TRUSTED)
    head, whole = _decoded(first, signature, 74), _decoded(second, signature, 64)
    identity, of_data = head[2:10], head[10:]
    if head[:2] != _HASHED or identity not in keys:
        raise BundleError(f"{signature} is by key {shown(identity[::-1].hex().upper())}, which is not among yours.")
    key = Ed25519PublicKey.from_public_bytes(keys[identity])
    try:
        key.verify(of_data, hashlib.blake2b(data).digest())
    except InvalidSignature:
        raise BundleError(f"{path} is not what was signed in {signature.name}; do not use it.") from None
    try:
        key.verify(whole, of_data + comment.encode())
    except InvalidSignature:
        raise BundleError(f"{signature} has a comment that was not signed; do not use it.") from None
    return data, comment


def _lines(path: Path, wanted: int) -> list[str]:
    with path.open("rb") as stream:
        text = stream.read(4 * _LONGEST + 1).decode("utf-8", errors="replace")
    lines = text.removesuffix("\n").split("\n")
    if len(lines) != wanted or len(text) > 4 * _LONGEST or not lines[0].startswith(_UNTRUSTED):
        raise BundleError(f"{path} is no file of minisign's; copy it again.")
    return [line.removesuffix("\r") for line in lines]


def _decoded(line: str, path: Path, length: int) -> bytes:
    try:
        data = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != length:
        raise BundleError(f"{path} is damaged; copy it again.")
    return data
