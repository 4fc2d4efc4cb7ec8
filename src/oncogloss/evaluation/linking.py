"""Gold mentions of public corpora that have concept ids: how often the vocabulary gives them the same concept."""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from oncogloss.concepts import Context, Vocabulary, link
from oncogloss.concepts.vocabulary import Entry
from oncogloss.errors import CorpusError
from oncogloss.schema import Concept

CORPORA = (  # corpus, split, file
    ("BC5CDR", "dev", "bc5cdr_pubtator/CDR_DevelopmentSet.PubTator.txt.gz"),
    ("BC5CDR", "test", "bc5cdr_pubtator/CDR_TestSet.PubTator.txt.gz"),
    ("BioRED", "dev", "biored/Dev.PubTator.gz"),
    ("BioRED", "test", "biored/Test.PubTator.gz"),
)
# a corpus's type → (what its ids begin with, the entity types that such a mention may have)
KINDS = {
    "Chemical": ("MESH:", ("DRUG", "DRUG_CLASS")),
    "Disease": ("MESH:", ("CONDITION",)),
    "ChemicalEntity": ("MESH:", ("DRUG", "DRUG_CLASS")),
    "DiseaseOrPhenotypicFeature": ("MESH:", ("CONDITION",)),
    "GeneOrGeneProduct": ("NCBIGene:", ("GENE",)),
}


_EXPLAINED = """Gold mentions that have a concept id, linked one by one by their text; a mention in brackets behind \
another is taken for its short form. Coverage: share of mentions one of whose ids the vocabulary holds, as a concept's \
own or as its cross-reference. Right: the concept has one of the mention's ids. Of the linked: share that is \
right, and mean score, of the covered mentions that are given a concept."""


class GoldMention(NamedTuple):
    """A mention with the ids that are right for it, the long form that its document defines it by, and its sentence."""

    document: str
    text: str
    kind: str
    ids: tuple[str, ...]
    expansion: str | None
    context: Context | None = None


def gold_mentions(path: Path) -> Iterator[GoldMention]:
    """Mentions of a gzipped PubTator file that have an id; a mention in brackets behind another is its short form.

    Raises CorpusError where the file is damaged.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            blocks = stream.read().split("\n\n")
        for block in blocks:
            lines = block.strip().split("\n")
            text = " ".join(line.split("|", 2)[2] for line in lines if re.match(r"\d+\|[ta]\|", line))
            rows = [cells for cells in (line.split("\t") for line in lines) if len(cells) >= 6 and cells[4] in KINDS]
            ends = {int(cells[2]): cells[3] for cells in rows}
            long = {}
            for _, start, end, short, *_ in rows:
                before = ends.get(int(start) - 2)
                if before and text[int(start) - 2 : int(start)] == " (" and text[int(end) : int(end) + 1] == ")":
                    long[short] = before
            for document, start, end, mention, kind, ids, *_ in rows:
                known = tuple(KINDS[kind][0] + i.removeprefix("MESH:") for i in re.split("[|,;]", ids) if i != "-1")
                if known and known != (f"{KINDS[kind][0]}-",):
                    context = _context(text, int(start), int(end))
                    yield GoldMention(document, mention, kind, known, long.get(mention), context)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise CorpusError(f"{path}: no gzipped PubTator file ({error}); fetch it again.") from None


def _context(text: str, start: int, end: int) -> Context:
    """The sentence that a mention stands in."""
    before, behind = text.rfind(". ", 0, start), text.find(". ", end)
    first = before + 2 if before >= 0 else 0
    return Context(text[first : behind + 1 if behind >= 0 else len(text)], start - first)


def has_id(concept: Concept | Entry, mention: GoldMention) -> bool:
    """Has the concept one of the mention's ids?"""
    return not {concept.id, *concept.xrefs}.isdisjoint(mention.ids)


def is_covered(mention: GoldMention, vocabulary: Vocabulary) -> bool:
    """Does the vocabulary hold one of the mention's ids, as a concept's own or as its cross-reference?"""
    return any(vocabulary.with_id(i) for i in mention.ids)


def linked(mention: GoldMention, vocabulary: Vocabulary) -> Concept | None:
    """The concept that the linker gives a mention, told the entity types it may have."""
    found = (link(type_, mention.text, mention.expansion, vocabulary) for type_ in KINDS[mention.kind][1])
    return next((concept for concept in found if concept), None)


def linking_report(folder: Path, vocabulary: Vocabulary) -> str:
    """Markdown: coverage and accuracy by corpus, split and type. Raises CorpusError where none of them is there."""
    lines = [
        "| corpus | split | type | mentions | coverage | accuracy@1 | among covered | no concept | wrong concept "
        "| of the linked, right | score |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for corpus, split, file in CORPORA:
        if not (folder / file).is_file():
            continue
        gold = list(gold_mentions(folder / file))
        for kind in sorted({m.kind for m in gold}):
            lines.append(f"| {corpus} | {split} | {_row(kind, [m for m in gold if m.kind == kind], vocabulary)} |")
    if len(lines) == 2:
        raise CorpusError(f"{folder}: none of {', '.join(file for *_, file in CORPORA)} is there.")
    return "\n".join([_EXPLAINED, "", *lines])


def _row(kind: str, gold: Sequence[GoldMention], vocabulary: Vocabulary) -> str:
    counted: Counter[str] = Counter()
    scores: list[float] = []
    for mention in gold:
        concept = linked(mention, vocabulary)
        right = concept is not None and has_id(concept, mention)
        covered = is_covered(mention, vocabulary)
        counted["covered"] += covered
        scores += [concept.score] if concept and covered else []
        counted["right"] += right
        counted["none"] += concept is None
        counted["wrong"] += concept is not None and not right
    shares = [counted["covered"] / len(gold), counted["right"] / len(gold)]
    shares += [counted["right"] / max(1, counted["covered"]), counted["none"] / len(gold), counted["wrong"] / len(gold)]
    shares += [counted["right"] / max(1, len(scores)), sum(scores) / max(1, len(scores))]
    return " | ".join([kind, str(len(gold)), *(f"{share:.3f}" for share in shares)])
