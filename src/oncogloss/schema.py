"""The types that cross every room of the house: what is read, and what is found in it.

Offsets are half-open and count Unicode code points of one passage: ``passage.text[start:end]``.
Entity types, attributes, relation types and criterion categories follow the annotation guidelines
of the OncoTrial corpus. This module imports nothing of ours.
"""

from __future__ import annotations

import hashlib
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

EntityType = Literal[
    "CANCER", "STAGE", "DISEASE_STATE", "CONDITION", "GENE", "BIOMARKER", "DRUG", "DRUG_CLASS",
    "REGIMEN", "PROCEDURE", "DOSE", "ROUTE", "SCHEDULE", "SETTING", "MEASURE", "VALUE", "TIME",
    "OUTCOME", "INSTRUMENT", "POPULATION",
]  # fmt: skip
Attribute = Literal["neg", "exc", "hist"]
RelationType = Literal[
    "TREATS", "TARGETS", "BIOMARKER_OF", "DIRECTED_AT", "HAS_GENE", "HAS_STAGE", "HAS_VALUE",
    "DOSING", "HAS_TIME", "ASSESSED_BY", "IN_SETTING", "COMBINED_WITH", "EXCEPTION", "ABBREV_OF",
]  # fmt: skip
Side = Literal["inc", "exc"]
Category = Literal[
    "demographic", "disease", "stage", "biomarker", "prior_therapy", "line_of_therapy",
    "performance_status", "organ_function", "lab", "comorbidity", "cardiac", "infection", "cns",
    "autoimmune", "second_malignancy", "medication", "washout", "reproductive", "pregnancy",
    "measurable_disease", "life_expectancy", "specimen", "procedure", "consent", "compliance",
    "allergy", "psychosocial", "other",
]  # fmt: skip
Match = Literal["name", "parts", "broader", "stem"]
SectionLabel = Literal["title", "summary", "inclusion", "exclusion", "arms", "interventions", "outcomes", "conditions"]

ENTITY_TYPES: tuple[EntityType, ...] = get_args(EntityType)
ATTRIBUTES: tuple[Attribute, ...] = get_args(Attribute)
RELATION_TYPES: tuple[RelationType, ...] = get_args(RelationType)
SIDES: tuple[Side, ...] = get_args(Side)
CATEGORIES: tuple[Category, ...] = get_args(Category)
SECTION_LABELS: tuple[SectionLabel, ...] = get_args(SectionLabel)

PASSAGE_NAMES = (
    "brief_title", "official_title", "summary", "description", "conditions", "keywords",
    "eligibility", "arms", "interventions", "outcomes",
)  # fmt: skip


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Passage(_Frozen):
    """One free-text field of a document. `name` is one of PASSAGE_NAMES, or whatever a user calls it."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the UTF-8 text: says which wording the offsets refer to."""
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()


class Document(_Frozen):
    """What a reader makes of a record or a text file. `source` names the file and place it came from."""

    id: str
    passages: tuple[Passage, ...]
    source: str = ""

    @model_validator(mode="after")
    def _names_differ(self) -> Document:
        if len({p.name for p in self.passages}) < len(self.passages):
            raise ValueError("two passages have the same name; findings refer to passages by name")
        return self


class Marker(_Frozen):
    """What a biomarker says, part by part: two markers are one if all their parts are."""

    genes: tuple[str, ...]
    alteration: str | None = Field(default=None, description="e.g. p.Gly12Cys, exon 19 deletion, t(9;22)")
    state: str | None = Field(default=None, description="e.g. mutation, positive, overexpression")
    threshold: str | None = Field(default=None, description="a cut-off or score, e.g. TPS >= 50 %, IHC 3+")


class Concept(_Frozen):
    """What a mention names: an entry of a public vocabulary, or one of our own (`OG:`) where no public one has it.

    `match` says how it was found: by one of its names, made of the parts of the mention, as the nearest `broader`
    concept that has a name where the mention's own has none, or as the class that the `stem` of an unknown drug's name
    tells.
    """

    id: str
    name: str
    vocabulary: str
    score: float
    match: Match = "name"
    xrefs: tuple[str, ...] = Field(default=(), description="ids of the same concept in other vocabularies")
    parents: tuple[str, ...] = Field(default=(), description="ids of the concepts that it is a kind of")
    drug_class: str | None = Field(default=None, description="what kind of drug it is, e.g. inhibitor")
    targets: tuple[str, ...] = Field(default=(), description="symbols of the genes that a drug aims at")
    members: tuple[str, ...] = Field(default=(), description="drugs of a regimen or product, genes of a family")
    marker: Marker | None = Field(default=None, description="the parts of a biomarker")


class Mention(_Frozen):
    """A span that names something. `text` equals the passage's characters from `start` to `end`."""

    id: str
    passage: str
    start: int
    end: int
    text: str
    type: EntityType
    attributes: tuple[Attribute, ...] = ()
    score: float
    concept: Concept | None = None
    expansion: str | None = Field(default=None, description="the long form that defines this short form")


class Relation(_Frozen):
    """A typed link between two mentions (by id) of one passage."""

    type: RelationType
    head: str
    tail: str
    score: float


class Criterion(_Frozen):
    """One eligibility criterion; `parent` is the id of the criterion it belongs under."""

    id: str
    passage: str
    start: int
    end: int
    side: Side
    parent: str | None = None
    categories: tuple[Category, ...] = ()
    mentions: tuple[str, ...] = ()
    score: float


class Section(_Frozen):
    """A stretch of a passage that serves one purpose."""

    start: int
    end: int
    label: SectionLabel


class PassageReading(_Frozen):
    """The parts found in one passage; its text is left out, its hash says which text was read."""

    name: str
    text_sha256: str
    sections: tuple[Section, ...] = ()
    sentences: tuple[tuple[int, int], ...] = ()


class ModelInfo(_Frozen):
    """Which model spoke: `sha256` is that of the bundle's SHA256SUMS file."""

    name: str
    version: str
    sha256: str


class Extraction(_Frozen):
    """All that was found in one document."""

    id: str
    model: ModelInfo
    passages: tuple[PassageReading, ...]
    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    criteria: tuple[Criterion, ...]
