"""Pages of a PDF as pictures."""

from __future__ import annotations

import base64
import struct
import zlib

import pytest

pytest.importorskip("pypdfium2")
pytest.importorskip("docx")
pytest.importorskip("reportlab")

from protocols import HEIGHT, WIDTH, column, docx, pdf
from test_protocol_hostile import REFUSED, SURVIVED, page_of

from oncogloss.errors import InputError, MissingExtraError
from oncogloss.readers import protocol
from oncogloss.readers.protocol import Picture, page_picture
from oncogloss.readers.protocol_pdf import HIGH, WIDE

Rows = list[bytes]


def pixels(picture: Picture) -> tuple[int, int, Rows]:
    """(width, height, rows of red, green and blue) of its PNG, whose checksums must be right."""
    data = base64.b64decode(picture.png, validate=True)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, {}
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        body = data[at + 4 : at + 8 + length]
        assert zlib.crc32(body) == struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0]
        chunks[body[:4]] = body[4:]
        at += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    wide, high, *kind = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert kind == [8, 2, 0, 0, 0]
    lines = zlib.decompress(chunks[b"IDAT"])
    rows = [lines[n : n + 3 * wide + 1] for n in range(0, len(lines), 3 * wide + 1)]
    assert len(rows) == high and all(row[0] == 0 for row in rows)
    return wide, high, [row[1:] for row in rows]


def colour(picture: Picture, x: float, y: float) -> tuple[int, ...]:
    """The colour at a place given in points from the top left."""
    wide, _, rows = pixels(picture)
    scale = wide / picture.width
    column = int(x * scale)
    return tuple(rows[int(y * scale)][3 * column : 3 * column + 3])


def squares(canvas: object, turn: int = 0) -> None:
    """A red square 100 points from the left and 200 from the top of the page as it is shown, a blue one beside it."""
    canvas.setPageRotation(turn)  # type: ignore[attr-defined]
    canvas.rotate(turn)  # type: ignore[attr-defined]
    shift = {0: (0, 0), 90: (0, -HEIGHT), 180: (-WIDTH, -HEIGHT), 270: (-WIDTH, 0)}[turn]
    canvas.translate(*shift)  # type: ignore[attr-defined]
    for x, fill in ((100, (1, 0, 0)), (140, (0, 0, 1))):
        canvas.setFillColorRGB(*fill)  # type: ignore[attr-defined]
        canvas.rect(x, HEIGHT - 220, 20, 20, stroke=0, fill=1)  # type: ignore[attr-defined]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_is_drawn_as_it_is_shown(turn: int) -> None:
    picture = page_picture(pdf(lambda c: None, lambda c: squares(c, turn)), 2, "x")
    assert picture.pages == 2
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert colour(picture, 110, 210) == (255, 0, 0)
    assert colour(picture, 150, 210) == (0, 0, 255)
    assert colour(picture, 130, 210) == (255, 255, 255)


@pytest.mark.parametrize(("wide", "high"), [(1, 20_000), (20_000, 1), (14_400, 14_400), (3, 3)])
def test_no_picture_is_larger_than_its_bounds(wide: int, high: int) -> None:
    page = page_of(b"0 0 9 9 re f").replace(b"0 0 595 842", b"0 0 %d %d" % (wide, high))
    found_wide, found_high, _ = pixels(page_picture(page, 1, "x"))
    assert 1 <= found_wide <= WIDE + 1 and 1 <= found_high <= HIGH + 1


def test_what_has_no_pictures_is_said() -> None:
    one = pdf(lambda c: column(c, ["ECOG 0 or 1"], 60, 100))
    for data, number, sentence in (
        (one, 2, "x: the PDF has no such page."),
        (b"ECOG 0 or 1", 1, "x: no PDF; only its pages have pictures."),
        (docx(lambda d: d.add_paragraph("x")), 1, "x: no PDF; only its pages have pictures."),
    ):
        with pytest.raises(InputError) as caught:
            page_picture(data, number, "x")
        assert str(caught.value) == sentence


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pypdfium2"):
        page_picture(b"%PDF-1.7", 1, "x")


HOSTILE = {name: make for name, (make, _) in REFUSED.items() if name.startswith("pdf: ")} | SURVIVED


def drawn(data: bytes) -> Picture | InputError:
    try:
        return page_picture(data, 1, "x")
    except InputError as refused:
        return refused


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_drawn_or_refused_in_one_sentence(name: str) -> None:
    found = drawn(HOSTILE[name]())
    if isinstance(found, InputError):
        assert str(found).startswith("x: the PDF ") and "\n" not in str(found)
    else:
        wide, high, _ = pixels(found)
        assert wide <= WIDE + 1 and high <= HIGH + 1
