"""API keys: a file of `name sha256-of-the-key` lines. Keys themselves are kept nowhere."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from oncogloss.errors import InputError, shown

_NAME = re.compile(r"[\w.@-]{1,64}")
_LINE = re.compile(rf"({_NAME.pattern})\s+([0-9a-f]{{64}})")


def is_name(name: str) -> bool:
    """Can it stand in the file as the owner of a key?"""
    return _NAME.fullmatch(name) is not None


def new_key() -> tuple[str, str]:
    """(a key of 256 random bits, its digest for the file)."""
    key = secrets.token_urlsafe(32)
    return key, digest_of(key)


def digest_of(key: str) -> str:
    """What stands in the file for a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def read_keys(path: Path) -> dict[str, str]:
    """Digest → name. Raises InputError naming the line that is none; the file must hold at least one."""
    keys: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            match = _LINE.fullmatch(line.strip())
            if not match:
                raise InputError(f"{shown(str(path))}, line {number}: no `name sha256` line; `serve --new-key NAME`.")
            keys[match[2]] = match[1]
    if not keys:
        raise InputError(f"{shown(str(path))}: holds no key; make one with `oncogloss serve --new-key NAME`.")
    return keys


def owner(keys: dict[str, str], given: str) -> str | None:
    """The name of whose key it is, compared with every one in constant time; None where it is nobody's."""
    digest, found = digest_of(given), None
    for known, name in keys.items():
        if hmac.compare_digest(digest, known):
            found = name
    return found
