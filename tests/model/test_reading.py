"""What the layout says beside the scores: headings carry their side, running numbers begin items, relations keep to
their criterion."""

from __future__ import annotations

import pytest
from test_decode import Scene, related, scene

from oncogloss.model.reading import exclusions

LISTED = "Inclusion Criteria:\n\n* Moon sarcoma\n\nExclusion Criteria:\n\n* Age over 75\n* Moon fever"


def listed(text: str, *items: str, headings: tuple[str, ...] = ()) -> Scene:
    s = scene(text, "eligibility")
    for item in items:
        s.boundary("criterion", item)
        s.boundary("sentence", item)
    for heading in headings:
        s.boundary("heading", heading)
        s.boundary("sentence", heading)
    return s


def doubted(text: str, heading: str) -> Scene:
    """A list whose "Age over 75", under an exclusion heading, the scores take for an inclusion, though barely."""
    items = ("Moon sarcoma", "Age over 75", "Moon fever")
    s = listed(text, *items, headings=("Inclusion Criteria:", heading))
    s.section("inclusion", text[: text.index("\n\nExclusion")])
    s.section("exclusion", heading)
    s.section("exclusion", "Moon fever")
    s.section("inclusion", "Age")
    s.boundary("exclusion", "Moon fever", 3)
    s.boundary("exclusion", "Age over 75", -2.5)
    return s


def test_a_heading_on_its_own_line_carries_its_side() -> None:
    decoded = doubted(LISTED, "Exclusion Criteria:").decode()
    assert [c.side for c in decoded.criteria] == ["inc", "exc", "exc"]
    (reading,) = decoded.readings
    assert [section.label for section in reading.sections] == ["inclusion", "exclusion"]


def test_a_heading_carries_a_side_to_what_has_one_and_not_to_what_follows_the_criteria() -> None:
    text = f"{LISTED}\n\nLunamab. Given daily."
    s = doubted(text, "Exclusion Criteria:")
    s.boundary("sentence", "Lunamab")
    s.section("interventions", "Lunamab")
    decoded = s.decode()
    (reading,) = decoded.readings
    assert [section.label for section in reading.sections] == ["inclusion", "exclusion", "interventions"]
    assert decoded.criteria[-1].end == len(LISTED)


def test_a_criterion_that_says_so_turns_the_side_of_its_heading() -> None:
    s = doubted(LISTED, "Exclusion Criteria:")
    s.boundary("exclusion", "Age over 75", -5)
    assert [c.side for c in s.decode().criteria] == ["inc", "inc", "exc"]


def test_a_heading_that_shares_its_line_with_an_item_carries_nothing() -> None:
    text = LISTED.replace("Exclusion Criteria:\n\n* ", "Exclusion Criteria: ")
    assert [c.side for c in doubted(text, "Exclusion Criteria:").decode().criteria] == ["inc", "inc", "exc"]


@pytest.mark.parametrize(
    ("logits", "excluding"),
    [
        ([], []),
        ([1.0], [True]),  # what comes first turns from nothing
        ([-5, 1.0], [False, False]),
        ([-5, -4, 1.5, -6], [False, False, False, False]),
        ([-5, 1.5, 1.5, 6], [False, True, True, True]),
        ([6, 5, -4, 7], [True, True, True, True]),  # back costs more
        ([6, 5, -9, -8, 7], [True, True, False, False, True]),
    ],
)
def test_a_side_turns_where_enough_speaks_for_it(logits: list[float], excluding: list[bool]) -> None:
    assert exclusions(logits) == excluding


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("1. Moon fever\n2. Tide fever", ["Moon fever", "Tide fever"]),
        ("(a) Moon fever\n(b) Tide fever", ["Moon fever", "Tide fever"]),
        ("* 1\\. Moon fever\n* 2\\. Tide fever", ["Moon fever", "Tide fever"]),
        ("1. Moon fever\n3. Tide fever", ["Moon fever\n3. Tide fever"]),  # no next number
        ("1. Moon fever\n2) Tide fever", ["Moon fever\n2) Tide fever"]),  # of another list
        ("1. Moon fever of grade\n2 or Tide fever", ["Moon fever of grade\n2 or Tide fever"]),
    ],
)
def test_the_next_number_of_a_list_lifts_what_is_almost_an_item(text: str, items: list[str]) -> None:
    s = listed(text, "Moon fever")
    s.boundary("criterion", "Tide fever", -1)
    assert [text[c.start : c.end] for c in s.decode().criteria] == items


def test_a_number_makes_no_item_of_what_the_network_takes_for_none() -> None:
    s = listed("1. Moon fever\n2. Tide fever", "Moon fever")
    s.boundary("criterion", "Tide fever", -4)
    assert len(s.decode().criteria) == 1


def test_a_line_that_says_exclusion_criteria_lifts_what_is_almost_a_heading() -> None:
    text = "1. Moon fever\n5.2 Exclusion Criteria\n1. Tide fever"
    s = listed(text, "Moon fever", "Tide fever")
    s.boundary("heading", "Exclusion Criteria", -1)
    assert [text[c.start : c.end] for c in s.decode().criteria] == ["Moon fever", "Tide fever"]


def test_relations_keep_to_their_criterion() -> None:
    text = "Moon fever other than:\n* tide fever\n\nSun fever within 6 months\n\nStar fever"
    s = listed(text, "Moon fever", "tide fever", "Sun fever", "Star fever")
    s.boundary("depth", "tide fever", 9, column=1)
    for fever in ("Moon fever", "tide fever", "Sun fever", "Star fever"):
        s.span("CONDITION", fever)
    s.span("TIME", "within 6 months")
    s.relation("EXCEPTION", "Moon fever", "tide fever")  # of a criterion under it
    s.relation("HAS_TIME", "Sun fever", "within 6 months")
    s.relation("HAS_TIME", "Star fever", "within 6 months")
    s.relation("EXCEPTION", "Moon fever", "Star fever")
    assert related(s.decode()) == [
        ("EXCEPTION", "Moon fever", "tide fever"), ("HAS_TIME", "Sun fever", "within 6 months"),
    ]  # fmt: skip


def test_a_value_right_below_its_measure_is_kept() -> None:
    s = listed("Age:\n* 18 and over\n* 75 at most", "Age", "18 and over", "75 at most")
    s.span("MEASURE", "Age")
    s.span("VALUE", "18 and over")
    s.span("VALUE", "75 at most")
    s.relation("HAS_VALUE", "Age", "18 and over")
    s.relation("HAS_VALUE", "Age", "75 at most")
    assert related(s.decode()) == [("HAS_VALUE", "Age", "18 and over")]
