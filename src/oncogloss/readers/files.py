"""From a path or bytes to documents: encoding, kind, and the streams of records."""

from __future__ import annotations

import codecs
import io
import os
import re
import stat
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

from oncogloss.errors import InputError, MissingExtraError, shown
from oncogloss.readers import strict_json
from oncogloss.readers.ctgov import read_study, read_study_xml
from oncogloss.readers.protocol import MAX_BYTES, protocol_kind, read_protocol
from oncogloss.readers.text import read_passages, read_text
from oncogloss.schema import Document

_BINARY_KINDS = {
    b"\x1f\x8b": "a gzip archive; save its text as a UTF-8 text file.",
    b"\xd0\xcf\x11\xe0": "an old or encrypted Word file; save it as DOCX, without a password.",
}
OPENED = ("/dev/std", "/dev/fd/", "/proc/self/fd/")  # names of what is open already, such as the shell's <(command)
_XML_START = re.compile(r"\s*<(?:\?xml|!|clinical_study|html)\b|\s*<!", re.IGNORECASE)
_ELEMENT = re.compile(r"\s*<([A-Za-z][\w:.-]*)")
_AS_TEXT = "; if it is plain text, let it begin with a word"


def read_path(path: Path) -> Iterator[Document | InputError]:
    """Read a file: each record as a Document, or as an InputError that says why it could not be read.

    JSON lines are read as they come, one at a time. Raises nothing on account of the file.
    """
    source = shown(str(path))
    try:
        _refuse_device(path)
        with path.open("rb") as file:
            yield from _read(file, source)
    except InputError as error:
        yield error.with_traceback(None)
    except OSError as error:
        yield InputError(f"{source}: cannot be read ({error.strerror}); check the path and its permissions.")


def read_stream(file: BinaryIO, source: str) -> Iterator[Document | InputError]:
    """Read what an open file called `source` holds; else as read_path. An InputError of the file's own is yielded."""
    opened = file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, file))
    yield from _read(opened, shown(source))


def read_bytes(data: bytes, source: str) -> Iterator[Document | InputError]:
    """Read what would be the content of a file called `source`; else as read_path."""
    yield from _read(io.BufferedReader(io.BytesIO(data)), shown(source))


def input_files(path: Path) -> list[Path]:
    """Return the files `path` stands for: itself, or those in the folder and below, sorted, none hidden.

    What else is in a folder, `left_out` says. Raises InputError as `looked_through` does, or if
    the folder holds no file.
    """
    files, _ = looked_through(path)
    if not files:
        raise no_files(path)
    return files


def left_out(path: Path) -> list[InputError]:
    """What `input_files` leaves out of a folder though it is not hidden, each with why; nothing of a file."""
    return looked_through(path)[1] if path.is_dir() else []


def no_files(folder: Path) -> InputError:
    """The error of a folder without a file that could be read."""
    return InputError(f"{shown(str(folder))}: the folder holds no files; give one that holds trial records or texts.")


def looked_through(path: Path) -> tuple[list[Path], list[InputError]]:
    """(the files of `input_files`; what else is in a folder though it is not hidden, with why it is not read).

    Raises InputError if there is nothing of that name, or it is neither file nor folder.
    """
    if path.is_dir():
        return _walked(path)
    if not path.exists():
        raise InputError(f"{shown(str(path))}: no such file or folder; check the path.")
    _refuse_device(path)
    return [path], []


def _walked(folder: Path) -> tuple[list[Path], list[InputError]]:
    """(the files in a folder and below, sorted; what else is there, with why it is not read); none of them hidden."""
    files: list[Path] = []
    left: list[InputError] = []

    def closed(error: OSError) -> None:
        left.append(_left(error.filename, f"cannot be opened ({error.strerror}); check its permissions."))

    for place, folders, names in os.walk(folder, onerror=closed):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (os.path.join(place, name) for name in [*folders, *names] if not name.startswith(".")):
            if os.path.isfile(path):
                files.append(Path(path))
            elif os.path.islink(path) or not os.path.isdir(path):
                left.append(_left(path, _why_left(path)))
    return sorted(files), left


def _why_left(path: str) -> str:
    if os.path.isdir(path):
        return "is a link to a folder, which may lead back; give it by itself."
    if os.path.islink(path):
        return "is a link that leads to no file; mend it or take it away."
    return "is no regular file, or may not be looked at; check it and its permissions."


def _left(path: str, why: str) -> InputError:
    error = InputError(f"{shown(path)}: {why}")
    error.source = shown(path)
    return error


def _refuse_device(path: Path) -> None:
    """Raise InputError for a device, which may have no end, and for a pipe that nobody may be writing to."""
    mode = path.stat().st_mode
    piped = stat.S_ISFIFO(mode) or os.path.realpath(path).startswith("/dev/pts/")
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or (piped and str(path).startswith(OPENED))):
        raise InputError(f"{shown(str(path))}: is no regular file; give one, or `-` for standard input.")


