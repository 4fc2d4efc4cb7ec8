"""The process that opens a PDF or DOCX: bounded time and memory, no network, no other file, no other program.

Run as `python protocol_child.py pdf|docx|picture SECONDS MEGABYTES PAGE` with the file on standard input; writes
{"blocks": …}, {"picture": …} of that page, or {"problem": key of `protocol.PROBLEMS`}. Imports nothing of ours, so that
it starts at once.
"""

from __future__ import annotations

import base64
import io
import json
import resource
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from runpy import run_path
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
DROPPED = {FALLBACK, f"{W}del", f"{W}moveFrom"}
BLANKS = {f"{W}tab": " ", f"{W}br": " ", f"{W}cr": " ", f"{W}noBreakHyphen": "-"}
Block = tuple[str, list[list[list[tuple[str, int, None]]]]]  # as those of protocol_pdf; a DOCX has no pages
MAX_CHARACTERS = 5_000_000


def main() -> None:
    """Read what comes in under the limits that the arguments give."""
    kind, (seconds, megabytes, page) = sys.argv[1], map(int, sys.argv[2:])
    _limit(resource.RLIMIT_CPU, seconds)
    _limit(resource.RLIMIT_AS, megabytes << 20)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    try:
        read = _reader(kind, page)
        data = sys.stdin.buffer.read()
        _limit(resource.RLIMIT_NOFILE, 0)  # neither files nor sockets from here on
        answer = json.dumps(read(data))
    except MemoryError:
        answer = json.dumps({"problem": "memory"})
    except ValueError as error:
        answer = json.dumps({"problem": str(error)})
    except Exception:
        answer = json.dumps({"problem": "broken"})
    sys.stdout.write(answer)


def _limit(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _reader(kind: str, page: int) -> Callable[[bytes], dict[str, Any]]:
    """What reads a file of a kind; all that it imports is imported here, while files may be opened."""
    if kind == "docx":
        import encodings.cp437  # noqa: F401  (of names in archives)

        import docx  # noqa: F401

        return lambda data: {"blocks": read_docx(data)}
    import pypdfium2  # noqa: F401

    pdf = run_path(str(Path(__file__).with_name("protocol_pdf.py")))
    if kind == "picture":
        return lambda data: {"picture": _sendable(*pdf["read_picture"](data, page))}
    layout = run_path(str(Path(__file__).with_name("protocol_layout.py")))
    return lambda data: {"blocks": layout["blocks_of"](pdf["read_pages"](data))}


def _sendable(pages: int, width: float, height: float, png: bytes) -> dict[str, Any]:
    return {"pages": pages, "width": width, "height": height, "png": base64.b64encode(png).decode("ascii")}


def read_docx(data: bytes) -> list[Block]:
    """The paragraphs, list items and tables of a DOCX in order, as they stand when all changes are accepted."""
    import docx

    document = docx.Document(io.BytesIO(_inflated(data)))
    blocks = list(_blocks(document.element.body, _list_styles(document)))
    if not blocks:
        raise ValueError("no words")
    if sum(len(p[0]) for _, rows in blocks for row in rows for cell in row for p in cell) > MAX_CHARACTERS:
        raise ValueError("characters")
    return blocks


def _list_styles(document: Any) -> set[str]:
    """The ids of the styles that make items of lists. Of a DOCX without styles none: python-docx would open a file of
    its own for them."""
    from docx.opc.constants import RELATIONSHIP_TYPE

    if not any(relation.reltype == RELATIONSHIP_TYPE.STYLES for relation in document.part.rels.values()):
        return set()
    return {s.style_id for s in document.styles if s.element.find(f"{W}pPr/{W}numPr") is not None}


def _inflated(data: bytes) -> bytes:
    """The package with its XML unpacked, no part longer than the directory says, and everything else left empty."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as package, zipfile.ZipFile(out, "w") as safe:
        for entry in package.infolist():
            part = b""
            if entry.filename.endswith((".xml", ".rels")):
                with package.open(entry) as file:
                    part = file.read(entry.file_size + 1)
                if len(part) != entry.file_size:
                    raise ValueError("broken")
            safe.writestr(entry.filename, part)
    return out.getvalue()


def _blocks(parent: Any, listed: set[str]) -> Iterator[Block]:
    for child in parent:
        if child.tag == f"{W}p":
            if text := _text(child):
                item = _is_listed(child, listed)
                yield "item" if item else "paragraph", [[[(f"- {text}" if item else text, 0, None)]]]
        elif child.tag == f"{W}tbl":
            rows = [_cells(row) for row in child.iter(f"{W}tr") if _table_of(row) is child]
            if any(any(row) for row in rows):
                yield "table", rows
        elif child.tag not in DROPPED and child.tag != f"{W}sectPr":  # content controls, accepted changes
            yield from _blocks(child, listed)


def _table_of(row: Any) -> Any:
    return next(row.iterancestors(f"{W}tbl"))


def _cells(row: Any) -> list[list[tuple[str, int, None]]]:
    """The cells of a row; those that a merged cell covers are empty."""
    cells: list[list[tuple[str, int, None]]] = []
    for cell in row.iter(f"{W}tc"):
        if next(cell.iterancestors(f"{W}tr")) is not row:
            continue
        text = _text(cell)
        cells.append([(text, 0, None)] if text else [])
        span = cell.find(f"{W}tcPr/{W}gridSpan")
        width = span.get(f"{W}val", "1") if span is not None else "1"
        cells += [[] for _ in range(min(int(width), 100) - 1)] if width.isdigit() else []
    return cells


def _text(element: Any) -> str:
    """The words within an element, blanks as one space; neither deleted ones, nor those shown for old programs."""
    parts: list[str] = []
    _gather(element, parts)
    return " ".join("".join(parts).split())


def _gather(element: Any, parts: list[str]) -> None:
    for child in element:
        if child.tag == f"{W}t":
            parts.append(child.text or "")
        elif child.tag in BLANKS:
            parts.append(BLANKS[child.tag])
        elif child.tag not in DROPPED:
            _gather(child, parts)
            if child.tag == f"{W}p":
                parts.append(" ")


def _is_listed(paragraph: Any, listed: set[str]) -> bool:
    number = paragraph.find(f"{W}pPr/{W}numPr/{W}numId")
    if number is not None:
        return bool(number.get(f"{W}val") != "0")
    style = paragraph.find(f"{W}pPr/{W}pStyle")
    return style is not None and style.get(f"{W}val") in listed and not str(style.get(f"{W}val")).startswith("Heading")


if __name__ == "__main__":
    main()
