"""The state that markers of a list share."""

from __future__ import annotations

import re

import pytest

from oncogloss.concepts.shared_states import with_shared_states
from oncogloss.schema import Mention


def marked(text: str, *names: str, denied: str = "", genes: tuple[str, ...] = ()) -> tuple[Mention, ...]:
    """A gene and a marker for each of the names, which begin with the gene; of `genes` the gene alone."""
    found = []
    for i, name in enumerate(names):
        start = text.index(name)
        gene = re.match(r"[A-Z0-9]+", name)
        assert gene
        for type_, said in (("GENE", gene[0]), *([] if name in genes else [("BIOMARKER", name)])):
            attributes = ("neg",) if type_ == "BIOMARKER" and name == denied else ()
            found.append(
                Mention(
                    id=f"{type_[0].lower()}{i}", passage="p", start=start, end=start + len(said), text=said,
                    type=type_, attributes=attributes, score=1.0,
                )
            )  # fmt: skip
    return tuple(found)


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("AB1/CD2/EF3 negative", ("AB1", "CD2", "EF3 negative"), {"b0": "AB1 negative", "b1": "CD2 negative"}),
        ("AB1 and CD2 wild-type", ("AB1", "CD2 wild-type"), {"b0": "AB1 wild-type"}),
        ("AB1, CD2, or EF3 rearrangement", ("AB1", "CD2", "EF3 rearrangement"),
         {"b0": "AB1 rearrangement", "b1": "CD2 rearrangement"}),
        ("deleterious AB1 or CD2", ("AB1", "CD2"), {"b0": "AB1 mutation", "b1": "CD2 mutation"}),
        ("AB1 positive and CD2 negative", ("AB1 positive", "CD2 negative"), {}),
        ("AB1 or CD2 V600E", ("AB1", "CD2 V600E"), {}),
        ("AB1 status and known CD2 mutation", ("AB1", "CD2 mutation"), {}),
        ("AB1 and CD2", ("AB1", "CD2"), {}),
    ],
)  # fmt: skip
def test_bare_markers_of_a_list_have_its_state(text: str, names: tuple[str, ...], expected: dict[str, str]) -> None:
    assert with_shared_states(marked(text, *names), {"p": text})[1] == expected


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("AB1- or CD2-positive", ("AB1-", "CD2-positive"), {"b0": "AB1-positive"}),
        ("AB1-, CD2-, and/or EF3-mutated", ("AB1-", "CD2-", "EF3-mutated"),
         {"b0": "AB1-mutated", "b1": "CD2-mutated"}),
        ("AB1- and CD2-positive", ("AB1-", "CD2-positive"), {}),
        ("AB1-, CD2-positive, or EF3-positive", ("AB1-", "CD2-positive", "EF3-positive"), {}),
        ("AB1- or CD2-", ("AB1-", "CD2-"), {}),
        ("AB1- or CD2 positive", ("AB1-", "CD2 positive"), {}),
    ],
)  # fmt: skip
def test_a_suspended_hyphen_is_no_minus(text: str, names: tuple[str, ...], expected: dict[str, str]) -> None:
    assert with_shared_states(marked(text, *names), {"p": text})[1] == expected


def test_a_bare_gene_of_a_list_is_its_marker() -> None:
    text = "AB1/CD2/EF3 wild-type or GH4 inhibitors"
    found = marked(text, "AB1", "CD2", "EF3 wild-type", "GH4", genes=("AB1", "GH4"))
    assert with_shared_states(found, {"p": text})[1] == {"g0": "AB1 wild-type", "b1": "CD2 wild-type"}
    text = "AB1 blockers, CD2 or EF3 mutation"
    blockers = found[0].model_copy(update={"id": "d", "type": "DRUG_CLASS", "text": "AB1 blockers", "end": 12})
    found = (*marked(text, "AB1", "CD2", "EF3 mutation", genes=("AB1", "CD2")), blockers)
    assert with_shared_states(found, {"p": text})[1] == {"g1": "CD2 mutation"}


def test_a_denied_list_is_denied_whole() -> None:
    text = "No known AB1 or CD2 alterations"
    found, _ = with_shared_states(marked(text, "AB1", "CD2 alterations", denied="CD2 alterations"), {"p": text})
    assert [m.attributes for m in found if m.type == "BIOMARKER"] == [("neg",), ("neg",)]
    text = "AB1 or CD2 amplification"
    found, _ = with_shared_states(marked(text, "AB1", "CD2 amplification", denied="CD2 amplification"), {"p": text})
    assert [m.attributes for m in found if m.type == "BIOMARKER"] == [(), ("neg",)]
