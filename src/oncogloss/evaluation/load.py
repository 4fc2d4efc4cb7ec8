"""The service under load on loopback, beside the plain pipeline in the same run, turn by turn. Needs Linux's /proc.

A server of ours runs in a process of its own as `oncogloss serve` runs it, with an audit file. Seconds depend on what
else the machine does; the CPU seconds of both sides beside them hardly do.
"""

from __future__ import annotations

import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from oncogloss.errors import OncoglossError
from oncogloss.evaluation.cost import machine, processor
from oncogloss.pipeline import Pipeline, load
from oncogloss.schema import Document, Passage

CLIENTS = 8
WORKERS = 2  # of the service, as it ships
ROUNDS = 4  # in which pipeline and service take turns
CRITERIA = 200  # of one client
RECORD_EVERY = 50  # requests of the long run, one is a whole record
PATIENCE = 120  # seconds for a server to start, and for an answer
_ITEM = re.compile(r"^\s*[-*•]\s+(.{20,300})$", re.MULTILINE)


class Server(NamedTuple):
    """A service that runs: where, as which process, and how long it took to be ready, of all and of CPU."""

    port: int
    pid: int
    ready: float = 0.0
    ready_cpu: float = 0.0

    def cpu(self) -> float:
        """CPU seconds that it has taken."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Megabytes that it holds."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


class Taken(NamedTuple):
    """What a stretch of work took: seconds of each piece, of all, of CPU; and how many pieces failed."""

    each: list[float]
    wall: float
    cpu: float
    errors: int = 0

    def __add__(self, other: object) -> Taken:
        """Both stretches as one."""
        assert isinstance(other, Taken)
        return Taken(self.each + other.each, self.wall + other.wall, self.cpu + other.cpu, self.errors + other.errors)

    def ms(self, percent: int) -> float:
        """A percentile of the pieces in milliseconds."""
        return 1_000 * statistics.quantiles(self.each, n=100, method="inclusive")[percent - 1]

    @property
    def rate(self) -> float:
        """Pieces a second."""
        return len(self.each) / self.wall

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU for a piece."""
        return 1_000 * self.cpu / len(self.each)


NONE = Taken([], 0.0, 0.0)


