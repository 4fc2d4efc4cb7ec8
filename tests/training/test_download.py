"""Downloading records, against a server of our own that answers as the registry does: late, missing, or not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oncogloss.cli import app
from oncogloss.errors import InputError
from oncogloss.training import download
from oncogloss.training.corpora import GoldDocument, GoldEntity, GoldPassage, read_rows, write_standoff
from oncogloss.training.download import download_records

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
TITLE = "Zorbatinib in moon sarcoma, a study of one sentence"


class Registry(BaseHTTPRequestHandler):
    """Speaks the shape of `/studies/{id}`; NCT2 asks to come later once, NCT9 does not exist."""

    asked: list[str]

    def do_GET(self) -> None:
        identifier = self.path.split("?")[0].rsplit("/", 1)[-1]
        self.asked.append(identifier)
        if identifier == "NCT9":
            self.send_error(404)
        elif identifier == "NCT2" and self.asked.count("NCT2") == 1:
            self.send_response(429)
            self.send_header("Retry-After", "0")
            self.end_headers()
        elif identifier == "NCT8":
            self.send_error(503)
        elif identifier == "NCT7":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"Service under maintenance")
        else:
            study = {"protocolSection": {"identificationModule": {"nctId": identifier, "briefTitle": TITLE}}}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(study).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), type("Mine", (Registry,), {"asked": asked}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_records_come_once(tmp_path: Path, registry: tuple[str, list[str]]) -> None:
    url, asked = registry
    path, missing = download_records(["NCT2", "NCT1", "NCT9"], tmp_path, url=url, pause=0)
    assert [row["id"] for row in read_rows(path)] == ["NCT1", "NCT2"]
    assert next(read_rows(path))["passages"] == {"brief_title": TITLE}
    assert missing == [f"NCT9: the registry at {url} has no such study."]
    assert asked == ["NCT1", "NCT2", "NCT2", "NCT9"]
    download_records(["NCT2", "NCT1"], tmp_path, url=url, pause=0)
    assert len(asked) == 4, "what lies there is not fetched again"


def test_a_registry_in_trouble_is_named(tmp_path: Path, registry: tuple[str, list[str]]) -> None:
    with pytest.raises(InputError, match="answers 503; try again later"):
        download_records(["NCT8"], tmp_path, url=registry[0], pause=0)
    with pytest.raises(InputError, match="this is not the study NCT7"):
        download_records(["NCT7"], tmp_path, url=registry[0], pause=0)
    assert not (tmp_path / "NCT7.json").exists(), "what is no study is not kept"
    with pytest.raises(InputError, match="no web address"):
        download_records(["NCT1"], tmp_path / "y", url="foo", pause=0)
    with pytest.raises(InputError, match="cannot be reached"):
        download_records(["NCT1"], tmp_path / "x", url="http://127.0.0.1:9", pause=0)


def test_build_downloads_and_joins(
    tmp_path: Path, registry: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download.time, "sleep", lambda seconds: None)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "splits.json").write_text('{"dev": [], "test": []}')
    passage = GoldPassage("brief_title", TITLE, (GoldEntity("DRUG", 0, 10),))
    write_standoff([GoldDocument("NCT1", (passage,), "ours")], corpus / "ours.jsonl", with_text=False)
    arguments = ["corpus", "build", "--out", str(tmp_path / "out"), "--corpus", str(corpus)]
    done = CliRunner().invoke(app, [*arguments, "--download", "--url", registry[0]])
    assert done.exit_code == 0, done.output
    assert "| ours | 1 | 1 |" in done.output
    assert next(read_rows(tmp_path / "out" / "ours.jsonl"))["passages"][0]["text"] == TITLE
    assert CliRunner().invoke(app, arguments).exit_code == 2
