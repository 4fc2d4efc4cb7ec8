"""The store of a batch on disk, which loses nothing and doubles nothing whenever the run is killed.

manifest.jsonl   the log: a line for each run that began, each part that counts, each run that ended
parts/000001/    a Parquet file for each table of `COLUMNS`; a part counts from the moment the log names it
lock             held by the run that writes, with the number of its process
readings.sqlite  what the network read before, by content; may be deleted
trials.duckdb    made from the parts (see `database`); may be deleted

A part is written under a name of its own, flushed to the disk, renamed, then logged. What a killed run left
unlogged is swept away by the next one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oncogloss.errors import StoreError, shown
from oncogloss.model.files import sync_folder
from oncogloss.writers.tables import COLUMNS as FACTS
from oncogloss.writers.tables import Kind

if TYPE_CHECKING:
    import pyarrow

SCHEMA_VERSION = 3
MANIFEST, PARTS, LOCK = "manifest.jsonl", "parts", "lock"
_PASSAGES: dict[str, Kind] = {**FACTS["passages"], "text": "text"}
COLUMNS: dict[str, dict[str, Kind]] = {
    "records": {
        "record": "text", "source": "text", "content_sha256": "text", "system_sha256": "text", "status": "text",
        "schema_version": "integer",
    },
    "failures": {"record": "text", "source": "text", "kind": "text", "reason": "text"},
    **FACTS,
    "passages": _PASSAGES,
}  # fmt: skip
Tables = dict[str, "pyarrow.Table"]
Line = dict[str, Any]


class Store:
    """A store opened for writing, by one run at a time. Raises StoreError where it is locked, damaged or no store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with _writing(folder):
            (folder / PARTS).mkdir(parents=True, exist_ok=True)
        self._lock = (folder / LOCK).open("a+")
        try:
            self.abandoned = self._take_lock()
            self.log = read_manifest(folder, mend=True)
            self._sweep()
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.truncate(0)
        self._lock.close()

    def _take_lock(self) -> str:
        """The number of the process that held the lock last and died, or nothing."""
        self._lock.seek(0)
        holder = self._lock.read().strip()
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(
                f"{shown(str(self.folder))}: process {holder or 'unknown'} is writing to this store; "
                "wait until it ends, or give another folder with --out."
            ) from None
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()
        return holder

    def _sweep(self) -> None:
        logged = {_part_name(line["part"]) for line in parts_of(self.log)}
        for path in (self.folder / PARTS).iterdir():
            if path.name not in logged:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    @property
    def last_part(self) -> int:
        """The number of the last part, 0 where there is none."""
        return max((line["part"] for line in parts_of(self.log)), default=0)

    def commit(self, tables: Tables) -> None:
        """Add a part. It counts wholly or not at all, whatever happens meanwhile.

        Raises StoreError where it cannot be written.
        """
        number = self.last_part + 1
        final = self.folder / PARTS / _part_name(number)
        draft = final.with_suffix(".draft")
        with _writing(self.folder):
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            digests = {name: _write_table(table, number, draft / f"{name}.parquet") for name, table in tables.items()}
            sync_folder(draft)
            draft.rename(final)
            sync_folder(final.parent)
            rows = {name: table.num_rows for name, table in tables.items()}
            self.append({"kind": "part", "part": number, "rows": rows, "sha256": digests})

    def append(self, line: Line) -> None:
        """Add a line to the log, and wait until the disk has it."""
        data = (json.dumps(line) + "\n").encode()
        with _writing(self.folder), (self.folder / MANIFEST).open("ab", buffering=0) as log:
            if log.write(data) != len(data):
                raise OSError(28, os.strerror(28))
            os.fsync(log.fileno())
        self.log.append(line)


def read_manifest(folder: Path, *, mend: bool = False) -> list[Line]:
    """The lines of a store's log; one that a killed run left unfinished at its end is left out, with `mend` cut off.

    Raises StoreError where another line is damaged, the schema is another, or a part is missing.
    """
    path = folder / MANIFEST
    data = path.read_bytes() if path.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    if mend and len(whole) < len(data):
        with path.open("r+b") as log:
            log.truncate(len(whole))
            os.fsync(log.fileno())
    lines = []
    for number, raw in enumerate(whole.splitlines(), 1):
        try:
            lines.append(json.loads(raw))
        except ValueError:
            raise StoreError(f"{shown(str(path))}, line {number}: is damaged; bring it back from a copy.") from None
    for line in lines:
        if line["kind"] == "run" and line["schema_version"] != SCHEMA_VERSION:
            raise StoreError(
                f"{shown(str(folder))}: is a store of schema {line['schema_version']}, and this version of oncogloss "
                f"reads and writes schema {SCHEMA_VERSION}; make a new store, or use the version that made this one."
            )
        if line["kind"] == "part" and not (folder / PARTS / _part_name(line["part"])).is_dir():
            raise StoreError(f"{shown(str(folder))}: part {line['part']} is missing; bring it back from a copy.")
    return lines


def parts_of(log: list[Line]) -> Iterator[Line]:
    """The lines of a log that name parts."""
    return (line for line in log if line["kind"] == "part")


def files_of(folder: Path, table: str, log: list[Line]) -> list[str]:
    """The Parquet files of a table, in the order of the parts."""
    return [str(folder / PARTS / _part_name(line["part"]) / f"{table}.parquet") for line in parts_of(log)]


def damaged_files(folder: Path) -> list[str]:
    """The files of a store that differ from the digests in its log."""
    found = []
    for line in parts_of(read_manifest(folder)):
        for table, digest in line["sha256"].items():
            path = folder / PARTS / _part_name(line["part"]) / f"{table}.parquet"
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                found.append(str(path))
    return found


def _part_name(number: int) -> str:
    return f"{number:06d}"


def _write_table(table: pyarrow.Table, part: int, path: Path) -> str:
    """Write a table to the disk, with the number of its part in each row; returns the file's SHA-256."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    numbers = pa.array([part] * table.num_rows, pa.int32())
    buffer = pa.BufferOutputStream()
    pq.write_table(table.append_column("part", numbers), buffer, compression="zstd")
    data = buffer.getvalue()
    with path.open("wb", buffering=0) as file:
        if file.write(data) != len(data):
            raise OSError(28, os.strerror(28))
        os.fsync(file.fileno())
    return hashlib.sha256(data).hexdigest()


class _writing:  # noqa: N801
    """Turns what the system says of a failed write into one sentence."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, OSError):
            raise StoreError(
                f"{shown(str(self._folder))}: cannot be written ({error.strerror or 'input/output error'}); "
                "mend that and start the same command again: it goes on where it stopped."
            ) from None


def merged(tables: list[Tables]) -> Tables:
    """Tables of several chunks as those of one part."""
    import pyarrow as pa

    return {name: pa.concat_tables([t[name] for t in tables]).combine_chunks() for name in COLUMNS}


def made_tables(rows: Mapping[str, list[dict[str, Any]]]) -> Tables:
    """Arrow tables of rows; a table without rows is empty, with its columns."""
    import pyarrow as pa

    from oncogloss.writers.tables import arrow_schema

    return {name: pa.Table.from_pylist(rows.get(name, []), arrow_schema(columns)) for name, columns in COLUMNS.items()}
