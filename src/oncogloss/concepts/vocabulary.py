"""A vocabulary on disk: concepts, and the hashed names they are found by, as memory-mapped arrays.

names.npy      (n,) uint32, sorted: the first 4 bytes of a BLAKE2b hash of "TYPE key" (see `names.keys`) or "ID id"
checks.npy     (n,) uint8: the hash's fifth byte, so that one unknown name in some 5 million is taken for a known one
concepts.npy   (n,) uint16 or uint32: the concept of each
starts.npy     (m + 1,) uint32: where each concept's line begins in concepts.txt
concepts.txt   one concept a line: the fields of `Entry` with tabs between, a field's items with `|`
pieces.npy, alike.npy  what finds the concepts that a name is most like (see `index`); a store may be without
short_forms.tsv  short forms with several senses (see `short_forms`)
SOURCES.json   name, version, licence and counts of every source
SHA256SUMS     digests of all the others, checked when the vocabulary is opened
"""

from __future__ import annotations

import hashlib
import json
import mmap
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from oncogloss.concepts.index import CONCEPTS, GROUPS, TABLE, Index
from oncogloss.concepts.names import closest_key, keys
from oncogloss.concepts.short_forms import Sense, read_senses
from oncogloss.errors import BundleError

NAMES, CHECKS, ROWS, STARTS, TEXT = "names.npy", "checks.npy", "concepts.npy", "starts.npy", "concepts.txt"
SHORT_FORMS, SOURCES, SUMS = "short_forms.tsv", "SOURCES.json", "SHA256SUMS"
_MAY_LACK = {SHORT_FORMS, TABLE, CONCEPTS}
DEFAULT_VOCABULARY = "default"
_MEND = "reinstall oncogloss, or build it anew with oncogloss vocabulary build"


