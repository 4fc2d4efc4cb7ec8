"""The vocabulary that ships, made from public sources: read, joined by their cross-references, written.

Each source is a gzipped table `concept_id source preferred_name synonyms semantic_type parents xrefs`, lists joined by
`|`.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from oncogloss.concepts.names import SHORT, keys
from oncogloss.concepts.vocabulary import Entry, name_hash, settle, write_vocabulary
from oncogloss.errors import CorpusError
from oncogloss.schema import ENTITY_TYPES


class Row(NamedTuple):
    """One concept of a source."""

    id: str
    source: str
    name: str
    synonyms: list[str]
    type: str
    parents: list[str]
    xrefs: list[str]


class Source(NamedTuple):
    """A table, what its concepts are called, its licence, and which of its entity types are taken."""

    file: str
    vocabulary: str
    licence: str
    types: tuple[str, ...]


# In this order: a concept that an earlier source has, by a cross-reference or the same preferred name, only adds its
# names to it, and where two concepts have a name in common the earlier one has it.
SOURCES = (
    Source("cancers_ncit_core", "NCIt", "CC BY 4.0", ("CANCER",)),
    Source("cancers_oncotree", "OncoTree", "CC BY 4.0", ("CANCER",)),
    Source("diseases_doid", "DOID", "CC0", ("CANCER", "CONDITION")),
    Source("cancers_mondo", "MONDO", "CC BY 4.0", ("CANCER", "CONDITION")),
    Source("mesh_conditions_procedures", "MeSH", "NLM, attribution", ("CANCER", "CONDITION", "PROCEDURE")),
    Source("drugs_nci_dictionary_sample", "NCIt", "US government", ("DRUG",)),
    Source("drugs_unii", "UNII", "US government", ("DRUG",)),
    Source("gdc_terms", "GDC", "Apache-2.0", ("DRUG", "CONDITION", "PROCEDURE")),
    Source("genes_hgnc", "HGNC", "CC0", ("GENE",)),
    Source("genes_ncbi", "NCBI Gene", "public domain", ("GENE",)),
    Source("biomarkers_civic", "CIViC", "CC0", ("BIOMARKER",)),
    Source("biomarkers_ncit", "NCIt", "CC BY 4.0", ("BIOMARKER",)),
    Source("cdisc_ct", "CDISC", "CDISC/NCI EVS, free use", ("MEASURE", "OUTCOME", "INSTRUMENT", "PROCEDURE", "ROUTE")),
)
_SALT = re.compile(
    r" (?:hydrochloride|mesylate|tosylate|maleate|fumarate|succinate|phosphate|sodium|citrate|tartrate|acetate|sulfate|"
    r"malate|hydrobromide|dihydrochloride|besylate|disodium|potassium|monohydrate|anhydrous|lactate|bromide|chloride)\b"
)
_IONS = {
    "sodium",
    "potassium",
    "calcium",
    "magnesium",
    "ammonium",
    "lithium",
    "zinc",
    "dimethyl",
    "hydrogen",
    "choline",
}
_ALLERGEN = re.compile(r"pollen|extract|venom|whole|spore|, |unspecified|oil|dander|root|leaf|seed|fruit|milk|meat")
_PREFERRED, _SYNONYM, _JOINED = range(3)  # ranks: how close a name is to its concept
_FIRST = -1_000  # of a name that our own table gives to a concept whatever other sources say
_REORDERING = {"CANCER", "CONDITION", "PROCEDURE"}  # types whose names keep their meaning in another order


@dataclass
class _Concept:
    entry: Entry
    order: int  # of the source, doubled; a gene that drugs aim at or trials test comes half a step earlier
    names: dict[tuple[str, str], int] = field(default_factory=dict)  # (entity type, name) → rank

    def take(self, row: Row, *, own: bool) -> None:
        ranks = (_PREFERRED, _SYNONYM) if own else (_JOINED, _JOINED)
        for name, rank in ((row.name, ranks[0]), *((s, ranks[1]) for s in row.synonyms)):
            if 1 < len(name) < 80:
                key = (row.type, name)
                self.names[key] = min(rank, self.names.get(key, rank))

    def hashes(self) -> dict[int, int]:
        """Hash of each name → its claim: earlier sources first, then by rank; words in another order last of all."""
        found: dict[int, int] = {}
        for (type_, name), rank in self.names.items():
            for k, key in enumerate(keys(name)[: 2 if type_ in _REORDERING else 1]):
                value = name_hash(type_, key)
                claim = 10 * self.order + rank if k == 0 else 1_000 + self.order
                found[value] = min(claim, found.get(value, claim))
        return found


def read_table(path: Path) -> Iterator[Row]:
    """Rows of a source. Raises CorpusError where a line has not seven columns, or the file is damaged."""
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
            lines = list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: no gzipped table ({error}); fetch it again.") from None
    for number, cells in enumerate(lines[1:], 2):
        if len(cells) != 7:
            raise CorpusError(f"{path}, line {number}: {len(cells)} columns; seven are needed.")
        synonyms, parents, xrefs = ([part for part in cells[i].split("|") if part] for i in (3, 5, 6))
        yield Row(cells[0], cells[1], cells[2], synonyms, cells[4], parents, xrefs)


def _rows(folder: Path, file: str) -> Iterator[Row]:
    """Rows of a source of the folder; none where it is not there."""
    path = folder / f"{file}.tsv.gz"
    return read_table(path) if path.is_file() else iter(())


class _Oncology:
    """What of the wide sources a cancer trial may name, by what narrower ones hold."""

    def __init__(self, folder: Path) -> None:
        self.drugs: set[str] = set()
        self.genes: set[str] = set()
        self.substances: set[str] = set()
        for file in ("drugs_nci_dictionary_sample", "drugs_unii"):
            for row in _rows(folder, file):
                self.substances.update(keys(row.name.lower())[:1])
        for file in ("gdc_terms", "drug_targets", "drugs_nci_dictionary_sample", "biomarkers_civic", "biomarkers_ncit"):
            for row in _rows(folder, file):
                if row.type in ("DRUG", "DRUG_TARGET"):
                    self.drugs.update(self.base(name) for name in (row.name, *row.synonyms))
                if row.type == "DRUG_TARGET":
                    self.genes.update(row.parents)
                elif row.type in ("BIOMARKER", "GENE"):
                    self.genes.update(re.findall(r"[A-Z][A-Z0-9-]+", row.name))

    def names(self, row: Row) -> bool:
        """May a cancer trial name this drug or gene? Caviar is a substance of UNII too."""
        if row.type == "DRUG":
            is_medicine = any(x.startswith("DRUGBANK:") for x in row.xrefs) and not _ALLERGEN.search(row.name)
            return is_medicine or any(self.base(name) in self.drugs for name in (row.name, *row.synonyms))
        return row.type != "GENE" or row.name in self.genes

    def base(self, name: str) -> str:
        """A drug's name in its plain form, without the salt it comes as where what is left is a substance by itself."""
        whole, bare = name.lower(), _SALT.sub("", name.lower())
        plain = "".join(keys(bare)[:1])
        return plain if bare not in _IONS and plain in self.substances else "".join(keys(whole)[:1])


