"""Which system to take for which entity type, by a rule that a reader can follow."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import NamedTuple

from oncogloss.evaluation.metrics import Score
from oncogloss.schema import ENTITY_TYPES

CLOSE = 0.01  # of F1: as good as the best
ENOUGH = 20  # annotated spans of a type, to say anything


class Choice(NamedTuple):
    """The system to take for a type, and why."""

    type: str
    wanted: int
    system: str
    f1: float
    best: str
    best_f1: float
    reason: str


def recommend(scores: Mapping[str, Mapping[str, Score]], joules: Mapping[str, float]) -> list[Choice]:
    """By type: of the systems within CLOSE, or one standard error, of the best strict F1, the one that draws least.

    `scores` are by system and type, of the same records. Types with fewer than ENOUGH annotated spans are left out.
    """
    choices = []
    for type_ in ENTITY_TYPES:
        f1 = {name: row[type_].f1 for name, row in scores.items() if type_ in row}
        wanted = max((row[type_].wanted for row in scores.values() if type_ in row), default=0)
        if wanted < ENOUGH:
            continue
        best = max(f1, key=lambda name: f1[name])
        margin = max(CLOSE, sqrt(f1[best] * (1 - f1[best]) / wanted))
        taken = min((name for name in f1 if f1[name] >= f1[best] - margin), key=lambda name: joules[name])
        choices.append(Choice(type_, wanted, taken, f1[taken], best, f1[best], _reason(taken, best, f1, joules)))
    return choices


def _reason(taken: str, best: str, f1: Mapping[str, float], joules: Mapping[str, float]) -> str:
    if taken != best:
        return (
            f"as good as {best} within {f1[best] - f1[taken]:.3f}, at {joules[taken] / joules[best]:.2g} of its energy"
        )
    rest = sorted((x for name, x in f1.items() if name != best), reverse=True)
    return f"ahead by {f1[best] - rest[0]:.3f}" if rest else "the only one"
