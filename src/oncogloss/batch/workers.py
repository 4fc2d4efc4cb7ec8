"""Worker processes that share one loaded model, and the chunks of records they read.

The model is loaded before the processes part from one another, with all that is otherwise loaded with a first record,
so that they share its memory and none does it again. A record whose worker
dies is tried once more by itself; then it counts as failed, and the others go on.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NamedTuple

from oncogloss.batch.readings import packed, unpacked
from oncogloss.batch.store import SCHEMA_VERSION, Tables, made_tables, merged
from oncogloss.errors import OncoglossError
from oncogloss.model.decode import Decoded, WindowScores
from oncogloss.model.windows import Window
from oncogloss.pipeline import Pipeline
from oncogloss.schema import Criterion, Document, EntityType, Mention, Passage, PassageReading, Relation
from oncogloss.writers.tables import table_rows

LONGEST = 300  # seconds that one record may take
TRIES = 2
Row = dict[str, Any]
Seconds = defaultdict[str, float]


def seconds_by_stage(several: Iterable[Seconds] = ()) -> Seconds:
    """The seconds of several added up, stage by stage."""
    total: Seconds = defaultdict(float)
    for seconds in several:
        for stage, spent in seconds.items():
            total[stage] += spent
    return total


class Task(NamedTuple):
    """A record to read: its digest, the key of its reading, that reading where it is known."""

    document: Document
    content_sha256: str
    reading_key: bytes
    reading: bytes | None


class Failure(NamedTuple):
    """A record that could not be read, or whose reading failed; `task` where there was one."""

    kind: str
    source: str
    reason: str
    task: Task | None = None


Entry = Task | Failure


@dataclass
class Outcome:
    """What became of a chunk: rows of all tables, new readings, where the time went."""

    tables: Tables
    readings: list[tuple[bytes, bytes]]
    entries: int
    failed: int
    seconds: Seconds


@dataclass
class _Work:
    """What a worker process holds. `spent` is emptied after each chunk."""

    pipeline: Pipeline
    scorer: _Timed
    system_sha256: str
    with_text: bool
    spent: Seconds = field(default_factory=seconds_by_stage)


_work: _Work | None = None


class Workers:
    """A pool of worker processes over one pipeline, which they inherit."""

    def __init__(self, pipeline: Pipeline, system_sha256: str, *, processes: int, with_text: bool) -> None:
        global _work
        scorer = _Timed(pipeline.scorer)
        pipeline.scorer = scorer
        _work = _Work(pipeline, scorer, system_sha256, with_text)
        with suppress(Exception):  # it only spares time; what goes wrong is told of the records that it befalls
            understand_a_first(pipeline)
        self._processes = processes
        self._pool = self._started(processes)

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _started(self, processes: int) -> ProcessPoolExecutor:
        """A pool whose processes run already: they must part before this one has threads and much memory."""
        pool = ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _begin, (os.getpid(),))
        pool.submit(int)
        return pool

    def outcomes(self, chunks: Iterable[list[Entry]]) -> Iterator[Outcome]:
        """What becomes of each chunk, in order; a few chunks are read ahead of the one that is waited for."""
        waiting: deque[tuple[list[Entry], Future[Outcome]]] = deque()
        for chunk in chunks:
            waiting.append((chunk, self._submit(chunk)))
            if len(waiting) > 2 * self._processes:
                yield self._result(*waiting.popleft())
        while waiting:
            yield self._result(*waiting.popleft())

    def _submit(self, chunk: list[Entry]) -> Future[Outcome]:
        try:
            return self._pool.submit(read_chunk, chunk)
        except BrokenProcessPool:
            self._pool = self._started(self._processes)
            return self._pool.submit(read_chunk, chunk)

    def _result(self, chunk: list[Entry], future: Future[Outcome]) -> Outcome:
        try:
            return future.result()
        except BrokenProcessPool:
            alone = [self._alone(entry) for entry in chunk]
        return Outcome(
            merged([o.tables for o in alone]),
            [r for o in alone for r in o.readings],
            len(chunk),
            sum(o.failed for o in alone),
            seconds_by_stage(o.seconds for o in alone),
        )

    def _alone(self, entry: Entry) -> Outcome:
        for _ in range(TRIES):
            with self._started(1) as pool:
                try:
                    return pool.submit(read_chunk, [entry]).result()
                except BrokenProcessPool:
                    continue
        reason = f"the process that read it was killed {TRIES} times; perhaps it takes more memory than there is"
        lost = (
            Failure("killed", entry.source, reason) if isinstance(entry, Failure) else _failed(entry, "killed", reason)
        )
        with self._started(1) as pool:
            return pool.submit(read_chunk, [lost]).result()


def understand_a_first(pipeline: Pipeline) -> Tables:
    """The tables of a record of ours, for which short forms, units and what finds alike names are loaded. The network
    stays idle: its threads would not outlive the parting of the processes."""
    text = "Platelets at least 100 x 10^9/L, no frobnic flanking"
    places: tuple[tuple[EntityType, int, int], ...] = (("MEASURE", 0, 9), ("VALUE", 10, 31), ("CONDITION", 36, 52))
    mentions = tuple(
        Mention(id=f"m{i}", passage="eligibility", start=start, end=end, text=text[start:end], type=type_, score=1.0)
        for i, (type_, start, end) in enumerate(places, 1)
    )
    passage = Passage(name="eligibility", text=text)
    criterion = Criterion(
        id="c1", passage=passage.name, start=0, end=len(text), side="inc", mentions=("m1", "m2", "m3"), score=1.0
    )
    document = Document(id="", passages=(passage,))
    reading = PassageReading(name=passage.name, text_sha256=passage.sha256)
    valued = Relation(type="HAS_VALUE", head="m1", tail="m2", score=1.0)
    found = Decoded((reading,), mentions, (valued,), (criterion,))
    return made_tables(table_rows([(document, pipeline.understand(document, found))]))


def _begin(parent: int) -> None:
    """What a worker does first: die with its parent, leave signals to it, and let garbage be."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _too_long)
    gc.freeze()
    gc.set_threshold(50_000)


