"""The comparison run for real on tiny documents: its figures counted by hand, and what a kill leaves behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from oncogloss.errors import CorpusError, OncoglossError
from oncogloss.evaluation import compare as compare_module
from oncogloss.evaluation.compare import Comparison, compare, example_lines, shuffled
from oncogloss.evaluation.metrics import Facts
from oncogloss.evaluation.new_names import marked
from oncogloss.evaluation.stages import facts_row, main, read_found, row_facts
from oncogloss.training.corpora import GoldDocument, write_standoff

LEARNED = "Zorbatinib"


def document(identifier: str, *patterns: str) -> GoldDocument:
    passages = [marked(p, LEARNED) for p in patterns]
    return GoldDocument(identifier, (passages[0],) if len(passages) == 1 else tuple(passages))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    documents = [
        *(document(f"t{i}", "[@] for [CANCER moon sarcoma] of the tide") for i in range(4)),
        document("dev1", "[@] again"),
        document("held1", "[@] for [CANCER moon sarcoma] and for [CONDITION lunar wheeze]"),
        document("held2", "Nothing of note"),
    ]
    write_standoff(documents, folder / "own.jsonl", with_text=True)
    (folder / "splits.json").write_text(json.dumps({"dev": ["dev1"], "test": ["held1", "held2"]}))
    return folder


def comparison(folder: Path, lines: list[str], *, quick: bool = False, seed: int = 0) -> Comparison:
    return Comparison(folder / "out", folder / "run", "test", quick, seed, "oncogloss compare", lines.append)


@pytest.fixture(scope="module")
def run(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], list[str]]:
    folder, lines = tmp_path_factory.mktemp("compare"), list[str]()
    (path,) = compare(comparison(folder, lines), corpus, [], ["dictionary"])
    return folder, json.loads(path.read_text(encoding="utf-8")), lines


def test_scores_are_those_counted_by_hand(run: tuple[Path, dict[str, Any], list[str]]) -> None:
    _, result, _ = run
    assert result["scores"]["strict"] == {
        "CANCER": {"right": 1, "found": 1, "wanted": 1},
        "CONDITION": {"right": 0, "found": 0, "wanted": 1},
        "DRUG": {"right": 1, "found": 1, "wanted": 1},
    }
    assert result["scores"]["seen"].keys() == {"CANCER", "DRUG"}
    assert result["scores"]["unseen"] == {"CONDITION": {"right": 0, "found": 0, "wanted": 1}}
    assert (result["records"], result["sample"]) == ({"training": 4, "read": 2}, "")
    assert [(p["share"], p["records"]) for p in result["curve"]] == [(0.25, 1), (0.5, 2)]
    assert result["update"]["recall_before"] < result["update"]["recall_after"] == 1.0
    assert result["update"]["able"] and result["update"]["sentences"] == 0


def test_costs_are_measured_and_nothing_quotes_the_text(run: tuple[Path, dict[str, Any], list[str]]) -> None:
    _, result, _ = run
    running = result["running"]
    assert running["cold_start_seconds"] > 0 and running["cpu_seconds_p95"] >= running["cpu_seconds_p50"] > 0
    assert running["cold_start_cpu_seconds"] > 0 and running["peak_mib"] > 10 and running["records_per_hour"] > 0
    assert sum(group["records"] for group in running["by_length"]) == 2
    assert result["training"]["cpu_seconds"] > 0 and result["size"]["bytes"] > 0
    assert {result["command"], result["seed"], result["split"]} == {"oncogloss compare", 0, "test"}
    assert "sarcoma" not in json.dumps(result)


def test_examples_are_offsets_and_their_words_stay_in_the_run(run: tuple[Path, dict[str, Any], list[str]]) -> None:
    folder, result, _ = run
    (example,) = result["examples"]
    assert (example["record"], example["start"]) == ("held1", 0)
    assert ["CONDITION", 36, 48] in example["wanted"] and ["DRUG", 0, 10] in example["found"]
    ((*where, words),) = json.loads((folder / "run" / "example_text.json").read_text(encoding="utf-8"))
    assert where == [example[key] for key in ("record", "passage", "start", "end")]
    assert words[36:48] == "lunar wheeze"


def test_a_second_run_does_nothing_again_and_one_cut_off_goes_on(
    run: tuple[Path, dict[str, Any], list[str]], corpus: Path
) -> None:
    folder, result, _ = run
    lines: list[str] = []
    compare(comparison(folder, lines), corpus, [], ["dictionary"])
    assert lines == ["[1/1] dictionary: there already"]
    model = folder / "run" / "dictionary" / "model"
    found = model / "found.jsonl"
    whole = found.read_text(encoding="utf-8")
    found.write_text(whole[: len(whole.splitlines()[0]) + 20], encoding="utf-8")  # killed within the second record
    (model / "read.json").unlink()
    (folder / "out" / "dictionary.json").unlink()
    compare(comparison(folder, lines), corpus, [], ["dictionary"])
    assert [line.strip() for line in lines[1:3]] == ["[1/1] dictionary", "dictionary, model: read"]
    again = json.loads((folder / "out" / "dictionary.json").read_text(encoding="utf-8"))
    assert (again["scores"], again["examples"]) == (result["scores"], result["examples"])
    assert read_found(found)[0] == json.loads(whole.splitlines()[0])


def test_other_records_need_another_run(run: tuple[Path, dict[str, Any], list[str]], corpus: Path) -> None:
    with pytest.raises(CorpusError, match="begun with another split, sample or seed"):
        compare(comparison(run[0], [], seed=1), corpus, [], ["dictionary"])
    with pytest.raises(OncoglossError, match="no such system; there are dictionary"):
        compare(comparison(run[0], []), corpus, [], ["nothing"])


def test_a_system_that_cannot_run_is_skipped_with_its_reason(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lacking:
        def __init__(self) -> None:
            raise OncoglossError("no weights here.")

    monkeypatch.setattr(compare_module, "make_system", lambda name: Lacking())
    lines: list[str] = []
    (path,) = compare(comparison(tmp_path, lines, quick=True), corpus, [], ["crf"])
    result = json.loads(path.read_text(encoding="utf-8"))
    assert result["skipped"] == "no weights here." and "scores" not in result
    assert result["sample"].startswith("a quick run on a sample")
    assert lines[-1] == "  skipped: no weights here."


def test_a_child_says_an_error_of_ours_in_its_result(tmp_path: Path) -> None:
    job = {"system": "nothing", "stage": "cold", "out": str(tmp_path / "out.json")}
    (tmp_path / "job.json").write_text(json.dumps(job))
    assert main([str(tmp_path / "job.json")]) == 3
    assert json.loads((tmp_path / "out.json").read_text())["skipped"].startswith("nothing: no such system")


def test_facts_are_the_same_after_a_file() -> None:
    a, b = (("d", "text"), 0, 3, "DRUG"), (("d", "text"), 5, 9, "CANCER")
    facts = Facts({a, b}, {(b, "neg")}, {(a, b, "TREATS")}, {})
    assert row_facts(json.loads(json.dumps({"id": "d", **facts_row(facts)}))) == facts


def test_the_order_depends_on_the_seed_alone() -> None:
    documents = [document(f"d{i}", "[@]") for i in range(9)]
    assert shuffled(documents, 1) == shuffled(documents[::-1], 1) != shuffled(documents, 2)


def test_example_lines_hold_several_names() -> None:
    two = document("a", "Title\n[@] for [CANCER moon sarcoma]\nthe end")
    assert example_lines([two, document("b", "[@] alone")]) == [("a", "text", 6, 33)]


def test_the_memory_of_a_child_is_not_that_of_its_parent() -> None:
    ballast = b"x" * 2**27
    code = "from oncogloss.evaluation.stages import peak_mib; print(peak_mib())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert 10 < float(said) < len(ballast) / 2**20


def test_a_result_of_another_run_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    mine, path = comparison(tmp_path, []), tmp_path / "dictionary.json"
    assert not compare_module._is_there(mine, path)
    row = {"split": "test", "sample": "", "seed": 0}
    for change, there in (
        ({}, True),
        ({"sample": "a quick run"}, False),
        ({"split": "dev"}, False),
        ({"seed": 1}, False),
    ):
        path.write_text(json.dumps(row | change))
        assert compare_module._is_there(mine, path) == there