class Entry(NamedTuple):
    """A concept of a vocabulary: `xrefs` are its ids in others, `parents` the ids of the entries it is a kind of.

    A drug has a class and `targets` (gene symbols), a regimen or combination product its `members` by name.
    """

    id: str
    name: str
    vocabulary: str
    drug_class: str = ""
    xrefs: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    members: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The entry as a line of concepts.txt."""
        return "\t".join((*self[:4], *("|".join(part) for part in self[4:]))).rstrip("\t") + "\n"

    @classmethod
    def of_line(cls, line: str) -> Entry:
        """The entry that a line of concepts.txt tells of."""
        id_, name, vocabulary, *cells = line.rstrip("\n").split("\t")
        lists = (tuple(part.split("|")) if part else () for part in cells[1:])
        return cls(id_, name, vocabulary, "".join(cells[:1]), *lists)


def members_id(members: Iterable[str]) -> str:
    """What a regimen can be found by like an id: the names of its drugs."""
    return "+".join(sorted(members))


def name_hash(type_: str, key: str) -> int:
    """What a key of a name of one entity type, or an id (of type `ID`), is stored as."""
    return int.from_bytes(hashlib.blake2b(f"{type_} {key}".encode(), digest_size=5).digest(), "big")


class Vocabulary:
    """An opened vocabulary. Looking a name up reads a few pages of it; opening compares all with its digests."""

    def __init__(self, folder: Path) -> None:
        """Raises BundleError where a file of the vocabulary is missing or damaged."""
        self.folder = folder
        self._terms: Mapping[int, Entry] = {}  # of the user's own, by the hashes of their names
        self._beginnings: frozenset[str] = frozenset()  # of those names
        _verify(folder)
        try:
            self._names, self._checks, self._rows, self._starts = (
                np.asarray(np.load(folder / file, mmap_mode="r")) for file in (NAMES, CHECKS, ROWS, STARTS)
            )
            with (folder / TEXT).open("rb") as stream:
                self._text = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            self._first = self._names.data
            self.index = Index(folder) if (folder / CONCEPTS).is_file() else None
            sizes = {len(self._names), len(self._checks), len(self._rows)}
            if len(sizes) > 1 or int(self._starts[-1]) != len(self._text):
                raise ValueError("its files do not belong together")
        except (OSError, ValueError, EOFError, IndexError) as error:
            raise BundleError(f"{folder} is no vocabulary ({error}); {_MEND}.") from None

    def __len__(self) -> int:
        return len(self._starts) - 1

    @cached_property
    def senses(self) -> dict[str, list[Sense]]:
        """What short forms with several senses may mean; read when it is first asked for."""
        path = self.folder / SHORT_FORMS
        return read_senses(path) if path.is_file() else {}

    def extended(self, terms: Mapping[int, Entry], names: Iterable[str]) -> Vocabulary:
        """The same with concepts found by these hashes before its own, and without other senses of their `names`."""
        names = set(names)
        wider = copy(self)
        wider._terms = {**self._terms, **terms}
        wider._beginnings = self._beginnings | {name[:2].casefold() for name in names}
        wider.senses = {short: told for short, told in self.senses.items() if short not in names}
        return wider

    @property
    def state(self) -> bytes:
        """What tells it from every other: the digests of its files, and of all that it was extended by."""
        digests = (self.folder / SUMS).read_bytes()
        if not self._terms:
            return digests
        told = [sorted(self._terms.items()), sorted(self._beginnings), sorted(self.senses)]
        return digests + hashlib.sha256(json.dumps(told).encode()).digest()

    @property
    def has_terms(self) -> bool:
        """Was it extended by names of a user's own?"""
        return bool(self._terms)

    def has_term(self, type_: str, name: str) -> bool:
        """Is it a name of this type that the vocabulary was extended by?"""
        if name[:2].casefold() not in self._beginnings:
            return False
        return name_hash(type_, closest_key(name)) in self._terms

    def has_name(self, type_: str, name: str) -> bool:
        """Is it a name of a concept of this type, in these words?"""
        return _has_name(self, type_, name)

    def entries(self) -> list[Entry]:
        """All its concepts, in their order."""
        return [Entry.of_line(line) for line in self._text[:].decode("utf-8").splitlines(keepends=True)]

    def names(self) -> dict[int, int]:
        """All its hashed names and ids → position of their concept."""
        hashes = (self._names.astype(np.uint64) << np.uint64(8)) | self._checks
        return dict(zip(hashes.tolist(), self._rows.tolist(), strict=True))

    def sources(self) -> list[dict[str, Any]]:
        """What SOURCES.json tells of where it is from."""
        told: list[dict[str, Any]] = json.loads((self.folder / SOURCES).read_text(encoding="utf-8"))
        return told

    def find(self, type_: str, name: str) -> tuple[Entry, int] | None:
        """(the concept of that name and entity type, which of the name's keys found it), or None."""
        for rank, key in enumerate(keys(name)):
            entry = self._entry(name_hash(type_, key))
            if entry:
                return entry, rank
        return None

    def with_id(self, id_: str) -> Entry | None:
        """The concept that has this id, or the first that has it as a cross-reference."""
        return self._entry(name_hash("ID", id_))

    def kinds(self, id_: str) -> frozenset[str]:
        """Ids of all that is a kind of the concept with this id."""
        found: set[str] = set()
        open_ = [id_]
        while open_:
            new = set(self._below.get(open_.pop(), ())) - found
            found |= new
            open_ += new
        return frozenset(found)

    @cached_property
    def _below(self) -> dict[str, list[str]]:
        below: dict[str, list[str]] = {}
        for entry in self.entries():
            for parent in entry.parents:
                below.setdefault(parent, []).append(entry.id)
        return below

    def alike(self, type_: str, name: str) -> list[tuple[Entry, float]]:
        """The two concepts whose names are most like this one, and how near they are; none where no index tells."""
        near = self.index.nearest(type_, name) if self.index and type_ in GROUPS else []
        return [(self._at(row), nearness) for row, nearness in near]

    def _entry(self, value: int) -> Entry | None:
        if value in self._terms:
            return self._terms[value]
        row = self._row(value)
        return None if row is None else self._at(row)

    def _row(self, value: int) -> int | None:
        wanted, check = divmod(value, 256)
        names = self._first
        for at in range(bisect_left(names, wanted), len(names)):
            if names[at] != wanted:
                break
            if self._checks[at] == check:
                return int(self._rows[at])
        return None

    def _at(self, row: int) -> Entry:
        return Entry.of_line(self._text[int(self._starts[row]) : int(self._starts[row + 1])].decode("utf-8"))


