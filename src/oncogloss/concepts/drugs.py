"""What a drug's name says of it: the plain form of a name, and the class and targets of a drug never seen before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class DrugClass(NamedTuple):
    """What a drug is or does, and the genes whose products it does it to."""

    name: str
    targets: tuple[str, ...] = ()


# endings of international names, the longest first that fits: class, targets; what an ending leaves open is left out
_STEMS: dict[str, tuple[str, str]] = {
    "rasib": ("inhibitor", "KRAS"),
    "ciclib": ("inhibitor", "CDK4 CDK6"),
    "parib": ("inhibitor", "PARP1 PARP2"),
    "tinib": ("inhibitor", ""),
    "metinib": ("inhibitor", "MAP2K1 MAP2K2"),
    "rafenib": ("inhibitor", "BRAF RAF1"),
    "brutinib": ("inhibitor", "BTK"),
    "mertinib": ("inhibitor", "EGFR"),
    "fertinib": ("inhibitor", "EGFR"),
    "zertinib": ("inhibitor", "EGFR"),
    "trectinib": ("inhibitor", "NTRK1 NTRK2 NTRK3 ROS1"),
    "litinib": ("inhibitor", "JAK1 JAK2"),
    "citinib": ("inhibitor", "JAK1 JAK2"),
    "fitinib": ("inhibitor", "EGFR"),
    "gratinib": ("inhibitor", "FGFR1 FGFR2 FGFR3"),
    "lirtinib": ("inhibitor", "EGFR"),
    "lisib": ("inhibitor", "PIK3CA PIK3CB PIK3CD PIK3CG"),
    "sertib": ("inhibitor", ""),
    "nib": ("inhibitor", ""),
    "denib": ("inhibitor", "IDH1 IDH2"),
    "menib": ("inhibitor", "MEN1"),
    "clax": ("inhibitor", "BCL2"),
    "zomib": ("proteasome inhibitor", "PSMB5"),
    "domide": ("immunomodulatory drug", "CRBN"),
    "degib": ("inhibitor", "SMO"),
    "inostat": ("inhibitor", "HDAC1 HDAC2 HDAC3 HDAC6"),
    "metostat": ("inhibitor", "EZH2"),
    "gacestat": ("inhibitor", "PSEN1"),
    "dostat": ("inhibitor", "IDO1"),
    "stat": ("inhibitor", ""),
    "protafib": ("inhibitor", "PTPN11"),
    "lutamide": ("antagonist", "AR"),
    "estrant": ("degrader", "ESR1"),
    "oxifene": ("selective estrogen receptor modulator", "ESR1"),
    "oxifen": ("selective estrogen receptor modulator", "ESR1"),
    "relix": ("antagonist", "GNRHR"),
    "golix": ("antagonist", "GNRHR"),
    "relin": ("agonist", "GNRHR"),
    "trozole": ("aromatase inhibitor", "CYP19A1"),
    "limus": ("inhibitor", "MTOR"),
    "platin": ("platinum compound", ""),
    "taxel": ("taxane", ""),
    "rubicin": ("anthracycline", "TOP2A"),
    "tecan": ("topoisomerase inhibitor", "TOP1"),
    "poside": ("topoisomerase inhibitor", "TOP2A"),
    "bulin": ("microtubule inhibitor", ""),
    "globulin": ("immunoglobulin", ""),
    "blastine": ("vinca alkaloid", ""),
    "cristine": ("vinca alkaloid", ""),
    "relbine": ("vinca alkaloid", ""),
    "epothilone": ("microtubule inhibitor", ""),
    "trexed": ("antifolate", "TYMS DHFR"),
    "trexate": ("antifolate", "DHFR"),
    "citabine": ("antimetabolite", ""),
    "tabine": ("antimetabolite", ""),
    "arabine": ("antimetabolite", ""),
    "uridine": ("antimetabolite", ""),
    "fosfamide": ("alkylating agent", ""),
    "mustine": ("alkylating agent", ""),
    "sulfan": ("alkylating agent", ""),
    "dectin": ("alkylating agent", ""),
    "dronate": ("bisphosphonate", "FDPS"),
    "dronic acid": ("bisphosphonate", "FDPS"),
    "grastim": ("agonist", "CSF3R"),
    "gramostim": ("agonist", "CSF2RA"),
    "poetin alfa": ("agonist", "EPOR"),
    "plostim": ("agonist", "MPL"),
    "bopag": ("agonist", "MPL"),
    "leukin": ("cytokine", ""),
    "retin": ("retinoid", ""),
    "setron": ("antagonist", "HTR3A"),
    "pitant": ("antagonist", "TACR1"),
    "prazole": ("proton pump inhibitor", ""),
    "xaban": ("anticoagulant", "F10"),
    "parin": ("anticoagulant", ""),
    "mab": ("antibody", ""),
    "tug": ("antibody", ""),
    "bart": ("antibody", ""),
    "mig": ("bispecific antibody", ""),
    "tafusp": ("T-cell engager", ""),
    "fusp": ("fusion protein", ""),
    "cabtagene": ("CAR T cells", ""),
    "cel": ("cell therapy", ""),
    "repvec": ("oncolytic virus", ""),
    "meran": ("mRNA vaccine", ""),
    "pepimut": ("vaccine", ""),
    "siran": ("small interfering RNA", ""),
    "rsen": ("antisense oligonucleotide", ""),
}
_LONGEST = max(map(len, _STEMS))
_PAYLOAD = re.compile(
    r"(?:mab|tug|bart|mig)\w* (?:\w+ )?\w*(?:dotin|tecan|ansine|irine|azine|amicin|bulin|toxin|tox)\b"
)
_CAR_T = re.compile(r"\w+cabtagene \w+leucel\b|\w*\bCAR[- ]?T\b", re.IGNORECASE)
_ISOTOPES = {
    "Lu": "lutetium", "Ac": "actinium", "I": "iodine", "Y": "yttrium", "Ra": "radium", "Tb": "terbium", "Pb": "lead",
    "Cu": "copper", "Sm": "samarium", "Re": "rhenium", "At": "astatine", "Th": "thorium", "Bi": "bismuth",
}  # fmt: skip
_THERAPEUTIC = ("177", "225", "131", "90", "223", "161", "212", "67", "153", "186", "188", "211", "227", "213")
_ISOTOPE = re.compile(rf"\b(?:{'|'.join(_THERAPEUTIC)})[- ]?(?:{'|'.join(_ISOTOPES)})\b")
_LIGANDS = (("psma", "FOLH1"), ("dotat", "SSTR2"), ("edotreotide", "SSTR2"), ("fapi", "FAP"), ("fap-", "FAP"))
# classes that a descriptive name tells in its own words
_DESCRIBED = tuple(
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), name)
    for words, name in (
        ("antibody[- ]drug conjugate|immunoconjugate|ADC", "antibody-drug conjugate"),
        ("bispecific|bi-specific", "bispecific antibody"),
        ("TCR T[- ]cells?|TCR-T", "TCR T cells"),
        ("tumor[- ]infiltrating lymphocytes?|TIL", "tumor-infiltrating lymphocytes"),
        ("degrader|PROTAC|SERD", "degrader"),
        ("vaccine", "vaccine"),
        ("proteasome inhibitor", "proteasome inhibitor"),
        ("inhibitor", "inhibitor"),
        ("antagonist", "antagonist"),
        ("agonist", "agonist"),
        ("monoclonal antibody|antibody", "antibody"),
    )
)

_SALT = re.compile(
    r" (?:hydrochloride|mesylate|tosylate|maleate|fumarate|succinate|phosphate|sodium|citrate|tartrate|acetate|sulfate|"
    r"malate|hydrobromide|dihydrochloride|besylate|disodium|potassium|monohydrate|anhydrous|lactate|bromide|chloride|"
    r"calcium|nitrate|ditosylate|trihydrate|dihydrate|hemihydrate)\b|"
    r",? ?\((?:[rse]|\+/?-?|-|[dl])\)-?|^(?:dl?|l)-(?=.{6})",
    re.IGNORECASE,
)
_IONS = {
    "sodium", "potassium", "calcium", "magnesium", "ammonium", "lithium", "zinc", "hydrogen", "choline",
    "aluminum", "iron", "ferrous", "ferric", "barium", "strontium", "silver", "gold", "copper", "cobalt", "mercury",
    "mercuric", "cesium", "thallium", "gallium", "nickel", "lead", "manganese", "rubidium",
    "radium", "cadmium", "nitrous", "chromium", "chromic", "stannous",
}  # fmt: skip
_RADICAL = re.compile(r"(?:m?ethyl|propyl|butyl|benzyl|phenyl|vinyl|amyl|hexyl|octyl|lauryl|cetyl|stearyl|oleyl)$")
_BIOSIMILAR = re.compile(r"(?<=mab|tim|ept|lfa)-[a-z]{4}\b")
_FORMULATION = re.compile(
    r"^(?:(?:recombinant|humanized|human|oral|intravenous|subcutaneous|topical|intravesical|intrathecal|intratumoral|"
    r"liposomal|pegylated|autologous|allogeneic|low-dose|high-dose|generic|biosimilar|iv) )+|"
    r" (?:tablets?|capsules?|injection|infusion|monotherapy|therapy|treatment|biosimilar|vaccine|sc|iv|hyaluronidase)$",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<= )(?=[A-Z0-9/-]*\d{2})[A-Z]{1,6}[A-Z0-9]*[- ]?\d[\dA-Z.-]*$")


def plain_drug(name: str) -> str:
    """A drug's name without the salt or the mirror image it comes as."""
    bare = _SALT.sub("", name).strip(" ,")
    is_radical = " " not in bare and _RADICAL.search(bare.lower())
    return name if bare.lower() in _IONS or is_radical or len(bare) < 5 else bare


