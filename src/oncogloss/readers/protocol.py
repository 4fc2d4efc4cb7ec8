"""Protocols: PDF and DOCX files as documents.

Such a file is opened in a process of its own (`protocol_child`), which may die in our place. The running text becomes
one passage, or one for each PART_PAGES pages of a longer PDF; each table a passage of its own, cells parted by tabs,
rows by newlines. Which section is which, the network finds. `Document.layout` says where each line of a PDF stands.
"""

from __future__ import annotations

import io
import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from oncogloss.errors import InputError, MissingExtraError
from oncogloss.readers.passages import make_document
from oncogloss.readers.protocol_pdf import MAX_CHARACTERS, MAX_PAGES, MAX_WORDS
from oncogloss.schema import Document, Line

MAX_BYTES = 50_000_000
MAX_ENTRIES = 2_000  # of a DOCX
MAX_PART = 50_000_000  # bytes of one of its parts, unpacked
MAX_UNPACKED = 150_000_000
MAX_RATIO = 200  # of a part that is larger than 1 MB unpacked
CPU_SECONDS = 20
SECONDS = 30
MEGABYTES = 1_024
PART_PAGES = 20

_END = b"PK\x05\x06"  # of a ZIP archive: its record says how many entries there are, and how long their directory is
_CHILD = Path(__file__).with_name("protocol_child.py")
_PACKAGES = {"pdf": ("pypdfium2", "pypdfium2"), "docx": ("docx", "python-docx")}  # module, package
PROBLEMS = {
    "encrypted": "is encrypted; save it without a password.",
    "broken": "is broken; save it anew, or give its text.",
    "no text": "holds no text, only pictures of pages; run text recognition (OCR) on it first.",
    "no words": "holds no text; give one that does.",
    "pages": f"has more than {MAX_PAGES:,} pages; give it in parts.",
    "characters": f"holds more than {MAX_CHARACTERS:,} characters; give it in parts.",
    "words": f"has a page of more than {MAX_WORDS:,} words; give it in parts.",
    "page": "has no such page.",
    "memory": f"needs more than {MEGABYTES:,} MB of memory to open; give it in parts, or give its text.",
    "time": f"takes more than {CPU_SECONDS} seconds to open; give it in parts, or give its text.",
}


def protocol_kind(head: bytes) -> str | None:
    """`pdf` or `docx` where the first bytes of a file say so; a DOCX may prove to be another kind of ZIP archive."""
    if head.lstrip(b"\xef\xbb\xbf \t\r\n\0").startswith(b"%PDF-"):
        return "pdf"
    return "docx" if head.startswith((b"PK\x03\x04", _END)) else None


def read_protocol(data: bytes, kind: str, source: str) -> Document:
    """Read a PDF or DOCX; the id is the stem of `source`.

    Raises InputError if it is damaged, encrypted, without text, or beyond the limits; MissingExtraError where what
    opens such files is not installed.
    """
    _check(data, kind, source)
    answer = _opened(data, kind)
    if "blocks" not in answer:
        raise _refusal(answer, kind, source)
    texts, layout = _passages(answer["blocks"])
    document = make_document(Path(source).stem or kind, texts, source)
    return document.model_copy(update={"layout": tuple(layout)})


class Picture(NamedTuple):
    """A page as it is shown: how many there are, its width and height in points, and its picture, PNG in base64."""

    pages: int
    width: float
    height: float
    png: str


def page_picture(data: bytes, page: int, source: str) -> Picture:
    """The picture of a PDF's page, counted from 1, drawn in the process that reads such files.

    Raises InputError if it is no PDF, has no such page, or cannot be drawn; MissingExtraError as `read_protocol` does.
    """
    if protocol_kind(data[:1_000]) != "pdf":
        raise InputError(f"{source}: no PDF; only its pages have pictures.")
    _check(data, "pdf", source)
    answer = _opened(data, "picture", page)
    if "picture" not in answer:
        raise _refusal(answer, "pdf", source)
    return Picture(**answer["picture"])


def _check(data: bytes, kind: str, source: str) -> None:
    """Raise what forbids to open the file."""
    module, package = _PACKAGES[kind]
    if find_spec(module) is None:
        raise MissingExtraError(package, "docs")
    if len(data) > MAX_BYTES:
        raise InputError(f"{source}: is larger than {MAX_BYTES:,} bytes; give it in parts, or give its text.")
    if kind == "docx":
        _check_archive(data, source)


