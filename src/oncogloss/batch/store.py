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
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oncogloss.errors import InputError, StoreError, quoted, shown
from oncogloss.model.files import sync_folder
from oncogloss.writers.tables import COLUMNS as FACTS
from oncogloss.writers.tables import Kind

if TYPE_CHECKING:
    import pyarrow

SCHEMA_VERSION = 4
MANIFEST, PARTS, LOCK = "manifest.jsonl", "parts", "lock"
FORGOTTEN = "forgotten"  # the status of a record that is shown no more
_DRAFT = ".draft"
_FIELDS: dict[str, dict[str, type]] = {  # what we read of each kind of line
    "run": {"run": int, "schema_version": int}, "part": {"part": int, "sha256": dict}, "end": {"run": int},
}  # fmt: skip
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
            _refuse_foreign(folder)
            (folder / PARTS).mkdir(parents=True, exist_ok=True)
        self._lock = (folder / LOCK).open("a+")
        try:
            self.abandoned = self._take_lock()
            self.log = read_manifest(folder)
            self._sweep(self._left())
            _cut_off_torn(folder / MANIFEST)
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

    def _left(self) -> list[Path]:
        """What a killed run left unlogged: drafts, and the next part. Raises StoreError where there are other parts."""
        logged = {_part_name(line["part"]) for line in parts_of(self.log)}
        following = {_part_name(self.last_part + 1)} if self.log else set()  # a run is logged before its first part
        left = [path for path in (self.folder / PARTS).iterdir() if path.name not in logged]
        lost = sorted(p.name for p in left if p.suffix != _DRAFT and p.name not in following)
        if lost:
            raise StoreError(
                f"{shown(str(self.folder))}: {PARTS}/{shown(lost[0])} is there, but {MANIFEST} does not name it; "
                "bring the log back from a copy, or give another folder with --out."
            )
        return left

    @staticmethod
    def _sweep(left: list[Path]) -> None:
        for path in left:
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
        draft = final.with_suffix(_DRAFT)
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
            if not self.log:
                sync_folder(self.folder)
        self.log.append(line)


def _refuse_foreign(folder: Path) -> None:
    """Raise StoreError where a folder holds something and is no store."""
    held = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if not held <= {PARTS, LOCK, MANIFEST} and not read_manifest(folder):
        raise StoreError(
            f"{shown(str(folder))}: is neither empty nor a store with a log ({MANIFEST}); give another folder "
            "with --out, or bring the log back from a copy."
        )


def read_manifest(folder: Path) -> list[Line]:
    """The lines of a store's log; one that a killed run left unfinished at its end is left out.

    Raises StoreError where another line is damaged or missing, the schema is another, or a part is missing.
    """
    path = folder / MANIFEST
    data = path.read_bytes() if path.is_file() else b""
    *whole, torn = data.split(b"\n")
    lines: list[Line] = []
    parts = 0
    for number, raw in enumerate(whole, 1):
        line = _parsed(raw)
        if line and line["kind"] == "run" and line["schema_version"] != SCHEMA_VERSION:
            raise StoreError(
                f"{shown(str(folder))}: is a store of schema {line['schema_version']}, and this version of oncogloss "
                f"reads and writes schema {SCHEMA_VERSION}; make a new store, or use the version that made this one."
            )
        if line is None or not (lines or line["kind"] == "run"):
            raise _damaged(path, number)
        if line["kind"] == "part":
            parts += 1
            if line["part"] != parts:
                raise _damaged(path, number)
            if not (folder / PARTS / _part_name(parts)).is_dir():
                raise StoreError(f"{shown(str(folder))}: part {parts} is missing; bring it back from a copy.")
        lines.append(line)
    if torn.strip(b"\0")[:1] not in (b"", b"{"):  # a cut of power leaves zeros
        raise _damaged(path, len(whole) + 1)
    return lines


def read_log(folder: Path) -> list[Line]:
    """The log of a folder that is to be a store. Raises StoreError where it is none, or as `read_manifest`."""
    log = read_manifest(folder)
    if not log:
        raise StoreError(f"{shown(str(folder))}: is no store of oncogloss batch; check the path.")
    return log


def _damaged(path: Path, number: int) -> StoreError:
    return StoreError(f"{shown(str(path))}, line {number}: is damaged; bring it back from a copy.")


def _parsed(raw: bytes) -> Line | None:
    """A line of a log, None where it is none."""
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    fields = _FIELDS.get(str(line.get("kind"))) if isinstance(line, dict) else None
    return line if fields and all(isinstance(line.get(name), kind) for name, kind in fields.items()) else None


def _cut_off_torn(path: Path) -> None:
    """Remove the line that a killed run left unfinished at the end of a log."""
    data = path.read_bytes() if path.is_file() else b""
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with path.open("r+b") as log:
            log.truncate(whole)
            os.fsync(log.fileno())


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


def forget(folder: Path, records: Iterable[str]) -> None:
    """Add a part after which SQL shows nothing of these records; earlier parts keep what they hold. A record that is
    given to a batch again is read again.

    Raises StoreError where there is no store, InputError naming a record that it does not hold.
    """
    import pyarrow.parquet as pq

    read_log(folder)
    with Store(folder) as store:
        paths = files_of(folder, "records", store.log)
        held = {row["record"]: row for path in paths for row in pq.read_table(path).to_pylist()}
        gone = dict.fromkeys(records)
        for record in gone:
            if record not in held or held[record]["status"] == FORGOTTEN:
                raise InputError(
                    f"{shown(str(folder))}: no record {quoted(record)}; see oncogloss query STORE records."
                )
        nothing = {"content_sha256": "", "system_sha256": "", "status": FORGOTTEN}
        if gone:
            store.commit(made_tables({"records": [{**held[record], **nothing} for record in gone]}))


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
