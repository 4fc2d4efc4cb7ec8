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
Match = Literal["name", "parts", "broader", "stem", "alike"]
LogicOp = Literal["fact", "all", "any", "not", "except", "at_least", "if"]
Operator = Literal[">=", ">", "<=", "<", "=", "range"]
Standing = Literal[
    "consent", "compliance", "swallowing", "organ-function", "other-trial", "social-situation", "follow-up",
    "questionnaires", "language", "tumor-sample", "unsuitable", "trial-part",
]  # fmt: skip
CoverageStatus = Literal["structured", "partly", "untouched"]
Lack = Literal["words", "mention", "value", "time", "case", "logic", "concept", "facts"]
ChangeKind = Literal["added", "dropped", "moved", "changed", "wording"]
ChangeSubject = Literal[
    "criterion", "threshold", "time", "logic", "biomarker", "arm", "treatment", "endpoint", "registry"
]  # fmt: skip
DiagnosisStatus = Literal["active", "past", "absent", ""]
PatientList = Literal["diagnoses", "markers", "labs", "prior_treatments", "conditions", "medications"]
Answer = Literal["met", "not met", "unknown"]
SectionLabel = Literal["title", "summary", "inclusion", "exclusion", "arms", "interventions", "outcomes", "conditions"]

ENTITY_TYPES: tuple[EntityType, ...] = get_args(EntityType)
ATTRIBUTES: tuple[Attribute, ...] = get_args(Attribute)
RELATION_TYPES: tuple[RelationType, ...] = get_args(RelationType)
TREATMENT_TYPES: tuple[EntityType, ...] = ("DRUG", "DRUG_CLASS", "REGIMEN", "PROCEDURE")
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


class Part(_Frozen):
    """A stretch of a passage that the registry keeps as an entry of its own: an arm, an intervention or an outcome.

    `kind` is the registry's word for it in lower case: `experimental`, `active_comparator` … of arms, `drug`,
    `biological` … of interventions, `primary`, `secondary`, `other` of outcomes; `label` is the entry's name; `given`
    are the labels of the interventions that the registry joins an arm to; `time_frame` is an outcome's, in the
    registry's words.
    """

    passage: str
    start: int
    end: int
    label: str
    kind: str = ""
    given: tuple[str, ...] = ()
    time_frame: str = ""


class Registry(_Frozen):
    """What a record says in fields beside its text, in the registry's own words; empty where it says nothing."""

    sex: str = Field(default="", description="all, female or male")
    minimum_age: str = Field(default="", description="e.g. 18 Years")
    maximum_age: str = ""
    phases: tuple[str, ...] = Field(default=(), description="e.g. PHASE2")
    status: str = ""
    study_type: str = ""
    sponsor: str = ""
    first_posted: str = Field(default="", description="date, to the day or month")


class Line(_Frozen):
    """Where a stretch of a passage stands in the PDF it was read from: the page, counted from 1, and its box (left,
    top, right, bottom) in points from the top left corner of the page as it is shown."""

    passage: str
    start: int
    end: int
    page: int
    box: tuple[float, float, float, float]


class Document(_Frozen):
    """What a reader makes of a record or a text file. `source` names the file and place it came from; `parts` and
    `registry` are there where a record has them, `layout` where it was a PDF."""

    id: str
    passages: tuple[Passage, ...]
    source: str = ""
    parts: tuple[Part, ...] = ()
    registry: Registry | None = None
    layout: tuple[Line, ...] = ()

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
    concept that has a name where the mention's own has none, as the class that the `stem` of an unknown drug's name
    tells, or as the concept whose names are most `alike`. `score` is how often what was found so is right.
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


class OwnMention(_Frozen):
    """A span that a team's own model was taught to find, with one of the team's labels."""

    passage: str
    start: int
    end: int
    text: str
    label: str
    score: float


class Relation(_Frozen):
    """A typed link between two mentions (by id) of one passage."""

    type: RelationType
    head: str
    tail: str
    score: float


