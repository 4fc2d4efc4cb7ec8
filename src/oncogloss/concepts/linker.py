"""From a mention to the concept it names: the same name in a vocabulary, its own or that of its long form."""

from __future__ import annotations

from oncogloss.concepts.vocabulary import Vocabulary
from oncogloss.schema import Concept, Mention

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
# share of such links that hold: the name as it stands, its words in another order, its long form
SCORES = (1.0, 0.9)
BY_EXPANSION = 0.9


def link(mention: Mention, vocabulary: Vocabulary) -> Concept | None:
    """The concept that `mention` names, or None where no name of the vocabulary is its own.

    A defined short form is looked up by its long form first, since the document says what it means.
    """
    for text, weight in ((mention.expansion, BY_EXPANSION), (mention.text, 1.0)):
        for type_ in TYPES.get(mention.type, ()) if text else ():
            found = vocabulary.find(type_, text or "")
            if found:
                entry, rank = found
                score = round(SCORES[min(rank, 1)] * weight, 4)
                return Concept(id=entry.id, name=entry.name, vocabulary=entry.vocabulary, score=score)
    return None
