import json
import logging
import random
from pathlib import Path

import onnx
import pytest
from test_update import passage

from oncogloss.errors import CorpusError, InputError
from oncogloss.model.bundle import CARD, GRAPH, open_bundle
from oncogloss.pipeline import load
from oncogloss.training.corpora import GoldDocument, GoldPassage
from oncogloss.training.labels import LabelRecipe, Learned, held_out, kept_apart, learn_labels, read_labelled
from oncogloss.training.sentences import Text

WORDS = ["visit the north clinic today", "call the north clinic", "the north clinic is open", "no clinic visit"] * 6


def texts() -> list[Text]:
    spans = ((w, w.find("north clinic")) for w in WORDS)
    return [Text(w, (("SITE", at, at + len("north clinic")),) if at >= 0 else ()) for w, at in spans]


@pytest.fixture(scope="module")
def taught(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("own")
    replay = [GoldDocument(f"NCT9900000{i}", (passage(),)) for i in range(3)]
    recipe = LabelRecipe(epochs=30, head_rate=2e-2, adapter_rate=1e-2)
    learned = learn_labels(bundle, texts(), replay, out, "9.1", recipe, name="ours")
    assert (learned.labels, learned.held) == (("SITE",), 4)
    assert 0 < learned.scores["SITE"].wanted <= 4
    assert held_out(learned).startswith("In 4 texts kept apart F1 is ")
    return out


def test_own_labels_are_found_beside_what_was_found_before(taught: Path, bundle: Path) -> None:
    document = GoldDocument("NCT99000000", (GoldPassage("text", " ".join(WORDS)),)).document
    before, after = load(bundle).extract(document), load(taught).extract(document)
    assert before.own == ()
    found = [(o.label, o.text) for o in after.own]
    assert found.count(("SITE", "north clinic")) >= 14  # of 18
    assert len(found) <= 22
    text = document.passages[0].text
    assert all(text[o.start : o.end] == o.text and 0.5 < o.score <= 1 for o in after.own)


def test_labels_learned_anew_take_the_place_of_the_old(taught: Path, tmp_path: Path) -> None:
    replay = [GoldDocument("NCT99000000", (passage(),))]
    other = [Text(t.text, tuple(("PLACE", a, b) for _, a, b in t.spans)) for t in texts()]
    learn_labels(taught, other, replay, tmp_path, "9.2", LabelRecipe(epochs=1, steps=1), log=lambda line: None)
    assert load(tmp_path).labels == ("PLACE",)
    assert [o.name for o in onnx.load(tmp_path / GRAPH).graph.output].count("own") == 1


def test_files_of_tools_are_read_with_their_own_labels(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "north clinic", "label": [[0, 5, "SITE"]]}) + "\n")
    assert read_labelled(tmp_path / "a.jsonl") == [Text("north clinic", (("SITE", 0, 5),))]
    folder = tmp_path / "brat"
    folder.mkdir()
    (folder / "a.txt").write_text("north clinic")
    (folder / "a.ann").write_text("T1\tSITE 0 5\tnorth\n")
    assert read_labelled(folder) == [Text("north clinic", (("SITE", 0, 5),))]
    (tmp_path / "b.jsonl").write_text('{"text": "a", "label": [[0, 9, "SITE"]]}\n')
    with pytest.raises(CorpusError, match="outside"):
        read_labelled(tmp_path / "b.jsonl")
    (tmp_path / "c.jsonl").write_text('{"text": "a", "label": [["SITE"]]}\n')
    with pytest.raises(CorpusError, match="line 1: no line of doccano's"):
        read_labelled(tmp_path / "c.jsonl")


def test_doccano_is_read_with_relations_or_without_and_a_line_of_neither_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    entity = {"id": 3, "start_offset": 3, "end_offset": 8, "label": "SITE"}
    plain = {"text": "🙂 north clinic", "label": [[3, 8, "SITE"]]}
    path.write_text(
        "\n".join(map(json.dumps, ({"text": "🙂 north clinic", "entities": [entity], "relations": []}, plain)))
    )
    assert read_labelled(path) == [Text("🙂 north clinic", (("SITE", 2, 7),))] * 2  # doccano counts UTF-16 units
    for line in ({"text": "a", "labels": [[0, 1, "SITE"]]}, {"text": "a"}, {"text": "a", "entities": [{"label": "S"}]}):
        path.write_text(json.dumps({"text": "a", "label": []}) + "\n" + json.dumps(line))
        with pytest.raises(CorpusError, match="line 2: no line of doccano's"):
            read_labelled(path)


def test_the_bundle_has_the_name_given_and_says_what_was_measured(taught: Path) -> None:
    card = (taught / CARD).read_text(encoding="utf-8")
    assert open_bundle(taught).info.name == "ours"
    assert card.startswith("# Model card: oncogloss ours 9.1\n") and "In 4 texts kept apart F1 is " in card


def test_a_dozen_sentences_are_learned_in_as_many_steps_as_it_takes(
    bundle: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []
    recipe = LabelRecipe(epochs=2, steps=9)
    replay = [GoldDocument("NCT99000000", (passage(),))]
    learn_labels(bundle, texts()[:4], replay, tmp_path / "few", "9.1", recipe, log=said.append)
    assert said[-1].startswith("step 9/9 ")
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]  # torch's exporter is quiet


def test_texts_are_kept_apart_where_enough_with_their_labels_remain() -> None:
    taught, held = kept_apart(texts(), 0.2, random.Random(0))
    assert (len(taught), len(held)) == (20, 4) and sorted(taught + held) == sorted(texts())
    rare = [Text("a b", (("RARE", 0, 1),))] * 4
    taught, held = kept_apart(texts() + rare, 0.5, random.Random(0))
    assert [t for t in taught if t in rare] == rare and len(held) == 14
    assert kept_apart(rare, 0.5, random.Random(0)) == (rare, [])
    assert "nothing was measured" in held_out(Learned(("RARE",), {}, 0))


def test_a_folder_that_holds_something_is_left_as_it_is(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(InputError, match="holds something that would be lost"):
        learn_labels(bundle, texts(), [GoldDocument("N", (passage(),))], tmp_path, "1")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_nothing_to_learn_is_said(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="0 labels"):
        learn_labels(bundle, [Text("a", ())], [GoldDocument("N", (passage(),))], tmp_path / "x", "1")
    with pytest.raises(CorpusError, match="replay"):
        learn_labels(bundle, texts(), [], tmp_path / "x", "1")
