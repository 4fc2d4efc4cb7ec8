"""Reviews in one SQLite file: records as they were read, and the edits of each reviewer as a list that only grows."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, TypeAdapter

from oncogloss.errors import StoreError, shown
from oncogloss.schema import Document, Extraction
from oncogloss.service.edits import Agreement, Change, Edit, Step, agreement, corrected, doubt, standing, training_row
from oncogloss.service.problems import ProblemError

State = Literal["open", "done", "skipped"]
_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
  id TEXT PRIMARY KEY, record TEXT NOT NULL, doubt REAL NOT NULL, added TEXT NOT NULL,
  document TEXT NOT NULL, extraction TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS edits (
  number INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL REFERENCES records (id),
  reviewer TEXT NOT NULL, time TEXT NOT NULL, edit TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS states (
  record TEXT NOT NULL REFERENCES records (id), reviewer TEXT NOT NULL, time TEXT NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (record, reviewer)) STRICT;
"""
_EDIT: TypeAdapter[Change | Step] = TypeAdapter(Edit)


class Done(BaseModel):
    """An edit as history tells it."""

    reviewer: str
    time: str
    edit: Edit


class Listed(BaseModel):
    """A record of the queue."""

    id: str
    record: str
    doubt: float
    edits: int
    reviewers: dict[str, State]


class Review(BaseModel):
    """A record as one reviewer has it now."""

    id: str
    reviewer: str
    state: State
    document: Document
    extraction: Extraction
    can_undo: bool
    can_redo: bool
    history: list[Done]
    agreement: list[Agreement]


