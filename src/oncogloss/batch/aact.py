"""AACT's pipe-delimited tables, a folder or zip of them, joined into studies as the registry's JSON has them.

DuckDB joins them on the disk where memory does not hold them. What an older or newer export lacks is left out.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

from oncogloss.batch.sql import file_literal, literal
from oncogloss.errors import InputError, MissingExtraError, shown
from oncogloss.readers.ctgov import read_study
from oncogloss.schema import Document

TABLES: dict[str, tuple[str, ...]] = {
    "studies": ("brief_title", "official_title", "overall_status", "phase", "study_type", "study_first_posted_date"),
    "eligibilities": ("gender", "minimum_age", "maximum_age", "criteria"),
    "brief_summaries": ("description",),
    "detailed_descriptions": ("description",),
    "conditions": ("name",),
    "keywords": ("name",),
    "design_groups": ("group_type", "title", "description"),
    "interventions": ("id", "intervention_type", "name", "description"),
    "intervention_other_names": ("intervention_id", "name"),
    "design_outcomes": ("outcome_type", "measure", "time_frame", "description"),
    "sponsors": ("lead_or_collaborator", "name"),
}
_NEEDED = {"studies.txt", "eligibilities.txt"}
_LONGEST_LINE = 64 << 20
Row = dict[str, Any]


def has_tables(where: Path | Iterable[str]) -> bool:
    """Whether a folder, or an archive with these names of files, holds AACT's tables."""
    if isinstance(where, Path):
        return where.is_dir() and all((where / name).is_file() for name in _NEEDED)
    return {Path(name).name for name in where} >= _NEEDED


def read_zipped_tables(archive: ZipFile, members: list[ZipInfo], source: str) -> Iterator[Document | InputError]:
    """Read the tables of an archive, unpacked into a folder for temporary files meanwhile."""
    with tempfile.TemporaryDirectory(prefix="oncogloss-") as folder:
        for member in members:
            name = Path(member.filename).name
            if name.removesuffix(".txt") in TABLES:
                with archive.open(member) as packed, (Path(folder) / name).open("wb") as file:
                    shutil.copyfileobj(packed, file)
        yield from read_tables(Path(folder), source)


def read_tables(folder: Path, source: str = "") -> Iterator[Document | InputError]:
    """Read the studies of a folder of tables, in the order of their ids.

    Raises MissingExtraError where duckdb is not installed, InputError where a table cannot be read.
    """
    try:
        import duckdb
    except ImportError:
        raise MissingExtraError("duckdb", "tables") from None

    source = source or shown(str(folder))
    with tempfile.TemporaryDirectory(prefix="oncogloss-") as spill, duckdb.connect() as connection:
        connection.execute(f"SET memory_limit='500MB'; SET threads=1; SET temp_directory={literal(spill)}")
        try:
            for table, columns in TABLES.items():
                connection.execute(f"CREATE VIEW {table} AS {_select(folder / f'{table}.txt', columns)}")
            joined: Any = connection.sql(_JOIN)
            for batch in joined.to_arrow_reader(64):
                for row in batch.to_pylist():
                    yield _study_or_error(row, f"{source}, {row['nct_id']}")
        except duckdb.Error as error:
            problem = shown(str(error).splitlines()[0])[:120]
            raise InputError(f"{source}: AACT's tables cannot be read ({problem}); fetch them again.") from None


def _select(path: Path, columns: tuple[str, ...]) -> str:
    """SQL for the columns we read of a table; what is not there is null, what is no table is empty."""
    if not path.is_file():
        nulls = ", ".join(f"NULL::VARCHAR AS {c}" for c in ("nct_id", *columns))
        return f"SELECT {nulls}, 0 AS place WHERE false"
    with path.open(encoding="utf-8", errors="replace") as file:
        there = [name.strip().strip('"') for name in file.readline(_LONGEST_LINE).split("|")]
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in there)
    table = (  # nothing is guessed, so that no line is taken for a comment or a heading and left out
        f"read_csv({file_literal(path)}, auto_detect=false, delim='|', quote='\"', escape='\"', header=true, "
        f"columns={{{types}}}, max_line_size={_LONGEST_LINE}, parallel=false, hive_partitioning=false)"
    )
    wanted = ", ".join(c if c in there else f"NULL::VARCHAR AS {c}" for c in ("nct_id", *columns))
    number = "TRY_CAST(id AS BIGINT)" if "id" in there else "0"
    return f"SELECT {wanted}, {number} AS place FROM {table}"


