"""Classes and biomarkers are what their parts say, however they are written; what is not understood is no concept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.concepts import link, open_vocabulary
from oncogloss.concepts.compose import compose_biomarker, compose_class, genes_and_rest

CLASSES = {
    "PDCD1 inhibitor": (
        "PD-1 inhibitor",
        "PD-1 inhibitors",
        "PD1 blockade",
        "programmed cell death protein 1 inhibitor",
    ),
    "PDCD1 antibody": ("anti-PD-1", "anti-PD-1 antibody", "Anti-PD1 monoclonal antibodies", "anti-PD-1 therapy"),
    "CD274 inhibitor": ("PD-L1 inhibitor", "programmed death-ligand 1 inhibitor"),
    "CD274/PDCD1 antibody": ("anti-PD-1/PD-L1 antibodies", "anti-PD-L1 or anti-PD-1 antibody"),
    "EGFR inhibitor": ("EGFR TKI", "EGFR tyrosine kinase inhibitors", "epidermal growth factor receptor inhibitor"),
    "MTOR inhibitor": ("mTOR inhibitor", "MTOR inhibitors"),
    "CD19 CAR T cells": ("CD19 CAR-T cells", "CD19-directed CAR T-cell therapy", "anti-CD19 CAR T cell"),
    "CYP3A4 inhibitor": ("strong CYP3A4 inhibitors",),
}
MARKERS = {
    "ERBB2 positive": ("HER2+", "HER2-positive", "HER-2 positive"),
    "ERBB2 negative": ("HER2-", "HER2 negative", "HER2-negative"),
    "EGFR Mutation": ("EGFR mutation", "EGFR-mutated", "activating EGFR mutations", "EGFR-mutant"),
    "EGFR Exon 19 Deletion": ("EGFR exon 19 deletion", "EGFR exon 19 deletions"),
    "KRAS G12C": ("KRAS G12C", "KRAS G12C mutation", "G12C mutation in KRAS"),
    "ALK fusion": ("ALK rearrangement", "ALK fusion-positive", "ALK-rearranged"),
    "KRAS Wildtype": ("KRAS wild-type", "wild type KRAS"),
    "ESR1 positive": ("ER+", "estrogen receptor positive", "oestrogen receptor-positive"),
}


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, texts in CLASSES.items() for t in texts])
def test_a_class_is_its_targets_and_what_is_done_to_them(name: str, text: str) -> None:
    entry = compose_class(text, open_vocabulary())
    assert entry is not None and entry.name == name


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, texts in MARKERS.items() for t in texts])
def test_a_biomarker_is_its_gene_and_its_state(name: str, text: str) -> None:
    entry = compose_biomarker(text, open_vocabulary())
    assert entry is not None and entry.name == name


@pytest.mark.parametrize(
    "text",
    [
        "chemotherapy",
        "tyrosine kinase inhibitor",
        "PD-1",
        "PD-1 inhibitor refractory",
        "monoclonal antibody",
        "",
        "T cells",
    ],
)
def test_no_class_is_made_of_what_is_not_understood(text: str) -> None:
    assert compose_class(text, open_vocabulary()) is None


MIXED = [
    "PD-L1 ≥1%",
    "PD-L1 <1%",
    "TMB ≥ 10",
    "HER2 0",
    "HER2 1+",
    "PD-L1 expression <1%",
    "HR-positive/HER2-negative",
    "EGFR mutation or ALK rearrangement",
    "EGFR mutation negative",
    "HER2 mutation or amplification",
    "EGFR exon 19 deletion or L858R",
    "germline BRCA mutation",
]


@pytest.mark.parametrize(
    "text", ["HER2", "positive", "PD-L1 in the moonlight", "triple negative", "", "exon 19", *MIXED]
)
def test_no_marker_is_made_of_what_is_not_understood(text: str) -> None:
    assert compose_biomarker(text, open_vocabulary()) is None


def test_two_ways_to_one_entry() -> None:
    vocabulary = open_vocabulary()
    one, other = (link("BIOMARKER", name, None, vocabulary) for name in ("KRAS G12C", "KRAS G12C mutation"))
    assert one is not None and other is not None
    assert one.id == other.id and one.score > other.score


@given(st.text(max_size=40))
def test_any_text_is_taken_apart(text: str) -> None:
    genes, _ = genes_and_rest(text, open_vocabulary())
    assert len(genes) == len({gene.id for gene in genes})
