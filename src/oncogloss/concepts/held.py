"""Vocabularies that a user holds under a licence of their own, read as rows: UMLS, SNOMED CT, MedDRA, LOINC, RxNorm.

Read by the column layouts that their publishers document; nothing of them ships. A store's names stay its own: what is
held adds further names, ids and concepts to it.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from shutil import copyfile

from oncogloss.concepts.build import claims_of
from oncogloss.concepts.index import CONCEPTS, TABLE
from oncogloss.concepts.names import keys
from oncogloss.concepts.parents import without_cycles
from oncogloss.concepts.tables import Row, Source, told_of
from oncogloss.concepts.vocabulary import (
    SHORT_FORMS,
    Entry,
    Vocabulary,
    name_hash,
    settle,
    write_sums,
    write_vocabulary,
)
from oncogloss.errors import CorpusError

_UMLS_TYPES = {  # semantic types → entity types
    "T191": "CANCER",
    **dict.fromkeys(("T019", "T020", "T037", "T046", "T047", "T048", "T049", "T184", "T190"), "CONDITION"),
    **dict.fromkeys(("T121", "T195", "T200", "T129"), "DRUG"),
    **dict.fromkeys(("T034", "T059", "T201"), "MEASURE"),
    **dict.fromkeys(("T060", "T061"), "PROCEDURE"),
    "T028": "GENE",
}
_UMLS_CODES = {
    "NCI": "NCIT:", "MSH": "MESH:", "SNOMEDCT_US": "SNOMEDCT:", "MDR": "MEDDRA:", "LNC": "LOINC:", "RXNORM": "RXNORM:",
    "HGNC": "",
}  # fmt: skip
_SNOMED_TYPES = {  # what a fully specified name ends with
    "disorder": "CONDITION", "finding": "CONDITION", "procedure": "PROCEDURE", "substance": "DRUG",
    "medicinal product": "DRUG", "observable entity": "MEASURE", "assessment scale": "INSTRUMENT",
}  # fmt: skip
_IS_A, _FULLY_SPECIFIED, _NEOPLASTIC = "116680003", "900000000000003001", "55342001"
_MEDDRA_TYPES = {  # primary system organ classes of other types than conditions; "" where nothing is taken
    "10029104": "CANCER", "10022891": "MEASURE", "10042613": "PROCEDURE", "10041244": "", "10077536": "",
}  # fmt: skip


def _records(folder: Path, name: str, columns: int, separator: str) -> Iterator[list[str]]:
    """Lines of the one file of the folder, or below it, that is called so. Raises CorpusError where there is none, or a
    line has fewer columns."""
    path = next(iter(sorted(folder.rglob(name))), None)
    if path is None:
        raise CorpusError(f"{folder}: no {name} is there; give the folder of a release.")
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        for number, line in enumerate(stream, 1):
            cells = line.rstrip("\r\n").split(separator)
            if len(cells) < columns:
                raise CorpusError(f"{path}, line {number}: {len(cells)} columns; {columns} are needed.")
            yield cells


def read_umls(folder: Path) -> Iterator[Row]:
    """Concepts of the Metathesaurus by their English names (MRCONSO, MRSTY, MRREL)."""
    types = {
        cells[0]: _UMLS_TYPES[cells[1]] for cells in _records(folder, "MRSTY.RRF", 4, "|") if cells[1] in _UMLS_TYPES
    }
    parents: defaultdict[str, list[str]] = defaultdict(list)
    for cells in _records(folder, "MRREL.RRF", 15, "|"):
        if cells[3] == "PAR" and cells[14] == "N" and cells[0] in types and cells[4] in types:
            parents[cells[0]].append(f"UMLS:{cells[4]}")
    for cui, group in groupby(_records(folder, "MRCONSO.RRF", 18, "|"), lambda cells: cells[0]):
        atoms = [cells for cells in group if cells[1] == "ENG" and cells[16] == "N"]
        if cui not in types or not atoms:
            continue
        preferred = next((a[14] for a in atoms if (a[2], a[4], a[6]) == ("P", "PF", "Y")), atoms[0][14])
        codes = dict.fromkeys(_UMLS_CODES[a[11]] + a[13] for a in atoms if a[11] in _UMLS_CODES)
        names = dict.fromkeys(a[14] for a in atoms)
        yield Row(f"UMLS:{cui}", "UMLS", preferred, list(names), types[cui], parents[cui], list(codes))


def read_snomed(folder: Path) -> Iterator[Row]:
    """Active concepts of an RF2 release by their English descriptions (snapshots of concepts, descriptions and
    relationships); what is a kind of neoplastic disease is a cancer."""
    tab = "\t"
    active = {cells[0] for cells in _records(folder, "sct2_Concept_Snapshot*.txt", 5, tab) if cells[2] == "1"}
    parents: defaultdict[str, list[str]] = defaultdict(list)
    children: defaultdict[str, list[str]] = defaultdict(list)
    for cells in _records(folder, "sct2_Relationship_Snapshot*.txt", 10, tab):
        if cells[2] == "1" and cells[7] == _IS_A:
            parents[cells[4]].append(f"SNOMEDCT:{cells[5]}")
            children[cells[5]].append(cells[4])
    neoplastic, left = {_NEOPLASTIC}, [_NEOPLASTIC]
    while left:
        new = set(children[left.pop()]) - neoplastic
        neoplastic |= new
        left += new
    full: dict[str, str] = {}
    names: defaultdict[str, list[str]] = defaultdict(list)
    for cells in _records(folder, "sct2_Description_Snapshot-en*.txt", 9, tab):
        if cells[2] == "1" and cells[4] in active:
            names[cells[4]].append(cells[7])
            if cells[6] == _FULLY_SPECIFIED:
                full[cells[4]] = cells[7]
    for code, name in full.items():
        preferred, _, tag = name.removesuffix(")").rpartition(" (")
        type_ = "CANCER" if code in neoplastic else _SNOMED_TYPES.get(tag)
        if type_:
            synonyms = [other for other in names[code] if other != name]
            yield Row(f"SNOMEDCT:{code}", "SNOMED CT", preferred, synonyms, type_, parents[code], [])


def read_meddra(folder: Path) -> Iterator[Row]:
    """Preferred terms with their current lowest-level terms (pt.asc, llt.asc)."""
    lower: defaultdict[str, list[str]] = defaultdict(list)
    for cells in _records(folder, "llt.asc", 10, "$"):
        if cells[9] == "Y":
            lower[cells[2]].append(cells[1])
    for code, name, _, organ_class, *_ in _records(folder, "pt.asc", 4, "$"):
        if type_ := _MEDDRA_TYPES.get(organ_class, "CONDITION"):
            yield Row(f"MEDDRA:{code}", "MedDRA", name, lower[code], type_, [], [])


def read_loinc(folder: Path) -> Iterator[Row]:
    """Active codes (Loinc.csv). A component alone is no name: many codes have the same."""
    path = next(iter(sorted(folder.rglob("Loinc.csv"))), None)
    if path is None:
        raise CorpusError(f"{folder}: no Loinc.csv is there; give the folder of a release.")
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        table = csv.DictReader(stream)
        lacking = {"LOINC_NUM", "LONG_COMMON_NAME", "STATUS"} - set(table.fieldnames or ())
        if lacking:
            raise CorpusError(f"{path}: no column {', '.join(sorted(lacking))}; give the table of a release.")
        for cells in table:
            if cells["STATUS"] == "ACTIVE":
                names = [cells.get(column) or "" for column in ("SHORTNAME", "DisplayName", "CONSUMER_NAME")]
                named = [name for name in names if name]
                yield Row(f"LOINC:{cells['LOINC_NUM']}", "LOINC", cells["LONG_COMMON_NAME"], named, "MEASURE", [], [])


def read_rxnorm(folder: Path) -> Iterator[Row]:
    """RxNorm's ingredients, with brands and precise ingredients that are of one alone (RXNCONSO, RXNREL)."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    kinds: dict[str, str] = {}
    for cells in _records(folder, "RXNCONSO.RRF", 18, "|"):
        if cells[1] == "ENG" and cells[11] == "RXNORM" and cells[12] in ("IN", "PIN", "BN") and cells[16] != "O":
            names[cells[0]].append(cells[14])
            kinds[cells[0]] = cells[12]
    ingredients: defaultdict[str, set[str]] = defaultdict(set)
    for cells in _records(folder, "RXNREL.RRF", 16, "|"):
        if cells[7] in ("tradename_of", "form_of") and kinds.get(cells[0]) == "IN" and cells[4] in kinds:
            ingredients[cells[4]].add(cells[0])  # the second is what is said of the first
    forms: defaultdict[str, list[str]] = defaultdict(list)
    for form, of in ingredients.items():
        if len(of) == 1:
            forms[next(iter(of))] += names[form]
    for code, kind in kinds.items():
        if kind == "IN":
            yield Row(f"RXNORM:{code}", "RxNorm", names[code][0], [*names[code][1:], *forms[code]], "DRUG", [], [])


