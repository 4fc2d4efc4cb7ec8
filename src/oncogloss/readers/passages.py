"""How the texts of a record become the passages of a Document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from oncogloss.errors import InputError, quoted
from oncogloss.schema import Document, Part, Passage, Registry

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Entry(NamedTuple):
    """An arm, an intervention or an outcome of a record, before it stands in its passage."""

    label: str
    kind: str
    text: str
    given: tuple[str, ...] = ()
    time_frame: str = ""


def join_parts(*parts: str) -> str:
    """Join the parts of one arm, intervention or outcome: "label. description", no closing full stop."""
    return ". ".join(bare for part in parts if (bare := part.strip().removesuffix(".").rstrip()))


def join_lines(items: Iterable[str]) -> str:
    """Join items one a line; empty ones are left out."""
    return "\n".join(item for item in items if item)


def join_entries(passage: str, entries: Iterable[Entry]) -> tuple[str, list[Part]]:
    """(text of the passage, one entry a line as `join_lines` has it; where each entry stands in it)."""
    kept = [entry for entry in entries if entry.text]
    parts, start = [], 0
    for entry in kept:
        end = start + len(entry.text)
        kind = "_".join(entry.kind.lower().rstrip(":").split())
        own = Part(
            passage=passage, start=start, end=end, label=entry.label, kind=kind, given=entry.given,
            time_frame=entry.time_frame,
        )  # fmt: skip
        parts.append(own)
        start = end + 1
    return join_lines(entry.text for entry in kept), parts


def make_document(
    id: str,
    texts: Iterable[tuple[str, str]],
    source: str,
    parts: Iterable[Part] = (),
    registry: Registry | None = None,
) -> Document:
    """Make a Document of (passage name, text) pairs; blank passages are left out, others kept as they are.

    Raises InputError if the id is blank, no text is left, or a string is not valid Unicode.
    """
    if not id.strip():
        raise InputError(f"{source}: the id is empty; give each record an id.")
    _check_unicode(id, f"{source}: the id")
    passages = []
    for name, text in texts:
        _check_unicode(name, f"{source}: record {quoted(id)}, the name of a passage")
        _check_unicode(text, f"{source}: record {quoted(id)}, passage {quoted(name)}")
        if text.strip():
            passages.append(Passage(name=name, text=text))
    parts = tuple(parts)
    for value in (
        *("".join((p.label, p.kind, *p.given, p.time_frame)) for p in parts),
        *(_words(registry) if registry else ()),
    ):
        _check_unicode(value, f"{source}: record {quoted(id)}, a field beside its text")
    if not passages:
        raise InputError(f"{source}: record {quoted(id)} holds no text; leave it out or fetch it again.")
    return Document(id=id, passages=tuple(passages), source=source, parts=parts, registry=registry)


def check_strings(value: object, what: str) -> None:
    """Raise InputError where a name or a text anywhere within a JSON value is not valid Unicode."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            _check_unicode(each, f"{what}: a name or text within")
        elif isinstance(each, dict):
            left += [*each.values(), *each]
        elif isinstance(each, list):
            left += each


def _words(registry: Registry) -> Iterator[str]:
    for value in registry.model_dump().values():
        yield value if isinstance(value, str) else " ".join(value)


def _check_unicode(text: str, what: str) -> None:
    if lone := _LONE_SURROGATE.search(text):
        raise InputError(f"{what} has half a surrogate pair at character {lone.start()}; write the whole character.")
