"""What a batch costs on this machine beside the bare runtime on the same tokens, in the same run, slice by slice."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

from oncogloss.batch.database import ask
from oncogloss.batch.inputs import read_inputs
from oncogloss.batch.readings import key_of
from oncogloss.batch.run import CHUNK, PART, Settings, content_sha256, groups, run_batch, system_of
from oncogloss.batch.store import PARTS, SCHEMA_VERSION, Store, Tables, merged
from oncogloss.batch.workers import Task, Workers
from oncogloss.errors import InputError
from oncogloss.evaluation.cost import machine
from oncogloss.evaluation.energy import read_prices
from oncogloss.evaluation.kills import invented_records
from oncogloss.model.bundle import GRAPH, open_bundle
from oncogloss.model.runtime import Runtime, graph_of, usable_cores
from oncogloss.model.windows import Window, cut_windows, read_stream
from oncogloss.pipeline import Pipeline, load
from oncogloss.schema import Document

SLICE = 16  # records after which bare runtime and batch take turns; with the first of them the processes start
SHORT = 800  # records of the batch whose memory is watched
ALL, CHANGED = 500_000, 10_000  # records of the registry, and those that a week changes
COUNTED = 2_000  # records whose texts are compared, without reading them
Rows = list[tuple[str, str]]


def measure_batches(paths: Sequence[Path], models: Iterable[str], limit: int) -> str:
    """Markdown: speed, memory and cache of batches over the first `limit` records of the inputs."""
    documents = documents_of(paths, limit)
    parts = [f"{len(documents)} records; {machine()}. On a busy machine the rows of CPU seconds are what compares."]
    for model in models:
        rows = _measured(documents, model)
        table = "\n".join(f"| {what} | {figure} |" for what, figure in rows)
        parts.append(f"## {model}\n\n| what | figure |\n|---|---|\n{table}")
    reading = Clock()
    read: list[tuple[Document, str]] = []
    reading.time(lambda: read.extend((d, content_sha256(d)) for d in documents_of(paths, COUNTED)))
    parts.append(f"## Texts seen before\n\n{_seen_before([document for document, _ in read])}")
    parts.append(f"Read and hashed, as a record that did not change is: {len(read) / reading.cpu:,.0f} a CPU second.")
    return "\n\n".join(parts)


def documents_of(paths: Sequence[Path], limit: int | None = None) -> list[Document]:
    """The first documents of the inputs, or all. Raises InputError where there is none."""
    read = (item for item in read_inputs(paths, lambda n: None) if isinstance(item, Document))
    documents = list(islice(read, limit))
    if not documents:
        raise InputError("The inputs hold no records; give some that do, such as corpus/samples/NCT99*.")
    return documents


def _measured(documents: Sequence[Document], model: str) -> Rows:
    pipeline, cores = load(model, threads=1), usable_cores()
    windows = [_windows(d, pipeline) for d in documents]
    bare, batch = Turns(), Turns()
    used: list[float] = []
    made: list[Tables] = []
    with tempfile.TemporaryDirectory(prefix="oncogloss-") as root:
        folder, system = Path(root) / "store", system_of(pipeline)
        started: list[Workers] = []
        batch.time(lambda: started.append(Workers(pipeline, system, processes=cores, with_text=False)))
        with Store(folder) as store, started[0] as workers:
            store.append({"kind": "run", "run": 1, "schema_version": SCHEMA_VERSION})
            runtime = Runtime(graph_of(open_bundle(model).path(GRAPH)), cores)
            for turn in groups(range(len(documents)), SLICE):
                bare.turns = batch.turns = bare.turns + 1
                bare.time(lambda turn=turn: _run_bare(runtime, [w for i in turn for w in windows[i]]))  # type: ignore[misc]
                chosen = [documents[i] for i in turn]
                batch.time(lambda chosen=chosen: made.extend(_run_batched(workers, chosen, system)))  # type: ignore[misc]
                if len(made) >= PART or turn[-1] == len(documents) - 1:
                    batch.time(lambda: store.commit(merged(made)))
                    made.clear()
                used.append(memory())
        tokens = sum(len(w.ids) for ws in windows for w in ws)
        size = sum(f.stat().st_size for f in (folder / PARTS).rglob("*.parquet")) / len(documents)
        alike = _alike(folder)
        flat = _flat(Path(root) / "flat", model)
        hits, weekly, kept = _hits(documents, Path(root) / "again", model)
    return [
        ("tokens a record in the network's windows", f"{tokens / len(documents):,.0f}"),
        ("bare runtime, tokens a CPU second", f"{tokens / bare.cpu:,.0f}"),
        ("batch, tokens a CPU second, from documents to parts on the disk", f"{tokens / batch.cpu:,.0f}"),
        ("batch beside bare runtime, CPU seconds, with the start of the processes", f"{bare.cpu / batch.cpu:.0%}"),
        (f"the same once warm: without the start and the first {SLICE} records",
         f"{bare.warm / batch.warm:.0%}" if batch.warm else "none left"),
        (f"CPU seconds of the start and the first {SLICE} records beyond the bare runtime's; of each record after them",
         f"{batch.first - bare.first:.2f}; {(batch.warm - bare.warm) / max(1, len(documents) - SLICE):.3f}"),
        ("batch beside bare runtime, seconds by the clock, turn by turn", f"{bare.wall / batch.wall:.0%}"),
        (f"records a second that {cores} whole cores give (records a CPU second × {cores})",
         f"{cores * len(documents) / batch.cpu:.1f}"),
        ("records a second by the clock, beside all else that runs here", f"{len(documents) / batch.wall:.1f}"),
        ("memory of all processes together, shared pages once: most", f"{max(used):.0f} MiB"),
        *flat,
        ("store, bytes a record", f"{size:,.0f}"),
        *hits,
        *alike,
        *_plan(len(documents) / batch.cpu, weekly, size, kept),
    ]  # fmt: skip


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / max(1, len(values)):.0f} MiB"


def _windows(document: Document, pipeline: Pipeline) -> list[Window]:
    stream = read_stream(document.passages, pipeline.tokenizer)
    return cut_windows(stream, pipeline.config.window, pipeline.config.overlap)


def _run_bare(runtime: Runtime, windows: Sequence[Window]) -> None:
    for _ in runtime.run(windows):
        pass


def _run_batched(workers: Workers, documents: Sequence[Document], system: str) -> list[Tables]:
    tasks = (Task(d, content_sha256(d), key_of(d, system), None) for d in documents)
    return [outcome.tables for outcome in workers.outcomes(groups(tasks, CHUNK))]


class Clock:
    """Seconds by the clock and of the processors, of this process and its children."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    def time(self, run: Callable[[], None]) -> None:
        """Run something and add what it took."""
        wall, cpu = time.perf_counter(), _cpu()
        run()
        self.wall += time.perf_counter() - wall
        self.cpu += _cpu() - cpu


