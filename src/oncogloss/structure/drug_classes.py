"""Whether a drug is of a class that is asked for: by what both aim at and do to it, by the kinds of drug that a wide
class holds, or because no drug of the class has such a name. Where usage differs it is unknown."""

from __future__ import annotations

import re
from typing import NamedTuple

from oncogloss.schema import Concept
from oncogloss.structure.kleene import Truth


def _set(names: str) -> frozenset[str]:
    """The names of a list with `|` between."""
    return frozenset(names.split("|"))


_CYTOTOXIC = _set(
    "antimetabolite|alkylating agent|anthracycline|anthracenedione|topoisomerase inhibitor|microtubule inhibitor|"
    "taxane|platinum compound|antifolate|vinca alkaloid|cytotoxic antibiotic"
)
_SUPPORTIVE = _set(
    "proton pump inhibitor|anticoagulant|antiplatelet agent|bisphosphonate|antiemetic|antibiotic|azole antifungal|"
    "antifungal|antiviral|statin|beta blocker|calcium channel blocker|ACE inhibitor|angiotensin receptor blocker|"
    "diuretic|antidiabetic|opioid|NSAID|analgesic|benzodiazepine|anticonvulsant|selective serotonin reuptake inhibitor|"
    "antipsychotic|thyroid hormone replacement|vitamin"
)
_CELLS = _set("CAR T cells|TCR T cells|tumor-infiltrating lymphocytes")
_CARRIERS = _set("antibody-drug conjugate|radioligand|immunotoxin")  # what they carry may count as of a class
_ANTIBODIES = _set("antibody|bispecific antibody")
_BINDERS = _ANTIBODIES | {"fusion protein"}
_SMALL = _set("inhibitor|antagonist|tyrosine kinase inhibitor")
_KINDS = _CYTOTOXIC | _SUPPORTIVE | _CELLS | _CARRIERS | _set(  # that are classes of their own
    "proteasome inhibitor|immunomodulatory drug|hypomethylating agent|corticosteroid|immunosuppressant|cytokine|"
    "selective estrogen receptor modulator"
)  # fmt: skip

_CHECKPOINTS = _set("PDCD1|CD274|PDCD1LG2|CTLA4|LAG3|TIGIT|HAVCR2|VSIR|BTLA")
_TYROSINE_KINASES = _set(
    "EGFR|ERBB2|ERBB3|ERBB4|ALK|ROS1|RET|MET|KIT|PDGFRA|PDGFRB|ABL1|ABL2|SRC|LCK|LYN|BTK|ITK|FLT1|FLT3|FLT4|KDR|FGFR1|"
    "FGFR2|FGFR3|FGFR4|NTRK1|NTRK2|NTRK3|JAK1|JAK2|JAK3|TYK2|CSF1R|AXL|MERTK|TEK|DDR1|DDR2|EPHA2|IGF1R|SYK|PTK2|MST1R"
)
_KINASES = _TYROSINE_KINASES | _set(
    "BRAF|RAF1|ARAF|MAP2K1|MAP2K2|MAPK1|MAPK3|CDK1|CDK2|CDK4|CDK6|CDK7|CDK9|CDK12|AKT1|AKT2|AKT3|MTOR|PIK3CA|PIK3CB|"
    "PIK3CD|PIK3CG|AURKA|AURKB|PLK1|CHEK1|CHEK2|WEE1|PKMYT1|ATR|ATM|PRKDC"
)
_PARP = _set("PARP1|PARP2|PARP3")
_IMMUNE = _set("JAK1|JAK2|JAK3|TYK2|BTK|ITK|SYK|MTOR|FKBP1A")  # whose inhibitors calm the immune system too
_OF_CANCER = (_KINASES - _IMMUNE) | _PARP | _set(
    "BTK|BCL2|MCL1|SMO|EZH2|IDH1|IDH2|XPO1|HDAC1|HDAC2|HDAC3|HDAC6|KRAS|NRAS|HRAS|SOS1|MEN1|MDM2|EPAS1|PRMT5"
)  # fmt: skip
_TUMOR_ANTIGENS = _set("EGFR|ERBB2|ERBB3|MET|CD38|SLAMF7|CCR4|FOLR1|CLDN18|KDR|CD79B|TNFRSF17|CD33|CD22|NECTIN4")
_INFLAMMATION = _set("TNF|IL6|IL6R|IL17A|IL23A|IL12B|IL1B|ITGA4")
_VESSELS = _set("VEGFA|VEGFB|VEGFC|KDR|FLT1|FLT4")
_OF_CYTOTOXICS = _set(
    "TOP1|TOP2A|TOP2B|TYMS|DHFR|RRM1|RRM2|DNMT1|TUBB|TUBA1A"
)  # lists have these for some of them only
# enzymes and carriers that act on drugs: what inhibits one is mostly meant for something else
_METABOLISM = re.compile(r"(?:CYP[1-3]|UGT|ABC[BCG]\d|SLCO|SLC2[12]|SLC47)\w*")
_NEAR = (_VESSELS, _set("IL6|IL6R"), _set("HGF|MET"), _set("CSF1|CSF1R"), _set("TNFSF11|TNFRSF11A"))  # usage mixes them
_FAMILIES = {"EGFR": "ERBB", "KDR": "FLT"}  # of kinases that do not share their letters
_FIRST_ANTIANDROGENS = _set("flutamide|bicalutamide|nilutamide|topilutamide|cyproterone acetate")
_BY_TARGET = (  # traits of whatever aims there
    ("statin", _set("HMGCR")),
    ("anticoagulant", _set("F2|F10|VKORC1|SERPINC1")),
    ("vitamin K antagonist", _set("VKORC1")),
    ("ACE inhibitor", _set("ACE")),
    ("aromatase inhibitor", _set("CYP19A1")),
    ("hypomethylating agent", _set("DNMT1")),
    ("androgen synthesis inhibitor", _set("CYP17A1")),
    ("of GnRH", _set("GNRHR")),
    ("of the estrogen receptor", _set("ESR1")),
)

