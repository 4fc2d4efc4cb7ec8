"""What `serve` says before it serves."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from oncogloss.cli import app
from oncogloss.errors import InputError, StoreError

uvicorn = pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The applications that were started, none of which runs."""
    from oncogloss.service.observe import request_log

    request_log()  # writes to the standard error of now, and not to the runner's
    begun: list[object] = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **_: begun.append(app))
    return begun


def raised(*given: object) -> BaseException | None:
    return CliRunner().invoke(app, ["serve", "--model", "nano", *map(str, given)]).exception


def test_files_that_cannot_be_written_are_said_before_anything_starts(started: list[object], tmp_path: Path) -> None:
    missing = raised("--audit", tmp_path / "none" / "a.log")
    assert isinstance(missing, FileNotFoundError) and missing.filename.endswith("a.log")  # a sentence by `main`
    assert isinstance(raised("--audit", tmp_path), IsADirectoryError)
    folder = raised("--reviews", tmp_path)
    assert isinstance(folder, StoreError) and "cannot be used for reviews" in str(folder)
    assert started == []


def test_a_queue_of_no_files_is_said(started: list[object], tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    empty = raised("--reviews", tmp_path / "r.db", "--queue-records", tmp_path / "none")
    assert isinstance(empty, InputError) and "holds no files" in str(empty)
    assert started == []


def test_with_files_that_can_be_used_it_starts(started: list[object], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("ECOG 0-1", encoding="utf-8")
    given = ("--audit", tmp_path / "a.log", "--reviews", tmp_path / "r.db", "--queue-records", tmp_path / "a.txt")
    assert raised(*given) is None and len(started) == 1
