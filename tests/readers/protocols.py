"""Protocols of an invented trial, drawn by libraries; no word of them stands in a real one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable

WIDTH, HEIGHT = 595, 842
LEADING = 12


def pdf(*pages: Callable[..., None], **options: object) -> bytes:
    """A PDF of pages, each drawn by a function that gets the canvas."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(WIDTH, HEIGHT), **options)
    for draw in pages:
        canvas.setFont("Helvetica", 10)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def column(canvas: object, lines: Iterable[str], x: float, top: float) -> None:
    """Lines of text below one another; `top` counts from the top of the page."""
    for number, line in enumerate(lines):
        canvas.drawString(x, HEIGHT - top - LEADING * number, line)  # type: ignore[attr-defined]


def justified(canvas: object, text: str, x: float, top: float, width: float) -> float:
    """A paragraph set to a width; returns where it ends."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    paragraph = Paragraph(text, ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=LEADING, alignment=4))
    _, height = paragraph.wrap(width, HEIGHT)
    paragraph.drawOn(canvas, x, HEIGHT - top - height)
    return top + height


def ruled(
    canvas: object, rows: list[list[str]], x: float, top: float, style: Iterable[tuple[object, ...]] = ()
) -> None:
    """A table with a line around each cell."""
    from reportlab.lib import colors
    from reportlab.platypus import Table

    table = Table(rows, style=[("GRID", (0, 0), (-1, -1), 0.5, colors.black), *style])
    _, height = table.wrap(WIDTH, HEIGHT)
    table.drawOn(canvas, x, HEIGHT - top - height)


def docx(fill: Callable[..., None]) -> bytes:
    """A DOCX that a function fills."""
    import docx as library

    document, out = library.Document(), io.BytesIO()
    fill(document)
    document.save(out)
    return out.getvalue()


def package(parts: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive of parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def with_body(xml: bytes) -> bytes:
    """A DOCX whose document part is `xml`."""
    with zipfile.ZipFile(io.BytesIO(docx(lambda d: d.add_paragraph("x")))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return package(parts | {"word/document.xml": xml})
