"""Public corpora read into our types, each with a declared map onto them and a mask of what it leaves out.

All are licensed for shipped weights (public-domain mark, CC BY, CC0 or MIT); test parts are never read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from oncogloss.schema import EntityType
from oncogloss.training.corpora import (
    GoldDocument,
    GoldEntity,
    GoldPassage,
    GoldRelation,
    open_text,
    read_rows,
)

_CANCER_WORD = re.compile(
    r"cancer|carcinoma|tumou?r|neoplas|leuk[a]?emia|lymphoma|sarcoma|melanoma|blastoma|metasta|malignan|glioma"
    r"|myeloma|adenoma|mesothelioma",
    re.IGNORECASE,
)


def _disease_type(name: str) -> EntityType:
    return "CANCER" if _CANCER_WORD.search(name) else "CONDITION"


def _document(
    identifier: str,
    text: str,
    entities: list[GoldEntity],
    types: frozenset[EntityType],
    origin: str,
    relations: tuple[GoldRelation, ...] = (),
) -> GoldDocument:
    passage = GoldPassage(
        name="text",
        text=text,
        entities=tuple(sorted(entities, key=lambda e: (e.start, -e.end))) if not relations else tuple(entities),
        relations=relations,
        types=types,
        has_relations=bool(relations),
        has_attributes=False,
        has_sections=False,
    )
    return GoldDocument(f"{origin}:{identifier}", (passage,), origin)


def bc5cdr(path: Path) -> Iterator[GoldDocument]:
    """PubTator file of BC5CDR: chemicals are DRUG, diseases CANCER or CONDITION by their words."""
    with open_text(path) as lines:
        blocks = lines.read().split("\n\n")
    for block in blocks:
        rows = block.strip().split("\n")
        if len(rows) < 2:
            continue
        identifier, _, title = rows[0].split("|", 2)
        text = title + " " + rows[1].split("|", 2)[2]
        entities: list[GoldEntity] = []
        for row in rows[2:]:
            cells = row.split("\t")
            if len(cells) < 6 or any(e.start < int(cells[2]) and int(cells[1]) < e.end for e in entities):
                continue
            kind: EntityType = "DRUG" if cells[4] == "Chemical" else _disease_type(cells[3])
            entities.append(GoldEntity(kind, int(cells[1]), int(cells[2])))
        yield _document(identifier, text, entities, frozenset({"DRUG", "CANCER", "CONDITION"}), "bc5cdr")


_NO_SPACE_BEFORE, _NO_SPACE_AFTER = set(".,;:)]%'/-"), set("([/-'")


def bio_sentences(path: Path, labels: Mapping[str, EntityType | None], origin: str) -> Iterator[GoldDocument]:
    """Token and BIO tag a line, a blank line between sentences; `labels` None: decided by the disease's words."""
    types: set[EntityType] = {t for t in labels.values() if t}
    if None in labels.values():
        types |= {"CANCER", "CONDITION"}
    with open_text(path) as lines:
        sentences = lines.read().split("\n\n")
    for number, sentence in enumerate(sentences):
        text, found = "", list[tuple[str, int, int]]()
        for row in sentence.strip().split("\n"):
            token, _, tag = row.partition("\t")
            if not token:
                continue
            if text and token[0] not in _NO_SPACE_BEFORE and text[-1] not in _NO_SPACE_AFTER:
                text += " "
            start = len(text)
            text += token
            if tag.startswith("B-"):
                found.append((tag[2:], start, len(text)))
            elif tag.startswith("I-") and found:
                found[-1] = (found[-1][0], found[-1][1], len(text))
        entities = [
            GoldEntity(labels[label] or _disease_type(text[a:b]), a, b) for label, a, b in found if label in labels
        ]
        if text:
            yield _document(str(number), text, entities, frozenset(types), origin)


def civicmine(path: Path) -> Iterator[GoldDocument]:
    """Sentences with cancers, genes and drugs found by dictionary (training part only)."""
    labels: dict[str, EntityType] = {"gene": "GENE", "cancer": "CANCER", "drug": "DRUG"}
    for row in read_rows(path):
        if row["split"] != "train":
            continue
        entities = [
            GoldEntity(labels[e["type"]], e["spans"][0][0], e["spans"][0][1])
            for e in row["entities"]
            if e["type"] in labels and len(e["spans"]) == 1
        ]
        yield _document(row["id"], row["text"], entities, frozenset({"CANCER", "GENE"}), "civicmine")


def abbreviations(path: Path) -> Iterator[GoldDocument]:
    """Short and long forms: ABBREV_OF between spans of no known type."""
    for row in read_rows(path):
        entities: list[GoldEntity] = []
        relations: list[GoldRelation] = []
        for pair in row["pairs"]:
            if len(pair["sf_spans"]) == len(pair["lf_spans"]) == 1:
                for start, end in (pair["sf_spans"][0], pair["lf_spans"][0]):
                    entities.append(GoldEntity("OUTCOME", start, end))
                relations.append(GoldRelation("ABBREV_OF", len(entities) - 2, len(entities) - 1))
        if relations:
            yield _document(row["id"], row["text"], entities, frozenset(), path.stem, tuple(relations))


_CANCER_GENETICS: dict[str, EntityType | None] = {"Cancer": "CANCER", "Gene_or_gene_product": "GENE"}

# Where each corpus lies below the folder of corpora, and how it is read.
CORPORA: dict[str, Callable[[Path], Iterator[GoldDocument]]] = {
    "bc5cdr_pubtator/CDR_TrainingSet.PubTator.txt.gz": bc5cdr,
    "bc5cdr_pubtator/CDR_DevelopmentSet.PubTator.txt.gz": bc5cdr,
    "biomed_ner_mtl/NCBI-disease/train.tsv.gz": lambda p: bio_sentences(p, {"Disease": None}, "ncbi_disease"),
    "biomed_ner_mtl/BioNLP13CG/train.tsv.gz": lambda p: bio_sentences(p, _CANCER_GENETICS, "cancer_genetics"),
    "biomed_ner_mtl/BC2GM/train.tsv.gz": lambda p: bio_sentences(p, {"GENE": "GENE"}, "bc2gm"),
    "civicmine/civicmine.jsonl.gz": civicmine,
    "abbreviations/ab3p.jsonl.gz": abbreviations,
    "abbreviations/bioadi.jsonl.gz": abbreviations,
}


def import_corpora(folder: Path) -> list[GoldDocument]:
    """All corpora of CORPORA that lie below `folder`; a corpus that is not there is left out."""
    return [d for name, read in CORPORA.items() if (folder / name).is_file() for d in read(folder / name)]
