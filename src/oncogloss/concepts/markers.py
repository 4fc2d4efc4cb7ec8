"""Biomarkers taken apart: genes, alteration, state and cut-off. What has a word left over is not understood."""

from __future__ import annotations

import re
from itertools import pairwise

from oncogloss.concepts.compose import JOINING, genes_and_rest, pieces, rules, said_by, symbols, words_of
from oncogloss.concepts.vocabulary import Entry, Vocabulary
from oncogloss.schema import Marker

# words that say the state of a marker; nothing else may be said of it, but what is about the test or the tumor
_STATES = rules(
    (
        ("overexpression", "overexpression|overexpressing|overexpressed|over expression|over expressing"),
        ("amplification", "amplification|amplified|amplification positive"),
        ("fusion", "fusion|fused|fusion positive|rearrangement|rearranged|rearrangement positive|translocation"),
        ("wild type", "wild type|wildtype|wt|unmutated"),
        ("skipping", "skipping|skipping mutation"),
        ("internal tandem duplication", "internal tandem duplication|itd|itd mutation|itd positive"),
        ("deletion", "deletion|deleted|del|loss|deletion mutation"),
        ("insertion", "insertion|ins|insertion mutation"),
        ("unmethylated", "unmethylated"),
        ("methylation", "methylation|methylated|hypermethylation"),
        ("germline mutation", "germline mutation|germline mutated|germline mutant|germline variant"),
        ("somatic mutation", "somatic mutation|somatic mutated|somatic mutant|somatic variant"),
        (
            "mutation",
            "mutation|mutated|mutant|mut|variant|mutation positive|substitution|substitution mutation|point mutation",
        ),
        ("alteration", "alteration|altered|aberration|aberrant|abnormality"),
        ("high", "high|high expression"),
        ("low", "low|low expression"),
        ("negative", "negative|neg|-|nonexpressing|expression negative"),
        ("positive", "positive|pos|+|expressing|expression|expressed|expression positive"),
    )
)
_ABOUT = {
    "tumor", "disease", "status", "activating", "pathogenic", "deleterious", "genetic", "promoter",
    "harboring", "likely", "suspected",
}  # fmt: skip
_ABOUT_CUT_OFF = {"expression", "expressing", "positive", "score", "level", "by", "on", "staining", "cell", "at"}

_ACIDS = {
    "A": "Ala", "R": "Arg", "N": "Asn", "D": "Asp", "C": "Cys", "Q": "Gln", "E": "Glu", "G": "Gly", "H": "His",
    "I": "Ile", "L": "Leu", "K": "Lys", "M": "Met", "F": "Phe", "P": "Pro", "S": "Ser", "T": "Thr", "W": "Trp",
    "Y": "Tyr", "V": "Val", "*": "Ter",
}  # fmt: skip
_LETTERS = {acid: letter for letter, acid in _ACIDS.items()}
_ACID = "|".join(_LETTERS)
_HGVS = re.compile(rf"\b(?:p\.)?\(?\b({_ACID})(\d+)({_ACID}|\*)?\b\)?")
_REWRITTEN = (  # one way to write an alteration → another
    (re.compile(r"\bMET ?ex(?:on)? ?14\b"), "MET exon 14"),
    (re.compile(r"(?<!exon )\b(?:del ?-?19|19 ?-?del)\b"), "exon 19 deletion"),
    (re.compile(r"\be(?:x|xon)?[ .-]?(\d{1,2})[ -]?(?=(?:del|ins|skip|mut)\w*\b)", re.IGNORECASE), r"exon \1 "),
    (re.compile(r"\bp\.\(?(?=[A-Z]\d)|\bexon \d{1,2}[ ,(]+(?=[A-Z]\d{2,4}[A-Z]\b)"), ""),
    (re.compile(r"(\b[A-Z]\d{2,4}[A-Z](?: mutations?)?)[ ,(]+(?:in )?exon \d{1,2}\b(?! del| ins)"), r"\1"),
)
_ALTERNATIVE = re.compile(r"\b([A-Z]\d{2,4}[A-Z])/([A-Z])\b")  # "V600E/K"
_CHANGE = re.compile(r"(?<!\w)(?:(?P<old>[A-Z])(?P<codon>\d{1,4})(?P<new>[A-Z]{0,2}|\*)|exon \d{1,2})(?!\w)")