def collect(folder: Path, *, everything: bool = False) -> tuple[list[_Concept], list[dict[str, Any]]]:
    """(concepts of all sources found in the folder, what is told of each source); of drugs and genes those that
    cancer trials may name, or `everything`."""
    concepts: list[_Concept] = []
    by_id: dict[str, _Concept] = {}
    by_name: dict[tuple[str, str], _Concept] = {}
    oncology = _Oncology(folder)
    told = []
    for order, source in enumerate(SOURCES):
        path = folder / f"{source.file}.tsv.gz"
        if not path.is_file():
            continue
        version, taken, joined = "", 0, 0
        for row in read_table(path):
            if row.type not in source.types or not (everything or oncology.names(row)):
                continue
            version = row.source.rsplit(" ", 1)[0] if source.vocabulary == "GDC" else row.source
            name = (row.type, oncology.base(row.name) if row.type == "DRUG" else "".join(keys(row.name)[:1]))
            own_ids = (row.id, *(x for x in row.xrefs if _identifies(x, row.type)))
            concept = next((by_id[i] for i in own_ids if i in by_id), None) or by_name.get(name)
            if concept is None:
                step = 2 * order - (row.type == "GENE" and row.name in oncology.genes)
                concept = _Concept(Entry(row.id, row.name, source.vocabulary), step)
                concepts.append(concept)
                taken += 1
                concept.take(row, own=True)
            else:
                joined += 1
                concept.take(row, own=False)
            for i in own_ids:
                by_id.setdefault(i, concept)
            by_name.setdefault(name, concept)
        told.append(
            {"source": version, "file": source.file, "licence": source.licence, "concepts": taken, "joined": joined}
        )
    return concepts, told


