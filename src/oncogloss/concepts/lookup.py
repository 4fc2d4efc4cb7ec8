"""What a name may mean by itself, where nothing says of which entity type it is."""

from __future__ import annotations

from oncogloss.concepts.linker import TYPES, link
from oncogloss.concepts.vocabulary import Vocabulary
from oncogloss.schema import Concept


def concepts_of(name: str, vocabulary: Vocabulary, asked: str | None = None) -> dict[str, Concept]:
    """The concepts of a name, each once, by the entity type that it itself has: a disease that a mention of type CANCER
    may fall back on is a CONDITION. Where one is called so, none is told that is only broader or alike.

    Where one type is `asked` for: what a mention of that type would name.
    """
    if asked:
        return {asked: concept} if (concept := link(asked, name, None, vocabulary)) else {}
    direct: dict[str, Concept] = {}
    fallen: dict[str, Concept] = {}
    for type_ in TYPES:
        if concept := link(type_, name, None, vocabulary):
            own = _own_type(type_, name, concept, vocabulary)
            (direct if own == type_ else fallen).setdefault(own, concept)
    once: dict[str, tuple[str, Concept]] = {}
    for type_, concept in (direct | {t: c for t, c in fallen.items() if t not in direct}).items():
        once.setdefault(concept.id, (type_, concept))
    named = any(concept.match == "name" for _, concept in once.values())
    kept = [(t, c) for t, c in once.values() if not (named and c.match in ("broader", "alike"))]
    return dict(sorted(kept, key=lambda found: list(TYPES).index(found[0])))


def _own_type(type_: str, name: str, concept: Concept, vocabulary: Vocabulary) -> str:
    """The type that the vocabulary has a concept under, which was found for a mention of `type_`."""
    if type_ == "DRUG" and concept.match in ("parts", "stem"):
        return "DRUG_CLASS"  # what a drug's name was understood to say
    for said in (concept.name, name):
        for kind in dict.fromkeys((type_, *TYPES[type_], *TYPES)):
            hit = vocabulary.find(kind, said)
            if hit and hit[0].id == concept.id:
                return kind
    return type_