def _refusal(answer: Any, kind: str, source: str) -> InputError:
    return InputError(f"{source}: the {kind.upper()} {PROBLEMS.get(answer.get('problem'), PROBLEMS['broken'])}")


def _opened(data: bytes, kind: str, page: int = 0) -> Any:
    """What the child makes of a file: {"blocks": …}, {"picture": …} or {"problem": key}."""
    command = [sys.executable, "-P", str(_CHILD), kind, str(CPU_SECONDS), str(MEGABYTES), str(page)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    try:
        done = subprocess.run(
            command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS, env=environment
        )
    except subprocess.TimeoutExpired:
        return {"problem": "time"}
    if done.returncode == 0:
        return json.loads(done.stdout)
    import signal

    return {"problem": "time" if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL) else "broken"}


def _passages(blocks: list[Any]) -> tuple[list[tuple[str, str]], list[Line]]:
    """((name, text) of each passage in order, where their lines stand)."""
    last = max((page for _, rows in blocks for page in _pages(rows)), default=0)
    texts: dict[str, str] = {}
    lines: list[Line] = []
    tables, before = 0, ""
    for kind, rows in blocks:
        page = next(_pages(rows), 0)
        if kind == "table":
            tables += 1
            name = f"table {tables}, page {page}" if page else f"table {tables}"
        else:
            part = max(page - 1, 0) // PART_PAGES * PART_PAGES
            name = "text" if last <= PART_PAGES else f"pages {part + 1} to {min(part + PART_PAGES, last)}"
        gap = "" if name not in texts else "\n" if kind == before == "item" else "\n\n"
        text = texts.get(name, "") + gap
        texts[name] = text + _written(rows, name, len(text), lines)
        before = before if kind == "table" else kind
    return list(texts.items()), lines


def _pages(rows: list[Any]) -> Iterator[int]:
    return (page for row in rows for cell in row for _, page, _ in cell)


def _written(rows: list[Any], passage: str, start: int, lines: list[Line]) -> str:
    """The text of a block that begins at `start` of a passage; notes in `lines` where its lines stand."""
    written = []
    at = start
    for row in rows:
        for number, cell in enumerate(row):
            for text, page, box in cell:
                written.append(text)
                if page:
                    end = at + len(text.rstrip())
                    place = tuple(round(x, 1) for x in box)
                    lines.append(Line(passage=passage, start=at, end=end, page=page, box=place))
                at += len(text)
            written.append("\n" if number == len(row) - 1 else "\t")
            at += 1
    return "".join(written[:-1])


def _check_archive(data: bytes, source: str) -> None:
    """Refuse what is no DOCX, or would not stay small, from the archive's directory alone."""
    end = data.rfind(_END, max(0, len(data) - 70_000))
    fits = end >= 0 and len(data) - end >= 22
    entries, size = struct.unpack("<HL", data[end + 10 : end + 16]) if fits else (0, 0)
    if entries > MAX_ENTRIES or size > MAX_ENTRIES * 500:
        raise InputError(f"{source}: the ZIP archive has more than {MAX_ENTRIES:,} files, so it is no DOCX to read.")
    try:
        found = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise InputError(f"{source}: the DOCX or ZIP archive {PROBLEMS['broken']}") from None
    names = [entry.filename for entry in found]
    if "word/document.xml" not in names:
        raise InputError(f"{source}: a ZIP archive, but no DOCX; unpack it, and give the files within.")
    for entry in found:
        if entry.flag_bits & 1:
            raise InputError(f"{source}: the DOCX {PROBLEMS['encrypted']}")
        if _bursts(entry):
            raise InputError(f"{source}: the DOCX would unpack to far more than a protocol holds; save it anew.")
    unsafe = any(re.search(r"^/|\\|:|(^|/)\.\.(/|$)|\0", name) for name in names)
    if unsafe or len(set(names)) < len(names) or any(e.compress_type not in (0, 8) for e in found):
        raise InputError(f"{source}: the DOCX is not as a word processor writes it; save it anew.")
    if sum(entry.file_size for entry in found) > MAX_UNPACKED:
        raise InputError(f"{source}: the DOCX would unpack to far more than a protocol holds; save it anew.")


def _bursts(entry: zipfile.ZipInfo) -> bool:
    dense = entry.file_size > 1_000_000 and entry.file_size > MAX_RATIO * max(entry.compress_size, 1)
    return dense or entry.file_size > MAX_PART
