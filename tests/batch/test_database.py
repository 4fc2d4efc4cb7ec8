from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from oncogloss.batch import database
from oncogloss.batch.database import FILE, TABLES, ask, made, views_sql
from oncogloss.batch.report import report_page
from oncogloss.batch.run import Progress, Settings, run_batch
from oncogloss.batch.store import COLUMNS, SCHEMA_VERSION, Store, Tables, made_tables
from oncogloss.errors import InputError, StoreError
from toys import ROOT

Run = Callable[..., Progress]
RUN = {"kind": "run", "run": 1, "schema_version": SCHEMA_VERSION}


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    """A store by hand, whose answers can be counted on fingers."""
    trial = {
        "record": "a",
        "phases": ["PHASE2"],
        "first_posted": date(2021, 5, 4),
        "washouts": ["steroids: within 4 weeks"],
    }
    trial["biomarkers"] = '[{"side": "inc", "any_of": ["KRAS G12C"], "criterion": "c1", "mentions": ["m1"]}]'
    mentions = [
        {"record": "a", "mention": "m1", "text": "KRAS G12C", "type": "BIOMARKER", "marker_genes": ["KRAS"],
         "marker_alteration": "p.Gly12Cys", "concept_id": "OG:x", "concept_name": "KRAS G12C"},
        {"record": "a", "mention": "m2", "text": "steroids", "type": "DRUG_CLASS", "drug_class": "corticosteroid"},
        {"record": "a", "mention": "m3", "text": "within 4 weeks", "type": "TIME"},
        {"record": "a", "mention": "m4", "text": "TPS >= 50 %", "type": "BIOMARKER", "marker_genes": ["CD274"],
         "concept_id": "OG:y", "concept_name": "CD274 TPS >= 50 %"},
        {"record": "a", "mention": "m5", "text": "PD-L1 treatment", "type": "DRUG_CLASS"},
        {"record": "b", "mention": "m1", "text": "KRAS non-G12C", "type": "BIOMARKER", "passage": "brief_title"},
        {"record": "c", "mention": "m1", "text": "KRASG12C", "type": "BIOMARKER", "passage": "brief_title"},
    ]  # fmt: skip
    rows = {
        "records": [{"record": name, "status": "read", "source": f"{name}.json"} for name in "abc"],
        "trials": [trial, {"record": "b", "phases": ["PHASE1"]}, {"record": "c"}],
        "mentions": mentions,
        "relations": [{"record": "a", "type": "HAS_TIME", "head": "m2", "tail": "m3", "tail_text": "within  4 weeks"}],
        "thresholds": [
            {
                "record": "a",
                "criterion": "c1",
                "measure": "TPS",
                "operator": ">=",
                "value": 50.0,
                "unit": "%",
                "denied": False,
                "text": "t",
                "mentions": ["m4"],
            },
            {
                "record": "a",
                "criterion": "c2",
                "measure": "PD-L1 treatment",
                "operator": ">=",
                "value": 2.0,
                "unit": "1",
                "denied": False,
                "text": "t",
                "mentions": ["m5"],
            },
        ],
        "criteria": [{"record": "a", "criterion": "c1", "side": "inc"}],
        "coverage": [
            {"record": "a", "start_char": 0, "end_char": 10, "status": "structured", "passage": "eligibility"}
        ],
        "endpoints": [{"record": "a", "name": "OS <b>", "rank": "primary"}],
    }
    with Store(tmp_path) as store:
        store.append(RUN)
        store.commit(made_tables(rows))
    return tmp_path


def test_views_answer_the_questions(facts: Path) -> None:
    assert ask(facts, "kras_g12c_by_phase")[1] == [("PHASE2", 1, ["a"]), ("not given", 1, ["c"])]
    assert ask(facts, "washout_by_drug_class")[1] == [("corticosteroid", 1, 28.0, 28, 28)]
    assert ask(facts, "pd_l1_cutoffs_by_year")[1] == [("2021", ">=", 50.0, None, "%", 1)]
    assert ask(facts, "markers_by_year")[1] == [("2021", "KRAS", 1, 1)]
    assert ask(facts, "SELECT concept_name, mentions, records FROM concepts ORDER BY concept_id")[1] == [
        ("KRAS G12C", 1, 1),
        ("CD274 TPS >= 50 %", 1, 1),
    ]


