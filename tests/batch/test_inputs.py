from __future__ import annotations

import gzip
import io
import json
import os
import struct
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.batch import inputs
from oncogloss.batch.inputs import Item, input_bytes, read_inputs
from oncogloss.batch.where import chooser
from oncogloss.errors import InputError
from oncogloss.readers import protocol
from oncogloss.schema import Document, Passage, Registry

STUDY: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT99999901", "briefTitle": "Zorbatinib in Moon Sarcoma"},
        "statusModule": {"overallStatus": "RECRUITING", "studyFirstPostDateStruct": {"date": "2021-05-04"}},
        "designModule": {"phases": ["PHASE1", "PHASE2"], "studyType": "INTERVENTIONAL"},
    }
}


def read(*paths: Path) -> list[Item]:
    return list(read_inputs(paths, lambda n: None))


def ids(items: list[Item]) -> list[str]:
    return [item.id if isinstance(item, Document) else "error" for item in items]


def record(name: str) -> str:
    return json.dumps({"id": name, "passages": {"eligibility": f"Moon sarcoma {name}."}})


def archive(path: Path, files: dict[str, str], kind: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as made:
        for name, text in files.items():
            made.writestr(name, text)
    return path


def test_all_kinds_in_one_stream(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps(STUDY))
    (tmp_path / "lines.ndjson.gz").write_bytes(gzip.compress(f"{record('b')}\n{record('c')}\n".encode()))
    archive(tmp_path / "bulk.zip", {"d.json": record("d"), "__MACOSX/x": "x", ".hidden": "x", "e.jsonl": record("e")})
    rows = {"id": ["f"], "passages": [[("eligibility", "Moon sarcoma.")]]}
    types = pa.schema([("id", pa.string()), ("passages", pa.map_(pa.string(), pa.string()))])
    pq.write_table(pa.table(rows, types), tmp_path / "maps.parquet")
    pq.write_table(pa.table({"json": [record("g"), "{"]}), tmp_path / "json.parquet")
    pq.write_table(pa.table({"nct_id": ["h"], "eligibility": ["Moon."], "summary": [None]}), tmp_path / "wide.parquet")
    told: list[int] = []
    items = list(read_inputs([tmp_path], told.append))
    assert ids(items) == ["d", "e", "g", "error", "b", "c", "f", "NCT99999901", "h"]
    assert 0.5 * input_bytes([tmp_path]) < sum(told) <= input_bytes([tmp_path])
    assert next(i.source for i in items if isinstance(i, Document)) == f"{tmp_path}/bulk.zip/d.json"


def test_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "none")
    assert isinstance(item, InputError) and "no such file" in str(item)


def refused(path: Path) -> str:
    items = read(path)
    assert len(items) == 1 and isinstance(items[0], InputError), items
    return str(items[0])


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = "0" * (inputs.FREE * 10)
    assert "unpacks to far more" in refused(archive(tmp_path / "a.zip", {"a.json": zeros}))
    many = archive(tmp_path / "b.zip", {f"{i}.json": "0" * inputs.FREE for i in range(9)})
    assert "unpacks to far more" in refused(many)
    (tmp_path / "c.gz").write_bytes(gzip.compress(zeros.encode()))
    assert "unpacks to far more" in refused(tmp_path / "c.gz")
    monkeypatch.setattr(inputs, "LARGEST", 1000)
    (tmp_path / "d.jsonl").write_text(f"{record('a')}\n{record('b' * 2000)}\n{record('c')}\n")
    assert ids(read(tmp_path / "d.jsonl")) == ["error"] or ids(read(tmp_path / "d.jsonl"))[-1] == "error"


def test_a_size_that_lies_is_found_out_while_unpacking(tmp_path: Path) -> None:
    data = bytearray(archive(tmp_path / "a.zip", {"a.json": "0" * (inputs.FREE * 10)}).read_bytes())
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        data[data.index(mark) + at : data.index(mark) + at + 4] = struct.pack("<I", 100)
    (tmp_path / "a.zip").write_bytes(data)
    assert "cannot be unpacked" in refused(tmp_path / "a.zip")


