"""Probes of behaviour: short invented texts with the facts that must, and must not, be found in them.

After CheckList (Ribeiro et al. 2020): a drug's name, a unit or a spelling may change and the facts stay; a "no", a
heading or a marker's state changes and they follow. A fact is a list of strings and numbers:

    [TYPE, text, attribute …]                  a mention of this type and text that has these attributes
    [RELATION, head, tail]                     a relation between mentions of these texts
    ["inc" or "exc", words]                    a criterion that starts with these words is on this side
    ["threshold", measure, operator, value, unit]
    ["concept", text, name]                    a mention of this text names this concept
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from oncogloss.errors import CorpusError
from oncogloss.pipeline import Pipeline
from oncogloss.schema import ATTRIBUTES, ENTITY_TYPES, RELATION_TYPES, SIDES, Document, Extraction, Passage
from oncogloss.training.corpora import read_rows

PASSAGE = "eligibility"
Fact = tuple[Any, ...]


class Probe(NamedTuple):
    """A text, the facts that it states, and facts that it must not be read to state."""

    id: str
    kind: str
    text: str
    expect: tuple[Fact, ...]
    never: tuple[Fact, ...] = ()


def read_probes(path: Path) -> list[Probe]:
    """The probes of a JSON-lines file. Raises CorpusError naming one that states no fact, or one of unknown kind."""
    probes = []
    for row in read_rows(path):
        facts = [tuple(map(tuple, row.get(key, ()))) for key in ("expect", "never")]
        probe = Probe(row["id"], row["kind"], row["text"], *facts)
        if not probe.expect or not all(_is_fact(fact) for fact in (*probe.expect, *probe.never)):
            raise CorpusError(f"{path}: probe {probe.id} states no fact, or one of a kind that is not known.")
        probes.append(probe)
    return probes


def _is_fact(fact: Fact) -> bool:
    kind, rest = fact[0], fact[1:]
    if kind in ENTITY_TYPES:
        return bool(rest) and set(rest[1:]) <= set(ATTRIBUTES)
    lengths = dict.fromkeys(RELATION_TYPES, 2) | dict.fromkeys(SIDES, 1) | {"threshold": 4, "concept": 2}
    return len(rest) == lengths.get(kind, -1)


def failures(probe: Probe, pipeline: Pipeline, before: Passage | None = None) -> list[str]:
    """What a loaded model reads otherwise than the probe states, `before` being read first; empty where it holds."""
    passages = (*filter(None, [before]), Passage(name=PASSAGE, text=probe.text))
    found = pipeline.extract(Document(id=probe.id, passages=passages))
    missing = [f"misses {_said(fact)}" for fact in probe.expect if not _holds(fact, found, probe.text)]
    return missing + [f"says {_said(fact)}" for fact in probe.never if _holds(fact, found, probe.text)]


def _said(fact: Fact) -> str:
    return " ".join(map(str, fact))


def _holds(fact: Fact, found: Extraction, text: str) -> bool:
    kind, rest = fact[0], fact[1:]
    texts = {m.id: m.text for m in found.mentions}
    if kind in RELATION_TYPES:
        return any((r.type, texts[r.head], texts[r.tail]) == fact for r in found.relations)
    if kind in SIDES:
        return any(c.side == kind and text.startswith(rest[0], c.start) for c in found.criteria)
    if kind == "threshold":
        known = [(texts[t.mentions[0]], t.operator, t.value, t.unit) for t in found.thresholds if t.mentions]
        return any((m, o, u) == (rest[0], rest[1], rest[3]) and abs(v - rest[2]) < 1e-6 for m, o, v, u in known)
    if kind == "concept":
        named = ((m.text, m.concept.name.casefold()) for m in found.mentions if m.concept)
        return (rest[0], rest[1].casefold()) in named
    return any((m.type, m.text) == fact[:2] and set(rest[1:]) <= set(m.attributes) for m in found.mentions)
