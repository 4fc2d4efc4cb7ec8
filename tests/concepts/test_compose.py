"""Classes and biomarkers are what their parts say, however they are written; what is not understood is no concept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.concepts import link, open_vocabulary
from oncogloss.concepts.compose import compose_class, genes_and_rest
from oncogloss.concepts.markers import compose_biomarker, read_marker
from oncogloss.schema import Marker

CLASSES = {
    "PDCD1 inhibitor": (
        "PD-1 inhibitor",
        "PD-1 inhibitors",
        "PD1 blockade",
        "programmed cell death protein 1 inhibitor",
        "anti-PD-1",
        "Anti-PD1 monoclonal antibodies",
        "anti-PD-1 therapy",
    ),
    "CD274 inhibitor": ("PD-L1 inhibitor", "programmed death-ligand 1 inhibitor", "anti-PD-L1"),
    "MS4A1 antibody": ("anti-CD20", "anti-CD20 monoclonal antibody", "CD20-directed antibody"),
    "ERBB2 targeted therapy": ("HER2-targeted therapy", "anti-HER2 therapy", "HER2-directed agents"),
    "BRAF inhibitor": ("BRAF inhibitors", "anti-BRAF agent"),
    "BCL2 inhibitor": ("BCL-2 inhibitor", "Bcl-2 antagonist"),
    "HTR3A inhibitor": ("5-HT3 receptor antagonist", "serotonin type 3 receptor blocker"),
    "TACR1 inhibitor": ("NK1 receptor antagonist", "neurokinin-1 receptor antagonists"),
    "MAP2K1/MAP2K2 inhibitor": ("MEK inhibitor", "mitogen-activated protein kinase kinase inhibitor"),
    "MEN1 inhibitor": ("menin inhibitors",),
    "KRAS G12C inhibitor": ("KRAS G12C inhibitor", "inhibitors of KRAS G12C"),
    "KRAS G12D inhibitor": ("KRAS G12D inhibitor",),
    "CD274/PDCD1 inhibitor": (
        "anti-PD-1/PD-L1 antibodies",
        "anti-PD-L1 or anti-PD-1 antibody",
        "PD-(L)1 inhibitor",
        "anti-PD-(L)1",
        "PD-1/L1 blockade",
    ),
    "EGFR inhibitor": ("EGFR inhibitors", "epidermal growth factor receptor inhibitor"),
    "EGFR tyrosine kinase inhibitor": ("EGFR TKI", "EGFR tyrosine kinase inhibitors"),
    "MTOR inhibitor": ("mTOR inhibitor", "MTOR inhibitors"),
    "CD19 CAR T cells": ("CD19 CAR-T cells", "CD19-directed CAR T-cell therapy", "anti-CD19 CAR T cell"),
    "CYP3A4 inhibitor": ("strong CYP3A4 inhibitors",),
    "CYP3A4 inducer": ("strong CYP3A4 inducers",),
    "BTK inhibitor": ("BTKi", "BTK inhibitors"),
    "CD19/CD3D/CD3E/CD3G bispecific antibody": ("CD19xCD3 bispecific antibody", "anti-CD3 x CD19 bispecific"),
    "CDK4/CDK6 inhibitor": ("CDK4/6 inhibitor", "CDK 4/6 inhibitors"),
}
MARKERS = {
    "ERBB2 positive": ("HER2+", "HER2-positive", "HER-2 positive"),
    "ERBB2 negative": ("HER2-", "HER2 negative", "HER2-negative"),
    "EGFR Mutation": ("EGFR mutation", "EGFR-mutated", "activating EGFR mutations", "EGFR-mutant"),
    "EGFR Exon 19 Deletion": ("EGFR exon 19 deletion", "EGFR exon 19 deletions"),
    "KRAS G12C": ("KRAS G12C", "KRAS G12C mutation", "G12C mutation in KRAS"),
    "ALK alteration": ("ALK alterations", "ALK aberration"),
    "EGFR L858R": ("EGFR exon 21 L858R substitution", "EGFR exon 21 (L858R) substitution mutation"),
    "EBV positive": ("EBV-positive", "Epstein-Barr virus-associated"),
    "HPV positive": ("HPV-positive", "HPV-16 positive", "human papillomavirus-related"),
    "HPV negative": ("HPV-negative",),
    "ALK positive": ("ALK- positive",),
    "ALK fusion": ("ALK rearrangement", "ALK fusion-positive", "ALK-rearranged"),
    "MET Exon 14 Skipping Mutation": ("METex14", "MET exon 14 skipping", "MET exon 14 mutation"),
    "MGMT Promoter Methylation": ("methylated MGMT promoter", "MGMT promoter methylated"),
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
    "HR-positive/HER2-negative",
    "EGFR mutation or ALK rearrangement",
    "EGFR mutation negative",
    "HER2 mutation or amplification",
    "EGFR exon 19 deletion or L858R",
    "HER2 IHC 3+ or IHC 2+/ISH+",
    "HER2 IHC 1+/2+",
    "HER2 IHC 0-1+",
    "IHC 3+",
    "t(11;14) in the moonlight",
]


@pytest.mark.parametrize(
    "text", ["HER2", "positive", "PD-L1 in the moonlight", "triple negative", "", "exon 19", *MIXED]
)
def test_no_marker_is_made_of_what_is_not_understood(text: str) -> None:
    assert compose_biomarker(text, open_vocabulary()) is None


PARTS = [
    (Marker(genes=("CD274",), threshold="TPS >= 50 %"), "PD-L1 TPS ≥ 50 %|PD-L1 tumour proportion score ≥50%|TPS ≥50%"),
    (
        Marker(genes=("CD274",), threshold="CPS 1-9"),
        "PD-L1 CPS 1 to 9|CPS 1-9|CPS between 1 and 9|PD-L1 combined positive score of 1–9",
    ),
    (Marker(genes=("FOLR1",), threshold="PS2+ >= 75 %"), "PS2+ ≥ 75%|folate receptor alpha PS2+ of at least 75%"),
    (Marker(genes=("CD274",), threshold="CPS >= 10"), "PD-L1 CPS 10 or greater|PD-L1 CPS ≥10"),
    (Marker(genes=("CD274",), threshold=">= 1 %"), "PD-L1 1 % or more|PD-L1 1% or higher"),
    (Marker(genes=("KRAS",), alteration="p.Gly12Cys", state="mutation"), "KRAS p.G12C|KRAS G12C|KRAS p.(G12C)"),
    (Marker(genes=("CD274",), threshold="< 1 %"), "PD-L1 <1%|PD-L1 expression < 1 %|PD-L1 expression less than 1%"),
    (Marker(genes=("CD274",), threshold="1-49 %"), "PD-L1 1-49%|PD-L1 expression of 1% to 49%"),
    (Marker(genes=("TMB",), threshold=">= 10 mut/Mb"), "TMB ≥ 10 mut/Mb|TMB ≥10 mutations per megabase"),
    (Marker(genes=("ERBB2",), threshold="IHC 3+"), "HER2 IHC 3+|HER2 3+|HER2 3+ by IHC"),
    (Marker(genes=("ERBB2",), threshold="IHC 2+ and ISH negative"), "HER2 IHC 2+/ISH-|HER2 IHC 2+ and FISH negative"),
    (
        Marker(genes=("EGFR",), alteration="p.Leu858Arg", state="mutation"),
        "EGFR L858R|EGFR p.Leu858Arg|EGFR p.(Leu858Arg)|L858R mutation in EGFR|EGFR p.L858R|EGFR Leu858Arg|"
        "EGFR exon 21 L858R|EGFR Exon 21 L858R|EGFR L858R mutation in exon 21",
    ),
    (
        Marker(genes=("EGFR",), alteration="exon 19 deletion", state="deletion"),
        "EGFR exon 19 deletion|EGFR Exon 19 Deletion|EGFR exon 19 del|EGFR ex19del|EGFR del19",
    ),
    (Marker(genes=("BRAF",), alteration="p.Val600Glu/Lys", state="mutation"), "BRAF V600E/K|BRAF V600E/K mutation"),
    (Marker(genes=("BRCA1", "BRCA2"), state="mutation"), "BRCA1/2 mutation|BRCA1 or BRCA2 mutations|BRCA mutation"),
    (Marker(genes=("BRCA1", "BRCA2"), state="germline mutation"), "germline BRCA mutation|gBRCA1/2 mutation"),
    (Marker(genes=("CCND1", "IGH"), alteration="t(11;14)", state="fusion"), "t(11;14)|t(11;14)(q13;q32)|t (11; 14)"),
    (Marker(genes=("microsatellite",), state="instability-high"), "MSI-H|microsatellite instability-high"),
    (Marker(genes=(), alteration="del(17p)", state="deletion"), "del(17p)|17p deletion"),
]


@pytest.mark.parametrize(("marker", "text"), [(m, text) for m, texts in PARTS for text in texts.split("|")])
def test_a_marker_has_parts(marker: Marker, text: str) -> None:
    concept = link("BIOMARKER", text, None, open_vocabulary())
    assert concept is not None and concept.marker == marker


def test_other_parts_are_another_marker() -> None:
    ids = {compose_biomarker(texts.split("|")[0], open_vocabulary()) for _, texts in PARTS}
    assert len(ids - {None}) == len(PARTS) - 1, "MSI-H is a name"
    positive, strong = (
        link("BIOMARKER", name, None, open_vocabulary()) for name in ("PD-L1 TPS ≥1%", "PD-L1 TPS ≥50%")
    )
    assert positive is not None and strong is not None and positive.id != strong.id


def test_a_marker_may_be_its_gene_alone() -> None:
    concept = link("BIOMARKER", "CA 125", None, open_vocabulary())
    assert concept is not None and concept.name == "MUC16" and concept.marker is None
    assert link("BIOMARKER", "MUC16 >", None, open_vocabulary()) is None


@pytest.mark.parametrize(
    "text", ["EGFR-sensitizing mutation", "TKI-sensitising EGFR mutations", "sensitizing mutation in EGFR"]
)
def test_a_mutation_that_sensitizes_is_not_any(text: str) -> None:
    concept = link("BIOMARKER", text, None, open_vocabulary())
    assert concept is not None and (concept.name, concept.match, concept.marker) == ("EGFR Mutation", "broader", None)


def test_two_ways_to_one_entry() -> None:
    vocabulary = open_vocabulary()
    one, other = (link("BIOMARKER", name, None, vocabulary) for name in ("KRAS G12C", "KRAS G12C mutation"))
    assert one is not None and other is not None
    assert one.id == other.id and one.score > other.score


@given(st.text(max_size=40))
def test_any_text_is_taken_apart(text: str) -> None:
    genes, _ = genes_and_rest(text, open_vocabulary())
    read_marker(text, open_vocabulary())
    assert len(genes) == len({gene.id for gene in genes})


GENES = "PD-L1 PD-1 PD-L2 CTLA-4 TIM-3 LAG-3 FGF-19 BCL-2 CDK4/6 HER-2 IL-2 TGF-beta c-MET B7-H3 NY-ESO-1 Ki-67 CA-125"


@pytest.mark.parametrize("name", [*GENES.split(), "PD-1/PD-L1", "L1/Pd", "Pd-L1"])
def test_a_gene_or_bare_symbols_are_no_regimen(name: str) -> None:
    assert link("REGIMEN", name, None, open_vocabulary()) is None


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("carboplatin-paclitaxel", {"carboplatin", "paclitaxel"}),
        ("5-FU/LV", {"fluorouracil", "leucovorin"}),
        ("FOLFOX-bevacizumab", {"fluorouracil", "leucovorin", "oxaliplatin", "bevacizumab"}),
        ("Pd/Kd", {"pomalidomide", "carfilzomib", "dexamethasone"}),
        ("AC-T", {"doxorubicin", "cyclophosphamide", "paclitaxel"}),
        ("R-CHOP", {"rituximab", "cyclophosphamide", "doxorubicin", "vincristine", "prednisone"}),
        ("FOLFOX", {"fluorouracil", "leucovorin", "oxaliplatin"}),
        (
            "BEACOPP",
            {
                *("bleomycin", "etoposide", "doxorubicin", "cyclophosphamide", "vincristine", "procarbazine"),
                "prednisone",
            },
        ),
    ],
)
def test_a_regimen_is_its_drugs_also_by_short_names(name: str, members: set[str]) -> None:
    concept = link("REGIMEN", name, None, open_vocabulary())
    assert concept is not None and set(concept.members) == members