def test_broken_archives_are_one_sentence(tmp_path: Path) -> None:
    whole = archive(tmp_path / "a.zip", {"a.json": record("a")}).read_bytes()
    (tmp_path / "b.zip").write_bytes(whole[:-30])
    assert "cannot be read" in refused(tmp_path / "b.zip")
    packed = gzip.compress(record("a").encode() * 9000)
    (tmp_path / "c.gz").write_bytes(packed[:-20])
    assert "cannot be read" in refused(tmp_path / "c.gz")
    (tmp_path / "d.parquet").write_bytes(b"PAR1 no parquet")
    assert "cannot be read as Parquet" in refused(tmp_path / "d.parquet")
    for passages in ("Moon sarcoma.", ["Moon sarcoma."]):
        pq.write_table(pa.table({"id": ["a"], "passages": [passages]}), tmp_path / "e.parquet")
        assert refused(tmp_path / "e.parquet").endswith(
            "row 1: `passages` is neither a map nor a struct; write it as one."
        )
    flags = bytearray(whole)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        flags[flags.index(mark) + at] |= 1
    (tmp_path / "e.zip").write_bytes(flags)
    assert "is encrypted" in refused(tmp_path / "e.zip")


@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"PAR1"]))
def test_no_bytes_end_the_stream(data: bytes, magic: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(magic + data)
        assert all(isinstance(item, Document | InputError) for item in read(path))


def piped(data: bytes) -> Path:
    """The name of a pipe through which the data comes, as of the shell's <(command)."""
    out, into = os.pipe()

    def write() -> None:
        with os.fdopen(into, "wb") as pipe:
            pipe.write(data)

    threading.Thread(target=write).start()
    return Path(f"/dev/fd/{out}")


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_a_pipe_is_read_whole(packed: Callable[[bytes], bytes]) -> None:
    lines = "\n".join(record(f"r{i}") for i in range(1000)).encode()
    assert ids(read(piped(packed(lines)))) == [f"r{i}" for i in range(1000)]


def test_an_archive_through_a_pipe_is_refused(tmp_path: Path) -> None:
    assert "through a pipe; save it as a file" in refused(
        piped(archive(tmp_path / "a.zip", {"a": record("a")}).read_bytes())
    )


def test_a_docx_is_a_document_and_no_archive(tmp_path: Path) -> None:
    made = pytest.importorskip("docx").Document()
    made.add_paragraph("Moon sarcoma of grade 2.")
    made.save(tmp_path / "b.docx")
    archive(tmp_path / "a.zip", {"a.json": record("a")})
    assert ids(read(tmp_path)) == ["a", "b"]


def test_what_is_not_installed_spoils_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "find_spec", lambda name: None)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4 x")
    (tmp_path / "b.json").write_text(record("b"))
    error, document = read(tmp_path)
    assert isinstance(error, InputError) and isinstance(document, Document)
    assert str(error) == f"{tmp_path}/a.pdf: pypdfium2 is not installed; run pip install 'oncogloss[docs]'."


