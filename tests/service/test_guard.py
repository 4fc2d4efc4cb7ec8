import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from oncogloss.errors import InputError
from oncogloss.service.app import Settings, create_app
from oncogloss.service.guard import HEADERS, Limits
from oncogloss.service.keys import new_key, owner, read_keys

TEXT = {"text": "ECOG 0-1"}
LIMITS = Limits(hosts=frozenset({"testserver"}))


@pytest.fixture(scope="module")
def locked() -> Iterator[tuple[TestClient, str]]:
    key, digest = new_key()
    with TestClient(create_app(Settings(models=("nano",), keys={digest: "anna"}, limits=LIMITS))) as client:
        yield client, key


def test_every_answer_carries_the_headers(client: TestClient) -> None:
    for answer in (
        client.get("/"),
        client.get("/nothing"),
        client.post("/v1/extract", json=TEXT),
        client.get("/metrics"),
    ):
        assert HEADERS.items() <= {k: answer.headers.get(k) for k in HEADERS}.items()
        assert len(answer.headers["x-request-id"]) == 36


def test_the_page_may_load_nothing_but_its_own_parts(client: TestClient) -> None:
    policy = dict(part.strip().split(" ", 1) for part in client.get("/").headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data: blob:"
    assert client.get("/").headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options", "head"])
@pytest.mark.parametrize(
    "path", ["/", "/v1/extract", "/v1/model", "/metrics", "/openapi.json", "/page/app.js", "/nothing"]
)
def test_nothing_is_open_without_a_key(locked: tuple[TestClient, str], method: str, path: str) -> None:
    client, key = locked
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {key}"}, {"authorization": key}):
        code = 200 if method == "get" and path in ("/", "/page/app.js") else 401  # the page can ask for the key
        assert client.request(method, path, headers=headers).status_code == code


def test_a_key_opens_and_health_needs_none(locked: tuple[TestClient, str]) -> None:
    client, key = locked
    assert client.post("/v1/extract", json=TEXT, headers={"authorization": f"Bearer {key}"}).status_code == 200
    assert client.get("/healthz").status_code == 200


def test_bodies_that_are_too_large_are_refused_by_their_word_and_by_count(client: TestClient) -> None:
    large = b"a" * 300_000
    assert client.post("/v1/extract", content=large).status_code == 413
    assert client.post("/v1/extract", content=iter([large[:150_000], large[:150_000]])).status_code == 413
    assert client.post("/v1/extract", content=b"a", headers={"content-length": "-5"}).status_code == 400


def test_another_hosts_name_is_refused(client: TestClient) -> None:
    for host in ("evil.example", "evil.example:8080", "testserver.evil.example", ""):
        assert client.get("/v1/model", headers={"host": host}).status_code == 421
    assert client.get("/v1/model", headers={"host": "testserver:8080"}).status_code == 200


OTHERS = [
    {"origin": "https://evil.example"},
    {"origin": "http://testserver:3000"},
    {"origin": "null"},
    {"origin": "http://testserver.evil.example", "sec-fetch-site": "none"},
    {"origin": "http://testserver", "sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
]
OURS = [
    {},
    {"origin": "http://testserver", "sec-fetch-site": "same-origin"},
    {"origin": "https://TESTSERVER", "host": "testserver:443"},
    {"origin": "http://testserver:8080", "host": "testserver:8080"},
    {"origin": "https://trials.example.org", "sec-fetch-site": "same-origin"},  # through a proxy with a Host of its own
    {"sec-fetch-site": "none"},
]


@pytest.mark.parametrize(("headers", "code"), [*((h, 403) for h in OTHERS), *((h, 200) for h in OURS)])
def test_pages_of_other_origins_cannot_write(client: TestClient, headers: dict[str, str], code: int) -> None:
    answer = client.post("/v1/extract", content="ECOG 0-1", headers={"content-type": "text/plain", **headers})
    assert answer.status_code == code
    assert client.get("/v1/model", headers=headers).status_code == 200


def test_a_page_of_another_origin_puts_nothing_under_review(tmp_path: Path) -> None:
    evil = {"origin": "https://evil.example", "content-type": "text/plain"}
    with TestClient(create_app(Settings(models=("nano",), reviews=tmp_path / "r.db", limits=LIMITS))) as client:
        id = client.post("/v1/reviews", json=TEXT).json()["id"]
        for path in ("", f"/{id}/edits", f"/{id}/state"):
            assert client.post(f"/v1/reviews{path}", content='{"state": "done"}', headers=evil).status_code == 403
        (listed,) = client.get("/v1/reviews").json()
        assert (listed["edits"], listed["reviewers"]) == (0, {})


def test_neither_log_nor_metrics_nor_audit_hold_any_text(
    client: TestClient, audit_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "CANARY9Z"
    log = logging.getLogger("oncogloss.service")
    log.addHandler(caplog.handler)
    try:
        body = json.dumps({"text": f"ECOG 0-1 {canary}"}).encode()
        answer = client.post("/v1/extract", content=body, headers={"content-type": "application/json"})
        client.post(f"/v1/extract?model={canary}", json={"text": canary})
        client.get(f"/{canary}?name={canary}")
        client.post("/v1/link", json={"names": [canary]})
    finally:
        log.removeHandler(caplog.handler)
    lines = [json.loads(record.getMessage()) for record in caplog.records]
    assert len(lines) == 4
    assert {line["status"] for line in lines} == {200, 404}
    audit = audit_file.read_text(encoding="utf-8")
    assert canary not in caplog.text + client.get("/metrics").text + audit
    noted = json.loads(audit.splitlines()[-1])
    assert noted["request"] == answer.headers["x-request-id"]
    assert noted["input_sha256"] == hashlib.sha256(body).hexdigest()


def test_keys_are_read_from_a_file_and_found(tmp_path: Path) -> None:
    key, digest = new_key()
    path = tmp_path / "keys.txt"
    path.write_text(f"# ours\nanna {digest}\n", encoding="utf-8")
    keys = read_keys(path)
    assert owner(keys, key) == "anna"
    assert owner(keys, key + "x") is None
    assert key not in path.read_text(encoding="utf-8")
    for wrong in ("", "anna", f"anna {key}", f"an na {digest}"):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(InputError):
            read_keys(path)
