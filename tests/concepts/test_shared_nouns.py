"""A class that is but a gene's name has the noun, or the "anti", of the list that it stands in."""

from __future__ import annotations

import re

import pytest

from oncogloss.concepts.shared_nouns import whole_names
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
