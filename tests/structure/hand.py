"""Extractions written by hand: mentions are found by their words, relations and logic by the mentions' names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from oncogloss.schema import (
    Concept,
    Criterion,
    Document,
    Extraction,
    Marker,
    Mention,
    ModelInfo,
    Part,
    Passage,
    Registry,
    Relation,
    Threshold,
)
from oncogloss.structure.notation import read_logic


@dataclass
class Hand:
    """A document and its extraction as they grow."""

    passages: list[Passage] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    criteria: list[Criterion] = field(default_factory=list)
    thresholds: list[Threshold] = field(default_factory=list)
    registry: Registry | None = None

    def text(self, name: str, text: str) -> Hand:
        """One more passage."""
        self.passages.append(Passage(name=name, text=text))
        return self

    def entries(self, name: str, *entries: tuple[str, str, str]) -> Hand:
        """A passage of entries, each (kind, label, text), as a record has them."""
        lines: list[str] = []
        for kind, label, text in entries:
            start = sum(len(line) + 1 for line in lines)
            lines.append(f"{label}. {text}")
            self.parts.append(Part(passage=name, start=start, end=start + len(lines[-1]), label=label, kind=kind))
        return self.text(name, "\n".join(lines))

    def mark(self, id: str, type_: str, words: str, *attributes: str, nth: int = 0, **more: Any) -> Hand:
        """Words of the passage that came last, the nth time they stand in it."""
        passage = self.passages[-1]
        start = -1
        for _ in range(nth + 1):
            start = passage.text.index(words, start + 1)
        fields = {"id": id, "passage": passage.name, "start": start, "end": start + len(words), "text": words}
        fields |= {"type": type_, "attributes": attributes, "score": 0.9} | more
        self.mentions.append(Mention.model_validate(fields))
        return self

    def relate(self, *lines: str) -> Hand:
        """Relations as "HAS_TIME head tail"."""
        for line in lines:
            type_, head, tail = line.split()
            self.relations.append(Relation.model_validate({"type": type_, "head": head, "tail": tail, "score": 0.9}))
        return self

    def asks(self, id: str, side: str, words: str, logic: str, *categories: str) -> Hand:
        """A criterion of the passage that came last, with its logic."""
        passage = self.passages[-1]
        start = passage.text.index(words)
        inside = [m for m in self.mentions if m.passage == passage.name]
        fields = {"id": id, "passage": passage.name, "start": start, "end": start + len(words), "side": side}
        ids = tuple(m.id for m in inside if start <= m.start and m.end <= start + len(words))
        fields |= {"categories": categories, "mentions": ids, "score": 0.9, "logic": read_logic(logic)}
        self.criteria.append(Criterion.model_validate(fields))
        return self

    def compares(self, criterion: str, measure: str, operator: str, value: float, unit: str, **more: Any) -> Hand:
        """A threshold; `measure` is the measure's mention."""
        name = next(m.text for m in self.mentions if m.id == measure)
        fields = {"criterion": criterion, "measure": name, "operator": operator, "value": value, "unit": unit}
        fields |= {"text": f"{operator} {value:g} {unit}", "mentions": (measure,)} | more
        self.thresholds.append(Threshold.model_validate(fields))
        return self

    @property
    def document(self) -> Document:
        """The document."""
        return Document(id="d1", passages=tuple(self.passages), parts=tuple(self.parts), registry=self.registry)

    @property
    def extraction(self) -> Extraction:
        """What is found in it."""
        return Extraction(
            id="d1",
            model=ModelInfo(name="hand", version="0", sha256=""),
            passages=(),
            mentions=tuple(self.mentions),
            relations=tuple(self.relations),
            criteria=tuple(self.criteria),
            thresholds=tuple(self.thresholds),
        )


def concept(id: str, name: str, **more: Any) -> Concept:
    """A concept of an invented vocabulary."""
    return Concept(id=id, name=name, vocabulary="X", score=1, **more)


def marker(gene: str, state: str) -> Concept:
    """A gene in a state."""
    return concept(f"X:{gene}-{state}", f"{gene} {state}", marker=Marker(genes=(gene,), state=state))
