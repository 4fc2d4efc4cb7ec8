"""Whether drugs are of the classes that a trial asks for."""

from __future__ import annotations

import pytest

from oncogloss.schema import Concept
from oncogloss.structure.drug_classes import is_of_class, names_class


def drug(name: str, kind: str = "", targets: str = "") -> Concept:
    return Concept(
        id=f"T:{name}", name=name, vocabulary="T", score=1.0, drug_class=kind or None, targets=tuple(targets.split())
    )


DRUGS = {
    d.name: d
    for d in (
        drug("cetuximab", "antibody", "EGFR"),
        drug("erlotinib", "inhibitor", "EGFR"),
        drug("cabozantinib", "inhibitor", "KDR MET"),
        drug("ramucirumab", "antibody", "KDR"),
        drug("pembrolizumab", "antibody", "PDCD1"),
        drug("axi-cel", "CAR T cells", "CD19"),
        drug("blinatumomab", "bispecific antibody", "CD19 CD3E"),
        drug("amivantamab", "bispecific antibody", "EGFR MET"),
        drug("trastuzumab emtansine", "antibody-drug conjugate", "ERBB2"),
        drug("pan-RAS 1", "inhibitor", "KRAS"),
        drug("diltiazem", "", "CACNA1C"),
        drug("carboplatin", "platinum compound"),
        drug("capecitabine", "antimetabolite", "TYMS"),
        drug("gemcitabine", "antimetabolite"),
        drug("metformin"),
        drug("XYZ-1234"),
        drug("atorvastatin", "statin", "HMGCR"),
        drug("letrozole", "aromatase inhibitor", "CYP19A1"),
        drug("enzalutamide", "antagonist", "AR"),
        drug("bicalutamide", "antagonist", "AR"),
        drug("goserelin", "agonist", "GNRHR"),
        drug("prednisone", "corticosteroid", "NR3C1"),
        drug("bortezomib", "proteasome inhibitor", "PSMB5"),
        drug("ruxolitinib", "inhibitor", "JAK1 JAK2"),
        drug("chemotherapy"),
        drug("immunotherapy"),
        drug("Hormone therapy"),
    )
}
CLASSES = {
    c.name: c
    for c in (
        drug("EGFR TKI", "tyrosine kinase inhibitor", "EGFR"),
        drug("EGFR inhibitor", "inhibitor", "EGFR"),
        drug("RET inhibitor", "inhibitor", "RET"),
        drug("VEGF inhibitor", "inhibitor", "VEGFA"),
        drug("PD-1/PD-L1 inhibitor", "inhibitor", "CD274 PDCD1"),
        drug("CD19 antibody", "antibody", "CD19"),
        drug("HER2 antibody", "antibody", "ERBB2"),
        drug("CD19 targeted therapy", "targeted therapy", "CD19"),
        drug("GNRHR inhibitor", "inhibitor", "GNRHR"),
        drug("KRAS G12C inhibitor", "G12C inhibitor", "KRAS"),
        drug("CYP3A4 inhibitor", "inhibitor", "CYP3A4"),
        drug("TOP1 inhibitor", "inhibitor", "TOP1"),
        *(
            drug(name)
            for name in (
                "immune checkpoint inhibitor",
                "immunotherapy",
                "chemotherapy",
                "platinum-based chemotherapy",
                "systemic therapy",
                "tyrosine kinase inhibitor",
                "targeted therapy",
                "endocrine therapy",
                "androgen deprivation therapy",
                "androgen receptor pathway inhibitor",
                "immunosuppressant",
                "monoclonal antibody",
                "fluoropyrimidine",
                "proteasome inhibitor",
                "investigational agent",
            )
        ),
    )
}


@pytest.mark.parametrize(
    ("given", "asked", "expected"),
    [
        ("erlotinib", "EGFR TKI", True),
        ("cetuximab", "EGFR TKI", False),
        ("cetuximab", "EGFR inhibitor", True),
        ("amivantamab", "EGFR TKI", False),
        ("axi-cel", "CD19 antibody", False),
        ("blinatumomab", "CD19 antibody", True),
        ("axi-cel", "CD19 targeted therapy", True),
        ("trastuzumab emtansine", "HER2 antibody", None),
        ("goserelin", "GNRHR inhibitor", False),
        ("pan-RAS 1", "KRAS G12C inhibitor", None),
        ("erlotinib", "KRAS G12C inhibitor", False),
    ],
)
def test_a_class_does_something_to_its_target(given: str, asked: str, expected: bool | None) -> None:
    assert is_of_class(DRUGS[given], CLASSES[asked]) is expected


