"""The notebook of the guide runs from its first cell to its last."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs" / "own_labels.ipynb"


@pytest.mark.skipif(not find_spec("torch"), reason="needs the extra `train`")
def test_the_notebook_runs_and_finds_what_it_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(NOTEBOOK.parents[1])
    cells = [c for c in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
    names: dict[str, object] = {}
    for cell in cells:
        exec("".join(cell["source"]), names)
    found = names["found"]
    own = [(o.label, o.text) for o in found.own]  # type: ignore[attr-defined]
    assert own == [("VISIT", "the baseline visit"), ("SITE", "the central laboratory")]
    assert "DRUG" in {m.type for m in found.mentions}  # type: ignore[attr-defined]
