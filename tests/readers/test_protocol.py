"""PDF and DOCX files as documents."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pypdfium2")
pytest.importorskip("docx")
pytest.importorskip("reportlab")

from protocols import HEIGHT, WIDTH, column, docx, justified, package, pdf, ruled
from reportlab.pdfbase.pdfmetrics import stringWidth

from oncogloss.errors import MissingExtraError
from oncogloss.readers import protocol, protocol_layout, read_bytes, read_path
from oncogloss.readers.protocol_pdf import Word
from oncogloss.schema import Document

LEFT = (
    "Zorbatinib is given by mouth once daily in cycles of twenty-one days until the moon sarcoma grows or the "
    "participant withdraws consent, whichever comes first. Treatment beyond growth is allowed."
)
RIGHT = (
    "Howling is counted each night by a trained listener. A night without moonlight counts as missing, and two of "
    "them in a row end the count. The listener does not know the arm of the participant."
)
VISITS = [["Visit", "Screening", "C1D1", "C2D1"], ["ECOG", "X", "", "X"], ["CT scan", "X", "X", ""]]


def read(data: bytes, name: str = "moon.pdf") -> Document:
    (document,) = read_bytes(data, name)
    assert isinstance(document, Document), document
    texts = {p.name: p.text for p in document.passages}
    for line in document.layout:
        words = texts[line.passage][line.start : line.end]
        assert words and words == words.strip() and "\n" not in words and "\t" not in words
        left, top, right, bottom = line.box
        assert left < right and top < bottom
    return document


def texts(document: Document) -> dict[str, str]:
    return {passage.name: passage.text for passage in document.passages}


def test_columns_are_read_one_after_the_other() -> None:
    def draw(canvas: object) -> None:
        column(canvas, ["A Pretend Study of Zorbatinib in People Who Have Moon Sarcoma and Howl at Night"], 60, 80)
        for number, text in enumerate((LEFT, RIGHT)):
            justified(canvas, text, 60 + 250 * number, 120, 225)

    title, left, right = texts(read(pdf(draw)))["text"].split("\n\n")
    assert title.startswith("A Pretend Study")
    assert (left, right) == (LEFT, RIGHT)


def test_running_heads_go_and_a_paragraph_runs_over_the_page() -> None:
    def drawn(number: int, lines: list[str]) -> object:
        def draw(canvas: object) -> None:
            column(canvas, ["Protocol MOON-1, version 2"], 60, 30)
            column(canvas, lines, 60, 100)
            column(canvas, [f"Confidential          Page {number} of 3"], 60, 820)

        return draw

    first = ["The participant comes to the clinic for a", "count of howls at the end of each cycle and"]
    second = ["stays for the night of the full moon there.", "All samples are kept."]
    third = ["Thereafter nothing happens."]
    document = read(pdf(*(drawn(i, lines) for i, lines in enumerate((first, second, third), 1))))  # type: ignore[arg-type]
    assert texts(document) == {"text": f"{' '.join(first)} {' '.join(second)}\n\n{third[0]}"}
    assert [line.page for line in document.layout] == [1, 1, 2, 2, 3]


def test_what_stands_on_one_page_alone_is_no_running_head() -> None:
    document = read(pdf(lambda c: column(c, ["Alone above"], 60, 30), lambda c: column(c, ["Other words"], 60, 30)))
    assert texts(document)["text"] == "Alone above\n\nOther words"


def test_boxes_are_where_the_words_were_drawn() -> None:
    document = read(pdf(lambda c: c.drawString(72, 700, "ECOG 0 or 1"), lambda c: c.drawString(200, 90, "Age")))
    for line, (x, y, words) in zip(document.layout, [(72, 700, "ECOG 0 or 1"), (200, 90, "Age")], strict=True):
        left, top, right, bottom = line.box
        assert left == pytest.approx(x, abs=1.5)
        assert right == pytest.approx(x + stringWidth(words, "Helvetica", 10), abs=1.5)
        assert top < HEIGHT - y < bottom
        assert bottom - top < 15


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_is_read_as_it_is_shown(turn: int) -> None:
    def draw(canvas: object) -> None:
        canvas.setPageRotation(turn)  # type: ignore[attr-defined]
        canvas.rotate(turn)  # type: ignore[attr-defined]
        canvas.translate(*{90: (0, -HEIGHT), 180: (-WIDTH, -HEIGHT), 270: (-WIDTH, 0)}[turn])  # type: ignore[attr-defined]
        canvas.drawString(50, HEIGHT - 100, "First line of words.")  # type: ignore[attr-defined]
        canvas.drawString(50, HEIGHT - 140, "Second line.")  # type: ignore[attr-defined]

    document = read(pdf(draw))
    assert texts(document)["text"] == "First line of words.\n\nSecond line."
    left, top, _, bottom = document.layout[0].box
    assert left == pytest.approx(50, abs=1.5)
    assert top < 100 < bottom


def test_hyphens_at_the_end_of_a_line() -> None:
    lines = [
        "Participants with non-small cell moon sarcoma who had a treat-", "ment before, and those whose non-",
        "small tumour shows PD-", "L1 on each cell, and whose HER2-", "positive tumour was taken out wholly.",
    ]  # fmt: skip
    text = texts(read(pdf(lambda c: column(c, lines, 60, 100))))["text"]
    flat = " ".join(text.split())
    assert "a treatment before" in flat
    assert "whose non-small tumour shows PD-L1 on each cell, and whose HER2-positive tumour" in flat


def test_paragraphs_and_items_are_kept() -> None:
    def draw(canvas: object) -> None:
        column(canvas, ["5.1 Inclusion criteria"], 60, 80)
        end = justified(canvas, LEFT, 60, 100, 300)
        end = justified(canvas, RIGHT, 60, end + 10, 300)
        items = ["•   ECOG 0 or 1", "•   A tumour that can be measured on a scan and that", "     was never treated"]
        column(canvas, items, 60, end + 20)

    assert texts(read(pdf(draw)))["text"] == (
        f"5.1 Inclusion criteria\n\n{LEFT}\n\n{RIGHT}\n\n"
        "• ECOG 0 or 1\n• A tumour that can be measured on a scan and that was never treated"
    )


def test_a_ruled_table_is_a_passage_of_its_own() -> None:
    def draw(canvas: object) -> None:
        column(canvas, ["Table 1. Schedule of assessments"], 60, 80)
        ruled(canvas, VISITS, 60, 100)
        column(canvas, ["Words that come after the table."], 60, 200)

    document = read(pdf(draw))
    assert texts(document) == {
        "text": "Table 1. Schedule of assessments\n\nWords that come after the table.",
        "table 1, page 1": "\n".join("\t".join(row) for row in VISITS),
    }
    cells = [line for line in document.layout if line.passage != "text"]
    assert len(cells) == sum(bool(cell) for row in VISITS for cell in row)
    assert all(95 < line.box[1] < line.box[3] < 165 for line in cells)


def test_cells_that_are_merged_or_broken_over_lines() -> None:
    rows = [["Visit", "Treatment with zorbatinib", ""], ["", "Cycle 1", "Cycle 2"], ["ECOG\nstatus", "X", ""]]
    merged = [("SPAN", (1, 0), (2, 0)), ("SPAN", (0, 0), (0, 1))]
    table = texts(read(pdf(lambda c: ruled(c, rows, 60, 100, merged))))["table 1, page 1"]
    assert table == "Visit\tTreatment with zorbatinib\t\n\tCycle 1\tCycle 2\nECOG status\tX\t"


def test_a_table_without_rules() -> None:
    def draw(canvas: object) -> None:
        for x, cells in zip((60, 260, 400), list(zip(*VISITS, strict=True))[:3], strict=True):
            for number, cell in enumerate(cells):
                canvas.drawString(x, HEIGHT - 100 - 14 * number, cell)  # type: ignore[attr-defined]

    assert texts(read(pdf(draw))) == {"table 1, page 1": "\n".join("\t".join(row[:3]) for row in VISITS)}


def test_a_long_pdf_is_cut_into_parts_at_pages() -> None:
    pages = [lambda c, i=i: column(c, [f"Page {i} says the word {'n' * (i % 7 + 1)}."], 60, 300) for i in range(1, 46)]
    found = texts(read(pdf(*pages)))
    assert list(found) == ["pages 1 to 20", "pages 21 to 40", "pages 41 to 45"]
    assert found["pages 41 to 45"].startswith("Page 41 says")
    assert "".join(found.values()).count("says the word") == 45


def test_the_same_words_and_boxes_one_or_four_at_a_time() -> None:
    files = [pdf(lambda c, i=i: justified(c, LEFT + f" {i}.", 60, 100, 300)) for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, files)) == [read(file) for file in files]


def test_a_docx_in_order() -> None:
    def fill(document: object) -> None:
        document.add_heading("5 Eligibility", 1)  # type: ignore[attr-defined]
        document.add_paragraph("Take\tpart\nif:")  # type: ignore[attr-defined]
        document.add_paragraph("ECOG 0 or 1", style="List Bullet")  # type: ignore[attr-defined]
        document.add_paragraph("Age 18", style="List Number")  # type: ignore[attr-defined]
        table = document.add_table(3, 4)  # type: ignore[attr-defined]
        for row, words in zip(table.rows, VISITS, strict=True):
            for cell, word in zip(row.cells, words, strict=True):
                cell.text = word
        table.cell(0, 2).merge(table.cell(0, 3)).text = "Treatment"
        document.add_paragraph("After.")  # type: ignore[attr-defined]

    document = read(docx(fill), "moon.docx")
    assert document.id == "moon" and not document.layout
    assert texts(document) == {
        "text": "5 Eligibility\n\nTake part if:\n\n- ECOG 0 or 1\n- Age 18\n\nAfter.",
        "table 1": "Visit\tScreening\tTreatment\t\nECOG\tX\t\tX\nCT scan\tX\tX\t",
    }


def test_a_docx_without_styles_is_read() -> None:
    kind = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    relations = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package_ns = b"http://schemas.openxmlformats.org/package/2006"
    data = package(
        {
            "[Content_Types].xml": b'<Types xmlns="%s/content-types">'
            b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            b'<Override PartName="/word/document.xml" ContentType="%s"/></Types>' % (package_ns, kind),
            "_rels/.rels": b'<Relationships xmlns="%s/relationships"><Relationship Id="r1" '
            b'Type="%s/officeDocument" Target="word/document.xml"/></Relationships>' % (package_ns, relations),
            "word/document.xml": b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
            b"<w:body><w:p><w:r><w:t>Moon sarcoma of stage II</w:t></w:r></w:p></w:body></w:document>",
        }
    )
    assert texts(read(data, "moon.docx")) == {"text": "Moon sarcoma of stage II"}


def test_changes_are_accepted_and_content_controls_opened() -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    def fill(document: object) -> None:
        run = "<w:r><w:t xml:space='preserve'>{}</w:t></w:r>"
        old = "<w:del w:id='1' w:author='a'><w:r><w:delText>old</w:delText></w:r></w:del>"
        new = f"<w:ins w:id='2' w:author='a'>{run.format('new')}</w:ins>"
        moved = f"<w:moveFrom w:id='3' w:author='a'>{run.format('gone')}</w:moveFrom>"
        paragraph = f"<w:p {nsdecls('w')}>{run.format('The ')}{old}{new}{moved}{run.format(' dose.')}</w:p>"
        control = f"<w:sdt {nsdecls('w')}><w:sdtContent>{paragraph}</w:sdtContent></w:sdt>"
        body = document.element.body  # type: ignore[attr-defined]
        body.insert(0, parse_xml(control))

    assert texts(read(docx(fill), "moon.docx")) == {"text": "The new dose."}


def test_the_kind_is_told_by_content(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    file.write_bytes(pdf(lambda c: column(c, ["ECOG 0 or 1"], 60, 100)))
    (document,) = read_path(file)
    assert isinstance(document, Document) and document.id == "record"


@pytest.mark.parametrize(("kind", "package"), [("pdf", "pypdfium2"), ("docx", "python-docx")])
def test_what_is_not_installed_is_named(kind: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=rf"{package} is not installed; run pip install 'oncogloss\[docs\]'"):
        protocol.read_protocol(b"", kind, "x")


CELLS = st.lists(st.tuples(st.text("ab c", min_size=1).filter(str.strip), st.integers(1, 60)), max_size=3)


@given(st.lists(st.tuples(st.sampled_from(["paragraph", "item", "table"]), CELLS), max_size=8))
def test_lines_stand_where_the_layout_says(blocks: list[tuple[str, list[tuple[str, int]]]]) -> None:
    made = [(kind, [[[(f"{t.strip()} ", page, (0, 0, 1, 1))], []] for t, page in cells]) for kind, cells in blocks]
    passages, lines = protocol._passages(made)
    found = dict(passages)
    assert sorted(found[line.passage][line.start : line.end] for line in lines) == sorted(
        text.strip() for _, cells in blocks for text, _ in cells
    )


PLACES = st.tuples(st.integers(0, 500), st.integers(0, 700), st.integers(4, 200), st.sampled_from([8, 10, 12, 30]))


@given(st.lists(PLACES, max_size=60))
def test_no_word_of_a_page_is_lost_or_doubled(places: list[tuple[int, int, int, int]]) -> None:
    words = [Word(f"w{i}", x, y, x + w, y + h, upright=i % 9 > 0) for i, (x, y, w, h) in enumerate(places)]
    pieces = [p for _, rows in protocol_layout._text_blocks(words, 1) for row in rows for cell in row for p in cell]
    assert sorted(word for text, _, _ in pieces for word in text.split()) == sorted(word.text for word in words)
