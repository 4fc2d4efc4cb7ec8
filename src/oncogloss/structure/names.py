"""What mentions are called, which of them name the same thing, and which lie where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from oncogloss.schema import TREATMENT_TYPES, EntityType, Extraction, Mention, Part, RelationType

TREATMENTS: frozenset[EntityType] = frozenset(TREATMENT_TYPES)
_EXACT = ("name", "parts")


def words_of(mention: Mention) -> str:
    """The mention's own words on one line."""
    return " ".join(mention.text.split())


def name_of(mention: Mention) -> str:
    """The concept's name where it is the very thing named, else the long form or the words."""
    if mention.concept and mention.concept.match in _EXACT:
        return mention.concept.name
    return mention.expansion or words_of(mention)


def key_of(mention: Mention) -> str:
    """What is equal for two mentions of the same thing: the concept, else the words."""
    if mention.concept and mention.concept.match in _EXACT:
        return mention.concept.id
    return " ".join((mention.expansion or mention.text).casefold().split())


def outermost(mentions: Iterable[Mention]) -> list[Mention]:
    """Mentions in reading order without those that lie inside another of them."""
    found: list[Mention] = []
    for m in sorted(mentions, key=lambda m: (m.passage, m.start, -m.end)):
        if not (found and found[-1].passage == m.passage and m.end <= found[-1].end):
            found.append(m)
    return found


def inside(part: Part, mentions: Iterable[Mention]) -> list[Mention]:
    """The mentions that stand in a part, in reading order."""
    return sorted(
        (m for m in mentions if m.passage == part.passage and part.start <= m.start and m.end <= part.end),
        key=lambda m: (m.start, -m.end),
    )


def tails_of(extraction: Extraction) -> Mapping[tuple[RelationType, str], Sequence[str]]:
    """For a type of relation and the id of a head, the ids of its tails; none for what has none."""
    tails: defaultdict[tuple[RelationType, str], list[str]] = defaultdict(list)
    for relation in extraction.relations:
        tails[relation.type, relation.head].append(relation.tail)
    return tails


def alike(one: Mention, other: Mention) -> bool:
    """Whether two mentions are of one type, or both treatments."""
    return one.type == other.type or {one.type, other.type} <= TREATMENTS


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in order; upper and lower case are the same."""
    return tuple({name.casefold(): name for name in reversed(list(names))}.values())[::-1]
