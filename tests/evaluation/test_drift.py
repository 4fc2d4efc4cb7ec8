"""The drift watch: months, shifts counted by hand, new names as a CSV, and the store of a batch."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.batch.store import SCHEMA_VERSION
from oncogloss.errors import InputError, StoreError
from oncogloss.evaluation.drift import (
    COLUMNS,
    Seen,
    by_chance,
    distance,
    drift,
    drift_report,
    seen_in,
    seen_in_store,
    write_proposed,
)
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.schema import Concept
from toys import make_document, make_extraction, make_mention

KNOWN = Concept(id="OG:1", name="zorbatinib", vocabulary="OG", score=1.0)


def seen(month: str, record: str, text: str, type_: str = "DRUG", score: float = 0.9, linked: bool = False) -> Seen:
    return Seen(month, record, "eligibility", 0, len(text), text, type_, score, linked)


def test_mentions_of_extractions_by_month() -> None:
    document = make_document("r1", eligibility="zorbatinib or xyloquant in moon sarcoma")
    passage = document.passages[0]
    by_stem = KNOWN.model_copy(update={"match": "stem"})  # says what kind of drug it is, not which
    mentions = [
        make_mention("m0", passage, "zorbatinib", "DRUG", concept=KNOWN),
        make_mention("m1", passage, "xyloquant", "DRUG", concept=by_stem),
    ]
    found = list(seen_in([(date(2026, 10, 3), make_extraction(document, mentions))]))
    assert found[0] == Seen("2026-10", "r1", "eligibility", 0, 10, "zorbatinib", "DRUG", 0.9, True)
    assert [(s.text, s.start, s.linked) for s in found] == [("zorbatinib", 0, True), ("xyloquant", 14, False)]


def test_tallies_and_new_names(tokenizer: Tokenizer, tmp_path: Path) -> None:
    rows = [
        seen("2026-08", "a", "zorbatinib", linked=True),
        seen("2026-09", "b", "oldname"),
        seen("2026-10", "c", "Oldname"),  # known before, though unlinked
        seen("2026-10", "c", "qwyxjkvum"),
        seen("2026-11", "d", "Qwyxjkvum"),
        seen("2026-11", "d", "Qwyxjkvum"),
        seen("2026-11", "d", "zorbatinib", linked=True),
        seen("2026-11", "e", "=1+1"),  # a spreadsheet would run it
        seen("2026-11", "e", "moon sarcoma", "CANCER", 0.2),
    ]
    found = drift(rows, "2026-10", tokenizer)
    assert list(found.months) == ["2026-10", "2026-11"]
    november = found.months["2026-11"]
    assert (len(november.records), november.unlinked, november.types["DRUG"]) == (2, 3, 4)
    assert (november.words, november.fine) == (
        5,
        2,
    )  # zorbatinib is one token of the toy tokenizer, moon and sarcoma too
    assert november.scores == {9: 4, 2: 1}
    assert [(t, n, len(new.records), new.place) for t, n, new in found.proposed] == [
        ("DRUG", "Qwyxjkvum", 2, "c eligibility 0–9")
    ]
    assert write_proposed(found, tmp_path / "new.csv") == 1
    with (tmp_path / "new.csv").open(newline="") as stream:
        assert list(csv.reader(stream)) == [list(COLUMNS), ["DRUG", "Qwyxjkvum", "", "", ""]]
    report = drift_report(found)
    assert "| 2026-11 | 2 | 5 | 40.0% | 75.0% | 0.760 |" in report and "| before | 2 | 2 |" in report
    assert "| DRUG | Qwyxjkvum | 2 | c eligibility 0–9 |" in report


def test_without_a_past_shifts_are_from_the_first_month(tokenizer: Tokenizer) -> None:
    found = drift([seen("2026-10", "a", "x1y"), seen("2026-11", "b", "moon", "CANCER")], "2026-10", tokenizer)
    report = drift_report(found)
    assert "shifts are from the first month" in report and "1.000 (0.000) |" in report.splitlines()[3]
    with pytest.raises(InputError, match="Nothing was read since 2027-01"):
        drift([seen("2026-10", "a", "x1y")], "2027-01", tokenizer)


def test_distances_counted_by_hand() -> None:
    assert distance({"a": 3, "b": 1}, {"a": 1, "b": 1}) == 0.25
    assert distance({"a": 1}, {"b": 9}) == 1
    assert by_chance({"a": 1}, 10) == 0
    assert by_chance({"a": 1, "b": 1}, 100) == pytest.approx(0.0399, abs=1e-4)  # E|k/100 - 1/2| of fair coins: 0.0398


@given(st.dictionaries(st.text(max_size=2), st.integers(1, 50), min_size=1), st.integers(2, 5))
def test_a_distribution_is_at_no_distance_from_itself(counts: dict[str, int], times: int) -> None:
    assert distance(counts, {key: n * times for key, n in counts.items()}) == pytest.approx(0)


def write_store(folder: Path, runs: list[tuple[str, list[tuple[str, str, str | None]]]]) -> Path:
    """A store as `oncogloss batch` lays it down: a run, its one part, of rows (record, drug, way to its concept)."""
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    lines = []
    for number, (began, rows) in enumerate(runs, 1):
        part = folder / "parts" / f"{number:06d}"
        part.mkdir(parents=True)
        pq.write_table(pa.table({"record": sorted({row[0] for row in rows})}), part / "records.parquet")
        mentions = [
            {"record": r, "passage": "summary", "start_char": 3, "end_char": 9, "text": t, "type": "DRUG", "score": 0.5,
             "concept_match": c, "part": number} for r, t, c in rows
        ]  # fmt: skip
        pq.write_table(pa.Table.from_pylist(mentions), part / "mentions.parquet")
        run = {"kind": "run", "run": number, "schema_version": SCHEMA_VERSION, "began": began}
        lines += [run, {"kind": "part", "part": number, "sha256": {}}, {"kind": "end", "run": number}]
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_the_store_of_a_batch(tmp_path: Path) -> None:
    runs = [
        ("2026-10-02T08:00:00Z", [("r1", "zorba", "name"), ("r2", "othertinib", "stem")]),
        ("2026-10-09T08:00:00Z", [("r1", "zorbab", "parts")]),  # r1 read again in the month
        ("2026-11-01T08:00:00Z", [("r1", "zorbac", None)]),
    ]
    store = write_store(tmp_path, runs)
    with (store / "manifest.jsonl").open("a") as log:
        log.write('{"kind": "pa')  # a run that is killed here, or still writes
    found = [(s.month, s.record, s.text, s.linked) for s in seen_in_store(store)]
    assert found == [
        ("2026-10", "r2", "othertinib", False), ("2026-10", "r1", "zorbab", True), ("2026-11", "r1", "zorbac", False),
    ]  # fmt: skip


def test_no_store_and_a_damaged_log_are_said(tmp_path: Path) -> None:
    def all_of(store: Path) -> Iterator[Seen]:
        return iter(list(seen_in_store(store)))

    pytest.importorskip("pyarrow")
    with pytest.raises(InputError, match="nothing was read"):
        all_of(tmp_path)
    (tmp_path / "manifest.jsonl").write_text("{\n")
    with pytest.raises(StoreError, match="line 1: is damaged"):
        all_of(tmp_path)
