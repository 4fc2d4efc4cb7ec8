"""Each kind of input that is read, and exactly what becomes of it."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from oncogloss.errors import InputError
from oncogloss.readers import input_files, read_bytes, read_path
from oncogloss.readers.files import left_out
from oncogloss.schema import PASSAGE_NAMES, Document, Registry

STUDY_TEXTS = {
    "brief_title": "Zorbatinib in Moon Sarcoma",
    "official_title": "A Pretend Study of Zorbatinib in Moon Sarcoma",
    "summary": "One.\nTwo.",
    "conditions": "Moon Sarcoma\nCrater Lesion",
    "keywords": "lunar",
    "eligibility": "Inclusion Criteria:\n\n* ANC \\>= 1.5 · 10\\^9/L\n* 🌙 Age",
    "arms": "Arm A. Zorbatinib daily.\nFasting\nArm B",
    "interventions": "Zorbatinib. 20 mg. ZB-1, Zorba\nPlacebo",
    "outcomes": "PFS. 2 years\nOS. Time to death. 9 years\nHowling",
}
XML_TEXTS = {
    "brief_title": "Zorbatinib & Hope",
    "summary": "First line of the summary\nand its wrapped rest.",
    "conditions": "Moon Sarcoma\nCrater Lesion",
    "keywords": "lunar",
    "eligibility": "Inclusion:\n\n  -  Moon sarcoma, seen by\n     telescope\n\n  -  Age >= 18",
    "arms": "Arm A. Daily",
    "interventions": "Zorbatinib. 20 mg. ZB-1, Zorba",
    "outcomes": "PFS. 2 years\nOS. Time to death",
}


def documents(stream: Iterator[Document | InputError]) -> list[Document]:
    items = list(stream)
    assert all(isinstance(item, Document) for item in items), items
    return [item for item in items if isinstance(item, Document)]


def only(stream: Iterator[Document | InputError]) -> Document:
    (document,) = documents(stream)
    return document


def texts(document: Document) -> dict[str, str]:
    return {passage.name: passage.text for passage in document.passages}


def test_study(study: str) -> None:
    document = only(read_bytes(study.encode(), "moon.json"))
    assert (document.id, document.source) == ("NCT99999901", "moon.json")
    assert texts(document) == STUDY_TEXTS
    assert list(texts(document)) == [name for name in PASSAGE_NAMES if name in STUDY_TEXTS]


def test_study_keeps_what_stands_beside_its_text(study: str) -> None:
    document = only(read_bytes(study.encode(), "moon.json"))
    assert document.registry is not None
    assert document.registry == Registry(
        sex="female", minimum_age="18 Years", phases=("PHASE1", "PHASE2"), status="RECRUITING",
        study_type="INTERVENTIONAL", sponsor="Lunar Clinic",
    )  # fmt: skip
    said = [(p.passage, p.label, p.kind, texts(document)[p.passage][p.start : p.end]) for p in document.parts]
    assert said == [
        ("arms", "Arm A", "experimental", "Arm A. Zorbatinib daily.\nFasting"),
        ("arms", "Arm B", "active_comparator", "Arm B"),
        ("interventions", "Zorbatinib", "drug", "Zorbatinib. 20 mg. ZB-1, Zorba"),
        ("interventions", "Placebo.", "", "Placebo"),
        ("outcomes", "PFS", "primary", "PFS. 2 years"),
        ("outcomes", "OS", "secondary", "OS. Time to death. 9 years"),
        ("outcomes", "Howling", "other", "Howling"),
    ]


def test_a_study_joins_arms_to_interventions(study: str) -> None:
    joined = json.loads(study)
    arm = joined["protocolSection"]["armsInterventionsModule"]["armGroups"][0]
    arm["interventionNames"] = ["Drug: Zorbatinib", "Placebo: Placebo."]
    parts = only(read_bytes(json.dumps(joined).encode(), "study.json")).parts
    assert [p.given for p in parts if p.passage == "arms"] == [("Zorbatinib", "Placebo."), ()]


def test_xml_joins_arms_to_interventions(xml: str) -> None:
    joined = xml.replace("<description>20 mg.", "<arm_group_label>Arm A</arm_group_label><description>20 mg.")
    (arm,) = (p for p in only(read_bytes(joined.encode(), "trial.xml")).parts if p.passage == "arms")
    assert arm.given == ("Zorbatinib",)


def test_study_on_one_line_is_no_json_lines(study_line: str) -> None:
    assert only(read_bytes(f"\n\n{study_line}\n\n".encode(), "moon.json")).source == "moon.json"


@pytest.mark.parametrize("page", ["[{0}, {0}]", '{{"studies": [\n{0}\n,\n{0}]}}', '{{"studies": [{0},\n{0}]}}'])
def test_list_and_page_of_studies(page: str, study_line: str) -> None:
    read = documents(read_bytes(page.format(study_line).encode(), "page.json"))
    assert [document.source for document in read] == ["page.json, study 1", "page.json, study 2"]
    assert [texts(document) for document in read] == [STUDY_TEXTS, STUDY_TEXTS]


def test_page_of_one_study_on_its_own_line_is_a_page(study_line: str) -> None:
    page = f'{{"studies": [\n{study_line}\n]}}'
    assert only(read_bytes(page.encode(), "page.json")).source == "page.json, study 1"


def test_json_lines_mix_studies_and_passages(study_line: str) -> None:
    lines = ['{"id": "a", "passages": {"note": " x\\r\\n", "blank": " "}}', "", study_line]
    lines += ['{"nct_id": "b", "passages": {"z": "1", "a": "2"}}']
    first, second, third = documents(read_bytes("\r\n".join(lines).encode(), "many"))
    assert (first.id, first.source, texts(first)) == ("a", "many, line 1", {"note": " x\r\n"})
    assert (second.id, second.source, texts(second)) == ("NCT99999901", "many, line 3", STUDY_TEXTS)
    assert (third.id, third.source, texts(third)) == ("b", "many, line 4", {"z": "1", "a": "2"})


def test_json_lines_are_read_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "endless"
    line = json.dumps({"id": "a", "passages": {"text": "x" * 5000}}) + "\n"
    path.write_text(line * 3 + "{broken\n" + line * 3)
    stream = read_path(path)
    assert isinstance(next(stream), Document)
    path.write_text(line)  # what was not yet read is gone, so it was not read ahead
    assert len(list(stream)) < 6


def test_xml(xml: str) -> None:
    document = only(read_bytes(xml.encode(), "moon.xml"))
    assert (document.id, document.source) == ("NCT99999902", "moon.xml")
    assert texts(document) == XML_TEXTS
    assert document.registry == Registry(
        sex="all", minimum_age="18 Years", phases=("PHASE1", "PHASE2"), status="ACTIVE_NOT_RECRUITING",
        study_type="INTERVENTIONAL", sponsor="Lunar Clinic",
    )  # fmt: skip
    said = [(p.label, p.kind, texts(document)[p.passage][p.start : p.end]) for p in document.parts]
    assert said == [
        ("Arm A", "active_comparator", "Arm A. Daily"),
        ("Zorbatinib", "drug", "Zorbatinib. 20 mg. ZB-1, Zorba"),
        ("PFS", "primary", "PFS. 2 years"),
        ("OS", "secondary", "OS. Time to death"),
    ]


@pytest.mark.parametrize("change", [("\n", "\r\n"), ("<?xml", " \n<?xml"), ("summary\n", "summary&#13;\n")])
def test_xml_line_ends_and_space_before_it_change_nothing(change: tuple[str, str], xml: str) -> None:
    assert texts(only(read_bytes(xml.replace(*change).encode(), "moon.xml"))) == XML_TEXTS


def test_plain_text_is_kept_to_the_character() -> None:
    text = " <18 years: no.\r\n\r\n\tALK+\u00a0NSCLC 🌙\n"
    document = only(read_bytes(text.encode(), "notes/visit 1.txt"))
    assert (document.id, document.source) == ("visit 1", "notes/visit 1.txt")
    assert texts(document) == {"text": text}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("kind", ["study", "xml", "lines", "text"])
def test_byte_order_marks(encoding: str, kind: str, study: str, xml: str) -> None:
    line = '{"id": "a", "passages": {"t": "Ω\u010a"}}\n'
    content = {"study": study, "xml": xml, "lines": line * 2, "text": "Ω\u010a ≥ 3"}[kind]
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    assert [texts(document) for document in documents(read_bytes((mark + content).encode(encoding), "x"))] == [
        texts(document) for document in documents(read_bytes(content.encode(), "x"))
    ]


def test_hundred_thousand_words_are_all_there() -> None:
    text = "word " * 100_000
    assert texts(only(read_bytes(text.encode(), "long.txt"))) == {"text": text}


def test_path_with_unprintable_name(tmp_path: Path) -> None:
    path = tmp_path / "a\nb\udcff.txt"
    path.write_text("Moon")
    document = only(read_path(path))
    assert document.id == "a\\nb\\udcff"
    assert document.source == f"{tmp_path}/a\\nb\\udcff.txt"


def test_input_files(tmp_path: Path) -> None:
    for name in ("b.txt", "a/c.json", "a/.hidden", ".git/config"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert input_files(tmp_path) == [tmp_path / "a/c.json", tmp_path / "b.txt"]
    assert input_files(tmp_path / "b.txt") == [tmp_path / "b.txt"]


def test_input_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        input_files(tmp_path / "none")
    assert str(caught.value) == f"{tmp_path}/none: no such file or folder; check the path."
    with pytest.raises(InputError) as caught:
        input_files(tmp_path)
    assert str(caught.value) == (f"{tmp_path}: the folder holds no files; give one that holds trial records or texts.")


def test_what_is_left_out_of_a_folder_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "in"
    for name in ("a.txt", "locked/b.txt", ".hidden/c.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    (folder / "gone").symlink_to("nowhere")
    (folder / "up").symlink_to(tmp_path)
    (folder / ".up").symlink_to(tmp_path)
    (folder / "link.txt").symlink_to("a.txt")
    os.mkfifo(folder / "pipe")
    scan = os.scandir

    def refusing(path: str) -> object:
        if path == str(folder / "locked"):  # root may open all
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert input_files(folder) == [folder / "a.txt", folder / "link.txt"]
    assert sorted(map(str, left_out(folder))) == [
        f"{folder}/gone: is a link that leads to no file; mend it or take it away.",
        f"{folder}/locked: cannot be opened (Permission denied); check its permissions.",
        f"{folder}/pipe: is no regular file, or may not be looked at; check it and its permissions.",
        f"{folder}/up: is a link to a folder, which may lead back; give it by itself.",
    ]
    assert left_out(folder / "a.txt") == left_out(folder / "none") == []


def test_gzip_is_named(tmp_path: Path) -> None:
    path = tmp_path / "moon.json"
    path.write_bytes(gzip.compress(b"{}"))
    (error,) = read_path(path)
    assert str(error) == f"{path}: seems to be a gzip archive; save its text as a UTF-8 text file."
