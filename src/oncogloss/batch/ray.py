"""`--engine ray`: the chunks of a batch read on the machines of a Ray cluster, or on this one as if it were one.

Records are chosen, and parts written, by the one process that holds the store, as ever; Ray Data only carries chunks to
actors and their outcomes back, in order. An actor is a pool of one worker process, so that a record does there what it
does here. Ray starts actors anew that die, with their machine or alone, and gives their chunks to others.
"""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from oncogloss.batch.workers import Entry, Outcome, Workers
from oncogloss.concepts.terms import Term, with_terms
from oncogloss.errors import MissingExtraError, OncoglossError, StoreError, shown
from oncogloss.pipeline import load

if TYPE_CHECKING:
    import numpy as np

_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}  # the first: else it tells its makers
WAVE = 512  # chunks that Ray is given at once: about 80 MB of records
Batch = dict[str, "np.ndarray[Any, Any]"]


class Loading(NamedTuple):
    """What an actor loads: model and vocabulary by name or by a folder there, and the user's terms themselves."""

    model: str
    vocabulary: str
    terms: list[Term]


class RayWorkers:
    """Actors on a cluster, which stands in for `Workers`. `address` is that of a cluster, or nothing for one within.

    Raises MissingExtraError where Ray is not installed, StoreError where the cluster cannot be reached.
    """

    def __init__(
        self, loading: Loading, system_sha256: str, *, processes: int | None, with_text: bool, address: str
    ) -> None:
        self._given = (loading, system_sha256, with_text)
        os.environ.update(_QUIET)
        try:
            import ray
            import ray.data
        except ImportError:
            raise MissingExtraError("ray", "ray") from None
        self._ray = ray
        where: dict[str, Any] = {"address": address} if address else _within(processes)
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **where)
        except Exception as error:  # Ray raises plain exceptions, too
            if address:
                raise StoreError(f"{shown(address)}: no Ray cluster answers there; check --ray-address.") from None
            raise StoreError(
                f"Ray did not start on this machine ({type(error).__name__}); is it too busy? Start the same command "
                "again, or with --engine own."
            ) from None
        untyped: Any = ray
        resources = untyped.cluster_resources()
        self._most = processes or max(1, int(resources.get("CPU", 1)))
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)

    def __enter__(self) -> RayWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()

    def outcomes(self, chunks: Iterable[list[Entry]]) -> Iterator[Outcome]:
        """What becomes of each chunk, in order; WAVE chunks are read ahead."""
        left = iter(chunks)
        while wave := [pickle.dumps(chunk) for chunk in islice(left, WAVE)]:
            yield from self._read(wave)

    def _read(self, wave: list[bytes]) -> Iterator[Outcome]:
        from ray.data import ActorPoolStrategy, from_items
        from ray.exceptions import RayError

        most = min(self._most, len(wave))
        rows = [{"number": number, "chunk": chunk} for number, chunk in enumerate(wave)]
        read = from_items(rows, override_num_blocks=len(rows)).map_batches(
            _Reader,
            fn_constructor_args=self._given,
            batch_size=1,
            compute=ActorPoolStrategy(min_size=1, max_size=most, initial_size=most),
            num_cpus=1,
        )
        expected = 0
        try:
            for row in read.iter_rows():
                if row["number"] != expected:
                    raise StoreError("Ray gave chunks out of order or twice; what is in the store stands.")
                if row["fault"]:
                    raise StoreError(f"A machine of the cluster cannot work: {row['fault']}")
                expected += 1
                yield pickle.loads(row["outcome"])
        except RayError as error:
            raise StoreError(
                f"Ray gave up ({type(error).__name__}); start the same command again: it goes on where it stopped."
            ) from None
        if expected != len(wave):
            raise StoreError("Ray lost chunks; start the same command again: it goes on where it stopped.")


def _within(processes: int | None) -> dict[str, Any]:
    """A cluster in processes of ours, on this machine."""
    from oncogloss.model.runtime import usable_cores

    return {
        "address": "local",
        "num_cpus": processes or usable_cores(),
        "include_dashboard": False,
    }


class _Reader:
    """What an actor holds: the model, in a worker process of its own; or why it cannot work."""

    def __init__(self, loading: Loading, system_sha256: str, with_text: bool) -> None:
        from oncogloss.batch.run import system_of

        self._fault = ""
        try:
            pipeline = load(loading.model, vocabulary=loading.vocabulary, threads=1)
        except OncoglossError as error:
            self._fault = str(error)
            return
        if loading.terms and pipeline.vocabulary:
            pipeline = pipeline.with_vocabulary(with_terms(pipeline.vocabulary, loading.terms))
        if system_of(pipeline) != system_sha256:
            self._fault = "it has another model, vocabulary or version of oncogloss; install the same on all."
            return
        self._workers = Workers(pipeline, system_sha256, processes=1, with_text=with_text)

    def __call__(self, batch: Batch) -> dict[str, list[Any]]:
        """The outcomes of the chunks of a batch."""
        chunks = [pickle.loads(chunk) for chunk in batch["chunk"]]
        outcomes = [b""] * len(chunks) if self._fault else map(pickle.dumps, self._workers.outcomes(chunks))
        return {"number": list(batch["number"]), "outcome": list(outcomes), "fault": [self._fault] * len(chunks)}
