import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

BODY = json.dumps({"text": "Prior velzotinib is not allowed; ECOG 0-1."}).encode()


@pytest.fixture
def served(tmp_path: Path, socket_enabled: None) -> Iterator[tuple[subprocess.Popen[bytes], str, Path]]:
    """A real service on loopback, where it listens, and the user's table of terms, which is not begun yet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    terms = tmp_path / "data" / "oncogloss" / "terms.tsv"
    command = [
        sys.executable,
        "-m",
        "oncogloss.cli",
        "serve",
        "--port",
        str(port),
        "--model",
        "nano",
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{url}/readyz", timeout=5).close()
            break
        except OSError:
            time.sleep(0.05)
    yield process, url, terms
    process.terminate()
    assert process.wait(30) in (0, -signal.SIGTERM)


def drug(url: str) -> tuple[int, str]:
    request = urllib.request.Request(f"{url}/v1/extract", BODY, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found = json.load(answer)["mentions"]
        ids = [m["concept"]["id"] for m in found if m["text"] == "velzotinib" and m["concept"]]
        return answer.status, ids[0] if ids else ""


def test_new_terms_are_served_after_a_signal_and_no_request_is_dropped(
    served: tuple[subprocess.Popen[bytes], str, Path],
) -> None:
    process, url, terms = served
    assert not drug(url)[1].startswith("LOCAL:")
    answers: list[tuple[int, str]] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answers.append(drug(url))

    asking = threading.Thread(target=ask)
    asking.start()
    subprocess.run(
        [
            sys.executable,
            "-m",
            "oncogloss.cli",
            "add-drug",
            "velzotinib",
            "--class",
            "inhibitor",
            "--terms",
            str(terms),
        ],
        check=True,
    )
    os.kill(process.pid, signal.SIGHUP)
    until = time.monotonic() + 30
    while time.monotonic() < until and not (answers and answers[-1][1].startswith("LOCAL:")):
        time.sleep(0.05)
    stop.set()
    asking.join()
    assert {status for status, _ in answers} == {200}
    assert answers[-1][1].startswith("LOCAL:")
