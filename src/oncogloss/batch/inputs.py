"""What a batch reads, as one stream: files, folders, zip and gzip archives, JSON lines, Parquet, AACT's tables.

Kinds are told by content. An archive is judged by its directory before anything is unpacked, and again while it is:
what claims or turns out to be many times larger than it lies there is refused. Memory does not grow with the input.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from oncogloss.batch.aact import has_tables, read_tables, read_zipped_tables
from oncogloss.errors import InputError, MissingExtraError, shown
from oncogloss.readers import read_bytes, read_stream
from oncogloss.readers.files import looked_through, no_files
from oncogloss.schema import PASSAGE_NAMES, Document

Item = Document | InputError
Passed = Callable[[int], None]

LARGEST = 64 << 20  # bytes of a record, or of a page of records
RATIO = 200  # text shrinks to a tenth; a bomb to a thousandth
FREE = 1 << 20  # bytes that any file may unpack to
GROUP = 1 << 30  # bytes of a row group of a Parquet file
_ZIP, _GZIP, _PARQUET = b"PK\x03\x04", b"\x1f\x8b", b"PAR1"
_BROKEN = (BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)
_DOCX = "word/document.xml"  # what an archive holds that is a document itself
_JSON_COLUMNS = ("json", "record", "study")


def read_inputs(paths: Iterable[Path], passed: Passed) -> Iterator[Item]:
    """All records of the paths given; what cannot be read is an InputError in the stream.

    `passed` is told how many bytes of the inputs were gone through, as the reading goes on.
    """
    for path in paths:
        yield from _errors_among(_read_given(path, passed), shown(str(path)))


def _read_given(path: Path, passed: Passed) -> Iterator[Item]:
    if has_tables(path):
        yield from read_tables(path)
        passed(input_bytes([path]))
        return
    files, left = looked_through(path)
    yield from left
    if not files:
        yield no_files(path)
    for file in files:
        source = shown(str(file))
        yield from _errors_among(_read_file(file, source, passed), source)


def _errors_among(
    items: Iterator[Item], source: str, broken: str = "cannot be read ({}); check it or fetch it again."
) -> Iterator[Item]:
    """The items of a source, with what ends them as the last one, and on each error where it is from."""
    try:
        for item in items:
            yield _sourced(item, source) if isinstance(item, InputError) else item
    except InputError as error:
        yield _sourced(error.with_traceback(None), source)
    except MissingExtraError as error:
        yield _sourced(InputError(f"{source}: {error}"), source)
    except _BROKEN as error:
        yield _sourced(InputError(f"{source}: {broken.format(_reason(error))}"), source)


def _sourced(error: InputError, source: str) -> InputError:
    error.source = error.source or source
    return error


def input_bytes(paths: Iterable[Path]) -> int:
    """How many bytes the inputs have on the disk."""
    files = (f for p in paths for f in (p.rglob("*") if p.is_dir() else [p]) if os.path.isfile(f))
    return sum(f.stat().st_size for f in files)


def _read_file(path: Path, source: str, passed: Passed) -> Iterator[Item]:
    with path.open("rb") as opened:  # once: what was read of a pipe is gone from it
        magic = opened.peek(4)[:4]
        if magic in (_ZIP, _PARQUET) and not path.is_file():
            raise InputError(f"{source}: a zip archive or Parquet through a pipe; save it as a file and give that.")
        if magic == _ZIP:
            yield from _read_zip(path, opened, source, passed)
        elif magic == _PARQUET:
            yield from _read_parquet(path, source, passed)
        else:
            yield from _read_opened(opened, source, passed)


def _read_opened(opened: io.BufferedReader, source: str, passed: Passed) -> Iterator[Item]:
    raw = _Counted(opened, passed)
    file = io.BufferedReader(raw)
    packed = opened.peek(2)[:2] == _GZIP
    unpacked = _Unpacked(gzip.GzipFile(fileobj=file), source, raw.tell) if packed else file
    with _Capped(unpacked, source) as stream:
        yield from read_stream(stream, source)


def _reason(error: BaseException) -> str:
    strerror = getattr(error, "strerror", None)
    return shown(str(strerror or error or type(error).__name__))[:100]


class _Counted(io.RawIOBase):
    """What an open file holds, with how much of it was read."""

    def __init__(self, opened: io.BufferedReader, passed: Passed) -> None:
        self._opened, self._passed, self._read = opened, passed, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """How many bytes were read, of a pipe too."""
        return self._read

    def readinto(self, buffer: Any, /) -> int:
        """Read into a buffer; returns how many bytes, 0 at the end."""
        n = self._opened.readinto1(buffer)
        self._read += n
        self._passed(n)
        return n


class _Unpacked(io.RawIOBase):
    """The content of an archive, refused once it is RATIO times what was read for it."""

    def __init__(self, inner: Any, source: str, packed: Callable[[], int]) -> None:
        self._inner, self._source, self._packed, self._given = inner, source, packed, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read into a buffer; returns how many bytes, 0 at the end."""
        data = self._inner.read(min(len(buffer), FREE))
        self._given += len(data)
        if self._given > FREE + RATIO * self._packed():
            raise InputError(_too_large(self._source))
        buffer[: len(data)] = data
        return len(data)


