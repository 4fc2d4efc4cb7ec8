"""Endpoints: one for each outcome of a record, with rank, time frame and instruments; of a text, those it ranks."""

from __future__ import annotations

import pytest

from oncogloss.schema import Endpoint
from structure.hand import Hand, concept

pytest.importorskip("oncogloss.structure.quantities")
from oncogloss.structure.endpoints import endpoints_of


def endpoints(hand: Hand) -> tuple[Endpoint, ...]:
    return endpoints_of(hand.document, hand.extraction)


def test_the_outcomes_of_a_record() -> None:
    hand = Hand().entries(
        "outcomes",
        ("primary", "PFS", "progression-free survival, from randomization until death, by RECIST 1.1. 24 months"),
        ("secondary", "Zork", "Something else. 2 years"),
        ("other", "Quality of life", "By MQ-30 and MQ-30. at 6 weeks"),
    )
    hand.mark("o1", "OUTCOME", "PFS", concept=concept("X:1", "progression-free survival"))
    hand.mark("o2", "OUTCOME", "progression-free survival").mark("t1", "TIME", "from randomization until death")
    hand.mark("i1", "INSTRUMENT", "RECIST 1.1").mark("t2", "TIME", "24 months").mark("t3", "TIME", "2 years")
    hand.mark("o3", "OUTCOME", "Quality of life").mark("i2", "INSTRUMENT", "MQ-30")
    hand.mark("i3", "INSTRUMENT", "MQ-30", nth=1).mark("t4", "TIME", "at 6 weeks")
    hand.relate("HAS_TIME o1 t1", "ASSESSED_BY o3 i2")
    first, unnamed, last = endpoints(hand)
    assert (unnamed.mention, unnamed.name, unnamed.rank) == (None, "Zork", "secondary")
    assert (first.mention, first.name, first.rank) == ("o1", "progression-free survival", "primary")
    assert first.time_frame is not None and first.time_frame.high == pytest.approx(24 * 30.4375)
    assert first.criteria == ("RECIST 1.1",)
    assert (last.mention, last.name, last.rank, last.criteria) == ("o3", "Quality of life", "other", ("MQ-30",))
    assert last.time_frame is not None and last.time_frame.high == 42


def test_a_relation_tells_the_time_where_none_ends_the_entry() -> None:
    hand = Hand().entries("outcomes", ("primary", "OS", "alive for 5 years, as far as is known"))
    hand.mark("o1", "OUTCOME", "OS").mark("t1", "TIME", "for 5 years").relate("HAS_TIME o1 t1")
    (endpoint,) = endpoints(hand)
    assert endpoint.time_frame is not None and endpoint.time_frame.low == pytest.approx(5 * 365.25)


def test_times_listed_at_an_entry_s_end_are_one_frame() -> None:
    hand = Hand().entries("outcomes", ("primary", "Pain", "by questionnaire. Baseline, week 4 and week 8"))
    hand.mark("o1", "OUTCOME", "Pain").mark("t1", "TIME", "Baseline").mark("t2", "TIME", "week 4")
    hand.mark("t3", "TIME", "week 8").relate("HAS_TIME o1 t2")
    (endpoint,) = endpoints(hand)
    assert endpoint.time_frame is not None
    assert (endpoint.time_frame.low, endpoint.time_frame.high) == (0, 56)
    assert endpoint.time_frame.text == "Baseline, week 4 and week 8"


def test_the_registry_s_time_frame_is_that_of_all_its_entry_s_endpoints() -> None:
    when = "From first dose through 90 days after last dose"
    hand = Hand().entries("outcomes", ("primary", "AEs (any), SAEs and tides in a response", when))
    hand.parts[0] = hand.parts[0].model_copy(update={"time_frame": when})
    hand.mark("o1", "OUTCOME", "AEs").mark("o2", "OUTCOME", "SAEs").mark("o3", "OUTCOME", "response")
    hand.mark("t1", "TIME", "90 days").relate("HAS_TIME o1 t1")
    found = endpoints(hand)
    assert [(e.mention, e.title) for e in found] == [
        (id, "AEs (any), SAEs and tides in a response") for id in ("o1", "o2")
    ]
    assert {e.time_frame and (e.time_frame.low, e.time_frame.high, e.time_frame.event) for e in found} == {
        (0, None, "first dose")
    }


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("The primary endpoint is OS.", "primary"),
        ("OS is the secondary outcome measure.", "secondary"),
        ("Co-primary endpoints are PFS and OS", "primary"),
        ("Exploratory objectives:\n* tides\n* OS", "other"),
        ("Primary objective: tides\n\nSecondary Objectives:\n\nI. To measure OS.", "secondary"),
        ("Primary endpoint: tides.\n\nMethods:\nOS was long.", None),
        ("The primary endpoint is tides. OS is long.", None),
        ("OS is long.", None),
    ],
)
def test_a_text_ranks_its_endpoints(text: str, rank: str | None) -> None:
    found = endpoints(Hand().text("summary", text).mark("o1", "OUTCOME", "OS"))
    assert [e.rank for e in found] == ([] if rank is None else [rank])


def test_texts_count_only_where_there_are_no_outcomes() -> None:
    hand = Hand().entries("outcomes", ("primary", "PFS", "1 year")).mark("o1", "OUTCOME", "PFS")
    hand.text("summary", "The secondary endpoint is OS.").mark("o2", "OUTCOME", "OS")
    assert [e.mention for e in endpoints(hand)] == ["o1"]


def test_an_endpoint_told_twice_is_one() -> None:
    hand = Hand().text("summary", "The primary endpoint is OS.").mark("o1", "OUTCOME", "OS")
    hand.text("description", "Primary endpoint: OS").mark("o2", "OUTCOME", "OS")
    assert [e.mention for e in endpoints(hand)] == ["o1"]


def test_a_rank_without_its_noun_holds_after_one_that_has_it() -> None:
    hand = Hand().text(
        "text", "Primary endpoint PFS by review, secondary OS and ORR. Fatigue, secondary to rest, is noted."
    )
    for name, words in (("o1", "PFS"), ("o2", "OS"), ("o3", "ORR"), ("o4", "Fatigue"), ("o5", "rest")):
        hand.mark(name, "OUTCOME", words)
    assert [(e.name, e.rank) for e in endpoints(hand)] == [
        ("PFS", "primary"),
        ("OS", "secondary"),
        ("ORR", "secondary"),
    ]


def test_secondary_alone_ranks_nothing() -> None:
    hand = Hand().text("text", "PFS is the primary endpoint, secondary tumors and OS are noted.")
    hand.mark("o1", "OUTCOME", "PFS").mark("o2", "OUTCOME", "OS")
    assert "secondary" not in [e.rank for e in endpoints(hand)]
