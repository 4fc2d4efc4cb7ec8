"""A batch: inputs → records that are new or changed → chunks → workers → parts of the store, in the inputs' order."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from oncogloss.batch.inputs import Item, read_inputs
from oncogloss.batch.readings import Readings, key_of
from oncogloss.batch.store import FORGOTTEN, SCHEMA_VERSION, Store, files_of, merged
from oncogloss.batch.where import chooser
from oncogloss.batch.workers import Entry, Failure, Outcome, Seconds, Task, Workers, seconds_by_stage
from oncogloss.concepts import DEFAULT_VOCABULARY
from oncogloss.concepts.terms import read_terms
from oncogloss.errors import InputError, shown
from oncogloss.model.runtime import usable_cores
from oncogloss.pipeline import Pipeline, load
from oncogloss.schema import Document

if TYPE_CHECKING:
    from oncogloss.batch.ray import RayWorkers

T = TypeVar("T")

CHUNK = 8  # records that a worker reads at a time
PART = 32  # chunks of a part


@dataclass(frozen=True)
class Settings:
    """How a batch is run. `workers`: None for one a core; `part` is how many chunks a part has, which a killed run does
    again. `engine` is `own` or `ray`, the latter on the cluster at `ray_address`, or on this machine.
    `vocabulary` and `terms` are as for `pipeline.load`."""

    model: str = "micro"
    workers: int | None = None
    limit: int | None = None
    where: tuple[str, ...] = ()
    with_text: bool = False
    retry_failed: bool = False
    cache: bool = True
    part: int = PART
    engine: str = "own"
    ray_address: str = ""
    vocabulary: str = DEFAULT_VOCABULARY
    terms: Path | None = None


@dataclass
class Progress:
    """How far a batch is. `still_failing` counts those of `failed` that the store knows already. `seconds` says where
    the time went, by stage, over all processes. At the end: `absent` are the records of the store that all the inputs
    did not hold, `of_others` counts those that it holds as another system read them."""

    read: int = 0
    failed: int = 0
    still_failing: int = 0
    unchanged: int = 0
    left_out: int = 0
    known: int = 0
    parts: int = 0
    absent: tuple[str, ...] = ()
    of_others: int = 0
    seconds: Seconds = field(default_factory=seconds_by_stage)


def run_batch(
    paths: Iterable[Path],
    folder: Path,
    settings: Settings,
    *,
    passed: Callable[[int], None] = lambda n: None,
    tell: Callable[[Progress], None] = lambda p: None,
) -> Progress:
    """Read all records of the inputs that the store does not hold yet as they are, and add them to it.

    `passed` is told of bytes read, `tell` of progress. Raises StoreError where another run works on the store or it
    cannot be written, BundleError where the model is damaged, InputError where there is no such input or filter, or
    an input and the store lie within one another.
    """
    fits, paths = chooser(settings.where), list(paths)
    if missing := next((path for path in paths if not path.exists()), None):
        raise InputError(f"{shown(str(missing))}: no such file or folder; check the path.")
    if within := next((path for path in paths if _lie_within(path, folder)), None):
        raise InputError(
            f"{shown(str(within))}: the store {shown(str(folder))} would lie among the inputs, or they in it; "
            "give a folder apart from them with --out."
        )
    with Store(folder) as store:
        pipeline = load(settings.model, vocabulary=settings.vocabulary, terms=settings.terms, threads=1)
        system = system_of(pipeline)
        progress = Progress()
        number = sum(line["kind"] == "run" for line in store.log) + 1
        store.append(_begun(number, pipeline, system))
        with (
            _workers(settings, pipeline, system) as workers,
            closing(Readings(folder)) as readings,
            ThreadPoolExecutor(1) as writer,
        ):
            choice = _Choice(store, system, settings, progress, readings if settings.cache else None)
            items = _timed(read_inputs(paths, passed), progress)
            entries = choice.of(item for item in items if _kept(item, fits, progress))
            chunks = groups(islice(entries, settings.limit), CHUNK)
            _write(store, workers.outcomes(chunks), settings.part, writer, readings, progress, tell)
            progress.of_others = choice.of_others
            if not settings.where and settings.limit is None:
                progress.absent = choice.absent
        store.append({"kind": "end", "run": number, "ended": _now(), **_counts(progress)})
    return progress


def _lie_within(path: Path, folder: Path) -> bool:
    """Whether one of two paths lies in the other or is it."""
    one, other = path.resolve(), folder.resolve()
    return one.is_relative_to(other) or other.is_relative_to(one)


def _workers(settings: Settings, pipeline: Pipeline, system: str) -> Workers | RayWorkers:
    if settings.engine == "own":
        return Workers(pipeline, system, processes=settings.workers or usable_cores(), with_text=settings.with_text)
    from oncogloss.batch.ray import Loading, RayWorkers

    return RayWorkers(
        Loading(settings.model, settings.vocabulary, read_terms(settings.terms) if settings.terms else []),
        system,
        processes=settings.workers,
        with_text=settings.with_text,
        address=settings.ray_address,
    )


def _write(
    store: Store,
    outcomes: Iterable[Outcome],
    chunks: int,
    writer: ThreadPoolExecutor,
    readings: Readings,
    progress: Progress,
    tell: Callable[[Progress], None],
) -> None:
    """Gather chunks into parts; a part is written while the next is read."""
    written: Future[None] | None = None
    for part in groups(_told(outcomes, progress, tell), chunks):
        if written:
            written.result()
        readings.add(r for outcome in part for r in outcome.readings)
        written = writer.submit(_commit, store, part, progress)
    if written:
        written.result()


def groups(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of that size, the last one perhaps shorter."""
    left = iter(items)
    while group := list(islice(left, size)):
        yield group


