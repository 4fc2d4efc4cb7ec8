"""Names that nearly every record uses for its laboratory values, scales and commonest infections."""

from __future__ import annotations

import pytest

from oncogloss.concepts import link, open_vocabulary

MEASURES = {
    "white blood cell count": "white blood count|WBC|WBC count|leucocyte count|white cell count|total leukocyte count",
    "ECOG performance status": "ECOG-PS|ECOG score|ECOG scale|ECOG PS score|ECOG/WHO performance status|ECOG",
    "Karnofsky performance status": "Karnofsky PS|Karnofsky performance score|KPS score|KPS|Karnofsky index",
    "Lansky performance status": "Lansky score|Lansky PS|Lansky play-performance scale|Lansky play score",
    "WHO performance status": "WHO PS|WHO-PS|WHO performance score|World Health Organization performance status",
    "absolute neutrophil count": "ANC|neutrophils|neutrophil count|ANC count|granulocyte count",
    "absolute lymphocyte count": "ALC|lymphocyte count|total lymphocyte count",
    "platelet count": "platelets|PLT count|thrombocytes",
    "hemoglobin": "Hb|Hgb|haemoglobin level",
    "alanine aminotransferase": "ALT|SGPT|ALT (SGPT)|ALT/SGPT|GPT|ALAT",
    "aspartate aminotransferase": "AST|SGOT|AST (SGOT)|AST/SGOT|ASAT",
    "transaminases": "AST and ALT|AST or ALT|SGOT/SGPT|liver transaminases",
    "alkaline phosphatase": "alk phos|ALP|serum alkaline phosphatase",
    "total bilirubin": "bilirubin|serum bilirubin|T bili|TBIL",
    "international normalized ratio": "INR|PT/INR|prothrombin time/INR",
    "activated partial thromboplastin time": "aPTT|PTT|activated PTT|aPTT/PTT",
    "creatinine clearance": "CrCl|measured creatinine clearance|24-hour creatinine clearance",
    "serum creatinine": "creatinine|SCr",
    "estimated glomerular filtration rate": "eGFR|calculated GFR",
    "glomerular filtration rate": "GFR|measured GFR|radioisotope GFR",
    "QT interval corrected by Fridericia's formula": "QTcF|mean QTcF|QTcF interval",
    "corrected QT interval": "QTc|mean QTc|resting QTc|heart rate-corrected QT interval",
    "left ventricular ejection fraction": "LVEF|EF|left ventricle ejection fraction",
    "oxygen saturation": "SpO2|pulse oximetry|peripheral oxygen saturation|room air oxygen saturation",
    "glycated hemoglobin": "HbA1c|A1C|haemoglobin A1c|glycosylated hemoglobin",
    "thyroid-stimulating hormone": "TSH|thyrotropin",
    "albumin": "serum albumin|Alb",
    "lactate dehydrogenase": "LDH|serum LDH",
    "creatine kinase": "CPK|CK|creatine phosphokinase|creatinine phosphokinase",
    "lipase": "serum lipase",
    "amylase": "serum amylase|pancreatic amylase",
    "prostate specific antigen": "PSA|PSA level|total PSA",
    "CA-125": "CA125|CA 125|cancer antigen 125",
    "carcinoembryonic antigen": "CEA|serum CEA",
    "alpha-fetoprotein": "AFP|α-fetoprotein",
    "human chorionic gonadotropin": "beta-hCG|hCG|β-hCG|human chorionic gonadotrophin",
    "urine protein": "UPCR|UPC ratio|protein/creatinine ratio|24-hour proteinuria",
    "serum calcium": "corrected calcium|albumin-corrected calcium|corrected serum calcium",
    "HIV viral load": "HIV RNA|HIV-1 RNA",
    "Model for End-Stage Liver Disease": "MELD|MELD score",
    "Glasgow Coma Scale": "GCS|GCS score",
}


@pytest.mark.parametrize(("name", "others"), MEASURES.items())
def test_a_measure_has_one_concept_by_all_its_usual_names(name: str, others: str) -> None:
    wanted, vocabulary = link("MEASURE", name, None, open_vocabulary()), open_vocabulary()
    assert wanted is not None and wanted.match == "name"
    found = {other: link("MEASURE", other, None, vocabulary) for other in others.split("|")}
    assert {other: concept and concept.id for other, concept in found.items()} == dict.fromkeys(found, wanted.id)


@pytest.mark.parametrize("name", ["upper respiratory tract infection", "URTI", "URI", "upper respiratory infection"])
def test_an_infection_of_the_airways_is_wider_than_a_cold(name: str) -> None:
    infection, cold, any_ = (
        link("CONDITION", said, None, open_vocabulary())
        for said in (name, "common cold", "respiratory tract infection")
    )
    assert infection is not None and cold is not None and any_ is not None
    assert infection.name == "Upper Respiratory Infection" and cold.name == "common cold"
    assert infection.id in cold.parents and cold.id not in infection.parents and any_.id in infection.parents
