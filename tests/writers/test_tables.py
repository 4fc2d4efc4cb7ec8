"""The tables: every format gives back, through its own reader, the rows that were written; no cell is a formula."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from oncogloss.errors import InputError
from oncogloss.pipeline import Pipeline
from oncogloss.readers import read_path
from oncogloss.schema import (
    Arm,
    Concept,
    Coverage,
    Criterion,
    Document,
    Endpoint,
    Extraction,
    Flag,
    Logic,
    Marker,
    OwnMention,
    Registry,
    Relation,
    Requirement,
    Summary,
    Threshold,
    TimeFrame,
    Treatment,
)
from oncogloss.writers.tables import COLUMNS, table_rows, write_csv, write_duckdb, write_parquet, write_xlsx
from toys import ROOT, make_document, make_extraction, make_mention

TEXT = '=1+1 of "moon" sarcoma, 🙂\nANC >= 1.5; zorbatinib 20 mg for MOON1 loss; OS at 2 years by RECIST\x0b'


def everything() -> tuple[Document, Extraction]:
    """A document with something in each table, and cells that could be taken for a formula."""
    document = make_document("t1", eligibility=TEXT).model_copy(
        update={
            "registry": Registry(
                phases=("PHASE1", "PHASE2"), sponsor="@moon|base", status="RECRUITING", first_posted="2021-05"
            )
        }
    )
    (passage,) = document.passages
    marker = Marker(genes=("MOON1",), alteration="loss")
    loss = Concept(
        id="OG:MOON1_loss",
        name="-MOON1",
        vocabulary="OG",
        score=0.8,
        match="parts",
        xrefs=("A:1", "B:2"),
        marker=marker,
    )
    mentions = [
        make_mention("m1", passage, "=1+1", "VALUE"),
        make_mention("m2", passage, "sarcoma", "CANCER", attributes=("neg", "hist")),
        make_mention("m3", passage, "zorbatinib", "DRUG"),
        make_mention("m4", passage, "20 mg", "DOSE"),
        make_mention("m5", passage, "MOON1 loss", "BIOMARKER", concept=loss),
        make_mention("m6", passage, "OS", "OUTCOME"),
    ]
    logic = Logic(op="not", parts=(Logic(op="fact", mention="m2"),))
    extraction = make_extraction(
        document,
        mentions,
        relations=(Relation(type="TREATS", head="m3", tail="m2", score=0.7),),
        criteria=(
            Criterion(id="c1", passage="eligibility", start=0, end=26, side="exc", score=0.9, logic=logic,
                      categories=("disease", "other"), mentions=("m2",)),
        ),
        thresholds=(Threshold(criterion="c1", measure="ANC", operator=">=", value=1.5, unit="10*9/L", text=">= 1.5"),),
        arms=(
            Arm(label="+A", kind="experimental", treatments=(Treatment(mention="m3", doses=("m4",)),)),
            Arm(label="B", kind="no_intervention", treatments=()),
        ),
        endpoints=(
            Endpoint(mention="m6", name="OS", rank="primary", time_frame=TimeFrame(text="2 years", low=730.5),
                     criteria=("RECIST",)),
        ),
        coverage=(Coverage(passage="eligibility", start=0, end=26, status="partly", reason="a word"),),
        flags=(Flag(kind="sex", message="says two things", mentions=("m1", "m2")),),
        own=(OwnMention(passage="eligibility", start=5, end=18, text=TEXT[5:18], label="@place", score=0.8),),
        summary=Summary(
            cancers=("sarcoma",), age=(18.0, None),
            biomarkers=(Requirement(side="inc", any_of=("MOON1 loss",), criterion="c1", mentions=("m5",)),),
        ),
    )  # fmt: skip
    return document, extraction


def flat(rows: list[dict[str, Any]], *, as_text: bool) -> list[dict[str, Any]]:
    """Rows as a format without lists (and, with `as_text`, without types) gives them back."""
    made = []
    for row in rows:
        cells = {key: "|".join(value) if isinstance(value, tuple) else value for key, value in row.items()}
        cells |= {key: "yes" if value else "no" for key, value in cells.items() if isinstance(value, bool)}
        cells |= {key: str(value) for key, value in cells.items() if isinstance(value, date)}
        made.append({k: ("" if v is None else str(v)) if as_text else v or None for k, v in cells.items()})
    return made


@pytest.fixture
def pair() -> tuple[Document, Extraction]:
    return everything()


def test_every_table_has_rows_with_its_columns(pair: tuple[Document, Extraction]) -> None:
    tables = table_rows([pair])
    assert tables.keys() == COLUMNS.keys() and all(tables.values())
    assert all(row.keys() == COLUMNS[name].keys() for name, rows in tables.items() for row in rows)
    (criterion,) = tables["criteria"]
    assert Logic.model_validate_json(criterion["logic"]) == pair[1].criteria[0].logic
    assert criterion["text"] == TEXT[:26]
    assert [row["treatment"] for row in tables["arms"]] == ["m3", None]
    assert json.loads(tables["trials"][0]["biomarkers"])[0]["any_of"] == ["MOON1 loss"]
    assert tables["mentions"][4]["marker_genes"] == ("MOON1",) and tables["mentions"][0]["concept_id"] is None
    assert tables["trials"][0]["first_posted"] == date(2021, 5, 1) and tables["coverage"][0]["decisive"] is False
    assert tables["passages"][0]["text_sha256"] == pair[0].passages[0].sha256


def test_csv(pair: tuple[Document, Extraction], tmp_path: Path) -> None:
    write_csv([pair], tmp_path / "out")
    for name, rows in table_rows([pair]).items():
        with (tmp_path / "out" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            read = csv.DictReader(stream)
            assert list(read) == flat(rows, as_text=True)
            assert list(read.fieldnames or ()) == list(COLUMNS[name])


def test_xlsx_has_no_formula_and_no_forbidden_character(pair: tuple[Document, Extraction], tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    document, extraction = pair
    long = extraction.model_copy(update={"flags": (Flag(kind="=HYPERLINK()", message="-\x0b" + "x" * 40_000),)})
    write_xlsx([(document, long)], tmp_path / "out.xlsx")
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert book.sheetnames == list(COLUMNS)
    for name, rows in table_rows([pair]).items():
        head, *cells = book[name].iter_rows()
        assert [cell.value for cell in head] == list(COLUMNS[name])
        assert {cell.data_type for row in cells for cell in row} <= {"s", "n", "inlineStr"}
        if name != "flags":
            read = [{k: c.value for k, c in zip(COLUMNS[name], row, strict=True)} for row in cells]
            assert [{k: v or None for k, v in row.items()} for row in read] == flat(rows, as_text=False)
    (flag,) = book["flags"].iter_rows(min_row=2)
    assert flag[1].value == "=HYPERLINK()" and flag[1].data_type == "s" and flag[1].quotePrefix
    assert flag[2].value.startswith("-\N{REPLACEMENT CHARACTER}x") and len(flag[2].value) == 32_767


def lists(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: list(v) if isinstance(v, tuple) else v for k, v in row.items()} for row in rows]


def test_parquet_keeps_lists_and_types_even_without_rows(pair: tuple[Document, Extraction], tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet([pair], tmp_path / "full")
    write_parquet([], tmp_path / "none")
    for name, rows in table_rows([pair]).items():
        full, none = (parquet.read_table(tmp_path / folder / f"{name}.parquet") for folder in ("full", "none"))
        assert full.to_pylist() == lists(rows)
        assert full.schema == none.schema and none.num_rows == 0


def test_duckdb_replaces_its_tables_and_leaves_others(pair: tuple[Document, Extraction], tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "trials.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS a")
    write_duckdb([pair, pair], path)
    write_duckdb([pair], path)
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SELECT a FROM mine").fetchall() == [(1,)]
        for name, rows in table_rows([pair]).items():
            found = connection.execute(f"SELECT * FROM {name}")
            names = [column[0] for column in found.description]
            assert [dict(zip(names, row, strict=True)) for row in found.fetchall()] == lists(rows)


def test_duckdb_refuses_another_kind_of_file(pair: tuple[Document, Extraction], tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    (tmp_path / "note.txt").write_text("moon sarcoma " * 100, encoding="utf-8")
    with pytest.raises(InputError, match=r"note\.txt: is no DuckDB database; give another file"):
        write_duckdb([pair], tmp_path / "note.txt")


@pytest.mark.parametrize("content", ['[{"a": 1}]', "a,b\n1,2\n"])
def test_duckdb_leaves_data_files_alone(pair: tuple[Document, Extraction], tmp_path: Path, content: str) -> None:
    pytest.importorskip("duckdb")
    (tmp_path / "data").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="is no DuckDB database"):
        write_duckdb([pair], tmp_path / "data")
    assert (tmp_path / "data").read_text(encoding="utf-8") == content


def test_rows_of_the_shipped_model(shipped: Pipeline) -> None:
    (document,) = [d for d in read_path(ROOT / "corpus/samples/NCT99000001.json") if isinstance(d, Document)]
    tables = table_rows([(document, shipped.extract(document))])
    texts = {p.name: p.text for p in document.passages}
    for name in ("mentions", "criteria"):
        assert tables[name]
        for row in tables[name]:
            assert texts[row["passage"]][row["start_char"] : row["end_char"]] == row["text"]


def test_every_column_is_documented() -> None:
    guide = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    for name, columns in COLUMNS.items():
        (line,) = [line for line in guide.splitlines() if line.startswith(f"| `{name}` |")]
        assert set(columns) - {"record"} <= set(re.findall(r"`(\w+)`", line)), name


def test_records_of_one_id_stay_apart(tmp_path: Path) -> None:
    pairs = [everything(), everything()]
    for rows in table_rows(pairs).values():
        assert {row["record"] for row in rows} == {"t1", "t1_2"}