@pytest.mark.parametrize(
    ("time", "days"),
    [
        ("within 4 weeks", 28),
        ("in the last six Months", 183),
        ("72 hours before", 3),
        ("30 (thirty) days", 30),
        ("4-12 weeks", 84),
        ("28-day", 28),
        ("5 half-lives", None),
    ],
)
def test_a_washout_is_counted_in_days(time: str, days: int | None, tmp_path: Path) -> None:
    rows = {
        "records": [{"record": "a", "status": "read"}],
        "trials": [{"record": "a", "washouts": [f"steroids: {time}"]}],
        "mentions": [{"record": "a", "mention": "m1", "text": "steroids"}],
        "relations": [{"record": "a", "type": "HAS_TIME", "head": "m1", "tail": "m2", "tail_text": time}],
    }
    with Store(tmp_path) as store:
        store.append(RUN)
        store.commit(made_tables(rows))
    assert ask(tmp_path, "SELECT days FROM washouts")[1] == [(days,)]


def test_every_table_and_view_can_be_asked(facts: Path) -> None:
    names = {row[0] for row in ask(facts, TABLES)[1]}
    assert names >= {*COLUMNS, "runs", "concepts"}
    assert len(names) == len(COLUMNS) + 1 + views_sql().count("CREATE VIEW")
    for name in names:
        ask(facts, name)


