"""All of structure in order: what one step finds, the next ones see."""

from __future__ import annotations

import pytest

for room in ("coverage", "criteria", "thresholds"):
    pytest.importorskip(f"oncogloss.structure.{room}")
from oncogloss.schema import Registry  # noqa: E402
from oncogloss.structure import structured  # noqa: E402
from structure.hand import Hand  # noqa: E402


def test_every_part_is_there() -> None:
    hand = Hand(registry=Registry(sex="all", minimum_age="18 Years")).text("eligibility", "* Age >= 16 years")
    hand.mark("a", "MEASURE", "Age").mark("v", "VALUE", ">= 16 years").relate("HAS_VALUE a v")
    hand.asks("c1", "inc", "Age >= 16 years", "a", "demographic")
    hand.entries("arms", ("experimental", "A", "lunamab")).mark("l", "DRUG", "lunamab")
    hand.entries("outcomes", ("primary", "OS", "2 years")).mark("o", "OUTCOME", "OS")
    bare = hand.extraction.model_copy(
        update={"criteria": tuple(c.model_copy(update={"logic": None}) for c in hand.extraction.criteria)}
    )
    found = structured(hand.document, bare)
    assert found.criteria[0].logic is not None
    assert [(t.operator, t.value, t.unit) for t in found.thresholds] == [(">=", 16, "a")]
    assert [t.mention for arm in found.arms for t in arm.treatments] == ["l"]
    assert [e.rank for e in found.endpoints] == ["primary"]
    assert found.summary.treatments == ("lunamab",) and found.summary.age == (18, None)
    assert [flag.kind for flag in found.flags] == ["age"]
    assert found.coverage and (found.mentions, found.relations) == (bare.mentions, bare.relations)