def other_forms(name: str) -> Iterator[str]:
    """Names that the same drug may be known by: without salt, biosimilar suffix or formulation; its isotope written
    before what carries it; its code name alone."""
    plain = _FORMULATION.sub("", _BIOSIMILAR.sub("", plain_drug(name)))
    yield plain
    yield isotope_first(plain)
    code = _CODE.search(plain)
    if code:
        yield code.group()


def isotope_first(name: str) -> str:
    """A radioligand's name as in "177Lu-PSMA-617", however its isotope is written."""
    said = re.sub(r"[\[\]()^]", " ", name)
    for symbol, element in _ISOTOPES.items():
        said = re.sub(rf"\b{element}(?:[- ]{symbol})?[- ]?(\d+)\b", rf"\1{symbol}", said, flags=re.IGNORECASE)
        said = re.sub(rf"\b{symbol}[- ]?(\d{{2,3}})\b", rf"\1{symbol}", said)
        said = re.sub(rf"\b(\d{{2,3}})[- ]{symbol}\b", rf"\1{symbol}", said)
        said = re.sub(rf"(\d{symbol})[- ]+{symbol}\b", r"\1", said)
    return re.sub(rf"\b(\d{{2,3}}(?:{'|'.join(_ISOTOPES)}))[ -]+", r"\1-", said).strip()


def class_of(name: str) -> DrugClass | None:
    """The class that a drug's name tells, by its stem or in words; None where it tells none."""
    radioligand = isotope_first(name)
    if _ISOTOPE.search(radioligand):
        return DrugClass("radioligand", tuple({g: 0 for part, g in _LIGANDS if part in radioligand.lower()}))
    if _CAR_T.search(name):
        return DrugClass("CAR T cells")
    plain = _BIOSIMILAR.sub("", plain_drug(name.lower()))
    if _PAYLOAD.search(plain):
        return DrugClass("antibody-drug conjugate")
    for ending in (plain[-n:] for n in range(min(_LONGEST, len(plain) - 3), 2, -1)):
        if ending in _STEMS and not any(c.isdigit() for c in plain):
            said, targets = _STEMS[ending]
            return DrugClass(said, tuple(targets.split()))
    return next((DrugClass(said) for words, said in _DESCRIBED if words.search(name)), None)
