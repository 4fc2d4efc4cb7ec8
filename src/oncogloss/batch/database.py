"""SQL over a store: a DuckDB file made from its parts, anew when the parts or our views changed or it is damaged.

Of a record that was read several times the last reading counts. Whoever finds the file old makes a new one in a folder
of its own and puts it in the other's place in one step, so that others see the old one or the new one, never a half.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oncogloss.batch.sql import file_literal
from oncogloss.batch.store import COLUMNS, Line, damaged_files, files_of, parts_of, read_log
from oncogloss.errors import InputError, MissingExtraError, StoreError, shown
from oncogloss.writers.tables import Kind

if TYPE_CHECKING:
    import duckdb

FILE = "trials.duckdb"
_DRAFT = ".making-"
_STALE = 24 * 3600  # seconds after which nobody makes a draft any more
_TYPES: dict[Kind, str] = {
    "text": "VARCHAR", "integer": "BIGINT", "real": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE",
    "texts": "VARCHAR[]",
}  # fmt: skip
_RUNS = {
    "run": "BIGINT", "began": "VARCHAR", "ended": "VARCHAR", "oncogloss": "VARCHAR", "model": "VARCHAR",
    "model_sha256": "VARCHAR", "system_sha256": "VARCHAR", "read": "BIGINT", "failed": "BIGINT", "unchanged": "BIGINT",
    "left_out": "BIGINT", "known": "BIGINT", "parts": "BIGINT",
}  # fmt: skip
_READ_ONLY = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
TABLES = (
    "SELECT table_name AS name, table_type AS kind, string_agg(column_name, ', ' ORDER BY ordinal_position) AS columns "
    "FROM information_schema.tables JOIN information_schema.columns USING (table_name) "
    "WHERE table_name <> 'state' GROUP BY ALL ORDER BY kind, name"
)
Answer = tuple[list[str], list[tuple[Any, ...]]]


def ask(folder: Path, sql: str) -> Answer:
    """(names of columns, rows) of a query, or of the table or view of that name.

    Raises StoreError where there is no store or a part of it is damaged, InputError where the query is wrong.
    """
    duckdb = _duckdb()
    query = f"FROM {sql}" if sql.isidentifier() else sql
    problem = ""
    for attempt in (1, 2):
        path = made(folder, anew=attempt == 2)
        try:
            with duckdb.connect(str(path), read_only=True, config=_READ_ONLY) as connection:
                asked = connection.execute(query)
                if asked is None:
                    raise InputError("The query holds no statement, only a comment; see oncogloss query STORE.")
                return [column[0] for column in asked.description or ()], asked.fetchall()
        except (
            duckdb.IOException,
            duckdb.FatalException,
            duckdb.InternalException,
            duckdb.SerializationException,
        ) as e:
            problem = str(e)
        except duckdb.Error as error:
            problem = str(error)
            break
    raise InputError(f"The query cannot be answered: {shown(problem.splitlines()[0])}; see oncogloss query STORE.")


def made(folder: Path, *, anew: bool = False) -> Path:
    """The DuckDB file of a store, made if it is missing, older than the parts or not to be opened, or `anew`."""
    path = folder / FILE
    log = read_log(folder)
    state = hashlib.sha256((json.dumps(log) + views_sql()).encode()).hexdigest()
    if not anew and not Path(f"{path}.wal").exists() and _state_of(path) == state:
        return path
    if damaged := damaged_files(folder):
        raise StoreError(f"{shown(damaged[0])}: is missing or differs from its digest; bring it back from a copy.")
    try:
        _sweep(folder)
        with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=folder, ignore_cleanup_errors=True) as room:
            draft = Path(room) / FILE
            with _duckdb().connect(str(draft), config=_READ_ONLY) as connection:
                _fill(connection, folder, log)
                connection.execute("CREATE TABLE state AS SELECT ? AS made_from", [state])
            Path(f"{path}.wal").unlink(missing_ok=True)
            draft.replace(path)
    except (OSError, _duckdb().Error) as error:
        problem = shown(str(error).splitlines()[0])[:120]
        raise StoreError(f"{shown(str(path))}: cannot be made ({problem}); mend that and ask again.") from None
    return path


def _sweep(folder: Path) -> None:
    """Remove what processes that were killed had begun to make."""
    for room in folder.glob(f"{_DRAFT}*"):
        with suppress(FileNotFoundError):  # done, meanwhile
            if room.stat().st_mtime < time.time() - _STALE:
                shutil.rmtree(room, ignore_errors=True)


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError:
        raise MissingExtraError("duckdb", "tables") from None
    return duckdb


def _state_of(path: Path) -> str:
    if not path.is_file():
        return ""
    try:
        with _duckdb().connect(str(path), read_only=True) as connection:
            return str(connection.execute("SELECT made_from FROM state").fetchall()[0][0])
    except (_duckdb().Error, IndexError, UnicodeDecodeError):
        return ""


def _fill(connection: duckdb.DuckDBPyConnection, folder: Path, log: list[Line]) -> None:
    connection.execute("SET preserve_insertion_order=false; SET memory_limit='600MB'")
    for table, columns in COLUMNS.items():
        names = ", ".join(f"{name} {_TYPES[kind]}" for name, kind in columns.items())
        connection.execute(f"CREATE TABLE {table} ({names}, part INTEGER)")
    if any(parts_of(log)):
        connection.execute(
            "CREATE TEMP TABLE latest AS SELECT record, max(part) AS part, arg_max(source, part) AS source "
            f"FROM {_parquet(folder, 'records', log)} GROUP BY record"
        )
        for table in COLUMNS:
            rows = f"SELECT * FROM {_parquet(folder, table, log)} t"
            kept = "EXISTS (FROM latest l WHERE l.record = t.record AND l.part = t.part)"
            if table == "failures":  # a place that could not be read counts until it can be
                later = "l.part > t.part AND (l.source = t.source OR starts_with(t.source, l.source || ', '))"
                kept += f" OR record IS NULL AND NOT EXISTS (FROM latest l WHERE {later})"
            connection.execute(f"INSERT INTO {table} BY NAME {rows} WHERE {kept}")
    connection.execute(f"CREATE TABLE runs ({', '.join(f'{n} {t}' for n, t in _RUNS.items())})")
    ends = {line["run"]: line for line in log if line["kind"] == "end"}
    for line in log:
        if line["kind"] == "run":
            values = {**line, **ends.get(line["run"], {})}
            marks = ", ".join("?" for _ in _RUNS)
            connection.execute(f"INSERT INTO runs VALUES ({marks})", [values.get(name) for name in _RUNS])
    connection.execute(views_sql())


def _parquet(folder: Path, table: str, log: list[Line]) -> str:
    files = ", ".join(map(file_literal, files_of(folder, table, log)))
    return f"read_parquet([{files}], hive_partitioning=false)"


def views_sql() -> str:
    """The SQL of the views, with comments."""
    return (files("oncogloss.batch") / "views.sql").read_text(encoding="utf-8")
