"""What the service promises in /openapi.json, held against it by generated requests (schemathesis), in process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from starlette.testclient import TestClient

from oncogloss.service.app import Settings, create_app
from oncogloss.service.guard import Limits

EXAMPLES = int(os.environ.get("ONCOGLOSS_EXAMPLES", "12"))  # of each operation; 500 before a release
CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


@schemathesis.serializer("application/x-ndjson")
def _lines(context: Any, value: Any) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


@schemathesis.serializer("application/pdf")
def _file(context: Any, value: Any) -> bytes:
    """What is generated, half of it behind the head of a PDF."""
    data = value if isinstance(value, bytes) else bytes(value.data if hasattr(value, "data") else str(value).encode())
    return b"%PDF-1.7\n" + data if len(data) % 2 else data


def app_of(reviews: Path | None) -> Any:
    limits = Limits(hosts=frozenset({"testserver", "localhost"}))
    return create_app(Settings(models=("nano",), limits=limits, reviews=reviews))


OPERATIONS = [(path, method.upper()) for path, item in app_of(None).openapi()["paths"].items() for method in item]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    app = app_of(tmp_path_factory.mktemp("reviews") / "reviews.db")
    with TestClient(app):
        yield schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_each_operation_keeps_its_promises(described: Any, path: str, method: str) -> None:
    @settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(described[path][method].as_strategy())
    def kept(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    kept()
