"""Where a criterion stands: under a heading for one part of the trial, under a permission, outside its parent."""

from __future__ import annotations

import pytest
from marked import extraction_of

from oncogloss.schema import Criterion, Passage
from oncogloss.structure import structured
from oncogloss.structure.placing import held_for_a_part


def criteria_of(text: str, *words: str) -> list[Criterion]:
    return [
        Criterion(id=w, passage="eligibility", start=text.index(w), end=text.index(w) + len(w), side="inc", score=1.0)
        for w in words
    ]


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Inclusion Criteria:\n* gout\n* pox", set()),
        ("Inclusion Criteria:\n* gout\n\nCohort A:\n* pox", {"pox"}),
        ("Part 1 Inclusion Criteria:\n* gout\n\nExclusion Criteria:\n* pox", {"gout"}),
        ("* gout (at least 3 months). Part D: Cohort D1:\n* pox", {"pox"}),
        ("* For Phase 2:\n  * gout\n* pox", {"gout"}),
        ("All cohorts:\n* gout\n* pox", set()),
        ("* Cohort B: gout\n* pox", {"gout"}),
        ("* gout and, for patients with another\n  tide\n* pox", set()),
    ],
)
def test_headings_of_a_part_of_the_trial(text: str, held: set[str]) -> None:
    assert set(held_for_a_part(text, criteria_of(text, "gout", "pox"))) == held


def reasons(*criteria: tuple[str, str], parents: dict[int, int] | None = None) -> list[str]:
    return [c.reason for c in structured(*extraction_of(*criteria, parents=parents)).coverage]


def test_what_stands_under_a_permission_is_not_asked() -> None:
    lead = ("exc", "The following are permitted with caution:")
    assert reasons(lead, ("exc", "[DRUG lunamab]"), parents={2: 1})[1] == "stands under a permission"


def test_a_criterion_outside_of_its_parents_logic_is_partly_understood() -> None:
    document, made = extraction_of(("exc", "[CONDITION gout]"), ("exc", "[CONDITION pox]"), parents={2: 1})
    text = document.passages[0].text.replace("\n* ", "\n   - ", 1)
    shift = len("\n   - ") - len("\n* ")
    moved = [
        x.model_copy(update={"start": x.start + shift, "end": x.end + shift})
        for x in (made.mentions[1], made.criteria[1])
    ]
    made = made.model_copy(update={"mentions": (made.mentions[0], moved[0]), "criteria": (made.criteria[0], moved[1])})
    document = document.model_copy(update={"passages": (Passage(name="eligibility", text=text),)})
    assert [c.reason for c in structured(document, made).coverage] == [
        "nothing left over",
        "outside its parent's logic",
    ]


def test_an_item_beside_its_parent_in_one_list_stands_for_itself() -> None:
    criteria = ("exc", "[CONDITION gout]"), ("exc", "[CONDITION pox]"), ("exc", "[CONDITION tide fever]")
    assert reasons(*criteria, parents={3: 2}) == ["nothing left over"] * 3
