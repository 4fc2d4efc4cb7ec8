"""Names that are one name have a key in common; names that are not have none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.concepts.names import closest_key, keys

SAME = [
    ("non-small cell lung cancer", "Non small-cell lung cancers"),
    ("carcinoma of the breast", "Breast Carcinoma"),
    ("oesophageal tumour", "esophageal tumor"),
    ("acute lymphoblastic leukaemia", "Acute Lymphoblastic Leukemia"),
    ("diarrhoea", "Diarrhea"),
    ("haemoglobin", "hemoglobin"),
    ("β-human chorionic gonadotropin", "beta human chorionic gonadotropin"),
    ("MK-3475", "MK 3475"),
    ("PD-L1", "PDL1"),
    ("Barrett's esophagus", "Barrett esophagus"),
    ("neuropathies", "Neuropathy"),
    ("Waldenström's macroglobulinaemia", "Waldenstrom macroglobulinemia"),
    ("international normalised ratio", "International Normalized Ratio"),
    ("neutropaenia", "neutropenia"),
    ("gastro-oesophageal reflux", "gastroesophageal reflux"),
    ("kidney cancer", "renal cancer"),
    ("womb cancer", "cancer of the uterus"),
    ("metastases to the liver", "hepatic metastasis"),
    ("malignant neoplasm of the kidney", "renal cancer"),
    ("type II diabetes", "type 2 diabetes"),
    ("topoisomerase I", "topoisomerase 1"),
    ("interferon-α", "interferon alfa"),
    ("whole-brain irradiation", "whole brain radiotherapy"),
    ("leucocyte count", "Leukocyte Count"),
    ("c-Kit", "c-KIT"),
    ("cardiac conditions", "heart disease"),
]
APART = [
    ("PD-1", "PD-L1"),
    ("ALL", "all"),
    ("MET", "met"),
    ("AML", "ALL"),
    ("ER", "EGFR"),
    ("ribociclib", "abemaciclib"),
    ("MET", "mTOR"),
    ("CD19", "CD20"),
    ("grade 3", "grade 4"),
    ("type I diabetes", "type II diabetes"),
    ("bowel cancer", "colorectal cancer"),
    ("ureteral cancer", "urethral cancer"),
    ("hypothyroidism", "hyperthyroidism"),
    ("interferon alfa", "interferon beta"),
    ("vitamin D", "vitamin C"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_name(one: str, other: str) -> None:
    assert set(keys(one)) & set(keys(other))


@pytest.mark.parametrize(("one", "other"), APART)
def test_other_names_stay_apart(one: str, other: str) -> None:
    assert not set(keys(one)) & set(keys(other))


@given(st.text(max_size=30))
def test_any_text_has_keys_that_hold(text: str) -> None:
    assert keys(f"  {text}, ") == keys(text)
    assert all(keys(text)) and (keys(text) or not any(c.isalnum() for c in text))


@given(st.text(max_size=60))
def test_the_closest_key_is_the_first(name: str) -> None:
    assert keys(name)[:1] == ((closest_key(name),) if closest_key(name) else ())
