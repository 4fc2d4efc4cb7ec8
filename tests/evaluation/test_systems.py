"""Each system of the house, on a handful of invented documents: it learns, reads again from disk, is taught names."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncogloss.errors import OncoglossError
from oncogloss.evaluation import systems
from oncogloss.evaluation.new_names import NAMES, held_sentences, marked, taught_sentences
from oncogloss.evaluation.run import gold_facts
from oncogloss.evaluation.systems import System, make_system, system_names
from oncogloss.evaluation.systems_taught import LstmSystem, SpacySystem
from oncogloss.training.corpora import GoldDocument

PATTERNS = (
    "[@] in adults with [CANCER moon sarcoma] and a [BIOMARKER MOON1 mutation]",
    "[@] is given [ROUTE orally] [SCHEDULE once daily] for [CANCER crater carcinoma]",
    "Treatment with [@] [TIME within 28 days] is not allowed",
    "Known [CONDITION tide fever] or [@] at [DOSE 20 mg]",
)
DRUGS = ("zorbatinib", "lunamab", "tidelimus", "craterib")
TRAINING = [GoldDocument(f"d{i}{k}", (marked(p, d),)) for i, d in enumerate(DRUGS) for k, p in enumerate(PATTERNS)]


def trained(name: str, folder: Path) -> System:
    make_system(name).train(TRAINING, [], folder)
    system = make_system(name)
    system.load(folder)
    return system


def recall(system: System, documents: list[GoldDocument]) -> float:
    wanted = set().union(*(gold_facts(d).entities for d in documents))
    return len(wanted & set().union(*(system.extract(d.document).entities for d in documents))) / len(wanted)


@pytest.mark.parametrize("name", ["dictionary", "crf", "bilstm-crf", "spacy"])
def test_what_was_learned_is_found_again_by_another_object(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name != "dictionary":
        pytest.importorskip({"crf": "sklearn_crfsuite", "bilstm-crf": "torch", "spacy": "spacy"}[name])
    monkeypatch.setattr(LstmSystem, "epochs", 60)
    monkeypatch.setattr(SpacySystem, "epochs", {"genes": 1, "others": 15})
    system = trained(name, tmp_path)
    assert recall(system, TRAINING) > 0.7
    size = system.size(tmp_path)
    assert size.bytes > 0 and (size.parameters > 0) == (name != "dictionary")
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    make_system(name).train(TRAINING, [], tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == files, "it was trained twice"


@pytest.mark.parametrize("name", ["dictionary", "spacy"])
def test_new_names_are_learned_and_old_ones_kept(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "spacy":
        pytest.importorskip("spacy")
        monkeypatch.setattr(SpacySystem, "epochs", {"genes": 1, "others": 15})
    system = trained(name, tmp_path)
    drugs = [s for d in held_sentences() for s in gold_facts(d).entities if s[3] == "DRUG"]

    def share() -> float:
        found = set().union(*(system.extract(d.document).entities for d in held_sentences()))
        return sum(s in found for s in drugs) / len(drugs)

    before = share()
    sentences = system.add_names(NAMES, taught_sentences(), TRAINING, tmp_path)
    assert sentences == (0 if name == "dictionary" else len(taught_sentences()))
    assert share() > max(before, 0.9 if name == "dictionary" else 0)
    assert recall(system, TRAINING) > 0.5


def test_a_dictionary_leaves_out_terms_that_training_leaves_unmarked(tmp_path: Path) -> None:
    passage = marked("Cancer of the lung and [CANCER melanoma] and cancer", "x")
    system = make_system("dictionary")
    system.train([GoldDocument("d", (passage,))], [], tmp_path)
    system.load(tmp_path)
    found = system.extract(GoldDocument("e", (marked("cancer or sarcoma or melanoma", "x"),)).document)
    assert {(start, type_) for _, start, _, type_ in found.entities} == {(10, "CANCER"), (21, "CANCER")}


def test_nested_genes_are_found_by_a_layer_of_their_own(tmp_path: Path) -> None:
    pytest.importorskip("sklearn_crfsuite")
    from dataclasses import replace

    from oncogloss.training.corpora import GoldEntity

    outer = marked("A [BIOMARKER MOON1 mutation] is required", "x")
    nested = replace(outer, entities=(*outer.entities, GoldEntity("GENE", 2, 7)))
    documents = [GoldDocument(f"d{i}", (nested,)) for i in range(4)]
    make_system("crf").train(documents, [], tmp_path)
    system = make_system("crf")
    system.load(tmp_path)
    assert {s[1:] for s in system.extract(documents[0].document).entities} == {(2, 7, "GENE"), (2, 16, "BIOMARKER")}


def test_a_model_that_ships_reads_and_is_as_large_as_its_card_says(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    system = make_system("nano")
    system.load(tmp_path)
    found = system.extract(GoldDocument("d", (marked(PATTERNS[1], "pembrolizumab"),)).document)
    assert (("d", "text"), 0, 13, "DRUG") in found.entities
    assert 5e6 < system.size(tmp_path).parameters < 7e6
    assert system.add_names(NAMES, [], [], tmp_path) is None


def test_a_system_plugs_in_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        name = "theirs"

        def load(self) -> type[SpacySystem]:
            return SpacySystem

    pytest.importorskip("spacy")
    monkeypatch.setattr(systems, "entry_points", lambda group: [Entry()] if group == "oncogloss.systems" else [])
    assert system_names()[-1] == "theirs"
    assert isinstance(make_system("theirs"), SpacySystem)
    with pytest.raises(OncoglossError, match=r"no such system; there are dictionary, .*, theirs\.$"):
        make_system("nothing")
