"""Concepts made of parts: a class of drugs is its targets and what it does to them, a regimen its drugs.

No vocabulary lists "programmed cell death protein 1 inhibitor"; the gene it names, and that it inhibits it, say that
it is what "PD-1 inhibitor" is. What has a word left over that neither part explains is no concept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from oncogloss.concepts.drugs import DrugClass
from oncogloss.concepts.names import SHORT, words
from oncogloss.concepts.vocabulary import Entry, Vocabulary, members_id

_PIECE = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[+≥≤<>=%]|(?<=\w)-(?=$|[\s,/)])")
_LISTED = re.compile(r"\s*(?:, and |,|/|\+|&| and | plus | with )\s*")
_SHORTENED = re.compile(r"\b([A-Z][A-Z0-9/-]{2,})is?\b")  # "BTKi"
_CROSSED = re.compile(r"(?<=[A-Z0-9α])\s*[x×]\s*(?=(?:anti-)?[A-Z\d])")  # "CD20xCD3"
_EITHER = re.compile(r"\bPD-?\s?(?:\(L\)-?1|1\s?/\s?L-?1|1\s?/\s?\(L\)-?1)(?!\w)")  # "PD-(L)1" is of both
_VARIANT = re.compile(r"[A-Z]\d{1,4}[A-Z]")
_LONGEST = 7  # words of a gene's name
_SYMBOL = 2  # signs up to which a part of a regimen's name is a bare symbol
JOINING = {
    "and",
    "in",
    "or",
    "the",
    "of",
    "a",
    "an",
    "with",
    "to",
    "for",
    "against",
    "gene",
    "receptor",
    "protein",
    "family",
}

Rules = tuple[tuple[str, frozenset[str]], ...]  # (what is said, the words that say it)


def rules(table: Iterable[tuple[str, str]]) -> Rules:
    """Rules of a table (what is said, the phrases that say it with `|` between)."""
    return tuple((said, frozenset(form.split())) for said, forms in table for form in forms.split("|"))


# words that say what a class does to its targets; the first rule that leaves no word over holds
_ACTIONS = rules(
    (
        ("CAR T cells", "car t|cart|car|chimeric antigen t"),
        ("bispecific antibody", "bispecific antibody|bispecific|bite"),
        ("T-cell engager", "engager"),
        ("antibody-drug conjugate", "antibody drug conjugate|adc|immunoconjugate"),
        ("vaccine", "vaccine"),
        ("degrader", "degrader|protac"),
        ("agonist", "agonist"),
        ("inducer", "inducer"),
        ("tyrosine kinase inhibitor", "tki|tyrosine kinase inhibitor"),
        ("inhibitor", "inhibitor|inhibition|inhibiting|blocker|blockade|blocking|antagonist|suppressor"),
        ("antibody", "antibody|mab"),
        ("targeted therapy", "targeted|targeting|directed|anti therapy|anti treatment|anti agent|anti drug"),
        ("antibody", "anti"),
    )
)
# targets whose antibodies block them, so that an antibody against them is what their inhibitor is
_BLOCKED = {"PDCD1", "CD274", "PDCD1LG2", "CTLA4", "LAG3", "TIGIT", "HAVCR2", "VSIR", "BTLA"}
# targets that no antibody reaches, most of them inside the cell: what is "anti" them inhibits them
_INSIDE = {
    "ABL1", "AKT1", "ALK", "ATM", "ATR", "AURKA", "AURKB", "BCL2", "BRAF", "BRD4", "BTK", "CDK4", "CDK7", "CHEK1",
    "EZH2", "HDAC1", "IDH1", "IDH2", "JAK1", "JAK2", "KRAS", "MAP2K1", "MAPK1", "MCL1", "MDM2", "MEN1", "MTOR", "NRAS",
    "NTRK1", "PARP1", "PIK3CA", "PLK1", "PRMT5", "PSMB5", "PTPN11", "RAF1", "RET", "ROS1", "SMO", "SOS1", "SRC", "SYK",
    "WEE1", "XPO1",
}  # fmt: skip
_ABOUT_ACTION = {
    "monoclonal", "tyrosine", "kinase", "small", "molecule", "therapy", "treatment", "agent", "drug", "based",
    "containing", "checkpoint", "immune", "cell", "selective", "oral", "systemic", "strong", "moderate", "weak",
    "potent", "autologous", "allogeneic", "anti", "targeted", "targeting", "directed", "t",
}  # fmt: skip


def pieces(text: str) -> list[str]:
    """The words and signs of a phrase."""
    return _PIECE.findall(re.sub(r"\b[Aa]nti(?:[- ]+|(?=[A-Z]))", "anti ", text))


def genes_and_rest(text: str, vocabulary: Vocabulary) -> tuple[list[Entry], list[str]]:
    """(the genes that a phrase names, in its order; its other words), the longest names first."""
    said = pieces(text)
    genes: list[Entry] = []
    rest: list[str] = []
    i = 0
    while i < len(said):
        for n in range(min(_LONGEST, len(said) - i), 0, -1):
            name = said[i : i + n]
            hit = vocabulary.find("GENE", " ".join(name)) if _is_name(name) else None
            if hit:
                genes += [hit[0]] if hit[0] not in genes else []
                i += n
                break
        else:
            rest.append(said[i])
            i += 1
    return genes, rest


def _is_name(pieces: list[str]) -> bool:
    """A sign is no part of a gene's name here, one short common word ("cell", "anti") is none, and CAR is a receptor
    that was made."""
    return (
        pieces != ["CAR"]
        and all(piece[0].isalnum() for piece in pieces)
        and (len(pieces) > 1 or len(pieces[0]) > SHORT or any(c.isupper() or c.isdigit() for c in pieces[0]))
    )


def said_by(table: Rules, left: set[str], about: set[str]) -> str | None:
    """What the first rule says whose words all stand there and leave none over."""
    return next((said for said, needed in table if needed <= left and not left - needed - about - JOINING), None)


def compose_class(text: str, vocabulary: Vocabulary) -> Entry | None:
    """The class of drugs of a phrase such as "anti-PD-1/PD-L1 antibody", or None where it has other words too."""
    genes, rest = genes_and_rest(
        _SHORTENED.sub(r"\1 inhibitor", _CROSSED.sub("/", _EITHER.sub("PD-1/PD-L1", text))), vocabulary
    )
    variant = " ".join(piece for piece in rest if _VARIANT.fullmatch(piece))
    said = words_of([piece for piece in rest if not _VARIANT.fullmatch(piece)])
    action = said_by(_ACTIONS, said, _ABOUT_ACTION)
    targets = set(symbols(genes))
    is_anti = action == "antibody" or (action == "targeted therapy" and "anti" in said)
    if is_anti and (targets <= _BLOCKED or targets & _INSIDE):
        action = "inhibitor"
    return class_entry(DrugClass(f"{variant} {action}".strip(), symbols(genes))) if genes and action else None


def symbols(genes: Iterable[Entry]) -> tuple[str, ...]:
    """The genes' symbols, those of its members for a family ("CDK4/6"), in order."""
    return tuple(sorted({symbol for gene in genes for symbol in gene.members or (gene.name,)}))