def load_report(model: str, records: Sequence[Document], requests: int) -> str:
    """Markdown: the service's figures beside what is asked of it; `requests` is the length of the long run."""
    if not Path("/proc/self/stat").exists():
        raise OncoglossError("The load test reads memory and CPU from /proc; run it on Linux.")
    criteria = criteria_of(records)
    if len(records) < 2 or len(criteria) < 2:
        raise OncoglossError("The load test needs two records or more with lists of criteria.")
    before = os.getloadavg()[0]
    ready = [_started(model) for _ in range(3)]
    pipeline = load(model)
    with tempfile.TemporaryDirectory() as folder, serving(model, Path(folder) / "audit.jsonl") as server:
        plain(pipeline, [*criteria[:20], *records[:2]])
        asked(server, [*criteria[:20], *records[:2]], CLIENTS)
        one = _turns(server, pipeline, list(islice(cycle(criteria), CRITERIA // ROUNDS)), 1)
        whole = _turns(server, pipeline, records, 1)
        eight = _turns(server, pipeline, [*records, *records], CLIENTS)
        threads = sum((plain(pipeline, records, WORKERS) for _ in range(ROUNDS)), NONE)
        memory, criterion, record = _long_run(server, criteria, records, requests)
    rows = [
        ("start to ready, median of 3", "≤ 2 s", f"{statistics.median(seconds for seconds, _ in ready):.2f} s"),
        ("CPU from start to ready, median of 3", "", f"{statistics.median(cpu for _, cpu in ready):.2f} s"),
        *_alone("one criterion", "15", *one),
        *_alone("one whole record", "300", *whole),
        *_together(*eight, threads),
        *_steady(memory, criterion, record),
    ]
    table = "\n".join(f"| {what} | {wanted} | {figure} |" for what, wanted, figure in rows)
    head = f"Model {pipeline.info.name} {pipeline.info.version}; {machine()}; {processor()}."
    busy = f"{before:.1f} processes were running before, of others."
    return f"{head} {busy}\n\n| what | asked | measured |\n|---|---|---|\n{table}"


def criteria_of(records: Iterable[Document]) -> list[Document]:
    """Each item of the lists in the records' texts as a text of its own."""
    items = (item for r in records for p in r.passages for item in _ITEM.findall(p.text))
    return [Document(id="text", passages=(Passage(name="text", text=item),)) for item in items]


@contextmanager
def serving(model: str, audit: Path) -> Iterator[Server]:
    """A server in a process of its own. Raises OncoglossError where it does not start."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "oncogloss.cli", "serve", "--port", str(port), "--model", model]
    begun = time.perf_counter()
    child = subprocess.Popen([*command, "--audit", str(audit)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _is_ready(port):
            if child.poll() is not None or time.perf_counter() - begun > PATIENCE:
                raise OncoglossError(f"The service does not start; see `oncogloss serve --model {model}`.")
            time.sleep(0.01)
        ready = time.perf_counter() - begun
        yield Server(port, child.pid, ready, Server(port, child.pid).cpu())
    finally:
        child.terminate()
        child.wait(PATIENCE)


def _is_ready(port: int) -> bool:
    line = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        line.request("GET", "/readyz")
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


def _started(model: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder, serving(model, Path(folder) / "audit.jsonl") as server:
        return server.ready, server.ready_cpu


def plain(pipeline: Pipeline, documents: Sequence[Document], threads: int = 1) -> Taken:
    """The pipeline itself, one document after another or in some threads."""

    def read(document: Document) -> float:
        begun = time.perf_counter()
        pipeline.extract(document)
        return time.perf_counter() - begun

    with ThreadPoolExecutor(threads) as pool:
        begun, cpu = time.perf_counter(), time.process_time()
        each = list(pool.map(read, documents))
        return Taken(each, time.perf_counter() - begun, time.process_time() - cpu)


def asked(server: Server, documents: Sequence[Document], clients: int) -> Taken:
    """The same of the service, over as many connections as clients; the CPU is the server's."""
    mine = threading.local()
    opened: list[HTTPConnection] = []

    def ask(body: bytes) -> tuple[float, bool]:
        if not hasattr(mine, "line"):
            mine.line = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
            opened.append(mine.line)
        begun = time.perf_counter()
        try:
            mine.line.request("POST", "/v1/extract", body, {"Content-Type": "application/json"})
            answer = mine.line.getresponse()
            fine = len(answer.read()) > 2 and answer.status == 200
        except (OSError, HTTPException):
            mine.line.close()
            fine = False
        return time.perf_counter() - begun, fine

    bodies = [_body(document) for document in documents]
    with ThreadPoolExecutor(clients) as pool:
        begun, cpu = time.perf_counter(), server.cpu()
        answers = list(pool.map(ask, bodies))
        taken = time.perf_counter() - begun, server.cpu() - cpu
    for line in opened:
        line.close()
    return Taken([seconds for seconds, _ in answers], *taken, sum(not fine for _, fine in answers))


def _body(document: Document) -> bytes:
    if document.id == "text":
        return json.dumps({"text": document.passages[0].text}).encode()
    return json.dumps({"id": document.id, "passages": {p.name: p.text for p in document.passages}}).encode()


def _turns(server: Server, pipeline: Pipeline, documents: Sequence[Document], clients: int) -> tuple[Taken, Taken]:
    """(of the service, of the plain pipeline) on the same documents."""
    served = bare = NONE
    for _ in range(ROUNDS):
        bare += plain(pipeline, documents)
        served += asked(server, documents, clients)
    return served, bare


def _long_run(
    server: Server, criteria: Sequence[Document], records: Sequence[Document], requests: int
) -> tuple[list[float], Taken, Taken]:
    """(memory before and after each quarter, what criteria took, what records took) with eight clients."""
    short, long = cycle(criteria), cycle(records)
    memory, taken = [server.memory()], NONE
    kinds = [n % RECORD_EVERY == RECORD_EVERY - 1 for n in range(requests)]
    for quarter in range(4):
        part = kinds[quarter * requests // 4 : (quarter + 1) * requests // 4]
        taken += asked(server, [next(long if is_record else short) for is_record in part], CLIENTS)
        memory.append(server.memory())
    sides = [Taken([s for s, r in zip(taken.each, kinds, strict=True) if r is k], *taken[1:]) for k in (False, True)]
    return memory, *sides  # type: ignore[return-value]


Row = tuple[str, str, str]


def _alone(what: str, most: str, served: Taken, bare: Taken) -> list[Row]:
    return [
        (f"one client, {what} ({len(served.each)}), p50", f"≤ {most} ms", f"{served.ms(50):.1f} ms"),
        (f"one client, {what}, p95", "", f"{served.ms(95):.1f} ms"),
        (f"{what} in the plain pipeline, p50, p95", "", f"{bare.ms(50):.1f} ms, {bare.ms(95):.1f} ms"),
        (f"CPU for {what}: service, plain", "", f"{served.cpu_ms:.1f} ms, {bare.cpu_ms:.1f} ms"),
        (f"errors, {what}", "0", str(served.errors)),
    ]


def _together(served: Taken, bare: Taken, threads: Taken) -> list[Row]:
    what = f"{CLIENTS} clients, {len(served.each)} whole records"
    return [
        (f"{what}, records a second", "", f"{served.rate:.2f}"),
        ("of what the plain pipeline does, one after another", "≥ 90 %", f"{served.rate / bare.rate:.0%}"),
        (f"of what it does in {WORKERS} threads", "", f"{served.rate / threads.rate:.0%}"),
        (f"CPU a record: service, plain, plain in {WORKERS} threads", "",
         f"{served.cpu_ms:.0f} ms, {bare.cpu_ms:.0f} ms, {threads.cpu_ms:.0f} ms"),
        (f"{what}, p50", "", f"{served.ms(50):.0f} ms"),
        (f"{what}, p95 / p50", "≤ 3", f"{served.ms(95) / served.ms(50):.2f}"),
        (f"errors, {what}", "0", str(served.errors)),
    ]  # fmt: skip


def _steady(memory: list[float], criterion: Taken, record: Taken) -> list[Row]:
    count = len(criterion.each) + len(record.each)
    growth = (memory[4] - memory[1]) / (0.75 * count) * 10_000
    return [
        (f"{CLIENTS} clients, {count:,} requests, one in {RECORD_EVERY} a whole record: errors", "0",
         str(criterion.errors)),
        ("requests a second; server's CPU a request", "", f"{count / criterion.wall:.1f}; "
         f"{1_000 * criterion.cpu / count:.1f} ms"),
        ("criteria among them, p50; p95 / p50", "", f"{criterion.ms(50):.1f} ms; "
         f"{criterion.ms(95) / criterion.ms(50):.2f}"),
        ("records among them, p50; p95 / p50", "", f"{record.ms(50):.0f} ms; {record.ms(95) / record.ms(50):.2f}"),
        ("server's memory before and after each quarter", "flat, ≤ 450 MB", ", ".join(f"{m:.0f}" for m in memory)
         + " MB"),
        ("growth after the first quarter, for 10,000 requests", "≤ 1 MB", f"{growth:.1f} MB"),
    ]  # fmt: skip