_CHROMOSOMAL = re.compile(r"\b(t|inv|del)\s*\(\s*([\dXY]+[pq]?(?:\s*;\s*[\dXY]+)?)\s*\)(?:\([^)]*\))?")
_PARTNERS = {  # of the usual translocations and inversions
    "t(9;22)": "ABL1 BCR", "t(11;14)": "CCND1 IGH", "t(4;14)": "FGFR3 IGH NSD2", "t(14;16)": "IGH MAF",
    "t(14;20)": "IGH MAFB", "t(14;18)": "BCL2 IGH", "t(8;14)": "IGH MYC", "t(15;17)": "PML RARA",
    "t(8;21)": "RUNX1 RUNX1T1", "inv(16)": "CBFB MYH11", "t(16;16)": "CBFB MYH11", "t(12;21)": "ETV6 RUNX1",
    "t(1;19)": "PBX1 TCF3", "t(4;11)": "AFF1 KMT2A", "t(9;11)": "KMT2A MLLT3", "t(6;9)": "DEK NUP214",
    "t(11;22)": "EWSR1 FLI1", "t(2;13)": "FOXO1 PAX3", "t(2;5)": "ALK NPM1", "t(11;18)": "BIRC3 MALT1",
}  # fmt: skip
_ABOUT_CHROMOSOME = {"positive", "translocation", "fusion", "deletion", "rearrangement", "with", "chromosome"}
_KINDS = {"t": "fusion", "inv": "fusion", "del": "deletion"}

_ASSAYS = {  # what a cut-off is measured by
    "TPS": r"TPS|tumor proportion score",
    "CPS": r"CPS|combined positive score",
    "TC": r"TC|tumor cells?",
    "IC": r"IC|immune cells?",
    "PS2+": r"PS2\+",
    "IHC": r"IHC|immunohistochemistry",
    "ISH": r"F?ISH|(?:fluorescence )?in[- ]situ hybridization",
    "H-score": r"H-?score",
}
_SCORED = {"TPS": ("CD274",), "CPS": ("CD274",), "PS2+": ("FOLR1",)}  # whose score it is where no gene is named
_ASSAY = "|".join(f"(?:{words})" for words in _ASSAYS.values())
_CUT_OFF = re.compile(
    rf"(?:\b(?P<assay>{_ASSAY})(?: score)?(?: of)?[\s:(-]*)?"
    r"(?:(?P<sign>[<>]=?|=)\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>%|mut(?:ation)?s?(?:/| per )(?:mb|megabase))?"
    r"|(?P<low>\d+)\s*%?\s*(?:-|–|to)\s*(?P<high>\d+)(?![\d+])(?:\s*(?P<percent>%)|(?(assay)|(?!)))"
    r"|(?<![\w.-])(?P<score>[0-3]\+|0)(?![\w%.])"
    r"|(?<=ISH)[ -]*(?P<ish>\+|-|positive|negative|amplified))"
    rf"(?:\s*(?:by|on|in|of)?\s*\(?(?P<behind>{_ASSAY})\b)?\)?",
    re.IGNORECASE,
)
_ISH = {"+": "positive", "-": "negative"}
_SIGNS = (
    (re.compile(r"[≥⩾]|=>|\bat least\b|\bgreater than or equal to\b", re.IGNORECASE), ">="),
    (re.compile(r"[≤⩽]|=<|\bless than or equal to\b", re.IGNORECASE), "<="),
    (re.compile(r"\b(?:more|greater|higher) than\b", re.IGNORECASE), ">"),
    (re.compile(r"\b(?:less|lower|fewer) than\b", re.IGNORECASE), "<"),
    (re.compile(r"(\d+)( ?%)? or (?:more|greater|higher)\b", re.IGNORECASE), r">= \1\2"),
    (re.compile(r"\bbetween (\d+(?: ?%)?) and (?=\d)", re.IGNORECASE), r"\1-"),
    (
        re.compile(r"(?<=\w)- (?=(?:positive|negative|mutat|mutant|rearranged|amplified|expressing))", re.IGNORECASE),
        "-",
    ),
    (re.compile(r"\bexon(?= \d)", re.IGNORECASE), "exon"),
    (re.compile(r"\bg(?=BRCA)"), "germline "),
    (re.compile(r"\btumour", re.IGNORECASE), "tumor"),
    (re.compile(r"\bhybridisation", re.IGNORECASE), "hybridization"),
)