def test_links_that_are_not_followed_are_said(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text(record("a"))
    (tmp_path / "in" / "gone").symlink_to("nowhere")
    assert ids(read(tmp_path / "in")) == ["error", "a"]


def test_an_error_knows_its_file(tmp_path: Path) -> None:
    name = tmp_path / "Trial: A"
    name.mkdir()
    (name / "a.jsonl").write_text(f"{record('a')}\n[")
    archive(name / "b.zip", {"Arm: 1.json": "{"})
    (name / "c.zip").write_bytes(b"PK\x03\x04")
    assert [item.source for item in read(name) if isinstance(item, InputError)] == [
        f"{name}/a.jsonl", f"{name}/b.zip/Arm: 1.json", f"{name}/c.zip",
    ]  # fmt: skip


AACT = {
    "studies": "nct_id|brief_title|official_title|overall_status|phase|study_type|study_first_posted_date\n"
    "NCT99999902|Second||COMPLETED|PHASE2|INTERVENTIONAL|2020-01-02\n"
    'NCT99999901|"Moon ""A"" | B"||RECRUITING|PHASE1/PHASE2|INTERVENTIONAL|2021-05-04\n',
    "eligibilities": "id|nct_id|gender|minimum_age|maximum_age|criteria\n"
    '1|NCT99999901|FEMALE|18 Years|N/A|"Inclusion Criteria:\n\n* Moon sarcoma"\n'
    "2|NCT99999902|ALL|||Inclusion:~~* Age~* Moon\n",
    "conditions": "id|nct_id|name\n2|NCT99999901|Moon Sarcoma\n1|NCT99999901|Crater Lesion\n",
    "interventions": "id|nct_id|intervention_type|name|description\n7|NCT99999901|DRUG|Zorbatinib|Daily.\n",
    "intervention_other_names": "id|nct_id|intervention_id|name\n1|NCT99999901|7|ZB-1\n",
    "design_outcomes": "id|nct_id|outcome_type|measure|time_frame|description\n"
    "1|NCT99999901|primary|Survival|2 years|\n",
    "sponsors": "id|nct_id|agency_class|lead_or_collaborator|name\n1|NCT99999901|OTHER|lead|Lunar Clinic\n",
    "unknown_table": "x\n1\n",
}


def write_tables(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in AACT.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


@pytest.mark.parametrize("zipped", [False, True])
def test_aacts_tables_become_records(zipped: bool, tmp_path: Path) -> None:
    if zipped:
        path = archive(tmp_path / "aact.zip", {f"{name}.txt": text for name, text in AACT.items()})
    else:
        path = write_tables(tmp_path / "aact")
    first, second = read(path)
    assert isinstance(first, Document) and isinstance(second, Document)
    assert first.id == "NCT99999901" and first.source == f"{path}, NCT99999901"
    assert {p.name: p.text for p in first.passages} == {
        "brief_title": 'Moon "A" | B',
        "conditions": "Crater Lesion\nMoon Sarcoma",
        "eligibility": "Inclusion Criteria:\n\n* Moon sarcoma",
        "interventions": "Zorbatinib. Daily. ZB-1",
        "outcomes": "Survival. 2 years",
    }
    assert first.registry == Registry(
        sex="female", minimum_age="18 Years", phases=("PHASE1", "PHASE2"), status="RECRUITING",
        study_type="INTERVENTIONAL", sponsor="Lunar Clinic", first_posted="2021-05-04",
    )  # fmt: skip
    assert second.passages[-1].text == "Inclusion:\n\n* Age\n* Moon"


def test_a_broken_table_is_one_sentence(tmp_path: Path) -> None:
    write_tables(tmp_path)
    (tmp_path / "conditions.txt").write_text("id|nct_id|name\n1|NCT99999901\n2|a|b|c|d\n")
    (item,) = read(tmp_path)
    assert isinstance(item, InputError) and "AACT's tables cannot be read" in str(item)


def test_tables_are_those_of_the_folder_given_whatever_its_name(tmp_path: Path) -> None:
    write_tables(tmp_path / "aact 1")
    (tmp_path / "aact 1" / "studies.txt").write_text(AACT["studies"].replace("NCT999999", "NCT888888"))
    assert ids(read(write_tables(tmp_path / "aact [12]"))) == ["NCT99999901", "NCT99999902"]


def fit(filters: list[str]) -> Callable[[Document], bool]:
    return chooser(filters)


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ([], True),
        (["phase=phase2,PHASE3"], True),
        (["phase=PHASE3"], False),
        (["phase=2"], True),
        (["phase=3"], False),
        (["condition=SARCOMA", "year=2021"], True),
        (["condition=sarcoma", "status=completed"], False),
        (["sponsor=lunar"], True),
        (["keyword=x"], False),
        (["condition=zzz, ,"], False),
        (["condition=sarcoma,"], True),
    ],
)
def test_where(filters: list[str], kept: bool) -> None:
    registry = Registry(
        phases=("PHASE1", "PHASE2"), status="RECRUITING", sponsor="Lunar Clinic", first_posted="2021-05"
    )
    document = Document(id="a", passages=(Passage(name="conditions", text="Moon Sarcoma"),), registry=registry)
    assert fit(filters)(document) is kept


@pytest.mark.parametrize("wrong", ["phase", "country=US", "", "condition=", "phase= ,"])
def test_where_says_what_it_wants(wrong: str) -> None:
    with pytest.raises(InputError, match="--where wants FIELD=VALUE"):
        chooser([wrong])


def test_unpacked_streams_read_as_they_come() -> None:
    given_out = io.BufferedReader(inputs._Unpacked(io.BytesIO(b"a\nb\n"), "x", lambda: 4))
    assert given_out.readlines() == [b"a\n", b"b\n"]