class Logic(_Frozen):
    """What a criterion asks, as a tree that a program can evaluate for a patient.

    `fact`: a mention (by id), with all that its relations add to it, a whole sub-criterion (by id), or a demand that
    trials ask over and over and no mention names (`said`): consent is given, the protocol can be complied with, tablets
    can be swallowed, organs work well, the patient is in another trial, social situations stand against it, follow-up
    is possible, questionnaires can be filled in, the language is known, a tumor sample is there, the investigator holds
    the patient unsuitable, the patient is in the part of the trial that its qualifier names.
    `all`, `any`, `not`: of the parts. `at_least`: `n` of the parts. `if`: the second part must hold where the first
    does. `except`: something of the first part that is none of the others ("malignancy other than basal cell
    carcinoma"), none of which holds that is no kind of it ("HIV unless CD4 >= 350"). The side is the
    criterion's: for an exclusion the tree says what excludes.
    """

    op: LogicOp
    mention: str | None = None
    qualifiers: tuple[str, ...] = Field(default=(), description="how the fact must be: active, severe, uncontrolled …")
    about: tuple[str, ...] = Field(
        default=(), description="mentions the fact is directed at: what an allergy is to, what a treatment was for"
    )
    washout: float | None = Field(
        default=None, description="days that must have passed since the last of it; who never had it fulfils the fact"
    )
    criterion: str | None = None
    said: Standing | None = None
    n: int | None = None
    parts: tuple[Logic, ...] = ()


class Criterion(_Frozen):
    """One eligibility criterion; `parent` is the id of the criterion it belongs under. `logic` is None where nothing
    in it can be evaluated."""

    id: str
    passage: str
    start: int
    end: int
    side: Side
    parent: str | None = None
    categories: tuple[Category, ...] = ()
    mentions: tuple[str, ...] = ()
    score: float
    logic: Logic | None = None


class Threshold(_Frozen):
    """A comparison of a measure with a number. `value`, `high` and `unit` are comparable between trials (one unit for
    each kind of quantity); `text` keeps the words.

    `unit` is UCUM where there is one (`10*9/L`, `mg/dL`, `d`, `a`), `ULN` or `LLN` for multiples of a limit, `1` for
    scores, ratios and grades. `high` is the upper end of a `range`, both ends included.
    """

    criterion: str | None
    measure: str = Field(
        description="one name of what is compared: the customary one (PD-L1 TPS), its concept's, or its own words"
    )
    operator: Operator
    value: float
    high: float | None = None
    unit: str
    text: str
    condition: str | None = Field(default=None, description="the words under which this comparison holds")
    denied: bool = Field(
        default=False,
        description="whether the criterion asks that the comparison does not hold: of what it denies (no AST > 3 x "
        "ULN), what it spares (HIV, unless CD4 >= 200) and what was not reached (not recovered to grade <= 1)",
    )
    mentions: tuple[str, ...] = Field(default=(), description="the measure, the value, then the condition's")


class TimeFrame(_Frozen):
    """A span of time in days; `low` and `high` as far as the words tell them, `event` what it counts from or to."""

    text: str
    low: float | None = None
    high: float | None = None
    event: str | None = None


class Treatment(_Frozen):
    """A treatment as it is given: ids of its mention and of the mentions that say how."""

    mention: str
    doses: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    combined_with: tuple[str, ...] = ()


class Arm(_Frozen):
    """A group of a trial and what it gets; `kind` as in `Part`."""

    label: str
    kind: str
    treatments: tuple[Treatment, ...]


class Endpoint(_Frozen):
    """An outcome that the trial measures. `rank` is primary, secondary, other, or empty where nothing says it; `title`
    is what the registry calls it, and its name, without a `mention`, where no outcome was found in its entry."""

    mention: str | None
    name: str = Field(description="its concept's name, or its own words")
    title: str = ""
    rank: str = ""
    time_frame: TimeFrame | None = None
    criteria: tuple[str, ...] = Field(default=(), description="instruments it is judged by, e.g. RECIST 1.1")


class Coverage(_Frozen):
    """A stretch of an eligibility text and how far it was understood; the stretches of a passage follow one another
    without a gap.

    `reason` is for people, `lacks` for programs: `words` outside any fact, a `mention` left out as explanation, a
    `value` or `time` that was not read or belongs to nothing, a `case` ("if", "unless") or a way of going together
    (`logic`) that the tree lacks, a name without a `concept`, no `facts` at all. `decisive`: whether the verdict on a
    patient could be another if it were there; where it could not, what is there may be evaluated.
    """

    passage: str
    start: int
    end: int
    status: CoverageStatus
    reason: str
    lacks: tuple[Lack, ...] = ()
    decisive: bool = False