class Reviews:
    """The file. All its methods may be called from any thread; one writes at a time, whole or not at all."""

    def __init__(self, path: Path) -> None:
        try:
            path.touch(mode=0o600)  # it holds texts
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise StoreError(f"{shown(str(path))}: cannot be used for reviews ({reason}).") from None
        self._lock = threading.Lock()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Nothing more is written."""
        with self._lock:
            self._db.close()

    def add(self, document: Document, extraction: Extraction) -> str:
        """The id of the record under review; one whose text is there already keeps its first reading."""
        id = id_of(document)
        row = (id, document.id, doubt(extraction), _now(), document.model_dump_json(), extraction.model_dump_json())
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?, ?)", row)
        return id

    def listed(self) -> list[Listed]:
        """All records, the most doubtful first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id, record, doubt, (SELECT count(*) FROM edits e WHERE e.record = r.id) FROM records r "
                "ORDER BY doubt DESC, id"
            ).fetchall()
            said = self._db.execute(
                "SELECT record, reviewer, 'open' FROM edits UNION ALL SELECT record, reviewer, state FROM states"
            ).fetchall()
        reviewers: defaultdict[str, dict[str, State]] = defaultdict(dict)
        for record, who, state in said:
            reviewers[record][who] = state
        return [
            Listed(id=id, record=record, doubt=round(d, 4), edits=n, reviewers=reviewers[id])
            for id, record, d, n in rows
        ]

    def next(self, reviewer: str) -> str | None:
        """The id of the most doubtful record that this reviewer has neither done nor skipped."""
        with self._lock:
            row = self._db.execute(
                "SELECT id FROM records WHERE id NOT IN (SELECT record FROM states WHERE reviewer = ? AND "
                "state != 'open') ORDER BY doubt DESC, id LIMIT 1",
                (reviewer,),
            ).fetchone()
        return row[0] if row else None

    def review(self, id: str, reviewer: str) -> Review:
        """The record as `reviewer` has it. Raises ProblemError 404 where there is none."""
        document, extraction = self._record(id)
        history = self._history(id)
        mine = [h.edit for h in history if h.reviewer == reviewer]
        states = self._reviewers(id)
        own = corrected(document, extraction, mine)
        finals = {
            who: own if who == reviewer else self._state_of(document, extraction, history, who)
            for who in states
            if states[who] != "skipped"
        }
        return Review(
            id=id,
            reviewer=reviewer,
            state=states.get(reviewer, "open"),
            document=document,
            extraction=own,
            can_undo=bool(standing(mine)),
            can_redo=_can_redo(mine),
            history=history,
            agreement=[agreement((a, b), finals[a], finals[b]) for a, b in combinations(sorted(finals), 2)],
        )

    def edit(self, id: str, reviewer: str, edit: Change | Step) -> None:
        """Add an edit. Raises ProblemError 404 for an unknown record, 422 for an edit that cannot be made."""
        document, extraction = self._record(id)
        with self._writing() as db:
            rows = db.execute(
                "SELECT edit FROM edits WHERE record = ? AND reviewer = ? ORDER BY number", (id, reviewer)
            )
            edits = [_EDIT.validate_json(row[0]) for row in rows]
            corrected(document, extraction, [*edits, edit])
            said = edit.model_dump_json(exclude_unset=True)
            db.execute(
                "INSERT INTO edits (record, reviewer, time, edit) VALUES (?, ?, ?, ?)", (id, reviewer, _now(), said)
            )

    def mark(self, id: str, reviewer: str, state: State) -> None:
        """Say that a reviewer is done with a record, or skips it. Raises ProblemError 404 for an unknown record."""
        self._record(id)
        with self._writing() as db:
            db.execute("INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?)", (id, reviewer, _now(), state))

    def export(self, reviewer: str | None = None) -> Iterator[str]:
        """Lines of training data: each record that `reviewer` (or whoever did so last) is done with."""
        with self._lock:
            rows = self._db.execute(
                "SELECT record, reviewer, max(time) FROM states WHERE state = 'done' AND (?1 IS NULL OR reviewer = ?1) "
                "GROUP BY record ORDER BY record",
                (reviewer,),
            ).fetchall()
        for id, who, _ in rows:
            document, extraction = self._record(id)
            final = self._state_of(document, extraction, self._history(id), who)
            yield json.dumps(training_row(document, final), ensure_ascii=False, separators=(",", ":")) + "\n"

    def not_done(self, reviewer: str | None = None) -> int:
        """How many records `reviewer` (or anybody) has edited that `export` leaves out, since nobody is done with them
        or skipped them."""
        with self._lock:
            (count,) = self._db.execute(
                "SELECT count(DISTINCT record) FROM edits e WHERE (?1 IS NULL OR reviewer = ?1) AND NOT EXISTS "
                "(SELECT 1 FROM states s WHERE s.record = e.record AND (?1 IS NULL OR s.reviewer = ?1) "
                "AND (s.state = 'done' OR s.state = 'skipped' AND s.reviewer = e.reviewer))",
                (reviewer,),
            ).fetchone()
        return int(count)

    def _record(self, id: str) -> tuple[Document, Extraction]:
        with self._lock:
            row = self._db.execute("SELECT document, extraction FROM records WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise ProblemError(404, "There is no such record under review.")
        return Document.model_validate_json(row[0]), Extraction.model_validate_json(row[1])

    def _history(self, id: str) -> list[Done]:
        with self._lock:
            rows = self._db.execute(
                "SELECT reviewer, time, edit FROM edits WHERE record = ? ORDER BY number", (id,)
            ).fetchall()
        return [Done(reviewer=who, time=time, edit=_EDIT.validate_json(edit)) for who, time, edit in rows]

    def _reviewers(self, id: str) -> dict[str, State]:
        with self._lock:
            rows = self._db.execute(
                "SELECT reviewer, 'open' FROM edits WHERE record = ?1 UNION ALL "
                "SELECT reviewer, state FROM states WHERE record = ?1",
                (id,),
            ).fetchall()
        return dict(rows)

    @staticmethod
    def _state_of(document: Document, extraction: Extraction, history: list[Done], reviewer: str) -> Extraction:
        return corrected(document, extraction, [h.edit for h in history if h.reviewer == reviewer])


def id_of(document: Document) -> str:
    """What names a record under review: a digest of its id and texts, so that another version is another record."""
    parts = [document.id, *(part for p in document.passages for part in (p.name, p.text))]
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()[:24]


def _can_redo(edits: list[Change | Step]) -> bool:
    try:
        standing([*edits, Step(op="redo")])
    except ProblemError:
        return False
    return True


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
