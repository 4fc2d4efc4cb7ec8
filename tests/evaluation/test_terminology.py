"""Names of the vocabulary that ships, looked up in invented sentences."""

from __future__ import annotations

import pytest

from oncogloss.concepts import open_vocabulary
from oncogloss.evaluation.terminology import Terms


@pytest.fixture(scope="module")
def terms() -> Terms:
    return Terms(open_vocabulary(), ["zorbatinib", "QVX-4417"])


def found(terms: Terms, text: str) -> set[tuple[str, str]]:
    return {(type_, text[start:end]) for type_, start, end in terms.marks(text)}


def test_the_longest_name_is_marked_with_its_type(terms: Terms) -> None:
    text = "Pembrolizumab in non-small cell lung cancer with EGFR changes"
    assert found(terms, text) >= {
        ("DRUG", "Pembrolizumab"),
        ("CANCER", "non-small cell lung cancer"),
        ("GENE", "EGFR"),
    }


def test_a_short_form_is_not_the_common_word(terms: Terms) -> None:
    assert not {name for _, name in found(terms, "all who met the aim")}


def test_names_given_beside_the_vocabulary_count_as_drugs(terms: Terms) -> None:
    assert found(terms, "Zorbatinib or qvx-4417.") >= {("DRUG", "Zorbatinib"), ("DRUG", "qvx-4417")}
    assert ("DRUG", "Zorbatinib") not in found(Terms(open_vocabulary()), "Zorbatinib or qvx-4417.")


def test_no_name_goes_over_the_end_of_a_line(terms: Terms) -> None:
    assert ("CANCER", "lung\ncancer") not in found(terms, "of the lung\ncancer of the moon")
