"""The benchmark: parts of corpora, counted spans, results kept as they come, a table of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from oncogloss.errors import CorpusError
from oncogloss.evaluation.metrics import Score
from oncogloss.training.benchmark import (
    Job,
    jobs,
    read_pairs,
    read_task,
    rows_of,
    run_benchmark,
    run_job,
    score_spans,
    table,
)
from oncogloss.training.sentences import Text
from toys import SENTENCES


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()))


def tagged(sentence: str) -> str:
    rows = [f"{word}\t{'B-Disease' if word == 'sarcoma' else 'O'}" for word in sentence.rstrip(".").split()]
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind of corpus, small."""
    folder = tmp_path_factory.mktemp("corpora")
    for i, part in enumerate(("train", "devel", "test")):
        write(folder / f"biomed_ner_mtl/NCBI-disease/{part}.tsv.gz", "\n".join(map(tagged, SENTENCES[i::3])))
    documents = [
        {"id": str(i), "split": split, "text": "Moon dust", "entities": [{"type": "T", "spans": [[0, 4]]}]}
        for split in ("train", "test", "all")
        for i in range(60)
    ]
    for name, splits in (("lct/lct", ("train", "test")), ("pico_breast/pico_breast", ("all",))):
        write(folder / f"{name}.jsonl.gz", "\n".join(json.dumps(d) for d in documents if d["split"] in splits))
    for part in ("train", "dev", "test"):
        rows = [{"text": f"<< lunamab >> {verb} [[ MOON1 ]].", "label": verb} for verb in ("allowed", "known")]
        write(folder / f"chemprot/chemprot_{part}.jsonl.gz", "\n".join(map(json.dumps, rows * 3)))
    pair = {"id": "1", "text": "Moon sarcoma (MS) is rare.", "pairs": [{"sf": "MS", "lf": "Moon sarcoma"}]}
    write(folder / "abbreviations/medstract.jsonl.gz", json.dumps(pair))
    return folder


def test_parts_do_not_overlap(corpora: Path) -> None:
    final, trial = (read_task("ncbi-disease", corpora, split) for split in ("test", "devel"))
    assert len(final.training) == 20 and len(trial.training) == len(trial.held) == len(final.held) == 10
    assert not {t.text for t in final.training} & {t.text for t in final.held}
    lct, pico = read_task("lct", corpora, "test"), read_task("pico-breast", corpora, "test")
    assert (len(lct.training), len(lct.held)) == (60, 60)
    assert len(pico.training) + len(pico.held) == 60 and 4 <= len(pico.held) <= 20
    cut = read_task("lct", corpora, "devel")
    assert len(cut.training) + len(cut.held) == 60 and len(cut.held) >= 2
    assert [len(part) for part in read_pairs(corpora / "chemprot", "test")] == [12, 6]


def test_spans_are_counted_by_type_and_without() -> None:
    texts = [Text("abcdef", (("A", 0, 2), ("B", 3, 4))), Text("abc", (("A", 0, 1),))]
    scores = score_spans([{("A", 0, 2), ("A", 3, 4)}, {("B", 1, 2)}], texts)
    assert scores == {"A": Score(1, 2, 2), "B": Score(0, 1, 1), "": Score(2, 3, 3)}
    assert rows_of("jnlpba", scores) == {"jnlpba": Score(1, 3, 3), "jnlpba-untyped": Score(2, 3, 3)}
    assert rows_of("bc5cdr", scores) == {"bc5cdr-a": Score(1, 2, 2), "bc5cdr-b": Score(0, 1, 1)}


def test_each_job_is_asked_for_once() -> None:
    wanted = jobs(["lct", "chemprot", "medstract"], None, ["micro", "minilm"], [0, 1], "test")
    assert sorted(job.file for job in wanted) == [
        "chemprot-pairs-micro-test-0.json",
        "chemprot-pairs-micro-test-1.json",
        "chemprot-pairs-minilm-test-0.json",
        "chemprot-pairs-minilm-test-1.json",
        "lct-bilstm-crf-test-0.json",
        "lct-bilstm-crf-test-1.json",
        "lct-spans-micro-test-0.json",
        "lct-spans-micro-test-1.json",
        "lct-spans-minilm-test-0.json",
        "lct-spans-minilm-test-1.json",
        "medstract-letters-test-0.json",
        "medstract-schwartz-hearst-test-0.json",
        "medstract-shipped-micro-test-0.json",
    ]


@pytest.mark.parametrize(
    ("task", "system", "split"), [("x", "spans", "test"), ("lct", "x", "test"), ("lct", "crf", "x")]
)
def test_an_unknown_name_is_said(task: str, system: str, split: str) -> None:
    with pytest.raises(CorpusError, match=r"^x: not known to `benchmark`; choose from "):
        jobs([task], [system], ["micro"], [0], split)


def test_systems_are_asked_of_the_tasks_that_have_them() -> None:
    assert {job.task for job in jobs(None, ["pairs"], ["micro"], [0], "test")} == {"chemprot"}
    asked = jobs(["lct", "medstract"], ["crf", "letters"], ["micro"], [0], "test")
    assert [(job.task, job.system) for job in asked] == [("lct", "crf"), ("medstract", "letters")]
    with pytest.raises(CorpusError, match=r"^chemprot: not for spans, crf; choose from pairs\.$"):
        jobs(["chemprot"], ["spans", "crf"], ["micro"], [0], "test")


@pytest.mark.parametrize(
    ("task", "system"), [("ncbi-disease", "spans"), ("ncbi-disease", "crf"), ("chemprot", "pairs")]
)
def test_a_bundle_is_fine_tuned_and_scored(task: str, system: str, corpora: Path, bundle: Path) -> None:
    result = run_job(Job(task, system, str(bundle), 0, "test"), corpora, epochs=1)
    assert result["start"] == bundle.name and result["parameters"] > 1_000
    assert ("agreeing" in result) == (system == "spans")
    for rows in (result["rows"], result.get("agreeing", result["rows"])):
        assert rows[task]["wanted"] == result["rows"][task]["wanted"]
    assert result["rows"][task]["wanted"] == sum(figures["wanted"] for figures in result["types"].values()) > 0


def test_results_are_kept_and_not_run_again(corpora: Path, tmp_path: Path) -> None:
    wanted = jobs(["ncbi-disease"], ["bilstm-crf"], ["micro"], [0, 1], "test")
    wanted += [Job("medstract", system, "", 0, "test") for system in ("schwartz-hearst", "letters")]
    lines: list[str] = []
    run_benchmark(corpora, tmp_path, wanted, epochs=1, log=lines.append)
    assert lines
    assert {path.name for path in tmp_path.iterdir()} == {job.file for job in wanted}
    lines.clear()
    run_benchmark(corpora, tmp_path, wanted, epochs=1, log=lines.append)
    assert not lines
    rows = table(tmp_path).splitlines()
    assert rows[2].startswith("| ncbi-disease | bilstm-crf |") and " | 2 | " in rows[2]
    assert "| ncbi-disease | BioBERT v1.1 (published) | 89.71 | | | | | | |" in rows
    assert [row[:44] for row in rows[-2:]] == [
        "| medstract | letters | 100.00 | 0.00 | 100.",
        "| medstract | schwartz-hearst | 100.00 | 0.0",
    ]
    assert len(table(tmp_path, "devel").splitlines()) == 2
