"""The table for a terminal: says what was found, and lets no control character of the input through."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from oncogloss.pipeline import Pipeline
from oncogloss.schema import (
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
from oncogloss.writers import print_table
from oncogloss.writers.table import coloured
from toys import make_document

INFO = ModelInfo(name="hand", version="0", sha256="")


def printed(document: Document, extraction: Extraction, width: int = 200) -> str:
    stream = io.StringIO()
    print_table(Console(file=stream, width=width, highlight=False), document, extraction)
    return stream.getvalue()


def whole(text: str) -> Extraction:
    """An extraction with the whole text wherever an extraction has one."""
    mention = Mention(
        id="m1", passage="text", start=0, end=len(text), text=text, type="DRUG", score=0.9, attributes=("neg", "hist")
    )
    return Extraction(
        id="d1",
        model=INFO,
        passages=(),
        mentions=(mention, mention.model_copy(update={"id": "m2"})),
        relations=(Relation(type="COMBINED_WITH", head="m1", tail="m2", score=0.75),),
        criteria=(
            Criterion(
                id="c1",
                passage="text",
                start=0,
                end=len(text),
                side="exc",
                categories=("lab",),
                mentions=("m1",),
                score=0.9,
            ),
        ),
        thresholds=(
            Threshold(criterion="c1", measure=text, operator=">=", value=1.5, unit=text, text=text, condition=text),
            Threshold(criterion="c1", measure="tide", operator="range", value=0, high=2, unit="1", text="0-2"),
        ),
        arms=(Arm(label=text, kind="no_intervention", treatments=(Treatment(mention="m1", doses=("m2",)),)),),
        endpoints=(
            Endpoint(
                mention="m1", name=text, rank="primary", time_frame=TimeFrame(text=text), criteria=(text, "MQ-30")
            ),
        ),
        coverage=(
            Coverage(passage="text", start=0, end=1, status="structured", reason=""),
            Coverage(passage="text", start=1, end=4, status="untouched", reason=""),
        ),
        flags=(Flag(kind="prior_treatment", message=text),),
    )


def test_facts_are_shown() -> None:
    out = printed(make_document(text="lunamab [bold]20[/bold] mg :smile:"), whole("lunamab [bold]20[/bold] mg :smile:"))
    assert "d1" in out and "COMBINED_WITH" in out and "0.75" in out and "− exc" in out and "lab" in out
    assert "¬‹lunamab [bold]20[/bold] mg :smile:" in out
    assert "DRUG" in out


def test_what_follows_from_facts_is_shown() -> None:
    lines = [" ".join(line.split()) for line in printed(make_document(text="lunamab"), whole("lunamab")).splitlines()]
    assert "exc lunamab >= 1.5 lunamab lunamab" in lines and "exc tide 0 to 2" in lines
    assert "lunamab no intervention lunamab lunamab" in lines
    assert "primary lunamab lunamab lunamab, MQ-30" in lines
    assert "structured 25 %" in lines and "untouched 75 %" in lines
    assert "prior treatment lunamab" in lines


@given(
    st.text(
        st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\x1b\x07\x9b\r\x00\u202e")), min_size=1
    )
)
def test_no_control_character_of_a_text_reaches_the_terminal(text: str) -> None:
    out = printed(make_document(text=text), whole(text))
    assert {c for c in out if not c.isprintable()} <= {"\n"}


def test_spans_stay_where_they_are_beside_control_characters() -> None:
    (passage,) = make_document(text="\x1b[31m moon \u202esarcoma").passages
    mention = Mention(id="m1", passage="text", start=6, end=10, text="moon", type="CANCER", score=0.9)
    text = coloured(passage, [mention])
    assert len(text.plain) == len(passage.text)
    assert [text.plain[s.start : s.end] for s in text.spans] == ["moon"]


def test_an_inner_span_is_underlined() -> None:
    (passage,) = make_document(text="MOON1 loss").passages
    spans = {"BIOMARKER": (0, 10), "GENE": (0, 5)}
    mentions = [
        Mention(id=t, passage="text", start=a, end=b, text=passage.text[a:b], type=t, score=0.9)
        for t, (a, b) in spans.items()
    ]
    styles = {passage.text[s.start : s.end]: str(s.style) for s in coloured(passage, mentions).spans}
    assert "underline" in styles["MOON1"] and "underline" not in styles["MOON1 loss"]


def test_a_child_criterion_is_indented() -> None:
    document = make_document(text="one two")
    base = {"passage": "text", "side": "inc", "score": 0.9}
    criteria = (Criterion(id="c1", start=0, end=3, **base), Criterion(id="c2", start=4, end=7, parent="c1", **base))
    empty = Extraction(id="d1", model=INFO, passages=(), mentions=(), relations=(), criteria=criteria)
    lines = [line for line in printed(document, empty).splitlines() if "+ inc" in line]
    assert lines[1].index("two") == lines[0].index("one") + 2


def test_a_concept_that_is_not_the_very_thing_named_says_so() -> None:
    text = "early moon sarcoma, sarcoma, zorbatinib"
    named = {
        "early moon sarcoma": Concept(id="X:1", name="sarcoma", vocabulary="X", score=0.6, match="broader"),
        "sarcoma, ": Concept(id="X:1", name="sarcoma", vocabulary="X", score=1),
        "zorbatinib": Concept(id="X:2", name="kinase inhibitor", vocabulary="X", score=0.5, match="stem"),
    }
    mentions = tuple(
        Mention(id=words, passage="text", start=0, end=len(words), text=words, type="DRUG", score=1, concept=concept)
        for words, concept in named.items()
    )
    found = Extraction(id="d1", model=INFO, passages=(), mentions=mentions, relations=(), criteria=())
    rows = [" ".join(line.split()) for line in printed(make_document(text=text), found).splitlines()]
    assert "X:1 broader: sarcoma early moon sarcoma" in rows
    assert "X:1 sarcoma sarcoma," in rows
    assert "X:2 class by stem: kinase inhibitor zorbatinib" in rows


def test_an_empty_extraction_prints_the_text_alone(pipeline: Pipeline) -> None:
    document = make_document(summary="Moon.")
    empty = Extraction(id="d1", model=INFO, passages=(), mentions=(), relations=(), criteria=())
    out = printed(document, empty, width=40)
    assert "summary" in out and "  Moon." in out and "Criteria" not in out and "Found" not in out


def test_line_ends_of_another_system_leave_no_sign(pipeline: Pipeline) -> None:
    document = make_document(text="Moon.\r\nTide\r.\r\n")
    empty = Extraction(id="d1", model=INFO, passages=(), mentions=(), relations=(), criteria=())
    out = printed(document, empty, width=40)
    assert out.count("\N{REPLACEMENT CHARACTER}") == 1 and "Tide\N{REPLACEMENT CHARACTER}." in out
