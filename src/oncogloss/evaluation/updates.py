"""What is forgotten over several updates in a row, and what is learned by each."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oncogloss.errors import CorpusError
from oncogloss.evaluation.drugs import Drug, read_drugs
from oncogloss.evaluation.metrics import total
from oncogloss.evaluation.new_drugs import Place, judge, read_places
from oncogloss.evaluation.run import Evaluation, evaluate, given_spans_reader, model_reader
from oncogloss.model.bundle import SUMS, open_bundle
from oncogloss.model.files import replace_file
from oncogloss.pipeline import Pipeline, load
from oncogloss.schema import ENTITY_TYPES
from oncogloss.training.corpora import GoldDocument, load_split
from oncogloss.training.update import Lessons, UpdateRecipe, update_model

UPDATES = 10
ENOUGH = 100  # annotated spans of a type below which half a point of F1 is less than one span
TOTALS = ("strict", "relaxed", "relations", "criterion starts", "attributes")


def update_series(
    model: str, drugs: Path, uses: Path, corpus: Path, records: Sequence[Path], run: Path, recipe: UpdateRecipe
) -> str:
    """Markdown: `model` updated ten times in a row, each time by a tenth of the drugs, scored before and after each.

    The bundles lie in `run`; those that are there are not trained again, so that a killed series goes on. Raises
    CorpusError where there are fewer drugs than updates.
    """
    known = read_drugs(drugs)
    if len(known) < UPDATES:
        raise CorpusError(f"{drugs}: {len(known)} drugs; {UPDATES} updates in a row need as many at least.")
    dev, training = load_split(corpus, records, "dev")
    test, _ = load_split(corpus, records, "test")
    places = [place for place in read_places(uses) if place.drug]
    rows = [_scored(model, [], places, dev)]
    current = model
    for number in range(1, UPDATES + 1):
        part, out = known[number - 1 :: UPDATES], run / f"update_{number}"
        begun = time.monotonic()
        if not (out / SUMS).is_file():
            names = [("DRUG", name) for drug in part for name in (drug.name, *drug.codes, *drug.brands)]
            result = update_model(current, Lessons([], names, training), out, f"u{number}", recipe)  # type: ignore[arg-type]
            figures = {"seconds": round(time.monotonic() - begun), "adapter_bytes": result.adapter_bytes}
            replace_file(run / f"update_{number}.json", json.dumps(figures).encode())
        current = str(out)
        told = [drug for i in range(number) for drug in known[i::UPDATES]]
        spent = json.loads((run / f"update_{number}.json").read_text(encoding="utf-8"))
        rows.append(_scored(current, told, places, dev) | spent)
        print(f"update {number}: strict {rows[-1]['strict']:.4f}", file=sys.stderr, flush=True)
    return _report(model, rows, *(_by_type(model, current, part) for part in (dev, test)))


def _bare(model: str) -> Pipeline:
    """A model without vocabulary or terms: what the network itself finds."""
    return load(model).with_vocabulary(None)


def _scored(model: str, told: Sequence[Drug], places: Sequence[Place], dev: Sequence[GoldDocument]) -> dict[str, Any]:
    pipeline = _bare(model)
    names = {drug.name for drug in told}
    judged = judge(pipeline, places)

    def recall(*, of_those_told: bool) -> float | None:
        inside = [j for j in judged if (j.place.drug in names) == of_those_told]
        return sum(j.mention is not None for j in inside) / len(inside) if inside else None

    return _totals(evaluate(model_reader(pipeline), dev, given_spans_reader(pipeline))) | {
        "told": recall(of_those_told=True),
        "not told": recall(of_those_told=False),
    }


def _totals(e: Evaluation) -> dict[str, Any]:
    scores = (total(e.strict), total(e.relaxed), total(e.relations), e.criteria.starts, e.attributes)
    return {name: score.f1 for name, score in zip(TOTALS, scores, strict=True)}


def _by_type(before: str, after: str, gold: Sequence[GoldDocument]) -> list[tuple[str, int, float, float]]:
    """(type, spans, F1 before, after) on some records."""
    one, other = (evaluate(model_reader(_bare(model)), gold) for model in (before, after))
    return [(t, one.strict[t].wanted, one.strict[t].f1, other.strict[t].f1) for t in ENTITY_TYPES if t in one.strict]


def _report(model: str, rows: Sequence[dict[str, Any]], *parts: list[tuple[str, int, float, float]]) -> str:
    info = open_bundle(model).info
    lines = [
        f"{info.name} {info.version}, updated {UPDATES} times in a row, each time by a tenth of the invented drugs.",
        "The network alone is asked, without vocabulary or table of terms.",
        "",
        "| after | drugs told, found | drugs not told | " + " | ".join(TOTALS) + " | seconds | adapters |",
        "|---" * (5 + len(TOTALS)) + "|",
    ]
    for number, row in enumerate(rows):
        cells = [f"update {number}" if number else "none"]
        cells += ["" if row[key] is None else f"{row[key]:.3f}" for key in ("told", "not told", *TOTALS)]
        cells += [f"{row['seconds']}", f"{row['adapter_bytes'] / 1e6:.1f} MB"] if number else ["", ""]
        lines.append("| " + " | ".join(cells) + " |")
    for name, types in zip(("dev", "test"), parts, strict=True):
        lost = [f"{t} {100 * (b - a):+.1f}" for t, n, a, b in types if n >= ENOUGH and a - b > 0.005]
        lines += [
            "",
            f"Strict F1 by type on {name}, before and after all. Of the types with {ENOUGH} spans or more, lost more "
            f"than half a point: {', '.join(lost) or 'none'}.",
            "",
            "| type | spans | before | after | change |",
            "|---|---|---|---|---|",
            *(f"| {t} | {n} | {a:.3f} | {b:.3f} | {100 * (b - a):+.1f} |" for t, n, a, b in types),
        ]
    return "\n".join(lines)
