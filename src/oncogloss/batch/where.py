"""`--where`: which records to read, by what the registry says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from oncogloss.errors import InputError
from oncogloss.schema import Document, Registry

_FIELDS: dict[str, Callable[[Document, Registry], Iterable[str]]] = {
    "phase": lambda document, registry: [*registry.phases, *(p.removeprefix("PHASE") for p in registry.phases)],
    "status": lambda document, registry: [registry.status],
    "type": lambda document, registry: [registry.study_type],
    "sex": lambda document, registry: [registry.sex],
    "year": lambda document, registry: [registry.first_posted[:4]],
}
_WORDS: dict[str, Callable[[Document, Registry], Iterable[str]]] = {
    "sponsor": lambda document, registry: [registry.sponsor],
    "condition": lambda document, registry: _passage(document, "conditions"),
    "keyword": lambda document, registry: _passage(document, "keywords"),
}


def _passage(document: Document, name: str) -> Iterator[str]:
    return (p.text for p in document.passages if p.name == name)


def chooser(filters: Iterable[str]) -> Callable[[Document], bool]:
    """Whether a document fits all filters: `phase=PHASE2,PHASE3` (or `phase=2,3`) is one of these values,
    `condition=lung` holds the words, as do `sponsor` and `keyword`. Case does not matter.

    Raises InputError where a filter is none.
    """
    wanted = [_parsed(one) for one in filters]

    def fits(document: Document) -> bool:
        registry = document.registry or Registry()
        return all(_fits(document, registry, field, values) for field, values in wanted)

    return fits


def _parsed(one: str) -> tuple[str, list[str]]:
    field, _, given = one.partition("=")
    values = [value.strip().casefold() for value in given.split(",") if value.strip()]
    if not values or field not in {**_FIELDS, **_WORDS}:
        fields = ", ".join([*_FIELDS, *_WORDS])
        raise InputError(f"--where wants FIELD=VALUE[,VALUE], with a value, and a field of {fields}.")
    return field, values


def _fits(document: Document, registry: Registry, field: str, values: list[str]) -> bool:
    if field in _FIELDS:
        return any(own.casefold() in values for own in _FIELDS[field](document, registry))
    return any(value in own.casefold() for own in _WORDS[field](document, registry) for value in values)
