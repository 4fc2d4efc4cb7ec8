"""From a mention to the concept it names: the same name in a vocabulary, its own or that of its long form."""

from __future__ import annotations

from oncogloss.concepts.vocabulary import Vocabulary
from oncogloss.schema import Concept

# entity types whose concepts a mention may name, its own first
TYPES: dict[str, tuple[str, ...]] = {
    "CANCER": ("CANCER", "CONDITION"),
    "CONDITION": ("CONDITION", "CANCER"),
    "DRUG": ("DRUG",),
    "GENE": ("GENE",),
    "BIOMARKER": ("BIOMARKER",),
    "PROCEDURE": ("PROCEDURE",),
    "MEASURE": ("MEASURE", "GENE"),
    "OUTCOME": ("OUTCOME", "CONDITION"),
    "INSTRUMENT": ("INSTRUMENT",),
    "ROUTE": ("ROUTE",),
    "REGIMEN": ("REGIMEN",),
}
BY_OTHER_ORDER, BY_LONG_FORM = 0.9, 0.9  # weights of a concept found by its words reordered, or by the long form


def link(type_: str, text: str, expansion: str | None, vocabulary: Vocabulary) -> Concept | None:
    """The concept that a mention of entity type `type_` names, or None where no name of the vocabulary is its own.

    A defined short form is looked up by its long form `expansion` first, since the document says what it means.
    """
    for name, weight in ((expansion, BY_LONG_FORM), (text, 1.0)):
        for kind in TYPES.get(type_, ()) if name else ():
            found = vocabulary.find(kind, name or "")
            if found:
                entry, rank = found
                score = weight * (BY_OTHER_ORDER if rank else 1.0)
                return Concept(id=entry.id, name=entry.name, vocabulary=entry.vocabulary, score=round(score, 4))
    return None
