"""A PDF in; its words with their boxes and its ruled lines out, page by page; or one page as a picture.

Runs in the process of `protocol_child`, and imports nothing of ours so that it starts at once. A box is (left, top,
right, bottom) in points from the top left corner of the page as it is shown. What cannot be read raises ValueError with
a key of `protocol.PROBLEMS`.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Box = tuple[float, float, float, float]

MAX_PAGES = 1_000
MAX_CHARACTERS = 5_000_000
MAX_WORDS = 20_000  # of a page
MAX_EDGES = 20_000  # of a page; more are a drawing, not tables
WIDE, HIGH = 1_100, 2_200  # pixels that the picture of a page may have
HYPHENS = {0x02, 0xAD, 0xFFFE}  # how PDFium marks a hyphen at the end of a line


class Word(NamedTuple):
    """Characters without a space between them."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    upright: bool = True

    @property
    def height(self) -> float:
        """Height of its line."""
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


class Edge(NamedTuple):
    """A ruled line: `at` across, from `start` to `end` along."""

    at: float
    start: float
    end: float


class Page(NamedTuple):
    """What stands on a page, and what rules it."""

    number: int
    height: float
    words: list[Word]
    across: list[Edge]
    down: list[Edge]


def read_pages(data: bytes) -> list[Page]:
    """What stands on each page."""
    pdf = _opened(data)
    pages, characters = [], 0
    for number in range(1, len(pdf) + 1):
        page = pdf[number - 1]
        pages.append(_page(page, number))
        page.close()
        characters += sum(len(word.text) for word in pages[-1].words)
        if characters > MAX_CHARACTERS:
            raise ValueError("characters")
    return pages


def read_picture(data: bytes, number: int) -> tuple[int, float, float, bytes]:
    """(how many pages there are, width and height of this one in points, its picture as PNG)."""
    pdf = _opened(data)
    if number > len(pdf):
        raise ValueError("page")
    page = pdf[number - 1]
    width, height = page.get_size()
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise ValueError("broken")
    bitmap = page.render(scale=min(WIDE / width, HIGH / height), rev_byteorder=True)
    return len(pdf), width, height, _png(bitmap)


def _png(bitmap: Any) -> bytes:
    """A bitmap of red, green and blue as a PNG file."""
    row = 3 * bitmap.width
    if bitmap.n_channels != 3:
        raise ValueError("broken")
    pixels = memoryview(bitmap.buffer).cast("B")
    lines = b"".join(b"\0" + pixels[at : at + row] for at in range(0, bitmap.height * bitmap.stride, bitmap.stride))

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", bitmap.width, bitmap.height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def _opened(data: bytes) -> Any:
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise ValueError("encrypted" if "password" in str(error).lower() else "broken") from None
    if len(pdf) > MAX_PAGES:
        raise ValueError("pages")
    return pdf


def _page(page: Any, number: int) -> Page:
    turn, height, angle = _turned(page)
    words = list(_words(page.get_textpage(), turn, angle))
    if len(words) > MAX_WORDS:
        raise ValueError("words")
    across, down = _edges(page, turn)
    return Page(number, height, words, across, down)


def _turned(page: Any) -> tuple[Callable[[float, float, float, float], Box], float, float]:
    """(from left, bottom, right, top in the page's own space to a box as shown; height as shown; turn in radians)."""
    x, y, right, top = page.get_bbox()
    width, height, turn = right - x, top - y, page.get_rotation()

    def box(x1: float, y1: float, x2: float, y2: float) -> Box:
        x1, y1, x2, y2 = x1 - x, y1 - y, x2 - x, y2 - y
        if turn == 90:
            return y1, x1, y2, x2
        if turn == 180:
            return width - x2, y1, width - x1, y2
        if turn == 270:
            return height - y2, width - x2, height - y1, width - x1
        return x1, height - y2, x2, height - y1

    return box, width if turn in (90, 270) else height, math.radians(turn)


def _words(textpage: Any, turn: Callable[..., Box], angle: float) -> Iterator[Word]:
    from ctypes import byref

    from pypdfium2 import raw

    rect = raw.FS_RECTF()
    pointer = byref(rect)
    text, box, upright = "", (0.0, 0.0, 0.0, 0.0), True
    for i in range(textpage.count_chars()):
        code = raw.FPDFText_GetUnicode(textpage, i)
        hyphen = code in HYPHENS
        character = "-" if hyphen else "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
        blank = not hyphen and (code < 32 or character.isspace())
        if blank or not raw.FPDFText_GetLooseCharBox(textpage, i, pointer):
            if text:
                yield Word(text, *box, upright)
            text = ""
            continue
        new = turn(rect.left, rect.bottom, rect.right, rect.top)
        if text and upright and _apart(box, new):
            yield Word(text, *box, upright)
            text = ""
        if text:
            box = (min(box[0], new[0]), min(box[1], new[1]), max(box[2], new[2]), max(box[3], new[3]))
        else:
            box = new
            upright = abs(math.sin((raw.FPDFText_GetCharAngle(textpage, i) + angle) / 2)) < 0.1
        text += character
    if text:
        yield Word(text, *box, upright)


def _apart(box: Box, new: Box) -> bool:
    """Whether a character stands too far from the word before it to belong to it."""
    height = max(box[3] - box[1], new[3] - new[1])
    return new[0] - box[2] > height or new[0] < box[0] - height or min(box[3], new[3]) < max(box[1], new[1])


def _edges(page: Any, turn: Callable[..., Box]) -> tuple[list[Edge], list[Edge]]:
    """The straight lines of a page, (across, down), none of them where there are too many."""
    from ctypes import byref, c_float

    from pypdfium2 import raw

    across, down, seen = [], [], 0
    x, y = c_float(), c_float()
    for thing in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=1):
        count = raw.FPDFPath_CountSegments(thing)
        seen += count
        if seen > MAX_EDGES:
            return [], []
        matrix, points = thing.get_matrix(), []
        for i in range(count):
            segment = raw.FPDFPath_GetPathSegment(thing, i)
            raw.FPDFPathSegment_GetPoint(segment, byref(x), byref(y))
            px, py = matrix.on_point(x.value, y.value)
            point = turn(px, py, px, py)[:2]
            kind = raw.FPDFPathSegment_GetType(segment)
            if kind == raw.FPDF_SEGMENT_MOVETO:
                points = [point]
            ends = [points[-1:], [point]] if kind == raw.FPDF_SEGMENT_LINETO else []
            ends += [[point], points[:1]] if raw.FPDFPathSegment_GetClose(segment) else []
            for (a,), (b,) in zip(ends[::2], ends[1::2], strict=True):
                if abs(a[1] - b[1]) < 1 <= abs(a[0] - b[0]):
                    across.append(Edge(a[1], min(a[0], b[0]), max(a[0], b[0])))
                elif abs(a[0] - b[0]) < 1 <= abs(a[1] - b[1]):
                    down.append(Edge(a[0], min(a[1], b[1]), max(a[1], b[1])))
            points.append(point)
    return across, down
