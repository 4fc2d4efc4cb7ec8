"""Where the user's own things lie. This module imports nothing of ours."""

from __future__ import annotations

import os
from pathlib import Path


def user_folder() -> Path:
    """Where the user's own terms, models and keys lie: `oncogloss` in the folder of a user's data."""
    data = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(data) if data else Path.home() / ".local" / "share") / "oncogloss"


def terms_file() -> Path:
    """The table of the user's own terms: $ONCOGLOSS_TERMS, or `terms.tsv` in the user's folder."""
    return Path(os.environ.get("ONCOGLOSS_TERMS") or _own_terms())


def terms_begun() -> Path | None:
    """The same, for who reads it; None where the user's folder has no table yet."""
    return None if terms_file() == _own_terms() and not _own_terms().exists() else terms_file()


def _own_terms() -> Path:
    return user_folder() / "terms.tsv"


def registry_folder() -> Path:
    """The registry of models: $ONCOGLOSS_REGISTRY, or `registry` in the user's folder."""
    return Path(os.environ.get("ONCOGLOSS_REGISTRY") or user_folder() / "registry")


def keys_folder() -> Path:
    """The user's secret key and the public keys that count: $ONCOGLOSS_KEYS, or `keys` in the user's folder."""
    return Path(os.environ.get("ONCOGLOSS_KEYS") or user_folder() / "keys")
