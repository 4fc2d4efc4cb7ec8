"""An extraction as one line of JSON, the form that other programs read."""

from __future__ import annotations

from oncogloss.schema import Extraction


def json_line(extraction: Extraction) -> str:
    """One JSON object without line breaks; equal extractions give equal bytes."""
    return extraction.model_dump_json()
