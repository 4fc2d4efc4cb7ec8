"""What a service tells of itself: metrics, a log of requests, an audit line for each extraction. Never any text."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counts and times by route and status; in a registry of its own, so that services do not share them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("oncogloss_requests", "Requests answered", ["route", "status"], registry=self.registry)
        self.seconds = Histogram(
            "oncogloss_request_seconds", "From the head of a request to the end of its answer", ["route"],
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.records = Counter("oncogloss_records", "Records read", ["model"], registry=self.registry)
        self.taken = Gauge("oncogloss_places_taken", "Extractions under way or waiting", registry=self.registry)

    def text(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self.registry)


def request_log() -> logging.Logger:
    """JSON lines on standard error: one for each request."""
    log = logging.getLogger("oncogloss.service")
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False
    return log


def line(**fields: Any) -> str:
    """A JSON line with the time."""
    return json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **fields}, ensure_ascii=True)


class Audit:
    """A file to which a line is added for each extraction: when, who, which model, a digest of what was read."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("a", encoding="utf-8") if path else None

    def note(self, *, who: str, request: str, model: str, data: bytes) -> None:
        """Add a line; it is on its way to the disk when this returns."""
        if self._file:
            digest = hashlib.sha256(data).hexdigest()
            self._file.write(line(who=who, request=request, model=model, input_sha256=digest) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Nothing more is noted."""
        if self._file:
            self._file.close()