def test_a_wrong_query_is_one_sentence_and_nothing_is_written(facts: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be answered: Binder Error"):
        ask(facts, "SELECT nope FROM trials")
    with pytest.raises(InputError, match="read-only"):
        ask(facts, "DROP TABLE trials")
    with pytest.raises(StoreError, match="no store"):
        ask(facts / "elsewhere", "trials")


def test_a_query_without_a_statement_is_one_sentence(facts: Path) -> None:
    with pytest.raises(InputError, match="holds no statement"):
        ask(facts, "-- nothing")


@pytest.mark.parametrize("name", ["s[12]", "s*", "record=s", "Anna's"])
def test_a_store_answers_with_its_own_rows_whatever_its_name(name: str, tmp_path: Path) -> None:
    for place in ("s1", name):
        with Store(tmp_path / place) as store:
            store.append(RUN)
            store.commit(made_tables({"records": [{"record": f"of {place}", "status": "read"}]}))
    assert ask(tmp_path / name, "SELECT record FROM records")[1] == [(f"of {name}",)]


@pytest.mark.parametrize("damage", ["gone", "cut", "garbled", "flipped", "wal"])
def test_a_damaged_database_is_made_anew(damage: str, facts: Path) -> None:
    count = "SELECT (SELECT count(*) FROM mentions), (SELECT md5(string_agg(text, '' ORDER BY mention)) FROM mentions)"
    before, path = ask(facts, count), facts / FILE
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "wal":
        Path(f"{path}.wal").write_bytes(b"\x07garbled log" * 99)
    else:
        middle = bytes(b ^ 255 for b in data[8192:])
        new = {"cut": data[: len(data) // 2], "garbled": b"\0" * len(data), "flipped": data[:8192] + middle}
        path.write_bytes(new[damage])
    assert ask(facts, count) == before


def test_it_is_made_anew_when_our_views_change(facts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(facts, "trials")
    more = views_sql() + "CREATE VIEW more AS SELECT 1 AS one;"
    monkeypatch.setattr(database, "views_sql", lambda: more)
    assert ask(facts, "more")[1] == [(1,)]


def test_it_is_made_anew_when_the_parts_change_and_else_left_alone(run: Run, records: Path, tmp_path: Path) -> None:
    run(records, tmp_path, limit=8)
    assert ask(tmp_path, "SELECT count(*) FROM trials")[1] == [(8,)]
    stamp = made(tmp_path).stat().st_mtime_ns
    assert made(tmp_path).stat().st_mtime_ns == stamp
    run(records, tmp_path)
    assert ask(tmp_path, "SELECT count(*) FROM trials")[1] == [(24,)]


ASKING = """
import sys
from pathlib import Path
from oncogloss.batch.database import ask
counts = "SELECT (SELECT count(*) FROM trials), (SELECT count(*) FROM mentions)"
seen = []
while not seen or seen[-1] != int(sys.argv[2]):
    trials, mentions = ask(Path(sys.argv[1]), counts)[1][0]
    assert trials == mentions and trials >= max(seen, default=0), (trials, mentions, seen)
    seen.append(trials)
print(len(set(seen)))
"""


def test_several_processes_may_ask_while_another_writes(tmp_path: Path) -> None:
    """Each answer is that of a whole store, never older than the one before, and nothing is left lying about."""

    def part(number: int) -> Tables:
        rows = [{"record": f"r{number}-{i}"} for i in range(50)]
        return made_tables({"records": rows, "trials": rows, "mentions": rows})

    with Store(tmp_path) as store:
        store.append(RUN)
        store.commit(part(0))
        asked = [sys.executable, "-c", ASKING, str(tmp_path), "500"]
        asking = [subprocess.Popen(asked, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        for number in range(1, 10):
            time.sleep(0.2)
            store.commit(part(number))
    said = [process.communicate(timeout=300)[0] for process in asking]
    assert [process.returncode for process in asking] == [0, 0]
    assert all(int(answers) >= 1 for answers in said)
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.jsonl", "parts", "lock", FILE}


def test_what_a_killed_process_began_to_make_is_removed_after_a_day(facts: Path) -> None:
    for name, age in ((".making-old", 2 * 86_400), (".making-new", 60)):
        (facts / name).mkdir()
        os.utime(facts / name, (time.time() - age,) * 2)
    ask(facts, "trials")
    assert [path.name for path in facts.glob(".making-*")] == [".making-new"]


def test_a_damaged_part_is_told_rather_than_left_out(facts: Path) -> None:
    part = facts / "parts" / "000001" / "mentions.parquet"
    part.write_bytes(part.read_bytes()[:-9] + b"012345678")
    with pytest.raises(StoreError, match=r"mentions.parquet: is missing or differs"):
        ask(facts, "trials")


def test_the_report_is_one_page_without_anything_fetched(facts: Path) -> None:
    page = report_page(facts)
    assert "<script" not in page and "http" not in page and "OS <b>" not in page and "os &lt;b&gt;" in page
    svgs = [part.partition("</svg>")[0] + "</svg>" for part in page.split("<svg")[1:]]
    assert len(svgs) == 2
    for svg in svgs:
        ElementTree.fromstring("<svg" + svg)


def test_a_report_of_nothing_says_so(tmp_path: Path, bundle: Path) -> None:
    file = tmp_path / "empty.jsonl"
    file.write_text("{}\n{}\n")
    assert run_batch([file], tmp_path / "store", Settings(model=str(bundle))).failed == 2
    page = report_page(tmp_path / "store")
    assert page.count("Nothing.") == 9


def test_the_guide_names_every_table_and_view(facts: Path) -> None:
    guide = (ROOT / "docs/batch.md").read_text(encoding="utf-8")
    for name, *_ in ask(facts, TABLES)[1]:
        assert f"`{name}`" in guide, name


def test_limits_are_the_thresholds_with_side_and_concept_and_whether_the_eligible_meet_them(facts: Path) -> None:
    rows = ask(facts, "SELECT measure, criterion, side, measure_id, met FROM limits ORDER BY criterion")[1]
    assert rows == [("TPS", "c1", "inc", "OG:y", "yes"), ("PD-L1 treatment", "c2", None, None, None)]
    assert ask(facts, "SELECT measure, met FROM cutoffs ORDER BY met")[1] == [("TPS", "yes"), ("PD-L1 treatment", None)]