def _identifies(xref: str, type_: str) -> bool:
    kinds = {"GENE": ("HGNC:", "NCBIGene:"), "DRUG": ("DRUGBANK:", "NCIT:"), "BIOMARKER": ()}
    return xref.startswith(kinds.get(type_, ("NCIT:", "DOID:", "MONDO:", "ONCOTREE:")))


def add_own(concepts: list[_Concept], path: Path) -> dict[str, Any]:
    """Add the names of our own table `entity type, preferred name, other names` to the concepts that bear one of the
    longer of them, or make concepts of them; after a type with `!` the names are theirs whatever others claim.

    Returns what is told of the table. Raises CorpusError naming a line that is no row of it.
    """
    settled = settle([c.hashes() for c in concepts])
    mine: dict[tuple[str, str], _Concept] = {}
    taken, joined = 0, 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != 3 or cells[0].removesuffix("!") not in ENTITY_TYPES:
            raise CorpusError(f"{path}, line {number}: not `entity type, name, other names` with tabs between.")
        type_, name, others = cells
        first = type_.endswith("!")
        type_ = type_.removesuffix("!")
        row = Row(f"OG:{name.replace(' ', '_')}", "oncogloss", name, others.split("|") if others else [], type_, [], [])
        telling = [name, *(other for other in row.synonyms if len(other) > 2 * SHORT)]
        hashes = [name_hash(type_, key) for n in telling for key in keys(n)[:1]]
        known = next((settled[h] for h in hashes if h in settled), None)
        concept = mine.get((type_, name)) or (None if known is None else concepts[known])
        is_new = concept is None
        if concept is None:
            concept = mine[type_, name] = _Concept(Entry(row.id, name, "oncogloss"), 2 * len(SOURCES))
            concepts.append(concept)
        taken, joined = taken + is_new, joined + (not is_new)
        concept.take(row, own=is_new)
        if first:
            concept.names.update(dict.fromkeys(((type_, n) for n in (name, *row.synonyms)), _FIRST))
    return {"source": "oncogloss", "file": path.name, "licence": "Apache-2.0", "concepts": taken, "joined": joined}


def build_vocabulary(folder: Path, out: Path, own: Path | None, *, everything: bool = False) -> str:
    """Build the store of `folder`'s sources, and of our `own` table, in `out`; returns a Markdown table of it.

    Raises CorpusError where the folder holds no known source.
    """
    concepts, told = collect(folder, everything=everything)
    if not concepts:
        raise CorpusError(f"{folder}: none of {', '.join(s.file for s in SOURCES)}.tsv.gz is there.")
    if own is not None:
        told.append(add_own(concepts, own))
    settled = settle([c.hashes() for c in concepts])
    write_vocabulary([c.entry for c in concepts], settled, out, told)
    return _table(concepts, told, len(settled))


def _table(concepts: Iterable[_Concept], told: Iterable[dict[str, Any]], names: int) -> str:
    lines = ["| source | licence | concepts | joined to an earlier one |", "|---|---|---|---|"]
    lines += [f"| {t['source']} | {t['licence']} | {t['concepts']:,} | {t['joined']:,} |" for t in told]
    kinds = Counter(type_ for c in concepts for type_ in {type_ for type_, _ in c.names})
    by_type = ", ".join(f"{kind} {n:,}" for kind, n in kinds.most_common())
    lines += ["", f"{names:,} names; concepts by type: {by_type}."]
    return "\n".join(lines)