def _too_long(*_: object) -> None:
    raise TimeoutError


def read_chunk(entries: list[Entry]) -> Outcome:
    """Read the records of a chunk, in a worker process."""
    work = _work
    assert work is not None
    rows: dict[str, list[Row]] = {}
    readings: list[tuple[bytes, bytes]] = []
    failed = 0
    for entry in entries:
        made = _read(work, entry, readings) if isinstance(entry, Task) else entry
        if isinstance(made, Failure):
            failed += 1
            made = _failure_rows(work, made)
        for table, more in made.items():
            rows.setdefault(table, []).extend(more)
    begun = time.perf_counter()
    tables = made_tables(rows)
    work.spent["tables"] += time.perf_counter() - begun
    seconds, work.spent = work.spent, seconds_by_stage()
    seconds["network"], work.scorer.seconds = work.scorer.seconds, 0.0
    seconds["windows and decoding"] -= seconds["network"]
    return Outcome(tables, readings, len(entries), failed, seconds)


def _read(work: _Work, task: Task, readings: list[tuple[bytes, bytes]]) -> dict[str, list[Row]] | Failure:
    begun = time.perf_counter()
    signal.alarm(LONGEST)
    try:
        known = unpacked(task.reading)
        found = known or work.pipeline.read(task.document)
        read = time.perf_counter()
        extraction = work.pipeline.understand(task.document, found)
        understood = time.perf_counter()
        rows = table_rows([(task.document, extraction)])
    except TimeoutError:
        return _failed(task, "time", f"it took more than {LONGEST} seconds")
    except OncoglossError as error:
        return _failed(task, "error", str(error))
    except Exception as error:  # a fault of ours in one record must not end the batch
        place = traceback.extract_tb(error.__traceback__)[-1]
        return _failed(task, "error", f"{type(error).__name__} in {place.name}, a fault of oncogloss: please report it")
    finally:
        signal.alarm(0)
    if work.with_text:
        texts = {p.name: p.text for p in task.document.passages}
        rows["passages"] = [{**row, "text": texts[row["passage"]]} for row in rows["passages"]]
    rows["records"] = [_record_row(work, task, "read")]
    work.spent["windows and decoding"] += read - begun
    work.spent["linking and structure"] += understood - read
    work.spent["tables"] += time.perf_counter() - understood
    if known is None:
        readings.append((task.reading_key, packed(found)))
    return rows


def _failed(task: Task, kind: str, reason: str) -> Failure:
    return Failure(kind, task.document.source, reason, task)


def _failure_rows(work: _Work, failure: Failure) -> dict[str, list[Row]]:
    task = failure.task
    row = {"source": failure.source, "kind": failure.kind, "reason": failure.reason}
    if task is None:
        return {"failures": [{"record": None, **row}]}
    return {"failures": [{"record": task.document.id, **row}], "records": [_record_row(work, task, "failed")]}


def _record_row(work: _Work, task: Task, status: str) -> Row:
    return {
        "record": task.document.id,
        "source": task.document.source,
        "content_sha256": task.content_sha256,
        "system_sha256": work.system_sha256,
        "status": status,
        "schema_version": SCHEMA_VERSION,
    }


class _Timed:
    """A scorer that counts the seconds that were waited for it."""

    def __init__(self, scorer: Any) -> None:
        self._scorer = scorer
        self.seconds = 0.0

    def run(self, windows: Iterable[Window]) -> Iterator[tuple[Window, WindowScores]]:
        """Scores of each window, in order."""
        scored = self._scorer.run(windows)
        while True:
            begun = time.perf_counter()
            one = next(scored, None)
            self.seconds += time.perf_counter() - begun
            if one is None:
                return
            yield one