def _commit(store: Store, part: list[Outcome], progress: Progress) -> None:
    begun = time.perf_counter()
    store.commit(merged([outcome.tables for outcome in part]))
    progress.parts += 1
    progress.seconds["writing"] += time.perf_counter() - begun


def _told(outcomes: Iterable[Outcome], progress: Progress, tell: Callable[[Progress], None]) -> Iterator[Outcome]:
    for outcome in outcomes:
        progress.read += outcome.entries - outcome.failed
        progress.failed += outcome.failed
        progress.seconds = seconds_by_stage([progress.seconds, outcome.seconds])
        tell(progress)
        yield outcome


def _timed(items: Iterator[Item], progress: Progress) -> Iterator[Item]:
    while True:
        begun = time.perf_counter()
        item = next(items, None)
        progress.seconds["inputs"] += time.perf_counter() - begun
        if item is None:
            return
        yield item


def _kept(item: Item, fits: Callable[[Document], bool], progress: Progress) -> bool:
    kept = isinstance(item, InputError) or fits(item)
    progress.left_out += not kept
    return kept


class _Choice:
    """Which items of the inputs are work: those that the store does not hold yet as they are."""

    def __init__(
        self, store: Store, system: str, settings: Settings, progress: Progress, readings: Readings | None
    ) -> None:
        self._system, self._retry, self._progress, self._readings = system, settings.retry_failed, progress, readings
        self._held, self._reported = _held(store, system)
        self._met: set[str] = set()
        self._failed: set[bytes] = set()

    @property
    def absent(self) -> tuple[str, ...]:
        """The records of the store that were not met."""
        return tuple(record for record in self._held if record not in self._met)

    @property
    def of_others(self) -> int:
        """How many records of the store were last read by another system."""
        return sum(other for _, _, other in self._held.values())

    def of(self, items: Iterable[Item]) -> Iterator[Entry]:
        """The work among these items, in their order."""
        for item in items:
            entry = self._failure(item) if isinstance(item, InputError) else self._task(item)
            if entry is not None:
                yield entry

    def _as_held(self, failed: bool) -> None:
        """Count what the store holds as it is."""
        if failed:
            self._progress.failed += 1
            self._progress.still_failing += 1
        else:
            self._progress.unchanged += 1

    def _failure(self, error: InputError) -> Failure | None:
        return self._new(Failure("input", _place(error), str(error)))

    def _new(self, failure: Failure) -> Failure | None:
        key = _mark(failure.source, failure.reason)
        if key in self._failed:
            self._as_held(failed=False)  # once a run
            return None
        self._failed.add(key)
        if key in self._reported:
            self._as_held(failed=True)
            return None
        return failure

    def _task(self, document: Document) -> Entry | None:
        content = content_sha256(document)
        mark = _mark(content, self._system)
        held, failed, _ = self._held.get(document.id, (b"", False, False))
        if document.id in self._met:
            if mark == held:
                self._as_held(failed=False)
                return None
            reason = "another record of this run has the same id and other content; the first one counts"
            return self._new(Failure("duplicate", document.source, f"{document.source}: {reason}"))
        self._met.add(document.id)
        self._held[document.id] = (mark, False, False)
        if mark == held and not (failed and self._retry):
            self._as_held(failed)
            return None
        key = key_of(document, self._system)
        reading = self._readings.get(key) if self._readings else None
        self._progress.known += reading is not None
        return Task(document, content, key, reading)


