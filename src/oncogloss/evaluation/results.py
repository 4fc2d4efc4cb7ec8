"""The results of a comparison, read back, and how their figures are shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from oncogloss.errors import InputError
from oncogloss.evaluation.energy import Range
from oncogloss.evaluation.metrics import Score, total

Result = dict[str, Any]  # as `compare` describes it
Line = tuple[str, str, int, int]  # record, passage, start, end

ORDER = ("micro", "nano", "crf", "bilstm-crf", "spacy", "dictionary", "llm", "endpoint")
OURS, GENERATIVE = ("micro", "nano"), ("llm", "endpoint")
ELSEWHERE = ("endpoint",)  # does its work on a machine that nothing here measures
NONE = "–"
NEEDED = {"records", "scores", "training", "size", "running", "steps", "command", "seed", "split", "machine", "date"}


def read_results(folder: Path) -> list[Result]:
    """The results of a folder, in the order of the report. Raises InputError where there is none or one is damaged."""
    results = []
    for path in sorted(folder.glob("*.json")):
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: no result of a comparison ({error}); delete it and run again.") from None
        if isinstance(row, dict) and "system" in row:
            if "skipped" not in row and not row.keys() >= NEEDED:
                raise InputError(f"{path}: lacks {', '.join(sorted(NEEDED - row.keys()))}; delete it and run again.")
            results.append(row)
    if not results:
        raise InputError(f"{folder}: no results; run `oncogloss compare` first.")
    places = {name: i for i, name in enumerate(ORDER)}
    return sorted(results, key=lambda r: (places.get(r["system"], len(places)), r["system"]))


def read_texts(path: Path) -> dict[Line, str]:
    """The lines of examples that a run kept, by place. Raises InputError where the file holds something else."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {(record, passage, start, end): text for record, passage, start, end, text in rows}
    except (ValueError, TypeError):
        raise InputError(f"{path}: no lines of examples; give the `example_text.json` of the run.") from None


def scores(result: Result, kind: str = "strict") -> dict[str, Score]:
    """The scores of a kind, by type."""
    return {type_: Score(**row) for type_, row in result["scores"][kind].items()}


def f1(result: Result, kind: str = "strict") -> float:
    """F1 over all types."""
    return total(scores(result, kind)).f1


def whole(results: Iterable[Result]) -> list[Result]:
    """Those that read as many records as any: only they can be held against one another."""
    results = list(results)
    most = max((r["records"]["read"] for r in results), default=0)
    return [r for r in results if r["records"]["read"] == most]


def conventional(results: Iterable[Result]) -> list[Result]:
    """Those that are neither ours nor generative."""
    return [r for r in results if r["system"] not in (*OURS, *GENERATIVE)]


def share(x: float) -> str:
    """A share or F1."""
    return f"{x:.3f}"


def short(x: float) -> str:
    """Two significant digits, all digits of the whole part, and no exponent."""
    return f"{x:,.0f}" if x >= 100 else f"{float(f'{x:.2g}'):,.10f}".rstrip("0").rstrip(".")


def spread(r: Range, show: Callable[[float], str]) -> str:
    """A figure, and in brackets how low and high it may be."""
    return f"{show(r.value)} ({short(r.low)}–{short(r.high)})" if r.low < r.high else show(r.value)


def joules(x: float) -> str:
    """Energy."""
    return f"{short(x)} J"


def dollars(x: float) -> str:
    """Money."""
    return f"${short(x)}"


def seconds(x: float) -> str:
    """A time in the unit that suits it."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if x >= 2 * size:
            return f"{short(x / size)} {unit}"
    return f"{short(x)} s" if x >= 1 else f"{short(x * 1000)} ms"


def parameters(n: int) -> str:
    """A number of learned parameters."""
    return NONE if not n else f"{n / 1e6:,.1f} M" if n >= 1e5 else f"{n:,}"
