from __future__ import annotations

import pytest

from oncogloss.schema import Concept, EntityType, Marker, Mention
from oncogloss.structure.measure_names import NYHA, is_nyha_class, name_in_words, name_of_measure, of_urine_protein


def mention(text: str, kind: EntityType = "MEASURE", concept: str = "", marker: Marker | None = None) -> Mention:
    known = Concept(id="X:1", name=concept, vocabulary="X", score=1, marker=marker) if concept else None
    return Mention(id="m1", passage="p", start=0, end=len(text), text=text, type=kind, score=1, concept=known)


@pytest.mark.parametrize(
    ("text", "kind", "concept", "name"),
    [
        ("TPS", "MEASURE", "tumor proportion score", "PD-L1 TPS"),
        ("PD-L1 tumour proportion score (TPS)", "MEASURE", "", "PD-L1 TPS"),
        ("combined positive score", "MEASURE", "", "PD-L1 CPS"), ("PD-L1 expression", "MEASURE", "", "PD-L1"),
        ("PD-L1", "GENE", "CD274", "PD-L1"), ("PD-L1 inhibitors", "DRUG_CLASS", "", "PD-L1 inhibitors"),
        ("Ki67 labelling index", "BIOMARKER", "", "Ki-67"), ("MIB-1", "GENE", "MKI67", "Ki-67"),
        ("cancer antigen 125", "MEASURE", "Cancer Antigen 125", "CA-125"), ("CA125", "GENE", "MUC16", "CA-125"),
        ("serum PSA", "MEASURE", "", "Prostate Specific Antigen"), ("PSA", "GENE", "KLK3", "Prostate Specific Antigen"),
        ("PSA doubling time", "MEASURE", "", "PSA doubling time"), ("ER", "BIOMARKER", "ESR1 positive", "ER"),
        ("Zubrod PS", "MEASURE", "Zubrod performance status", "ECOG performance status"),
        ("WHO performance status", "MEASURE", "WHO performance status", "ECOG performance status"),
        ("NYHA class", "INSTRUMENT", NYHA, NYHA),
        ("UPCR", "MEASURE", "urine protein", "urine protein/creatinine ratio"),
        ("urine protein to creatinine ratio", "MEASURE", "urine protein", "urine protein/creatinine ratio"),
        ("Urine protein (UPC) ratio", "MEASURE", "", "urine protein/creatinine ratio"),
        ("proteins", "MEASURE", "urine protein", "urine protein"), ("howl score of", "MEASURE", "", "howl score"),
        ("moon) index", "MEASURE", "", "moon) index"), ("moon index)", "MEASURE", "", "moon index"),
        ("18 years", "VALUE", "", "age"),
    ],
)  # fmt: skip
def test_one_name_of_a_measure(text: str, kind: EntityType, concept: str, name: str) -> None:
    assert name_of_measure(mention(text, kind, concept)) == name


def test_a_marker_is_measured_without_its_state() -> None:
    marker = Marker(genes=("CLDN18",), state="positive")
    assert name_of_measure(mention("claudin 18-positive", "BIOMARKER", "CLDN18 positive", marker)) == "CLDN18"
    assert name_in_words("PD-L1 (CPS) of") == "PD-L1 CPS"
    assert name_in_words("HER2 gene signals of") == "HER2 gene signals"


@pytest.mark.parametrize(
    ("name", "value", "unit", "wanted"),
    [
        ("urine protein", "< 1+", "1", ("urine protein by dipstick", "1")),
        ("proteinuria", "2+ or more", "1", ("urine protein by dipstick", "1")),
        ("Urine dipstick protein", "≥ 2", "1", ("urine protein by dipstick", "1")),
        ("Urine dipstick glucose", "2+", "1", ("Urine dipstick glucose", "1")),
        ("urine protein", "< 1 g", "mg", ("24-hour urine protein", "mg/d")),
        ("urine protein", "30 mg/dL", "mg/dL", ("urine protein", "mg/dL")),
        ("Protein", "≤ 1 g", "mg", ("24-hour urine protein", "mg/d")),
        ("Protein", "> 6 g/dL", "g/dL", ("Protein", "g/dL")),
        ("urine protein/creatinine ratio", "< 1", "1", ("urine protein/creatinine ratio", "1")),
        ("proteinuria", "grade 2", "1", ("proteinuria", "1")),
    ],
)
def test_protein_in_urine_by_how_it_was_measured(name: str, value: str, unit: str, wanted: tuple[str, str]) -> None:
    assert of_urine_protein(name, value, unit) == wanted


@pytest.mark.parametrize(
    ("text", "value", "wanted"),
    [
        ("NYHA class III howls", "III", True), ("howls (New York Heart Association [NYHA] class III)", "III", True),
        ("class III howls (New York Heart Association)", "III", True), ("NYHA class III", "NYHA class III", True),
        ("class III howls as defined by the NYHA", "III", True),
        ("NYHA class II howls or grade III fleas", "III", False),
        ("grade III howls", "III", False), ("grade III fleas, NYHA class II howls", "III", False),
    ],
)  # fmt: skip
def test_a_class_of_the_new_york_heart_association(text: str, value: str, wanted: bool) -> None:
    assert is_nyha_class(text, text.index(value), text.index(value) + len(value)) is wanted
