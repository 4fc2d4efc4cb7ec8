"""Nothing malignant stands below what is benign or inflamed, and names that contradict each other are two diseases."""

from __future__ import annotations

import pytest

from oncogloss.concepts import open_vocabulary
from oncogloss.concepts.parents import Places, ancestors, contradict, is_of_tumors, sound_parents
from oncogloss.concepts.tables import Row
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
    assert left_out == {
        "benign above a cancer": 0,
        "an inflammation or infection above a cancer": 1,
        "a carcinoma above another kind": 0,
        "in a circle": 0,
    }


def test_an_organs_carcinoma_is_above_no_sarcoma_or_lymphoma() -> None:
    kept, left_out = sound_parents(
        [
            entry("moon carcinoma"),
            entry("moon carcinosarcoma", "moon carcinoma"),
            entry("moon lymphoma", "moon carcinoma"),
            entry("moon leiomyosarcoma", "moon carcinoma"),
        ]
    )
    assert [e.parents for e in kept] == [(), ("moon carcinoma",), (), ()]
    assert left_out["a carcinoma above another kind"] == 2


def row(id_: str, name: str, *parents: str, type_: str = "CANCER", xrefs: tuple[str, ...] = ()) -> Row:
    return Row(id_, "moon", name, [], type_, list(parents), list(xrefs))


def test_what_is_below_a_row_that_is_another_concept_is_below_what_is_above_it() -> None:
    places: Places[str] = Places({"X:9": "named elsewhere"})
    places.add(row("M:1", "neoplasm"), "neoplasm")
    places.add(row("M:2", "moon neoplasm", "M:1"), None)
    places.add(row("M:3", "moon carcinoma", "M:2"), "moon carcinoma")
    assert list(places.above([row("M:4", "moon adenoma", "M:2")])) == ["neoplasm"]
    assert list(places.above([row("M:5", "rim carcinoma", "M:3", "X:9")])) == ["moon carcinoma", "named elsewhere"]


def test_a_place_in_meshs_tree_counts_for_a_cancer_that_has_no_other() -> None:
    places: Places[str] = Places({})
    places.add(row("M:1", "moon cancer"), "moon cancer")
    places.add(row("MESH:1", "glow", xrefs=("TREE:C1.1",)), "glow")
    placed, glowing = row("M:2", "rim cancer", "M:1"), row("MESH:2", "rim cancer", "TREE:C1.1")
    assert list(places.above([placed, glowing])) == ["moon cancer"]
    assert list(places.above([glowing])) == ["glow"]
    fever = glowing._replace(type="CONDITION"), placed._replace(type="CONDITION")
    assert sorted(places.above(fever)) == ["glow", "moon cancer"]


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
