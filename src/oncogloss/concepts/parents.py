"""Which parents of a concept hold, of those that sources give; and which names of diseases contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from oncogloss.concepts.names import words
from oncogloss.concepts.tables import Row
from oncogloss.concepts.vocabulary import Entry

_CANCER = re.compile(
    r"(?:carcinoma|sarcoma|leukemia|lymphoma|melanoma|myeloma|neuroblastoma|retinoblastoma|medulloblastoma)s?\b"
    r"|\bcancers?\b|\bmalignant\b.*(?:neoplasm|tumou?r|oma)s?\b",
    re.IGNORECASE,
)
_BENIGN = re.compile(
    r"\bbenign\b|(?:\b(?:adenoma|papilloma|fibroma|osteoma|chondroma|nevus|polyp|cyst)|lipoma|leiomyoma|rhabdomyoma"
    r"|hemangioma|lymphangioma|neurofibroma)s?$",
    re.IGNORECASE,
)
_INFLAMMATION = re.compile(r"(?:itis|\binfections?)$", re.IGNORECASE)
_NO_CARCINOMA = re.compile(
    r"(?:lymphoma|leukemia|sarcoma|melanoma|myeloma|glioma|mesothelioma|neuroblastoma)s?\b", re.I
)
_TREE = "TREE:"
_ABOVE_OTHERS = "a carcinoma above another kind"
C = TypeVar("C")
_TUMOR = {"tumor", "neoplasm", "cancer", "malignant", "carcinoma", "sarcoma"}


def is_of_tumors(name: str) -> bool:
    """Does the name say that it is a tumor, and not that it is benign?"""
    said = set(words(name))
    return "benign" not in said and not said.isdisjoint(_TUMOR)


def contradict(one: str, other: str) -> bool:
    """Is one benign and the other a tumor of any kind, or does one say "non-squamous" where the other says "squamous"?

    Sources give cross-references between such: no other says that they are the same.
    """
    if not re.search("benign|non", f"{one} {other}", re.IGNORECASE):
        return False
    a, b = set(words(one)), set(words(other))
    for mine, theirs, name in ((a, b, other), (b, a, one)):
        if ("benign" in mine and is_of_tumors(name)) or any(f"non{word}" in theirs for word in mine - theirs):
            return True
    return False


class Places(Generic[C]):
    """Where sources place their rows, and the concepts of type C that the rows are.

    Where a cross-reference alone joined a row to a concept, it may be near it only ("neoplasm of the ovary", "ovarian
    carcinoma"): what the source places below such a row is a kind of what is above it.
    """

    def __init__(self, identified: Mapping[str, C]) -> None:
        """`identified`: the concepts that ids stand for which are no row's own."""
        self._identified = identified
        self._is: dict[str, C | None] = {}  # by a row's id and its places in its source's tree
        self._above: dict[str, list[str]] = {}

    def add(self, row: Row, concept: C | None) -> None:
        """Note a row, and the concept that it is, if any."""
        for id_ in (row.id, *(x for x in row.xrefs if x.startswith(_TREE))):
            self._is[id_] = self._is.get(id_) or concept
        self._above[row.id] = row.parents
        self._above.update((place, [place.rpartition(".")[0]]) for place in row.xrefs if place.startswith(_TREE))

    def above(self, rows: Iterable[Row]) -> Iterator[C]:
        """The nearest concepts above these rows of one concept; places in MeSH's tree tell of cancers alone that no
        other source places, since they group what looks or lies alike ("glioma" is a germ cell tumor there)."""
        rows = list(rows)
        others = [row for row in rows if not row.id.startswith("MESH:")]
        is_cancer = any(row.type == "CANCER" for row in rows)
        found = list(self._nearest(p for row in (others if is_cancer else rows) for p in row.parents))
        yield from found or self._nearest(p for row in rows for p in row.parents)

    def _nearest(self, ids: Iterable[str]) -> Iterator[C]:
        open_ = list(ids)
        seen = set(open_)
        for id_ in open_:
            concept = self._is[id_] if id_ in self._is else self._identified.get(id_)
            if concept is not None:
                yield concept
                continue
            wider = [p for p in self._above.get(id_, ()) if p not in seen]
            seen.update(wider)
            open_ += wider


def sound_parents(entries: Sequence[Entry]) -> tuple[list[Entry], dict[str, int]]:
    """(the entries without the parents that are wrong, how many of each kind these were): what is benign above a cancer
    or above what has cancers among its kinds, an inflammation above a cancer, a carcinoma above a sarcoma or lymphoma
    (a source's "bladder cancer" has become the bladder's carcinoma), and what closes a circle."""
    by_id = {entry.id: entry for entry in entries}
    with_cancers = _with_cancers(by_id)
    left_out = {"benign above a cancer": 0, "an inflammation or infection above a cancer": 0, _ABOVE_OTHERS: 0}
    kept = []
    for entry in entries:
        names = {parent: by_id[parent].name for parent in entry.parents}
        benign = {p for p, name in names.items() if entry.id in with_cancers and _is_benign(name)}
        inflamed = {p for p, name in names.items() if _CANCER.search(entry.name) and _INFLAMMATION.search(name)}
        others = {p for p, name in names.items() if _is_carcinoma(name) and _is_other(entry.name)}
        left_out[_ABOVE_OTHERS] += len(others - benign - inflamed)
        left_out["benign above a cancer"] += len(benign)
        left_out["an inflammation or infection above a cancer"] += len(inflamed - benign)
        kept.append(entry._replace(parents=tuple(p for p in entry.parents if p not in benign | inflamed | others)))
    open_ended = without_cycles(kept)
    circles = sum(len(e.parents) for e in kept) - sum(len(e.parents) for e in open_ended)
    return open_ended, {**left_out, "in a circle": circles}


def _is_carcinoma(name: str) -> bool:
    return "carcinoma" in name.casefold() and not _NO_CARCINOMA.search(name)


def _is_other(name: str) -> bool:
    return bool(_NO_CARCINOMA.search(name)) and "carcino" not in name.casefold()


def _is_benign(name: str) -> bool:
    return bool(_BENIGN.search(name)) and not _CANCER.search(name)


def _with_cancers(by_id: Mapping[str, Entry]) -> set[str]:
    """Ids of cancers, and of what is above them up to what is benign."""
    open_ = [entry.id for entry in by_id.values() if _CANCER.search(entry.name) and not _is_benign(entry.name)]
    found = set(open_)
    while open_:
        above = {p for p in by_id[open_.pop()].parents if not _is_benign(by_id[p].name)} - found
        found |= above
        open_ += above
    return found


def without_cycles(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, without the parents that would make one its own ancestor."""
    kept: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        for parent in entry.parents:
            if entry.id not in ancestors(parent, kept):
                kept[entry.id] = (*kept.get(entry.id, ()), parent)
    return [entry._replace(parents=kept.get(entry.id, ())) for entry in entries]


def ancestors(id_: str, parents: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The id with all that it is a kind of."""
    found, open_ = {id_}, [id_]
    while open_:
        new = set(parents.get(open_.pop(), ())) - found
        found |= new
        open_ += new
    return found
