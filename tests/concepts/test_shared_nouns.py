"""What a name takes from the list that it stands in: a class that is but a gene's name the noun or the "anti", a
disease or procedure its last or first words."""

from __future__ import annotations

import re

import pytest

from oncogloss.concepts.shared_nouns import shared_names, whole_names
from oncogloss.schema import Mention

MARK = re.compile(r"\[([^\]]+)\]")
GENES = ("PD-1", "PD-L1", "BRAF", "MEK", "EGFR", "ALK", "LAG-3")


def named(marked: str) -> dict[str, str]:
    """The names of the classes in square brackets; genes in them are mentions, too."""
    text, mentions, position = "", [], 0
    for mark in MARK.finditer(marked):
        text += marked[position : mark.start()]
        start, position = len(text), mark.end()
        text += mark[1]
        spans = [(start, len(text), "DRUG_CLASS")]
        spans += [(start + g.start(), start + g.end(), "GENE") for g in re.finditer("|".join(GENES), mark[1])][:1]
        mentions += [
            Mention(id=f"m{len(mentions) + n}", passage="p", start=a, end=b, text=text[a:b], type=t, score=1)  # type: ignore[arg-type]
            for n, (a, b, t) in enumerate(spans)
        ]
    text += marked[position:]
    return {m.text: name for m, name in whole_names(mentions, {"p": text})}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prior [PD-1] or [PD-L1 inhibitors]", {"PD-1": "PD-1 inhibitors"}),
        (
            "[EGFR], [ALK], or [BRAF-targeted therapy]",
            {"EGFR": "EGFR-targeted therapy", "ALK": "ALK-targeted therapy"},
        ),
        ("[BRAF]/[MEK inhibitor]", {"BRAF": "BRAF inhibitor"}),
        ("[anti-PD-1], [PD-L1] or [LAG-3]", {"PD-L1": "anti-PD-L1", "LAG-3": "anti-LAG-3"}),
        ("[PD-1]. Or [PD-L1 inhibitors]", {}),
        ("[PD-1] after [PD-L1 inhibitors]", {}),
        ("[PD-1 inhibitor] or [chemotherapy]", {}),
        ("[steroids] or [PD-L1 inhibitors]", {}),
    ],
)
def test_a_class_takes_the_noun_of_its_list(text: str, expected: dict[str, str]) -> None:
    assert named(text) == expected


def of_type(type_: str, marked: str) -> dict[str, list[str]]:
    """The names that mentions of a type, in square brackets, may have by their lists."""
    text, mentions, position = "", [], 0
    for n, mark in enumerate(MARK.finditer(marked)):
        text += marked[position : mark.start()]
        start, position = len(text), mark.end()
        text += mark[1]
        span = {"id": f"m{n}", "passage": "p", "start": start, "end": len(text), "text": mark[1]}
        mentions.append(Mention.model_validate({**span, "type": type_, "score": 1}))
    text += marked[position:]
    found: dict[str, list[str]] = {}
    for m, name in shared_names(mentions, {"p": text}):
        found.setdefault(m.text, []).append(name)
    return found


@pytest.mark.parametrize(
    ("type_", "text", "name", "first"),
    [
        ("CONDITION", "active [hepatitis B] or [C]", "C", "hepatitis C"),
        ("CONDITION", "[hepatitis A], [B] and/or [C]", "B", "hepatitis B"),
        ("CONDITION", "[Type 1] or [2 diabetes]", "Type 1", "Type 1 diabetes"),
        ("CONDITION", "[Type 1] or [2 diabetes]", "2 diabetes", "Type 2 diabetes"),
        ("PROCEDURE", "[stem cell] or [organ transplant]", "stem cell", "stem cell transplant"),
        ("CANCER", "[basal] or [squamous cell cancer]", "basal", "basal cell cancer"),
    ],
)
def test_a_disease_or_procedure_takes_words_of_its_list(type_: str, text: str, name: str, first: str) -> None:
    assert of_type(type_, text)[name][0] == first


@pytest.mark.parametrize("text", ["[hepatitis B], with [C]", "[anemia] or [C]", "[rash] or [pain]", "[hepatitis B]"])
def test_nothing_is_taken_from_what_shares_nothing(text: str) -> None:
    assert of_type("CONDITION", text) == {}