HELD: dict[str, tuple[Callable[[Path], Iterator[Row]], str]] = {  # vocabulary → its reader, its licence
    "UMLS": (read_umls, "UMLS Metathesaurus licence of the user; not for redistribution"),
    "SNOMED CT": (read_snomed, "SNOMED International affiliate licence of the user; not for redistribution"),
    "MedDRA": (read_meddra, "MedDRA subscription of the user; not for redistribution"),
    "LOINC": (read_loinc, "LOINC licence, attribution"),
    "RxNorm": (read_rxnorm, "US government; as a release of the user's"),
}


def extend_vocabulary(base: Vocabulary, held: Iterable[tuple[str, Path]], out: Path) -> str:
    """Write in `out` the store `base` with the vocabularies (name in HELD, folder) that a user holds; returns Markdown.

    A row joins the concept that one of its ids names or, where they name none or several, the one that bears its
    preferred name. Raises CorpusError naming a file that is missing or damaged.
    """
    if out.resolve() == base.folder.resolve():
        raise CorpusError(f"{out}: the vocabulary that is extended; give another folder to write to.")
    entries, names, told = base.entries(), base.names(), base.sources()
    lines = ["| source | licence | concepts | joined to an earlier one |", "|---|---|---|---|"]
    for vocabulary, folder in held:
        read, licence = HELD[vocabulary]
        before = len(entries)
        rows = _taken(list(read(folder)), vocabulary, entries, names)
        new = len(entries) - before
        source = Source(folder.name, vocabulary, licence, ())
        told.append(told_of(source, vocabulary, new, rows - new) | {"version": f"read {date.today():%Y-%m-%d}"})
        lines.append(f"| {vocabulary} | {licence} | {new:,} | {rows - new:,} |")
    out.mkdir(parents=True, exist_ok=True)
    if base.senses:
        copyfile(base.folder / SHORT_FORMS, out / SHORT_FORMS)
    write_vocabulary(without_cycles(entries), names, out, told)
    if base.index:
        for file in (TABLE, CONCEPTS):
            copyfile(base.folder / file, out / file)
        write_sums(out)
    return "\n".join(lines)


