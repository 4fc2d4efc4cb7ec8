"""The HTTP application: each route calls the pipeline as the command line does."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from oncogloss.compare import as_of_today, changes_between, matchings_of
from oncogloss.concepts import DEFAULT_VOCABULARY, concepts_of
from oncogloss.concepts.linker import TYPES
from oncogloss.errors import InputError, MissingExtraError, OncoglossError, unquoted
from oncogloss.pipeline import Pipeline
from oncogloss.readers import read_bytes
from oncogloss.readers.patients import patient_of
from oncogloss.schema import ENTITY_TYPES, RELATION_TYPES, Document, Extraction
from oncogloss.service.bodies import (
    Changes,
    DiffBody,
    Health,
    LinkBody,
    Linked,
    MatchBody,
    Matchings,
    Served,
    ServedModel,
    View,
    document_of,
    parsed,
)
from oncogloss.service.engine import Engine
from oncogloss.service.guard import Guard, Limits
from oncogloss.service.handling import READS, download, engine_of, json_body, known_format, note, read_one
from oncogloss.service.observe import Audit, Metrics, line, request_log
from oncogloss.service.pictures import picture_routes
from oncogloss.service.problems import MEDIA_TYPE, OURS, ProblemError, problem
from oncogloss.service.reviewing import filled, review_routes
from oncogloss.service.reviews import Reviews
from oncogloss.service.saving import written
from oncogloss.writers.files import FILES, TEXTS
from oncogloss.writers.style import COLOURS

PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"description": words, "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}
    for code, words in {
        400: "Not a request", 401: "No valid key", 403: "From another site's page", 404: "Not served",
        408: "Too slow", 413: "Too large", 421: "Another host's name", 422: "Cannot be read",
        429: "Busy; see Retry-After", 431: "Too many headers", 503: "Took too long",
    }.items()
}  # fmt: skip
ASSETS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
LONGEST_LINE = 10_000_000  # bytes of one record of a batch


class Lines(StreamingResponse):
    """Answers while the request still comes: Starlette's own would wait for the end of the connection by reading
    from it, and so take away lines of the body."""

    media_type = "application/x-ndjson"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the lines."""
        await self.stream_response(send)


