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


def test_where_leaves_records_out(bundle: Path, records: Path, tmp_path: Path) -> None:
    asked = ["batch", str(records), "--out", str(tmp_path), "--model", str(bundle), "--where", "phase=PHASE3"]
    done = CLI.invoke(app, asked)
    assert "0 read" in done.output and "24 left out by --where" in done.output


def test_mistakes_are_our_own_errors(bundle: Path, records: Path, tmp_path: Path) -> None:
    wrong = CLI.invoke(app, ["batch", str(records), "--out", str(tmp_path), "--where", "x"])
    assert isinstance(wrong.exception, InputError)
    gone = CLI.invoke(app, ["batch", str(tmp_path / "typo.json"), "--out", str(tmp_path / "new")])
    assert isinstance(gone.exception, InputError) and "no such file or folder" in str(gone.exception)
    assert not (tmp_path / "new").exists()
    nothing = CLI.invoke(app, ["query", str(tmp_path / "none"), "trials"])
    assert isinstance(nothing.exception, StoreError)
    (tmp_path / "full").write_text("a file, not a folder")
    refused = CLI.invoke(app, ["batch", str(records), "--out", str(tmp_path / "full"), "--model", str(bundle)])
    assert isinstance(refused.exception, StoreError)


@pytest.mark.parametrize("verb", ["batch", "query", "report", "bench-batch"])
def test_help_has_an_example(verb: str) -> None:
    assert "Example" in CLI.invoke(app, [verb, "--help"]).output
