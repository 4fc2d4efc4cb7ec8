"""The report from made-up results: what it says must follow from them."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from oncogloss.cli import app
from oncogloss.errors import InputError
from oncogloss.evaluation.energy import cost, read_prices
from oncogloss.evaluation.metrics import Score
from oncogloss.evaluation.recommend import recommend
from oncogloss.evaluation.report import goals, report_blocks, write_report
from oncogloss.evaluation.results import read_results, read_texts, seconds, short
from oncogloss.writers.page import Table, html_report, markdown_report

from made_up import LINE, result  # isort: skip

pytest.importorskip("matplotlib")
PLACE = ("NCT1", "summary", 100, 100 + len(LINE))
VOID = {"meta", "br", "link", "path", "use"}


def folder_of(path: Path, *results: dict[str, Any]) -> Path:
    for r in results:
        (path / f"{r['system']}.json").write_text(json.dumps(r), encoding="utf-8")
    return path


def some(path: Path) -> Path:
    llm = result("llm", 0.2, 14.0, records={"training": 0, "read": 6}, training=None, curve=[])
    llm["running"]["tokens"] = [9000, 800]
    llm["running"]["energy"] = {"joules": 60.0, "method": "RAPL, the whole machine"}
    skipped = {k: llm[k] for k in ("split", "sample", "machine", "date", "seed", "command")}
    return folder_of(
        path,
        result("dictionary", 0.7, 0.01),
        result("crf", 0.84, 0.05),
        result("micro", 0.9, 0.15),
        llm,
        {"system": "endpoint", **skipped, "skipped": "No endpoint is named."},
    )


class Outline(HTMLParser):
    """Refuses tags that are not closed; collects what a page refers to and the ids it gives."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tables: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        told = dict(attrs)
        self.ids += [told["id"] or ""] if "id" in told else []
        self.links += [told[k] or "" for k in ("href", "src", "xlink:href") if k in told]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing(tmp_path: Path) -> None:
    page, text = write_report(some(tmp_path), texts={PLACE: LINE + "<b>"})
    source = page.read_text(encoding="utf-8")
    outline = Outline()
    outline.feed(source)
    assert not outline.open
    assert len(outline.ids) == len(set(outline.ids)), "ids of two plots clash"
    assert all(link.startswith("#") and link[1:] in outline.ids for link in outline.links)
    assert "<script" not in source and "http-equiv" not in source and "<b>" not in source
    assert source.count("<svg") == 4 and source.count('role="img"') == 4
    assert source.count("<caption>") == source.count("<table>") > 8
    assert 'scope="col"' in source and 'scope="row"' in source and "#010203" not in source
    assert text.read_text(encoding="utf-8").startswith("# ")


def test_the_same_results_give_the_same_page(tmp_path: Path) -> None:
    first = [p.read_bytes() for p in write_report(some(tmp_path))]
    assert [p.read_bytes() for p in write_report(tmp_path)] == first


def test_what_it_says_in_short_follows_from_the_figures(tmp_path: Path) -> None:
    ran = [r for r in read_results(some(tmp_path)) if "skipped" not in r]
    costs = {r["system"]: cost(r, read_prices()) for r in ran}
    errors, energy = goals(ran, costs)
    assert "0.900" in errors and "`crf`, 0.840: 38% fewer errors" in errors and "25%: reached" in errors
    assert "93 ×" in energy and "50 ×: reached" in energy
    worse = [result("micro", 0.85, 0.15), result("crf", 0.84, 0.05)]
    assert "6% fewer errors" in next(goals(worse, costs)) and "not reached" in next(goals(worse, costs))
    assert list(goals([result("crf", 0.84, 0.05)], costs)) == []


