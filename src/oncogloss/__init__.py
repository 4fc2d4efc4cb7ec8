"""oncogloss: oncology trial text in; grounded, normalized, structured facts out, on a laptop CPU, offline."""

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


def __getattr__(name: str) -> str:
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("oncogloss")
