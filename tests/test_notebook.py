"""The notebook of the guide runs from its first cell to its last."""

import json
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs" / "own_labels.ipynb"


@pytest.mark.skipif(not find_spec("torch"), reason="needs the extra `train`")
def test_the_notebook_runs_and_finds_what_it_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(NOTEBOOK.parents[1])
    cells = [c for c in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
    names: dict[str, object] = {"EPOCHS": 3}
    with warnings.catch_warnings():  # the exporter of torch warns about its own code
        warnings.simplefilter("ignore")
        for cell in cells:
            exec("".join(cell["source"]), names)
    found = names["found"]
    assert {o.label for o in found.own} == {"VISIT", "SITE"}  # type: ignore[attr-defined]
    assert "DRUG" in {m.type for m in found.mentions}  # type: ignore[attr-defined]
