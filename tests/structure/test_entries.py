"""Whether a patient's concept is of the kind that is asked for."""

from __future__ import annotations

from made import concept

from oncogloss.structure.entries import Knowledge, is_kind_of

ROOT = concept("T:ROOT")
DUNE, RIM = concept("T:DUNE", parents=("T:ROOT",)), concept("T:RIM", parents=("T:ROOT",), xrefs=("X:1", "X:2"))
BOTH, OTHER = concept("T:BOTH", parents=("T:DUNE", "T:RIM")), concept("T:OTHER", parents=("T:ROOT",), xrefs=("X:1",))
ALL = {c.id: c for c in (ROOT, DUNE, RIM, BOTH, OTHER)}


def below(id_: str) -> frozenset[str]:
    return frozenset(c.id for c in ALL.values() if id_ in c.parents)


KNOWLEDGE = Knowledge(lambda type_, name: None, ALL.get, below)


def test_a_kind_and_what_is_apart() -> None:
    assert is_kind_of(BOTH, DUNE, KNOWLEDGE) is True
    assert is_kind_of(DUNE, OTHER, KNOWLEDGE) is False


def test_what_has_a_kind_in_common_may_be_the_other() -> None:
    assert is_kind_of(DUNE, RIM, KNOWLEDGE) is None and is_kind_of(RIM, DUNE, KNOWLEDGE) is None


def test_the_wider_one_may_be_the_narrower() -> None:
    assert is_kind_of(DUNE, BOTH, KNOWLEDGE) is None


def test_a_cross_reference_that_two_have_makes_them_not_the_same() -> None:
    assert is_kind_of(OTHER, RIM, KNOWLEDGE) is False
    assert is_kind_of(concept("X:2", parents=("T:ROOT",)), RIM, KNOWLEDGE) is True