def _listed(table: str) -> str:
    fields = ", ".join(f"'{c}': {c}" for c in TABLES[table])
    return f"{table} AS (SELECT nct_id, list({{{fields}}} ORDER BY place) AS {table} FROM main.{table} GROUP BY 1)"


_CHILDREN = [table for table in TABLES if table != "studies"]
_JOIN = (
    "WITH "
    + ", ".join(map(_listed, _CHILDREN))
    + f" SELECT s.*, {', '.join(_CHILDREN)} FROM main.studies s "
    + " ".join(f"LEFT JOIN {table} USING (nct_id)" for table in _CHILDREN)
    + " ORDER BY nct_id"
)


def _study_or_error(row: Row, source: str) -> Document | InputError:
    try:
        return read_study(_study(row), source)
    except InputError as error:
        return error.with_traceback(None)


def _study(row: Row) -> dict[str, object]:
    """A joined row as a study of the registry's API v2."""
    lists: dict[str, list[Row]] = {table: row[table] or [] for table in _CHILDREN}
    one = {table: (entries or [{}])[0] for table, entries in lists.items()}
    eligibility = one["eligibilities"]
    outcomes = {
        f"{kind}Outcomes": [
            {"measure": o["measure"], "description": o["description"], "timeFrame": o["time_frame"]}
            for o in lists["design_outcomes"]
            if o["outcome_type"] == kind
        ]
        for kind in ("primary", "secondary", "other")
    }
    lead = next((s["name"] for s in lists["sponsors"] if s["lead_or_collaborator"] == "lead"), None)
    protocol = {
        "identificationModule": {
            "nctId": row["nct_id"], "briefTitle": row["brief_title"], "officialTitle": row["official_title"],
        },
        "descriptionModule": {
            "briefSummary": _lines(one["brief_summaries"].get("description")),
            "detailedDescription": _lines(one["detailed_descriptions"].get("description")),
        },
        "conditionsModule": {table: [r["name"] for r in lists[table]] for table in ("conditions", "keywords")},
        "designModule": {"studyType": row["study_type"], "phases": (row["phase"] or "").split("/")},
        "statusModule": {
            "overallStatus": row["overall_status"],
            "studyFirstPostDateStruct": {"date": row["study_first_posted_date"]},
        },
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": lead}},
        "eligibilityModule": {
            "eligibilityCriteria": _lines(eligibility.get("criteria")), "sex": eligibility.get("gender"),
            "minimumAge": eligibility.get("minimum_age"), "maximumAge": eligibility.get("maximum_age"),
        },
        "armsInterventionsModule": {
            "armGroups": [
                {"label": g["title"], "type": g["group_type"], "description": _lines(g["description"])}
                for g in lists["design_groups"]
            ],
            "interventions": [_intervention(i, lists["intervention_other_names"]) for i in lists["interventions"]],
        },
        "outcomesModule": outcomes,
    }  # fmt: skip
    return {"protocolSection": protocol}


def _intervention(row: Row, names: list[Row]) -> Row:
    own = [n["name"] for n in names if n["intervention_id"] == row["id"]]
    return {
        "name": row["name"], "type": row["intervention_type"], "description": _lines(row["description"]),
        "otherNames": own,
    }  # fmt: skip


def _lines(text: str | None) -> str | None:
    """A text with its line breaks, for which AACT's older exports have tildes."""
    return text.replace("~", "\n") if text and "\n" not in text and text.count("~") > 1 else text