@pytest.mark.parametrize(
    ("given", "asked", "expected"),
    [
        ("ramucirumab", "VEGF inhibitor", None),  # the receptor's: some count it
        ("cabozantinib", "RET inhibitor", None),  # lists lack targets of what has many
        ("erlotinib", "RET inhibitor", False),
        ("diltiazem", "CYP3A4 inhibitor", None),  # which its own target does not tell
        ("carboplatin", "PD-1/PD-L1 inhibitor", False),
        ("carboplatin", "TOP1 inhibitor", None),
        ("metformin", "PD-1/PD-L1 inhibitor", False),  # no antibody has such a name
        ("metformin", "EGFR TKI", False),
        ("XYZ-1234", "PD-1/PD-L1 inhibitor", None),
        ("XYZ-1234", "EGFR TKI", None),
        ("Hormone therapy", "EGFR TKI", None),
    ],
)
def test_what_lists_of_targets_do_not_tell_is_open(given: str, asked: str, expected: bool | None) -> None:
    assert is_of_class(DRUGS[given], CLASSES[asked]) is expected


@pytest.mark.parametrize(
    ("given", "asked", "expected"),
    [
        ("pembrolizumab", "immune checkpoint inhibitor", True),
        ("pembrolizumab", "immunotherapy", True),
        ("carboplatin", "immunotherapy", False),
        ("cetuximab", "immunotherapy", None),
        ("carboplatin", "systemic therapy", True),
        ("pembrolizumab", "systemic therapy", True),
        ("atorvastatin", "systemic therapy", False),
        ("prednisone", "systemic therapy", None),
        ("ruxolitinib", "systemic therapy", None),
        ("erlotinib", "tyrosine kinase inhibitor", True),
        ("cetuximab", "tyrosine kinase inhibitor", False),
        ("carboplatin", "targeted therapy", False),
        ("letrozole", "endocrine therapy", True),
        ("carboplatin", "endocrine therapy", False),
        ("goserelin", "androgen deprivation therapy", True),
        ("enzalutamide", "androgen deprivation therapy", None),
        ("enzalutamide", "androgen receptor pathway inhibitor", True),
        ("bicalutamide", "androgen receptor pathway inhibitor", False),
        ("prednisone", "immunosuppressant", None),
        ("erlotinib", "immunosuppressant", False),
        ("ruxolitinib", "immunosuppressant", None),
        ("capecitabine", "fluoropyrimidine", True),
        ("gemcitabine", "fluoropyrimidine", None),
        ("trastuzumab emtansine", "monoclonal antibody", None),
        ("trastuzumab emtansine", "chemotherapy", None),
        ("carboplatin", "proteasome inhibitor", False),
        ("bortezomib", "proteasome inhibitor", True),
        ("carboplatin", "investigational agent", None),
        ("metformin", "chemotherapy", None),
    ],
)
def test_wide_classes_hold_kinds_of_drugs(given: str, asked: str, expected: bool | None) -> None:
    assert is_of_class(DRUGS[given], CLASSES[asked]) is expected


def test_an_entry_that_is_a_class_is_of_the_wider_ones() -> None:
    assert is_of_class(DRUGS["chemotherapy"], CLASSES["systemic therapy"]) is True
    assert is_of_class(DRUGS["chemotherapy"], CLASSES["platinum-based chemotherapy"]) is None
    assert is_of_class(DRUGS["chemotherapy"], CLASSES["PD-1/PD-L1 inhibitor"]) is False
    assert is_of_class(DRUGS["immunotherapy"], CLASSES["PD-1/PD-L1 inhibitor"]) is None


def test_the_vocabulary_may_say_what_a_drug_is_a_kind_of() -> None:
    assert is_of_class(DRUGS["metformin"], CLASSES["CYP3A4 inhibitor"], frozenset(("T:CYP3A4 inhibitor",))) is True


@pytest.mark.parametrize("name", ["Chemotherapy", "taxane", "NSAID", "PD-1 Inhibitor", "Chemoradiotherapy"])
def test_names_of_classes(name: str) -> None:
    assert names_class(drug(name))


@pytest.mark.parametrize("name", ["carboplatin", "radiotherapy", "FOLFOX", "XYZ-1234"])
def test_names_of_no_class(name: str) -> None:
    assert not names_class(drug(name))


def test_a_wide_class_is_one_however_it_is_written() -> None:
    assert is_of_class(DRUGS["carboplatin"], drug("Chemotherapy")) is True
    assert is_of_class(DRUGS["carboplatin"], drug("Immunotherapy")) is False