class _Capped(io.BufferedReader):
    """A file whose lines, and which itself where it is read whole, must not be larger than LARGEST."""

    def __init__(self, inner: Any, source: str) -> None:
        super().__init__(inner)
        self._source = source

    def __next__(self) -> bytes:
        line = self._checked(self.readline(LARGEST + 1))
        if not line:
            raise StopIteration
        return line

    def read(self, size: int | None = -1, /) -> bytes:
        """All that is left of it."""
        return self._checked(super().read(LARGEST + 1))

    def _checked(self, data: bytes) -> bytes:
        if len(data) > LARGEST:
            raise InputError(
                f"{self._source}: a record or page of more than {LARGEST >> 20} MiB; give JSON lines or single records."
            )
        return data


def _too_large(source: str) -> str:
    return f"{source}: unpacks to far more than trial text does, so it was left alone; fetch it again."


def _read_zip(path: Path, opened: io.BufferedReader, source: str, passed: Passed) -> Iterator[Item]:
    packed = path.stat().st_size
    with ZipFile(path) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not _hidden(m)]
        if any(m.filename == _DOCX for m in members):
            yield from _read_opened(opened, source, passed)
            return
        if sum(m.file_size for m in members) > FREE + RATIO * packed:
            raise InputError(_too_large(source))
        if has_tables(m.filename for m in members):
            yield from read_zipped_tables(archive, members, source)
            passed(packed)
            return
        for member in members:
            name = f"{source}/{shown(member.filename)}"
            broken = "cannot be unpacked ({}); fetch the archive again."
            yield from _errors_among(_read_member(archive, member, name), name, broken)
            passed(member.compress_size)


def _hidden(member: ZipInfo) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in Path(member.filename).parts)


def _read_member(archive: ZipFile, member: ZipInfo, source: str) -> Iterator[Item]:
    if member.file_size > FREE + RATIO * member.compress_size:
        raise InputError(_too_large(source))
    if member.flag_bits & 1:
        raise InputError(f"{source}: is encrypted; unpack it with its password first.")
    with (
        archive.open(member) as file,
        _Capped(_Unpacked(file, source, lambda: member.compress_size), source) as stream,
    ):
        yield from read_stream(stream, source)


def _read_parquet(path: Path, source: str, passed: Passed) -> Iterator[Item]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError("pyarrow", "tables") from None

    rows = count(1)
    try:
        file = pq.ParquetFile(path)
        sizes = [file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups)]
        if max(sizes, default=0) > GROUP:
            raise InputError(f"{source}: a row group of more than {GROUP >> 30} GiB; write it in smaller ones.")
        for group in range(len(sizes)):
            for batch in file.iter_batches(batch_size=64, row_groups=[group]):
                for row in batch.to_pylist():
                    yield from _read_row(row, f"{source}, row {next(rows)}")
            passed(path.stat().st_size // len(sizes))
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{source}: cannot be read as Parquet ({type(error).__name__}); write it again.") from None


def _read_row(row: dict[str, Any], source: str) -> Iterator[Item]:
    """A row that holds a record as JSON, or an id and passages: a map, a struct, or a column for each."""
    text = next((row[name] for name in _JSON_COLUMNS if row.get(name)), None)
    if text is not None:
        yield from read_bytes(text if isinstance(text, bytes) else str(text).encode(), source)
        return
    passages = row.get("passages", {name: row.get(name) for name in PASSAGE_NAMES})
    try:
        kept = {name: words for name, words in dict(passages or {}).items() if words is not None}
    except (TypeError, ValueError):
        yield InputError(f"{source}: `passages` is neither a map nor a struct; write it as one.")
        return
    record = {"id": row.get("id", row.get("nct_id")), "passages": kept}
    yield from read_bytes(json.dumps(record, default=str).encode(), source)
