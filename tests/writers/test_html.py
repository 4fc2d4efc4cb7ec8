"""The page: well-formed, its text exactly the passages', and nothing of the input ever markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.pipeline import Pipeline
from oncogloss.schema import (
    ENTITY_TYPES,
    Arm,
    Concept,
    Coverage,
    Criterion,
    Document,
    Endpoint,
    Extraction,
    Flag,
    Mention,
    ModelInfo,
    Relation,
    Threshold,
    TimeFrame,
    Treatment,
)
from oncogloss.writers import html_page, json_line
from oncogloss.writers.style import COLOURS
from toys import SENTENCES, make_document

VOID = {"meta", "br"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</mark></p><b>&amp;<!-- ]]>",
    "&lt;script&gt; \u202e bidi",
]


class Page(HTMLParser):
    """Checks that every element is closed in order, and gathers the texts of paragraphs and the marks."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.paragraphs: list[str] = []
        self.marks: list[tuple[str, str, int]] = []  # (class, title, depth)
        self.mark_texts: list[str] = []
        self._open_marks: list[int] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag in VOID:
            return
        self.open.append(tag)
        if tag == "p":
            self.paragraphs.append("")
        if tag == "mark" and "p" in self.open:
            values = dict(attrs)
            self.marks.append((values["class"] or "", values["title"] or "", len(self._open_marks)))
            self.mark_texts.append("")
            self._open_marks.append(len(self.mark_texts) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "mark" and self._open_marks:
            self._open_marks.pop()

    def handle_data(self, data: str) -> None:
        if "p" in self.open:
            self.paragraphs[-1] += data
            for i in self._open_marks:
                self.mark_texts[i] += data


def extraction(document: Document, spans: list[tuple[int, int, str]], **more: object) -> Extraction:
    (passage,) = document.passages
    mentions = tuple(
        Mention(id=f"m{i}", passage=passage.name, start=a, end=b, text=passage.text[a:b], type=t, score=0.9)
        for i, (a, b, t) in enumerate(spans)
    )
    info = ModelInfo(name="hand", version="0", sha256="")
    fields = {"mentions": mentions, "relations": (), "criteria": ()} | more
    return Extraction(id=document.id, model=info, passages=(), **fields)


def test_nested_marks_by_hand() -> None:
    document = make_document(text="for HER2+ or MOON1 loss")
    spans = [(4, 8, "GENE"), (4, 9, "BIOMARKER"), (13, 23, "BIOMARKER"), (13, 18, "GENE")]
    page = Page(html_page([(document, extraction(document, spans))]))
    assert page.paragraphs == ["for HER2+ or MOON1 loss"]
    assert page.mark_texts == ["HER2+", "HER2", "MOON1 loss", "MOON1"]
    assert [(classes, depth) for classes, _, depth in page.marks] == [
        ("BIOMARKER", 0), ("GENE", 1), ("BIOMARKER", 0), ("GENE", 1),
    ]  # fmt: skip


@st.composite
def nested(draw: st.DrawFn) -> tuple[str, list[tuple[int, int, str]]]:
    """A text with spans that nest or lie apart, some equal, in any order."""
    text = draw(st.text(st.sampled_from("ab<>&\"' \n\t🙂é"), min_size=1, max_size=40))
    spans: list[tuple[int, int, str]] = []
    for _ in range(draw(st.integers(0, 8))):
        a = draw(st.integers(0, len(text) - 1))
        b = draw(st.integers(a + 1, len(text)))
        if not any(a < x < b < y or x < a < y < b for x, y, _ in spans):
            spans.append((a, b, draw(st.sampled_from(ENTITY_TYPES))))
    return text, draw(st.permutations(spans))


@given(nested())
def test_any_nesting_is_well_formed_and_keeps_the_text(case: tuple[str, list[tuple[int, int, str]]]) -> None:
    text, spans = case
    document = make_document(text=text)
    page = Page(html_page([(document, extraction(document, spans))]))
    assert page.paragraphs == [text]
    assert sorted(page.mark_texts) == sorted(text[a:b] for a, b, _ in spans)


def structure(words: str) -> dict[str, object]:
    """What follows from mentions, with the same words everywhere; the treatment is of mention m0."""
    return {
        "thresholds": (Threshold(criterion="c1", measure=words, operator="<", value=2, unit=words, text=words),),
        "arms": (Arm(label=words, kind=words, treatments=(Treatment(mention="m0"),)),),
        "endpoints": (
            Endpoint(mention="m0", name=words, rank=words, time_frame=TimeFrame(text=words), criteria=(words,)),
        ),
        "coverage": (Coverage(passage=words, start=0, end=2, status="partly", reason=words),),
        "flags": (Flag(kind=words, message=words),),
    }


def test_what_follows_from_facts_is_in_tables() -> None:
    document = make_document(text="tide")
    found = extraction(document, [(0, 4, "DRUG")]).model_copy(update=structure("moon"))
    text = html_page([(document, found)])
    for cells in (
        ("", "moon", "&lt; 2 moon", ""), ("moon", "moon", "tide"), ("moon", "moon", "moon", "moon"),
        ("partly", "100 %"), ("moon", "moon"),
    ):  # fmt: skip
        assert "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" in text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_becomes_markup(hostile: str) -> None:
    document = Document.model_validate(
        {"id": hostile, "passages": [{"name": hostile, "text": f"{hostile} {hostile} {hostile}"}]}
    )
    n = len(hostile)  # the second is marked
    plain = extraction(document, [(n + 1, 2 * n + 1, "DRUG"), (n + 1, n + 2, "CANCER")])
    first = plain.mentions[0].model_copy(update={"expansion": hostile})
    criterion = Criterion(id="c1", passage=hostile, start=0, end=3 * n + 2, side="inc", score=0.9)
    full = plain.model_copy(
        update={
            "mentions": (first, *plain.mentions[1:]),
            "relations": (Relation(type="TREATS", head="m0", tail="m1", score=0.9),),
            "criteria": (criterion,),
            **structure(hostile),
        }
    )
    text = html_page([(document, full)])
    page = Page(text)
    assert page.paragraphs == [f"{hostile} {hostile} {hostile}"]
    assert page.tags <= {
        "html", "head", "meta", "title", "style", "body", "div", "span", "h1", "h2", "h3", "p", "mark", "table",
        "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert page.attributes <= {"lang", "charset", "name", "content", "class", "title"}
    assert any(title.endswith(f"= {hostile}") for _, title, _ in page.marks)
    assert "<script" not in text and "onerror=alert(1)>" not in text.replace("onerror=alert(1)&gt;", "")


def test_page_fetches_nothing(pipeline: Pipeline) -> None:
    document = make_document(summary=" ".join(SENTENCES), eligibility="\n".join(SENTENCES))
    text = html_page([(document, pipeline.extract(document))])
    page = Page(text)
    assert page.paragraphs == [p.text for p in document.passages]
    assert not page.attributes & {"src", "href", "style", "onclick"}
    assert "url(" not in text and "@import" not in text and "http" not in text
    assert len(page.mark_texts) == len(pipeline.extract(document).mentions)


def test_attributes_are_shown_in_words() -> None:
    document = make_document(text="no moon sarcoma")
    found = extraction(document, [(3, 15, "CANCER")])
    marked = found.mentions[0].model_copy(update={"attributes": ("neg", "hist"), "expansion": "x"})
    page = Page(html_page([(document, found.model_copy(update={"mentions": (marked,)}))]))
    assert page.marks == [("CANCER neg hist", "CANCER neg hist 0.90 = x", 0)]


def test_a_concept_that_is_not_the_very_thing_named_says_so() -> None:
    document = make_document(text="early moon sarcoma, sarcoma, zorbatinib")
    found = extraction(document, [(0, 18, "CANCER"), (20, 27, "CANCER"), (29, 39, "DRUG")])
    concepts = [
        Concept(id="X:1", name="sarcoma", vocabulary="X", score=0.6, match="broader"),
        Concept(id="X:1", name="sarcoma", vocabulary="X", score=1),
        Concept(id="X:2", name="<kinase> inhibitor", vocabulary="X", score=0.5, match="stem"),
    ]
    linked = tuple(m.model_copy(update={"concept": c}) for m, c in zip(found.mentions, concepts, strict=True))
    text = html_page([(document, found.model_copy(update={"mentions": linked}))])
    assert [title for _, title, _ in Page(text).marks] == [
        "CANCER 0.90 → broader: sarcoma (X:1)",
        "CANCER 0.90 → sarcoma (X:1)",
        "DRUG 0.90 → class by stem: <kinase> inhibitor (X:2)",
    ]
    for row in (
        '<td><mark class="CANCER">broader: sarcoma</mark></td><td>early moon sarcoma</td>',
        '<td><mark class="CANCER">sarcoma</mark></td><td>sarcoma</td>',
        '<td><mark class="DRUG">class by stem: &lt;kinase&gt; inhibitor</mark></td><td>zorbatinib</td>',
    ):
        assert row in text


def test_no_documents_are_an_empty_page() -> None:
    assert Page(html_page([])).paragraphs == []


def test_each_type_has_a_colour_of_its_own() -> None:
    assert list(COLOURS) == list(ENTITY_TYPES)
    assert len(set(COLOURS.values())) == len(ENTITY_TYPES)


def test_json_is_one_line_that_reads_back(pipeline: Pipeline) -> None:
    document = make_document(text="One line.\nTwo \u2028 lines \x85 <b>é🙂")
    found = pipeline.extract(document)
    line = json_line(found)
    assert "\n" not in line and "\r" not in line
    assert Extraction.model_validate_json(line) == found