# what a class does to its target: the kinds of drug that do, and those of which it is not known
_ACTIONS = {
    "inhibitor": (
        _SMALL | _BINDERS | _KINDS - _CELLS - _CARRIERS | {"", "aromatase inhibitor"},
        _CELLS | _CARRIERS | _set("degrader|T-cell engager|antisense oligonucleotide|small interfering RNA"),
    ),
    "tyrosine kinase inhibitor": (_set("inhibitor|tyrosine kinase inhibitor"), _set("|degrader|antagonist")),
    "antibody": (_ANTIBODIES, _CARRIERS | _set("|fusion protein|T-cell engager")),
    "bispecific antibody": (_set("bispecific antibody"), _set("|antibody|T-cell engager|fusion protein")),
    "T-cell engager": (_set("T-cell engager"), _set("|bispecific antibody|fusion protein")),
    "CAR T cells": (_set("CAR T cells"), _set("|cell therapy")),
    "antibody-drug conjugate": (_set("antibody-drug conjugate"), _set("")),
    "degrader": (_set("degrader"), _set("")),
    "agonist": (_set("agonist"), _set("|cytokine|antibody|bispecific antibody|fusion protein")),
    "vaccine": (_set("vaccine|mRNA vaccine"), _set("|cell therapy")),
}  # fmt: skip


class _Wide(NamedTuple):
    """A wide class: the traits of what is of it, and of what some would count; or else of what nobody would."""

    of: frozenset[str]
    open: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


