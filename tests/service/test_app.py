import base64
import json
import logging
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from oncogloss.errors import InputError
from oncogloss.pipeline import Pipeline, load
from oncogloss.readers import read_path
from oncogloss.schema import Document, Extraction
from oncogloss.service import app
from oncogloss.service.app import Settings, create_app, types_css
from oncogloss.service.guard import Limits
from oncogloss.writers.files import FILES, TEXTS

HOSTS = frozenset({"testserver"})
SAMPLES = Path(__file__).parents[2] / "corpus" / "samples"
RECORD = (SAMPLES / "NCT99000001.json").read_bytes()
TEXT = {"text": "ECOG 0-1; no prior PD-1 inhibitor within 4 weeks."}
PLAIN = TEXT["text"].encode()


def problem_of(answer: object, status: int) -> str:
    assert answer.status_code == status  # type: ignore[attr-defined]
    assert answer.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    body = answer.json()  # type: ignore[attr-defined]
    assert body["status"] == status
    assert body["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"  # type: ignore[attr-defined]
    return str(body["detail"])


def test_a_record_is_read_as_the_pipeline_reads_it(client: TestClient) -> None:
    answer = client.post("/v1/extract", content=RECORD, headers={"content-type": "application/json"})
    document = next(iter(read_path(SAMPLES / "NCT99000001.json")))
    assert answer.status_code == 200
    assert answer.text == load("nano").extract(document).model_dump_json()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (json.dumps(TEXT).encode(), "application/json"),
        (TEXT["text"].encode(), "text/plain"),
        (TEXT["text"].encode(), ""),
        (json.dumps(TEXT).encode(), "application/x-www-form-urlencoded"),  # curl -d
    ],
)
def test_plain_text_is_read_in_either_dress(client: TestClient, content: bytes, kind: str) -> None:
    answer = client.post("/v1/extract", content=content, headers={"content-type": kind})
    assert {m["text"] for m in answer.json()["mentions"]} >= {"0-1", "PD-1 inhibitor"}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"text": ""}', "application/json"),
        (b'{"text": "a", "more": 1}', "application/json"),
        (b'{"text": 7}', "application/json"),
        (b"{", "application/json"),
        (b"{bad", "application/json"),
        (TEXT["text"].encode(), "application/json"),
        (b'{"text": 7}', "text/plain"),
        (b"[" * 20_000, "application/json"),
        (b'{"studies": []}', "application/json"),
        (b'{"protocolSection": 1}', "application/json"),
        (b'{"id": "a", "id": "b", "passages": {}}', "application/json"),
        (b"\xff\xfe\xff", "text/plain"),
        (b"", "text/plain"),
        (b"a\x00b", "text/plain"),
        (b"<!DOCTYPE a [<!ENTITY b 'cc'>]><a>&b;</a>", "application/xml"),
        (b"%PDF-1.7", "application/pdf"),
    ],
)
def test_what_is_no_trial_gets_one_sentence(client: TestClient, content: bytes, kind: str) -> None:
    detail = problem_of(client.post("/v1/extract", content=content, headers={"content-type": kind}), 422)
    assert "\n" not in detail


@pytest.mark.skipif(find_spec("reportlab") is None, reason="needs reportlab")
def test_a_pdf_is_read_as_a_raw_body(client: TestClient) -> None:
    from reportlab.pdfgen.canvas import Canvas

    out = BytesIO()
    canvas = Canvas(out)
    canvas.drawString(72, 700, TEXT["text"])
    canvas.save()
    answer = client.post("/v1/view", content=out.getvalue(), headers={"content-type": "application/pdf"}).json()
    assert answer["document"]["passages"] == [{"name": "text", "text": TEXT["text"]}]
    assert [line["page"] for line in answer["document"]["layout"]] == [1]
    found = client.post("/v1/extract", content=out.getvalue()).json()
    assert {m["text"] for m in found["mentions"]} >= {"0-1", "PD-1 inhibitor"}


