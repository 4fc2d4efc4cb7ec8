"""How loosely lists of markers bind, and what a comma, a stroke and a bracket make of them."""

from __future__ import annotations

import pytest
from made import concept
from marked import extraction_of, means

from oncogloss.schema import Marker, Mention
from oncogloss.structure.criteria import logic_of
from oncogloss.structure.notation import canonical, write_logic
from oncogloss.structure.scope import scopes


def linked(m: Mention) -> Mention:
    """A marker whose state is its last word."""
    gene, _, state = m.text.partition(" ")
    marker = Marker(genes=(gene,), state=state) if state else None
    return m.model_copy(update={"concept": concept(f"T:{m.text}", marker=marker)})


@pytest.mark.parametrize(
    ("side", "text", "wanted"),
    [
        ("inc", "[BIOMARKER MOON1 positive] or [BIOMARKER MOON2 positive], [BIOMARKER TIDE negative] [CANCER glioma]",
         "(all (any 1 2) 3 4)"),
        ("inc", "[BIOMARKER MOON1 positive] and/or [BIOMARKER MOON2 positive] [BIOMARKER TIDE high]",
         "(all (any 1 2) 3)"),
        ("inc", "[BIOMARKER MOON1 positive] or [BIOMARKER MOON2 high], [BIOMARKER TIDE low], or [BIOMARKER SUN low]",
         "(any 1 2 3 4)"),
        ("inc", "[BIOMARKER MOON1 mutation] or [BIOMARKER MOON2 fusion], [BIOMARKER TIDE fusion]", "(any 1 2 3)"),
        ("inc", "[BIOMARKER MOON1 positive] or [GENE MOON2], [BIOMARKER TIDE positive]", "(any 1 2 3)"),
        ("exc", "[BIOMARKER MOON1 positive] or [BIOMARKER MOON2 positive], [BIOMARKER TIDE negative]", "(any 1 2 3)"),
        ("inc", "[BIOMARKER MOON1 negative] (0 or [VALUE 1+]) [CANCER glioma]", "(all 1 3)"),
        ("inc", "[BIOMARKER MOON1 IHC 2+]/[BIOMARKER FISH+] or [BIOMARKER IHC 3+]", "(any (all 1 2) 3)"),
        ("inc", "[BIOMARKER IHC 3+] or [BIOMARKER IHC 2+]/[BIOMARKER FISH+]", "(any 1 (all 2 3))"),
        ("inc", "[BIOMARKER IHC 3+]/[BIOMARKER FISH+]", "(any 1 2)"),
        ("inc", "[BIOMARKER IHC 3+] or [BIOMARKER IHC 2+] and [BIOMARKER FISH+] [CANCER glioma]",
         "(all (any 1 (all 2 3)) 4)"),
        ("inc", "[BIOMARKER IHC 3+] or [BIOMARKER 2+] (confirmed by [BIOMARKER in situ hybridization])",
         "(any 1 (all 2 3))"),
        ("inc", "[GENE MOON1 wild type]/[BIOMARKER MOON2 wild type]", "(all 1 2)"),
    ],
)  # fmt: skip
def test_lists_of_markers(side: str, text: str, wanted: str) -> None:
    document, extraction = extraction_of((side, text))
    extraction = extraction.model_copy(update={"mentions": tuple(map(linked, extraction.mentions))})
    found = logic_of(scopes(document, extraction))[0].logic
    assert found is not None and write_logic(canonical(found)) == means(wanted)