class Flag(_Frozen):
    """A place where the record seems to contradict itself: `kind` for programs, `message` for people."""

    kind: str
    message: str
    mentions: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()


class Requirement(_Frozen):
    """Something that a patient must (`inc`) or must not (`exc`) have: one of these alternatives, by name.

    `decisive`: whether coverage says so of its criterion, which may then ask something else."""

    side: Side
    any_of: tuple[str, ...]
    criterion: str
    mentions: tuple[str, ...]
    decisive: bool = False


class Summary(_Frozen):
    """The trial at a glance, names of concepts where there are any."""

    cancers: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    states: tuple[str, ...] = Field(default=(), description="of the disease, e.g. castration-resistant, relapsed")
    treatments: tuple[str, ...] = ()
    biomarkers: tuple[Requirement, ...] = ()
    lines: tuple[str, ...] = ()
    prior_treatments: tuple[Requirement, ...] = ()
    washouts: tuple[str, ...] = ()
    age: tuple[float | None, float | None] = (None, None)
    sex: str = ""


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
    """All that was found in one document: what the network reads, then what follows from it by structure."""

    id: str
    model: ModelInfo
    passages: tuple[PassageReading, ...]
    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    criteria: tuple[Criterion, ...]
    thresholds: tuple[Threshold, ...] = ()
    arms: tuple[Arm, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    flags: tuple[Flag, ...] = ()
    summary: Summary = Summary()
    own: tuple[OwnMention, ...] = ()


class Change(_Frozen):
    """Something that differs between two versions of a trial; `message` says it in one sentence, `old` and `new` are
    the ids of the criteria that it stands in."""

    kind: ChangeKind
    subject: ChangeSubject
    before: str = ""
    after: str = ""
    message: str
    old: str | None = None
    new: str | None = None


class Diagnosis(_Frozen):
    """A disease or other condition of a patient; `id` is a concept's, where the file gives one."""

    name: str
    id: str = ""
    stage: str = ""
    status: DiagnosisStatus = ""
    date: str = ""


class MarkerResult(_Frozen):
    """What a test of a gene or protein said: a `state` (positive, mutation, wild-type …), an `alteration`, a number."""

    name: str
    state: str = ""
    alteration: str = ""
    value: float | None = None
    unit: str = ""
    date: str = ""


class LabResult(_Frozen):
    """A measured quantity, with the laboratory's limits of normal where known."""

    name: str
    value: float
    unit: str = ""
    date: str = ""
    lower_limit: float | None = None
    upper_limit: float | None = None


class Therapy(_Frozen):
    """A drug or procedure that a patient had or has; `kind` in the file's own words, such as surgery."""

    name: str
    id: str = ""
    kind: str = ""
    start: str = ""
    end: str = ""
    line: int | None = None


class Patient(_Frozen):
    """What is known of a patient as of `date`. Dates are ISO, to the day, month or year.

    `complete` names the lists that leave nothing out: only there does a missing entry mean that there is none.
    `problems` are sentences about what the file lacks or has wrong.
    """

    id: str
    date: str = ""
    birth_date: str = ""
    age: float | None = None
    sex: str = ""
    diagnoses: tuple[Diagnosis, ...] = ()
    markers: tuple[MarkerResult, ...] = ()
    labs: tuple[LabResult, ...] = ()
    ecog: int | None = None
    karnofsky: int | None = None
    prior_treatments: tuple[Therapy, ...] = ()
    conditions: tuple[Diagnosis, ...] = ()
    medications: tuple[Therapy, ...] = ()
    complete: tuple[PatientList, ...] = ()
    problems: tuple[str, ...] = ()


class Evidence(_Frozen):
    """Words of a trial beside the entry of a patient that speaks to them; no entry: nothing in the file does."""

    mention: str
    words: str
    entry: str = ""
    holds: bool | None = Field(description="null: unknown")


class Verdict(_Frozen):
    """What a criterion means for a patient: an exclusion that applies is `not met`."""

    criterion: str
    side: Side
    text: str
    answer: Answer
    evidence: tuple[Evidence, ...] = ()


class Matching(_Frozen):
    """A patient held against a trial's criteria. It informs a person and decides nothing.

    `excluded_by` and `open` are ids of criteria: those not met, and those that only more knowledge can answer.
    """

    patient: str
    trial: str
    verdicts: tuple[Verdict, ...]
    excluded_by: tuple[str, ...]
    open: tuple[str, ...]
    met: int
    note: str