@pytest.mark.skipif(find_spec("reportlab") is None, reason="needs reportlab")
def test_a_page_of_a_pdf_is_a_picture_and_nothing_else_is(client: TestClient) -> None:
    from reportlab.pdfgen.canvas import Canvas

    out = BytesIO()
    canvas = Canvas(out, pagesize=(300, 400))
    canvas.drawString(72, 300, TEXT["text"])
    canvas.save()
    answer = client.post("/v1/page?page=1", content=out.getvalue())
    assert answer.status_code == 200
    picture = answer.json()
    assert (picture["pages"], picture["width"], picture["height"]) == (1, 300, 400)
    assert base64.b64decode(picture["png"]).startswith(b"\x89PNG")
    assert "no such page" in problem_of(client.post("/v1/page?page=2", content=out.getvalue()), 422)
    for page, content in (("1", PLAIN), ("1", RECORD), ("1", b""), ("0", out.getvalue()), ("x", out.getvalue())):
        detail = problem_of(client.post(f"/v1/page?page={page}", content=content), 422)
        assert "ECOG" not in detail and "NCT" not in detail


def test_errors_never_say_what_was_sent(client: TestClient) -> None:
    canary = "CANARY7Q"
    bodies = [
        ("/v1/extract", {"text": {canary: canary}}), ("/v1/extract", {"text": "x", "passage": canary * 40}),
        ("/v1/link", {"names": canary}), ("/v1/diff", {"old": canary, "new": {}}), ("/v1/match", {"patient": canary}),
        ("/v1/diff", {"old": {"id": canary, "passages": 1}, "new": {}}),
    ]  # fmt: skip
    for path, body in bodies:
        answer = client.post(path, json=body)
        assert answer.status_code == 422
        assert canary not in answer.text
    twice = f'{{"{canary}": 1, "{canary}": 2}}'.encode()
    for path in ("/v1/extract", "/v1/diff", "/v1/match", "/v1/link"):
        answer = client.post(path, content=twice, headers={"content-type": "application/json"})
        assert answer.status_code == 422
        assert canary not in answer.text


def test_a_crash_says_nothing_of_what_was_sent(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "CANARY8K"

    def crash(*_: object) -> None:
        raise RuntimeError(canary)

    monkeypatch.setattr("oncogloss.service.handling.documents_of", crash)
    log = logging.getLogger("oncogloss.service")
    log.addHandler(caplog.handler)
    try:
        detail = problem_of(client.post("/v1/extract", content=canary.encode()), 500)
    finally:
        log.removeHandler(caplog.handler)
    assert "error of ours" in detail
    assert [json.loads(r.getMessage()).get("error") for r in caplog.records] == ["RuntimeError", None]
    assert canary not in detail + caplog.text + client.get("/metrics").text


def test_what_is_not_there_is_said(client: TestClient) -> None:
    problem_of(client.get("/nothing"), 404)
    problem_of(client.delete("/v1/extract"), 405)
    assert "nano" in problem_of(client.post("/v1/extract?model=other", json=TEXT), 404)
    for name in ("..%2fapp.py", "app.py", "", "style.css.map", "%2e%2e"):
        assert client.get(f"/page/{name}").status_code in (404, 405)


def test_a_batch_answers_line_by_line_in_order(client: TestClient) -> None:
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(SAMPLES.glob("NCT9900000[1-4].json"))]
    lines = [json.dumps(r) for r in records]
    lines.insert(2, "no record")
    answer = client.post("/v1/extract/batch", content="\n".join([*lines, ""]))
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert [f.get("id", f.get("line")) for f in found] == [
        "NCT99000001",
        "NCT99000002",
        3,
        "NCT99000003",
        "NCT99000004",
    ]
    one = client.post("/v1/extract", content=lines[0], headers={"content-type": "application/json"})
    assert found[0] == one.json()


