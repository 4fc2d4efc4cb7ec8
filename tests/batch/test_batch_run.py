from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from oncogloss.batch import workers as workers_module
from oncogloss.batch.database import ask
from oncogloss.batch.run import Progress, Settings
from oncogloss.batch.store import COLUMNS
from oncogloss.concepts.terms import Term, add_terms, remove_terms
from oncogloss.errors import InputError
from oncogloss.evaluation.kills import killed_batch, state_of
from oncogloss.pipeline import load
from oncogloss.readers import read_path
from oncogloss.schema import Document

Run = Callable[..., Progress]


def write(path: Path, **texts: str) -> Path:
    rows = ({"id": name, "passages": {"eligibility": text}} for name, text in texts.items())
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_each_record_has_one_result_and_a_second_run_adds_nothing(run: Run, records: Path, tmp_path: Path) -> None:
    first = run(records, tmp_path)
    assert (first.read, first.failed, first.parts) == (24, 1, 4)
    before = state_of(tmp_path)
    second = run(records, tmp_path)
    assert (second.read, second.failed, second.still_failing, second.unchanged) == (0, 1, 1, 24)
    assert state_of(tmp_path) == before
    assert ask(tmp_path, "SELECT count(*), count(DISTINCT record) FROM trials")[1] == [(24, 24)]
    assert ask(tmp_path, "SELECT kind, record FROM failures")[1] == [("input", None)]


def test_workers_and_chunks_do_not_change_a_byte(run: Run, records: Path, tmp_path: Path) -> None:
    run(records, tmp_path / "one", workers=1)
    run(records, tmp_path / "three", workers=3, cache=False)
    assert state_of(tmp_path / "one") == state_of(tmp_path / "three")


