"""Which function writes which format: those whose output is text, and those that need a file or a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from oncogloss.schema import Document, Extraction
from oncogloss.writers.annotation import doccano_lines, labelstudio_json, write_brat, write_conll
from oncogloss.writers.html import html_page
from oncogloss.writers.spacy import write_docbin
from oncogloss.writers.tables import write_csv, write_duckdb, write_parquet, write_xlsx

Pairs = Sequence[tuple[Document, Extraction]]

TEXTS: dict[str, Callable[[Pairs], str]] = {
    "html": html_page,
    "labelstudio": labelstudio_json,
    "doccano": doccano_lines,
}
FILES: dict[str, Callable[[Pairs, Path], None]] = {
    "csv": write_csv,
    "xlsx": write_xlsx,
    "parquet": write_parquet,
    "duckdb": write_duckdb,
    "brat": write_brat,
    "conll": write_conll,
    "spacy": write_docbin,
}
