"""Nothing malignant stands below what is benign or inflamed, and names that contradict each other are two diseases."""

from __future__ import annotations

import pytest

from oncogloss.concepts import open_vocabulary
from oncogloss.concepts.parents import ancestors, contradict, is_of_tumors, sound_parents
from oncogloss.concepts.vocabulary import Entry


def entry(name: str, *parents: str) -> Entry:
    return Entry(name, name, "moon", parents=parents)


def test_a_cancer_is_no_kind_of_what_is_benign() -> None:
    entries = [
        entry("moon growth"),
        entry("moon benign neoplasm", "moon growth"),
        entry("moon rim neoplasm", "moon benign neoplasm", "moon growth"),
        entry("moon rim carcinoma", "moon rim neoplasm", "craterfibroma"),
        entry("moon adenoma", "moon benign neoplasm"),
        entry("craterfibroma"),
        entry("rim lipoma"),
        entry("rim liposarcoma", "rim lipoma"),
    ]
    kept, left_out = sound_parents(entries)
    parents = {e.id: e.parents for e in kept}
    assert parents["moon rim neoplasm"] == ("moon growth",), "a carcinoma is among its kinds"
    assert parents["moon rim carcinoma"] == ("moon rim neoplasm", "craterfibroma")
    assert parents["moon adenoma"] == ("moon benign neoplasm",) and parents["rim liposarcoma"] == ()
    assert left_out["benign above a cancer"] == 2


def test_a_cancer_is_no_kind_of_an_inflammation() -> None:
    kept, left_out = sound_parents(
        [entry("rhinitis"), entry("nose cancer", "rhinitis"), entry("hay fever", "rhinitis")]
    )
    assert [e.parents for e in kept] == [(), (), ("rhinitis",)]
    assert left_out == {"benign above a cancer": 0, "an inflammation or infection above a cancer": 1, "in a circle": 0}


def test_circles_are_counted() -> None:
    kept, left_out = sound_parents([entry("a", "b"), entry("b", "c"), entry("c", "a")])
    assert [e.parents for e in kept] == [("b",), ("c",), ()] and left_out["in a circle"] == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lung benign neoplasm", "lung neoplasm"),
        ("benign tumour of the lung", "lung carcinoma"),
        ("squamous non-small cell carcinoma", "non-squamous non-small cell carcinoma"),
    ],
)
def test_names_that_contradict_each_other(one: str, other: str) -> None:
    assert contradict(one, other) and contradict(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lung benign neoplasm", "benign tumor of the lung"),
        ("non-small cell lung cancer", "non-small cell lung carcinoma"),
        ("benign meningioma", "meningioma"),
        ("sinus", "sinus disease"),
    ],
)
def test_names_that_do_not(one: str, other: str) -> None:
    assert not contradict(one, other) and not contradict(other, one)


def test_a_tumor_is_said_to_be_one() -> None:
    assert is_of_tumors("neoplasms of the moon") and not is_of_tumors("benign neoplasm of the moon")
    assert not is_of_tumors("moon fever")


@pytest.mark.parametrize("name", ["NSCLC", "melanoma", "hepatocellular carcinoma", "colorectal cancer", "liposarcoma"])
def test_no_shipped_cancer_is_benign(name: str) -> None:
    vocabulary = open_vocabulary()
    hit = vocabulary.find("CANCER", name)
    assert hit is not None
    parents = {e.id: e.parents for e in vocabulary.entries()}
    above = [e.name for i in ancestors(hit[0].id, parents) if (e := vocabulary.with_id(i))]
    assert len(above) > 2 and not [said for said in above if "benign" in said]
