"""Pairs of names that are one concept, or are not: how often a vocabulary says so."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from oncogloss.concepts import Vocabulary, link
from oncogloss.concepts.linker import TYPES
from oncogloss.evaluation.lists import read_list
from oncogloss.schema import Concept


class Pair(NamedTuple):
    """Two names of one entity type, and whether they name the same."""

    type: str
    one: str
    other: str
    same: bool


def read_pairs(path: Path) -> list[Pair]:
    """Rows `type, name, name, same or apart`. Raises CorpusError naming the line that is none, or the empty file."""
    return read_list(path, "type, name, name, same or apart", _pair)


def _pair(cells: list[str]) -> Pair | None:
    if len(cells) != 4 or cells[0] not in TYPES or cells[3] not in ("same", "apart"):
        return None
    return Pair(cells[0], cells[1], cells[2], cells[3] == "same")


def judged_same(pair: Pair, vocabulary: Vocabulary) -> bool:
    """Do both names find a concept of their own, and the same one?"""
    one, other = (link(pair.type, name, None, vocabulary) for name in (pair.one, pair.other))
    return one is not None and other is not None and one.id == other.id and is_own(one) and is_own(other)


def is_own(concept: Concept) -> bool:
    """Is it the very concept that was named, not a broader one or the class of an unknown drug?"""
    return concept.match in ("name", "parts")


def pairs_report(pairs: list[Pair], vocabulary: Vocabulary) -> str:
    """Markdown: right answers by entity type, beside those of comparing the strings without their case; then the
    pairs that were judged wrongly."""
    rows: defaultdict[str, list[tuple[Pair, bool, bool]]] = defaultdict(list)
    for pair in pairs:
        judged = (pair, judged_same(pair, vocabulary), pair.one.casefold() == pair.other.casefold())
        for key in (pair.type, "all"):
            rows[key].append(judged)
    lines = [
        "| type | pairs | same, right | apart, right | all, right | same string, right |",
        "|---|---|---|---|---|---|",
    ]
    for kind in [*sorted(rows.keys() - {"all"}), "all"]:
        mine = [(pair.same, said) for pair, said, _ in rows[kind]]
        same, apart = [said for wanted, said in mine if wanted], [not said for wanted, said in mine if not wanted]
        exact_right = sum(pair.same == exact for pair, _, exact in rows[kind])
        lines.append(
            f"| {kind} | {len(mine)} | {sum(same)} of {len(same)} | {sum(apart)} of {len(apart)} "
            f"| {(sum(same) + sum(apart)) / len(mine):.3f} | {exact_right / len(mine):.3f} |"
        )
    wrong = [pair for pair, said, _ in rows["all"] if said != pair.same]
    lines += ["", "Judged wrongly:", ""]
    lines += [f"- {p.type}: {p.one} / {p.other} ({'same' if p.same else 'apart'})" for p in wrong]
    return "\n".join(lines)
