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
        ("exc", "[CONDITION tide fever] ([MEASURE CD4 count] [VALUE >= 200/uL] is allowed)", ((2, 3),), [True]),
        ("exc", "[CONDITION gout] is allowed if not on [VALUE > 3 mg/day] [DRUG lunamab]", ((3, 2),), [False]),
        ("exc", "[DRUG lunamab] [VALUE <= 3 mg/day] is permitted", ((1, 2),), [True]),
        ("exc", "[CANCER Moon cancer] (sites [VALUE <= 1 cm] are allowed)", ((1, 2),), []),
        ("exc", "[CANCER Moon cancer] (sites [VALUE > 1 cm] are not allowed)", ((1, 2),), [False]),
        ("inc", "[VALUE Grade 1] [CONDITION rash] is permitted", ((2, 1),), []),
        ("inc", "[VALUE Up to grade 2] [CONDITION rash] is permitted", ((2, 1),), [False]),
        ("inc", "[MEASURE ECOG] [VALUE 0-1]; [MEASURE ECOG] of [VALUE 2] is allowed", ((1, 2), (3, 4)), [False]),
        ("exc", "[CONDITION rash] that has not yet resolved to [VALUE grade 1 or less]", ((1, 2),), [True]),
        ("exc", "Not recovered (i.e., to [VALUE <= grade 1]) from [CONDITION rash]", ((2, 1),), [True]),
        ("exc", "Not recovered from [CONDITION rash] of [VALUE grade >= 2]", ((1, 2),), [False]),
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