def class_entry(drug_class: DrugClass) -> Entry:
    """The concept of a class of drugs; an antagonist is what an inhibitor of the same target is."""
    said = "inhibitor" if drug_class.name == "antagonist" and drug_class.targets else drug_class.name
    name = f"{'/'.join(sorted(drug_class.targets))} {said}".strip()
    return Entry(f"OG:{name}".replace(" ", "_"), name, "oncogloss", said, targets=drug_class.targets)


def compose_regimen(text: str, vocabulary: Vocabulary) -> Entry | None:
    """The regimen of drugs that are listed, or None where not all are known, they are but one drug, or it is a gene.

    Symbols of a sign or two alone name no drugs: "Pd" beside "L1" is no palladium.
    """
    if vocabulary.find("GENE", text):
        return None
    listed = _LISTED.split(text)
    listed = listed if len(listed) > 1 else text.split("-")
    are_symbols = all(len(part.strip()) <= _SYMBOL for part in listed)
    kinds = ("REGIMEN",) if are_symbols else ("DRUG", "REGIMEN")
    hits = [next((hit for kind in kinds if (hit := vocabulary.find(kind, name))), None) for name in listed]
    members = {member for hit in hits if hit for member in hit[0].members or (hit[0].name,)}
    if len(members) < 2 or None in hits:
        return None
    name = members_id(members)
    return vocabulary.with_id(name) or Entry(
        f"OG:{name}".replace(" ", "_"), name, "oncogloss", members=tuple(sorted(members))
    )


def words_of(pieces: list[str]) -> set[str]:
    """The plain words of pieces; a sign stands for itself, so that it cannot go unnoticed."""
    return {word for piece in pieces for word in words(piece) or [piece]}
