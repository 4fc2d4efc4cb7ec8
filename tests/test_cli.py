"""The command line as a user meets it: each kind of input and output, one sentence for each failure, help for all."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest
import typer

from oncogloss.cli import app, main
from oncogloss.schema import Extraction
from toys import ROOT, SENTENCES

SAMPLE = ROOT / "corpus" / "samples" / "NCT99000001.json"
XML = ROOT / "corpus" / "samples" / "NCT99000010.xml"
TEXT = "A <script>alert('x')</script> on zorbatinib in moon sarcoma. <script>alert('x')</script>"


class Result(NamedTuple):
    """What a command printed, and its exit status."""

    out: str
    err: str
    status: int

    @property
    def extractions(self) -> list[Extraction]:
        return [Extraction.model_validate_json(line) for line in self.out.splitlines()]


class Command:
    """Runs the command line in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch = monkeypatch
        self.capture = capfd

    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> Result:
        self.monkeypatch.setattr(sys, "argv", ["oncogloss", *map(str, arguments)])
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = self.capture.readouterr()
        code = caught.value.code
        return Result(out, err, code if isinstance(code, int) else int(code is not None))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """The command line."""
    return Command(monkeypatch, capfd)


@pytest.fixture
def extract(run: Command, bundle: Path) -> Command:
    """`oncogloss extract` with the tiny model."""

    class Extract(Command):
        def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> Result:
            return run("extract", "--model", bundle, *arguments, stdin=stdin)

    return Extract(run.monkeypatch, run.capture)


def record(identifier: str, text: str = SENTENCES[0]) -> bytes:
    return json.dumps({"id": identifier, "passages": {"text": text}}).encode()


# what goes in


def test_a_record_to_json(extract: Command) -> None:
    result = extract(SAMPLE)
    assert (result.status, result.err) == (0, "")
    (extraction,) = result.extractions
    assert extraction.id == "NCT99000001" and extraction.model.name == "tiny"
    assert {p.name for p in extraction.passages} >= {"brief_title", "eligibility"}


def test_a_least_score_keeps_a_part(run: Command) -> None:
    (low,), (high,) = (run("extract", SAMPLE, "--min-score", s).extractions for s in ("0.2", "0.9"))
    spans = [{(m.passage, m.start, m.end, m.type) for m in found.mentions} for found in (low, high)]
    assert spans[1] < spans[0] and all(m.score >= 0.9 for m in high.mentions)
    assert run("extract", SAMPLE, "--min-score", "2").status == 2


def test_legacy_xml(extract: Command) -> None:
    assert [e.id for e in extract(XML).extractions] == ["NCT99000010"]


def test_json_lines_from_standard_input(extract: Command) -> None:
    result = extract("-", stdin=record("a") + b"\n\n" + record("b") + b"\n")
    assert ([e.id for e in result.extractions], result.status) == (["a", "b"], 0)


