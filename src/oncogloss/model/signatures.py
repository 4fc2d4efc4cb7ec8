"""Which types a relation may join, and which spans may lie inside which, as the annotation guidelines say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oncogloss.schema import ENTITY_TYPES, RELATION_TYPES, TREATMENT_TYPES, EntityType, RelationType

HOLDERS_OF_GENE: tuple[EntityType, ...] = ("BIOMARKER", "DRUG_CLASS", "MEASURE", "DRUG")

_ANY = ENTITY_TYPES
_SIGNATURES: dict[RelationType, tuple[tuple[EntityType, ...], tuple[EntityType, ...]]] = {
    "TREATS": (TREATMENT_TYPES, ("CANCER", "CONDITION")),
    "TARGETS": (("DRUG", "DRUG_CLASS"), ("GENE",)),
    "BIOMARKER_OF": (("BIOMARKER", "GENE"), ("CANCER",)),
    "DIRECTED_AT": (TREATMENT_TYPES, ("BIOMARKER",)),
    "HAS_GENE": (("BIOMARKER",), ("GENE",)),
    "HAS_STAGE": (("CANCER",), ("STAGE", "DISEASE_STATE")),
    "HAS_VALUE": (_ANY, ("VALUE",)),
    "DOSING": (TREATMENT_TYPES, ("DOSE", "ROUTE", "SCHEDULE")),
    "HAS_TIME": (_ANY, ("TIME",)),
    "ASSESSED_BY": (
        ("OUTCOME", "CONDITION", "DISEASE_STATE", "STAGE", "MEASURE", "CANCER"),
        ("INSTRUMENT",),
    ),
    "IN_SETTING": (TREATMENT_TYPES, ("SETTING",)),
    "COMBINED_WITH": (TREATMENT_TYPES, TREATMENT_TYPES),
    "EXCEPTION": (_ANY, _ANY),
    "ABBREV_OF": (_ANY, _ANY),
}


def allowed_pairs() -> NDArray[np.bool_]:
    """(relations, types, types): may a head and a tail of these types be joined? An abbreviation and its
    long form have one type."""
    table = np.zeros((len(RELATION_TYPES), len(ENTITY_TYPES), len(ENTITY_TYPES)), bool)
    for relation, (heads, tails) in _SIGNATURES.items():
        for head in heads:
            for tail in tails:
                same_type = relation != "ABBREV_OF" or head == tail
                table[RELATION_TYPES.index(relation), ENTITY_TYPES.index(head), ENTITY_TYPES.index(tail)] = same_type
    return table


def may_hold(outer: EntityType, inner: EntityType) -> bool:
    """May a span of type `inner` lie inside (or on) a span of type `outer`?"""
    return inner == "GENE" and outer in HOLDERS_OF_GENE
