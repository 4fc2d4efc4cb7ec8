"""Drugs with their code, brand, class and target: how many a vocabulary knows by each, and what it says of them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from oncogloss.concepts import Vocabulary, link
from oncogloss.concepts.drugs import class_of
from oncogloss.evaluation.lists import read_list
from oncogloss.evaluation.pairs import is_own
from oncogloss.schema import Concept


class Drug(NamedTuple):
    """A drug by its generic name, and what is right to say of it."""

    name: str
    codes: tuple[str, ...]
    brands: tuple[str, ...]
    drug_class: str
    targets: frozenset[str]


def read_drugs(path: Path) -> list[Drug]:
    """Rows `generic name, codes, brands, class, targets`, lists joined by `|`. Raises CorpusError naming a bad line."""
    return read_list(path, "name, codes, brands, class, targets", _drug)


def _drug(cells: list[str]) -> Drug | None:
    if len(cells) != 5 or not cells[0] or not cells[3]:
        return None
    codes, brands, targets = ([part for part in cells[i].split("|") if part] for i in (1, 2, 4))
    return Drug(cells[0], tuple(codes), tuple(brands), cells[3], frozenset(targets))


def drugs_report(drugs: list[Drug], vocabulary: Vocabulary) -> str:
    """Markdown: how many drugs are linked by each kind of name, and get the right class and target; then the others."""
    by_name = [_own(drug.name, vocabulary) for drug in drugs]
    wrong: list[str] = []

    def row(what: str, judged: list[tuple[str, bool]]) -> str:
        missed = [name for name, right in judged if not right]
        wrong.append(f"- {what}: {', '.join(missed) or 'none'}")
        right = len(judged) - len(missed)
        return f"| {what} | {len(judged)} | {right} | {right / max(1, len(judged)):.3f} |"

    pairs = list(zip(drugs, by_name, strict=True))
    codes = [(f"{c} ({d.name})", _same(c, found, vocabulary)) for d, found in pairs for c in d.codes]
    brands = [(f"{b} ({d.name})", _same(b, found, vocabulary)) for d, found in pairs for b in d.brands]
    said = [(drug, link("DRUG", drug.name, None, vocabulary)) for drug in drugs]
    stems = [(drug, class_of(drug.name)) for drug in drugs]
    lines = [
        "| asked | of | right | share |",
        "|---|---|---|---|",
        row("generic name linked", [(d.name, found is not None) for d, found in pairs]),
        row("code name linked to the same concept", codes),
        row("brand name linked to the same concept", brands),
        row("class", [(d.name, c is not None and c.drug_class == d.drug_class) for d, c in said]),
        row("a target", [(d.name, c is not None and _hits(d, c.targets)) for d, c in said if d.targets]),
        row(
            "class and a target",
            [(d.name, c is not None and c.drug_class == d.drug_class and _hits(d, c.targets)) for d, c in said],
        ),
        row("class told by the stem alone", [(d.name, s is not None and s.name == d.drug_class) for d, s in stems]),
        row("class told by the stem, of those it tells", [(d.name, s.name == d.drug_class) for d, s in stems if s]),
    ]
    return "\n".join([*lines, "", "Not right:", "", *wrong])


def _own(name: str, vocabulary: Vocabulary) -> Concept | None:
    concept = link("DRUG", name, None, vocabulary)
    return concept if concept and is_own(concept) else None


def _same(name: str, concept: Concept | None, vocabulary: Vocabulary) -> bool:
    found = _own(name, vocabulary)
    return found is not None and concept is not None and found.id == concept.id


def _hits(drug: Drug, targets: tuple[str, ...]) -> bool:
    return not drug.targets or not drug.targets.isdisjoint(targets)
