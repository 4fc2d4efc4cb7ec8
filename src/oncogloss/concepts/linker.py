"""From a mention to the concept it names: the same name in a vocabulary, its own or its long form's, or one made of its
parts."""

from __future__ import annotations

from oncogloss.concepts.compose import compose_biomarker, compose_class
from oncogloss.concepts.vocabulary import Entry, Vocabulary
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
    "DRUG_CLASS": ("DRUG_CLASS",),
}
COMPOSED = {"DRUG_CLASS": compose_class, "BIOMARKER": compose_biomarker}

# weights of a concept found by its words in another order, by the long form, or made of its parts: set by hand,
# not measured yet
BY_OTHER_ORDER, BY_LONG_FORM, BY_PARTS = 0.9, 0.9, 0.9


def link(type_: str, text: str, expansion: str | None, vocabulary: Vocabulary) -> Concept | None:
    """The concept that a mention of entity type `type_` names, or None where no name of the vocabulary is its own.

    A defined short form is looked up by its long form `expansion` first, since the document says what it means.
    """
    for name, weight in ((expansion, BY_LONG_FORM), (text, 1.0)):
        if not name:
            continue
        for kind in TYPES.get(type_, ()):
            found = vocabulary.find(kind, name)
            if found:
                return _concept(found[0], weight * (BY_OTHER_ORDER if found[1] else 1.0))
        made = COMPOSED[type_](name, vocabulary) if type_ in COMPOSED else None
        if made:
            return _concept(made, weight * BY_PARTS)
    return None


def _concept(entry: Entry, score: float) -> Concept:
    return Concept(id=entry.id, name=entry.name, vocabulary=entry.vocabulary, score=round(score, 4))
