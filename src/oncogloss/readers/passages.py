"""How the texts of a record become the passages of a Document."""

from __future__ import annotations

import re
from collections.abc import Iterable

from oncogloss.errors import InputError, shown
from oncogloss.schema import Document, Passage

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def join_parts(*parts: str) -> str:
    """Join the parts of one arm, intervention or outcome: "label. description", no closing full stop."""
    return ". ".join(bare for part in parts if (bare := part.strip().removesuffix(".").rstrip()))


def join_lines(items: Iterable[str]) -> str:
    """Join items one a line; empty ones are left out."""
    return "\n".join(item for item in items if item)


def make_document(id: str, texts: Iterable[tuple[str, str]], source: str) -> Document:
    """Make a Document of (passage name, text) pairs; blank passages are left out, others kept as they are.

    Raises InputError if the id is blank, no text is left, or a string is not valid Unicode.
    """
    if not id.strip():
        raise InputError(f"{source}: the id is empty; give each record an id.")
    _check_unicode(id, f"{source}: the id")
    passages = []
    for name, text in texts:
        _check_unicode(name, f"{source}: record {shown(id)}, the name of a passage")
        _check_unicode(text, f"{source}: record {shown(id)}, passage {shown(name)}")
        if text.strip():
            passages.append(Passage(name=name, text=text))
    if not passages:
        raise InputError(f"{source}: record {shown(id)} holds no text; leave it out or fetch it again.")
    return Document(id=id, passages=tuple(passages), source=source)


def _check_unicode(text: str, what: str) -> None:
    if lone := _LONE_SURROGATE.search(text):
        raise InputError(f"{what} has half a surrogate pair at character {lone.start()}; write the whole character.")
