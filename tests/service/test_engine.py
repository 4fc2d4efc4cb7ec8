import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from oncogloss.service.engine import Engine
from oncogloss.service.problems import ProblemError


async def begun(engine: Engine, gate: threading.Event) -> list[asyncio.Task[bool]]:
    """Work that fills every place and waits for the gate."""
    tasks = [asyncio.create_task(engine.run(gate.wait)) for _ in range(engine.workers + engine.queue)]
    while engine.taken < len(tasks):
        await asyncio.sleep(0.001)
    return tasks


def told(story: Callable[[threading.Event], Coroutine[Any, Any, None]]) -> None:
    """Run a story to its end, or fail where it hangs; what waits for its gate never outlives it."""
    gate = threading.Event()

    async def within() -> None:
        try:
            await asyncio.wait_for(story(gate), 60)
        finally:
            gate.set()

    asyncio.run(within())


def made(seconds: float = 5.0) -> Engine:
    return Engine(("nano",), workers=2, queue=1, seconds=seconds)


def test_beyond_the_queue_work_is_refused_and_waits_if_it_may() -> None:
    async def story(gate: threading.Event) -> None:
        engine = made()
        tasks = await begun(engine, gate)
        with pytest.raises(ProblemError) as refused:
            await engine.run(lambda: None)
        assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
        patient = asyncio.create_task(engine.run(lambda: "done", wait=True))
        await asyncio.sleep(0.01)
        assert not patient.done()
        gate.set()
        assert await patient == "done"
        assert await asyncio.gather(*tasks) == [True] * 3
        assert await engine.run(lambda: 1) == 1
        assert engine.taken == 0
        engine.close()

    told(story)


def test_what_takes_too_long_is_given_up_but_keeps_its_place_until_it_ends() -> None:
    async def story(gate: threading.Event) -> None:
        engine = made(0.05)
        with pytest.raises(ProblemError) as late:
            await engine.run(gate.wait)
        assert late.value.status == 503
        assert engine.taken == 1
        gate.set()
        while engine.taken:
            await asyncio.sleep(0.001)
        engine.close()

    told(story)


def test_an_error_in_the_work_frees_its_place() -> None:
    async def story(_: threading.Event) -> None:
        engine = made()
        with pytest.raises(ZeroDivisionError):
            await engine.run(lambda: 1 // 0)
        assert engine.taken == 0
        engine.close()

    told(story)


def test_a_reload_serves_anew_and_leaves_what_is_under_way() -> None:
    async def story(_: threading.Event) -> None:
        engine = made()
        before = engine.pipeline(None)
        slow = asyncio.create_task(engine.run(lambda: (time.sleep(0.1), before)[1]))
        await engine.reload()
        assert engine.pipeline("nano") is not before
        assert await slow is before
        engine.close()

    told(story)
