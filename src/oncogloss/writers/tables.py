"""Flat tables of extractions, as CSV files, an Excel workbook, Parquet files or a DuckDB database.

Ids are those of the extraction: a mention, criterion or passage is known by `record` and its own id. A column of
`texts` holds a list; CSV and Excel, which have none, join it with `|`, and write yes or no for a boolean. Logic,
sections and requirements stay JSON.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from oncogloss.errors import InputError, MissingExtraError, shown
from oncogloss.schema import Concept, Document, Extraction, Mention, Registry, Treatment
from oncogloss.writers.criteria import passage_text
from oncogloss.writers.names import distinct

if TYPE_CHECKING:
    import pyarrow
    from openpyxl import Workbook

Kind = Literal["text", "integer", "real", "boolean", "date", "texts"]
Pair = tuple[Document, Extraction]
Row = dict[str, Any]

_SPAN: dict[str, Kind] = {"record": "text", "passage": "text", "start_char": "integer", "end_char": "integer"}

COLUMNS: dict[str, dict[str, Kind]] = {
    "trials": {
        "record": "text", "title": "text", "conditions": "texts",
        "model_name": "text", "model_version": "text", "model_sha256": "text",
        "cancers": "texts", "stages": "texts", "states": "texts", "treatments": "texts",
        "lines": "texts", "washouts": "texts",
        "biomarkers": "text", "prior_treatments": "text", "minimum_age": "real", "maximum_age": "real", "sex": "text",
        "phases": "texts", "status": "text", "study_type": "text", "sponsor": "text",
        "first_posted": "date",
    },
    "passages": {
        "record": "text", "passage": "text", "text_sha256": "text", "characters": "integer", "sentences": "integer",
        "sections": "text",
    },
    "mentions": {
        **_SPAN, "mention": "text", "text": "text", "type": "text", "attributes": "texts", "score": "real",
        "expansion": "text", "concept_id": "text", "concept_name": "text", "concept_vocabulary": "text",
        "concept_score": "real", "concept_match": "text", "concept_xrefs": "texts", "concept_parents": "texts",
        "drug_class": "text", "drug_targets": "texts", "concept_members": "texts", "marker_genes": "texts",
        "marker_alteration": "text", "marker_state": "text", "marker_threshold": "text",
    },
    "relations": {
        "record": "text", "type": "text", "head": "text", "tail": "text", "head_text": "text", "tail_text": "text",
        "score": "real",
    },
    "criteria": {
        **_SPAN, "criterion": "text", "text": "text", "side": "text", "parent": "text", "categories": "texts",
        "mentions": "texts", "score": "real", "logic": "text",
    },
    "thresholds": {
        "record": "text", "criterion": "text", "measure": "text", "operator": "text", "value": "real", "high": "real",
        "unit": "text", "text": "text", "condition": "text", "denied": "boolean", "mentions": "texts",
    },
    "arms": {
        "record": "text", "arm": "integer", "label": "text", "kind": "text", "treatment": "text",
        "treatment_name": "text", "doses": "texts", "routes": "texts", "schedules": "texts", "settings": "texts",
        "combined_with": "texts",
    },
    "endpoints": {
        "record": "text", "mention": "text", "name": "text", "title": "text", "rank": "text", "time_frame": "text",
        "time_low_days": "real", "time_high_days": "real", "time_event": "text", "instruments": "texts",
    },
    "coverage": {**_SPAN, "status": "text", "reason": "text", "lacks": "texts", "decisive": "boolean"},
    "flags": {
        "record": "text", "kind": "text", "message": "text", "mentions": "texts", "criteria": "texts",
    },
    "own_mentions": {**_SPAN, "text": "text", "label": "text", "score": "real"},
}  # fmt: skip


def table_rows(pairs: Iterable[Pair]) -> dict[str, list[Row]]:
    """The rows of each table in `COLUMNS`, in the order of the records; every row has every column.

    A record whose id is that of one before gets a number: `notes`, `notes_2`.
    """
    tables: dict[str, list[Row]] = {name: [] for name in COLUMNS}
    taken: set[str] = set()
    for document, extraction in pairs:
        record = distinct(extraction.id, taken)
        for name, make in _MAKERS.items():
            for row in make(document, extraction):
                tables[name].append({"record": record, **row})
    return tables


def _json(items: Iterable[Any]) -> str:
    return json.dumps([item.model_dump(mode="json") for item in items], ensure_ascii=False)


_OF_SUMMARY = ("cancers", "stages", "states", "treatments", "lines", "washouts", "sex")


def _trials(document: Document, extraction: Extraction) -> Iterator[Row]:
    summary, model, registry = extraction.summary, extraction.model, document.registry or Registry()
    conditions = next((p.text for p in document.passages if p.name == "conditions"), "")
    yield {
        "title": passage_text(document, "brief_title", "official_title") or None,
        "conditions": tuple(conditions.splitlines()),
        "model_name": model.name,
        "model_version": model.version,
        "model_sha256": model.sha256,
        **{name: getattr(summary, name) for name in _OF_SUMMARY},
        "biomarkers": _json(summary.biomarkers),
        "prior_treatments": _json(summary.prior_treatments),
        "minimum_age": summary.age[0],
        "maximum_age": summary.age[1],
        **{name: getattr(registry, name) for name in ("phases", "status", "study_type", "sponsor")},
        "first_posted": _day(registry.first_posted),
    }


def _day(said: str) -> date | None:
    """The day of a date; of a month its first."""
    with suppress(ValueError):
        return date.fromisoformat(f"{said}-01" if re.fullmatch(r"\d{4}-\d\d", said) else said)
    return None


def _passages(document: Document, extraction: Extraction) -> Iterator[Row]:
    lengths = {p.name: len(p.text) for p in document.passages}
    for reading in extraction.passages:
        yield {
            "passage": reading.name,
            "text_sha256": reading.text_sha256,
            "characters": lengths[reading.name],
            "sentences": len(reading.sentences),
            "sections": _json(reading.sections),
        }


def _mentions(document: Document, extraction: Extraction) -> Iterator[Row]:
    for m in extraction.mentions:
        yield {
            "passage": m.passage,
            "start_char": m.start,
            "end_char": m.end,
            "mention": m.id,
            **{name: getattr(m, name) for name in ("text", "type", "attributes", "score", "expansion")},
            **_concept(m.concept),
        }


_OF_CONCEPT = (
    *((f"concept_{name}", name) for name in ("id", "name", "vocabulary", "score", "match")),
    *((f"concept_{name}", name) for name in ("xrefs", "parents", "members")),
    ("drug_class", "drug_class"),
    ("drug_targets", "targets"),
)
_OF_MARKER = tuple((f"marker_{name}", name) for name in ("genes", "alteration", "state", "threshold"))
_NO_CONCEPT, _NO_MARKER = (dict.fromkeys(column for column, _ in columns) for columns in (_OF_CONCEPT, _OF_MARKER))


def _concept(concept: Concept | None) -> Row:
    marker = concept.marker if concept else None
    return {
        **({column: getattr(concept, name) for column, name in _OF_CONCEPT} if concept else _NO_CONCEPT),
        **({column: getattr(marker, name) for column, name in _OF_MARKER} if marker else _NO_MARKER),
    }


def _relations(document: Document, extraction: Extraction) -> Iterator[Row]:
    texts = {m.id: m.text for m in extraction.mentions}
    for r in extraction.relations:
        yield {
            **{name: getattr(r, name) for name in ("type", "head", "tail", "score")},
            "head_text": texts[r.head],
            "tail_text": texts[r.tail],
        }


def _criteria(document: Document, extraction: Extraction) -> Iterator[Row]:
    texts = {p.name: p.text for p in document.passages}
    for c in extraction.criteria:
        yield {
            "passage": c.passage,
            "start_char": c.start,
            "end_char": c.end,
            "criterion": c.id,
            "text": texts[c.passage][c.start : c.end],
            **{name: getattr(c, name) for name in ("side", "parent", "categories", "mentions", "score")},
            "logic": c.logic.model_dump_json(exclude_defaults=True) if c.logic else None,
        }


def _thresholds(document: Document, extraction: Extraction) -> Iterator[Row]:
    for threshold in extraction.thresholds:
        yield threshold.model_dump()


def _arms(document: Document, extraction: Extraction) -> Iterator[Row]:
    """One row for each treatment of an arm; an arm without any has one row of its own."""
    named = {m.id: m for m in extraction.mentions}
    for number, arm in enumerate(extraction.arms, 1):
        given: Sequence[Treatment | None] = arm.treatments or (None,)
        for treatment in given:
            yield {
                "arm": number,
                "label": arm.label,
                "kind": arm.kind,
                "treatment": treatment.mention if treatment else None,
                "treatment_name": _name(named[treatment.mention]) if treatment else None,
                **{
                    name: getattr(treatment, name, None)
                    for name in ("doses", "routes", "schedules", "settings", "combined_with")
                },
            }


def _name(mention: Mention) -> str:
    return mention.concept.name if mention.concept else mention.text


def _endpoints(document: Document, extraction: Extraction) -> Iterator[Row]:
    for endpoint in extraction.endpoints:
        frame = endpoint.time_frame
        yield {
            **{name: getattr(endpoint, name) for name in ("mention", "name", "title", "rank")},
            "time_frame": frame.text if frame else None,
            "time_low_days": frame.low if frame else None,
            "time_high_days": frame.high if frame else None,
            "time_event": frame.event if frame else None,
            "instruments": endpoint.criteria,
        }


def _coverage(document: Document, extraction: Extraction) -> Iterator[Row]:
    for c in extraction.coverage:
        yield {
            "passage": c.passage, "start_char": c.start, "end_char": c.end, "status": c.status, "reason": c.reason,
            "lacks": c.lacks, "decisive": c.decisive,
        }  # fmt: skip


def _flags(document: Document, extraction: Extraction) -> Iterator[Row]:
    for flag in extraction.flags:
        yield flag.model_dump()


def _own_mentions(document: Document, extraction: Extraction) -> Iterator[Row]:
    for m in extraction.own:
        yield {
            "passage": m.passage, "start_char": m.start, "end_char": m.end, "text": m.text, "label": m.label,
            "score": m.score,
        }  # fmt: skip


_MAKERS: dict[str, Callable[[Document, Extraction], Iterator[Row]]] = {
    "trials": _trials,
    "passages": _passages,
    "mentions": _mentions,
    "relations": _relations,
    "criteria": _criteria,
    "thresholds": _thresholds,
    "arms": _arms,
    "endpoints": _endpoints,
    "coverage": _coverage,
    "flags": _flags,
    "own_mentions": _own_mentions,
}


_CELLS: dict[Kind, Callable[[Any], str]] = {
    "texts": "|".join,
    "boolean": lambda holds: "yes" if holds else "no",
    "date": date.isoformat,
}


def _flat(row: Row, columns: dict[str, Kind]) -> list[Any]:
    """The cells of a row in a format that has no lists, booleans and dates."""
    return [
        _CELLS[kind](row[name]) if kind in _CELLS and row[name] is not None else row[name]
        for name, kind in columns.items()
    ]


def write_csv(pairs: Iterable[Pair], out: Path) -> None:
    """Write a folder of CSV files (UTF-8), one a table; what is not there is an empty cell."""
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in table_rows(pairs).items():
        with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS[name])
            writer.writerows(_flat(row, COLUMNS[name]) for row in rows)


_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LONGEST_CELL = 32_767  # characters that Excel takes


def write_xlsx(pairs: Iterable[Pair], out: Path) -> None:
    """Write an Excel workbook, one sheet a table. No cell is a formula, whatever its text begins with; characters
    that a workbook cannot hold are replaced, and a text is cut at Excel's limit.

    Raises MissingExtraError where openpyxl is not installed, OSError where there is no room for the workbook.
    """
    try:
        from openpyxl import Workbook
    except ImportError:
        raise MissingExtraError("openpyxl", "tables") from None

    book = Workbook(write_only=True)
    try:
        _fill(book, table_rows(pairs))
        book.save(out)
    except Exception as error:  # lxml, which openpyxl takes where it is installed, raises its own: "IO_ENOSPC"
        code = getattr(errno, str(error).removeprefix("IO_"), None)
        for sheet in book.worksheets * 2:  # the rows, then what holds them: else they speak up when they are let go
            with suppress(Exception):
                sheet.close()
        if code is None:
            raise
        raise OSError(code, os.strerror(code)) from None


def _fill(book: Workbook, tables: dict[str, list[Row]]) -> None:
    from openpyxl.cell import WriteOnlyCell

    for name, rows in tables.items():
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"

        def cell(value: Any, sheet: Any = sheet) -> Any:
            if not isinstance(value, str):
                return value
            made = WriteOnlyCell(sheet, _UNFIT.sub("\N{REPLACEMENT CHARACTER}", value)[:_LONGEST_CELL])
            made.data_type = "s"
            made.quotePrefix = value.startswith(("=", "+", "-", "@"))
            return made

        sheet.append(list(COLUMNS[name]))
        for row in rows:
            sheet.append([cell(value) for value in _flat(row, COLUMNS[name])])


def arrow_tables(pairs: Iterable[Pair]) -> dict[str, pyarrow.Table]:
    """The tables as Arrow tables, each with its schema whatever the rows hold.

    Raises MissingExtraError where pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingExtraError("pyarrow", "tables") from None

    return {name: pa.Table.from_pylist(rows, arrow_schema(COLUMNS[name])) for name, rows in table_rows(pairs).items()}


