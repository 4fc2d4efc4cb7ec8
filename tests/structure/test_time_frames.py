"""The registry's time frames as days: lists of visits, cycles, what runs on after a last dose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("oncogloss.structure.quantities")
from oncogloss.structure.time_frames import read_frame

MONTH, YEAR = 30.4375, 365.25


@pytest.mark.parametrize(
    ("text", "low", "high", "event"),
    [
        ("Baseline, Week 5, 3 months, and 7 months", 0, 7 * MONTH, None),
        ("5 weeks, 10 weeks", 35, 70, None),
        ("6 months, 9 months", 6 * MONTH, 9 * MONTH, None),
        ("From Day 1 pre-dose to 10 weeks", 1, 70, None),
        ("every 9 weeks for 3 years", 0, 3 * YEAR, None),
        ("Up to 2 years 7 months", 0, 31 * MONTH, None),
        ("First dose up to 30 weeks plus 28 days", 0, 238, None),
        ("10 weeks for part 1 and 15 weeks for part 2", 70, 105, None),
        ("At 14 days, 2 months and 5 months after cell infusion", 14, 5 * MONTH, "cell infusion"),
        ("Screening (up to 20 days before treatment) until Week 12", 0, 84, None),
        ("5 years post-surgery", 5 * YEAR, 5 * YEAR, "surgery"),
        ("At least 20 weeks", 140, None, None),
        ("Until progression; median time on study was 8.5 months", None, None, None),
        ("From randomization until death from any cause, assessed up to 50 months", 0, 50 * MONTH, "randomization"),
        ("From informed consent until the first response", None, None, "informed consent"),
        ("During the operation", None, None, "operation"),
        ("During the hospital's opening", None, None, "hospital's opening"),
    ],
)
def test_days_from_the_first_moment_to_the_last(text: str, low: float | None, high: float | None, event: str) -> None:
    frame = read_frame(text)
    assert (frame.text, frame.event) == (text, event)
    assert (frame.low, frame.high) == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("Cycle 1 (28 days)", 0, 28),
        ("Cycle 1 (each cycle is 21 days)", 0, 21),
        ("First cycle (21 days)", 0, 21),
        ("Up to cycle 6 (20 weeks)", 0, 140),
        ("Cycle 1 Day 1 to Cycle 4 Day 1 (each cycle is 21 days)", 1, 64),
        ("Day 1 of Cycles 1, 3 and 5 (cycle length = 4 weeks)", 1, 113),
        ("C1D1, C1D8 and C1D15", 1, 15),
        ("Cycle 1, Cycle 2 and Cycle 3 Day 1: trough", None, None),
        ("Cycles 1 and 4, Day 1 (a cycle lasts 14 or 21 days)", None, None),
        ("Day 1 of each cycle", None, None),
        ("Cycle 1: 3, 6 and 24 hours post dose, Days 4 and 15; Cycle 2: trough; up to 30 months", 0, 30 * MONTH),
    ],
)
def test_days_of_cycles_count_from_the_first_cycle(text: str, low: float | None, high: float | None) -> None:
    frame = read_frame(text)
    assert (frame.low, frame.high) == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("text", "low", "high", "event"),
    [
        ("From first dose through 60 days after last dose", 0, None, "first dose"),
        ("Screening to 30 days post last dose", 0, None, None),
        ("Up to 28 days after treatment discontinuation", 0, None, None),
        ("From first dose until 60 days after the last dose (maximum exposure: 500 days)", 0, None, "first dose"),
        ("From first dose until 30 days after last dose, up to approximately 20 months", 0, 20 * MONTH, "first dose"),
        ("30 days after last dose", 30, 30, "last dose"),
        ("From 60 days to 2 years after completion of radiation", 60, 2 * YEAR, "completion of radiation"),
    ],
)
def test_what_follows_a_last_dose_has_no_known_end(text: str, low: float, high: float | None, event: str) -> None:
    frame = read_frame(text)
    assert frame.event == event
    assert (frame.low, frame.high) == pytest.approx((low, high))


@given(st.text(alphabet="cycle day 1234567890 to,weekmonth()=", max_size=60))
def test_any_words_are_read(text: str) -> None:
    frame = read_frame(text)
    assert frame.low is None or frame.high is None or frame.low <= frame.high