@lru_cache(maxsize=2**15)
def _has_name(vocabulary: Vocabulary, type_: str, name: str) -> bool:
    key = closest_key(name)
    return bool(key) and vocabulary._row(name_hash(type_, key)) is not None


def settle(claims: Sequence[Mapping[int, int]]) -> dict[int, int]:
    """Which concept gets each hashed name, where concept i claims the names `claims[i]`, {hash: claim}.

    The lowest claim wins; where several concepts make it, none does.
    """
    made: dict[int, list[tuple[int, int]]] = {}
    for row, hashes in enumerate(claims):
        for name, claim in hashes.items():
            made.setdefault(name, []).append((claim, row))
    settled = {}
    for name, rivals in made.items():
        first, *others = sorted(rivals)
        if not others or others[0][0] > first[0]:
            settled[name] = first[1]
    return settled


def write_vocabulary(
    entries: Sequence[Entry], settled: Mapping[int, int], folder: Path, sources: list[dict[str, Any]]
) -> None:
    """Write concepts and the hashed names they are found by, {hash: position in `entries`}; their ids find them too,
    and its members the first regimen that has them. Short forms must be there before; an index that is there goes,
    since it is another vocabulary's."""
    members = [(row, members_id(entry.members)) for row, entry in enumerate(entries) if entry.members]
    ids = {name_hash("ID", key): row for row, key in reversed(members)}
    ids |= {name_hash("ID", x): row for row, e in reversed(list(enumerate(entries))) for x in e.xrefs}
    ids |= {name_hash("ID", entry.id): row for row, entry in enumerate(entries)}
    lines = [entry.line.encode("utf-8") for entry in entries]
    kept = sorted((ids | dict(settled)).items())
    folder.mkdir(parents=True, exist_ok=True)
    for file in (TABLE, CONCEPTS):
        (folder / file).unlink(missing_ok=True)
    names = np.array([name for name, _ in kept], np.uint64)
    np.save(folder / NAMES, (names >> np.uint64(8)).astype(np.uint32))
    np.save(folder / CHECKS, (names & np.uint64(255)).astype(np.uint8))
    np.save(folder / ROWS, np.array([row for _, row in kept], np.uint16 if len(entries) < 2**16 else np.uint32))
    np.save(folder / STARTS, np.cumsum([0, *map(len, lines)], dtype=np.uint32))
    (folder / TEXT).write_bytes(b"".join(lines))
    (folder / SOURCES).write_text(json.dumps(sources, indent=1) + "\n", encoding="utf-8")
    write_sums(folder)


def _verify(folder: Path) -> None:
    try:
        listing = (folder / SUMS).read_text(encoding="ascii", errors="replace")
        rows = (line.partition("  ") for line in listing.splitlines())
        digests = {name: digest for digest, _, name in rows}
        for name in (NAMES, CHECKS, ROWS, STARTS, TEXT, SOURCES, *(digests.keys() & _MAY_LACK)):
            with (folder / name).open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != digests.get(name):
                    raise BundleError(f"{folder / name} differs from its SHA-256 digest; {_MEND}.")
    except OSError as error:
        raise BundleError(f"{folder} is no vocabulary ({error}); {_MEND}.") from None


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS over the files of a vocabulary's folder."""
    names = (NAMES, CHECKS, ROWS, STARTS, TEXT, SOURCES, *_MAY_LACK)
    there = [folder / name for name in sorted(names) if (folder / name).is_file()]
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in there]
    (folder / SUMS).write_text("".join(lines), encoding="ascii")


@lru_cache(maxsize=2)
def open_vocabulary(vocabulary: str = DEFAULT_VOCABULARY) -> Vocabulary:
    """A vocabulary given by folder, or by the name of one that ships. Raises BundleError where there is none."""
    shipped = (
        Path(str(files("oncogloss"))) / "vocabulary" / vocabulary,
        Path(__file__).parents[3] / "vocabulary" / vocabulary,
    )
    for folder in (Path(vocabulary), *shipped):
        if (folder / NAMES).is_file():
            return Vocabulary(folder)
    raise BundleError(f"No vocabulary '{vocabulary}': build one with oncogloss vocabulary build.")