_VAGUE = _set("inhibitor of something|antagonist of something|antibody to something|degrader of something")
_CHEMOTHERAPY = _Wide(_CYTOTOXIC, _CARRIERS | _set("hypomethylating agent|enzyme|retinoid"))
_HORMONAL = _set(
    "aromatase inhibitor|androgen synthesis inhibitor|antiandrogen|first antiandrogen|of the estrogen receptor|of GnRH"
)
_ANTICANCER = _Wide(
    _CYTOTOXIC | _CELLS | _CARRIERS | _HORMONAL - {"of GnRH"} | _set(
        "checkpoint inhibitor|inhibitor in cancer|antibody to a tumor|T-cell engager|proteasome inhibitor|"
        "immunomodulatory drug|hypomethylating agent"
    ),
    never=_SUPPORTIVE | {"statin"},
)  # fmt: skip
_PRESSURE = _Wide(_set("beta blocker|calcium channel blocker|ACE inhibitor|angiotensin receptor blocker|diuretic"))
_WIDE = {
    "chemotherapy": _CHEMOTHERAPY,
    "cytotoxic agent": _CHEMOTHERAPY,
    "adjuvant chemotherapy": _Wide(frozenset(), _CYTOTOXIC | _CHEMOTHERAPY.open),
    "neoadjuvant chemotherapy": _Wide(frozenset(), _CYTOTOXIC | _CHEMOTHERAPY.open),
    "platinum-based chemotherapy": _Wide(_set("platinum compound"), _CARRIERS),
    "alkylating agent": _Wide(_set("alkylating agent"), _CARRIERS | {"platinum compound"}),
    "antimetabolite": _Wide(_set("antimetabolite|antifolate"), _set("hypomethylating agent")),
    "fluoropyrimidine": _Wide(_set("fluoropyrimidine"), _set("antimetabolite")),
    "topoisomerase inhibitor": _Wide(_set("topoisomerase inhibitor"), _CARRIERS | {"anthracycline"}),
    "immune checkpoint inhibitor": _Wide(_set("checkpoint inhibitor"), _set("antibody to something|fusion protein")),
    "immunotherapy": _Wide(
        _CELLS | _set("checkpoint inhibitor|T-cell engager|oncolytic virus|immunostimulant|cytokine"),
        _BINDERS | _CARRIERS | _set("vaccine|mRNA vaccine|cell therapy|gene therapy|immunomodulatory drug|agonist"),
    ),
    "biologic therapy": _Wide(
        _ANTIBODIES | _CELLS | {"cytokine"},
        _CARRIERS | _set("vaccine|mRNA vaccine|cell therapy|gene therapy|fusion protein|enzyme|oncolytic virus|"
                         "immunostimulant|T-cell engager|agonist|antisense oligonucleotide|small interfering RNA"),
    ),
    "monoclonal antibody": _Wide(_ANTIBODIES, _CARRIERS | _set("fusion protein|T-cell engager")),
    "cell therapy": _Wide(_CELLS | {"cell therapy"}),
    # often a live one is meant
    "vaccine": _Wide(frozenset(), _set("vaccine|mRNA vaccine|immunostimulant|cell therapy")),
    "targeted therapy": _Wide(
        _set("kinase inhibitor|PARP inhibitor|antibody to a tumor"),
        never=_SUPPORTIVE | _CYTOTOXIC | _set("corticosteroid|fluoropyrimidine"),
    ),
    "tyrosine kinase inhibitor": _Wide(_set("tyrosine kinase inhibitor"), _VAGUE | {"kinase inhibitor"}),
    "kinase inhibitor": _Wide(_set("kinase inhibitor"), _VAGUE),
    "angiogenesis inhibitor": _Wide(
        _set("VEGF"), _VAGUE | _set("immunomodulatory drug|fusion protein|kinase inhibitor|bispecific antibody")
    ),
    "endocrine therapy": _Wide(_HORMONAL, _VAGUE | {"corticosteroid"}),
    "androgen deprivation therapy": _Wide(_set("of GnRH"), _VAGUE | _HORMONAL),
    "androgen receptor pathway inhibitor": _Wide(_set("antiandrogen|androgen synthesis inhibitor"), _VAGUE),
    "aromatase inhibitor": _Wide(_set("aromatase inhibitor"), _VAGUE),
    "immunosuppressant": _Wide(
        _set("immunosuppressant|antibody against inflammation"),
        _CYTOTOXIC | _BINDERS | _VAGUE | _set("corticosteroid|inhibitor in inflammation|immunomodulatory drug"),
    ),
    "vitamin K antagonist": _Wide(_set("vitamin K antagonist")),
    "anticancer therapy": _ANTICANCER,
    "antineoplastic agent": _ANTICANCER,
    "systemic therapy": _ANTICANCER,
    "antihypertensive": _PRESSURE,
    "antihypertensive agent": _PRESSURE,
    "antimicrobial": _Wide(_set("antibiotic|azole antifungal|antifungal|antiviral")),
    "antifungal": _Wide(_set("antifungal|azole antifungal")),
    "analgesic": _Wide(_set("opioid|NSAID|analgesic"), _set("anticonvulsant|corticosteroid|antiplatelet agent")),
    "NSAID": _Wide(_set("NSAID"), _set("antiplatelet agent")),
    "antiplatelet agent": _Wide(_set("antiplatelet agent"), _set("NSAID")),
}  # fmt: skip

