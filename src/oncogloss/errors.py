"""Every error that oncogloss raises on purpose, as one tree.

    OncoglossError
    ├── InputError          what was given to read is damaged, empty or no trial
    ├── BundleError         the model's files are missing, damaged or tampered with
    ├── RegistryError       the registry of models cannot do what was asked
    ├── StoreError          a store of batch results is locked, damaged or cannot be written
    ├── FetchError          the registry of trials cannot be reached, or answers something else
    ├── MissingExtraError   an optional part of oncogloss is not installed
    └── CorpusError         annotations do not fit the text or the guidelines

A message is one sentence on one line: where, what is wrong, what to do. It never quotes a passage.
"""

from __future__ import annotations

import re


class OncoglossError(Exception):
    """Root of all errors of oncogloss; whose fault it is, each class below says."""


class InputError(OncoglossError):
    """The fault of the input: a file or record that cannot be read as a trial or as text.

    `source` is the file as it is named at the beginning of the message, where a reader of many tells it.
    """

    source: str = ""


class BundleError(OncoglossError):
    """The fault of the model bundle: files missing, damaged, or not those its checksums promise."""


class RegistryError(OncoglossError):
    """The fault of a request to the registry of models: no such version, no key, another writer."""


class StoreError(OncoglossError):
    """The fault of a store: another run works on it, a part is missing, or the disk is full."""


class FetchError(OncoglossError):
    """The fault of the network or of the registry of trials: off-line, broken off, too busy, strange answers."""


class CorpusError(OncoglossError):
    """The fault of annotation data: labels, offsets or texts that do not fit together."""


class MissingExtraError(OncoglossError):
    """The fault of the installation: `package` is missing, and `extra` of oncogloss brings it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(package, extra)

    def __str__(self) -> str:
        package, extra = self.args
        return f"{package} is not installed; run pip install 'oncogloss[{extra}]'."


def shown(name: str) -> str:
    """Return `name` (a path, id or key) with each unprintable character escaped, fit for one line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def quoted(name: str) -> str:
    """`shown`, between marks that tell what was given from what we say of it: a service leaves it out."""
    return f"“{shown(name).replace('“', chr(34)).replace('”', chr(34))}”"


def unquoted(message: str) -> str:
    """A message without what is quoted in it."""
    return re.sub("“[^”]*”", "…", message)
