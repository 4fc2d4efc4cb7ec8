"""Twenty dangerous inputs against a real server on loopback: each a clear 4xx, soon, and others are still served."""

from __future__ import annotations

import gzip
import io
import json
import socket
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from browsing import serving

from oncogloss.service.app import Settings
from oncogloss.service.guard import Limits

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
PATIENCE = 30.0  # seconds; far above what an answer takes on a quiet machine
BODY_SECONDS = 1.5


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with serving(Settings(models=("nano",), limits=Limits(body_seconds=BODY_SECONDS))) as address:
        yield address


Talk = Callable[[socket.socket], None]


def head(path: str = "/v1/extract", *more: str, method: str = "POST") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *more, "", ""]).encode("latin-1")


def whole(body: bytes, kind: str = "application/json", path: str = "/v1/extract") -> Talk:
    def talk(line: socket.socket) -> None:
        line.sendall(head(path, f"Content-Type: {kind}", f"Content-Length: {len(body)}") + body)

    return talk


def raw(*pieces: bytes, pause: float = 0.0) -> Talk:
    def talk(line: socket.socket) -> None:
        for piece in pieces:
            line.sendall(piece)
            time.sleep(pause)

    return talk


def chunked(size: int, chunk: int) -> Talk:
    """A body of `size` bytes in chunks, without a length."""

    def talk(line: socket.socket) -> None:
        line.sendall(head("/v1/extract", "Transfer-Encoding: chunked"))
        piece = f"{chunk:x}\r\n".encode() + b"a" * chunk + b"\r\n"
        for _ in range(size // chunk):
            line.sendall(piece)
        line.sendall(b"0\r\n\r\n")

    return talk


def zipped(name: str, size: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"\0" * size)
    return packed.getvalue()


BOMB = b"<!DOCTYPE a [<!ENTITY b 'bbbbbbbbbb'>" + b"".join(
    b"<!ENTITY b%d '%s'>" % (n, b"&b%d;" % (n - 1) * 10 if n else b"&b;" * 10) for n in range(9)
)
DEEP = b'{"protocolSection":' * 5_000 + b"1" + b"}" * 5_000
DANGERS: dict[str, tuple[Talk, set[int]]] = {
    "a body that never comes": (raw(head("/v1/extract", "Content-Length: 90"), b"{"), {408}),
    "a byte now and then": (raw(head("/v1/extract", "Content-Length: 99"), *[b"a"] * 20, pause=0.2), {408}),
    "a head without an end": (raw(b"POST /v1/extract HTTP/1.1\r\nX: " + b"a" * 200_000), {400, 431}),
    "chunks of one byte without an end": (
        raw(head("/v1/extract", "Transfer-Encoding: chunked"), *[b"1\r\na\r\n"] * 20, pause=0.2), {408},
    ),
    "a negative length": (raw(head("/v1/extract", "Content-Length: -1"), b"a"), {400}),
    "a length of letters": (raw(head("/v1/extract", "Content-Length: many"), b"a"), {400}),
    "two lengths": (raw(head("/v1/extract", "Content-Length: 1", "Content-Length: 9"), b"a"), {400}),
    "a length and chunks": (
        raw(head("/v1/extract", "Content-Length: 3", "Transfer-Encoding: chunked"), b"3\r\n{}x\r\n0\r\n\r\n"),
        {400, 422},
    ),
    "no length and no body": (raw(head()), {422}),
    "a length of 10^30": (raw(head("/v1/extract", "Content-Length: 1" + "0" * 30), b"a"), {400, 413}),
    "ten thousand headers": (raw(head("/v1/extract", *[f"X-{n}: 1" for n in range(10_000)])), {431}),
    "fifty megabytes by their word": (raw(head("/v1/extract", "Content-Length: 50000000"), b"a" * 1_000), {413}),
    "fifty megabytes in chunks": (chunked(50_000_000, 100_000), {413}),
    "broken UTF-8": (whole(b'{"text": "\xff\xfe\xc3("}'), {422}),
    "a lone surrogate": (whole(b'{"text": "\\ud800 ECOG"}'), {422}),
    "NUL in a text": (whole(b"ECOG\x00 0-1", "text/plain"), {422}),
    "JSON five thousand deep": (whole(DEEP), {422}),
    "NaN and a key twice": (whole(b'{"id": "a", "id": NaN, "passages": {}}'), {422}),
    "a number of 5,000 digits": (whole(b'{"text": "a", "passage": ' + b"9" * 5_000 + b"}"), {422}),
    "an entity bomb": (whole(BOMB + b"]><a>&b8;</a>", "application/xml"), {422}),
    "an entity of a file": (
        whole(b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "application/xml"), {422},
    ),
    "a ZIP that swells": (whole(zipped("word/document.xml", 80_000_000), "application/octet-stream"), {422}),
    "a ZIP with ../": (whole(zipped("../../etc/x", 10), "application/octet-stream"), {422}),
    "gzip that swells": (whole(gzip.compress(b"a" * 20_000_000), "application/octet-stream"), {422}),
    "a name with ../": (raw(head("/page/..%2f..%2fapp.py", method="GET")), {404}),
    "a name with ..\\ and NUL": (raw(head("/page/..%5c%00app.js", method="GET")), {404}),
    "a path of another host": (raw(head("http://evil.example/v1/extract", "Content-Length: 0")), {404, 405, 421, 422}),
    "another host's name": (raw(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), {421}),
    "no HTTP at all": (raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500), {400}),
    "script in a format": (
        raw(head("/v1/convert?format=%3Cscript%3Ealert(1)%3C/script%3E", "Content-Length: 4"), b"ECOG"), {422},
    ),
    "script in a model": (raw(head("/v1/extract?model=%3Cscript%3E../micro", "Content-Length: 4"), b"ECOG"), {404}),
}  # fmt: skip


