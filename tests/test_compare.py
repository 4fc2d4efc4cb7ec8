"""`oncogloss diff` and `oncogloss match` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("oncogloss.structure.quantities")

from oncogloss.schema import Change, Evidence, Matching, Verdict
from oncogloss.writers.compared import changes_json, changes_text, matching_text
from test_cli import SAMPLE, Command, run
from toys import ROOT

LUNG = ROOT / "corpus" / "patients" / "lung.json"
__all__ = ["run"]


def test_diff_of_a_record_with_itself_and_with_a_changed_one(run: Command, tmp_path: Path) -> None:
    assert run("diff", SAMPLE, SAMPLE).out == "No change of facts.\n"
    record = json.loads(SAMPLE.read_text(encoding="utf-8"))
    record["protocolSection"]["statusModule"]["overallStatus"] = "COMPLETED"
    changed = tmp_path / "new.json"
    changed.write_text(json.dumps(record), encoding="utf-8")
    assert run("diff", SAMPLE, changed).out == "Status: RECRUITING → COMPLETED.\n"
    shown = json.loads(run("diff", SAMPLE, changed, "--format", "json").out)
    assert [c["after"] for c in shown["changes"]] == ["COMPLETED"] and shown["wording"] == 0


def test_out_takes_what_would_be_printed(run: Command, tmp_path: Path) -> None:
    trial, out = tmp_path / "trial.json", tmp_path / "out"
    trial.write_bytes(SAMPLE.read_bytes())
    for verb in (("diff", trial, trial), ("match", LUNG, trial)):
        shown = run(*verb, "--model", "nano").out
        quiet = run(*verb, "--model", "nano", "--out", out)
        assert (quiet.status, quiet.out, out.read_text(encoding="utf-8")) == (0, "", shown)
        refused = run(*verb, "--model", "nano", "--out", trial)
        assert refused.status == 2 and "is one of the inputs" in refused.err


def test_diff_wants_one_record_a_file(run: Command, tmp_path: Path) -> None:
    several = tmp_path / "two.json"
    several.write_text(json.dumps({"studies": [json.loads(SAMPLE.read_text(encoding="utf-8"))] * 2}), encoding="utf-8")
    result = run("diff", SAMPLE, several)
    assert (result.status, result.err) == (2, f"oncogloss: {several}: 2 records; give a file that holds one trial.\n")
    missing = run("diff", SAMPLE, tmp_path / "none.json")
    assert missing.status == 2 and missing.err.count("\n") == 1


def test_match_in_text_and_json(run: Command) -> None:
    text = run("match", LUNG, SAMPLE)
    assert text.status == 0 and text.out.startswith("invented-lung and NCT99000001: ")
    assert text.out.rstrip().endswith("decides nothing about any patient.")
    (matching,) = [
        Matching.model_validate_json(line) for line in run("match", LUNG, SAMPLE, "--format", "json").out.splitlines()
    ]
    counted = len(matching.excluded_by) + len(matching.open) + matching.met
    assert matching.verdicts[0].answer == "met" and counted <= len(matching.verdicts)


def test_match_tells_what_a_patient_file_lacks(run: Command, tmp_path: Path) -> None:
    patient = tmp_path / "p.json"
    patient.write_text('{"id": "p", "sex": "female"}', encoding="utf-8")
    result = run("match", patient, SAMPLE)
    assert result.status == 0 and "p: no diagnosis" in result.err and "today's" in result.err
    refused = run("match", SAMPLE, SAMPLE)
    assert refused.status == 2 and "JSON, but no patient" in refused.err and refused.out == ""


def test_the_lines_of_changes_and_matchings() -> None:
    changes = [
        Change(kind="changed", subject="threshold", message="ECOG: 0 to 1 → 0 to 2."),
        Change(kind="wording", subject="criterion", message="Inclusion reworded."),
    ]
    assert (
        changes_text(changes, wording=False) == "ECOG: 0 to 1 → 0 to 2.\n1 more in wording only; --wording lists them."
    )
    assert changes_text(changes, wording=True) == "ECOG: 0 to 1 → 0 to 2.\nInclusion reworded."
    assert len(json.loads(changes_json(changes, wording=True))["changes"]) == 2
    verdicts = (
        Verdict(criterion="c1", side="inc", text="Adults", answer="met"),
        Verdict(
            criterion="c2", side="exc", text="Tide fever", answer="not met",
            evidence=(Evidence(mention="m1", words="Tide fever", entry="condition Tide fever", holds=True),),
        ),
    )  # fmt: skip
    matching = Matching(patient="p", trial="T", verdicts=verdicts, excluded_by=("c2",), open=(), met=1, note="Note.")
    assert matching_text(matching).splitlines() == [
        "p and T: 1 not met, 0 open, 1 met.",
        "not met  c2 (exc) Tide fever",
        '         "Tide fever": yes (condition Tide fever)',
        "met      c1 (inc) Adults",
        "Note.",
    ]


@pytest.mark.parametrize("command", [("match", LUNG), ("coverage",)])
def test_what_cannot_be_read_does_not_keep_the_others_from_an_answer(
    run: Command, tmp_path: Path, command: tuple[object, ...]
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"id": "x", "passages": ')
    result = run(*command, broken, SAMPLE)
    assert result.status == 1 and "broken.json" in result.err and "1 read, 1 failed" in result.err
    assert run(*command, SAMPLE).out == result.out
