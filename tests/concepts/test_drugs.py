"""A drug is known by any form of its name; one never seen is placed in the class that its name tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.concepts import link, open_vocabulary
from oncogloss.concepts.drugs import class_of, isotope_first, other_forms, plain_drug

FORMS = {
    "pembrolizumab": ("MK-3475", "Keytruda", "pembrolizumab injection"),
    "osimertinib": ("AZD9291", "osimertinib mesylate", "EGFR inhibitor AZD9291"),
    "trastuzumab": ("trastuzumab-dkst", "trastuzumab-anns", "Herceptin"),
    "lutetium Lu 177 vipivotide tetraxetan": ("177Lu-PSMA-617", "[177Lu]Lu-PSMA-617", "lutetium-177-PSMA-617"),
    "ciltacabtagene autoleucel": ("cilta-cel", "JNJ-4528", "Carvykti"),
}
UNSEEN = {
    "moonciclib": ("CDK4/CDK6 inhibitor", "inhibitor", ("CDK4", "CDK6")),
    "lunarasib": ("KRAS inhibitor", "inhibitor", ("KRAS",)),
    "tidoparib": ("PARP1/PARP2 inhibitor", "inhibitor", ("PARP1", "PARP2")),
    "selenolimab": ("antibody", "antibody", ()),
    "trastuzumab moonotecan": ("ERBB2 antibody-drug conjugate", "antibody-drug conjugate", ("ERBB2",)),
    "lunacabtagene autoleucel": ("CAR T cells", "CAR T cells", ()),
    "225Ac-PSMA-I&Moon": ("FOLH1 radioligand", "radioligand", ("FOLH1",)),
}


@pytest.mark.parametrize(("name", "form"), [(n, form) for n, forms in FORMS.items() for form in forms])
def test_a_drug_by_another_form_of_its_name(name: str, form: str) -> None:
    vocabulary = open_vocabulary()
    drug, other = (link("DRUG", text, None, vocabulary) for text in (name, form))
    assert drug is not None and other is not None and drug.id == other.id and other.match == "name"


@pytest.mark.parametrize(("name", "told"), UNSEEN.items())
def test_an_unseen_drug_is_placed_in_its_class(name: str, told: tuple[str, str, tuple[str, ...]]) -> None:
    concept = link("DRUG", name, None, open_vocabulary())
    assert concept is not None and concept.match == "stem" and 0.4 < concept.score < 0.8
    assert (concept.name, concept.drug_class, concept.targets) == told


def test_the_class_of_a_drug_is_the_class_by_its_name() -> None:
    vocabulary = open_vocabulary()
    unseen, named = link("DRUG", "lunarasib", None, vocabulary), link("DRUG_CLASS", "KRAS inhibitors", None, vocabulary)
    assert unseen is not None and named is not None and unseen.id == named.id


@pytest.mark.parametrize("name", ["water", "placebo", "pentostatin", "MK-0000", "", "table", "mycophenolate mofetil"])
def test_no_class_is_told(name: str) -> None:
    assert class_of(name) is None


def test_plain_names() -> None:
    assert plain_drug("verapamil hydrochloride, (-)-") == "verapamil" and plain_drug("sodium chloride") != "sodium"
    assert plain_drug("monomethyl fumarate") == "monomethyl fumarate" and plain_drug("fentanyl citrate") == "fentanyl"
    assert isotope_first("Lutetium Lu 177 dotatate") == "177Lu-dotatate" and isotope_first("G12C x") == "G12C x"


@given(st.text(max_size=40))
def test_any_name_has_forms(name: str) -> None:
    assert 2 <= len(list(other_forms(name))) <= 3
    class_of(name)


def test_a_regimen_is_its_drugs() -> None:
    vocabulary = open_vocabulary()
    listed = link("REGIMEN", "doxorubicin, bleomycin, vinblastine and dacarbazine", None, vocabulary)
    assert listed is not None and listed.name == "ABVD" and listed.match == "parts"
    rchop = link("REGIMEN", "R-CHOP", None, vocabulary)
    assert rchop is not None and "rituximab" in rchop.members and len(rchop.members) == 5
    new = link("REGIMEN", "Opdualag + gemcitabine", None, vocabulary)
    assert new is not None and new.members == ("gemcitabine", "nivolumab", "relatlimab")
    assert link("REGIMEN", "pembrolizumab and Keytruda", None, vocabulary) is None, "one drug"
    assert link("REGIMEN", "gemcitabine and moonshine", None, vocabulary) is None