_VIRUSES = (
    ("EBV", re.compile(r"\b(?:EBV|Epstein[- ]Barr(?: virus)?)", re.IGNORECASE)),
    ("HPV", re.compile(r"\b(?:(?:high-risk )?HPV(?:[- ]?1[68])?|human papilloma ?virus)", re.IGNORECASE)),
)
_VIRAL = {"associated": "positive", "related": "positive", "driven": "positive"}  # of a tumor

# markers that usage names without saying their parts
_NAMED = {
    "High-Frequency Microsatellite Instability": Marker(genes=("microsatellite",), state="instability-high"),
    "MSS": Marker(genes=("microsatellite",), state="stable"),
    "dMMR": Marker(genes=("mismatch repair",), state="deficient"),
    "pMMR": Marker(genes=("mismatch repair",), state="proficient"),
    "TMB-H": Marker(genes=("TMB",), state="high"),
    "HRD": Marker(genes=("homologous recombination",), state="deficient"),
    "FLT3 TKD MUTATION": Marker(genes=("FLT3",), alteration="tyrosine kinase domain mutation", state="mutation"),
    "triple-negative": Marker(genes=("ERBB2", "ESR1", "PGR"), state="negative"),
}


def says_state(text: str) -> bool:
    """Whether words behind a gene's name tell a state and no alteration of its own."""
    return not re.search(r"\d", text) and said_by(_STATES, words_of(pieces(text)), _ABOUT) is not None


def read_marker(text: str, vocabulary: Vocabulary) -> Marker | None:
    """The parts of a phrase such as "PD-L1 TPS ≥ 50 %" or "EGFR p.Leu858Arg", or None where it has other words too."""
    parts = _parts(text, vocabulary)
    return parts[0] if parts else None


def _parts(text: str, vocabulary: Vocabulary) -> tuple[Marker, str] | None:
    """(the parts of a marker, what it may be listed as: its genes, alteration as in "L858R", state and cut-off)."""
    if viral := _viral(text):
        return viral
    said = text
    for sign, plain in _SIGNS:
        said = sign.sub(plain, said)
    if chromosomal := _CHROMOSOMAL.search(said):
        return _rearranged(chromosomal, _CHROMOSOMAL.sub(" ", said, count=1), vocabulary)
    cut_offs = list(_CUT_OFF.finditer(said))
    if len(cut_offs) > 1 and (re.search(r"\bor\b", said) or _are_choices(said, cut_offs)):
        return None
    threshold = " and ".join(sorted(map(_cut_off, cut_offs)))
    said = _HGVS.sub(
        lambda found: "".join(_LETTERS.get(part, part) for part in found.groups("")), _CUT_OFF.sub(" ", said)
    )
    for other, one in _REWRITTEN:
        said = other.sub(one, said)
    genes, rest = genes_and_rest(_ALTERNATIVE.sub(r"\1\2", said), vocabulary)
    names = symbols(genes) or _SCORED.get(threshold.split(" ")[0], ())
    change = _CHANGE.search(" ".join(rest))
    left = words_of(_CHANGE.sub(" ", " ".join(rest), count=1).split()) - (_ABOUT_CUT_OFF if threshold else set())
    state = said_by(_STATES, left, _ABOUT)
    if not names or not (state or change or threshold) or (state is None and left - _ABOUT - JOINING):
        return None
    state = state or ("mutation" if change else None)
    if state == "mutation" and change and names == ("MET",) and change.group() == "exon 14":
        state = "skipping"  # what a mutation of that exon does
    alteration, short = _alteration(change, state) if change else (None, "")
    listed = " ".join(part for part in ("/".join(names), short, state, threshold) if part)
    return Marker(genes=names, alteration=alteration, state=state, threshold=threshold or None), listed