# names of drugs by which they can be told from antibodies, cells and inhibitors of kinases, whose own have a stem
_NAME = re.compile(r"[A-Za-z]?[a-z][a-z'’ -]+")
_OF_SEVERAL = re.compile(
    r"\b(?:(?!radio)\w*therap\w+|treatments?|drugs?|agents?|regimens?|\w*antibod\w+|\w+ors?|\w*blockers?|immun\w+|"
    r"vaccin\w+|biologic\w*|stud(?:y|ies)|trials?|placebo)\b",
    re.IGNORECASE,
)
_BINDER_NAME = re.compile(r"(?:mab|tug|bart|mig|ment|cept|fusp|cel|gene)\b", re.IGNORECASE)
_INHIBITOR_NAME = re.compile(r"(?:ib|limus|staurin)\b", re.IGNORECASE)


def names_class(concept: Concept) -> bool:
    """Whether a concept is a class of drugs, by its name."""
    names = {concept.name, concept.name.casefold()}
    return not names.isdisjoint(_WIDE.keys() | _KINDS) or _OF_SEVERAL.search(concept.name) is not None


def is_of_class(drug: Concept, asked: Concept, kinds_of: frozenset[str] = frozenset()) -> Truth:
    """Whether a drug, or the class that an entry names, is of the class that is asked for. `kinds_of` are the ids of
    all that the vocabulary says it is a kind of."""
    if kinds_of & {asked.id, *asked.xrefs}:
        return True
    targets = _CHECKPOINTS if asked.name == "immune checkpoint inhibitor" else frozenset(asked.targets)
    if drug.name in _WIDE:
        wide = _Wide(_traits(asked)) if asked.targets else _wide(asked.name)
        return _within(_WIDE[drug.name], wide) if wide else None
    if targets:
        return _by_target(drug, targets, asked.drug_class or "inhibitor")
    wide = _wide(asked.name)
    if wide is None:
        return True if drug.drug_class == asked.name else None
    traits = _traits(drug)
    if traits & wide.of:
        return True
    if not traits:
        return False if _named_otherwise(drug, wide.of) else None
    return (False if traits <= wide.never else None) if wide.never else None if traits & wide.open else False


def _wide(name: str) -> _Wide | None:
    return _WIDE.get(name) or _WIDE.get(name.casefold()) or (_Wide(frozenset((name,))) if name in _KINDS else None)


def _within(inner: _Wide, outer: _Wide) -> Truth:
    """Whether all of one class are of another; false where none can be."""
    if inner.of and inner.of <= outer.of:
        return True
    may = inner.of | inner.open
    return None if inner.never or outer.never or may & (outer.of | outer.open) else False


def _traits(drug: Concept) -> frozenset[str]:
    """What is known of a drug: its kind, and what follows from that together with what it aims at."""
    kind, targets = drug.drug_class or "", frozenset(drug.targets)
    found = {name for name, genes in _BY_TARGET if targets & genes}
    if kind in _CYTOTOXIC:
        is_fluorinated = kind == "antimetabolite" and "TYMS" in targets
        return frozenset((*found, kind, *(["fluoropyrimidine"] if is_fluorinated else [])))
    if kind in _BINDERS | _SMALL and targets & _CHECKPOINTS:
        found.add("checkpoint inhibitor")
    if kind in _BINDERS | _SMALL and targets & _VESSELS:
        found.add("VEGF")
    if kind in _ANTIBODIES:
        found |= {"antibody to a tumor"} if targets & _TUMOR_ANTIGENS else set()
        found |= {"T-cell engager"} if "CD3E" in targets and len(targets) > 1 else set()
        found |= {"antibody against inflammation"} if targets & _INFLAMMATION else set()
        found |= set() if targets else {"antibody to something"}
    if kind in _SMALL:
        found |= _traits_of_inhibitor(targets) if targets else {f"{kind} of something"}
    if kind == "degrader" and not targets:
        found.add("degrader of something")
    if "AR" in targets and kind in _SMALL | {"degrader"}:
        found.add("first antiandrogen" if drug.name in _FIRST_ANTIANDROGENS else "antiandrogen")
    return frozenset((*found, kind)) if kind else frozenset(found)


