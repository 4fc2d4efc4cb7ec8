"""Error bodies as RFC 9457 has them. They say what was wrong and what to do, and never repeat what was sent."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import ValidationError
from starlette.responses import JSONResponse

from oncogloss.errors import shown

MEDIA_TYPE = "application/problem+json"
OURS = "An error of ours; the log has it under this request's id."


class ProblemError(Exception):
    """An answer that is an error: `status`, and `detail` in one sentence; `headers` go along."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, detail)
        self.status, self.detail, self.headers = status, detail, headers


def problem(status: int, detail: str, request_id: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The response for an error; `request_id` is what the log has it under."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{request_id}",
    }
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def fields_that_fail(error: ValidationError) -> str:
    """Where and how a body does not fit its model, without its values."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[:3]
    parts = (f"{shown('.'.join(map(str, e['loc']))[:80]) or 'the body'}: {_kind(e)}" for e in first)
    return "; ".join(parts) + "."


def _kind(error: Any) -> str:
    return {"missing": "is missing", "extra_forbidden": "is not known"}.get(
        error["type"], f"does not fit ({error['type'].replace('_', ' ')})"
    )
