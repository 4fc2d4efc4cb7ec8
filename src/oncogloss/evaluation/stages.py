"""What a child process of `compare` does: train one system, start it cold, let it read, or teach it new names.

`python -m oncogloss.evaluation.stages JOB.json`; a process of its own makes time, memory and cold start a system's own.
"""

from __future__ import annotations

import time

BEGUN = time.perf_counter()  # before anything of ours is imported: a cold start counts from here

import json  # noqa: E402
import resource  # noqa: E402
import shutil  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from oncogloss.errors import OncoglossError  # noqa: E402
from oncogloss.evaluation.energy import metered  # noqa: E402
from oncogloss.evaluation.metrics import Facts  # noqa: E402
from oncogloss.evaluation.systems import System, make_system  # noqa: E402
from oncogloss.model.files import replace_file  # noqa: E402
from oncogloss.readers import read_path  # noqa: E402
from oncogloss.schema import Document  # noqa: E402

Job = dict[str, str]  # system, stage, model (folder), out, and the files that the stage reads
FAILED = 3  # exit status: an error of ours, its sentence in `out`


def cpu_seconds() -> float:
    """CPU time of this process and of the children it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def peak_mib() -> float:
    """The most memory that this process had; not `ru_maxrss` on Linux, which begins at its parent's size."""
    status = Path("/proc/self/status")
    if status.is_file():
        high = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(high.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(run: Callable[[], object]) -> dict[str, float]:
    """Seconds on the wall and of CPU that it took."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    run()
    return {"seconds": round(time.perf_counter() - wall, 4), "cpu_seconds": round(cpu_seconds() - cpu, 4)}


def train(system: System, job: Job) -> dict[str, Any]:
    """Train on `training`, with `dev`, into the folder `model`."""
    from oncogloss.training.corpora import read_standoff

    training, dev = (read_standoff(Path(job[key]), [])[0] for key in ("training", "dev"))
    folder = Path(job["model"])
    folder.mkdir(parents=True, exist_ok=True)
    return {**timed(lambda: system.train(training, dev, folder)), "peak_mib": round(peak_mib())}


def cold(system: System, job: Job) -> dict[str, Any]:
    """From the start of Python's own imports to the end of the first of `documents`."""
    document = _documents(job)[0]
    system.load(Path(job["model"]))
    system.extract(document)
    wall, cpu = time.perf_counter() - BEGUN, cpu_seconds()
    return {"seconds": round(wall, 3), "cpu_seconds": round(cpu, 3), "peak_mib": round(peak_mib())}


def read(system: System, job: Job) -> dict[str, Any]:
    """Read `documents`, those left to read: one line each is added to the file `found`."""
    found = Path(job["found"])
    done = {json.loads(line)["id"] for line in _whole_lines(found)}
    left = [d for d in _documents(job) if d.id not in done]
    system.load(Path(job["model"]))
    if left:
        system.extract(left[0])  # warm
    with found.open("a", encoding="utf-8") as lines, metered() as meter:
        for document in left:
            facts: list[Facts] = []
            before = system.tokens
            cost = timed(lambda d=document, f=facts: f.append(system.extract(d)))  # type: ignore[misc]
            row = {"id": document.id, **cost, "tokens": _between(before, system.tokens), **facts_row(facts[0])}
            print(json.dumps(row), file=lines, flush=True)
    peak, size = round(peak_mib()), system.size(Path(job["model"]))
    energy = {"joules": meter.joules / len(left), "method": meter.method} if meter.joules and left else None
    return {"parameters": size.parameters, "bytes": size.bytes, "peak_mib": peak, "energy": energy}


def _between(before: tuple[int, int] | None, after: tuple[int, int] | None) -> list[int] | None:
    return [now - then for then, now in zip(before, after, strict=True)] if before and after else None


def update(system: System, job: Job) -> dict[str, Any]:
    """Teach a copy of the model new names, and ask held sentences before and after."""
    from oncogloss.evaluation.new_names import NAMES, held_sentences, taught_sentences
    from oncogloss.training.corpora import read_standoff

    folder = Path(job["model"] + "-updated")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(job["model"], folder)
    system.load(folder)
    training, held = read_standoff(Path(job["training"]), [])[0], held_sentences()
    wanted = {((d.id, p.name), e.start, e.end, e.type) for d in held for p in d.passages for e in p.entities}
    asked = {spot for spot in wanted if spot[3] == "DRUG"}

    def recall() -> float:
        return sum(len(system.extract(d.document).entities & asked) for d in held) / len(asked)

    before, taken = recall(), list[int | None]()
    cost = timed(lambda: taken.append(system.add_names(NAMES, taught_sentences(), training, folder)))
    after = before if taken[0] is None else recall()
    able = taken[0] is not None
    return {"names": len(NAMES), "able": able, "sentences": taken[0] or 0, **cost} | {
        "recall_before": round(before, 4),
        "recall_after": round(after, 4),
    }


def facts_row(facts: Facts) -> dict[str, Any]:
    """Entities as [passage, start, end, type]; attributes and relations point at them by number."""
    spots = sorted(facts.entities, key=repr)
    number = {spot: i for i, spot in enumerate(spots)}
    return {
        "entities": [[where[1], start, end, type_] for where, start, end, type_ in spots],  # type: ignore[index]
        "attributes": sorted([number[spot], name] for spot, name in facts.attributes),
        "relations": sorted([number[head], number[tail], type_] for head, tail, type_ in facts.relations),
    }


def row_facts(row: dict[str, Any]) -> Facts:
    """The facts that `facts_row` wrote, of the record `id`."""
    spots = [((row["id"], passage), start, end, type_) for passage, start, end, type_ in row["entities"]]
    return Facts(
        set(spots),
        {(spots[i], name) for i, name in row["attributes"]},
        {(spots[head], spots[tail], type_) for head, tail, type_ in row["relations"]},
        {},
    )


def read_found(path: Path) -> list[dict[str, Any]]:
    """The lines that `read` wrote; one that a kill cut short is not counted."""
    return [json.loads(line) for line in _whole_lines(path)]


def _whole_lines(path: Path) -> list[str]:
    """The lines of a file; a last one that was cut short is taken out of it."""
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        replace_file(path, whole.encode("utf-8"))
    return whole.splitlines()


def _documents(job: Job) -> list[Document]:
    return [item for item in read_path(Path(job["documents"])) if isinstance(item, Document)]


STAGES: dict[str, Callable[[System, Job], dict[str, Any]]] = {
    "train": train,
    "cold": cold,
    "read": read,
    "update": update,
}


def main(arguments: Sequence[str]) -> int:
    """Do the job of the file named; its result, or the sentence of an error of ours, goes to its `out`."""
    job: Job = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    try:
        result = STAGES[job["stage"]](make_system(job["system"]), job)
    except OncoglossError as error:
        replace_file(Path(job["out"]), json.dumps({"skipped": str(error)}).encode("utf-8"))
        return FAILED
    replace_file(Path(job["out"]), json.dumps(result).encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
