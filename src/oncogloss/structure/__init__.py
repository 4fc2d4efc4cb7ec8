"""What follows from an extraction without the network: logic, thresholds, arms, endpoints, coverage, summary, flags."""

from __future__ import annotations

from oncogloss.schema import Document, Extraction
from oncogloss.structure.coverage import coverage_of
from oncogloss.structure.criteria import with_logic
from oncogloss.structure.endpoints import endpoints_of
from oncogloss.structure.flags import flags_of
from oncogloss.structure.scope import scopes
from oncogloss.structure.summary import summary_of
from oncogloss.structure.thresholds import thresholds_of
from oncogloss.structure.treatments import arms_of

__all__ = ["structured"]


def structured(document: Document, extraction: Extraction) -> Extraction:
    """A copy of a document's extraction with all that follows from its mentions, relations and criteria."""
    read = with_logic(scopes(document, extraction))
    found = extraction.model_copy(update={"criteria": tuple(scope.criterion for scope in read)})
    found = found.model_copy(update={"thresholds": thresholds_of(document, found)})
    found = found.model_copy(
        update={
            "arms": arms_of(document, found),
            "endpoints": endpoints_of(document, found),
            "coverage": coverage_of(document, found, read),
        }
    )
    return found.model_copy(update={"summary": summary_of(document, found), "flags": flags_of(document, found)})