@dataclass(frozen=True)
class Settings:
    """How a service runs. `models`: the first is the default. `keys`: digest → name; none: open to all.
    `reviews`: the file of corrections; `queued`: files of records that are to be reviewed."""

    models: tuple[str, ...] = ("micro",)
    keys: dict[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    workers: int = 2
    queue: int = 32
    seconds: float = 60.0
    audit: Path | None = None
    vocabulary: str = DEFAULT_VOCABULARY
    terms: Callable[[], Path | None] = lambda: None  # asked whenever models are loaded
    reviews: Path | None = None
    queued: tuple[Path, ...] = ()  # files of records to review


def create_app(settings: Settings) -> FastAPI:
    """The application with its models loaded when it starts."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.engine = Engine(
            settings.models,
            workers=settings.workers,
            queue=settings.queue,
            seconds=settings.seconds,
            vocabulary=settings.vocabulary,
            terms=settings.terms,
        )
        _reload_on_signal(app.state.engine)
        app.state.audit = Audit(settings.audit)
        app.state.reviews = Reviews(settings.reviews) if settings.reviews else None
        async with filled(app, settings.queued):
            yield
        app.state.engine.close()
        if app.state.reviews:
            app.state.reviews.close()
        app.state.audit.close()

    app = FastAPI(
        title="oncogloss",
        summary="Oncology trial text in; grounded, structured facts out.",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses=PROBLEMS,
    )
    app.state.metrics = metrics
    for error in (ProblemError, OncoglossError, HTTPException, RequestValidationError):
        app.add_exception_handler(error, _as_problem)
    _routes(app)
    app.add_middleware(Guard, settings.limits, settings.keys, metrics, request_log())
    return app


def _reload_on_signal(engine: Engine) -> None:
    """Load the models and terms again on SIGHUP, where the loop may have signals."""

    async def reload() -> None:
        try:
            await engine.reload()
            said: dict[str, Any] = {"reloaded": [engine.pipeline(m).info.sha256[:16] for m in engine.models]}
        except (OncoglossError, OSError) as error:
            said = {"not reloaded": str(error)}
        request_log().info(line(**said))

    tasks: set[asyncio.Task[None]] = set()

    def begin() -> None:
        task = asyncio.ensure_future(reload())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    with suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, begin)


async def _as_problem(request: Request, error: Exception) -> Response:
    request_id = request.state.request_id
    if isinstance(error, ProblemError):
        return problem(error.status, error.detail, request_id, error.headers)
    if isinstance(error, HTTPException):
        headers = dict(error.headers) if error.headers else None
        return problem(error.status_code, "There is nothing here by this name and method.", request_id, headers)
    said = isinstance(error, InputError | MissingExtraError)
    detail = unquoted(str(error)) if said else "The request does not fit; see /openapi.json."
    return problem(422, detail, request_id)


def _routes(app: FastAPI) -> None:
    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz")
    async def healthz() -> Health:
        """Alive."""
        return Health(status="ok")

    @app.get("/readyz")
    async def readyz(request: Request) -> Health:
        """Models loaded: ready to answer."""
        if not hasattr(request.app.state, "engine"):
            raise ProblemError(503, "The models are being loaded.", {"Retry-After": "1"})
        return Health(status="ok")

    @app.get("/metrics", response_class=Response)
    async def metrics(request: Request) -> Response:
        """Counts and times in Prometheus's text format."""
        state = request.app.state
        state.metrics.taken.set(state.engine.taken)
        return Response(state.metrics.text(), media_type="text/plain; version=0.0.4")

    @app.get("/v1/model")
    async def model(request: Request) -> Served:
        """Which models answer here."""
        engine: Engine = request.app.state.engine
        return Served(
            models=[
                ServedModel(**engine.pipeline(m).info.model_dump(), served_as=m, default=m == engine.models[0])
                for m in engine.models
            ],
            reviews=request.app.state.reviews is not None,
        )

    _reading_routes(app)
    _comparing_routes(app)
    review_routes(app)
    picture_routes(app)
    _page_routes(app)


def _reading_routes(app: FastAPI) -> None:
    @app.post("/v1/extract", openapi_extra=READS)
    async def extract(request: Request, model: str | None = None) -> Extraction:
        """All facts of one record or text."""
        _, found, pipeline, data = await read_one(request, model)
        note(request, pipeline, data)
        return Response(found.model_dump_json(), media_type="application/json")  # type: ignore[return-value]

    @app.post(
        "/v1/extract/batch",
        response_class=Lines,
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/x-ndjson": {"schema": {"type": "string"}}}}
        },
    )
    async def batch(request: Request, model: str | None = None) -> Lines:
        """A record a line in; an extraction a line out, in order, or `{"line", "error"}` for one not readable."""
        pipeline = engine_of(request).pipeline(model)
        return Lines(_read_lines(request, pipeline))

    link_example = {"names": ["MK-3475", "PD-1 inhibitor"], "type": None}

    @app.post("/v1/link", openapi_extra=json_body(LinkBody, example=link_example))
    async def link_names(request: Request) -> list[Linked]:
        """The concepts of names, without their context."""
        body = parsed(await request.body(), LinkBody)
        vocabulary = engine_of(request).pipeline(None).vocabulary
        if body.type is not None and body.type not in TYPES:
            raise ProblemError(422, f"type: no such type; there are {', '.join(TYPES)}.")
        if vocabulary is None:
            raise ProblemError(404, "No vocabulary is loaded.")

        def linked(name: str) -> Linked:
            return Linked(name=name, concepts=concepts_of(name, vocabulary, body.type) or None)

        return await engine_of(request).run(lambda: [linked(name) for name in body.names])


def _comparing_routes(app: FastAPI) -> None:
    trial = {"id": "NCT99000001", "passages": {"eligibility": "Inclusion Criteria:\n- ECOG 0-1"}}
    patient = {"id": "p1", "date": "2026-01-31", "sex": "female", "age": 61, "ecog": 1}

    @app.post("/v1/diff", openapi_extra=json_body(DiffBody, example={"old": trial, "new": trial}))
    async def diff(request: Request, model: str | None = None) -> Changes:
        """What changed between two versions of a trial, as facts."""
        data = await request.body()
        pipeline = engine_of(request).pipeline(model)

        def compared() -> Changes:
            body = parsed(data, DiffBody)
            old, new = document_of(body.old, "old"), document_of(body.new, "new")
            return Changes(changes=list(changes_between(old, new, pipeline)))

        found = await engine_of(request).run(compared)
        note(request, pipeline, data, records=2)
        return found

    @app.post("/v1/match", openapi_extra=json_body(MatchBody, example={"patient": patient, "trials": [trial]}))
    async def match(request: Request, model: str | None = None) -> Matchings:
        """Each criterion of trials for a patient: met, not met or unknown. It informs and decides nothing."""
        data = await request.body()
        pipeline = engine_of(request).pipeline(model)

        def matched() -> Matchings:
            body = parsed(data, MatchBody)
            person = as_of_today(patient_of(body.patient, "patient"))
            documents = [document_of(record, f"trials.{i}") for i, record in enumerate(body.trials)]
            return Matchings(matchings=list(matchings_of(person, documents, pipeline)))

        found = await engine_of(request).run(matched)
        note(request, pipeline, data, records=len(found.matchings))
        return found