def test_a_record_that_crashes_costs_only_itself(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    canary, extract, read = "CANARY6B", Pipeline.extract, app.read_bytes

    def crash_in(pipeline: Pipeline, document: Document) -> Extraction:
        if document.id == "1":
            raise RuntimeError(canary)
        return extract(pipeline, document)

    def crash_on(raw: bytes, place: str) -> Iterator[Document | InputError]:
        if place == "line 4":
            raise RecursionError(canary)
        return read(raw, place)

    monkeypatch.setattr(Pipeline, "extract", crash_in)
    monkeypatch.setattr(app, "read_bytes", crash_on)
    lines = [json.dumps({"id": str(n), "passages": {"text": f"ECOG 0-1 {canary}"}}) for n in range(5)]
    answer = client.post("/v1/extract/batch", content="\n".join(lines))
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert [f.get("id", f.get("line")) for f in found] == ["0", 2, "2", 4, "4"]
    assert all("error of ours" in found[n]["error"] for n in (1, 3))
    types = [json.loads(r.getMessage()).get("error") for r in logged.records]
    assert sorted(filter(None, types)) == ["RecursionError", "RuntimeError"]
    assert canary not in logged.text


@pytest.mark.parametrize("piece", [7, 1_000])
def test_a_line_that_is_too_long_costs_only_itself(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(app, "LONGEST_LINE", 60)
    record, long = b'{"id": "a", "passages": {"text": "ECOG 0-1"}}', b'{"id": "' + b"y" * 300
    body = b"\n".join([record, long, record, record, long])
    answer = client.post(
        "/v1/extract/batch", content=(body[i : i + piece] for i in range(0, len(body), piece))
    ).text.splitlines()
    found = [json.loads(line) for line in answer]
    assert [f.get("id", f.get("line")) for f in found] == ["a", 2, "a", "a", 5]
    assert found[1]["error"] == "line 2: longer than 60 bytes; give less in a line."


def test_names_are_linked(client: TestClient) -> None:
    one, other = client.post("/v1/link", json={"names": ["MK-3475", "nothing of the kind"], "type": "DRUG"}).json()
    assert one["concepts"]["DRUG"]["name"] == "pembrolizumab"
    assert other["concepts"] is None
    assert "CANCER" in problem_of(client.post("/v1/link", json={"names": ["a"], "type": "NONE"}), 422)


def test_versions_are_compared_and_patients_matched(client: TestClient) -> None:
    old = {"id": "NCT99000009", "passages": {"eligibility": "Inclusion Criteria:\n- ECOG 0-1\n- Age 18 years or older"}}
    new = {"id": "NCT99000009", "passages": {"eligibility": "Inclusion Criteria:\n- ECOG 0-2\n- Age 18 years or older"}}
    changes = client.post("/v1/diff", json={"old": old, "new": new}).json()["changes"]
    assert any("0" in c["message"] and "2" in c["message"] for c in changes)
    assert client.post("/v1/diff", json={"old": old, "new": old}).json() == {"changes": []}
    patient = {"id": "p", "date": "2026-01-31", "age": 61, "sex": "female", "ecog": 1}
    matching = client.post("/v1/match", json={"patient": patient, "trials": [old]}).json()["matchings"][0]
    assert matching["met"] == 2
    assert matching["note"]


def test_patients_and_trials_are_read_in_the_threads_of_the_engine(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def noted(work: Callable[[object, str], Any]) -> Callable[[object, str], Any]:
        def called(value: object, place: str) -> Any:
            threads.append(threading.current_thread().name)
            return work(value, place)

        return called

    for name in ("patient_of", "document_of"):
        monkeypatch.setattr(app, name, noted(getattr(app, name)))
    assert client.post("/v1/match", json={"patient": {"age": 61}, "trials": [TRIAL]}).status_code == 200
    assert client.post("/v1/diff", json={"old": TRIAL, "new": TRIAL}).status_code == 200
    assert len(threads) == 4 and all(thread.startswith("extract") for thread in threads)


TRIAL = {"id": "NCT99000009", "passages": {"eligibility": "ECOG 0-1"}}
HALF = "\ud800"


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("match", {"patient": {"age": 64, "id": HALF}, "trials": [TRIAL]}),
        ("match", {"patient": {"age": 64, HALF: 1}, "trials": [TRIAL]}),
        ("match", {"patient": {"diagnoses": [{"name": HALF}]}, "trials": [TRIAL]}),
        ("match", {"patient": {"age": 64}, "trials": [TRIAL | {"id": HALF}]}),
        ("diff", {"old": TRIAL, "new": TRIAL | {"id": HALF}}),
        ("diff", {"old": TRIAL, "new": TRIAL, HALF: 1}),
        ("link", {"names": [HALF]}),
        ("link", {"names": ["a"], "type": HALF}),
        ("extract", {"text": "ECOG 0-1", "passage": HALF}),
        ("view", {"id": HALF, "passages": {"eligibility": "ECOG 0-1"}}),
        ("convert", {"id": "a", "passages": {HALF: "ECOG 0-1"}}),
    ],
)
def test_half_a_character_is_refused_wherever_it_stands(client: TestClient, route: str, body: object) -> None:
    answer = client.post(f"/v1/{route}", content=json.dumps(body), headers={"content-type": "application/json"})
    assert "half a surrogate pair" in problem_of(answer, 422)


@pytest.mark.parametrize("format", ["json", *TEXTS, *FILES])
def test_every_writer_gives_a_file(client: TestClient, format: str) -> None:
    answer = client.post(f"/v1/convert?format={format}", content=RECORD, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="NCT99000001.')
    assert len(answer.content) > 500
    if answer.headers["content-disposition"].endswith('.zip"'):
        assert zipfile.ZipFile(BytesIO(answer.content)).testzip() is None


def test_formats_that_there_are_not_are_refused(client: TestClient) -> None:
    assert "brat" in problem_of(client.post("/v1/convert?format=../x", json=TEXT), 422)
    assert client.get("/v1/formats").json() == ["json", *TEXTS, *FILES]


def test_the_page_and_its_parts_come_from_here_alone(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "http" not in page.text.replace("http-equiv", "")
    for name in ("app.js", "calls.js", "views.js", "marks.js", "pages.js", "style.css", "types.css"):
        assert client.get(f"/page/{name}").status_code == 200
    assert ".CANCER { --c:" in types_css()


def test_text_comes_back_with_its_facts(client: TestClient) -> None:
    seen = client.post("/v1/view", json=TEXT).json()
    text = seen["document"]["passages"][0]["text"]
    assert text == TEXT["text"]
    assert all(text[m["start"] : m["end"]] == m["text"] for m in seen["extraction"]["mentions"])


def test_the_service_tells_its_model_and_figures(client: TestClient) -> None:
    client.post("/v1/extract", json=TEXT)
    model = client.get("/v1/model").json()["models"][0]
    assert (model["name"], model["default"]) == ("nano", True)
    assert client.get("/healthz").json() == client.get("/readyz").json() == {"status": "ok"}
    assert client.head("/healthz").status_code == 200
    text = client.get("/metrics").text
    assert 'oncogloss_requests_total{route="/v1/extract",status="200"}' in text
    assert 'oncogloss_records_total{model="nano"}' in text


def test_models_are_chosen_by_what_they_are_served_as(bundle: Path, mine: Path) -> None:
    """By folder here, two of one name, over a vocabulary of one's own."""
    twin = bundle.parent / "twin"
    shutil.copytree(bundle, twin)
    served = Settings(models=(str(bundle), str(twin)), limits=Limits(hosts=HOSTS), vocabulary=str(mine))
    with TestClient(create_app(served)) as client:
        told = client.get("/v1/model").json()["models"]
        assert [(m["name"], m["served_as"], m["default"]) for m in told] == [
            ("tiny", str(bundle), True), ("tiny", str(twin), False),
        ]  # fmt: skip
        for model in told:
            assert client.post("/v1/view", params={"model": model["served_as"]}, json=TEXT).status_code == 200
        (linked,) = client.post("/v1/link", json={"names": ["pembrolizumab"]}).json()
        assert linked["concepts"]["DRUG"]["id"] == "MINE:1"


def test_the_api_describes_itself(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/v1/extract", "/v1/extract/batch", "/v1/link", "/v1/diff", "/v1/match", "/v1/model"} <= paths.keys()
    body = paths["/v1/extract"]["post"]["requestBody"]["content"]["application/json"]
    assert client.post("/v1/extract", json=body["example"]).status_code == 200
