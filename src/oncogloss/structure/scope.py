"""A criterion under reading: what belongs to it, taken out of its record."""

from __future__ import annotations

import re
from typing import NamedTuple

from oncogloss.schema import Criterion, Document, Extraction, Mention, Relation, RelationType
from oncogloss.structure.layout import adopted
from oncogloss.structure.standing import standing_in, times_of_standing
from oncogloss.structure.wording import BREAK


class Rider(NamedTuple):
    """A clause from `start` to `end` of a passage, with the facts that it holds for."""

    start: int
    end: int
    words: str
    facts: tuple[Mention, ...]


class Scope(NamedTuple):
    """A criterion under reading: its passage's text, its own mentions in order, the relations among them, the words of
    the criterion that it is under, and, once its logic is known, the clauses that ride on its facts and the heading of
    a part of the trial that it stands under ("" where one may hold for it, None where none does)."""

    text: str
    criterion: Criterion
    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    lead: str = ""
    riders: tuple[Rider, ...] = ()
    heading: str | None = None

    @property
    def excludes(self) -> bool:
        """Whether it is an exclusion."""
        return self.criterion.side == "exc"

    @property
    def words(self) -> str:
        """The criterion's own text."""
        return self.text[self.criterion.start : self.criterion.end]

    def before(self, m: Mention) -> str:
        """The criterion's text before a mention."""
        return self.text[self.criterion.start : m.start]

    def between(self, one: Mention, other: Mention) -> str:
        """The text between two mentions, "-" where they overlap."""
        first, last = sorted((one, other), key=lambda m: m.start)
        return self.text[first.end : last.start] if first.end <= last.start else "-"

    def sentence_of(self, m: Mention, edges: str = BREAK) -> str:
        """The criterion's text around a mention, from one of the edges to the next."""
        start = self.criterion.start + max((e.end() for e in re.finditer(edges, self.before(m))), default=0)
        stop = re.search(edges, self.text[m.end : self.criterion.end])
        return self.text[start : m.end + stop.start() if stop else self.criterion.end]

    def tails(self, m: Mention, type_: RelationType) -> set[str]:
        """Ids of what a relation gives to a mention, such as its times."""
        return {r.tail for r in self.relations if r.type == type_ and r.head == m.id}

    def valued(self, m: Mention) -> bool:
        """Whether a mention has a value."""
        return any(r.type == "HAS_VALUE" and r.head == m.id for r in self.relations)


def scopes(document: Document, extraction: Extraction) -> list[Scope]:
    """Each criterion with what belongs to it, in order."""
    texts = {p.name: p.text for p in document.passages}
    by_id = {m.id: m for m in extraction.mentions}
    relations: dict[str, list[Relation]] = {}
    for relation in extraction.relations:
        relations.setdefault(relation.head, []).append(relation)
        relations.setdefault(relation.tail, []).append(relation)
    criteria = adopted(extraction.criteria, texts)
    leads = {c.id: texts[c.passage][c.start : c.end] for c in criteria}
    parents = {c.parent for c in criteria}
    found = []
    for criterion in criteria:
        text, named = texts[criterion.passage], [by_id[i] for i in criterion.mentions]
        standing = standing_in(text, criterion, named, leads=criterion.id in parents)
        mentions = sorted((*named, *standing), key=lambda m: (m.start, -m.end, not _tells_state(m)))
        own = dict.fromkeys(r for m in mentions for r in relations.get(m.id, ()))
        own |= dict.fromkeys(times_of_standing(text, named, standing, own))
        lead = leads.get(criterion.parent or "", "")
        found.append(Scope(text, criterion, tuple(mentions), tuple(own), lead))
    return found


def _tells_state(m: Mention) -> bool:
    """Whether a marker tells more than its gene, though a list's other words may say it."""
    return m.concept is not None and m.concept.marker is not None
