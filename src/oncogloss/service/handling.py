"""What routes share: a record out of a request, its extraction, its audit line."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from oncogloss.pipeline import Pipeline
from oncogloss.schema import Document, Extraction
from oncogloss.service.bodies import TextBody, documents_of
from oncogloss.service.engine import Engine
from oncogloss.service.problems import ProblemError
from oncogloss.writers.files import FILES, TEXTS

PROTOCOLS = ("application/pdf", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")


def json_body(*models: type[BaseModel], example: dict[str, Any], files: bool = False) -> dict[str, Any]:
    """The requestBody of an operation that parses its body itself."""
    schemas: list[dict[str, Any]] = [m.model_json_schema() for m in models]
    if files:
        schemas.append({"type": "object", "description": "A ClinicalTrials.gov study, or {id, passages}."})
    content: dict[str, Any] = {
        "application/json": {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}, "example": example}
    }
    if files:
        content |= {kind: {"schema": {"type": "string"}} for kind in ("text/plain", "application/xml")}
        content |= {kind: {"schema": {"type": "string", "format": "binary"}} for kind in PROTOCOLS}
    return {"requestBody": {"required": True, "content": content}}


READS = json_body(TextBody, example={"text": "ECOG 0-1; no prior PD-1 inhibitor within 4 weeks."}, files=True)


async def read_one(request: Request, model: str | None) -> tuple[Document, Extraction, Pipeline, bytes]:
    """(document, what was found in it, by which pipeline, the body). Raises ProblemError where it is not one record."""
    data = await request.body()
    pipeline = engine_of(request).pipeline(model)

    def read() -> tuple[Document, Extraction]:
        documents = documents_of(data, media_type(request))
        if len(documents) != 1:
            raise ProblemError(422, f"{len(documents)} records; one is read here, many by /v1/extract/batch.")
        return documents[0], pipeline.extract(documents[0])

    return *await engine_of(request).run(read), pipeline, data


def engine_of(request: Request) -> Engine:
    """The engine of the application."""
    engine: Engine = request.app.state.engine
    return engine


def media_type(request: Request) -> str:
    """What the body is said to be."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def note(request: Request, pipeline: Pipeline, data: bytes, records: int = 1) -> None:
    """Note an extraction for the audit and the metrics."""
    state = request.state
    request.app.state.audit.note(who=state.who, request=state.request_id, model=pipeline.info.sha256, data=data)
    request.app.state.metrics.records.labels(pipeline.info.name).inc(records)


def known_format(format: str) -> None:
    """Raises ProblemError 422 for a format that no writer has."""
    if format not in ("json", *TEXTS, *FILES):
        raise ProblemError(422, f"format: not known; there are json, {', '.join([*TEXTS, *FILES])}.")


def download(name: str, content: bytes) -> Response:
    """A file to save."""
    return Response(content, headers={"Content-Disposition": f'attachment; filename="{name}"'})