def _read(opened: io.BufferedReader, source: str) -> Iterator[Document | InputError]:
    try:
        if kind := protocol_kind(opened.peek(16)):
            yield read_protocol(opened.read(MAX_BYTES + 1), kind, source)
            return
        file: BinaryIO = opened
        head = [_line_with_content(file) for _ in range(3)]
        if head[0].startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            file = io.BytesIO(_utf8_of_utf16(b"".join(head) + file.read(), source))
            head = [_line_with_content(file) for _ in range(3)]
        if _are_json_lines(head):
            yield from _read_json_lines(chain(io.BytesIO(b"".join(head)), file), source)
        else:
            yield from _read_whole(b"".join(head) + file.read(), source)
    except InputError as error:
        yield error.with_traceback(None)
    except MissingExtraError as error:
        yield InputError(f"{source}: {error}")


def _line_with_content(file: BinaryIO) -> bytes:
    """The next line that is not blank, with the blank ones before it."""
    lines = []
    for line in file:
        lines.append(line)
        if line.strip():
            break
    return b"".join(lines)


def _are_json_lines(head: list[bytes]) -> bool:
    """Whether a file is JSON lines, to judge by its first three lines of content (b"" where it ends before).

    It is if they cannot all belong to one value, or if they do and yet leave it unfinished where the file
    ends. The first line may be damaged: that must not hide the records after it.
    """
    first, second, third = (line.removeprefix(codecs.BOM_UTF8).decode(errors="replace") for line in head)
    if not (first.lstrip().startswith("{") and second.strip()):
        return False
    if not (strict_json.begins(first) or strict_json.begins(second)):
        return False
    if strict_json.state(first) == "complete":
        return True
    state = strict_json.state(first + second + third)
    broken = state == "broken" or (state == "unfinished" and not third.strip())
    return broken and second.lstrip().startswith("{")


def _read_json_lines(lines: Iterator[bytes], source: str) -> Iterator[Document | InputError]:
    offset = 0
    for number, line in enumerate(lines, 1):
        if line.strip():
            place = f"{source}, line {number}"
            try:
                value = strict_json.parse(_text_of_utf8(line, place, offset), source, number)
            except InputError as error:
                yield error.with_traceback(None)
            else:
                yield from _read_json(value, place)
        offset += len(line)


def _read_whole(data: bytes, source: str) -> Iterator[Document | InputError]:
    for magic, kind in _BINARY_KINDS.items():
        if data.startswith(magic):
            raise InputError(f"{source}: seems to be {kind}")
    if (nul := data.find(0)) >= 0:
        raise InputError(
            f"{source}, byte {nul}: a NUL byte, so this seems to be binary, or UTF-16 without its mark; "
            "save it as UTF-8 text."
        )
    text = _text_of_utf8(data, source)
    if not text.strip():
        raise InputError(f"{source}: is empty; give a file that holds a trial record or text.")
    if strict_json.begins(text):
        yield from _read_json(strict_json.parse(text, source, hint=_AS_TEXT), source)
    elif _XML_START.match(text):
        yield read_study_xml(text, source)
    elif _is_one_element(text):
        raise InputError(
            f"{source}: XML, but no trial; give a record whose outermost element is <clinical_study>{_AS_TEXT}."
        )
    else:
        yield read_text(text, source)


def _is_one_element(text: str) -> bool:
    """Whether a tag begins a text whose end closes it, and not before: "<b>NSCLC</b> patients" is text."""
    tag = _ELEMENT.match(text)
    end = f"</{tag[1]}>" if tag else ""
    return bool(tag) and text.find(end) == len(text.rstrip()) - len(end) > 0


def _read_json(value: object, source: str) -> Iterator[Document | InputError]:
    """Read a record, or each record of a list or of a page {"studies": [...]}."""
    records = value.get("studies", value) if isinstance(value, dict) else value
    if not isinstance(records, list):
        yield _record_or_error(records, source)
    elif not records:
        yield InputError(f"{source}: the list of studies is empty; give one that holds at least one study.")
    else:
        for number, record in enumerate(records, 1):
            yield _record_or_error(record, f"{source}, study {number}")


def _record_or_error(record: object, source: str) -> Document | InputError:
    try:
        if isinstance(record, dict) and "protocolSection" in record:
            return read_study(record, source)
        if isinstance(record, dict) and "passages" in record:
            return read_passages(record, source)
    except InputError as error:
        return error.with_traceback(None)
    if isinstance(record, dict) and "eligibility_text" in record:
        return InputError(
            f'{source}: a row of flattened fields, which only corpus and update read; give {{"id": ..., "passages": '
            '{"brief_title": ..., "eligibility": ...}}.'
        )
    return InputError(
        f'{source}: JSON, but no trial; give a ClinicalTrials.gov study (with "protocolSection"), '
        'a list or page of them, or {"id": ..., "passages": {name: text}}.'
    )


def _utf8_of_utf16(data: bytes, source: str) -> bytes:
    try:
        return data.decode("utf-16").encode()
    except UnicodeDecodeError as error:
        place = f"{source}, byte {error.start}"
    raise InputError(f"{place}: not valid UTF-16, though it is marked so; save it as UTF-8.")


def _text_of_utf8(data: bytes, source: str, offset: int = 0) -> str:
    """Decode, without the byte order mark; `offset` is where in the file `data` begins."""
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place = f"{source}, byte {offset + error.start}"
    raise InputError(f"{place}: not UTF-8 text; save it as UTF-8.")
