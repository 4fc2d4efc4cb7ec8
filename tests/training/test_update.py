import random
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from onnx import numpy_helper

from oncogloss.errors import CorpusError
from oncogloss.model.bundle import CARD, GRAPH, open_bundle
from oncogloss.pipeline import load
from oncogloss.training.adapters import Adapted, pupil_of, stored_adapters
from oncogloss.training.corpora import GoldDocument, GoldEntity, GoldPassage
from oncogloss.training.update import (
    Lessons,
    UpdateRecipe,
    contexts,
    naming_loss,
    remembering_loss,
    renamed,
    replay_batch,
    update_model,
)

SHORT = UpdateRecipe(steps=3, tokens=60, contexts=2)
TEXT = "Patients receive pazotinib daily; pazotinib-naive patients too. No pazotinib within 14 days."


def passage(text: str = TEXT, word: str = "pazotinib") -> GoldPassage:
    spans, at = [], text.find(word)
    while at >= 0:
        spans.append(GoldEntity("DRUG", at, at + len(word)))
        at = text.find(word, at + 1)
    return GoldPassage("summary", text, tuple(spans))


@pytest.fixture
def replay() -> list[GoldDocument]:
    return [GoldDocument(f"NCT9900000{i}", (passage(),)) for i in range(4)]


def test_a_name_takes_the_place_of_another_everywhere_but_inside_words() -> None:
    changed = renamed(passage(), "DRUG", "velzacitinib", random.Random(0))
    assert changed is not None
    assert changed.text == TEXT.replace("pazotinib daily", "velzacitinib daily").replace(
        "No pazotinib", "No velzacitinib"
    )
    words = [changed.text[e.start : e.end] for e in changed.entities]
    assert words == ["velzacitinib", "pazotinib", "velzacitinib"]


def test_names_that_overlap_others_are_left() -> None:
    nested = replace(passage("no pazotinib"), entities=(GoldEntity("DRUG", 0, 12), GoldEntity("DRUG", 3, 12)))
    assert renamed(nested, "DRUG", "velzacitinib", random.Random(0)) is None


def test_contexts_are_made_for_types_that_the_old_text_has(replay: list[GoldDocument]) -> None:
    names = [("DRUG", "QLR-118"), ("INSTRUMENT", "ONCO-Q9")]
    made = contexts(names, replay, 3, random.Random(0))
    assert len(made) == 3
    assert all("QLR-118" in d.passages[0].text for d in made)


def test_of_a_passage_written_anew_only_the_new_name_is_told(bundle: Path, replay: list[GoldDocument]) -> None:
    made = contexts([("DRUG", "QLR-118")], replay, 3, random.Random(0))
    told = [(e.type, p.text[e.start : e.end]) for d in made for p in d.passages for e in p.entities]
    assert set(told) == {("DRUG", "QLR-118")}
    pupil = pupil_of(bundle)
    batch = replay_batch(made, pupil, 60, random.Random(0))
    found, beside = naming_loss(pupil, batch)
    assert found.item() > 0
    with torch.no_grad():  # the teacher's scores everywhere but where the name stands
        for layer in pupil.network.modules():
            if isinstance(layer, Adapted):
                layer.up += 0.05 * torch.randn_like(layer.up)
    assert naming_loss(pupil, batch)[1].item() > beside.item()


def test_an_update_leaves_the_rounded_weights_and_adds_adapters(
    bundle: Path, tmp_path: Path, replay: list[GoldDocument]
) -> None:
    lessons = Lessons([], [("DRUG", "velzacitinib")], replay)
    result = update_model(bundle, lessons, tmp_path / "one", "9.0.1", SHORT, log=lambda line: None)
    old, new = onnx.load(bundle / GRAPH), onnx.load(tmp_path / "one" / GRAPH)
    held = {t.name: t for t in new.graph.initializer}
    for tensor in old.graph.initializer:
        assert numpy_helper.to_array(tensor).tobytes() == numpy_helper.to_array(held[tensor.name]).tobytes()
    learned = stored_adapters(new)
    assert learned
    assert all(up.abs().sum() > 0 for _, up in learned.values())
    assert result.adapter_bytes < 3_000_000
    opened = open_bundle(tmp_path / "one")
    assert (opened.info.version, opened.thresholds) == ("9.0.1", open_bundle(bundle).thresholds)
    assert "## Update 9.0.1" in opened.path(CARD).read_text(encoding="utf-8")
    assert load(tmp_path / "one").extract(replay[0].document).id == "NCT99000000"


def test_a_second_update_goes_on_with_the_first_ones_adapters(
    bundle: Path, tmp_path: Path, replay: list[GoldDocument]
) -> None:
    lessons = Lessons(replay[:1], [], replay)
    update_model(bundle, lessons, tmp_path / "one", "9.0.1", SHORT, log=lambda line: None)
    still = replace(SHORT, steps=1, rate=0.0)
    update_model(tmp_path / "one", lessons, tmp_path / "two", "9.0.2", still, log=lambda line: None)
    one, two = (stored_adapters(onnx.load(tmp_path / name / GRAPH)) for name in ("one", "two"))
    assert all((one[name][1] == two[name][1]).all() for name in one)


def test_an_update_imitates_the_model_that_was_never_updated(
    bundle: Path, tmp_path: Path, replay: list[GoldDocument]
) -> None:
    update_model(bundle, Lessons(replay[:1], [], replay), tmp_path / "one", "9.0.1", SHORT, log=lambda line: None)
    first, second = pupil_of(bundle), pupil_of(tmp_path / "one")
    for one, two in zip(first.teacher.encoder.parameters(), second.teacher.encoder.parameters(), strict=True):
        assert torch.equal(one, two)
    old = replay_batch(replay, first, 60, random.Random(0))
    apart = [remembering_loss(pupil, old)["taught vectors"].item() for pupil in (first, second)]
    assert apart[0] < apart[1] / 10


def test_the_same_seed_gives_the_same_adapters(bundle: Path, tmp_path: Path, replay: list[GoldDocument]) -> None:
    lessons = Lessons([], [("DRUG", "velzacitinib")], replay)
    for name in ("one", "two"):
        update_model(bundle, lessons, tmp_path / name, "9.0.1", SHORT, log=lambda line: None)
    assert (tmp_path / "one" / GRAPH).read_bytes() == (tmp_path / "two" / GRAPH).read_bytes()


def test_nothing_to_learn_or_to_replay_is_said(bundle: Path, tmp_path: Path, replay: list[GoldDocument]) -> None:
    with pytest.raises(CorpusError, match="Nothing to learn"):
        update_model(bundle, Lessons([], [], replay), tmp_path / "x", "1")
    with pytest.raises(CorpusError, match="names anything of these types"):
        update_model(bundle, Lessons([], [("INSTRUMENT", "ONCO-Q9")], replay), tmp_path / "x", "1")
    with pytest.raises(CorpusError, match="replay"):
        update_model(bundle, Lessons([], [("DRUG", "velzacitinib")], []), tmp_path / "x", "1")
    assert not (tmp_path / "x").exists()
