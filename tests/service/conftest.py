"""Where the extra `serve` is not installed, its tests are left out."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

NEEDED = all(find_spec(name) for name in ("fastapi", "httpx2", "prometheus_client"))
collect_ignore_glob = [] if NEEDED else ["test_*.py"]
if not find_spec("schemathesis"):
    collect_ignore_glob.append("test_openapi.py")

if NEEDED:
    from starlette.testclient import TestClient

    from oncogloss.service.app import Settings, create_app
    from oncogloss.service.guard import Limits
    from oncogloss.service.observe import request_log

    HOSTS = frozenset({"testserver"})

    @pytest.fixture(scope="session")
    def audit_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
        return tmp_path_factory.mktemp("audit") / "audit.jsonl"

    @pytest.fixture(scope="session")
    def client(audit_file: Path) -> Iterator[TestClient]:
        """A service of nano, open to all."""
        limits = Limits(body=200_000, body_seconds=2.0, hosts=HOSTS)
        app = create_app(Settings(models=("nano",), limits=limits, audit=audit_file))
        with TestClient(app, raise_server_exceptions=False) as client:
            yield client

    @pytest.fixture
    def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
        """What the service logs."""
        log = request_log()
        log.addHandler(caplog.handler)
        yield caplog
        log.removeHandler(caplog.handler)
