"""Scores of immunohistochemistry as comparisons, of markers marked by hand."""

from __future__ import annotations

import re

import pytest
from made import concept
from marked import extraction_of

from oncogloss.schema import Marker, Mention
from oncogloss.structure import structured


def scored(m: Mention) -> Mention:
    """A marker of a gene with a score: by its last digit."""
    score = re.search(r"([0-3]\+?)\D*$", m.text)
    marker = Marker(genes=("MOON1",), threshold=f"IHC {score[1]}") if score and m.type == "BIOMARKER" else None
    return m.model_copy(update={"concept": concept(m.text, marker=marker)}) if marker else m


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[BIOMARKER Tide antigen IHC 3+]", ["MOON1 IHC = 3 None 3+"]),
        ("[BIOMARKER IHC 2+] or [BIOMARKER 3+ by IHC]", ["MOON1 IHC range 2 3 2+ or 3+ by IHC"]),
        ("[BIOMARKER IHC 0], [BIOMARKER 1+], or [BIOMARKER 2+]", ["MOON1 IHC range 0 2 0, 1+, or 2+"]),
        ("[BIOMARKER IHC 3+] or [BIOMARKER IHC 2+]/[BIOMARKER FISH+]", []),
        ("[BIOMARKER IHC 3+] or positive by in situ hybridisation", []),
        ("[BIOMARKER IHC 3+] or, in the moonlight, [BIOMARKER IHC 2+]", []),
        ("[BIOMARKER IHC 0] or [BIOMARKER IHC 3+]", []),
    ],
)
def test_alternatives_are_one_range_and_none_where_another_test_decides(text: str, wanted: list[str]) -> None:
    document, extraction = extraction_of(("inc", text))
    extraction = extraction.model_copy(update={"mentions": tuple(map(scored, extraction.mentions))})
    found = structured(document, extraction).thresholds
    assert [f"{t.measure} {t.operator} {t.value:g} {t.high and f'{t.high:g}'} {t.text}" for t in found] == wanted
