"""What all views share: a colour for each entity type, and text that is safe to show.

Hues are spread after Okabe and Ito's colour-blind-safe set; every mark also carries its type in words.
"""

from __future__ import annotations

from oncogloss.schema import Concept, EntityType, Match

COLOURS: dict[EntityType, str] = {
    "CANCER": "#d55e00",
    "STAGE": "#e69f00",
    "DISEASE_STATE": "#b8860b",
    "CONDITION": "#cc79a7",
    "GENE": "#009e73",
    "BIOMARKER": "#2aa198",
    "DRUG": "#0072b2",
    "DRUG_CLASS": "#56b4e9",
    "REGIMEN": "#3f6fd8",
    "PROCEDURE": "#7f6fc4",
    "DOSE": "#5c7fa3",
    "ROUTE": "#6f8fa8",
    "SCHEDULE": "#4f8a8b",
    "SETTING": "#8c6bb1",
    "MEASURE": "#a6761d",
    "VALUE": "#8a8d00",
    "TIME": "#757575",
    "OUTCOME": "#c2527c",
    "INSTRUMENT": "#9a6a4f",
    "POPULATION": "#5f9e4e",
}

# what goes before the name of a concept that is not the very thing named
INEXACT: dict[Match, str] = {"broader": "broader: ", "stem": "class by stem: "}


def concept_label(concept: Concept) -> str:
    """The concept's name, and before it how it was found where it is not the very thing named."""
    return INEXACT.get(concept.match, "") + concept.name


def visible(text: str) -> str:
    """The text with each character that has no glyph, and so could steer a terminal, replaced; same length."""
    return "".join(c if c in "\n\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
