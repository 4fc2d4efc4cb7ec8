"""What a patient's tests say of the markers that a trial asks for."""

from __future__ import annotations

import pytest

from oncogloss.schema import Concept, Marker, MarkerResult
from oncogloss.structure.entries import Entry
from oncogloss.structure.kleene import Truth
from oncogloss.structure.marker_results import has_marker, together


def entry(gene: str, state: str) -> Entry:
    named = Concept(id="T:1", name="1", vocabulary="T", score=1.0, marker=Marker(genes=(gene,), state=state))
    return Entry("marker 1", gene, named, MarkerResult(name=gene, state=state))


@pytest.mark.parametrize(
    ("gene", "state", "asked", "expected"),
    [
        ("ALK", "fusion", "alteration", True),
        ("BRAF", "mutation", "alteration", True),
        ("BRAF", "wild type", "alteration", False),
        ("ALK", "fusion", "mutation", None),
        ("ALK", "fusion", "positive", True),
        ("ALK", "positive", "fusion", True),
        ("ERBB2", "fusion", "positive", None),
        ("EBV", "negative", "positive", False),
    ],
)
def test_a_state_shows_what_is_asked(gene: str, state: str, asked: str, expected: Truth) -> None:
    assert has_marker(entry(gene, state), Marker(genes=(gene,), state=asked)) is expected


def test_all_genes_of_a_family_lack_what_one_is_to_have() -> None:
    wild = Marker(genes=("HRAS", "KRAS", "NRAS"), state="wild type")
    assert together(wild, [({"KRAS"}, True)]) is None
    assert together(wild, [({"KRAS"}, True), ({"NRAS"}, True)]) is True
    assert together(wild, [({"KRAS"}, True), ({"NRAS"}, False)]) is False
    mutated = Marker(genes=("BRCA1", "BRCA2"), state="mutation")
    assert together(mutated, [({"BRCA1"}, False)]) is None
    assert together(mutated, [({"BRCA1"}, False), ({"BRCA2"}, True)]) is True
    assert together(mutated, [({"BRCA1", "BRCA2"}, False)]) is False
    assert together(Marker(genes=("ERBB2",), state="negative"), [({"ERBB2"}, True), ({"ERBB2"}, None)]) is True


def varied(gene: str, alteration: str, state: str, variant: str | None = None, kind: str = "mutation") -> Entry:
    """A test for one alteration of a gene: a variant, or all of a kind."""
    marker = Marker(genes=(gene,), alteration=variant, state=kind)
    named = Concept(id="T:1", name="1", vocabulary="T", score=1.0, marker=marker)
    return Entry("marker 1", gene, named, MarkerResult(name=gene, alteration=alteration, state=state))


@pytest.mark.parametrize("absent", ["negative", "wild-type", "not detected"])
def test_a_variant_that_is_absent_leaves_other_variants_open(absent: str) -> None:
    lacking = varied("EGFR", "T790M", absent, "p.Thr790Met")
    for state in ("mutation", "wild type", "alteration", "positive", "negative"):
        assert has_marker(lacking, Marker(genes=("EGFR",), state=state)) is None
    assert has_marker(lacking, Marker(genes=("EGFR",), alteration="p.Leu858Arg", state="mutation")) is None
    assert has_marker(lacking, Marker(genes=("EGFR",), alteration="p.Thr790Met", state="mutation")) is False
    unread = lacking._replace(concept=None)
    assert has_marker(unread, Marker(genes=("EGFR",), state="wild type")) is None


def test_a_variant_that_is_to_be_absent() -> None:
    asked = Marker(genes=("EGFR",), alteration="p.Thr790Met", state="negative")
    assert has_marker(varied("EGFR", "T790M", "negative", "p.Thr790Met"), asked) is True
    assert has_marker(varied("EGFR", "T790M", "positive", "p.Thr790Met"), asked) is False
    assert has_marker(varied("EGFR", "L858R", "positive", "p.Leu858Arg"), asked) is None
    assert has_marker(entry("EGFR", "negative"), asked) is True


@pytest.mark.parametrize(
    ("gene", "kind", "asked", "expected"),
    [
        ("EGFR", "mutation", "mutation", False),
        ("EGFR", "mutation", "wild type", True),
        ("EGFR", "fusion", "mutation", None),
        ("ALK", "fusion", "fusion", False),
        ("ALK", "fusion", "positive", False),
        ("ALK", "mutation", "positive", None),
        ("ERBB2", "amplification", "positive", None),
    ],
)
def test_a_kind_of_alteration_that_is_absent(gene: str, kind: str, asked: str, expected: Truth) -> None:
    assert has_marker(varied(gene, kind, "negative", kind=kind), Marker(genes=(gene,), state=asked)) is expected
