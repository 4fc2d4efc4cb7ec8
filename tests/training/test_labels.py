import json
import warnings
from pathlib import Path

import onnx
import pytest
from test_update import passage

from oncogloss.errors import CorpusError
from oncogloss.model.bundle import GRAPH
from oncogloss.pipeline import load
from oncogloss.training.corpora import GoldDocument, GoldPassage
from oncogloss.training.labels import LabelRecipe, learn_labels, read_labelled
from oncogloss.training.sentences import Text

WORDS = ["visit the north clinic today", "call the north clinic", "the north clinic is open", "no clinic visit"] * 6


def texts() -> list[Text]:
    spans = ((w, w.find("north clinic")) for w in WORDS)
    return [Text(w, (("SITE", at, at + len("north clinic")),) if at >= 0 else ()) for w, at in spans]


@pytest.fixture(scope="module")
def taught(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("own")
    replay = [GoldDocument(f"NCT9900000{i}", (passage(),)) for i in range(3)]
    with warnings.catch_warnings():  # the exporter of torch warns about its own code
        warnings.simplefilter("ignore")
        recipe = LabelRecipe(epochs=30, head_rate=2e-2, adapter_rate=1e-2)
        assert learn_labels(bundle, texts(), replay, out, "9.1", recipe) == ("SITE",)
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        learn_labels(taught, other, replay, tmp_path, "9.2", LabelRecipe(epochs=1), log=lambda line: None)
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


def test_nothing_to_learn_is_said(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="0 labels"):
        learn_labels(bundle, [Text("a", ())], [GoldDocument("N", (passage(),))], tmp_path / "x", "1")
    with pytest.raises(CorpusError, match="replay"):
        learn_labels(bundle, texts(), [], tmp_path / "x", "1")
