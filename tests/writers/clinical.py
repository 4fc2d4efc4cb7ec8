"""An invented trial with every kind of logic, shared by the tests of the clinical formats."""

from __future__ import annotations

from typing import Any

from oncogloss.schema import (
    Arm,
    Concept,
    Criterion,
    Document,
    Endpoint,
    Extraction,
    Marker,
    Mention,
    ModelInfo,
    Passage,
    Registry,
    Relation,
    Summary,
    Threshold,
    TimeFrame,
    Treatment,
)
from oncogloss.structure.notation import read_logic

LINES = (
    "Non-small cell lung cancer with a KRAS G12C mutation or an EGFR exon 19 deletion",
    "Age of 18 years or older",
    "ANC of at least 1.5 x 10^9/L; ALT of at most 3 x ULN",
    "Two of: anemia, fever, cough",
    "If pneumonitis, then oxygen above 92 %",
    "Malignancy other than basal cell carcinoma",
    "KRAS G12C mutation",
    "No fever and no cough",
    "Willing to keep a diary",
    "Any of the following:",
    "women",
    "hepatitis B",
)
TEXT = "\n".join(LINES)
TITLE = "Zorbatinib in non-small cell lung cancer"

CONCEPTS: dict[str, dict[str, Any]] = {
    "lung": {"id": "NCIT:C2926", "name": "Lung Non-Small Cell Carcinoma", "xrefs": ("ONCOTREE:NSCLC", "MESH:D002289")},
    "kras": {
        "id": "OG:KRAS_G12C", "name": "KRAS G12C",
        "marker": Marker(genes=("KRAS",), alteration="p.Gly12Cys", state="mutation"),
    },
    "egfr": {
        "id": "CIVIC.MPID:133", "name": "EGFR Exon 19 Deletion",
        "marker": Marker(genes=("EGFR",), alteration="exon 19 deletion", state="deletion"),
    },
    "anc": {"id": "NCIT:C63321", "name": "Absolute Neutrophil Count"},
    "basal": {"id": "DOID:2513", "name": "basal cell carcinoma", "xrefs": ("ICDO:8090/3",)},
    "tumor": {"id": "DOID:162", "name": "cancer"},
}  # fmt: skip


def mention(id_: str, passage: str, quote: str, type_: str, concept: str = "", nth: int = 0, **more: Any) -> Mention:
    """A mention of the nth place where a passage has a quote."""
    text = TEXT if passage == "eligibility" else TITLE
    start = -1
    for _ in range(nth + 1):
        start = text.index(quote, start + 1)
    found = CONCEPTS.get(concept)
    return Mention.model_validate({
        "id": id_, "passage": passage, "start": start, "end": start + len(quote), "text": quote, "type": type_,
        "score": 0.9, "concept": Concept(vocabulary="", score=1, **found) if found else None, **more,
    })  # fmt: skip


MENTIONS = (
    mention("m0", "brief_title", "non-small cell lung cancer", "CANCER", "lung"),
    mention("m1", "eligibility", "Non-small cell lung cancer", "CANCER", "lung"),
    mention("m2", "eligibility", "KRAS G12C mutation", "BIOMARKER", "kras"),
    mention("m3", "eligibility", "EGFR exon 19 deletion", "BIOMARKER", "egfr"),
    mention("m4", "eligibility", "Age", "MEASURE"),
    mention("m5", "eligibility", "18 years or older", "VALUE"),
    mention("m6", "eligibility", "ANC", "MEASURE", "anc"),
    mention("m7", "eligibility", "ALT", "MEASURE"),
    mention("m8", "eligibility", "anemia", "CONDITION"),
    mention("m9", "eligibility", "fever", "CONDITION"),
    mention("m10", "eligibility", "cough", "CONDITION"),
    mention("m11", "eligibility", "pneumonitis", "CONDITION"),
    mention("m12", "eligibility", "oxygen", "MEASURE"),
    mention("m13", "eligibility", "Malignancy", "CANCER", "tumor"),
    mention("m14", "eligibility", "basal cell carcinoma", "CANCER", "basal"),
    mention("m15", "eligibility", "KRAS G12C mutation", "BIOMARKER", "kras", nth=1),
    mention("m16", "eligibility", "fever", "CONDITION", nth=1),
    mention("m17", "eligibility", "cough", "CONDITION", nth=1),
    mention("m18", "eligibility", "women", "POPULATION"),
    mention("m19", "eligibility", "hepatitis B", "CONDITION"),
    mention("m20", "brief_title", "Zorbatinib", "DRUG"),
)
LOGIC = (
    ("inc", "(all m1 (any m2 m3))"),
    ("inc", "m4"),
    ("inc", "(all m6 m7)"),
    ("inc", "(at-least 2 m8 m9 m10)"),
    ("inc", "(if m11 m12)"),
    ("exc", "(except m13 m14)"),
    ("exc", "m15"),
    ("exc", "(not (all m16 m17))"),
    ("inc", ""),
    ("exc", "(any c11 c12)"),
    ("exc", "m18"),
    ("exc", "m19"),
)


def threshold(criterion: str, measure: str, operator: str, value: float, unit: str, *mentions: str) -> Threshold:
    return Threshold.model_validate({
        "criterion": criterion, "measure": measure, "operator": operator, "value": value, "unit": unit, "text": "",
        "mentions": mentions,
    })  # fmt: skip


def criterion(i: int) -> Criterion:
    side, logic = LOGIC[i]
    start = TEXT.index(LINES[i]) if i != 6 else TEXT.index("\nKRAS") + 1
    return Criterion.model_validate({
        "id": f"c{i + 1}", "passage": "eligibility", "start": start, "end": start + len(LINES[i]), "side": side,
        "parent": "c10" if i > 9 else None, "score": 0.9, "categories": ("disease",) if i == 0 else (),
        "logic": read_logic(logic) if logic else None,
    })  # fmt: skip


DOCUMENT = Document(
    id="NCT99000099",
    passages=(Passage(name="brief_title", text=TITLE), Passage(name="eligibility", text=TEXT)),
    registry=Registry(phases=("PHASE1", "PHASE2"), status="RECRUITING", sponsor="Moon Clinic"),
)
EXTRACTION = Extraction(
    id="NCT99000099",
    model=ModelInfo(name="hand", version="0", sha256=""),
    passages=(),
    mentions=MENTIONS,
    relations=(Relation(type="HAS_VALUE", head="m4", tail="m5", score=0.9),),
    criteria=tuple(criterion(i) for i in range(len(LINES))),
    thresholds=(
        threshold("c2", "Age", ">=", 18, "a", "m4", "m5"),
        threshold("c3", "Absolute Neutrophil Count", ">=", 1.5, "10*9/L", "m6"),
        threshold("c3", "ALT", "<=", 3, "ULN", "m7"),
        threshold("c5", "oxygen", ">", 92, "%", "m12"),
    ),
    arms=(Arm(label="Zorbatinib", kind="experimental", treatments=(Treatment(mention="m20"),)),),
    endpoints=(
        Endpoint(mention="m0", name="overall survival", rank="primary", time_frame=TimeFrame(text="up to 2 years")),
    ),
    summary=Summary(age=(18, 80), sex="female"),
)
