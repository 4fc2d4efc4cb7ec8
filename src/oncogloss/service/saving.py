"""An extraction as the file of another program, for a download."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from pathlib import Path

from oncogloss.schema import Document, Extraction
from oncogloss.writers.files import FILES, TEXTS

_SUFFIX = {"labelstudio": "json", "doccano": "jsonl", "fhir": "json", "omop": "json", "ctml": "yaml"}
_ONE_FILE = {"xlsx": "xlsx", "duckdb": "duckdb", "spacy": "spacy"}


def written(document: Document, extraction: Extraction, format: str) -> tuple[str, bytes]:
    """(name, content) in `format`: `json` or one of the writers'; formats of several files come as a ZIP archive."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", document.id)[:80].strip(".") or "trial"
    if format == "json":
        return f"{stem}.json", extraction.model_dump_json().encode("utf-8")
    pairs = [(document, extraction)]
    if format in TEXTS:
        return f"{stem}.{format}.{_SUFFIX.get(format, format)}", TEXTS[format](pairs).encode("utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / f"{stem}.{_ONE_FILE.get(format, format)}"
        FILES[format](pairs, out)
        if out.is_file():
            return out.name, out.read_bytes()
        return f"{stem}.{format}.zip", _zipped(out)


def _zipped(folder: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return packed.getvalue()
