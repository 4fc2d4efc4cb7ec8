"""The table of speeds: every engine reads the same windows, and figures follow from what was counted and timed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from oncogloss.evaluation.cost import fastest
from oncogloss.evaluation.speed import processor, speed
from oncogloss.model.windows import cut_windows, read_stream
from oncogloss.pipeline import Pipeline
from toys import SENTENCES, make_document


def test_figures_where_every_run_takes_a_second(
    bundle: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: dict[str, object] = {}

    def a_second_each(runs: Mapping[str, Callable[[], object]], times: int) -> dict[str, float]:
        done.update({name: run() for name, run in runs.items()})
        return dict.fromkeys(runs, 1.0)

    monkeypatch.setattr("oncogloss.evaluation.speed.fastest", a_second_each)
    threads, document = torch.get_num_threads(), make_document(text=" ".join(SENTENCES[:6]))
    with warnings.catch_warnings():  # the exporter of torch warns about its own code
        warnings.simplefilter("ignore")
        lines = speed(str(bundle), [document]).splitlines()
    torch.set_num_threads(threads)
    stream = read_stream(document.passages, pipeline.tokenizer)
    short, full = (sum(len(w.ids) for w in cut_windows(stream, size, 0)) for size in (8, 48))
    assert lines[0] == f"Model tiny 0.0.1; {processor()}."
    for engine in ("int8 ONNX Runtime", "float ONNX Runtime", "float torch"):
        for count in (1, 2):
            assert f"| {engine}, {count} | {short} | {full} | 1000 ms |" in lines
            assert len(done[f"{engine}, {count}/0"]) == len(cut_windows(stream, 8, 0))  # type: ignore[arg-type]
    assert any("OpenVINO | skipped" in line for line in lines) == (find_spec("openvino") is None)
    assert lines[-3] == "| one large product alone | 2 | 4 |"
    assert lines[-1] == f"| share of its own products alone | {full / 48:.0%} | {full / 96:.0%} |"


def test_the_fastest_of_several_runs_in_turn() -> None:
    calls: list[str] = []
    seconds = fastest({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 2)
    assert calls == ["a", "b", "a", "b"] and all(0 <= s < 1 for s in seconds.values())