def test_killed_at_random_it_comes_out_the_same(run: Run, bundle: Path, records: Path, tmp_path: Path) -> None:
    run(records, tmp_path / "whole")
    dice, settings, killed = random.Random(1), Settings(model=str(bundle), part=1), 0
    while not killed_batch(records, tmp_path / "killed", settings, dice.uniform(0.02, 0.5) * (1 + killed)):
        killed += 1
    assert killed
    assert state_of(tmp_path / "killed") == state_of(tmp_path / "whole")


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_killed_at_each_step_of_writing_it_comes_out_the_same(
    call: str, run: Run, bundle: Path, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies at its n-th flush or rename, for some n of each kind of step."""
    run(records, tmp_path / "whole")
    place = os if call == "fsync" else Path
    real = getattr(place, call)
    tables = len(COLUMNS)
    for n in (1, 2, 9, *range(tables + 2, tables + 6)) if call == "fsync" else (1, 3):
        left = n

        def dying(*given: object) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given)

        monkeypatch.setattr(place, call, dying)
        settings = Settings(model=str(bundle), part=1, workers=1)
        child = os.fork()
        if child == 0:
            killed_batch.__globals__["run_batch"]([records], tmp_path / str(n), settings)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        monkeypatch.setattr(place, call, real)
        run(records, tmp_path / str(n), workers=1)
        assert state_of(tmp_path / str(n)) == state_of(tmp_path / "whole")


def test_only_what_changed_is_read_and_the_newest_reading_counts(run: Run, tmp_path: Path) -> None:
    file, store = tmp_path / "r.jsonl", tmp_path / "store"
    run(write(file, a="Age of 18 years or older.", b="Moon sarcoma."), store)
    done = run(write(file, a="Age of 21 years or older.", b="Moon sarcoma."), store)
    assert (done.read, done.unchanged) == (1, 1)
    rows = ask(store, "SELECT record, part FROM trials ORDER BY record")[1]
    assert rows == [("a", 2), ("b", 1)]
    assert run(write(file, a="Age of 18 years or older.", b="Moon sarcoma."), store).read == 1


def test_two_records_of_one_id_in_a_run_are_not_silently_one(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    write(file, a="Age of 18 years or older.")
    other = write(tmp_path / "s.jsonl", a="Age of 30 years or older.")
    done = run([file, other, file], tmp_path / "store")
    assert (done.read, done.failed, done.unchanged) == (1, 1, 1)
    assert ask(tmp_path / "store", "SELECT kind FROM failures")[1] == [("duplicate",)]
    again = run([file, other], tmp_path / "store")
    assert (again.read, again.failed, again.still_failing, again.unchanged) == (0, 1, 1, 1)
    assert ask(tmp_path / "store", "SELECT count(*) FROM failures")[1] == [(1,)]


def test_a_text_seen_before_is_answered_from_the_readings_with_the_same_facts(run: Run, tmp_path: Path) -> None:
    text = "Zorbatinib plus lunamab as first-line treatment of HER2-positive crater carcinoma."
    store = tmp_path / "store"
    assert run(write(tmp_path / "a.jsonl", a=text), store).known == 0
    assert run(write(tmp_path / "b.jsonl", b=text), store).known == 1
    assert run(write(tmp_path / "c.jsonl", c=text), store, cache=False).known == 0
    facts = [
        ask(store, f"SELECT * EXCLUDE (record, part) FROM {table} WHERE record = '{record}'")[1]
        for table in ("mentions", "relations", "criteria", "coverage")
        for record in "abc"
    ]
    assert facts[0]
    for i in range(0, len(facts), 3):
        assert facts[i] == facts[i + 1] == facts[i + 2]


def test_own_labels_are_kept_and_known_again(taught: Path, run: Run, records: Path, tmp_path: Path) -> None:
    """They stand where the model finds them, also when its reading comes from the cache."""
    store = tmp_path / "store"
    run(records, store, model=str(taught))
    found = "SELECT * EXCLUDE (record, part) FROM own_mentions WHERE record = '{}' ORDER BY ALL"
    (document,) = (d for d in read_path(records) if isinstance(d, Document) and d.id == "T00003")
    own = load(taught).extract(document).own
    assert own and sorted(ask(store, found.format("T00003"))[1]) == sorted(
        (m.passage, m.start, m.end, m.text, m.label, m.score) for m in own
    )
    other = tmp_path / "other.jsonl"
    texts = {p.name: p.text for p in document.passages}
    other.write_text(json.dumps({"id": "again", "passages": texts}))
    assert run(other, store, model=str(taught)).known == 1
    assert ask(store, found.format("again")) == ask(store, found.format("T00003"))
    ((label, mentions, held, _),) = ask(store, "own_labels")[1]
    assert label == "PLACE" and mentions > held == 25


def test_readings_may_be_damaged_or_gone(run: Run, records: Path, tmp_path: Path) -> None:
    run(records, tmp_path / "store", limit=8)
    (tmp_path / "store" / "readings.sqlite").write_bytes(b"no database" * 500)
    assert run(records, tmp_path / "store").read == 16


def test_a_poisonous_record_fails_alone_and_is_tried_again_on_request(
    run: Run, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One record kills its worker, another is beyond us: 22 others are read, and all are after we are mended."""
    real = workers_module._read

    def poisoned(work: object, task: workers_module.Task, readings: object) -> object:
        if task.document.id == "T00003":
            os.kill(os.getpid(), signal.SIGKILL)
        return real(work, task, readings)  # type: ignore[arg-type]

    def faulty(self: object, document: object, found: object) -> None:
        raise ValueError(document)

    monkeypatch.setattr(workers_module, "_read", poisoned)
    done = run(records, tmp_path)
    assert (done.read, done.failed) == (23, 2)
    monkeypatch.undo()
    rows = ask(tmp_path, "SELECT record, kind FROM failures ORDER BY kind")[1]
    assert rows == [(None, "input"), ("T00003", "killed")]
    again = run(records, tmp_path)
    assert (again.read, again.failed, again.still_failing, again.unchanged) == (0, 2, 2, 23)
    assert run(records, tmp_path, retry_failed=True).read == 1
    assert ask(tmp_path, "SELECT record FROM failures WHERE record IS NOT NULL")[1] == []
    assert ask(tmp_path, "SELECT count(*) FROM trials")[1] == [(24,)]


def test_a_fault_of_ours_is_told_without_the_text(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from oncogloss.pipeline import Pipeline

    def faulty(self: Pipeline, document: object, found: object) -> None:
        raise ValueError("Secret words of a passage.")

    monkeypatch.setattr(Pipeline, "understand", faulty)
    assert run(write(tmp_path / "r.jsonl", a="Secret words of a passage."), tmp_path / "store").failed == 1
    (reason,) = ask(tmp_path / "store", "SELECT reason FROM failures")[1][0]
    assert "ValueError in faulty" in reason and "Secret" not in reason


def test_a_file_that_was_mended_is_no_failure_any_more(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text('{"id": broken')
    assert run(file, tmp_path / "store").failed == 1
    file.write_text(json.dumps({"id": "a", "passages": {"eligibility": "Moon sarcoma."}}))
    assert run(file, tmp_path / "store").read == 1
    assert ask(tmp_path / "store", "failures")[1] == []
    file.write_text('{"id": broken')
    for still in (0, 1):
        done = run([file, file], tmp_path / "store")
        assert (done.failed, done.still_failing) == (1, still)
        assert ask(tmp_path / "store", "SELECT count(*) FROM failures")[1] == [(1,)]


def test_a_colon_in_a_name_hides_no_mending(run: Run, tmp_path: Path) -> None:
    file, store = tmp_path / "Trial: A" / "r.json", tmp_path / "store"
    file.parent.mkdir()
    file.write_text('{"id": broken')
    assert run(file, store).failed == 1
    ((source,),) = ask(store, "SELECT source FROM failures")[1]
    assert source.startswith(f"{file}, line 1")
    write(file, a="Moon sarcoma.")
    assert run(file, store).read == 1
    assert ask(store, "failures")[1] == []


def test_own_terms_are_linked_and_a_changed_table_reads_anew(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "r.jsonl", a="Prior treatment with lomuvarq within 14 days.")
    table, store = tmp_path / "terms.tsv", tmp_path / "store"
    linked = "SELECT concept_id FROM mentions WHERE text = 'lomuvarq'"
    run(file, store, model="nano", workers=1)
    assert ask(store, linked)[1] in ([], [(None,)])
    add_terms(table, [Term("DRUG", "moonorasib", ("Lomuvarq",)), Term("GENE", "MOON9")])
    assert run(file, store, model="nano", workers=1, terms=table).read == 1
    assert ask(store, linked)[1] == [("LOCAL:moonorasib",)]
    table.write_text("".join(reversed(table.read_text().splitlines(keepends=True))))
    assert run(file, store, model="nano", workers=1, terms=table).unchanged == 1
    remove_terms(table, ["moonorasib"])
    assert run(file, store, model="nano", workers=1, terms=table).read == 1


def test_a_vocabulary_of_ones_own_is_linked_to(mine: Path, run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "r.jsonl", a="Prior treatment with pembrolizumab within 14 days.")
    run(file, tmp_path / "store", model="nano", workers=1, vocabulary=str(mine))
    assert ask(tmp_path / "store", "SELECT concept_id FROM concepts")[1] == [("MINE:1",)]


@pytest.mark.parametrize("place", ["in", "in/deep/store", ".", "in/link"])
def test_a_store_and_the_inputs_lie_apart(place: str, run: Run, records: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    file = write(folder / "r.jsonl", a="Moon sarcoma.")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "in", target_is_directory=True)
    for given in (folder, [records, folder], file):
        if place == "in/deep/store" and given == file:
            continue
        with pytest.raises(InputError, match="would lie among the inputs"):
            run(given, tmp_path / place)
    assert sorted(path.name for path in folder.iterdir()) == ["link", "r.jsonl"]


def test_before_the_processes_part_a_first_record_is_understood_whole() -> None:
    tables = workers_module.understand_a_first(load("nano", threads=1))
    assert {name: tables[name].num_rows for name in ("mentions", "criteria", "thresholds")} == {
        "mentions": 3, "criteria": 1, "thresholds": 1,
    }  # fmt: skip
    assert tables["thresholds"].column("unit").to_pylist() == ["10*9/L"]


def test_text_is_kept_only_on_request(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "r.jsonl", a="Moon sarcoma.")
    run(file, tmp_path / "without")
    run(file, tmp_path / "with", with_text=True)
    assert ask(tmp_path / "without", "SELECT characters, text FROM passages")[1] == [(13, None)]
    assert ask(tmp_path / "with", "SELECT text FROM passages")[1] == [("Moon sarcoma.",)]


def test_a_reading_that_is_damaged_within_a_whole_file_is_read_anew(run: Run, tmp_path: Path) -> None:
    text, store = "Zorbatinib for crater carcinoma.", tmp_path / "store"
    run(write(tmp_path / "a.jsonl", a=text), store)
    with closing(sqlite3.connect(store / "readings.sqlite")) as file, file:
        file.execute("UPDATE readings SET reading = substr(reading, 1, 9)")
    done = run(write(tmp_path / "b.jsonl", b=text), store)
    assert (done.read, done.failed) == (1, 0)
    with closing(sqlite3.connect(store / "readings.sqlite")) as file:
        assert file.execute("SELECT min(length(reading)) FROM readings").fetchone()[0] > 9
