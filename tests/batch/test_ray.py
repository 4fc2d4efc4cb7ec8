"""The same batches on Ray: one machine as a cluster, and a cluster of two of which one dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray")

import ray

from oncogloss.batch import ray as engine
from oncogloss.batch import workers
from oncogloss.batch.database import ask
from oncogloss.batch.run import Progress, Settings, run_batch
from oncogloss.concepts.terms import Term, add_terms
from oncogloss.errors import StoreError
from oncogloss.evaluation.kills import invented_records, state_of

Run = Callable[..., Progress]
pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(autouse=True)
def _off() -> Iterator[None]:
    yield
    ray.shutdown()


def test_the_store_is_the_same_to_the_byte(run: Run, records: Path, tmp_path: Path) -> None:
    """Also over several waves, with own terms and readings that are known, and a second run adds nothing."""
    add_terms(tmp_path / "terms.tsv", [Term("DRUG", "zorbatinib", ("Zorvia",))])
    mine = {"terms": tmp_path / "terms.tsv"}
    run(records, tmp_path / "own", **mine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "WAVE", 3)
        done = run(records, tmp_path / "ray", engine="ray", workers=1, **mine)
    assert (done.read, done.failed, done.parts) == (24, 1, 4)
    assert state_of(tmp_path / "ray") == state_of(tmp_path / "own")
    again = run(records, tmp_path / "ray", **mine)
    assert (again.read, again.still_failing, again.unchanged) == (0, 1, 24)


def poison(patch: pytest.MonkeyPatch, record: str) -> None:
    """Make both engines' workers die of a record."""

    class Poisoned(engine._Reader):
        def __init__(self, *given: Any) -> None:
            workers._read = dying  # type: ignore[assignment]
            super().__init__(*given)

    real = workers._read

    def dying(work: object, task: workers.Task, readings: object) -> object:
        if task.document.id == record:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(work, task, readings)  # type: ignore[arg-type]

    patch.setattr(workers, "_read", dying)
    patch.setattr(engine, "_Reader", Poisoned)


def test_what_one_engine_began_the_other_finishes_to_the_byte(
    run: Run, taught: Path, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With own labels, and a record that kills whoever reads it."""
    poison(monkeypatch, "T00011")
    given = {"model": str(taught), "workers": 1}
    whole = run(records, tmp_path / "whole", **given)
    assert (whole.read, whole.failed) == (23, 2)
    for first, second in (("own", "ray"), ("ray", "own")):
        run(records, tmp_path / first, limit=8, engine=first, **given)
        done = run(records, tmp_path / first, engine=second, **given)
        assert (done.read, done.failed, done.unchanged) == (15, 2, 8)
        assert state_of(tmp_path / first) == state_of(tmp_path / "whole")
    assert ask(tmp_path / "own", "SELECT record FROM failures WHERE kind = 'killed'")[1] == [("T00011",)]


def test_actors_and_a_machine_that_die_are_survived(bundle: Path, run: Run, tmp_path: Path) -> None:
    from ray.cluster_utils import Cluster

    source = tmp_path / "records.jsonl"
    invented_records(source, 160)
    run(source, tmp_path / "own")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    second = cluster.add_node(num_cpus=1)
    struck: list[int] = []

    def strike(_: Progress) -> None:
        if not struck:
            struck.extend(_actors())
            os.kill(struck[0], signal.SIGKILL)
            cluster.remove_node(second, allow_graceful=False)

    settings = Settings(model=str(bundle), part=1, engine="ray", ray_address=cluster.address)
    try:
        done = run_batch([source], tmp_path / "ray", settings, tell=strike)
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert len(struck) >= 2 and (done.read, done.failed) == (160, 1)
    assert state_of(tmp_path / "ray") == state_of(tmp_path / "own")


def _actors() -> list[int]:
    """The processes of actors that this one started, itself or through Ray."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            named = (folder / "cmdline").read_bytes().startswith(b"ray::MapWorker")
        except OSError:
            continue
        if named and os.getpid() in _ancestors(int(folder.name)):
            found.append(int(folder.name))
    return sorted(found)


def _ancestors(process: int) -> list[int]:
    found = []
    while process > 1:
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        found.append(process)
    return found


def test_a_cluster_that_is_not_there_is_one_sentence(run: Run, records: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no Ray cluster answers there; check --ray-address\.$"):
        run(records, tmp_path, engine="ray", ray_address="nonsense")


def test_a_machine_with_another_model_is_refused(
    run: Run, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oncogloss.batch.run.system_of", lambda pipeline: "0" * 64)
    with pytest.raises(StoreError, match="another model, vocabulary or version"):
        run(records, tmp_path, engine="ray", workers=1)