def _traits_of_inhibitor(targets: frozenset[str]) -> set[str]:
    named = (
        ("tyrosine kinase inhibitor", _TYROSINE_KINASES),
        ("kinase inhibitor", _KINASES),
        ("PARP inhibitor", _PARP),
        ("inhibitor in cancer", _OF_CANCER),
        ("inhibitor in inflammation", _IMMUNE),
    )
    return {name for name, genes in named if targets & genes}


def _named_otherwise(drug: Concept, of: frozenset[str]) -> bool:
    """Whether a drug of which nothing else is known has no name that those of a class with these traits have."""
    if not _NAME.fullmatch(drug.name) or _OF_SEVERAL.search(drug.name):
        return False
    binders = _ANTIBODIES | _CELLS | _CARRIERS | _set("checkpoint inhibitor|T-cell engager")
    if of and of <= binders:
        return not _BINDER_NAME.search(drug.name)
    kinases = _set("tyrosine kinase inhibitor|kinase inhibitor|PARP inhibitor")
    return bool(of & kinases) and not _INHIBITOR_NAME.search(drug.name)


def _by_target(drug: Concept, targets: frozenset[str], action: str) -> Truth:
    """Whether a drug does to one of the targets what a class does."""
    own, kind = frozenset(drug.targets), drug.drug_class or ""
    if any(map(_METABOLISM.fullmatch, targets)):
        return True if targets & own and kind in ("", "inhibitor") and action == "inhibitor" else None
    acts = _acts(kind, action, own)
    if targets & own:
        return acts
    if acts is False or kind in _SUPPORTIVE | {"corticosteroid"}:
        return False
    if kind in _CYTOTOXIC:
        return None if not own and targets & _OF_CYTOTOXICS else False
    if not own:
        return False if _aims_elsewhere(drug, targets, action) else None
    if any(targets & near and own & near for near in _NEAR):
        return None
    several = kind == "inhibitor" and len({_family(gene) for gene in own & _KINASES}) > 1
    return None if several and targets & _KINASES else False  # lists seldom have all kinases that one inhibits


def _acts(kind: str, action: str, own: frozenset[str]) -> Truth:
    """Whether drugs of a kind act so on what they aim at."""
    if action == "targeted therapy":
        return True
    if action == "T-cell engager" and kind == "bispecific antibody" and own:
        return "CD3E" in own
    if action not in _ACTIONS:  # of a variant ("G12C inhibitor"), which no list of targets tells
        return None
    does, may = _ACTIONS[action]
    return True if kind in does else None if kind in may else False


def _aims_elsewhere(drug: Concept, targets: frozenset[str], action: str) -> bool:
    """Whether a drug whose targets are not known cannot aim at these, by its name."""
    if targets <= _CHECKPOINTS or action in ("antibody", "bispecific antibody", "T-cell engager", "CAR T cells"):
        small = drug.drug_class == "inhibitor" and bool(_INHIBITOR_NAME.search(drug.name))
        return small or (not drug.drug_class and _named_otherwise(drug, _ANTIBODIES))
    is_inhibited = action in ("inhibitor", "tyrosine kinase inhibitor") and targets <= _KINASES | _PARP
    return is_inhibited and not drug.drug_class and _named_otherwise(drug, _set("kinase inhibitor"))


def _family(gene: str) -> str:
    return _FAMILIES.get(gene) or re.sub(r"\d.*|(?<=PDGFR)[AB]", "", gene)
