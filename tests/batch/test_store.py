from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from oncogloss.batch import store as store_module
from oncogloss.batch.store import (
    COLUMNS,
    MANIFEST,
    SCHEMA_VERSION,
    Store,
    damaged_files,
    files_of,
    made_tables,
    parts_of,
    read_manifest,
)
from oncogloss.errors import StoreError

RUN = {"kind": "run", "run": 1, "schema_version": SCHEMA_VERSION}


def tables(record: str):
    return made_tables({"records": [{"record": record, "source": "s", "status": "read"}]})


def records_of(folder: Path) -> list[str]:
    import pyarrow.parquet as pq

    log = read_manifest(folder)
    return [row["record"] for file in files_of(folder, "records", log) for row in pq.read_table(file).to_pylist()]


def test_parts_are_read_in_order(tmp_path: Path) -> None:
    with Store(tmp_path / "s") as store:
        store.append(RUN)
        store.commit(tables("a"))
        store.commit(tables("b"))
    assert records_of(tmp_path / "s") == ["a", "b"]
    assert damaged_files(tmp_path / "s") == []


def test_what_no_log_names_is_swept_and_a_torn_line_cut_off(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.append(RUN)
        store.commit(tables("a"))
    (tmp_path / "parts" / "000002").mkdir()
    (tmp_path / "parts" / "000002.draft").mkdir()
    with (tmp_path / MANIFEST).open("a") as log:
        log.write('{"kind": "part", "pa')
    with Store(tmp_path) as store:
        store.commit(tables("b"))
    assert sorted(p.name for p in (tmp_path / "parts").iterdir()) == ["000001", "000002"]
    assert records_of(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("call", ["fsync", "rename"])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_whichever_call_fails_no_half_part_counts(
    call: str, error: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fail the n-th call for every n, until one commit goes through."""
    place = os if call == "fsync" else Path
    real = getattr(place, call)
    failed = 0
    for n in range(1, 100):
        folder = tmp_path / str(n)
        with Store(folder) as store:
            store.append(RUN)
            store.commit(tables("a"))
            left = n

            def failing(*given: object) -> object:
                nonlocal left
                left -= 1
                if left == 0:
                    raise OSError(error, os.strerror(error))
                return real(*given)

            monkeypatch.setattr(place, call, failing)
            try:
                store.commit(tables("b"))
                told = ""
            except StoreError as raised:
                told = str(raised)
            monkeypatch.setattr(place, call, real)
        if not told:
            break
        assert os.strerror(error) in told
        failed += 1
        with Store(folder) as store:
            assert damaged_files(folder) == []
            if records_of(folder) == ["a"]:
                store.commit(tables("b"))
        assert records_of(folder) == ["a", "b"]
    assert failed == (len(COLUMNS) + 3 if call == "fsync" else 1)


def test_a_write_that_the_disk_takes_only_half_of_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(tmp_path) as store:
        store.append(RUN)
        monkeypatch.setattr(store_module, "MANIFEST", "/dev/full")
        with pytest.raises(StoreError, match="No space left"):
            store.commit(tables("a"))
        monkeypatch.undo()
    assert records_of(tmp_path) == []


def test_a_second_writer_is_refused_and_a_dead_one_succeeded(tmp_path: Path) -> None:
    hold = (
        "import sys, time; from pathlib import Path; from oncogloss.batch.store import Store\n"
        "s = Store(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match=f"process {holder.pid} is writing"):
            Store(tmp_path)
    finally:
        holder.kill()
        holder.communicate()
    with Store(tmp_path) as store:
        assert store.abandoned == str(holder.pid)
    with Store(tmp_path) as store:
        assert store.abandoned == ""


def test_damage_is_named(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.append(RUN)
        store.commit(tables("a"))
        store.commit(tables("b"))
    file = tmp_path / "parts" / "000001" / "records.parquet"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert damaged_files(tmp_path) == [str(file)]
    log = (tmp_path / MANIFEST).read_bytes()
    (tmp_path / MANIFEST).write_bytes(log.replace(b'"kind": "part"', b'"kind" "part"', 1))
    with pytest.raises(StoreError, match="line 2: is damaged"):
        Store(tmp_path)
    (tmp_path / MANIFEST).write_text(json.dumps({**RUN, "schema_version": 99}) + "\n")
    with pytest.raises(StoreError, match=r"is a store of schema 99, .* schema 4; make a new store"):
        Store(tmp_path)


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder but the lock, empty folders as b""."""
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b""
        for p in folder.rglob("*")
        if p.name != "lock" and (p.is_file() or not any(p.iterdir()))
    }


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda log: b"", "parts/000001 is there, but manifest.jsonl does not name it"),
        (lambda log: b'{"kind": "run", "ru', "parts/000001 is there, but manifest.jsonl does not name it"),
        (lambda log: log.splitlines(True)[0], "parts/000002 is there, but manifest.jsonl does not name it"),
        (lambda log: b"".join(log.splitlines(True)[1:]), "line 1: is damaged"),
        (lambda log: b"".join(log.splitlines(True)[i] for i in (0, 2, 3)), "line 2: is damaged"),
        (lambda log: b"[]\n" + log, "line 1: is damaged"),
        (lambda log: log.replace(b'"part": 2', b'"part": "2"'), "line 3: is damaged"),
        (lambda log: log + b'{"kind": "feast"}\n', "line 5: is damaged"),
        (lambda log: log + b'{"kind": ["run"]}\n', "line 5: is damaged"),
        (lambda log: log + b'{"kind": "run", "run": 2}\n', "line 5: is damaged"),
        (lambda log: b"[" * 100_000 + b"\n", "line 1: is damaged"),
        (lambda log: b"\xff\xfe", "line 1: is damaged"),
        (lambda log: log + b"\xff\xfe", "line 5: is damaged"),
    ],
)
def test_a_log_that_is_not_whole_is_refused_and_nothing_is_touched(
    damage: Callable[[bytes], bytes], sentence: str, tmp_path: Path
) -> None:
    with Store(tmp_path) as store:
        store.append(RUN)
        for record in "abc":
            store.commit(tables(record))
    log = tmp_path / MANIFEST
    log.write_bytes(damage(log.read_bytes()))
    before = contents(tmp_path)
    with pytest.raises(StoreError, match=sentence) as raised:
        Store(tmp_path)
    assert str(raised.value).count("\n") == 0
    assert contents(tmp_path) == before


def test_a_log_that_is_gone_is_missed(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.append(RUN)
        store.commit(tables("a"))
    (tmp_path / MANIFEST).unlink()
    with pytest.raises(StoreError, match="parts/000001 is there, but"):
        Store(tmp_path)


def test_zeros_that_a_cut_of_power_left_are_cut_off(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.append(RUN)
        store.commit(tables("a"))
    log = tmp_path / MANIFEST
    whole = log.read_bytes()
    log.write_bytes(whole + bytes(700))
    with Store(tmp_path):
        assert log.read_bytes() == whole


def test_a_folder_of_other_things_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="is neither empty nor a store"):
        Store(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_run_that_died_before_its_first_line_is_succeeded(tmp_path: Path) -> None:
    with Store(tmp_path / "s"):
        pass
    (tmp_path / "s" / MANIFEST).write_text('{"kin')
    with Store(tmp_path / "s") as store:
        store.append(RUN)
        store.commit(tables("a"))
    assert records_of(tmp_path / "s") == ["a"]


def test_a_missing_part_is_an_error_and_never_silence(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.append(RUN)
        store.commit(tables("a"))
    (tmp_path / "parts" / "000001").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="part 1 is missing"):
        Store(tmp_path)
    assert list(parts_of([])) == []