def test_plain_text_from_standard_input_and_file(extract: Command, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text(SENTENCES[0], encoding="utf-8")
    result = extract("-", tmp_path / "note.txt", stdin=SENTENCES[0].encode())
    first, second = result.extractions
    assert second.id == "note"
    assert first.passages == second.passages and first.mentions == second.mentions


def test_same_input_same_bytes(extract: Command) -> None:
    assert extract(SAMPLE, XML).out == extract(SAMPLE, XML).out


# what comes out


def test_table(extract: Command, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("On \x1b[31mlunamab", encoding="utf-8")
    result = extract(tmp_path / "note.txt", SAMPLE, "--format", "table")
    assert result.status == 0
    assert "note" in result.out and "NCT99000001" in result.out and "\x1b" not in result.out
    assert "Velmertinib" in result.out


def test_html_escapes_what_the_text_says(extract: Command, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text(TEXT, encoding="utf-8")
    result = extract(tmp_path / "note.txt", "--format", "html")
    assert "<script" not in result.out

    class Text(HTMLParser):
        found = ""
        inside = False

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.inside = self.inside or tag == "p"

        def handle_endtag(self, tag: str) -> None:
            self.inside = self.inside and tag != "p"

        def handle_data(self, data: str) -> None:
            self.found += data if self.inside else ""

    page = Text()
    page.feed(result.out)
    assert page.found == TEXT


def test_files_for_other_systems(extract: Command, tmp_path: Path) -> None:
    for format, made in {
        "csv": "csv/mentions.csv",
        "xlsx": "xlsx",
        "parquet": "parquet/trials.parquet",
        "duckdb": "duckdb",
        "brat": "brat/NCT99000001.eligibility.ann",
        "conll": "conll/layer1.conll",
        "spacy": "spacy",
        "doccano": "doccano",
        "labelstudio": "labelstudio",
    }.items():
        result = extract(SAMPLE, "--format", format, "--out", tmp_path / format)
        assert (result.status, result.out, result.err) == (0, "", ""), format
        assert (tmp_path / made).stat().st_size, format


def test_text_for_annotation_tools_goes_to_standard_output(extract: Command) -> None:
    assert json.loads(extract(SAMPLE, "--format", "labelstudio").out)[0]["data"]["record"] == "NCT99000001"
    assert {json.loads(line)["record"] for line in extract(SAMPLE, "--format", "doccano").out.splitlines()}


def test_a_file_format_without_out(extract: Command) -> None:
    result = extract(SAMPLE, "--format", "parquet")
    assert result.status == 2 and "parquet writes a folder: say where with --out PATH." in result.err


def test_annotations_come_back_as_standoff(extract: Command, run: Command, tmp_path: Path) -> None:
    extract(SAMPLE, "--format", "brat", "--out", tmp_path / "brat")
    extract(SAMPLE, "--format", "conll", "--out", tmp_path / "conll")
    for format in ("brat", "conll"):
        out = tmp_path / f"{format}.jsonl"
        result = run("corpus", "import-annotations", format, tmp_path / format, "--out", out, "--with-text")
        assert (result.status, result.err) == (0, f"{out}: 1 records\n")
    brat, conll = (json.loads((tmp_path / f"{name}.jsonl").read_text(encoding="utf-8")) for name in ("brat", "conll"))
    spans = [{p["name"]: sorted(e[:3] for e in p["entities"]) for p in row["passages"]} for row in (brat, conll)]
    assert spans[0] == spans[1] and any(spans[0].values())
    (tmp_path / "brat" / "NCT99000001.brief_title.ann").write_text("T1\tTUMOUR 0 1\tA\n", encoding="utf-8")
    refused = run("corpus", "import-annotations", "brat", tmp_path / "brat", "--out", tmp_path / "x.jsonl")
    assert refused.status == 2 and refused.err.count("\n") == 1


def test_format_without_a_terminal_is_json(extract: Command) -> None:
    assert extract(SAMPLE).out == extract(SAMPLE, "--format", "json").out


@pytest.mark.parametrize("format", ["json", "html", "table"])
def test_out_writes_a_file(extract: Command, tmp_path: Path, format: str) -> None:
    shown = extract(SAMPLE, "--format", format)
    result = extract(SAMPLE, "--format", format, "--out", tmp_path / "out")
    written = (tmp_path / "out").read_text(encoding="utf-8")
    assert (result.out, result.status) == ("", 0)
    if format == "table":  # as wide as a page, whatever the terminal
        assert "NCT99000001" in written and max(map(len, written.splitlines())) <= 120
    else:
        assert written == shown.out


def test_out_that_cannot_be_written(extract: Command, tmp_path: Path) -> None:
    result = extract(SAMPLE, "--out", tmp_path / "none" / "out")
    assert (result.out, result.status) == ("", 2)
    assert result.err == (f"oncogloss: {tmp_path}/none/out: No such file or directory; check the path.\n")


@pytest.mark.parametrize("format", ["json", "html", "xlsx", "spacy"])
def test_out_that_is_an_input_is_refused(extract: Command, tmp_path: Path, format: str) -> None:
    (tmp_path / "a.json").write_bytes(record("a"))
    result = extract(tmp_path / "a.json", "--format", format, "--out", tmp_path / "a.json")
    assert result.status == 2 and "is one of the inputs and would be lost" in result.err
    assert (tmp_path / "a.json").read_bytes() == record("a")


def test_out_is_whole_or_as_it_was(extract: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    (tmp_path / "out").write_text("old")
    monkeypatch.setattr("oncogloss.writers.json_line", full)
    result = extract(SAMPLE, "--format", "json", "--out", tmp_path / "out")
    assert result.err.startswith(f"oncogloss: {tmp_path}/out: No space left on device; free some space")
    assert [p.name for p in tmp_path.iterdir()] == ["out"] and (tmp_path / "out").read_text() == "old"


# what fails


def test_names_that_are_no_text(run: Command) -> None:
    assert run("link", "-", stdin=b"zorb\n\xff\n").err == (
        "oncogloss: standard input, line 2: not UTF-8 text; save it as UTF-8.\n"
    )
    assert run("link", "\udcff").err == "oncogloss: an argument is not UTF-8 text; give it in UTF-8.\n"


@pytest.mark.parametrize(("closed", "said"), [("- <&-", "standard input: is empty"), (">&-", "standard output is")])
def test_closed_streams(closed: str, said: str) -> None:
    command = f"{sys.executable} -m oncogloss.cli extract {'' if closed[0] == '-' else SAMPLE} {closed}"
    environment = {**os.environ, "PYTHONPATH": ":".join(p for p in sys.path if p)}
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_broken_file_in_a_folder_does_not_lose_the_others(extract: Command, tmp_path: Path) -> None:
    for name in ("a", "c"):
        (tmp_path / f"{name}.json").write_bytes(record(name))
    (tmp_path / "b.json").write_bytes(record("b")[:-5])
    result = extract(tmp_path)
    assert ([e.id for e in result.extractions], result.status) == (["a", "c"], 1)
    failure, summary = result.err.splitlines()
    assert failure.startswith(f"oncogloss: {tmp_path}/b.json, line 1, column ")
    assert summary == "oncogloss: 2 read, 1 failed."


def test_links_of_a_folder_that_are_not_followed_are_said(extract: Command, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(record("a"))
    (tmp_path / "gone").symlink_to("nowhere")
    result = extract(tmp_path)
    assert ([e.id for e in result.extractions], result.status) == (["a"], 1)
    assert result.err.startswith(f"oncogloss: {tmp_path}/gone: is a link that leads to no file; ")


def test_an_empty_path_is_not_the_working_folder(extract: Command) -> None:
    result = extract("")
    assert (result.out, result.status) == ("", 2)
    assert result.err == "oncogloss: A path is empty; give a file or a folder, `.` for the one you are in.\n"


def test_bytes_that_no_reader_refused_are_one_sentence(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oncogloss.cli.app", lambda: b"\xff".decode())
    assert run().err == "oncogloss: a file or standard input is not UTF-8 text; save it as UTF-8.\n"


def test_a_broken_line_does_not_lose_the_others(extract: Command) -> None:
    result = extract("-", stdin=b"\n".join([record("a"), b'{"id": ', record("c")]))
    assert ([e.id for e in result.extractions], result.status) == (["a", "c"], 1)
    assert "standard input, line 2" in result.err


BROKEN: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n\t\n",
    "binary": b"\x7fELF\x00\x01\x02",
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04" + bytes(20),
    "truncated JSON": record("a")[:-8],
    "wrong encoding": "Größe über 5 µm".encode("latin-1"),
    "no trial": b'{"resourceType": "Patient"}',
    "broken XML": b"<clinical_study><brief_title>a</clinical_study>",
    "entity bomb": b'<!DOCTYPE a [<!ENTITY b "c">]><clinical_study>&b;</clinical_study>',
    "deep JSON": b"[" * 100_000,
    "half a surrogate pair": record("a", "\\ud800").replace(b"\\\\ud800", b"\\ud800"),
}


@pytest.mark.parametrize("contents", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_one_sentence_with_its_name(extract: Command, tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "given.json"
    path.write_bytes(contents)
    result = extract(path)
    assert (result.out, result.status) == ("", 2)
    (line,) = result.err.splitlines()
    assert line.startswith(f"oncogloss: {path}") and line.endswith(".") and "Traceback" not in line


def test_missing_file_and_empty_folder(extract: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = extract(tmp_path / "none.json", tmp_path / "empty")
    assert (result.out, result.status) == ("", 2)
    first, second = result.err.splitlines()
    assert first == f"oncogloss: {tmp_path}/none.json: no such file or folder; check the path."
    assert second.startswith(f"oncogloss: {tmp_path}/empty: the folder holds no files")


def test_unknown_model(run: Command) -> None:
    result = run("extract", SAMPLE, "--model", "no-such-model")
    assert (result.out, result.status) == ("", 2)
    assert result.err.startswith("oncogloss: No model 'no-such-model': no folder with a SHA256SUMS file among ")
    assert len(result.err.splitlines()) == 1


def test_tampered_model(run: Command, bundle: Path, tmp_path: Path) -> None:
    for path in bundle.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "network.onnx").write_bytes(b"other")
    result = run("extract", SAMPLE, "--model", tmp_path)
    assert result.status == 2
    assert result.err == f"oncogloss: {tmp_path}/network.onnx differs from its SHA-256 digest; reinstall the model.\n"


def test_nothing_of_the_text_is_in_an_error(extract: Command) -> None:
    result = extract("-", stdin=b'{"id": "a", "passages": {"text": "canary-7731", }}')
    assert result.status == 2 and "canary" not in result.err


@pytest.mark.parametrize("arguments", [["extract"], ["no-such-command"], ["extract", "x", "--format", "pdf"]])
def test_wrong_usage(run: Command, arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.out, result.status) == ("", 2) and "Traceback" not in result.err


def test_a_vocabulary_of_ones_own_is_linked_to(run: Command, mine: Path, tmp_path: Path) -> None:
    trial = tmp_path / "trial.json"
    text = "Inclusion Criteria:\n- Prior treatment with pembrolizumab within 14 days."
    trial.write_text(json.dumps({"id": "a", "passages": {"eligibility": text}}))
    ours = ("--model", "nano", "--vocabulary", mine)
    (found,) = run("extract", trial, *ours).extractions
    assert [m.concept.id for m in found.mentions if m.concept] == ["MINE:1"]
    patient = ROOT / "corpus" / "patients" / "lung.json"
    for verb in (("diff", trial, trial), ("coverage", trial), ("match", patient, trial)):
        assert run(*verb, *ours).status == 0
        assert "No vocabulary 'typo'" in run(*verb, "--vocabulary", "typo").err


# evaluation of a corpus


def test_evaluate_on_the_samples(run: Command, bundle: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    (corpus / "samples").mkdir(parents=True)
    (corpus / "splits.json").write_text('{"dev": [], "test": []}')
    lines = (ROOT / "corpus" / "samples" / "annotations.jsonl").read_text(encoding="utf-8").splitlines()
    (corpus / "samples" / "annotations.jsonl").write_text("\n".join(lines[:2]), encoding="utf-8")
    empty = tmp_path / "records.jsonl"
    empty.write_text("")
    result = run(
        "evaluate", "--split", "samples", "--corpus", corpus, "--records", empty, "--model", bundle,
        "--out", tmp_path / "r.md",
    )  # fmt: skip
    assert result.status == 0, result.err
    assert result.out.startswith("# Evaluation on samples\n\nModel ")
    assert (tmp_path / "r.md").read_text(encoding="utf-8").strip() == result.out.strip()
    counts = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert set(counts) == {"tiny 0.0.1 (int8)", "dictionary of the training labels"}
    assert counts["tiny 0.0.1 (int8)"]["records"] == 2


def test_each_report_is_printed_and_kept(run: Command, tmp_path: Path, tokenizer_json: str) -> None:
    rows = (ROOT / "corpus" / "samples" / "annotations.jsonl").read_text(encoding="utf-8").splitlines()
    texts = {
        "splits.json": '{"dev": ["NCT99000001"], "test": []}',
        "ours.jsonl": rows[0],
        "records": "",
        "tokenizer.json": tokenizer_json,
        "names.tsv": "zorbatinib\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    result = run(
        "compare-tokenizers", tmp_path / "tokenizer.json", "--records", tmp_path / "records",
        "--corpus", tmp_path, "--names", tmp_path / "names.tsv", "--out", tmp_path / "r.md",
    )  # fmt: skip
    assert result.status == 0, result.err
    assert result.out.startswith("| tokenizer |") and (tmp_path / "r.md").read_text(encoding="utf-8") == result.out


def test_agreement_of_two_files(run: Command, tmp_path: Path) -> None:
    one = ROOT / "corpus" / "samples" / "annotations.jsonl"
    empty = tmp_path / "records.jsonl"
    empty.write_text("")
    result = run("corpus", "agreement", one, one, "--records", empty)
    assert result.status == 0 and "| **entities** | 1.000 | 1.000 |" in result.out
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"id": "NCT1"}) + "\n")
    result = run("corpus", "agreement", one, other, "--records", empty)
    assert result.status == 2 and "row 1: no standoff row" in result.err


def test_reliability_of_a_split(run: Command, bundle: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "splits.json").write_text('{"dev": ["NCT99000001"], "test": []}')
    rows = (ROOT / "corpus" / "samples" / "annotations.jsonl").read_text(encoding="utf-8").splitlines()
    (corpus / "ours.jsonl").write_text(rows[0] + "\n", encoding="utf-8")
    empty = tmp_path / "records.jsonl"
    empty.write_text("")
    result = run("reliability", "--corpus", corpus, "--records", empty, "--model", "micro")
    assert result.status == 0, result.err
    assert result.out.startswith("# Reliability on dev\n\nExpected calibration error 0.")


def test_evaluate_without_a_corpus(run: Command, bundle: Path, tmp_path: Path) -> None:
    result = run("evaluate", "--corpus", tmp_path, "--records", tmp_path, "--model", bundle)
    assert (result.out, result.status) == ("", 2)
    assert result.err.startswith(f"oncogloss: {tmp_path}/splits.json: missing; ")


# help


def commands(group: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in sorted(group.commands.items()):  # type: ignore[attr-defined]
        nested = hasattr(command, "commands")
        found += commands(command, (*path, name)) if nested else [(*path, name)]
    return found


ALL = commands(typer.main.get_command(app))


def test_commands_are_found() -> None:
    assert {("extract",), ("evaluate",), ("train",), ("pretrain",), ("bench",)} <= set(ALL)


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_every_command_has_help_with_an_example(run: Command, command: tuple[str, ...]) -> None:
    run.monkeypatch.setenv("TERMINAL_WIDTH", "200")
    result = run(*command, "--help")
    assert result.status == 0
    assert "Example:" in result.out and f"oncogloss {' '.join(command)} " in result.out
    group = typer.main.get_command(app)
    for name in command:
        group = group.commands[name]  # type: ignore[attr-defined]
    undocumented = [p.name for p in group.params if p.name != "help" and not getattr(p, "help", None)]
    assert undocumented == []


def test_no_arguments_show_help(run: Command) -> None:
    result = run()
    assert "extract" in result.out + result.err and "Traceback" not in result.err


# as a process of its own


def process(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": ":".join(p for p in sys.path if p)}
    return subprocess.run(
        [sys.executable, "-m", "oncogloss.cli", *arguments],
        input=stdin,
        capture_output=True,
        env=environment,
        timeout=120,
        check=False,
    )


def test_as_a_process(bundle: Path) -> None:
    done = process("extract", "-", "--model", str(bundle), stdin=record("a", "Moon sarcoma é") + b"\nbroken {\n")
    assert done.returncode == 1
    assert json.loads(done.stdout.decode())["id"] == "a"
    assert b"Traceback" not in done.stderr and b"line 2" in done.stderr


def test_a_reader_that_goes_away_is_no_traceback(bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_bytes(b"\n".join(record(str(i)) for i in range(200)))
    command = f"{sys.executable} -m oncogloss.cli extract {path} --model {bundle} | head -c 100"
    environment = {**os.environ, "PYTHONPATH": ":".join(p for p in sys.path if p)}
    done = subprocess.run(["sh", "-c", command], capture_output=True, env=environment, timeout=120, check=False)
    assert len(done.stdout) == 100 and b"Traceback" not in done.stderr
