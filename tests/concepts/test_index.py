"""Vectors of names: packed and unpacked, written, opened, and asked for what is nearest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.concepts import Vocabulary, link, open_vocabulary
from oncogloss.concepts.index import PIECES, WIDTH, Index, packed, pieces, unpacked, write_index
from oncogloss.concepts.linker import LEAST_ALIKE
from oncogloss.concepts.vocabulary import Entry, write_sums, write_vocabulary
from oncogloss.errors import BundleError


@given(st.integers(0, 2**32 - 1))
def test_four_bits_keep_a_direction(seed: int) -> None:
    rows = np.random.default_rng(seed).standard_normal((3, WIDTH)).astype(np.float32)
    exact = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    kept = unpacked(packed(rows))
    assert packed(rows).shape == (3, WIDTH // 2)
    assert ((kept * exact).sum(1) > 0.95).all()


def test_zeros_stay_zeros() -> None:
    assert not unpacked(packed(np.zeros((2, WIDTH), np.float32))).any()


@given(st.text(max_size=40))
def test_any_name_has_pieces_within_the_table(name: str) -> None:
    places, weights = pieces(name)
    assert len(places) == len(weights) and all(0 <= place < PIECES for place in places)


def test_a_name_is_its_words_in_any_order() -> None:
    assert sorted(pieces("tumours of the moon")[0]) == sorted(pieces("moon tumor")[0])


@pytest.fixture
def moon(tmp_path: Path) -> Vocabulary:
    """Two diseases, whose vectors are those of the pieces of their names."""
    entries = [Entry("X:1", "moon sarcoma", "X"), Entry("X:2", "tide fever", "X")]
    write_vocabulary(entries, {}, tmp_path, [])
    table = np.random.default_rng(0).standard_normal((PIECES, WIDTH)).astype(np.float32)
    held = np.stack([np.asarray(w, np.float32) @ table[p] for p, w in (pieces(e.name) for e in entries)])
    write_index(table, np.array([0, 1]), np.array([0, 0]), held, tmp_path)
    write_sums(tmp_path)
    return Vocabulary(tmp_path)


def test_the_nearest_comes_first(moon: Vocabulary) -> None:
    (first, near), *others = moon.alike("CANCER", "sarcomatous moon sarcoma")
    assert first.id == "X:1" and near > 0.7 and all(far < near for _, far in others)
    assert moon.alike("CONDITION", "fever tide")[0][0].id == "X:2"
    assert moon.alike("PROCEDURE", "moon sarcoma") == [], "none is there"
    assert moon.alike("DRUG", "moon sarcoma") == [], "no type of the index"
    assert moon.alike("CANCER", " - ") == []


def test_an_index_is_no_other_vocabularys(moon: Vocabulary) -> None:
    write_vocabulary([Entry("X:9", "crater", "X")], {}, moon.folder, [])
    assert Vocabulary(moon.folder).index is None


def test_a_damaged_index_is_refused(moon: Vocabulary) -> None:
    np.save(moon.folder / "alike.npy", np.zeros(3))
    with pytest.raises(BundleError, match="differs from its SHA-256"):
        Vocabulary(moon.folder)
    write_sums(moon.folder)
    with pytest.raises(BundleError, match="no vocabulary"):
        Vocabulary(moon.folder)
    with pytest.raises(ValueError, match="its index is none"):
        Index(moon.folder)


def test_what_is_only_alike_says_so() -> None:
    concept = link("CONDITION", "acute coronary insufficiency", None, open_vocabulary())
    assert concept is None or (concept.match in ("broader", "alike") and concept.score < 0.9)
    found = open_vocabulary().alike("CONDITION", "sensorineural impairment of hearing")
    assert "hearing" in found[0][0].name.casefold()


@pytest.mark.parametrize("name", ["renal and hepatic moonitis", "XQZ", "crater/tide disease", "zyxwv"])
def test_nothing_is_alike_to_several_things_letters_or_the_unknown(name: str) -> None:
    concept = link("CONDITION", name, None, open_vocabulary())
    assert concept is None or concept.match != "alike" or concept.score >= LEAST_ALIKE
    assert name == "zyxwv" or concept is None or concept.match != "alike"
