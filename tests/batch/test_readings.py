from pathlib import Path

from oncogloss.batch.readings import packed, unpacked
from oncogloss.model.decode import OwnSpan
from oncogloss.pipeline import load
from oncogloss.readers import read_path
from oncogloss.schema import Document

SAMPLE = Path(__file__).parents[2] / "corpus" / "samples" / "NCT99000001.json"


def test_a_reading_comes_back_as_it_was_packed() -> None:
    (document,) = read_path(SAMPLE)
    assert isinstance(document, Document)
    found = load("nano").read(document)._replace(own=(OwnSpan(1, "summary", 3, 9, 0.75),))
    assert found.mentions
    assert unpacked(packed(found)) == found
