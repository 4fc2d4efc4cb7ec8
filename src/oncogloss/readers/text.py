"""Text that brings no structure of the registry: plain text, and records of named passages."""

from __future__ import annotations

from pathlib import Path

from oncogloss.errors import InputError, quoted
from oncogloss.readers.passages import make_document
from oncogloss.schema import Document


def read_text(text: str, source: str) -> Document:
    """Make plain text one passage called "text", character for character; the id is the stem of `source`.

    Raises InputError if the text is blank.
    """
    return make_document(Path(source).stem or "text", [("text", text)], source)


def read_passages(record: dict[str, object], source: str) -> Document:
    """Read {"id" or "nct_id": ..., "passages": {name: text}}; texts are kept character for character.

    Raises InputError if the id or the passages are missing or of the wrong kind.
    """
    id, passages = record.get("id", record.get("nct_id")), record["passages"]
    if not isinstance(id, str):
        raise InputError(f'{source}: the record has no id; add "id": "..." to it.')
    if not isinstance(passages, dict):
        raise InputError(f'{source}: record {quoted(id)}, "passages" must be an object of names and texts.')
    for name, text in passages.items():
        if not isinstance(text, str):
            raise InputError(f"{source}: record {quoted(id)}, passage {quoted(name)} must be text in quotes.")
    return make_document(id, passages.items(), source)