def _taken(rows: list[Row], vocabulary: str, entries: list[Entry], names: dict[int, int]) -> int:
    """Take the rows of one vocabulary into entries and names; returns how many they were."""
    placed = [_known(row, names) for row in rows]
    for i, row in enumerate(rows):
        if placed[i] is None:
            placed[i] = len(entries)
            entries.append(Entry(row.id, row.name, vocabulary))
    claims: list[dict[int, int]] = [{} for _ in entries]
    for row, at in zip(rows, placed, strict=True):
        assert at is not None
        ids = [i for i in dict.fromkeys((row.id, *row.xrefs)) if names.setdefault(name_hash("ID", i), at) == at]
        kept = dict.fromkeys((*entries[at].xrefs, *(i for i in ids if i != entries[at].id)))
        entries[at] = entries[at]._replace(xrefs=tuple(kept))
        claimed = {(row.type, n): rank for rank, some in enumerate(([row.name], row.synonyms)) for n in reversed(some)}
        claims[at] |= {name: claim for name, claim in claims_of(claimed).items() if name not in names}
    names.update(settle(claims))
    for row, at in zip(rows, placed, strict=True):
        assert at is not None
        found = (names.get(name_hash("ID", parent)) for parent in row.parents)
        parents = (entries[p].id for p in found if p is not None and p != at)
        entries[at] = entries[at]._replace(parents=tuple(dict.fromkeys((*entries[at].parents, *parents))))
    return len(rows)


def _known(row: Row, names: dict[int, int]) -> int | None:
    """The concept that a row is, among those there were before its vocabulary."""
    by_id = {at for i in (row.id, *row.xrefs) if (at := names.get(name_hash("ID", i))) is not None}
    if len(by_id) == 1:
        return next(iter(by_id))
    return next((at for key in keys(row.name)[:1] if (at := names.get(name_hash(row.type, key))) is not None), None)
