"""The coverage ledger: stretches without a gap, and reasons that name no words of the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marked import WORDS, extraction_of

from oncogloss.schema import Coverage, Document, Extraction
from oncogloss.structure.coverage import coverage_of, coverage_report, coverage_shares
from oncogloss.structure.criteria import logic_of
from oncogloss.structure.scope import scopes
from oncogloss.structure.thresholds import thresholds_of


def covered(*criteria: tuple[str, str], **kwargs: object) -> tuple[Document, Extraction, tuple[Coverage, ...]]:
    document, extraction = extraction_of(*criteria, **kwargs)  # type: ignore[arg-type]
    read = scopes(document, extraction)
    extraction = extraction.model_copy(update={"criteria": logic_of(read)})
    return document, extraction, ledger_of(document, extraction)


def ledger_of(document: Document, extraction: Extraction) -> tuple[Coverage, ...]:
    extraction = extraction.model_copy(update={"thresholds": thresholds_of(document, extraction)})
    return coverage_of(document, extraction, scopes(document, extraction))


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        ("Patients must have a history of [CONDITION gout]", "structured", "nothing left over"),
        ("Patients with untamed [CONDITION gout]", "partly", "1 word outside any fact"),
        ("Patients with untamed and ravenous [CONDITION gout]", "partly", "2 words outside any fact"),
        ("[CONDITION gout] with 3 attacks", "partly", "2 words outside any fact"),
        ("[CONDITION gout] [VALUE >= 2]", "partly", "value without a measure"),
        ("[CONDITION gout] [TIME within 2 weeks]", "partly", "time without a fact"),
        ("[MEASURE pulse] is normal", "partly", "measure without a value"),
        ("[CONDITION gout] (e.g., [CONDITION podagra])", "structured", "nothing left over"),
        (
            "[CONDITION gout] after [PROCEDURE moon bath]; [PROCEDURE tide bath] allowed",
            "partly",
            "1 mention taken for explanation",
        ),
        ("[VALUE >= 2]", "partly", "facts without logic"),
        ("Tides come and go", "untouched", "no fact found"),
    ],
)
def test_status_and_reason(text: str, status: str, reason: str) -> None:
    _, _, ledger = covered(("inc", text))
    assert (ledger[0].status, ledger[0].reason) == (status, reason)


def test_a_heading_is_no_criterion_that_was_missed() -> None:
    _, _, ledger = covered(("inc", "See Disease Characteristics"), ("inc", "[CONDITION gout]"))
    assert (ledger[0].status, ledger[0].reason) == ("structured", "heading")
    assert coverage_shares(ledger)["criteria structured"] == 1.0


def test_related_values_leave_nothing_over() -> None:
    _, _, ledger = covered(("inc", "[MEASURE pulse] of [VALUE at least 60]"), relations=(("HAS_VALUE", 1, 2),))
    assert ledger[0].status == "structured"


def test_headings_count_as_structured_and_bullets_go_along() -> None:
    document, extraction, _ = covered(("inc", "[CONDITION gout]"))
    text = document.passages[0].text
    head = "Inclusion Criteria:\n\n* "
    moved = extraction.model_copy(
        update={
            "mentions": tuple(
                m.model_copy(update={"start": m.start + len(head), "end": m.end + len(head)})
                for m in extraction.mentions
            ),
            "criteria": tuple(
                c.model_copy(update={"start": c.start + len(head), "end": c.end + len(head)})
                for c in extraction.criteria
            ),
        }
    )
    passage = document.passages[0].model_copy(update={"text": head + text})
    ledger = ledger_of(document.model_copy(update={"passages": (passage,)}), moved)
    assert [(c.status, c.reason) for c in ledger] == [("structured", "heading"), ("structured", "nothing left over")]
    assert ledger[-1].end == len(head + text)


@given(st.lists(st.lists(WORDS, max_size=6).map(" ".join), min_size=1, max_size=4))
def test_stretches_tile_the_passage(texts: list[str]) -> None:
    document, _, ledger = covered(*(("inc", text) for text in texts))
    edges = [edge for c in ledger for edge in (c.start, c.end)]
    assert edges[0] == 0
    assert edges[-1] == len(document.passages[0].text)
    assert edges[1:-1:2] == edges[2::2]


def test_shares_are_of_criteria_and_characters() -> None:
    ledger = [
        Coverage(passage="p", start=0, end=10, status="structured", reason="heading"),
        Coverage(passage="p", start=10, end=40, status="structured", reason="nothing left over"),
        Coverage(passage="p", start=40, end=100, status="untouched", reason="no fact found"),
    ]
    shares = coverage_shares(ledger)
    assert shares["criteria structured"] == shares["criteria untouched"] == 0.5
    assert shares["characters structured"] == pytest.approx(0.4)
    assert coverage_shares([])["characters partly"] == 0.0


def test_the_report_counts_all_records() -> None:
    _, understood, own = covered(("inc", "History of [CONDITION gout]"))
    _, missed, other = covered(("exc", "Purple moonlight"))
    pair = [e.model_copy(update={"coverage": c}) for e, c in ((understood, own), (missed, other))]
    report = coverage_report(pair)
    assert report.startswith("2 records.") and "| structured | 0.500 |" in report and "| no fact found | 1 |" in report
