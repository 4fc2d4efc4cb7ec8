"""Public corpora read into our types: for each a declared label map, a mask of what it leaves out, its licence.

A label mapped to DISEASE becomes CANCER or CONDITION by its own words. A type counts as annotated (its absence
means something) only where the corpus marks every mention of it; other mapped labels are kept as `partial`
evidence. Only corpora whose licence allows it may train weights that ship; test parts are never trained on.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from oncogloss.schema import EntityType
from oncogloss.training.corpora import GoldDocument, GoldEntity, GoldPassage, GoldRelation, open_text, read_rows

Label = EntityType | Literal["DISEASE"]
Annotated = tuple[str, str, list[tuple[str, int, int]]]  # (id, text, [(label, start, end)])

_CANCER_WORD = re.compile(
    r"cancer|carcinoma|tumou?r|neoplas|leuk[a]?emia|lymphoma|sarcoma|melanoma|blastoma|metasta|malignan|glioma"
    r"|myeloma|adenoma|mesothelioma",
    re.IGNORECASE,
)


def standoff(path: Path, splits: tuple[str, ...] = ("train", "all")) -> Iterator[Annotated]:
    """JSON lines with `text` and `entities` that have `type` and `spans`; discontinuous spans are left out."""
    for row in read_rows(path):
        if row.get("split", "all") in splits:
            spans = [(e["type"], *e["spans"][0]) for e in row["entities"] if len(e["spans"]) == 1]
            yield str(row["id"]), row["text"], spans


def pubtator(path: Path) -> Iterator[Annotated]:
    """PubTator: a title line, an abstract line, tab-separated annotations over both joined by a space."""
    with open_text(path) as lines:
        blocks = lines.read().split("\n\n")
    for block in blocks:
        rows = block.strip().split("\n")
        if len(rows) < 2:
            continue
        identifier, _, title = rows[0].split("|", 2)
        cells = [row.split("\t") for row in rows[2:]]
        spans = [(c[4], int(c[1]), int(c[2])) for c in cells if len(c) >= 5 and c[1].isdigit()]
        yield identifier, title + " " + rows[1].split("|", 2)[2], spans


_NO_SPACE_BEFORE, _NO_SPACE_AFTER = set(".,;:)]%'/-"), set("([/-'")


def columns(path: Path) -> Iterator[Annotated]:
    """A token a line, its BIO or IO tag in the last column, a blank line between sentences."""
    with open_text(path) as lines:
        sentences = lines.read().split("\n\n")
    for number, sentence in enumerate(sentences):
        text, spans, last = "", list[tuple[str, int, int]](), "O"
        for row in sentence.strip().split("\n"):
            cells = row.split()
            if len(cells) < 2 or cells[0].startswith("-DOCSTART"):
                continue
            if text and cells[0][0] not in _NO_SPACE_BEFORE and text[-1] not in _NO_SPACE_AFTER:
                text += " "
            start, tag = len(text), cells[-1]
            text += cells[0]
            if tag.startswith("I-") and spans and last[2:] == tag[2:]:
                spans[-1] = (spans[-1][0], spans[-1][1], len(text))
            elif tag[:2] in ("B-", "I-"):
                spans.append((tag[2:], start, len(text)))
            last = tag
        if text:
            yield str(number), text, spans


def slots(path: Path) -> Iterator[Annotated]:
    """`start:end:label,…` (from 1, end exclusive), a tab, then one criterion line."""
    with open_text(path) as lines:
        for number, line in enumerate(lines):
            marks, _, text = line.rstrip("\n").partition("\t")
            parts = [mark.split(":") for mark in marks.split(",") if mark.count(":") == 2]
            yield str(number), text, [(label, int(start) - 1, int(end) - 1) for start, end, label in parts]


def drug_spans(path: Path) -> Iterator[Annotated]:
    """Sentences with `spans` of drugs."""
    for row in read_rows(path):
        yield row["doc_id"], row["sentence"], [("drug", s["start"], s["end"]) for s in row["spans"]]


def bracketed(path: Path) -> Iterator[Annotated]:
    """Sentences with one `<< gene >>` and one `[[ chemical ]]` marked in the text; the marks are taken out."""
    for number, row in enumerate(read_rows(path)):
        text, spans = "", list[tuple[str, int, int]]()
        for part in re.split(r"(<< .+? >>|\[\[ .+? \]\])", row["text"]):
            label = {"<< ": "gene", "[[ ": "chemical"}.get(part[:3])
            inner = part[3:-3] if label else part
            if label:
                spans.append((label, len(text), len(text) + len(inner)))
            text += inner
        yield str(number), text, spans


@dataclass(frozen=True)
class Corpus:
    """How one public corpus is read. `files` are below the folder of corpora; training parts only.

    `exhaustive` are the types of which every mention is marked; `ships`: may its labels train shipped weights?
    """

    name: str
    files: tuple[str, ...]
    read: Callable[[Path], Iterator[Annotated]]
    labels: Mapping[str, Label]
    exhaustive: frozenset[EntityType]
    licence: str
    ships: bool


def _types(*types: EntityType) -> frozenset[EntityType]:
    return frozenset(types)


_DISEASES = _types("CANCER", "CONDITION")
_BIO = "biomed_ner_mtl"
CORPORA = (
    Corpus(
        "bc5cdr",
        ("bc5cdr_pubtator/CDR_TrainingSet.PubTator.txt.gz", "bc5cdr_pubtator/CDR_DevelopmentSet.PubTator.txt.gz"),
        pubtator, {"Chemical": "DRUG", "Disease": "DISEASE"}, _DISEASES | {"DRUG"}, "public-domain mark", True,
    ),
    Corpus(
        "ncbi_disease", (f"{_BIO}/NCBI-disease/train.tsv.gz",), columns, {"Disease": "DISEASE"}, _DISEASES,
        "CC0 1.0", True,
    ),
    Corpus(
        "cancer_genetics", (f"{_BIO}/BioNLP13CG/train.tsv.gz",), columns,
        {"Cancer": "CANCER", "Gene_or_gene_product": "GENE"}, _types("CANCER", "GENE"), "CC BY 3.0", True,
    ),
    Corpus("bc2gm", (f"{_BIO}/BC2GM/train.tsv.gz",), columns, {"GENE": "GENE"}, _types("GENE"), "CC BY 4.0", True),
    Corpus(
        "jnlpba", ("jnlpba/jnlpba_standoff.jsonl.gz",), standoff, {"protein": "GENE", "DNA": "GENE", "RNA": "GENE"},
        _types("GENE"), "CC BY 3.0", True,
    ),
    Corpus(
        "civicmine", ("civicmine/civicmine.jsonl.gz",), standoff,
        {"gene": "GENE", "cancer": "CANCER", "drug": "DRUG"}, _types("GENE", "CANCER"), "MIT", True,
    ),
    Corpus(
        "cancermine", ("cancermine/cancermine.jsonl.gz",), standoff, {"gene": "GENE", "cancer": "CANCER"},
        _types("GENE", "CANCER"), "CC BY 4.0", True,
    ),
    Corpus("seth", ("variants/seth_corpus.jsonl.gz",), standoff, {"Gene": "GENE"}, _types(), "Apache-2.0", True),
    Corpus(
        "chemprot", ("chemprot/chemprot_train.jsonl.gz",), bracketed, {"gene": "GENE", "chemical": "DRUG"}, _types(),
        "public-domain mark", True,
    ),
    Corpus(
        "fb_ct_parser", ("fb_ct_parser/medical_ner_test.tsv.gz",), slots,
        {"cancer": "CANCER", "chronic_disease": "CONDITION", "clinical_variable": "MEASURE", "pregnancy": "CONDITION"},
        _types(), "Apache-2.0", False,
    ),
    Corpus(
        "covid_trials", ("covid_trials_omop/covid_trials.jsonl.gz",), standoff,
        {"Condition": "DISEASE", "Value": "VALUE", "Measurement": "MEASURE", "Procedure": "PROCEDURE",
         "Temporal": "TIME", "Person": "POPULATION"},
        _types(), "not stated", False,
    ),
    Corpus(
        "lct", ("lct/lct.jsonl.gz",), standoff,
        {"Condition-Name": "DISEASE", "Procedure-Name": "PROCEDURE", "Life-Stage-And-Gender": "POPULATION"}, _types(),
        "not stated", False,
    ),
    Corpus(
        "biored", ("biored/Train.PubTator.gz",), pubtator,
        {"DiseaseOrPhenotypicFeature": "DISEASE", "GeneOrGeneProduct": "GENE", "ChemicalEntity": "DRUG",
         "SequenceVariant": "BIOMARKER"},
        _DISEASES | {"GENE"}, "not stated", False,
    ),
    Corpus(
        "ddi2013", ("ddi2013/ddi2013_sentences.jsonl.gz",), standoff,
        {"drug": "DRUG", "brand": "DRUG", "drug_n": "DRUG", "group": "DRUG_CLASS"}, _types("DRUG", "DRUG_CLASS"),
        "CC BY-NC 4.0", False,
    ),
    Corpus(
        "pgxcorpus", ("pgxcorpus/pgxcorpus.jsonl.gz",), standoff,
        {"Chemical": "DRUG", "Gene_or_protein": "GENE", "Disease": "DISEASE"}, _DISEASES | {"GENE"},
        "CC BY-NC 4.0", False,
    ),
    Corpus(
        "maccrobat", ("maccrobat/maccrobat2020.jsonl.gz",), standoff,
        {"Disease_disorder": "DISEASE", "Sign_symptom": "CONDITION", "Medication": "DRUG", "Dosage": "DOSE",
         "Therapeutic_procedure": "PROCEDURE", "Diagnostic_procedure": "PROCEDURE", "Duration": "TIME"},
        _types(), "not stated", False,
    ),
    Corpus(
        "drug_combo", ("drug_combo/drug_combo_train.jsonl.gz",), drug_spans, {"drug": "DRUG"}, _types("DRUG"),
        "not stated", False,
    ),
    Corpus(
        "pico_breast", ("pico_breast/pico_breast.jsonl.gz",), standoff, {"outcome": "OUTCOME", "condition": "DISEASE"},
        _types(), "not stated", False,
    ),
    Corpus("ebm_nlp", ("ebm_nlp/ebmnlp_dev.conll.gz",), columns, {"OUT": "OUTCOME"}, _types(), "not stated", False),
    Corpus(
        "ebm_comet", ("ebm_comet/ebm_comet_train.conll.gz",), columns, {"outcome": "OUTCOME"}, _types(),
        "not stated", False,
    ),
    Corpus(
        "variome", ("variants/variome_verspoor2013.jsonl.gz",), standoff, {"gene": "GENE", "disease": "DISEASE"},
        _types("GENE"), "not stated", False,
    ),
    Corpus(
        "tmvar", ("variants/tmVar_Wei2013_train.PubTator.txt.gz",), pubtator,
        {"ProteinMutation": "BIOMARKER", "DNAMutation": "BIOMARKER", "SNP": "BIOMARKER"}, _types(), "not stated", False,
    ),
)  # fmt: skip


def read_corpus_files(corpus: Corpus, folder: Path) -> Iterator[GoldDocument]:
    """The documents of one corpus below `folder`, labels mapped; a file that is not there is left out."""
    for name in corpus.files:
        if (folder / name).is_file():
            for identifier, text, spans in corpus.read(folder / name):
                entities = _mapped(text, spans, corpus.labels)
                if text.strip() and (entities or corpus.exhaustive):
                    yield _document(corpus, identifier, text, entities)


def _mapped(text: str, spans: list[tuple[str, int, int]], labels: Mapping[str, Label]) -> list[GoldEntity]:
    """Mapped spans in reading order; of spans that overlap the longest stays."""
    kept: list[GoldEntity] = []
    for label, start, end in sorted(spans, key=lambda s: (s[1] - s[2], s[1])):
        if label in labels and start < end and not any(e.start < end and start < e.end for e in kept):
            mapped = labels[label]
            if mapped == "DISEASE":
                mapped = "CANCER" if _CANCER_WORD.search(text[start:end]) else "CONDITION"
            kept.append(GoldEntity(mapped, start, end))
    return sorted(kept, key=lambda e: e.start)


def _document(corpus: Corpus, identifier: str, text: str, entities: list[GoldEntity]) -> GoldDocument:
    passage = GoldPassage(
        name="text",
        text=text,
        entities=tuple(e for e in entities if not corpus.exhaustive or e.type in corpus.exhaustive),
        types=corpus.exhaustive or frozenset(e.type for e in entities),
        partial=not corpus.exhaustive,
        has_relations=False,
        has_attributes=False,
        has_sections=False,
    )
    return GoldDocument(f"{corpus.name}:{identifier}", (passage,), corpus.name)


def abbreviations(path: Path) -> Iterator[GoldDocument]:
    """Short and long forms: ABBREV_OF between spans of no known type."""
    for row in read_rows(path):
        entities: list[GoldEntity] = []
        relations: list[GoldRelation] = []
        for pair in row["pairs"]:
            if len(pair["sf_spans"]) == len(pair["lf_spans"]) == 1:
                entities += [GoldEntity("OUTCOME", *pair[key][0]) for key in ("sf_spans", "lf_spans")]
                relations.append(GoldRelation("ABBREV_OF", len(entities) - 2, len(entities) - 1))
        if relations:
            passage = GoldPassage(
                name="text",
                text=row["text"],
                entities=tuple(entities),
                relations=tuple(relations),
                types=frozenset(),
                has_attributes=False,
                has_sections=False,
            )
            yield GoldDocument(f"abbreviations:{row['id']}", (passage,), "abbreviations")


ABBREVIATION_FILES = ("abbreviations/ab3p.jsonl.gz", "abbreviations/bioadi.jsonl.gz")


def shippable(folder: Path, most: int, seed: int) -> list[GoldDocument]:
    """At most `most` documents, drawn by `seed`, of each corpus below `folder` that may train shipped weights."""
    groups = [list(read_corpus_files(corpus, folder)) for corpus in CORPORA if corpus.ships]
    files = [folder / name for name in ABBREVIATION_FILES if (folder / name).is_file()]
    groups.append([d for path in files for d in abbreviations(path)])
    dice = random.Random(seed)
    return [d for group in groups for d in dice.sample(group, min(most, len(group)))]
