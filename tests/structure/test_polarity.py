"""Comparisons that a criterion asks not to hold."""

from __future__ import annotations

import pytest
from marked import extraction_of

from oncogloss.structure import structured
from oncogloss.structure.polarity import denied_in

AST = "[MEASURE{0} AST] [VALUE > 3 x ULN]"


def denied(side: str, text: str, *pairs: tuple[int, int]) -> list[bool]:
    relations = tuple(("HAS_VALUE", a, b) for a, b in pairs)
    return [t.denied for t in structured(*extraction_of((side, text), relations=relations)).thresholds]


@pytest.mark.parametrize(
    ("side", "text", "pairs", "wanted"),
    [
        ("inc", "[MEASURE AST] [VALUE < 3 x ULN]", ((1, 2),), [False]),
        ("inc", "No [MEASURE/neg AST] [VALUE > 3 x ULN]", ((1, 2),), [True]),
        ("exc", "[MEASURE AST] [VALUE > 3 x ULN]", ((1, 2),), [False]),
        ("exc", "[CONDITION tide fever], unless [MEASURE/exc CD4 count] [VALUE >= 200/uL]", ((2, 3),), [True]),
        ("exc", "[CONDITION tide fever]: eligible if [MEASURE CD4 count] [VALUE >= 200/uL]", ((2, 3),), [True]),
        ("exc", "[CONDITION tide fever]: not eligible if [MEASURE CD4 count] [VALUE < 200/uL]", ((2, 3),), [False]),
        ("exc", "[CONDITION rash] that must be resolved to [VALUE grade 1]", ((1, 2),), [True]),
    ],
)
def test_what_is_denied_or_spared(side: str, text: str, pairs: tuple[tuple[int, int], ...], wanted: list[bool]) -> None:
    assert denied(side, text, *pairs) == wanted


def test_what_is_under_an_exception_is_spared() -> None:
    criteria = ("exc", "Prior [CANCER moon cancer] except:"), ("exc", "[MEASURE PSA] [VALUE < 1 ng/mL]")
    found = structured(*extraction_of(*criteria, relations=(("HAS_VALUE", 2, 3),), parents={2: 1}))
    assert [(t.criterion, t.denied) for t in found.thresholds] == [("c2", True)]
    assert denied_in(found.criteria) == {("c2", "2")}


def test_no_logic_denies_nothing() -> None:
    _, extraction = extraction_of(("exc", "[MEASURE AST] [VALUE > 3 x ULN]"))
    assert denied_in(extraction.criteria) == set()
