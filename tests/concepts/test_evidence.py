"""Which spans are known names, of which kind, and where their weight reaches."""

from __future__ import annotations

from oncogloss.concepts import open_vocabulary
from oncogloss.concepts.evidence import KnownNames, NameKind
from oncogloss.concepts.terms import Term, with_terms

WEIGHTS: dict[NameKind, float] = {"term": 3.0, "name": 1.0, "short": 5.0, "sense": 8.0}
TEXT = "PR was confirmed by a scan of all target lesions.\nMesalamine enema PR nightly; zorbatinib for melanoma or HIV."
KNOWN = KnownNames([TEXT], with_terms(open_vocabulary(), [Term("DRUG", "zorbatinib")]), WEIGHTS)


def kind(type_: str, part: str, logit: float = 0.0, nth: int = 0) -> NameKind | None:
    at = -1
    for _ in range(nth + 1):
        at = TEXT.index(part, at + 1)
    return KNOWN(type_, 0, at, at + len(part), logit)


def test_each_kind_of_name() -> None:
    assert kind("DRUG", "zorbatinib") == "term"
    assert kind("CANCER", "melanoma") == "name"
    assert kind("CONDITION", "HIV") == "short"
    assert kind("OUTCOME", "PR") == "sense" and kind("ROUTE", "PR") is None
    assert kind("ROUTE", "PR", nth=1) == "sense" and kind("OUTCOME", "PR", nth=1) is None


def test_what_is_no_name() -> None:
    assert kind("CANCER", "zorbatinib") is None and kind("DRUG", "zorba") is None
    assert kind("CANCER", "melanom") is None and kind("STAGE", "melanoma") is None


def test_a_weight_reaches_no_further_than_it_lifts() -> None:
    assert kind("CANCER", "melanoma", -0.9) == "name" and kind("CANCER", "melanoma", -1.1) is None
    assert kind("DRUG", "zorbatinib", -2.9) == "term" and kind("DRUG", "zorbatinib", -3.1) is None
    assert kind("ROUTE", "PR", -7.9, nth=1) == "sense" and kind("ROUTE", "PR", -8.1, nth=1) is None
