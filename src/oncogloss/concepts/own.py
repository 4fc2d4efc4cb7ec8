"""Our own table of names and facts, `entity type, preferred name, other names, facts`."""

from __future__ import annotations

from pathlib import Path

from oncogloss.concepts.tables import Row
from oncogloss.concepts.vocabulary import Entry
from oncogloss.errors import CorpusError
from oncogloss.schema import ENTITY_TYPES


def read_own(path: Path) -> list[tuple[Row, str]]:
    """(row, facts) of our own table `entity type, preferred name, other names, facts`; facts may be left out.

    Raises CorpusError naming a line that is no row of it.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: no table of names ({error}).") from None
    rows = []
    for number, line in enumerate(lines, 1):
        if line.startswith("#") or not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) not in (3, 4) or cells[0] not in ENTITY_TYPES or not cells[1]:
            raise CorpusError(f"{path}, line {number}: not `entity type, name, other names, facts` with tabs between.")
        type_, name, others, *facts = cells
        synonyms = [other for other in others.split("|") if other]
        row = Row(f"OG:{name.replace(' ', '_')}", "oncogloss", name, synonyms, type_, [], [])
        rows.append((row, "".join(facts)))
    return rows


def with_facts(entry: Entry, facts: str) -> Entry:
    """The entry with what our own table says of it: `class|target|target`, `=member|member`, `!id|id`, `<parent`,
    `-no parent` or `~the name that it is told by`."""
    if facts.startswith("!"):
        return entry._replace(xrefs=tuple(id_ for id_ in facts[1:].split("|") if id_))
    if facts.startswith("<"):
        return entry._replace(parents=tuple(dict.fromkeys((*entry.parents, *facts[1:].split("|")))))
    if facts.startswith("-"):
        return entry._replace(parents=tuple(p for p in entry.parents if p not in facts[1:].split("|")))
    if facts.startswith("~"):
        return entry._replace(name=facts[1:])
    if facts.startswith("="):
        return entry._replace(members=tuple(facts[1:].split("|")))
    said, *targets = facts.split("|")
    return entry._replace(drug_class=said, targets=tuple(targets)) if said else entry