def test_skipped_samples_sources_and_errors_are_told(tmp_path: Path) -> None:
    folder = folder_of(some(tmp_path), result("nano", 0.88, 0.07, sample="a quick run on a sample"))
    _, path = write_report(folder, texts={PLACE: LINE})
    text = path.read_text(encoding="utf-8")
    assert "`endpoint` did not run: No endpoint is named." in text
    assert "This is a quick run on a sample;" in text
    assert "oncogloss compare --split dev" in text and "a machine of ours, 2 cores" in text and "2026-11-26" in text
    assert "- annotated: unresectable (STAGE); moon sarcoma (CANCER); zorbatinib (DRUG)" in text
    assert "RAPL, the whole machine" in text and "Claude Haiku 4.5" in text
    without = markdown_report("t", list(report_blocks(read_results(folder), read_prices(), {})))
    assert "1 of 1 lines hold an error" in without and "moon sarcoma" not in without


def test_only_skipped_systems_still_make_a_report(tmp_path: Path) -> None:
    skipped = {k: result("llm", 0, 1)[k] for k in ("split", "sample", "machine", "date", "seed", "command")}
    write_report(folder_of(tmp_path, {"system": "llm", **skipped, "skipped": "no runtime."}))
    assert "`llm` did not run: no runtime." in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_the_cheaper_of_equals_is_recommended() -> None:
    scores = {
        "big": {"DRUG": Score(90, 100, 100), "ROUTE": Score(995, 1000, 1000), "DOSE": Score(9, 10, 10)},
        "small": {"DRUG": Score(88, 100, 100), "ROUTE": Score(980, 1000, 1000), "DOSE": Score(9, 10, 10)},
    }
    by_type = {c.type: c for c in recommend(scores, {"big": 2.0, "small": 1.0})}
    assert set(by_type) == {"DRUG", "ROUTE"}, "ten spans are too few"
    assert by_type["DRUG"].system == "small" and by_type["DRUG"].best == "big"  # 0.02 below, standard error 0.03
    assert by_type["ROUTE"].system == "big" and by_type["ROUTE"].reason == "ahead by 0.015"
    assert {c.system for c in recommend(scores, {"big": 1.0, "small": 2.0})} == {"big"}


def test_a_system_that_read_fewer_records_is_not_recommended(tmp_path: Path) -> None:
    lucky = result("llm", 1.0, 0.001, records={"training": 0, "read": 6})
    blocks = report_blocks([result("micro", 0.9, 0.15), lucky], read_prices(), {})
    taken = next(b for b in blocks if isinstance(b, Table) and b.caption.startswith("Recommended"))
    assert {row[2] for row in taken.rows} == {"micro"}


def test_cells_are_escaped() -> None:
    table = Table("a | b", ["x"], [["<i>|"]])
    assert "<i>" not in html_report("t", [table])
    assert "| <i>\\| |" in markdown_report("t", [table])


def test_damaged_or_missing_results_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no results; run `oncogloss compare`"):
        read_results(tmp_path)
    (tmp_path / "crf.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"crf\.json: no result of a comparison"):
        read_results(tmp_path)
    with pytest.raises(InputError, match="no lines of examples"):
        read_texts(tmp_path / "crf.json")


def test_the_verb_writes_both(tmp_path: Path) -> None:
    texts = tmp_path / "lines.txt"
    texts.write_text(json.dumps([[*PLACE, LINE]]), encoding="utf-8")
    done = CliRunner().invoke(app, ["compare-report", str(some(tmp_path)), "--texts", str(texts)])
    assert done.exit_code == 0, done.output
    assert [Path(line).name for line in done.output.split()] == ["report.html", "report.md"]


def test_figures_are_shown_without_exponent() -> None:
    assert [short(x) for x in (0, 0.000123, 1.234, 99.9, 12345.6)] == ["0", "0.00012", "1.2", "100", "12,346"]
    assert [seconds(x) for x in (0.0123, 3.2, 200, 7200, 9e5)] == ["12 ms", "3.2 s", "3.3 min", "2 h", "10 d"]


def test_a_result_that_lacks_figures_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"system": "x", "seed": 0}')
    with pytest.raises(InputError, match="lacks command, date"):
        read_results(tmp_path)
