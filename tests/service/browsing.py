"""What tests of a real service share: a server on loopback in a thread of this process, and Chromium."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from oncogloss.service.app import Settings, create_app

CHROMIUM = Path(os.environ.get("ONCOGLOSS_BROWSER") or "/usr/bin/chromium")
EXPECTED = "ONCOGLOSS_BROWSER" in os.environ or CHROMIUM.exists()  # here a browser that is missing is a failure


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The address of a service that runs as `oncogloss serve` runs it."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        create_app(settings), log_level="error", access_log=False, server_header=False, limit_concurrency=512,
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive() and time.monotonic() < until, "the service did not start"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
    listening.close()