def _held(store: Store, system: str) -> tuple[dict[str, tuple[bytes, bool, bool]], set[bytes]]:
    """(for each record of the store what it was read from, whether that failed, whether by another system; failures
    without a record that stand, as `database` has it: those whose place was not read since)."""
    import pyarrow.parquet as pq

    failures = [
        row
        for path in files_of(store.folder, "failures", store.log)
        for row in pq.read_table(path).to_pylist()
        if row["record"] is None
    ]
    asked = {place for row in failures for place in _places(row["source"])}
    held: dict[str, tuple[bytes, bool, bool]] = {}
    latest: dict[str, tuple[str, int]] = {}
    for path in files_of(store.folder, "records", store.log):
        for row in pq.read_table(path).to_pylist():
            mark = _mark(row["content_sha256"], row["system_sha256"])
            held[row["record"]] = (mark, row["status"] == "failed", row["system_sha256"] != system)
            if row["status"] == FORGOTTEN:
                del held[row["record"]]
            latest.pop(row["record"], None)
            if row["source"] in asked:
                latest[row["record"]] = (row["source"], row["part"])
    read: dict[str, int] = {}
    for source, part in latest.values():
        read[source] = max(part, read.get(source, 0))
    stand = (r for r in failures if all(read.get(place, 0) <= r["part"] for place in _places(r["source"])))
    return held, {_mark(row["source"], row["reason"]) for row in stand}


def _place(error: InputError) -> str:
    """The beginning of the message, which ends at the first colon that is not in the name of the file."""
    reason = str(error)
    named = len(error.source) if reason.startswith(error.source) else 0
    return reason[:named] + reason[named:].partition(": ")[0]


def _places(source: str) -> list[str]:
    """A place and those that it is within: `a.zip, row 3` is within `a.zip`."""
    parts = source.split(", ")
    return [", ".join(parts[:n]) for n in range(1, len(parts) + 1)]


def _mark(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()


def content_sha256(document: Document) -> str:
    """SHA-256 of all that a reader took from a record, wherever it lay."""
    return hashlib.sha256(document.model_dump_json(exclude={"source"}).encode()).hexdigest()


def system_of(pipeline: Pipeline) -> str:
    """SHA-256 of all that answers depend on beside the record: model, vocabulary with the user's terms,
    version of oncogloss."""
    vocabulary = pipeline.vocabulary.state if pipeline.vocabulary else b""
    parts = (pipeline.info.sha256.encode(), vocabulary, version("oncogloss").encode(), str(SCHEMA_VERSION).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _begun(number: int, pipeline: Pipeline, system: str) -> dict[str, object]:
    return {
        "kind": "run",
        "run": number,
        "schema_version": SCHEMA_VERSION,
        "oncogloss": version("oncogloss"),
        "model": f"{pipeline.info.name} {pipeline.info.version}",
        "model_sha256": pipeline.info.sha256,
        "system_sha256": system,
        "began": _now(),
    }


def _counts(progress: Progress) -> dict[str, int]:
    return {name: getattr(progress, name) for name in ("read", "failed", "unchanged", "left_out", "known", "parts")}


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
