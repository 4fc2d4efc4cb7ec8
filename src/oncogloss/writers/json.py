"""An extraction, or a row of a table, as one line of JSON, the form that other programs read."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from oncogloss.schema import Extraction
from oncogloss.writers.names import distinct


def json_line(extraction: Extraction) -> str:
    """One JSON object without line breaks; equal extractions give equal bytes."""
    return extraction.model_dump_json()


def row_line(names: Sequence[str], row: Sequence[Any]) -> str:
    """A row of a table as one JSON object; a column whose name is taken gets a number, what is no number is null."""
    taken: set[str] = set()
    cells = {distinct(name, taken): _finite(cell) for name, cell in zip(names, row, strict=True)}
    return json.dumps(cells, ensure_ascii=False, allow_nan=False, default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, (list, tuple)) else value