def arrow_schema(columns: dict[str, Kind]) -> pyarrow.Schema:
    """The Arrow schema of a table with these columns."""
    import pyarrow as pa

    types = {
        "text": pa.string(), "integer": pa.int64(), "real": pa.float64(), "boolean": pa.bool_(), "date": pa.date32(),
        "texts": pa.list_(pa.string()),
    }  # fmt: skip
    return pa.schema([(column, types[kind]) for column, kind in columns.items()])


def write_parquet(pairs: Iterable[Pair], out: Path) -> None:
    """Write a folder of Parquet files, one a table. Raises MissingExtraError where pyarrow is not installed."""
    tables = arrow_tables(pairs)
    import pyarrow.parquet as pq

    out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        pq.write_table(table, out / f"{name}.parquet")


def write_duckdb(pairs: Iterable[Pair], out: Path) -> None:
    """Write the tables into a DuckDB file, all or none; tables of the same names there are replaced, others stay.

    Raises MissingExtraError where duckdb or pyarrow is not installed, InputError where the file is something else,
    OSError where DuckDB cannot write.
    """
    try:
        import duckdb
    except ImportError:
        raise MissingExtraError("duckdb", "tables") from None

    if out.exists() and not is_duckdb(out):
        raise InputError(f"{shown(str(out))}: is no DuckDB database; give another file with --out.")
    tables = arrow_tables(pairs)
    try:
        with duckdb.connect(str(out)) as connection:
            connection.begin()
            for name, table in tables.items():
                connection.register("rows", table)
                connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM rows")
                connection.unregister("rows")
            connection.commit()
    except duckdb.Error as error:
        reason = next((c for c in (errno.ENOSPC, errno.EFBIG) if os.strerror(c) in str(error)), errno.EIO)
        said = "DuckDB cannot write it" if reason == errno.EIO else os.strerror(reason)
        raise OSError(reason, said, str(out)) from None


def is_duckdb(path: Path) -> bool:
    """Whether a file is a DuckDB database: DuckDB opens other data files too, as databases that it never writes."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(12)[8:] == b"DUCK"
