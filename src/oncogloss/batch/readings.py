"""What the network read of texts seen before, by content, so that it need not read them again.

A window of the network spans passages, so what it says of a criterion depends on what stands around it: only the
reading of all the passages of a record together may be kept. The file may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable
from pathlib import Path

from oncogloss.model.decode import Decoded, OwnSpan
from oncogloss.schema import Document, Extraction, ModelInfo

FILE = "readings.sqlite"
_NO_MODEL = ModelInfo(name="", version="", sha256="")


class Readings:
    """The file of readings; a damaged one is begun anew."""

    def __init__(self, folder: Path) -> None:
        path = folder / FILE
        try:
            self._file = _opened(path)
        except sqlite3.DatabaseError:
            for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
                (folder / name).unlink(missing_ok=True)
            self._file = _opened(path)

    def get(self, key: bytes) -> bytes | None:
        """The packed reading of that key, if it is known."""
        try:
            found = self._file.execute("SELECT reading FROM readings WHERE key = ?", (key,)).fetchone()
        except sqlite3.DatabaseError:
            return None
        return bytes(found[0]) if found else None

    def add(self, readings: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep readings; where that fails they will be read again, which is all that is lost."""
        try:
            with self._file:
                self._file.executemany("INSERT OR REPLACE INTO readings VALUES (?, ?)", readings)
        except sqlite3.DatabaseError:
            return

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _opened(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path)
    file.execute("PRAGMA journal_mode=WAL")
    file.execute("PRAGMA synchronous=OFF")
    file.execute("CREATE TABLE IF NOT EXISTS readings (key BLOB PRIMARY KEY, reading BLOB) WITHOUT ROWID")
    return file


def key_of(document: Document, system_sha256: str) -> bytes:
    """What the network's reading of a document depends on: the names and texts of its passages, and the system."""
    digest = hashlib.sha256(system_sha256.encode())
    for passage in document.passages:
        for text in (passage.name, passage.text):
            data = text.encode()
            digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()


def packed(found: Decoded) -> bytes:
    """A reading as bytes."""
    kept = Extraction(
        id="", model=_NO_MODEL, passages=found.readings, mentions=found.mentions, relations=found.relations,
        criteria=found.criteria,
    )  # fmt: skip
    own = json.dumps(found.own, ensure_ascii=False)
    return zlib.compress(f"{own}\n{kept.model_dump_json(exclude_defaults=True)}".encode(), 1)


def unpacked(data: bytes | None) -> Decoded | None:
    """The reading that was packed; None where there is none or it is damaged."""
    if data is None:
        return None
    try:
        own, _, rest = zlib.decompress(data).partition(b"\n")
        kept = Extraction.model_validate_json(rest)
        spans = tuple(OwnSpan(*span) for span in json.loads(own))
    except (zlib.error, ValueError, TypeError):
        return None
    return Decoded(kept.passages, kept.mentions, kept.relations, kept.criteria, spans)
