"""Which function writes which format: those whose output is text, and those that need a file or a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from oncogloss.schema import Document, Extraction
from oncogloss.writers.annotation import doccano_lines, labelstudio_json, write_brat, write_conll
from oncogloss.writers.ctml import ctml
from oncogloss.writers.fhir import fhir_bundle
from oncogloss.writers.html import html_page
from oncogloss.writers.omop import omop_cohort
from oncogloss.writers.spacy import write_docbin
from oncogloss.writers.tables import write_csv, write_duckdb, write_parquet, write_xlsx

Pairs = Sequence[tuple[Document, Extraction]]


def _each(write: Callable[[Document, Extraction], str], pairs: Pairs) -> str:
    """JSON of one document as it is, of several one a line."""
    texts = [write(document, extraction) for document, extraction in pairs]
    if len(texts) == 1:
        return texts[0]
    return "".join(json.dumps(json.loads(text), ensure_ascii=False) + "\n" for text in texts)


TEXTS: dict[str, Callable[[Pairs], str]] = {
    "html": html_page,
    "labelstudio": labelstudio_json,
    "doccano": doccano_lines,
    "fhir": partial(_each, fhir_bundle),
    "omop": partial(_each, omop_cohort),
    "ctml": lambda pairs: "---\n".join(ctml(document, extraction) for document, extraction in pairs),
}
FOLDERS = frozenset(("csv", "parquet", "brat", "conll"))  # of FILES, those that write more than one file
FILES: dict[str, Callable[[Pairs, Path], None]] = {
    "csv": write_csv,
    "xlsx": write_xlsx,
    "parquet": write_parquet,
    "duckdb": write_duckdb,
    "brat": write_brat,
    "conll": write_conll,
    "spacy": write_docbin,
}
