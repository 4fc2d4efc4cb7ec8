"""The one-line use from Python."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from oncogloss.concepts import DEFAULT_VOCABULARY
from oncogloss.errors import InputError
from oncogloss.model.bundle import DEFAULT_MODEL
from oncogloss.pipeline import Pipeline, check_arguments
from oncogloss.pipeline import load as _load
from oncogloss.readers import read_bytes, read_path
from oncogloss.readers.text import read_text
from oncogloss.schema import Document, Extraction


def load(model: str = DEFAULT_MODEL, terms: Path | None = None, vocabulary: str = DEFAULT_VOCABULARY) -> Pipeline:
    """Load a model, by name or folder, once, over a vocabulary, by name or folder, with the table of your own `terms`
    as it then is; later calls give the same object.

    Raises BundleError where model or vocabulary is missing or damaged, InputError where the table is, or an argument
    is of no use.
    """
    check_arguments(model, vocabulary=vocabulary, terms=terms)
    return _loaded(model, terms, vocabulary)


@lru_cache(maxsize=2)
def _loaded(model: str, terms: Path | None, vocabulary: str) -> Pipeline:
    return _load(model, vocabulary=vocabulary, terms=terms)


def extract(source: str | Path | Document | dict[str, Any], model: str = DEFAULT_MODEL) -> Extraction:
    """Extract from one document: running text, a Path to a file with one record, a record's JSON as a dict,
    or a Document.

    Raises InputError where there is nothing to read, what is given is nothing of these, or a file holds more than one
    record.
    """
    return load(model).extract(_document(source))


def _document(source: str | Path | Document | dict[str, Any]) -> Document:
    if isinstance(source, Document):
        return _valid(source)
    if isinstance(source, str):
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
