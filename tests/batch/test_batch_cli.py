from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oncogloss.cli import app
from oncogloss.errors import InputError, StoreError

CLI = CliRunner()


def test_batch_query_and_report(bundle: Path, records: Path, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    first = CLI.invoke(
        app, ["batch", str(records), "--out", store, "--model", str(bundle), "--profile", "--limit", "20"]
    )
    assert first.exit_code == 1  # the broken line
    assert "19 read, 0 unchanged, 1 failed." in first.output and "network" in first.output
    second = CLI.invoke(app, ["batch", str(records), "--out", store, "--model", str(bundle)])
    assert second.exit_code == 1 and "5 read, 19 unchanged, 1 failed, 1 of them as before." in second.output

    listed = CLI.invoke(app, ["query", store])
    assert "kras_g12c_by_phase" in listed.output
    rows = CLI.invoke(app, ["query", store, "SELECT count(*) AS n FROM trials", "--format", "json"])
    assert json.loads(rows.output) == {"n": 24}
    assert CLI.invoke(app, ["query", store, "failures_by_kind", "--format", "csv"]).output.split() == [
        "kind,failures", "input,1",
    ]  # fmt: skip
    page = tmp_path / "page.html"
    assert CLI.invoke(app, ["report", store, "--out", str(page)]).exit_code == 0
    assert page.read_text().startswith("<!doctype html>")


def test_lists_in_csv_and_tables_for_a_warehouse(bundle: Path, records: Path, tmp_path: Path) -> None:
    store, copy = str(tmp_path / "store"), tmp_path / "trials.parquet"
    CLI.invoke(app, ["batch", str(records), "--out", store, "--model", str(bundle), "--limit", "3"])
    rows = CLI.invoke(app, ["query", store, "SELECT ['a', 'b'] AS two, [1, 2], NULL, []", "--format", "csv"])
    assert rows.output.splitlines()[1:] == ["a|b,1|2,,"]
    assert CLI.invoke(app, ["query", store, f"COPY trials TO '{copy}'"]).exit_code == 0
    kept = CLI.invoke(app, ["query", store, f"SELECT count(*) AS n FROM '{copy}'", "--format", "json"])
    assert json.loads(kept.output) == {"n": 3}
    refused = CLI.invoke(app, ["query", store, "DROP TABLE trials"])
    assert isinstance(refused.exception, InputError)


def test_what_is_gone_or_read_otherwise_is_said_and_forgotten(bundle: Path, tmp_path: Path) -> None:
    both, one, store = tmp_path / "both.jsonl", tmp_path / "one.jsonl", str(tmp_path / "store")
    lines = [json.dumps({"id": i, "passages": {"eligibility": f"Moon sarcoma of grade {i}."}}) for i in ("a", "b")]
    both.write_text("\n".join(lines))
    one.write_text(lines[0])
    ours = ["--out", store, "--model", str(bundle)]
    assert "among the inputs" not in CLI.invoke(app, ["batch", str(both), *ours]).output
    assert "1 more in the store, not among the inputs: b." in CLI.invoke(app, ["batch", str(one), *ours]).output
    mixed = CLI.invoke(app, ["batch", str(one), "--out", store, "--model", "nano"]).output
    assert "1 in the store were read with another model, vocabulary, terms or version: oncogloss query" in mixed
    systems = CLI.invoke(app, ["query", store, "SELECT model, records FROM systems", "--format", "csv"]).output
    assert [line.split()[0] for line in systems.splitlines()[1:]] == ["nano", "tiny"]
    CLI.invoke(app, ["report", store, "--out", str(tmp_path / "page.html")])
    assert "tiny 0.0.1" in (tmp_path / "page.html").read_text().split('id="systems"')[1]

    assert CLI.invoke(app, ["forget", store, "-"], input="b\n").exit_code == 0
    left = "SELECT (SELECT list(record) FROM trials), (SELECT list(status ORDER BY record) FROM records)"
    assert CLI.invoke(app, ["query", store, left, "--format", "csv"]).output.splitlines()[1] == "a,read|forgotten"
    for unknown in ("b", "c"):
        assert isinstance(CLI.invoke(app, ["forget", store, unknown]).exception, InputError)
    again = CLI.invoke(app, ["batch", str(one), "--out", store, "--model", "nano"]).output
    assert again.splitlines() == ["0 read, 1 unchanged, 0 failed."]
    assert "1 read" in CLI.invoke(app, ["batch", str(both), "--out", store, "--model", "nano"]).output
    assert isinstance(CLI.invoke(app, ["forget", str(tmp_path / "none"), "a"]).exception, StoreError)
    assert not (tmp_path / "none").exists()


def test_ids_to_forget_are_lines(bundle: Path, tmp_path: Path) -> None:
    file, store = tmp_path / "r.jsonl", str(tmp_path / "store")
    names = ("my trial", "my", "trial")
    file.write_text("\n".join(json.dumps({"id": i, "passages": {"eligibility": f"Moon {i}."}}) for i in names))
    CLI.invoke(app, ["batch", str(file), "--out", store, "--model", str(bundle)])
    assert "1 forgotten" in CLI.invoke(app, ["forget", store, "-"], input="my trial\r\n\n").output
    left = CLI.invoke(app, ["query", store, "SELECT record FROM trials ORDER BY 1", "--format", "csv"])
    assert left.output.split() == ["record", "my", "trial"]
    garbled = CLI.invoke(app, ["forget", store, "-"], input=b"my\n\xff\n")
    assert isinstance(garbled.exception, InputError) and "line 2: not UTF-8 text" in str(garbled.exception)
    assert CLI.invoke(app, ["query", store, "SELECT 1 FROM trials", "--format", "csv"]).output.split() == [
        "1",
        "1",
        "1",
    ]


def test_where_leaves_records_out(bundle: Path, records: Path, tmp_path: Path) -> None:
    asked = ["batch", str(records), "--out", str(tmp_path), "--model", str(bundle), "--where", "phase=PHASE3"]
    done = CLI.invoke(app, asked)
    assert "0 read" in done.output and "24 left out by --where" in done.output


def test_mistakes_are_our_own_errors(bundle: Path, records: Path, tmp_path: Path) -> None:
    wrong = CLI.invoke(app, ["batch", str(records), "--out", str(tmp_path), "--where", "x"])
    assert isinstance(wrong.exception, InputError)
    empty = CLI.invoke(app, ["batch", "", "--out", str(tmp_path / "new")])
    assert isinstance(empty.exception, InputError) and "A path is empty" in str(empty.exception)
    gone = CLI.invoke(app, ["batch", str(tmp_path / "typo.json"), "--out", str(tmp_path / "new")])
    assert isinstance(gone.exception, InputError) and "no such file or folder" in str(gone.exception)
    assert not (tmp_path / "new").exists()
    nothing = CLI.invoke(app, ["query", str(tmp_path / "none"), "trials"])
    assert isinstance(nothing.exception, StoreError)
    (tmp_path / "full").write_text("a file, not a folder")
    refused = CLI.invoke(app, ["batch", str(records), "--out", str(tmp_path / "full"), "--model", str(bundle)])
    assert isinstance(refused.exception, StoreError)


@pytest.mark.parametrize("verb", ["batch", "forget", "query", "report", "bench-batch"])
def test_help_has_an_example(verb: str) -> None:
    assert "Example" in CLI.invoke(app, [verb, "--help"]).output
