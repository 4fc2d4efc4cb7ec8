"""The load test's parts on a small load; figures of speed are to be read, not tested."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

from oncogloss.errors import OncoglossError
from oncogloss.evaluation import load
from oncogloss.evaluation.load import Server, Taken, asked, criteria_of, load_report
from oncogloss.schema import Document, Passage

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


def record(number: int) -> Document:
    text = f"Inclusion Criteria:\n- Moon sarcoma of stage II\n- Age of {18 + number} years or older\n\nShort:\n- ECOG 0"
    return Document(id=f"T{number}", passages=(Passage(name="eligibility", text=text),))


def test_items_of_lists_are_criteria() -> None:
    texts = [d.passages[0].text for d in criteria_of([record(0)])]
    assert texts == ["Moon sarcoma of stage II", "Age of 18 years or older"]


def test_stretches_add_up() -> None:
    both = Taken([1.0, 2.0], 2.0, 0.5, 1) + Taken([3.0], 2.0, 0.7, 0)
    assert both.each == [1.0, 2.0, 3.0]
    assert (both.rate, both.errors, both.ms(50)) == (0.75, 1, 2_000)
    assert both.cpu_ms == pytest.approx(400)


def test_a_server_that_refuses_or_is_gone_is_counted_as_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "cpu", lambda _: 0.0)
    assert asked(Server(9, 0), [record(0), record(1)], 2).errors == 2


def test_a_server_that_does_not_start_is_said(tmp_path: Path) -> None:
    with pytest.raises(OncoglossError, match="does not start"), load.serving("no such model", tmp_path / "a"):
        pass


def test_every_figure_is_there_after_a_small_load(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in (("ROUNDS", 1), ("CRITERIA", 4), ("RECORD_EVERY", 10)):
        monkeypatch.setattr(load, name, few)
    report = load_report("nano", [record(0), record(1)], 40)
    rows = [line.split(" | ") for line in report.splitlines() if line.startswith("| ")]
    assert all(len(row) == 3 and row[2].strip(" |") for row in rows)
    assert [row[2] for row in rows if "errors" in row[0]] == ["0 |"] * 4
    for figure in ("start to ready", "p95 / p50", "after another", "after each quarter", "CPU a record"):
        assert figure in report
