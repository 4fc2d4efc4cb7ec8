"""What common diseases are kinds of in the vocabulary that ships, and what they are not."""

from __future__ import annotations

import pytest

from oncogloss.compare import knowledge_of
from oncogloss.concepts import open_vocabulary
from oncogloss.schema import Concept
from oncogloss.structure.entries import is_kind_of

KINDS = """
lung adenocarcinoma < non-small cell lung cancer, non-squamous NSCLC, adenocarcinoma, solid tumors, malignancy
squamous cell lung carcinoma < non-small cell lung cancer, squamous cell carcinoma
small cell lung cancer < lung cancer, neuroendocrine carcinoma
gallbladder cancer < biliary tract cancer, gastrointestinal cancer
high-grade serous ovarian carcinoma < ovarian cancer, gynecologic cancer
metastatic castration-resistant prostate cancer < castration-resistant prostate cancer, prostate cancer, solid tumors
gastrointestinal stromal tumor < sarcoma, soft tissue sarcoma
osteosarcoma < sarcoma
leiomyosarcoma < soft tissue sarcoma
bladder cancer < genitourinary cancer
prostate adenocarcinoma < genitourinary cancer, prostate cancer
cutaneous melanoma < skin cancer, melanoma
basal cell carcinoma < skin cancer, non-melanoma skin cancer
glioblastoma < brain tumor, glioma
diffuse large B-cell lymphoma < lymphoma, hematologic malignancy
multiple myeloma < hematologic malignancy, malignancy
acute promyelocytic leukemia < acute myeloid leukemia, acute leukemia
mesothelioma < malignancy, solid tumors
brain metastases < CNS metastases
Crohn's disease < inflammatory bowel disease, autoimmune disease
psoriasis < autoimmune disease
vitiligo < autoimmune disease
pulmonary embolism < venous thromboembolism, thromboembolism, thromboembolic event
deep vein thrombosis < venous thromboembolism, thrombosis
myocardial infarction < myocardial ischemia, heart disease, arterial thrombosis
anemia < cytopenia
nonalcoholic steatohepatitis < liver disease
pneumonitis < lung disease
epilepsy < seizure, neurological disorder
hypertension < vascular disease
"""
NO_KINDS = """
uveal melanoma < germ cell tumor, neuroendocrine tumor, carcinoma, nervous system cancer
multiple myeloma < lymphoma, carcinoma, solid tumors
endometrial adenocarcinoma < ovarian cancer
cervical squamous cell carcinoma < uterine cancer
glioblastoma < carcinoma, neuroendocrine tumor
pheochromocytoma < renal cell carcinoma, sarcoma, carcinoma
adrenocortical carcinoma < renal cell carcinoma
chronic lymphocytic leukemia < acute leukemia, solid tumors
acute promyelocytic leukemia < lymphoma
HIV infection < malignancy, uterine cancer
lung adenocarcinoma < brain tumor, small cell lung cancer, hematologic malignancy
neuroblastoma < nerve sheath tumor, glioma
merkel cell carcinoma < nervous system cancer, adenocarcinoma
cutaneous melanoma < non-melanoma skin cancer, carcinoma
osteosarcoma < soft tissue sarcoma
anal squamous cell carcinoma < colorectal cancer
breast cancer < thoracic cancer
hypertension < neurological disorder, lung disease
pulmonary embolism < neurological disorder
cataract < neurological disorder
lung adenocarcinoma < autoimmune disease, infection
hypertension < autoimmune disease
depression < autoimmune disease
AL amyloidosis < multiple myeloma
"""


def pairs(table: str) -> list[tuple[str, str]]:
    rows = (line.partition(" < ") for line in table.strip().splitlines())
    return [(name, asked) for name, _, others in rows for asked in others.split(", ")]


def concept(name: str) -> Concept:
    known = knowledge_of(open_vocabulary()).known
    found = known("CANCER", name) or known("CONDITION", name)
    assert found is not None and found.match == "name", name
    return found


@pytest.mark.parametrize(("name", "asked"), pairs(KINDS))
def test_kinds(name: str, asked: str) -> None:
    assert is_kind_of(concept(name), concept(asked), knowledge_of(open_vocabulary())) is True


@pytest.mark.parametrize(("name", "asked"), pairs(NO_KINDS))
def test_no_kinds(name: str, asked: str) -> None:
    assert is_kind_of(concept(name), concept(asked), knowledge_of(open_vocabulary())) is not True


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("bladder cancer", "urothelial carcinoma"),
        ("breast cancer", "adenocarcinoma"),
        ("arthritis", "autoimmune disease"),
    ],
)
def test_what_may_be_of_a_kind_is_left_open(name: str, asked: str) -> None:
    assert is_kind_of(concept(name), concept(asked), knowledge_of(open_vocabulary())) is None


@pytest.mark.parametrize(
    ("name", "asked"),
    [("lung adenocarcinoma", "breast cancer"), ("lung adenocarcinoma", "small cell lung cancer"),
     ("chronic lymphocytic leukemia", "solid tumors"), ("hypertension", "autoimmune disease")],
)  # fmt: skip
def test_what_is_apart_is_said_to_be(name: str, asked: str) -> None:
    assert is_kind_of(concept(name), concept(asked), knowledge_of(open_vocabulary())) is False
