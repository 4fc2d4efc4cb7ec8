"""The BiLSTM-CRF: it learns, and reads the same when it is loaded again."""

from __future__ import annotations

from pathlib import Path

from oncogloss.training.lstm import LstmRecipe, LstmTagger, lstm_tagger
from oncogloss.training.sentences import Text
from toys import SENTENCES

NAMES = {"CANCER": "moon sarcoma", "DRUG": "zorbatinib"}
TEXTS = [
    Text(s, tuple((label, s.index(name), s.index(name) + len(name)) for label, name in NAMES.items() if name in s))
    for s in map(str.lower, SENTENCES)
]


def test_a_bilstm_crf_learns_where_spans_stand_and_reads_the_same_when_loaded_again(tmp_path: Path) -> None:
    recipe = LstmRecipe(epochs=70, batch=8, rate=1e-2, words=16, characters=8, filters=8, hidden=16)
    tagger = lstm_tagger(TEXTS, recipe=recipe, seed=0)
    wanted = {(i, span) for i, text in enumerate(TEXTS) for span in text.spans}
    found = {(i, span) for i, spans in enumerate(tagger.predict(TEXTS)) for span in spans}
    assert len(found & wanted) > 0.7 * max(len(found), len(wanted))
    assert tagger.predict([Text("", ()), TEXTS[0]])[0] == set()
    tagger.save(tmp_path / "tagger.safetensors")
    again = LstmTagger.saved(tmp_path / "tagger.safetensors")
    assert (again.recipe, again.labels) == (recipe, tagger.labels)
    assert again.predict(TEXTS) == tagger.predict(TEXTS)