def _page_routes(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return _asset("index.html")

    @app.get("/page/{name}", include_in_schema=False)
    async def asset(name: str) -> Response:
        return _asset(name)

    @app.post("/v1/view", openapi_extra=READS)
    async def view(request: Request, model: str | None = None) -> View:
        """All facts of one record or text, with the text that they stand in."""
        document, found, pipeline, data = await read_one(request, model)
        note(request, pipeline, data)
        body = View(document=document, extraction=found).model_dump_json()
        return Response(body, media_type="application/json")  # type: ignore[return-value]

    @app.get("/v1/formats")
    async def formats() -> list[str]:
        """The formats of `/v1/convert`."""
        return ["json", *TEXTS, *FILES]

    @app.post("/v1/convert", response_class=Response, openapi_extra=READS)
    async def convert(request: Request, format: str = "json", model: str | None = None) -> Response:
        """All facts of one record or text in the format of another program, as a file."""
        known_format(format)
        document, found, pipeline, data = await read_one(request, model)
        name, content = await engine_of(request).run(lambda: written(document, found, format))
        note(request, pipeline, data)
        return download(name, content)


def _asset(name: str) -> Response:
    """A file of the page. Raises ProblemError 404 where it is none of them."""
    if name == "types.css":
        return Response(types_css(), media_type="text/css")
    if name == "types.js":
        return Response(types_js(), media_type="text/javascript")
    suffix = name.rpartition(".")[2]
    if suffix not in ASSETS or not re.fullmatch(r"[a-z]+\.[a-z]+", name):
        raise ProblemError(404, "There is nothing here by this name and method.")
    path = files("oncogloss") / "service" / "page" / name
    if not path.is_file():
        raise ProblemError(404, "There is nothing here by this name and method.")
    return Response(path.read_bytes(), media_type=ASSETS[suffix])


def types_js() -> str:
    """The schema's entity and relation types, for what chooses among them."""
    return f"export const TYPES = {json.dumps(ENTITY_TYPES)};\nexport const RELATIONS = {json.dumps(RELATION_TYPES)};\n"


def types_css() -> str:
    """A colour for each entity type, and what hides its marks."""
    rules = (
        f".{type_} {{ --c: {colour}; }}\n"
        f".hide-{type_} mark.{type_} {{ background: none; border: 0; padding: 0; cursor: auto; }}\n"
        for type_, colour in COLOURS.items()
    )
    return "".join(rules)


async def _read_lines(request: Request, pipeline: Pipeline) -> AsyncIterator[bytes]:
    engine, number = engine_of(request), 0
    under_way: deque[asyncio.Task[bytes]] = deque()
    try:
        async for raw in _lines(request):
            number += 1
            for item in _items(raw, f"line {number}"):
                under_way.append(asyncio.create_task(_answer(request, pipeline, number, item, raw or b"")))
                if len(under_way) > 2 * engine.workers:
                    yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()


def _items(raw: bytes | None, place: str) -> list[Document | Exception]:
    """The records of a line, None for one that is too long; or what was raised on reading it."""
    if raw is None:
        return [InputError(f"{place}: longer than {LONGEST_LINE:,} bytes; give less in a line.")]
    try:
        return list(_read_line(raw, place))
    except Exception as error:
        return [error]


def _read_line(raw: bytes, place: str) -> Iterator[Document | InputError]:
    if not raw.strip():
        return
    if raw.lstrip().startswith(b"{"):
        yield from read_bytes(raw, place)
    else:
        yield InputError(f"{place}: no JSON object; give a record a line.")


async def _answer(request: Request, pipeline: Pipeline, number: int, item: Document | Exception, raw: bytes) -> bytes:
    try:
        if isinstance(item, Exception):
            raise item
        found = await engine_of(request).run(_reading(pipeline, item), wait=True)
    except InputError as error:
        said = unquoted(str(error))
    except ProblemError as error:
        said = error.detail
    except Exception as error:
        request_log().error(line(request=request.state.request_id, error=type(error).__name__))
        said = OURS
    else:
        note(request, pipeline, raw)
        return found.encode() + b"\n"
    return json.dumps({"line": number, "error": said}).encode() + b"\n"


def _reading(pipeline: Pipeline, document: Document) -> Callable[[], str]:
    return lambda: pipeline.extract(document).model_dump_json()


async def _lines(request: Request) -> AsyncIterator[bytes | None]:
    """The lines of a body as they come; None for one that is too long, of which nothing is kept."""
    rest, long = b"", False
    async for chunk in request.stream():
        *whole, rest = (rest + chunk).split(b"\n")
        for row in whole:
            yield None if long or len(row) > LONGEST_LINE else row
            long = False
        if len(rest) > LONGEST_LINE:
            rest, long = b"", True
    yield None if long else rest
