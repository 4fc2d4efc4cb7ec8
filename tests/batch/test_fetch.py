"""Fetching, from a server of our own that speaks as the registry's API v2 does, also when it is busy or breaks off."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

pytest.importorskip("httpx2")
pytest.importorskip("tenacity")

from oncogloss.batch import ctgov_api
from oncogloss.batch import fetch as fetching
from oncogloss.batch.ctgov_api import Api
from oncogloss.batch.fetch import LOG, Fetched, Wanted, fetch
from oncogloss.batch.inputs import read_inputs
from oncogloss.cli import main
from oncogloss.errors import FetchError, InputError

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
MOON = Wanted(condition="moon sarcoma")
Fault = Callable[["Handler"], None]


def study(number: int, updated: str = "2026-10-01") -> dict[str, object]:
    """An invented study; every fifth once stood under another id."""
    identification = {"nctId": f"NCT{number:08d}", "briefTitle": "Zorbatinib in moon sarcoma"}
    if number % 5 == 0:
        identification["nctIdAliases"] = [f"NCT9{number:07d}"]
    status = {"overallStatus": "RECRUITING", "lastUpdatePostDateStruct": {"date": updated}}
    eligibility = {"eligibilityCriteria": "Inclusion Criteria:\n\n* Age ≥ 18 years"}
    protocol = {"identificationModule": identification, "statusModule": status, "eligibilityModule": eligibility}
    return {"protocolSection": protocol, "hasResults": False}


class Registry:
    """What the server holds, what it was asked, the faults that it commits next, and how many studies a page has."""

    def __init__(self, studies: int = 25) -> None:
        self.studies = {f"NCT{n:08d}": study(n, f"2026-11-{n:02d}") for n in range(1, studies + 1)}
        self.asked: list[dict[str, str]] = []
        self.faults: list[Fault | None] = []
        self.page = 7
        self.counted = 0

    def answer(self, path: str, asked: dict[str, str]) -> object:
        if path.endswith("/version"):
            return {"apiVersion": "2.0.5", "dataTimestamp": "2026-11-25T09:00:05"}
        found = [s for i, s in self.studies.items() if self.fits(i, s, asked)]
        start, size = int(asked.get("pageToken", "t0")[1:]), min(int(asked.get("pageSize", "10")), self.page)
        page: dict[str, object] = {"studies": [self.shown(s, asked) for s in found[start : start + size]]}
        if asked.get("countTotal") and not start:
            page["totalCount"] = len(found) + self.counted
        if start + size < len(found):
            page["nextPageToken"] = f"t{start + size}"
        return page

    def fits(self, identifier: str, one: dict[str, object], asked: dict[str, str]) -> bool:
        identification = one["protocolSection"]["identificationModule"]  # type: ignore[index]
        known = {identifier, *identification.get("nctIdAliases", ())}
        since = asked.get("filter.advanced", "").removeprefix("AREA[LastUpdatePostDate]RANGE[").removesuffix(",MAX]")
        updated = one["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"]  # type: ignore[index]
        return bool(
            known.intersection(asked.get("filter.ids", identifier).split(","))
            and asked.get("query.cond", "") in ("", "moon sarcoma")
            and updated >= since
        )

    def shown(self, one: dict[str, object], asked: dict[str, str]) -> object:
        if asked.get("fields") != "NCTId":
            return one
        identification = one["protocolSection"]["identificationModule"]  # type: ignore[index]
        return {"protocolSection": {"identificationModule": {"nctId": identification["nctId"]}}}


class Handler(BaseHTTPRequestHandler):
    registry: Registry

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = dict(parse_qsl(url.query))
        self.registry.asked.append(asked)
        fault = self.registry.faults.pop(0) if self.registry.faults else None
        if fault:
            fault(self)
        else:
            self.say(200, json.dumps(self.registry.answer(url.path, asked), ensure_ascii=False).encode())

    def say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def status(code: int, **headers: str) -> Fault:
    return lambda handler: handler.say(code, b"`query.cond` parameter\nhas incorrect syntax", **headers)


def body(data: bytes) -> Fault:
    return lambda handler: handler.say(200, data)


def cut(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"studies": [')
    handler.close_connection = True


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def address(registry: Registry) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Mine", (Handler,), {"registry": registry}))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api/v2"
    server.shutdown()
    server.server_close()


@pytest.fixture
def api(address: str) -> Iterator[Api]:
    with Api(address, pause=0.005) as api:
        yield api


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PART", 10)


def saved(folder: Path) -> list[dict[str, object]]:
    files = sorted(folder.glob("part-*.jsonl.gz"))
    return [json.loads(line) for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]


@pytest.mark.usefixtures("small_parts")
def test_every_study_is_saved_as_the_registry_has_it(registry: Registry, api: Api, tmp_path: Path) -> None:
    assert fetch(MOON, tmp_path, api) == Fetched(total=25, saved=25)
    assert saved(tmp_path) == list(registry.studies.values())
    assert sorted(p.name for p in tmp_path.iterdir()) == [LOG, *(f"part-0000{n}.jsonl.gz" for n in (1, 2, 3))]
    documents = list(read_inputs([tmp_path], lambda n: None))
    assert [getattr(d, "id", d) for d in documents] == list(registry.studies)


def test_pages_are_asked_with_the_same_question_and_large(registry: Registry, api: Api, tmp_path: Path) -> None:
    fetch(MOON, tmp_path, api)
    listing = [asked for asked in registry.asked if "fields" in asked]
    assert [asked.pop("pageToken", None) for asked in listing] == [None, "t7", "t14", "t21"]
    assert {json.dumps(asked) for asked in listing} == {json.dumps(listing[0])}
    assert listing[0]["pageSize"] == "1000" and listing[0]["query.cond"] == "moon sarcoma"


def test_only_what_was_updated_since(registry: Registry, api: Api, tmp_path: Path) -> None:
    assert fetch(Wanted(updated_since="2026-11-24"), tmp_path, api).saved == 2
    assert registry.asked[1]["filter.advanced"] == "AREA[LastUpdatePostDate]RANGE[2026-11-24,MAX]"


def test_ids_old_ids_and_ids_that_are_not_there(api: Api, tmp_path: Path) -> None:
    wanted = Wanted(ids=("NCT00000003", "NCT90000005", "NCT77777777", "NCT00000003"))
    assert fetch(wanted, tmp_path, api) == Fetched(3, saved=2, missing=("NCT77777777",))
    assert [s["protocolSection"]["identificationModule"]["nctId"] for s in saved(tmp_path)] == [  # type: ignore[index]
        "NCT00000003", "NCT00000005",
    ]  # fmt: skip
    none = fetch(Wanted(ids=("NCT77777777",)), tmp_path / "none", api)
    assert none == Fetched(1, missing=("NCT77777777",)) and not saved(tmp_path / "none")
    assert fetch(Wanted(ids=("NCT77777777",)), tmp_path / "none", api) == none


def test_limit_takes_the_first(registry: Registry, api: Api, tmp_path: Path) -> None:
    assert fetch(Wanted(condition="moon sarcoma", limit=8), tmp_path, api).saved == 8
    assert sum("fields" in asked for asked in registry.asked) == 2


@pytest.mark.usefixtures("small_parts")
def test_what_passes_is_tried_again(registry: Registry, api: Api, tmp_path: Path) -> None:
    """Too busy, broken, cut, broken JSON, a page without studies: each once, at each kind of request."""
    faults = [status(429), status(500), status(503), cut, body(b'{"studies": ['), body(b"\xff\xfe<html>")]
    for n, fault in enumerate(faults):
        registry.faults = [fault, None, fault, None, None, fault]
        assert fetch(MOON, tmp_path / str(n), api).saved == 25
        assert not registry.faults and saved(tmp_path / str(n)) == list(registry.studies.values())
    registry.page = 1


def test_retry_after_is_kept(registry: Registry, api: Api, tmp_path: Path) -> None:
    registry.faults = [status(429, Retry_After="1")]
    begun = time.monotonic()
    fetch(MOON, tmp_path / "short", api)
    assert time.monotonic() - begun >= 1
    registry.faults = [status(429, Retry_After="86400")]
    with pytest.raises(FetchError, match="asks to wait 86400 seconds"):
        fetch(MOON, tmp_path / "long", api)


def test_retry_after_may_be_a_date_or_nonsense() -> None:
    assert 50 < ctgov_api._seconds(formatdate(time.time() + 120, usegmt=True)) <= 120
    assert ctgov_api._seconds(formatdate(time.time() - 120, usegmt=True)) == 0
    assert [ctgov_api._seconds(after) for after in ("", "soon", "7")] == [0, 0, 7]


def test_it_gives_up_in_the_end_and_goes_on_later(registry: Registry, api: Api, tmp_path: Path) -> None:
    registry.faults = [status(503)] * ctgov_api.TRIES
    with pytest.raises(FetchError, match=r"127\.0\.0\.1:\d+: answers with status 503, 6 times; start the same command"):
        fetch(MOON, tmp_path, api)
    assert len(registry.asked) == ctgov_api.TRIES
    assert fetch(MOON, tmp_path, api).saved == 25


def test_the_rate_is_polite(registry: Registry, address: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    with Api(address, pause=0.1) as api:
        fetch(MOON, tmp_path, api)
    assert time.monotonic() - begun >= 0.1 * (len(registry.asked) - 1)
    assert 60 / ctgov_api.PAUSE <= 50


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (status(400), InputError, "refuses the question and says “`query.cond` parameter has incorrect syntax”"),
        (status(404), FetchError, "answers with status 404"),
        (status(302, Location="http://192.0.2.1/"), FetchError, "answers with status 302"),
        (body(b"[]"), FetchError, "answers otherwise than API v2 does"),
    ],
)
def test_what_does_not_pass_is_said_at_once(
    fault: Fault, kind: type[Exception], said: str, registry: Registry, api: Api, tmp_path: Path
) -> None:
    registry.faults = [fault]
    with pytest.raises(kind, match=said.replace("`", ".").replace("(", ".")):
        fetch(MOON, tmp_path, api)
    assert len(registry.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"studies": {}},
        {"studies": [{}]},
        {"studies": [{"protocolSection": None}]},
        {"studies": [], "nextPageToken": "t0"},
    ],
)
def test_an_answer_of_another_shape_is_refused(
    answer: object, registry: Registry, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "answer", lambda path, asked: {} if path.endswith("version") else answer)
    with pytest.raises(FetchError, match="answers otherwise"):
        fetch(MOON, tmp_path, api)


def test_studies_that_were_not_asked_for_are_not_saved(registry: Registry, api: Api, tmp_path: Path) -> None:
    registry.faults = [None, body(json.dumps({"studies": [study(4)]}).encode())]
    with pytest.raises(FetchError, match="not asked for"):
        fetch(Wanted(ids=("NCT00000003",)), tmp_path, api)
    assert not saved(tmp_path)


def test_an_answer_without_end_is_cut(
    registry: Registry, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctgov_api, "LARGEST", 100)
    with pytest.raises(FetchError, match="more than"):
        fetch(MOON, tmp_path, api)


def test_a_listing_that_does_not_add_up_is_no_listing(registry: Registry, api: Api, tmp_path: Path) -> None:
    registry.counted = 1
    with pytest.raises(FetchError, match="counts 26 studies and lists 25"):
        fetch(MOON, tmp_path, api)


@pytest.mark.usefixtures("small_parts")
def test_killed_at_each_step_it_goes_on_by_id(registry: Registry, api: Api, address: str, tmp_path: Path) -> None:
    """The process dies at its n-th flush to the disk; what stands is not fetched again, and all comes out the same."""
    fetch(MOON, tmp_path / "whole", api)
    stood = [0]
    for n in range(1, 9):
        folder = tmp_path / str(n)
        child = os.fork()
        if child == 0:
            _fetch_and_die(address, folder, n)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        registry.asked.clear()
        done = fetch(MOON, folder, api)
        assert done.saved == 25
        assert done.before >= stood[-1]
        stood.append(done.before)
        ids = {i for asked in registry.asked if "filter.ids" in asked for i in asked["filter.ids"].split(",")}
        assert len(ids) == 25 - done.before
        assert saved(folder) == list(registry.studies.values())
        files = {p.name: p.read_bytes() for p in folder.iterdir() if p.name != LOG}
        assert files == {p.name: p.read_bytes() for p in (tmp_path / "whole").iterdir() if p.name != LOG}
    assert set(stood) == {0, 10, 20}


def _fetch_and_die(address: str, folder: Path, flushes: int) -> None:
    real, left = os.fsync, flushes

    def dying(handle: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        real(handle)

    os.fsync = dying
    fetch(MOON, folder, Api(address, pause=0))
    os._exit(0)


@pytest.mark.usefixtures("small_parts")
def test_a_damaged_part_is_fetched_again_and_no_other(registry: Registry, api: Api, tmp_path: Path) -> None:
    fetch(MOON, tmp_path, api)
    (tmp_path / "part-00002.jsonl.gz").write_bytes(b"rot")
    registry.asked.clear()
    assert fetch(MOON, tmp_path, api) == Fetched(25, saved=25, before=15)
    assert {asked["filter.ids"][:11] for asked in registry.asked} == {"NCT00000011"}
    assert saved(tmp_path) == list(registry.studies.values())


def test_a_whole_folder_needs_no_network(api: Api, tmp_path: Path) -> None:
    fetch(MOON, tmp_path, api)
    with Api("http://127.0.0.1:9/api/v2") as nowhere:
        assert fetch(MOON, tmp_path, nowhere) == Fetched(25, saved=25, before=25)


def test_a_folder_holds_one_fetch_and_nothing_else(api: Api, tmp_path: Path) -> None:
    fetch(MOON, tmp_path / "a", api)
    with pytest.raises(InputError, match="holds another fetch"):
        fetch(Wanted(term="zorbatinib"), tmp_path / "a", api)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        fetch(MOON, tmp_path / "b", api)


def test_two_fetches_at_once_refuse_each_other(api: Api, address: str, tmp_path: Path) -> None:
    seen: list[int] = []

    def second(_: Fetched) -> None:
        child = os.fork()
        if child == 0:
            try:
                fetch(MOON, tmp_path, Api(address))
            except FetchError as error:
                os._exit(7 if "another fetch is writing" in str(error) else 1)
            os._exit(0)
        seen.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    fetch(MOON, tmp_path, api, second)
    assert seen == [7]


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"ids": ("NCT00000001",), "term": "x"},
        {"ids": ("NCT1",)},
        {"updated_since": "yesterday"},
    ],
)
def test_what_cannot_be_asked(wanted: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Wanted(**wanted)  # type: ignore[arg-type]


class TestCommand:
    @pytest.fixture
    def run(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> Callable[..., tuple[str, int]]:
        monkeypatch.setattr(ctgov_api, "PAUSE", 0.005)

        def command(*arguments: object) -> tuple[str, int]:
            monkeypatch.setattr(sys, "argv", ["oncogloss", "fetch", *map(str, arguments)])
            with pytest.raises(SystemExit) as caught:
                main()
            return capsys.readouterr().err, int(caught.value.code or 0)

        return command

    def test_ids_of_a_file(self, run: Callable[..., tuple[str, int]], address: str, tmp_path: Path) -> None:
        (tmp_path / "ids.txt").write_text("\ufeffnct00000001, NCT00000002\nNCT77777777\n")
        asked = ("--ids", tmp_path / "ids.txt", "--out", tmp_path / "out", "--address", address)
        said, code = run(*asked)
        assert (code, said.splitlines()) == (1, [
            f"2 studies in {tmp_path / 'out'}.",
            "oncogloss: the registry has no study of 1 of the ids: NCT77777777",
        ])  # fmt: skip
        assert run(*asked)[0].startswith(f"2 studies in {tmp_path / 'out'}, 2 of them before.")

    def test_ids_that_are_no_text(self, run: Callable[..., tuple[str, int]], tmp_path: Path) -> None:
        (tmp_path / "ids.txt").write_text("NCT00000001\n", encoding="utf-16")
        said, code = run("--ids", tmp_path / "ids.txt", "--out", tmp_path / "out")
        assert (said, code) == (f"oncogloss: {tmp_path}/ids.txt: not UTF-8 text; save it as UTF-8.\n", 2)

    def test_off_line_is_one_clear_sentence_at_once(self, run: Callable[..., tuple[str, int]], tmp_path: Path) -> None:
        said, code = run("--term", "moon", "--out", tmp_path / "out", "--address", "http://127.0.0.1:9/api/v2")
        assert code == 2 and said.count("\n") == 1
        assert said.startswith("oncogloss: 127.0.0.1:9 cannot be reached, so this machine seems to be off-line; ")

    def test_no_address(self, run: Callable[..., tuple[str, int]], tmp_path: Path) -> None:
        said, code = run("--term", "moon", "--out", tmp_path / "out", "--address", "moon")
        assert code == 2 and "is no address" in said
