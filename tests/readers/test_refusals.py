"""Each input that is refused: the whole sentence, and how fast."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from oncogloss.errors import InputError, MissingExtraError
from oncogloss.readers import read_bytes, read_path
from oncogloss.schema import Document

NO_TRIAL = (
    'x: JSON, but no trial; give a ClinicalTrials.gov study (with "protocolSection"), '
    'a list or page of them, or {"id": ..., "passages": {name: text}}.'
)
NO_DTD = (
    "x: declares a document type (DTD), as trial records never do; "
    "give the record itself, as the registry's XML or JSON."
)
BINARY = "a NUL byte, so this seems to be binary, or UTF-16 without its mark; save it as UTF-8 text."

REFUSED: dict[bytes, str] = {
    b"": "x: is empty; give a file that holds a trial record or text.",
    b"\xef\xbb\xbf \n\t": "x: is empty; give a file that holds a trial record or text.",
    b"\xd0\xcf\x11\xe0...": "x: seems to be an old or encrypted Word file; save it as DOCX, without a password.",
    b"\x1f\x8b\x08...": "x: seems to be a gzip archive; save its text as a UTF-8 text file.",
    b"MZ\0\xff": f"x, byte 2: {BINARY}",
    "<a/>".encode("utf-16-le"): f"x, byte 1: {BINARY}",
    "Größe".encode("latin-1"): "x, byte 2: not UTF-8 text; save it as UTF-8.",
    "Größe".encode()[:3]: "x, byte 2: not UTF-8 text; save it as UTF-8.",
    b"\xef\xbb\xbfa\xff": "x, byte 4: not UTF-8 text; save it as UTF-8.",
    b"\xff\xfea\0\0\xd8": "x, byte 4: not valid UTF-16, though it is marked so; save it as UTF-8.",
    b'{\n "a": [1,': "x, line 2, column 10: the JSON breaks off here; fetch or save the whole file again.",
    b'{"a": 1\n "b": 2}': (
        "x, line 2, column 2: not valid JSON (expecting ',' delimiter); mend it or fetch it again; "
        "if it is plain text, let it begin with a word."
    ),
    b'{\n"a": "cut of': (
        "x, line 2, column 6: the JSON breaks off in the string that begins here; fetch or save the whole file again."
    ),
    b'{"nct_id": "NCT1", "eligibility_text": "t"}': (
        'x: a row of flattened fields, which only corpus and update read; give {"id": ..., "passages": '
        '{"brief_title": ..., "eligibility": ...}}.'
    ),
    b"{}": NO_TRIAL,
    b'{"resourceType": "Bundle"}': NO_TRIAL,
    b"[]": "x: the list of studies is empty; give one that holds at least one study.",
    b'{"studies": []}': "x: the list of studies is empty; give one that holds at least one study.",
    b'{"studies": 3}': NO_TRIAL,
    b"[[]]": NO_TRIAL.replace("x:", "x, study 1:"),
    b'{"a": NaN}': "x: NaN is not JSON; write null or a number.",
    b'{"a": 1, "a": 2}': "x: the key “a” occurs twice in one object; keep one of the two.",
    b'{"a\\n": 1, "a\\n": 2}': "x: the key “a\\n” occurs twice in one object; keep one of the two.",
    b'{"protocolSection": 3}': "x: field protocolSection must be an object; mend it or fetch it again.",
    b'{"protocolSection": {"conditionsModule": {"conditions": ["a", 7]}}}': (
        "x: field protocolSection.conditionsModule.conditions[1] must be text; mend it or fetch it again."
    ),
    b'{"protocolSection": {"outcomesModule": {"primaryOutcomes": {}}}}': (
        "x: field protocolSection.outcomesModule.primaryOutcomes must be a list; mend it or fetch it again."
    ),
    b'{"protocolSection": null}': "x: the id is empty; give each record an id.",
    b'{"protocolSection": {"identificationModule": {"nctId": "N1"}}}': (
        "x: record “N1” holds no text; leave it out or fetch it again."
    ),
    b'{"passages": {"a": "b"}}': 'x: the record has no id; add "id": "..." to it.',
    b'{"id": 5, "passages": {"a": "b"}}': 'x: the record has no id; add "id": "..." to it.',
    b'{"id": " ", "passages": {"a": "b"}}': "x: the id is empty; give each record an id.",
    b'{"id": "r\\n1", "passages": []}': 'x: record “r\\n1”, "passages" must be an object of names and texts.',
    b'{"id": "r", "passages": {"a": 1}}': "x: record “r”, passage “a” must be text in quotes.",
    b'{"id": "r", "passages": {"a": " "}}': "x: record “r” holds no text; leave it out or fetch it again.",
    b'{"id": "r", "passages": {"a": "ok \\ud83c\\udf19 \\ud83c"}}': (
        "x: record “r”, passage “a” has half a surrogate pair at character 5; write the whole character."
    ),
    b'{"id": "\\udf19", "passages": {"a": "b"}}': (
        "x: the id has half a surrogate pair at character 0; write the whole character."
    ),
    b"<clinical_study>\n <a>": (
        "x, line 2, column 5: not well-formed XML (no element found); fetch or save the whole file again."
    ),
    b"\n\n <clinical_study>\n&nbsp;</clinical_study>": (
        "x, line 4, column 1: not well-formed XML (undefined entity); fetch or save the whole file again."
    ),
    b"<html>a</html>": (
        "x: XML, but no trial; give a record whose outermost element is <clinical_study>."
    ),
    b"<clinical_study><brief_title>a</brief_title></clinical_study>": (
        "x: the id is empty; give each record an id."
    ),
    b"<clinical_study><id_info><nct_id>N2</nct_id></id_info></clinical_study>": (
        "x: record “N2” holds no text; leave it out or fetch it again."
    ),
    b"<!DOCTYPE html><html>": NO_DTD,
}  # fmt: skip


@pytest.mark.parametrize(("data", "sentence"), REFUSED.items(), ids=range(len(REFUSED)))
def test_sentence(data: bytes, sentence: str) -> None:
    (error,) = read_bytes(data, "x")
    assert isinstance(error, InputError)
    assert str(error) == sentence


TEXTS = (
    "[Protocol v2] NSCLC", "{Draft} NSCLC", "[1] Age", "[ ] male [ ] female", '["a"] x', "[18-65 years]", "[NSCLC",
    "<b>NSCLC</b> patients", "<p>a</p>\n<p>b</p>", "<ECOG 0", "{Draft}\n{Other} a",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_text_that_begins_with_a_bracket_or_a_tag(text: str) -> None:
    (document,) = read_bytes(text.encode(), "x")
    assert isinstance(document, Document) and document.passages[0].text == text


@pytest.mark.parametrize("text", ['[{"id": tru', '{"a": "x\\u12', "[", "{", "[{"])
def test_json_that_is_cut_says_so(text: str) -> None:
    assert "the JSON breaks off here" in str(*read_bytes(text.encode(), "x"))


def test_one_element_is_no_text() -> None:
    assert str(*read_bytes(b"<p>a</p>", "x")).endswith("if it is plain text, let it begin with a word.")


def test_pipes_and_devices_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        assert str(*read_path(path)) == f"{path}: is no regular file; give one, or `-` for standard input."


def test_unreadable_paths(tmp_path: Path) -> None:
    missing, folder = (str(*read_path(path)) for path in (tmp_path / "none", tmp_path))
    assert missing == (
        f"{tmp_path}/none: cannot be read (No such file or directory); check the path and its permissions."
    )
    assert folder == f"{tmp_path}: cannot be read (Is a directory); check the path and its permissions."


def test_bad_study_does_not_lose_its_neighbours(study_line: str) -> None:
    first, bad, third = read_bytes(f'[{study_line}, {{"protocolSection": 1}}, {study_line}]'.encode(), "x")
    assert isinstance(first, Document) and isinstance(third, Document)
    assert str(bad) == "x, study 2: field protocolSection must be an object; mend it or fetch it again."


GOOD = b'{"id": "good", "passages": {"text": "Moon"}}'
BAD_LINES: dict[bytes, str] = {
    GOOD[:40]: "column 37: the JSON breaks off in the string that begins here; fetch or save the whole file again.",
    GOOD[:35]: "column 36: the JSON breaks off here; fetch or save the whole file again.",
    GOOD[:28]: "column 29: the JSON breaks off here; fetch or save the whole file again.",
    b"{" + GOOD: "column 2: not valid JSON (expecting property name enclosed in double quotes); "
    "mend it or fetch it again.",
    b'{"id": "\xff"}': "byte {}: not UTF-8 text; save it as UTF-8.",
    b'{"a": Infinity}': "Infinity is not JSON; write null or a number.",
    b'{"a": 1, "a": 2}': "the key “a” occurs twice in one object; keep one of the two.",
    b'{"a": ' + b"9" * 5000 + b"}": "a number has 5000 digits; trial records have none so long, fetch it again.",
    b'{"a":' * 10_000: "the JSON is nested too deeply for a trial record; fetch it again.",
    b'{"id": "a", "passages": {"t": "\\ud800"}}': "record “a”, passage “t” has half a surrogate pair at "
    "character 0; write the whole character.",
}


@pytest.mark.parametrize("place", [1, 2, 3])
@pytest.mark.parametrize(("bad", "problem"), BAD_LINES.items(), ids=range(len(BAD_LINES)))
def test_bad_line_does_not_lose_its_neighbours(place: int, bad: bytes, problem: str) -> None:
    lines = [GOOD, GOOD]
    lines.insert(place - 1, bad)
    items = list(read_bytes(b"\n".join(lines), "x"))
    error = items.pop(place - 1)
    assert [isinstance(item, Document) for item in items] == [True, True]
    link = ", " if problem.startswith(("column", "byte")) else ": "
    assert str(error) == f"x, line {place}{link}{problem.format(8 + (place - 1) * (len(GOOD) + 1))}"


def test_first_line_cut_where_a_page_could_go_on() -> None:
    error, good = read_bytes(GOOD[:35] + b"\n" + GOOD, "x")
    assert str(error) == "x, line 1, column 36: the JSON breaks off here; fetch or save the whole file again."
    assert isinstance(good, Document)


HOSTILE: dict[str, bytes] = {
    "deep list": b"[" * 10_000,
    "deeper": b'{"a":[' * 500_000,
    "closed": b"[" * 10_000 + b"]" * 10_000,
    "huge integer": b'{"a": ' + b"9" * 1_000_000 + b"}",
    "huge float": b'{"a": 1e' + b"9" * 100_000 + b"}",
    "deep XML": b"<clinical_study>" * 10_000,
    "entity bomb": b'<!DOCTYPE b [<!ENTITY a "aa">%s]><clinical_study>&z;</clinical_study>'
    % b"".join(b'<!ENTITY %c "%s">' % (c + 1, b"&%c;" % c * 10) for c in range(97, 122)),
    "external entity": b'<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]><clinical_study>&a;</clinical_study>',
    "external DTD": b'<!DOCTYPE clinical_study SYSTEM "http://localhost/a.dtd"><clinical_study/>',
    "parameter entity": b'<!DOCTYPE b [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><clinical_study/>',
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_attack_is_refused_at_once_and_nothing_is_opened(data: bytes) -> None:
    opened: list[object] = []
    watching = True
    sys.addaudithook(
        lambda event, args: opened.append(args) if watching and event in {"open", "socket.connect"} else None
    )
    start = time.process_time()
    items = list(read_bytes(data, "x"))
    seconds = time.process_time() - start
    watching = False
    assert len(items) == 1 and isinstance(items[0], InputError)
    assert opened == []
    assert seconds < 0.05


def test_huge_integer_sentence() -> None:
    (error,) = read_bytes(HOSTILE["huge integer"], "x")
    assert str(error) == "x: a number has 1000000 digits; trial records have none so long, fetch it again."


def test_deep_xml_of_good_form_is_read_and_let_go(xml: str) -> None:
    deep = "<a>" * 200_000 + "</a>" * 200_000
    (document,) = read_bytes(xml.replace("<keyword>", deep + "<keyword>").encode(), "x")
    assert isinstance(document, Document)


def test_error_carries_no_text_along() -> None:
    (error,) = read_bytes(json.dumps({"a": "secret"}).encode()[:-1], "x")
    assert isinstance(error, InputError)
    assert (error.__cause__, error.__context__, error.__traceback__) == (None, None, None)


def test_missing_extra_names_the_command() -> None:
    assert str(MissingExtraError("torch", "train")) == ("torch is not installed; run pip install 'oncogloss[train]'.")
