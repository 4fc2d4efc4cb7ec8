"""Clauses that say how a fact must be: invented criteria, and the qualifiers that are made of them."""

from __future__ import annotations

import pytest
from made import concept
from marked import extraction_of

from oncogloss.schema import Logic
from oncogloss.structure import structured


def leaves(logic: Logic | None) -> list[Logic]:
    if logic is None:
        return []
    return [logic] if logic.op == "fact" else [leaf for part in logic.parts for leaf in leaves(part)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[CONDITION gout] that would limit compliance", [("that would limit compliance",)]),
        ("[CONDITION gout] likely to interfere with participation", [("likely to interfere with participation",)]),
        ("[CONDITION gout] that would sing to the moon", [()]),
        ("[CONDITION gout], [CONDITION pox], or other [CONDITION fever] affecting absorption",
         [(), (), ("other", "affecting absorption")]),
        ("[CONDITION gout] or [CONDITION pox] requiring medication", [("requiring medication",)] * 2),
        ("[CONDITION allergy] to any component of the study drug", [("to any component of the study drug",)]),
        ("[CONDITION allergy] to the moon", [()]),
        ("[CONDITION gout] in the study eye", [("in the study eye",)]),
        ("[CONDITION gout] or anticipation of the need for [PROCEDURE moon bath]", [(), ("anticipated",)]),
    ],
)  # fmt: skip
def test_clauses_become_qualifiers(text: str, wanted: list[tuple[str, ...]]) -> None:
    found = structured(*extraction_of(("exc", text)))
    assert [leaf.qualifiers for leaf in leaves(found.criteria[0].logic)] == wanted


@pytest.mark.parametrize(
    ("text", "name", "lacks"),
    [
        ("[PROCEDURE chest irradiation]", "Radiotherapy", "chest"),
        ("[BIOMARKER moon receptor-sensitizing mutation]", "MOON1 mutation", "sensitizing"),
    ],
)
def test_what_a_broader_concept_lacks_is_a_qualifier(text: str, name: str, lacks: str) -> None:
    document, extraction = extraction_of(("exc", text))
    broad = concept("T:RT", name, match="broader")
    linked = extraction.mentions[0].model_copy(update={"concept": broad})
    found = structured(document, extraction.model_copy(update={"mentions": (linked,)}))
    assert [leaf.qualifiers for leaf in leaves(found.criteria[0].logic)] == [(lacks,)]
    assert found.coverage[0].status == "structured"


@pytest.mark.parametrize(
    ("side", "text", "status"),
    [
        ("exc", "[CONDITION gout]; [CONDITION pox]", "structured"),
        ("inc", "[CONDITION gout]; [DRUG lunamab]", "partly"),
        ("exc", "[CONDITION gout]. [CONDITION pox] is seen", "partly"),
        ("inc", "[DRUG/hist Lunamab] is allowed", "structured"),
        ("inc", "[POPULATION Male] or [POPULATION female] patients", "structured"),
        ("exc", "[POPULATION Men] and [POPULATION women] who are unwilling to use acceptable means", "partly"),
    ],
)
def test_lists_and_permissions(side: str, text: str, status: str) -> None:
    assert structured(*extraction_of((side, text))).coverage[0].status == status


def test_a_bare_second_limit_is_compared_like_the_first() -> None:
    text = "[MEASURE ALT] [VALUE ≤ 3 x ULN] ([VALUE 5 x ULN] if [CANCER liver metastases] are there)"
    found = structured(*extraction_of(("inc", text), relations=(("HAS_VALUE", 1, 2), ("HAS_VALUE", 1, 3))))
    assert [(t.operator, t.value, t.condition is not None) for t in found.thresholds] == [
        ("<=", 3, False), ("<=", 5, True),
    ]  # fmt: skip
