"""Files made to harm whoever opens them: one sentence each, in bounded time and memory, and we live on."""

from __future__ import annotations

import io
import resource
import struct
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("pypdfium2")
pytest.importorskip("docx")
pytest.importorskip("reportlab")

from protocols import column, docx, package, pdf, with_body

from oncogloss.errors import InputError
from oncogloss.readers import protocol, read_bytes
from oncogloss.schema import Document

W = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def raw_pdf(*objects: bytes, root: int = 1) -> bytes:
    """A PDF of objects numbered from 1, with a true table of where they stand."""
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%strailer <</Size %d /Root %d 0 R>>\n" % (count, table, count, root)
    return out + b"startxref\n%d\n%%%%EOF" % out.rindex(b"xref\n0 ")


def page_of(content: bytes, filters: bytes = b"", resources: bytes = b"") -> bytes:
    stream = b"<</Length %d %s>>\nstream\n%s\nendstream" % (len(content), filters, content)
    page = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <<%s>>>>" % (
        resources or b"/Font <</F <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>>>"
    )
    return raw_pdf(b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Kids [3 0 R] /Count 1>>", page, stream)


def encrypted() -> bytes:
    from reportlab.lib.pdfencrypt import StandardEncryption

    return pdf(lambda c: column(c, ["secret"], 60, 100), encrypt=StandardEncryption("a", "b"))


def many_pages() -> bytes:
    kids = b" ".join([b"3 0 R"] * 1_001)
    pages = b"<</Type /Pages /Kids [%s] /Count 1001>>" % kids
    return raw_pdf(b"<</Type /Catalog /Pages 2 0 R>>", pages, b"<</Type /Page /MediaBox [0 0 9 9] /Parent 2 0 R>>")


def own_parent() -> bytes:
    return raw_pdf(b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Kids [2 0 R 2 0 R] /Count 2>>")


def form_in_itself() -> bytes:
    form = b"<</Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources <</XObject <</X 5 0 R>>>> /Length 5>>\n"
    file = page_of(b"/X Do /X Do", resources=b"/XObject <</X 5 0 R>>")
    return file.replace(b"xref\n0 5", b"5 0 obj\n" + form + b"stream\n/X Do\nendstream\nendobj\nxref\n0 5")


def lying_sizes() -> bytes:
    data = bytearray(with_body(b"<w:document %s><!--%s--></w:document>" % (W, b"x" * 40_000_000)))
    at = data.rindex(b"word/document.xml") - 46
    struct.pack_into("<L", data, at + 24, 5_000)
    return bytes(data)


def flagged() -> bytes:
    data = bytearray(docx(lambda d: d.add_paragraph("x")))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def twice() -> bytes:
    return package({"word/document.xml": b"", "word/document.xmm": b""}).replace(b"document.xmm", b"document.xml")


def nested(depth: int) -> bytes:
    return b"<w:document %s><w:body>%s%s</w:body></w:document>" % (W, b"<w:sdt>" * depth, b"</w:sdt>" * depth)


LAUGHS = b"".join(b'<!ENTITY a%d "%s">' % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 12))
BROKEN = "is broken; save it anew, or give its text."
UNPACKS = "would unpack to far more than a protocol holds; save it anew."
STRANGE = "is not as a word processor writes it; save it anew."

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "pdf: a head alone": (lambda: b"%PDF-1.7\n...", f"the PDF {BROKEN}"),
    "pdf: noise": (lambda: b"%PDF-1.7\n" + zlib.compress(bytes(range(256)) * 400), f"the PDF {BROKEN}"),
    "pdf: encrypted": (encrypted, "the PDF is encrypted; save it without a password."),
    "pdf: no pages": (
        lambda: raw_pdf(b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Kids [] /Count 0>>"),
        f"the PDF {BROKEN}",
    ),
    "pdf: pictures alone": (
        lambda: pdf(lambda c: c.rect(9, 9, 300, 300, fill=1)),
        "the PDF holds no text, only pictures of pages; run text recognition (OCR) on it first.",
    ),
    "pdf: a thousand and one pages": (many_pages, "the PDF has more than 1,000 pages; give it in parts."),
    "pdf: a page with words without end": (
        lambda: page_of(b"BT /F 1 Tf 9 9 Td 1 TL " + b"(a b c d e f g h i j k l) Tj T* " * 9_000 + b"ET"),
        "the PDF has a page of more than 20,000 words; give it in parts.",
    ),
    "docx: 100 KB that are 100 MB": (
        lambda: with_body(b"<w:document %s>%s</w:document>" % (W, b" " * 100_000_000)), f"the DOCX {UNPACKS}",
    ),
    "docx: a picture that bursts": (
        lambda: package({"word/document.xml": b"<a/>", "word/media/a.png": bytes(40_000_000)}), f"the DOCX {UNPACKS}",
    ),
    "docx: sizes that lie": (lying_sizes, f"the DOCX {BROKEN}"),
    "docx: ten thousand parts": (
        lambda: package({f"{i}": b"" for i in range(10_000)}, zipfile.ZIP_STORED),
        "the ZIP archive has more than 2,000 files, so it is no DOCX to read.",
    ),
    "docx: a name that climbs": (
        lambda: package({"word/document.xml": b"", "word/../../a.xml": b""}), f"the DOCX {STRANGE}",
    ),
    "docx: a name from the root": (lambda: package({"word/document.xml": b"", "/etc/a": b""}), f"the DOCX {STRANGE}"),
    "docx: a part twice": (twice, f"the DOCX {STRANGE}"),
    "docx: packed by bzip2": (
        lambda: package({"word/document.xml": b"<a/>"}, zipfile.ZIP_BZIP2), f"the DOCX {STRANGE}",
    ),
    "docx: flagged as encrypted": (flagged, "the DOCX is encrypted; save it without a password."),
    "docx: laughs by the billion": (
        lambda: with_body(
            b'<!DOCTYPE a [<!ENTITY a0 "ha">' + LAUGHS
            + b"]><w:document %s><w:body><w:p><w:r><w:t>&a11;</w:t></w:r></w:p></w:body></w:document>" % W
        ),
        f"the DOCX {BROKEN}",
    ),
    "docx: another file by an entity": (
        lambda: with_body(
            b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
            b"<w:document %s><w:body><w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>" % W
        ),
        "the DOCX holds no text; give one that does.",
    ),
    "docx: as deep as a well": (lambda: with_body(nested(20_000)), f"the DOCX {BROKEN}"),
    "docx: no XML": (lambda: with_body(b"\x00\xff" * 99), f"the DOCX {BROKEN}"),
    "docx: no words": (
        lambda: with_body(b"<w:document %s><w:body/></w:document>" % W), "the DOCX holds no text; give one that does.",
    ),
    "docx: cut off": (lambda: docx(lambda d: d.add_paragraph("x"))[:-40], f"the DOCX or ZIP archive {BROKEN}"),
    "zip: empty": (
        lambda: package({}), "a ZIP archive, but no DOCX; unpack it, and give the files within.",
    ),
    "zip: of something else": (
        lambda: package({"a.txt": b"words"}), "a ZIP archive, but no DOCX; unpack it, and give the files within.",
    ),
}  # fmt: skip

SURVIVED: dict[str, Callable[[], bytes]] = {
    "arrays as deep as a well": lambda: page_of(b"BT /F 9 Tf (words) Tj ET " + b"[" * 200_000),
    "a page tree that is its own child": own_parent,
    "a form within itself": form_in_itself,
    "a stream that bursts": lambda: page_of(zlib.compress(b"0 0 m " * 8_000_000), b"/Filter /FlateDecode"),
    "a negative length": lambda: page_of(b"BT /F 9 Tf (words) Tj ET").replace(b"/Length 24", b"/Length -4"),
    "a table of places that points at itself": lambda: page_of(b"").replace(b"/Root", b"/Prev 15 /Root"),
    "a page larger than the world": lambda: page_of(b"BT /F 9 Tf 9 9 Td (words) Tj ET").replace(
        b"595 842", b"1e38 1e38"
    ),
    "more pages promised than there are": lambda: page_of(b"").replace(b"/Count 1", b"/Count 999999999"),
}


def opened(data: bytes) -> Document | InputError:
    """What comes of a file; in time, and without growing."""
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    (item,) = read_bytes(data, "x")
    assert time.monotonic() - begun < protocol.SECONDS + 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64_000
    return item


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_in_one_sentence(kind: str) -> None:
    make, sentence = REFUSED[kind]
    item = opened(make())
    assert isinstance(item, InputError)
    assert str(item).removeprefix("x: ") == sentence


@pytest.mark.parametrize("kind", SURVIVED)
def test_read_or_refused_but_survived(kind: str) -> None:
    item = opened(SURVIVED[kind]())
    assert isinstance(item, Document) or ("\n" not in str(item) and str(item).startswith("x: the PDF "))


def test_what_is_too_large_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_BYTES", 99)
    with pytest.raises(InputError, match="larger than 99 bytes"):
        protocol.read_protocol(b"%PDF-1.7" + bytes(99), "pdf", "x")


IMPOSTORS = {
    "end": "time", "grow": "memory", "die": "broken", "socket": "no words", "file": "no words", "write": "no words",
}  # fmt: skip
IMPOSTOR = """
import os, socket
def attempt(what):
    try:
        what()
    except OSError:
        raise ValueError("no words") from None
def Document(data):
    attempt(DEED)
"""
DEEDS = {
    "end": "lambda: [0 for _ in iter(int, 1)]",
    "grow": "lambda: bytearray(4 << 30)",
    "die": "os.abort",
    "socket": "socket.socket",
    "file": "lambda: open('/etc/hostname')",
    "write": "lambda: open('/tmp/oncogloss-impostor', 'w')",
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_library_that_is_taken_over_can_do_nothing(
    deed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docx.py").write_text(IMPOSTOR.replace("DEED", DEEDS[deed]))
    data = docx(lambda d: d.add_paragraph("x"))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(protocol, "CPU_SECONDS", 1)
    with pytest.raises(InputError) as caught:
        protocol.read_protocol(data, "docx", "x")
    assert str(caught.value) == f"x: the DOCX {protocol.PROBLEMS[IMPOSTORS[deed]]}"


def test_a_zip_bomb_is_refused_from_its_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(protocol, "_opened", never)
    data = package({"word/document.xml": bytes(30_000_000)})
    assert len(data) < 100_000 and zipfile.is_zipfile(io.BytesIO(data))
    begun = time.process_time()
    with pytest.raises(InputError, match="unpack"):
        protocol.read_protocol(data, "docx", "x")
    assert time.process_time() - begun < 0.2
