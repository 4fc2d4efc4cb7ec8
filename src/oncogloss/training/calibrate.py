"""Thresholds of a finished bundle, set on dev records by its own int8 scores: the network runs once, decoding often."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from oncogloss.evaluation.metrics import total
from oncogloss.evaluation.reliability import fit_scores, judged
from oncogloss.evaluation.run import Evaluation, evaluate, model_reader
from oncogloss.model.bundle import CONFIG, write_sums
from oncogloss.model.decode import WindowScores
from oncogloss.model.files import replace_file
from oncogloss.model.layout import Thresholds
from oncogloss.model.windows import Window
from oncogloss.pipeline import Pipeline, load
from oncogloss.training.corpora import GoldDocument

STEPS = (-1.5, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
NOISE = 0.001  # F1 on dev; where a threshold gains no more, the one nearest 0 is kept

# what each threshold is set by, in the order in which they are set
GOALS: dict[str, Callable[[Evaluation], float]] = {
    "spans": lambda e: total(e.strict).f1,
    "attributes": lambda e: e.attributes.f1,
    "relations": lambda e: total(e.relations).f1,
    "criteria": lambda e: e.criteria.starts.f1,
    "categories": lambda e: e.criteria.categories.f1,
}


class _Replay:
    """Gives again the scores of windows that were run before."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._kept: dict[bytes, WindowScores] = {}

    def run(self, windows: Iterable[Window]) -> Iterator[tuple[Window, WindowScores]]:
        """Scores of each window, in order."""
        for window in windows:
            key = window.ids.tobytes()
            if key not in self._kept:
                self._kept[key] = next(self._pipeline.scorer.run([window]))[1]
            yield window, self._kept[key]


def calibrate(folder: Path, dev: Sequence[GoldDocument]) -> Thresholds:
    """Set the thresholds of the bundle in `folder` one after another by their F1 on dev, then the scores' scale
    by how often dev mentions were right, and write them there."""
    pipeline = load(folder)
    replay = _Replay(pipeline)

    def score(trial: Thresholds) -> Evaluation:
        candidate = Pipeline(pipeline.info, pipeline.config, pipeline.tokenizer, replay, trial, pipeline.vocabulary)
        return evaluate(model_reader(candidate), dev)

    chosen = Thresholds()
    for name, goal in GOALS.items():
        trials = [replace(chosen, **{name: step}) for step in STEPS]
        reached = [goal(score(trial)) for trial in trials]
        good = [i for i, figure in enumerate(reached) if figure >= max(reached) - NOISE]
        chosen = trials[min(good, key=lambda i: abs(STEPS[i]))]
    low = Pipeline(pipeline.info, pipeline.config, pipeline.tokenizer, replay, replace(chosen, spans=chosen.spans - 2))
    slope, offset = fit_scores(judged(low, dev))
    chosen = replace(chosen, slope=slope, offset=offset)
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    config["thresholds"] = asdict(chosen)
    replace_file(folder / CONFIG, (json.dumps(config, indent=1) + "\n").encode("utf-8"))
    write_sums(folder)
    return chosen
