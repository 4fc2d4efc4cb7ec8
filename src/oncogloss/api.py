"""The one-line use from Python."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from oncogloss.concepts import DEFAULT_VOCABULARY
from oncogloss.model.bundle import DEFAULT_MODEL
from oncogloss.pipeline import Pipeline, check_arguments
from oncogloss.pipeline import load as _load
from oncogloss.readers.source import Source, document_of
from oncogloss.schema import Extraction


def load(
    model: str | Path = DEFAULT_MODEL, terms: str | Path | None = None, vocabulary: str = DEFAULT_VOCABULARY
) -> Pipeline:
    """Load a model, by name or folder, once, over a vocabulary, by name or folder, with the table of your own `terms`
    as it then is; later calls give the same object.

    Raises BundleError where model or vocabulary is missing or damaged, InputError where the table is, or an argument
    is of no use.
    """
    check_arguments(model, vocabulary=vocabulary, terms=terms)
    return _loaded(model, Path(terms) if terms is not None else None, vocabulary)


@lru_cache(maxsize=2)
def _loaded(model: str | Path, terms: Path | None, vocabulary: str) -> Pipeline:
    return _load(model, vocabulary=vocabulary, terms=terms)


def extract(source: Source, model: str | Path = DEFAULT_MODEL) -> Extraction:
    """Extract from one document: running text, a Path to a file with one record, a record's JSON as a dict,
    or a Document.

    Raises InputError where there is nothing to read, what is given is nothing of these, a text is the name of a file,
    or a file holds more than one record.
    """
    return load(model).extract(document_of(source))
