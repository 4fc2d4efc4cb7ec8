"""What all views share: a colour for each entity type, and text that is safe to show.

Hues are spread after Okabe and Ito's colour-blind-safe set; every mark also carries its type in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from oncogloss.schema import Concept, Coverage, EntityType, Match, Mention, Threshold, TimeFrame, Treatment

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
INEXACT: dict[Match, str] = {"broader": "broader: ", "stem": "class by stem: ", "alike": "alike: "}


def concept_label(concept: Concept) -> str:
    """The concept's name, and before it how it was found where it is not the very thing named."""
    return INEXACT.get(concept.match, "") + concept.name


def visible(text: str) -> str:
    """The text with each character that has no glyph, and so could steer a terminal, replaced; same length."""
    return "".join(c if c in "\n\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def treatment_label(treatment: Treatment, mentions: Mapping[str, Mention]) -> str:
    """A treatment and how it is given: "cisplatin 25 mg/m2, IV, weekly"."""
    how = (*treatment.doses, *treatment.routes, *treatment.schedules, *treatment.settings)
    name, told = mentions[treatment.mention].text, ", ".join(mentions[i].text for i in how)
    return " ".join(f"{name} {told}".split())


def comparison_label(threshold: Threshold) -> str:
    """A comparison in comparable units: ">= 1.5 10*9/L", "0 to 1" for a range of scores."""
    unit = "" if threshold.unit == "1" else f" {threshold.unit}"
    if threshold.high is not None:
        return f"{threshold.value:g} to {threshold.high:g}{unit}"
    return f"{threshold.operator} {threshold.value:g}{unit}"


def time_label(frame: TimeFrame | None) -> str:
    """A time frame's words on one line; nothing where there is none."""
    return " ".join(frame.text.split()) if frame else ""


def coverage_counts(coverage: tuple[Coverage, ...]) -> list[tuple[str, float]]:
    """For each status the share of the characters that have it, in per cent, the best understood first."""
    counts: Counter[str] = Counter()
    for stretch in coverage:
        counts[stretch.status] += stretch.end - stretch.start
    total = counts.total()
    return [(s, 100 * counts[s] / total) for s in ("structured", "partly", "untouched") if counts[s]]
