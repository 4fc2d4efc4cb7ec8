"""The public sources of the vocabulary, and their rows.

Each source is a gzipped table `concept_id source preferred_name synonyms semantic_type parents xrefs`, lists joined by
`|`.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from oncogloss.errors import CorpusError


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
_KIND = re.compile(r" (?:Questionnaire|Clinical Classification|Functional Test|Oncology Response Criteria)$")  # CDISC


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


def rows_of(folder: Path, file: str) -> Iterator[Row]:
    """Rows of a source of the folder; none where it is not there."""
    path = folder / f"{file}.tsv.gz"
    return read_table(path) if path.is_file() else iter(())


def told_of(source: Source, title: str, concepts: int, joined: int) -> dict[str, Any]:
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
