"""Routes under /v1/reviews: correcting what was found, a queue, and the corrections as training data."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from oncogloss.errors import InputError, OncoglossError, shown, unquoted
from oncogloss.readers import read_path
from oncogloss.schema import Document
from oncogloss.service.bodies import parsed
from oncogloss.service.edits import Body
from oncogloss.service.engine import Engine
from oncogloss.service.handling import READS, download, json_body, known_format, note, read_one
from oncogloss.service.observe import line, request_log
from oncogloss.service.problems import ProblemError
from oncogloss.service.reviews import Listed, Review, Reviews, State
from oncogloss.service.saving import written


class Mark(BaseModel):
    """How far a reviewer is with a record."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    state: State


def review_routes(app: FastAPI) -> None:
    """Add them to the application."""
    edit_example = {"edit": {"op": "add_mention", "passage": "text", "start": 0, "end": 4, "type": "MEASURE"}}

    @app.get("/v1/reviews")
    async def listed(request: Request) -> list[Listed]:
        """The records under review, the most doubtful first."""
        return await run_in_threadpool(_reviews(request).listed)

    @app.post("/v1/reviews", openapi_extra=READS)
    async def added(request: Request, model: str | None = None) -> Review:
        """Put a record under review; one that is there already is given back as it stands."""
        reviews = _reviews(request)
        document, found, pipeline, data = await read_one(request, model)
        note(request, pipeline, data)
        return await _answer(request, await run_in_threadpool(reviews.add, document, found))

    @app.get("/v1/reviews/next")
    async def following(request: Request) -> Review:
        """The most doubtful record that you have neither done nor skipped."""
        id = await run_in_threadpool(_reviews(request).next, _reviewer(request))
        if id is None:
            raise ProblemError(404, "There is nothing more to review.")
        return await _answer(request, id)

    @app.get("/v1/reviews/export", response_class=StreamingResponse)
    async def exported(request: Request, reviewer: str | None = None) -> Response:
        """The records that were marked done as training data, one a line, for `oncogloss train` and `oncogloss update
        --with`; the header `X-Not-Done` says how many have edits and are left out, since they were not."""
        lines: Iterator[str] = _reviews(request).export(reviewer)
        left_out = await run_in_threadpool(_reviews(request).not_done, reviewer)
        headers = {"Content-Disposition": 'attachment; filename="reviews.jsonl"', "X-Not-Done": str(left_out)}
        return StreamingResponse(lines, media_type="application/x-ndjson", headers=headers)

    @app.get("/v1/reviews/{id}")
    async def one(request: Request, id: str) -> Review:
        """A record as you have it, who did what, and how reviewers agree."""
        return await _answer(request, id)

    @app.get("/v1/reviews/{id}/file", response_class=Response)
    async def file(request: Request, id: str, format: str = "json") -> Response:
        """A record as you have it in the format of another program."""
        known_format(format)
        review = await run_in_threadpool(_reviews(request).review, id, _reviewer(request))
        return download(*await run_in_threadpool(written, review.document, review.extraction, format))

    @app.post("/v1/reviews/{id}/edits", openapi_extra=json_body(Body, example=edit_example))
    async def edited(request: Request, id: str) -> Review:
        """Correct something, or take it back."""
        edit = parsed(await request.body(), Body).edit
        await run_in_threadpool(_reviews(request).edit, id, _reviewer(request), edit)
        return await _answer(request, id)

    @app.post("/v1/reviews/{id}/state", openapi_extra=json_body(Mark, example={"state": "done"}))
    async def marked(request: Request, id: str) -> Review:
        """Say that you are done with a record, or skip it."""
        state = parsed(await request.body(), Mark).state
        await run_in_threadpool(_reviews(request).mark, id, _reviewer(request), state)
        return await _answer(request, id)


async def _answer(request: Request, id: str) -> Review:
    review = await run_in_threadpool(_reviews(request).review, id, _reviewer(request))
    return Response(review.model_dump_json(), media_type="application/json")  # type: ignore[return-value]


def _reviews(request: Request) -> Reviews:
    reviews: Reviews | None = request.app.state.reviews
    if reviews is None:
        raise ProblemError(404, "Nothing is reviewed here; start the service with --reviews FILE.")
    return reviews


def _reviewer(request: Request) -> str:
    """The name of the key, or `local` where the service asks for none."""
    who: str = request.state.who
    return "local" if who == "-" else who


@asynccontextmanager
async def filled(app: FastAPI, files: Sequence[Path]) -> AsyncIterator[None]:
    """While the service runs, the records of `files` are read and put under review."""
    task = asyncio.create_task(_fill(app.state.engine, app.state.reviews, files)) if files else None
    yield
    if task:
        task.cancel()


async def _fill(engine: Engine, reviews: Reviews, files: Sequence[Path]) -> None:
    items = _records(files)
    while (item := await run_in_threadpool(next, items, None)) is not None:
        if said := await _queue(engine, reviews, item):
            request_log().warning(line(queue=said))


def _records(files: Iterable[Path]) -> Iterator[Document | InputError]:
    """The records of files; after one that cannot be read for whatever reason, those of the next."""
    for file in files:
        try:
            yield from read_path(file)
        except Exception as error:
            yield InputError(f"{shown(str(file))}: {_reason(error)}")


async def _queue(engine: Engine, reviews: Reviews, item: Document | InputError) -> str:
    """Put a record under review; what hinders it, "" if nothing does."""
    if isinstance(item, InputError):
        return unquoted(str(item))
    pipeline = engine.pipeline(None)
    try:
        found = await engine.run(lambda: pipeline.extract(item), wait=True)
        await run_in_threadpool(reviews.add, item, found)
    except Exception as error:
        return f"{item.source}: {_reason(error)}"
    return ""


def _reason(error: Exception) -> str:
    if isinstance(error, ProblemError):
        return error.detail
    if isinstance(error, OncoglossError):
        return unquoted(str(error))
    return f"left out for an error ({type(error).__name__})."
