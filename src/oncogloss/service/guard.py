"""What every request passes first: its id, size and pace, who sent it; and what every answer gets: its headers, a log
line, an error body that says nothing of what was sent."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from logging import Logger

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oncogloss.service.keys import owner
from oncogloss.service.observe import Metrics, line
from oncogloss.service.problems import OURS, ProblemError, problem

OPEN = {"/healthz", "/readyz"}  # asked by what watches over the service, without a key
MOST_HEADERS = 200
HARMLESS = {"GET", "HEAD", "OPTIONS"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Limits:
    """Of a request: bytes of its body, seconds in which the body has to come; `hosts` it may be sent to."""

    body: int = 10_000_000
    body_seconds: float = 10.0
    hosts: frozenset[str] = field(default_factory=lambda: frozenset({"localhost", "127.0.0.1", "[::1]"}))


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, limits: Limits, keys: dict[str, str], metrics: Metrics, log: Logger) -> None:
        self.app, self.limits, self.keys, self.metrics, self.log = app, limits, keys, metrics, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status, started = time.monotonic(), 500, False
        request_id = str(uuid.uuid4())
        scope["state"] = {**scope.get("state", {}), "request_id": request_id, "who": "-"}

        async def answer(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                names = {name.lower() for name, _ in message["headers"]}
                extra = {**HEADERS, "X-Request-Id": request_id}
                message["headers"] = [
                    *message["headers"],
                    *((k.encode(), v.encode()) for k, v in extra.items() if k.lower().encode() not in names),
                ]
            await send(message)

        try:
            self._admit(scope)
            await self.app(scope, self._metered(scope, receive), answer)
        except ProblemError as error:
            if started:
                raise
            await _say(problem(error.status, error.detail, request_id, error.headers), scope, receive, answer)
        except Exception as error:
            self.log.error(line(request=request_id, error=type(error).__name__))
            if not started:
                await _say(problem(500, OURS, request_id), scope, receive, answer)
        finally:
            seconds = time.monotonic() - begun
            route = getattr(scope.get("route"), "path", "other")
            self.metrics.requests.labels(route, str(status)).inc()
            self.metrics.seconds.labels(route).observe(seconds)
            self.log.info(
                line(
                    request=request_id, who=scope["state"]["who"], method=scope["method"][:16], route=route,
                    status=status, ms=round(1_000 * seconds, 1),
                )
            )  # fmt: skip

    def _admit(self, scope: Scope) -> None:
        if len(scope["headers"]) > MOST_HEADERS:
            raise ProblemError(431, f"More than {MOST_HEADERS} headers.", {"Connection": "close"})
        headers = Request(scope).headers
        host = headers.get("host", "")
        name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
        if self.limits.hosts and name.lower() not in self.limits.hosts:
            raise ProblemError(421, "This name is not the service's own; start it with --allow-host.")
        if scope["method"] not in HARMLESS and _is_of_another_site(headers):
            raise ProblemError(403, "The request comes from a page that is not the service's own.")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise ProblemError(400, "The Content-Length is no number.")
        if int(length[:20]) > self.limits.body:
            raise ProblemError(413, f"The body is larger than {self.limits.body:,} bytes.")
        if self.keys and not _is_open(scope):
            kind, _, key = headers.get("authorization", "").partition(" ")
            who = owner(self.keys, key.strip()) if kind.lower() == "bearer" else None
            if who is None:
                raise ProblemError(
                    401, "No valid key; send `Authorization: Bearer KEY`.", {"WWW-Authenticate": "Bearer"}
                )
            scope["state"]["who"] = who

    def _metered(self, scope: Scope, receive: Receive) -> Receive:
        """`receive` that stops a body that is too large or too slow."""
        taken = 0
        until = time.monotonic() + self.limits.body_seconds
        streamed = scope["path"] == "/v1/extract/batch"  # comes line by line, as long as it takes
        whole = False

        async def metered() -> Message:
            nonlocal taken, whole
            if whole:
                return await receive()  # waits for the end of the connection
            left = self.limits.body_seconds if streamed else until - time.monotonic()
            try:
                async with asyncio.timeout(max(0.01, left)):
                    message = await receive()
            except TimeoutError:
                raise ProblemError(408, "The body came too slowly.", {"Connection": "close"}) from None
            taken += len(message.get("body", b""))
            if taken > self.limits.body and not streamed:
                raise ProblemError(413, f"The body is larger than {self.limits.body:,} bytes.", {"Connection": "close"})
            whole = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        return metered


def _is_open(scope: Scope) -> bool:
    """Needs no key: what watches over the service asks for, and the page, which holds nothing of anybody's."""
    page = scope["path"] == "/" or scope["path"].startswith("/page/")
    return scope["path"] in OPEN or (page and scope["method"] == "GET")


def _is_of_another_site(headers: Headers) -> bool:
    """Whether a browser sends this for a page that is not ours. Its word for "ours" holds even where a proxy has put
    another Host; what is no browser says nothing of the kind."""
    site = headers.get("sec-fetch-site")
    if site in ("cross-site", "same-site"):
        return True
    origin = headers.get("origin")
    if site == "same-origin" or origin is None:
        return False
    scheme, _, place = origin.lower().partition("://")
    standard = {"http": ":80", "https": ":443"}.get(scheme, "")
    return place != headers.get("host", "").lower().removesuffix(standard)


async def _say(response: Response, scope: Scope, receive: Receive, send: Callable[[Message], Awaitable[None]]) -> None:
    await response(scope, receive, send)
