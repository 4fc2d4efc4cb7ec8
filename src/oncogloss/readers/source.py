"""One document out of what a program holds: running text, a Path, a record as a dict, or a Document."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from oncogloss.errors import InputError, shown
from oncogloss.readers.files import read_bytes, read_path
from oncogloss.readers.text import read_text
from oncogloss.schema import Document

Source = str | Path | Document | dict[str, Any]


def document_of(source: Source) -> Document:
    """The one document of a source. Raises InputError where it is none, cannot be read, holds several records, or is
    a file's name as text."""
    if isinstance(source, Document):
        return _valid(source)
    if isinstance(source, str):
        if os.path.isfile(source):
            raise InputError(f"{shown(source)} is the name of a file; give pathlib.Path of it to have that read.")
        return read_text(source, "text")
    if isinstance(source, Path):
        items = list(read_path(source))
    elif isinstance(source, dict):
        items = list(read_bytes(_json(source), "the record"))
    else:
        raise InputError(f"{type(source).__name__} is no source; give a text, a pathlib.Path, a dict or a Document.")
    if len(items) != 1:
        raise InputError(f"{len(items)} records in one source; read them with oncogloss.readers.read_path.")
    if isinstance(items[0], InputError):
        raise items[0]
    return items[0]


def _json(record: dict[str, Any]) -> bytes:
    try:
        return json.dumps(record).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        reason = type(error).__name__
    raise InputError(f"The record cannot be JSON ({reason}); give a dict of texts, numbers, lists and dicts.")


def _valid(document: Document) -> Document:
    try:
        document.model_dump_json()
    except ValueError:
        pass
    else:
        return document
    raise InputError("The Document holds half a surrogate pair; write the whole character.")
