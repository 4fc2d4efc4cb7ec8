"""What all views share: a colour for each entity type, the frame of a page, and text that is safe to show.

Hues are spread after Okabe and Ito's colour-blind-safe set; every mark also carries its type in words.
"""

from __future__ import annotations

import html
import re
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

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_FRAME = """
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #fdfdfb; --line: #d8d8d2; --dim: #5c5c56; --tint: #f2f2ec; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e3; --paper: #191a1c; --line: #3a3b3f; --dim: #a9a9a1;
  --tint: #232427; } }
* { box-sizing: border-box; }
body { font: 16px/1.6 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 66rem;
  margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin: 2.8rem 0 .4rem; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
td, th { text-align: left; vertical-align: top; padding: .32rem .9rem .32rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--dim); font-weight: 600; vertical-align: bottom; }
"""


def whole_page(title: str, style: str, body: str) -> str:
    """A self-contained page, light or dark as its reader likes: no scripts, nothing fetched. `title` is plain text."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_FRAME}{style}</style></head>\n<body>{body}</body></html>\n"
    )


def escape(text: str) -> str:
    """Text as it may stand in a page or in a quoted attribute; a carriage return stays one, and control
    characters that a page cannot hold are replaced."""
    return "&#13;".join(html.escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", part)) for part in text.split("\r"))


def concept_label(concept: Concept) -> str:
    """The concept's name, and before it how it was found where it is not the very thing named."""
    return INEXACT.get(concept.match, "") + concept.name


def visible(text: str) -> str:
    """The text with each character that has no glyph, and so could steer a terminal, replaced; same length. The
    carriage return of a line's end becomes a space."""
    shown = text.replace("\r\n", " \n")
    return "".join(c if c in "\n\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)


def treatment_label(treatment: Treatment, mentions: Mapping[str, Mention]) -> str:
    """A treatment and how it is given: "cisplatin 25 mg/m2, IV, weekly"."""
    how = (*treatment.doses, *treatment.routes, *treatment.schedules, *treatment.settings)
    name, told = mentions[treatment.mention].text, ", ".join(mentions[i].text for i in how)
    return " ".join(f"{name} {told}".split())


def comparison_label(threshold: Threshold) -> str:
    """A comparison in comparable units: ">= 1.5 10*9/L", "0 to 1" for a range of scores, "not > 3 ULN" of what is
    denied."""
    unit = "" if threshold.unit == "1" else f" {threshold.unit}"
    ends = f"{threshold.value:g} to {threshold.high:g}" if threshold.high is not None else ""
    return f"{'not ' if threshold.denied else ''}{ends or f'{threshold.operator} {threshold.value:g}'}{unit}"


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
