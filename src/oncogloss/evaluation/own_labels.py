"""How many annotated sentences own labels need: learned from a few of a public corpus, found in its test part."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from oncogloss.evaluation.metrics import Score
from oncogloss.model.bundle import SUMS
from oncogloss.pipeline import load
from oncogloss.training.benchmark import read_task, score_spans
from oncogloss.training.corpora import GoldDocument
from oncogloss.training.labels import LabelRecipe, found_own, learn_labels

HELD = 600  # sentences of the test part that are read


def labels_curve(
    model: str, corpora: Path, task: str, sizes: Sequence[int], replay: Sequence[GoldDocument], run: Path
) -> str:
    """Markdown: F1 on `task`'s test part after learning from so many of its training sentences, nested drawings.

    The models lie in `run`; those that are there are not made again.
    """
    part = read_task(task, corpora, "test")
    drawn = [text for text in part.training if text.spans]
    random.Random(0).shuffle(drawn)
    held = part.held[:HELD]
    lines = [
        f"{model}, taught the labels of `{task}` by some of its training sentences. {len(held)} sentences of its test",
        "part were read.",
        "",
        "| sentences | spans in them | labels | F1 | precision | recall | seconds of learning |",
        "|---|---|---|---|---|---|---|",
    ]
    for size in sizes:
        texts, out = drawn[:size], run / f"{task}_{size}"
        begun = time.monotonic()
        if not (out / SUMS).is_file():
            learn_labels(model, texts, replay, out, f"own{size}", LabelRecipe(held=0.0))
        seconds = round(time.monotonic() - begun)
        scores = score_spans(found_own(load(out), held), held)
        total = sum((score for label, score in scores.items() if label), Score())
        labels = {label for text in texts for label, _, _ in text.spans}
        spans = sum(len(text.spans) for text in texts)
        lines.append(
            f"| {len(texts)} | {spans} | {len(labels)} | {total.f1:.3f} | {total.precision:.3f} | {total.recall:.3f} "
            f"| {seconds or ''} |"
        )
        print(f"{len(texts)} sentences: F1 {total.f1:.3f}", file=sys.stderr, flush=True)
    return "\n".join(lines)