def _viral(text: str) -> tuple[Marker, str] | None:
    """A tumor's virus and whether it has it, as a marker."""
    for virus, name in _VIRUSES:
        if found := name.match(text):
            left = words_of(pieces(text[found.end() :])) - _ABOUT
            state = _VIRAL.get("".join(left)) or said_by(_STATES, left, _ABOUT)
            return (
                (Marker(genes=(virus,), state=state), f"{virus} {state}") if state in ("positive", "negative") else None
            )
    return None


def _alteration(change: re.Match[str], state: str | None) -> tuple[str, str]:
    """(a variant as in "p.Leu858Arg", or an exon and what befell it; as in "L858R", or the exon)."""
    if not change["old"]:
        return f"{change.group()} {state}", change.group()
    new = "/".join(_ACIDS.get(letter, letter) for letter in change["new"])
    hgvs = f"p.{_ACIDS.get(change['old'], change['old'])}{change['codon']}{new}"
    return hgvs, change["old"] + change["codon"] + "/".join(change["new"])


def _cut_off(found: re.Match[str]) -> str:
    by = found["assay"] or found["behind"] or ("IHC" if found["score"] else "")
    assay = next((name for name, words in _ASSAYS.items() if re.fullmatch(words, by, re.IGNORECASE)), "")
    if found["sign"]:
        unit = {None: "", "%": "%"}.get(found["unit"], "mut/Mb")
        value = f"{found['sign']} {float(found['number']):g} {unit}"
    elif found["low"]:
        value = f"{found['low']}-{found['high']} {found['percent'] or ''}".rstrip()
    else:
        value = found["score"] or _ISH.get(found["ish"], found["ish"].lower())
    return f"{assay} {value}".strip()


def _are_choices(said: str, cut_offs: list[re.Match[str]]) -> bool:
    """Is one of the cut-offs to be met, as in "IHC 1+/2+"? In "IHC 2+/ISH+" both are."""
    return any(
        said[one.end() : other.start()].strip() == "/"
        and {_cut_off(one).split()[0], _cut_off(other).split()[0]} != {"IHC", "ISH"}
        for one, other in pairwise(cut_offs)
    )


def _rearranged(found: re.Match[str], rest: str, vocabulary: Vocabulary) -> tuple[Marker, str] | None:
    """A chromosome's alteration, with the genes that it is known to join or that are named beside it."""
    kind, place = found.groups()
    alteration = f"{kind}({''.join(place.split())})"
    genes, left = genes_and_rest(rest, vocabulary)
    if words_of(left) - _ABOUT - _ABOUT_CHROMOSOME:
        return None
    partners = tuple(_PARTNERS.get(alteration, "").split()) or symbols(genes)
    return Marker(genes=partners, alteration=alteration, state=_KINDS[kind]), alteration


def marker_of(entry: Entry, text: str, vocabulary: Vocabulary) -> Marker | None:
    """The parts of a marker that a vocabulary lists, by its own name or else by the text that names it."""
    return _NAMED.get(entry.name) or read_marker(entry.name, vocabulary) or read_marker(text, vocabulary)


def compose_biomarker(text: str, vocabulary: Vocabulary) -> Entry | None:
    """The biomarker of a phrase such as "HER2-overexpressing", or None where it is not understood whole.

    It is the vocabulary's own entry where that has one ("KRAS G12C"), else one made of all parts.
    """
    parts = _parts(text, vocabulary)
    if parts is None:
        return None
    marker, name = parts
    promoter = name.replace(" methylation", " promoter methylation")
    usual = (name, name.removesuffix(" mutation"), f"{name} mutation", promoter)
    for listed in usual if not marker.threshold else ():
        if hit := vocabulary.find("BIOMARKER", listed):
            return hit[0]
    return Entry(f"OG:{name}".replace(" ", "_"), name, "oncogloss")
