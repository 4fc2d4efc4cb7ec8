"""From a mention to the concept it names: the same name in a vocabulary, its own or its long form's, or one made of its
parts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from oncogloss.concepts.compose import compose_biomarker, compose_class
from oncogloss.concepts.vocabulary import Entry, Vocabulary
from oncogloss.schema import Concept, Match

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

# weights of a concept found by its words in another order, by the long form, made of its parts, or broader than what
# is named: set by hand, not measured yet
BY_OTHER_ORDER, BY_LONG_FORM, BY_PARTS, BROADER = 0.9, 0.9, 0.9, 0.6

# what a broader concept than the named one is found without: words before its name, and a phrase behind it
_NARROWER = re.compile(
    r"(?:(?:locally|newly|previously|heavily|biopsy|radiographically|histologically|cytologically|castration|castrate|"
    r"hormone|platinum|treatment|drug|early|late|high|low|intermediate|standard|very|limited|extensive)[- ]+)?"
    r"(?:advanced|metastatic|recurrent|relapsed|refractory|resistant|sensitive|persistent|progressive|unresectable|"
    r"resectable|resected|inoperable|operable|localized|localised|invasive|proven|confirmed|documented|diagnosed|"
    r"untreated|treated|measurable|symptomatic|asymptomatic|active|uncontrolled|severe|mild|moderate|chronic|acute|"
    r"subacute|transient|reversible|fatal|induced|associated|related|bilateral|unilateral|left|right|primary|secondary|"
    r"grade|risk|stage|onset|adult|childhood|pediatric|paediatric|congenital|idiopathic|clinical|significant|prior|"
    r"concurrent|new|extensive|disseminated|diffuse|massive|spontaneous)(?: (?:[IV]{1,3}[ABC]?|[0-4][abc]?))?[-, ]+",
    re.IGNORECASE,
)
_BEHIND = re.compile(r",? (?:of|in|with|without|due to|involving|to|from|at) (?:the )?[^,]+$", re.IGNORECASE)
_KINDS_OF = {"CANCER", "CONDITION"}  # entity types of which a broader concept is given


def link(type_: str, text: str, expansion: str | None, vocabulary: Vocabulary) -> Concept | None:
    """The concept that a mention of entity type `type_` names, or None where no name of the vocabulary is its own.

    A defined short form is looked up by its long form `expansion` first, since the document says what it means.
    """
    names = [(name, weight) for name, weight in ((expansion, BY_LONG_FORM), (text, 1.0)) if name]
    for name, weight in names:
        found = _found(type_, name, vocabulary)
        if found:
            return _concept(found[0], weight * (BY_OTHER_ORDER if found[1] else 1.0), "name")
        made = COMPOSED[type_](name, vocabulary) if type_ in COMPOSED else None
        if made:
            return _concept(made, weight * BY_PARTS, "parts")
    for name, weight in names if type_ in _KINDS_OF else ():
        for wider in _wider(name):
            found = _found(type_, wider, vocabulary)
            if found:
                return _concept(found[0], weight * BROADER, "broader")
    return None


def link_id(id_: str, vocabulary: Vocabulary) -> Concept | None:
    """The concept that has an id such as `MESH:D001943`, its own or as a cross-reference; None where there is none."""
    entry = vocabulary.with_id(id_)
    return _concept(entry, 1.0, "name") if entry else None


def _found(type_: str, name: str, vocabulary: Vocabulary) -> tuple[Entry, int] | None:
    hits = (vocabulary.find(kind, name) for kind in TYPES.get(type_, ()))
    return next((hit for hit in hits if hit), None)


def _wider(name: str) -> Iterator[str]:
    """The name without the words that narrow it, one after another from its beginning; then without what is behind."""
    for whole in (name, _BEHIND.sub("", name)):
        left = whole
        while narrower := _NARROWER.match(left):
            left = left[narrower.end() :]
            yield left
        if whole != name:
            yield whole


def _concept(entry: Entry, score: float, match: Match) -> Concept:
    return Concept(
        id=entry.id,
        name=entry.name,
        vocabulary=entry.vocabulary,
        score=round(score, 4),
        match=match,
        xrefs=entry.xrefs,
        parents=entry.parents,
    )
