"""Whatever the bytes: no traceback, one-line sentences, exact text; and every real file at hand is read."""

import json
import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncogloss.errors import InputError
from oncogloss.readers import input_files, read_bytes, read_path
from oncogloss.schema import Document

REAL = Path(os.environ.get("ONCOGLOSS_SHARED", Path(__file__).parents[3] / "shared")) / "trials" / "raw"
quick = settings(derandomize=True, max_examples=200, deadline=None)
unicode_text = st.text(st.characters(exclude_categories=["Cs"]))
pieces = st.sampled_from(
    b"""{ } [ ] " : , \\ud800 < > & <clinical_study> </clinical_study> <!DOCTYPE "id" "passages" "studies"
    "protocolSection" NaN 1e9 \xef\xbb\xbf \xff\xfe \x00 \r""".split(b" ")
)
any_bytes = st.one_of(st.binary(), st.lists(st.one_of(pieces, st.binary(max_size=3))).map(b"".join))


def read_safely(data: bytes) -> list[Document | InputError]:
    """Read, and assert what holds for any bytes at all."""
    items = list(read_bytes(data, "x"))
    assert items
    for item in items:
        if isinstance(item, Document):
            assert item.passages and item.model_dump_json()
        else:
            assert isinstance(item, InputError)
            assert len(str(item).splitlines()) == 1 and str(item).isprintable() and str(item).endswith(".")
    return items


@quick
@given(any_bytes)
def test_any_bytes(data: bytes) -> None:
    read_safely(data)


@quick
@given(any_bytes, st.booleans())
def test_any_line_leaves_its_neighbours_whole(data: bytes, is_first: bool) -> None:
    good, bad = b'{"id": "good", "passages": {"text": "Moon"}}', data.replace(b"\n", b" ")
    lines = [b"{" + bad, good, good] if is_first else [good, bad, good]
    items = read_safely(b"\n".join(lines))
    for item in (items[-1], items[-2] if is_first else items[0]):
        assert isinstance(item, Document) and item.id == "good"


@quick
@given(st.lists(st.dictionaries(unicode_text, unicode_text), min_size=2, max_size=4), st.booleans())
def test_passages_come_back_to_the_character(records: list[dict[str, str]], escaped: bool) -> None:
    lines = [
        json.dumps({"id": f"r{number}", "passages": passages}, ensure_ascii=escaped)
        for number, passages in enumerate(records)
    ]
    for passages, item in zip(records, read_safely("\n".join(lines).encode()), strict=True):
        kept = {name: text for name, text in passages.items() if text.strip()}
        assert kept == ({p.name: p.text for p in item.passages} if isinstance(item, Document) else {})


@quick
@given(unicode_text)
def test_plain_text_comes_back_to_the_character(text: str) -> None:
    text = "Moon " + text.replace("\0", "")
    (document,) = read_safely(text.encode())
    assert isinstance(document, Document)
    assert document.passages[0].text == text


INSERTS = [
    b"\0",
    "\u202e".encode(),
    b"\\ud800",
    b"\xed\xa0\x80",
    b"\xff",
    b"\r",
    b'"',
    b"<",
    b"&",
    b"{",
    b"\n",
]


def damaged(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data))
    kind = chance.choice(["cut", "flip", "insert", "lose"])
    if kind == "cut":
        return data[:place]
    if kind == "flip":
        return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]
    if kind == "insert":
        return data[:place] + chance.choice(INSERTS) + data[place:]
    return data[:place] + data[place + chance.randrange(40) :]


def test_thousand_damaged_records(study: str, study_line: str, xml: str) -> None:
    chance = random.Random(7)
    sound = [study.encode(), xml.encode(), f"{study_line}\n{study_line}".encode(), study.encode("utf-16")]
    refused = 0
    for number in range(1000):
        data = damaged(sound[number % len(sound)], chance)
        refused += any(isinstance(item, InputError) for item in read_safely(data))
    assert 300 < refused < 1000  # the damage was real, and not only fatal


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real records at {REAL}")
def test_real_records() -> None:
    items = [item for path in input_files(REAL) for item in read_path(path)]
    assert [item for item in items if isinstance(item, InputError)] == []
    assert len(items) >= len(input_files(REAL))
    assert all(item.id.startswith("NCT") for item in items if isinstance(item, Document))
