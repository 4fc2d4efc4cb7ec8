"""Labels that a trial record's own structure gives: its interventions and conditions found again in its text,
its outcome measures and their time frames. Reliable where they stand, silent elsewhere (`partial`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from oncogloss.schema import EntityType
from oncogloss.training.corpora import (
    GoldDocument,
    GoldEntity,
    GoldPassage,
    open_text,
    read_rows,
    record_passages,
)

_TIME_FRAME = re.compile(
    r"(?:up to|at|from|through|within|during|every|approximately|about|baseline|day|week|month|year|\d)\b.*",
    re.IGNORECASE,
)
_COUNTING = re.compile(
    r"\b(?:number|percentage|proportion|participants|patients|change|incidence|rate of)\b", re.IGNORECASE
)
_DRUG_KINDS = {"DRUG", "BIOLOGICAL", "Drug", "Biological"}
WEAK_TYPES: frozenset[EntityType] = frozenset({"DRUG", "CANCER", "OUTCOME", "TIME"})


def _id(row: dict[str, Any]) -> str:
    return str(row.get("id") or row.get("nct_id"))


def _names(row: dict[str, Any]) -> Iterator[tuple[EntityType, str]]:
    for item in row.get("interventions") or []:
        if item.get("type") in _DRUG_KINDS:
            for name in [item.get("name") or "", *(item.get("other_names") or [])]:
                for part in re.split(r"\s*(?:\+|/|,|;|\band\b|\bplus\b|\bwith\b)\s*", name):
                    if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{4,24}", part):
                        yield "DRUG", part
    for name in row.get("conditions") or []:
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9 ,'-]{4,40}", name) and not re.search(
            r"stage|recurrent|metastatic|advanced|refractory|relapsed|unspecified|,|adult|childhood",
            name,
            re.IGNORECASE,
        ):
            yield "CANCER", name


def _found_again(text: str, names: Iterable[tuple[EntityType, str]]) -> list[GoldEntity]:
    entities: list[GoldEntity] = []
    for kind, name in sorted(set(names), key=lambda n: -len(n[1])):
        for m in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE):
            if not any(e.start < m.end() and m.start() < e.end for e in entities):
                entities.append(GoldEntity(kind, m.start(), m.end()))
    return entities


def _outcome_spans(row: dict[str, Any], text: str) -> list[GoldEntity]:
    entities, position = [], 0
    for outcome in [*(row.get("primary_outcomes") or []), *(row.get("secondary_outcomes") or [])]:
        measure = (outcome.get("measure") or "").strip().rstrip(".")
        frame = (outcome.get("time_frame") or "").strip().rstrip(".")
        start = text.find(measure, position) if measure else -1
        if start >= 0:
            position = start + len(measure)
            if len(measure.split()) <= 4 and "(" not in measure and not _COUNTING.search(measure):
                entities.append(GoldEntity("OUTCOME", start, position))
        start = text.find(frame, position) if frame else -1
        if start >= 0 and len(frame.split()) <= 6 and _TIME_FRAME.fullmatch(frame):
            position = start + len(frame)
            entities.append(GoldEntity("TIME", start, position))
    return entities


def weak_documents(path: Path, *, without: set[str], limit: int) -> Iterator[GoldDocument]:
    """Oncology records of a records file with weak labels, at most `limit`, none of the ids `without`."""
    taken = 0
    for row in read_rows(path):
        if not row.get("oncology") or _id(row) in without:
            continue
        names = list(_names(row))
        passages = []
        for name, text in record_passages(row).items():
            entities = _found_again(text, names)
            if name == "outcomes":
                entities = [*_outcome_spans(row, text)] or entities
            if entities:
                passages.append(
                    GoldPassage(
                        name=name,
                        text=text,
                        entities=tuple(sorted(entities, key=lambda e: e.start)),
                        types=WEAK_TYPES,
                        partial=True,
                        has_relations=False,
                        has_attributes=False,
                    )
                )
        if len(passages) >= 2:
            yield GoldDocument(_id(row), tuple(passages), "record structure")
            taken += 1
            if taken == limit:
                return


def bare_documents(path: Path, *, without: set[str]) -> Iterator[GoldDocument]:
    """Oncology records of a records file, none of the ids `without`, as text of which nothing is known."""
    for row in read_rows(path):
        if row.get("oncology") and _id(row) not in without:
            passages = [
                GoldPassage(
                    name, text, types=frozenset(), has_relations=False, has_attributes=False, has_sections=False
                )
                for name, text in record_passages(row).items()
            ]
            if passages:
                yield GoldDocument(_id(row), tuple(passages), "record text")


def synonym_pairs(folder: Path) -> list[tuple[str, str]]:
    """(name, synonym) pairs of cancers, genes and drugs from the vocabularies whose names may ship."""
    sources = {  # file → what a row's cross-references must name, since UNII holds foods too
        "cancers_ncit_core.tsv.gz": "",
        "diseases_doid.tsv.gz": "",
        "genes_ncbi.tsv.gz": "",
        "drugs_unii.tsv.gz": "DRUGBANK",
    }
    pairs: list[tuple[str, str]] = []
    for name, needed in sources.items():
        if not (folder / name).is_file():
            continue
        with open_text(folder / name) as lines:
            next(lines)
            for line in lines:
                cells = line.rstrip("\n").split("\t")
                synonyms = [s for s in cells[3].split("|") if 2 < len(s) < 60]
                if synonyms and (not needed or needed in cells[6]):
                    pairs += [(cells[2], s) for s in synonyms[:3]]
    return pairs


def drug_names(folder: Path) -> list[str]:
    """One-word names of cancer drugs from the GDC dictionary (Apache-2.0), to stand in for those of a record."""
    path = folder / "gdc_terms.tsv.gz"
    if not path.is_file():
        return []
    with open_text(path) as lines:
        names = [line.split("\t")[2] for line in lines if line.startswith("GDC:therapeutic_agents/")]
    return [name.lower() for name in names if re.fullmatch(r"[A-Z][a-z]{5,}", name)]