def answer_of(address: str, talk: Talk) -> tuple[int, bytes]:
    """(status, what was said); a server that closes while it is still sent to has answered all the same."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as line:
        with suppress(BrokenPipeError, ConnectionResetError):
            talk(line)
        said = b""
        with suppress(ConnectionResetError):
            while not _complete(said) and (piece := line.recv(65_536)):
                said += piece
    assert said.startswith(b"HTTP/1.1 "), said[:100]
    return int(said[9:12]), said


def _complete(said: bytes) -> bool:
    heads, _, body = said.partition(b"\r\n\r\n")
    for line in heads.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return False


@pytest.mark.parametrize("name", DANGERS)
def test_a_dangerous_input_gets_a_clear_refusal(service: str, name: str) -> None:
    talk, statuses = DANGERS[name]
    begun = time.monotonic()
    status, said = answer_of(service, talk)
    assert status in statuses
    assert time.monotonic() - begun < PATIENCE
    assert b"Traceback" not in said and b"<script" not in said and b"root:" not in said
    if b"application/problem+json" in said:
        assert json.loads(said.partition(b"\r\n\r\n")[2])["detail"].endswith(".")
    with urllib.request.urlopen(service + "/healthz", timeout=PATIENCE) as after:
        assert after.status == 200


def test_there_are_twenty_and_a_right_request_passes(service: str) -> None:
    assert len(DANGERS) >= 20
    assert answer_of(service, whole(b'{"text": "ECOG 0-1"}'))[0] == 200


def test_others_are_served_while_one_is_slow(service: str) -> None:
    host, port = service.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port))) for _ in range(40)]
    for line in slow:
        line.sendall(head("/v1/extract", "Content-Length: 99") + b"{")
    assert answer_of(service, whole(b'{"text": "ECOG 0-1"}'))[0] == 200
    for line in slow:
        line.settimeout(PATIENCE)
        assert line.recv(12) == b"HTTP/1.1 408"
        line.close()