class Turns(Clock):
    """A clock that tells the processors' seconds until the second turn (`first`) from those after it (`warm`)."""

    def __init__(self) -> None:
        super().__init__()
        self.turns, self.warm = 0, 0.0

    def time(self, run: Callable[[], None]) -> None:
        """Run something and add what it took."""
        before = self.cpu
        super().time(run)
        if self.turns > 1:
            self.warm += self.cpu - before

    @property
    def first(self) -> float:
        """Seconds of the processors before the second turn."""
        return self.cpu - self.warm


def _processes() -> list[int]:
    return [os.getpid(), *(child.pid for child in multiprocessing.active_children() if child.pid)]


def _cpu() -> float:
    ticks = 0
    for process in _processes():
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ticks / os.sysconf("SC_CLK_TCK") + ended.ru_utime + ended.ru_stime


def memory() -> float:
    """MiB of this process and its children, pages that several share counted once."""
    return sum(map(_resident, _processes()))


def _resident(process: int) -> float:
    """MiB of a process, pages that several share counted in parts; 0 where it has just ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _flat(folder: Path, model: str) -> Rows:
    """Memory of a batch of many short records of ours, sampled after each chunk."""
    source, samples = folder.with_suffix(".jsonl"), []
    invented_records(source, SHORT)
    run_batch(
        [source],
        folder,
        Settings(model=model, part=4),
        tell=lambda p: samples.append(memory()),
    )
    quarter = len(samples) // 4
    return [
        (f"memory of a batch of {SHORT} short records: most", f"{max(samples):.0f} MiB"),
        ("of it: mean of the second quarter, third, last",
         ", ".join(_mean(samples[i * quarter : (i + 1) * quarter]) for i in (1, 2, 3))),
    ]  # fmt: skip


def _plan(rate: float, weekly: float, size: float, kept: float) -> Rows:
    """What all trials cost at these records a CPU second, the first time and in a week, and bytes a record."""
    price = read_prices().instance.value / 2  # USD a core-hour
    hours, minutes, again = ALL / rate / 3600, CHANGED / rate / 60, CHANGED / weekly / 60
    return [
        (f"{ALL:,} such records, once: core-hours, USD", f"{hours:.0f}, {hours * price:.2f}"),
        ("hours on 2 whole cores, on 16", f"{hours / 2:.1f}, {hours / 16:.1f}"),
        (f"{CHANGED:,} changed records a week, all with a new text: core-minutes, USD a year",
         f"{minutes:.0f}, {52 * minutes / 60 * price:.2f}"),
        (f"{CHANGED:,} changed records a week, one in eight with a new text: core-minutes, start and all, USD a year",
         f"{again:.0f}, {52 * again / 60 * price:.2f}"),
        (f"store of {ALL:,} such records, readings of the cache", f"{ALL * size / 1e9:.1f}, {ALL * kept / 1e9:.1f} GB"),
    ]  # fmt: skip


def _hits(documents: Sequence[Document], folder: Path, model: str) -> tuple[Rows, float, float]:
    """A week later: half of the records come again under other ids, every eighth of them with a new text.

    Also returns the records a CPU second of that, and the bytes a record that the readings take.
    """
    half = documents[: len(documents) // 2]
    first, second = folder.with_suffix(".first.jsonl"), folder.with_suffix(".second.jsonl")
    for path, mark in ((first, ""), (second, " Amended.")):
        with path.open("w", encoding="utf-8") as file:
            for i, d in enumerate(half):
                passages = [p.model_dump() for p in d.passages]
                if i % 8 == 0:
                    passages[-1]["text"] += mark
                name = d.id + ("b" if mark else "")
                texts = {p["name"]: p["text"] for p in passages}
                file.write(json.dumps({"id": name, "passages": texts}) + "\n")
    run_batch([first], folder, Settings(model=model))
    clock, known = Clock(), []
    clock.time(lambda: known.append(run_batch([second], folder, Settings(model=model)).known))
    size = (folder / "readings.sqlite").stat().st_size / len(half)
    rows = [
        (
            "texts known, when half of the records come again, every eighth of them amended",
            f"{known[0]} of {len(half)}",
        ),
        ("records a CPU second of that run, start and all", f"{len(half) / clock.cpu:.1f}"),
        ("readings kept, bytes a record", f"{size:,.0f}"),
    ]
    return rows, len(half) / clock.cpu, size


_ALIKE = """
WITH inside AS (
    SELECT c.record, c.criterion, c.text, list_sort(list((m.start_char - c.start_char, m.end_char - c.start_char,
           m.type, m.attributes)) FILTER (m.mention IS NOT NULL)) AS found
    FROM criteria c LEFT JOIN mentions m
      ON m.record = c.record AND m.passage = c.passage AND m.start_char >= c.start_char AND m.end_char <= c.end_char
    GROUP BY ALL
), numbered AS (
    SELECT *, row_number() OVER (PARTITION BY text ORDER BY record, criterion) AS n,
           first_value(found) OVER (PARTITION BY text ORDER BY record, criterion) AS once
    FROM inside
)
SELECT count(*), count(*) FILTER (n > 1), count(*) FILTER (n > 1 AND found IS NOT DISTINCT FROM once) FROM numbered
"""


def _alike(folder: Path) -> Rows:
    """Whether criteria in the same words were read alike wherever they stood."""
    criteria, again, alike = ask(folder, _ALIKE)[1][0]
    share = f" ({alike / again:.0%})" if again else ""
    return [
        ("criteria found, of them in words of an earlier one", f"{criteria:,}, {again}"),
        ("of those, with the same mentions as the earlier one", f"{alike}{share}"),
    ]


def _seen_before(documents: Sequence[Document]) -> str:
    """Markdown: how many texts of some records stood in a record before them."""
    whole = [key_of(d, "") for d in documents]
    passages = [p.sha256.encode() for d in documents for p in d.passages]
    lines = [
        hashlib.sha256(line.strip().encode()).digest()
        for d in documents
        for p in d.passages
        if p.name == "eligibility"
        for line in p.text.splitlines()
        if line.strip()
    ]
    kinds = {"whole records": whole, "passages": passages, "lines of eligibility texts": lines}
    table = "\n".join(
        f"| {name} | {len(found):,} | {1 - len(set(found)) / max(1, len(found)):.1%} |" for name, found in kinds.items()
    )
    return f"Of the first {len(documents):,} records:\n\n| text | number | seen before |\n|---|---|---|\n{table}"
