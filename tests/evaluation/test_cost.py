"""The table of costs: what it says of its records is what was measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncogloss.evaluation import cost
from oncogloss.model.windows import read_stream
from oncogloss.pipeline import Pipeline
from toys import SENTENCES, make_document


def test_the_long_record_is_as_long_as_the_table_says(
    bundle: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "_cold_start", lambda text, model: (0.25, 100.0))
    document = make_document(text=" ".join(SENTENCES[:6]))
    length = len(read_stream(document.passages, pipeline.tokenizer).ids)
    rows = dict(row.strip("| ").split(" | ") for row in cost.measure([document], str(bundle)).splitlines()[4:])
    assert length < 1_500 and f"a record of {length} tokens" in rows
    assert f"a record, median of 1 ({length} tokens)" in rows
    assert rows["import + first extraction, a fresh process (median of 5)"] == "0.25 s"
