"""oncogloss: oncology trial text in; grounded, normalized, structured facts out, on a laptop CPU, offline."""

from importlib.metadata import version as _version

from oncogloss.api import extract, load
from oncogloss.errors import BundleError, InputError, OncoglossError
from oncogloss.pipeline import Pipeline
from oncogloss.schema import Document, Extraction, Mention, Passage, Relation

__all__ = [
    "BundleError",
    "Document",
    "Extraction",
    "InputError",
    "Mention",
    "OncoglossError",
    "Passage",
    "Pipeline",
    "Relation",
    "extract",
    "load",
]
__version__ = _version("oncogloss")
