"""The pipelines of a service and who may use them when: a few threads, a bounded queue, a clear refusal beyond it.

The windows of all requests under way share one runtime and its threads, so that a core that one request leaves idle
while it decodes reads the windows of another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from oncogloss.concepts import DEFAULT_VOCABULARY
from oncogloss.pipeline import Pipeline, load
from oncogloss.service.problems import ProblemError

T = TypeVar("T")


class Engine:
    """Runs work on loaded models. `workers` pieces at once, at most `queue` more waiting. `terms` is asked for the
    user's table whenever models are loaded."""

    def __init__(
        self,
        models: Sequence[str],
        *,
        workers: int,
        queue: int,
        seconds: float,
        vocabulary: str = DEFAULT_VOCABULARY,
        terms: Callable[[], Path | None] = lambda: None,
    ) -> None:
        self.models, self.vocabulary, self.terms = tuple(models), vocabulary, terms
        self.workers, self.queue, self.seconds = workers, queue, seconds
        self.pipelines = self._load()
        self.taken = 0
        self._room = asyncio.Semaphore(workers + queue)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="extract")

    def pipeline(self, model: str | None) -> Pipeline:
        """The pipeline of a model that is served, the first where None. Raises ProblemError for another."""
        name = model or self.models[0]
        if name not in self.pipelines:
            raise ProblemError(404, f"No such model is served; there are {', '.join(self.models)}.")
        return self.pipelines[name]

    async def run(self, work: Callable[[], T], *, wait: bool = False) -> T:
        """Do `work` in a thread. Where the queue is full: with `wait` when there is room, else ProblemError 429.

        Raises ProblemError 503 after `seconds`; the thread then ends what it does, and only then its place is free.
        """
        if not wait and self._room.locked():
            raise ProblemError(429, "All places are taken; try again in a second.", {"Retry-After": "1"})
        await self._room.acquire()
        self.taken += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        future.add_done_callback(self._free)
        try:
            async with asyncio.timeout(self.seconds):
                return await asyncio.shield(future)
        except TimeoutError:
            raise ProblemError(
                503, "The text took too long; send it in parts, or try again later.", {"Retry-After": "10"}
            ) from None

    def _free(self, _: asyncio.Future[Any]) -> None:
        self.taken -= 1
        self._room.release()

    async def reload(self) -> None:
        """Load the models again, then serve them; requests under way end with those that they began with.

        Where a model can't be loaded, those that were there go on. Raises the OncoglossError that says why.
        """
        self.pipelines = await asyncio.get_running_loop().run_in_executor(None, self._load)

    def _load(self) -> dict[str, Pipeline]:
        terms = self.terms()
        return {model: load(model, vocabulary=self.vocabulary, terms=terms) for model in self.models}

    def close(self) -> None:
        """Wait for what is under way."""
        self._pool.shutdown(wait=True)
