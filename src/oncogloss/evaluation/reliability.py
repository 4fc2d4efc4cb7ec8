"""Does a mention's score say how often such a mention is right, and what does a least score trade?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oncogloss.evaluation.metrics import Score
from oncogloss.evaluation.run import gold_facts
from oncogloss.pipeline import Pipeline, load
from oncogloss.training.corpora import GoldDocument

LEAST = 0.02
STEPS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)

Judged = list[tuple[float, bool]]  # the score of each mention found, and whether it is annotated so


def judged(pipeline: Pipeline, gold: Iterable[GoldDocument]) -> Judged:
    """Score and rightness (strict) of every mention that `pipeline` finds in the gold documents."""
    pairs: Judged = []
    for document in gold:
        wanted = gold_facts(document).entities
        found = pipeline.extract(document.document)
        pairs += [(m.score, ((document.id, m.passage), m.start, m.end, m.type) in wanted) for m in found.mentions]
    return pairs


def expected_calibration_error(pairs: Judged, bins: int = 10) -> float:
    """Mean distance of score and share right over equal bins, each by its mentions (Naeini et al. 2015)."""
    return sum(abs(mean - right) * n for _, n, mean, right in reliability_bins(pairs, bins)) / max(1, len(pairs))


def reliability_bins(pairs: Judged, bins: int = 10) -> list[tuple[float, int, float, float]]:
    """(lower edge, mentions, mean score, share right) of each bin that holds a mention."""
    scores, rights = np.array([s for s, _ in pairs]), np.array([r for _, r in pairs])
    places = np.minimum((scores * bins).astype(int), bins - 1)
    return [
        (k / bins, int((places == k).sum()), float(scores[places == k].mean()), float(rights[places == k].mean()))
        for k in range(bins)
        if (places == k).any()
    ]


def fit_scores(pairs: Judged) -> tuple[float, float]:
    """(slope, offset) of a logistic regression from a score's logit to being right (Platt 1999), by Newton's method
    with steps halved until they help."""
    scores = np.clip([s for s, _ in pairs], 1e-4, 1 - 1e-4)
    logits = np.log(scores / (1 - scores))
    design = np.stack([logits, np.ones_like(logits)], 1)
    targets = np.array([r for _, r in pairs], float)

    def loss(trial: NDArray[np.float64]) -> float:
        return float(np.logaddexp(0, -design @ trial).sum() + ((1 - targets) * (design @ trial)).sum())

    weights = np.array([1.0, 0.0])
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ weights))
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-3 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (targets - p))
        while loss(weights + step) > loss(weights) and np.abs(step).max() > 1e-9:
            step = step / 2
        weights = weights + step
    return float(weights[0]), float(weights[1])


def reliability(model: str | Path, gold: Sequence[GoldDocument]) -> str:
    """Markdown: reliability of the scores of all mentions the model gives, and precision and recall by least score."""
    plain = judged(load(model), gold)
    lines = [
        f"Expected calibration error {expected_calibration_error(plain):.3f} over {len(plain):,} mentions.",
        "",
        "| score | mentions | mean score | share right | |",
        "|---|---|---|---|---|",
    ]
    for edge, n, mean, right in reliability_bins(plain):
        lines.append(
            f"| {edge:.1f} – {edge + 0.1:.1f} | {n:,} | {mean:.3f} | {right:.3f} | {'█' * round(20 * right)} |"
        )
    everything = judged(load(model, min_score=LEAST), gold)
    wanted = sum(len(gold_facts(d).entities) for d in gold)
    lines += ["", "| --min-score | precision | recall | F1 | found |", "|---|---|---|---|---|"]
    by_step = {step: _kept(everything, step, wanted) for step in STEPS}
    lines += [f"| {t:g} | {s.precision:.3f} | {s.recall:.3f} | {s.f1:.3f} | {s.found:,} |" for t, s in by_step.items()]
    return "\n".join([*lines, "", f"Best F1 at {max(STEPS, key=lambda step: by_step[step].f1):g}."])


def _kept(pairs: Judged, least: float, wanted: int) -> Score:
    rights = [right for score, right in pairs if score >= least]
    return Score(sum(rights), len(rights), wanted)
