"""Corrections of an extraction: a list that only grows, and what an extraction is after it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from oncogloss.concepts.linker import TYPES
from oncogloss.schema import (
    Attribute,
    Concept,
    Criterion,
    Document,
    EntityType,
    Extraction,
    Mention,
    Passage,
    Relation,
    RelationType,
    Side,
)
from oncogloss.service.problems import ProblemError
from oncogloss.structure import structured

Name = Annotated[str, Field(min_length=1, max_length=100)]
Offset = Annotated[int, Field(ge=0, le=2**31)]
Link = tuple[RelationType, str, str]
BY_HAND = 1.0  # the score of what a person says


class _Edit(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AddMention(_Edit):
    """Mark a span that was missed."""

    op: Literal["add_mention"]
    passage: Annotated[str, Field(min_length=1, max_length=1_000)]
    start: Offset
    end: Offset
    type: EntityType
    attributes: Annotated[tuple[Attribute, ...], Field(max_length=3)] = ()


class ChangeMention(_Edit):
    """Move a mention's edges, or give it another type or other attributes."""

    op: Literal["change_mention"]
    id: Name
    start: Offset | None = None
    end: Offset | None = None
    type: EntityType | None = None
    attributes: Annotated[tuple[Attribute, ...], Field(max_length=3)] | None = None


class DeleteMention(_Edit):
    """Take a mention away, with its relations."""

    op: Literal["delete_mention"]
    id: Name


class SetConcept(_Edit):
    """Say what a mention names; nothing, where `concept` is null."""

    op: Literal["set_concept"]
    id: Name
    concept: Concept | None


class ChangeRelation(_Edit):
    """Link two mentions, or part them."""

    op: Literal["add_relation", "delete_relation"]
    type: RelationType
    head: Name
    tail: Name


class SetSide(_Edit):
    """Put a criterion on the other side."""

    op: Literal["set_side"]
    id: Name
    side: Side


class Step(_Edit):
    """Take back the reviewer's last edit, or do it again."""

    op: Literal["undo", "redo"]


Change = AddMention | ChangeMention | DeleteMention | SetConcept | ChangeRelation | SetSide
Edit = Annotated[Change | Step, Field(discriminator="op")]


class Body(_Edit):
    """One edit."""

    edit: Edit


def standing(edits: Iterable[Change | Step]) -> list[Change]:
    """The edits that count after all undoing, in order. Raises ProblemError 422 for an undo of nothing."""
    done: list[Change] = []
    undone: list[Change] = []
    for edit in edits:
        if not isinstance(edit, Step):
            done.append(edit)
            undone.clear()
        elif not (source := done if edit.op == "undo" else undone):
            raise ProblemError(422, f"There is nothing to {edit.op}.")
        else:
            (undone if edit.op == "undo" else done).append(source.pop())
    return done


def corrected(document: Document, extraction: Extraction, edits: Iterable[Change | Step]) -> Extraction:
    """The extraction after the edits, with all that follows from it. Raises ProblemError 422 for one that cannot be."""
    changes = standing(edits)
    if not changes:
        return extraction
    texts = {p.name: p.text for p in document.passages}
    mentions = {m.id: m for m in extraction.mentions}
    relations: dict[Link, Relation] = {(r.type, r.head, r.tail): r for r in extraction.relations}
    sides = {c.id: c.side for c in extraction.criteria}
    for number, change in enumerate(changes, 1):
        if isinstance(change, ChangeRelation):
            _relate(change, mentions, relations)
        elif isinstance(change, SetSide):
            _known(sides, change.id, "criterion")
            sides[change.id] = change.side
        elif isinstance(change, DeleteMention):
            _known(mentions, change.id, "mention")
            del mentions[change.id]
            relations = {k: r for k, r in relations.items() if change.id not in (r.head, r.tail)}
        else:
            mention = _mention(change, mentions, texts, f"e{number}")
            mentions[mention.id] = mention
    order = {p.name: i for i, p in enumerate(document.passages)}
    placed = sorted(mentions.values(), key=lambda m: (order[m.passage], m.start, -m.end))
    criteria = tuple(_regrouped(c, sides[c.id], placed) for c in extraction.criteria)
    update = {"mentions": tuple(placed), "relations": tuple(relations.values()), "criteria": criteria}
    return structured(document, extraction.model_copy(update=update))


def _known(names: Container[object], name: object, what: str) -> None:
    if name not in names:
        raise ProblemError(422, f"There is no such {what}; it may have been deleted.")


def _relate(change: ChangeRelation, mentions: dict[str, Mention], relations: dict[Link, Relation]) -> None:
    for end in (change.head, change.tail):
        _known(mentions, end, "mention")
    key: Link = (change.type, change.head, change.tail)
    if change.op == "delete_relation":
        _known(relations, key, "relation")
        del relations[key]
        return
    if change.head == change.tail or mentions[change.head].passage != mentions[change.tail].passage:
        raise ProblemError(422, "A relation links two mentions of one passage.")
    relations[key] = Relation(type=change.type, head=change.head, tail=change.tail, score=BY_HAND)


def _mention(
    change: AddMention | ChangeMention | SetConcept, mentions: dict[str, Mention], texts: dict[str, str], new: str
) -> Mention:
    """The mention as the change makes it."""
    if isinstance(change, AddMention):
        _known(texts, change.passage, "passage")
        mention = Mention(**change.model_dump(exclude={"op"}), id=new, text="", score=BY_HAND)
    else:
        _known(mentions, change.id, "mention")
        given = {k: getattr(change, k) for k in change.model_fields_set - {"op", "id"}}
        mention = mentions[change.id].model_copy(update={**_said(change, given), "score": BY_HAND})
    if not 0 <= mention.start < mention.end <= len(texts[mention.passage]):
        raise ProblemError(422, "The span does not lie in the text.")
    for other in mentions.values():
        if other.id != mention.id and other.passage == mention.passage:
            _hold_apart(mention, other)
    return mention.model_copy(update={"text": texts[mention.passage][mention.start : mention.end]})


def _said(change: ChangeMention | SetConcept, given: dict[str, Any]) -> dict[str, Any]:
    """What a change says; another span or type has no concept until somebody says which."""
    if isinstance(change, SetConcept):
        return given
    said = {k: v for k, v in given.items() if v is not None}
    return said if said.keys() <= {"attributes"} else {**said, "concept": None, "expansion": None}


def _hold_apart(one: Mention, other: Mention) -> None:
    if one.start < other.start < one.end < other.end or other.start < one.start < other.end < one.end:
        raise ProblemError(422, "The span would cross another mention; spans lie within one another or apart.")
    if (one.start, one.end, one.type) == (other.start, other.end, other.type):
        raise ProblemError(422, "This span has this type already.")


def _regrouped(criterion: Criterion, side: Side, mentions: Sequence[Mention]) -> Criterion:
    inside = tuple(
        m.id
        for m in mentions
        if m.passage == criterion.passage and criterion.start <= m.start and m.end <= criterion.end
    )
    return criterion.model_copy(update={"side": side, "mentions": inside})


def doubt(extraction: Extraction) -> float:
    """How much a reviewer may have to mend, 0 to 1: the mean over mentions of 1 − score, at least ½ where a type that
    has concepts got none. A record in which nothing was found comes first."""
    if not extraction.mentions:
        return 1.0
    doubts = [max(1 - m.score, 0.5 if m.type in TYPES and m.concept is None else 0.0) for m in extraction.mentions]
    return sum(doubts) / len(doubts)


class Agreement(BaseModel):
    """How far two reviewers of one record agree: strict F1 of their spans (edges and type)."""

    reviewers: tuple[str, str]
    f1: float
    both: int
    only_first: int
    only_second: int


def agreement(reviewers: tuple[str, str], one: Extraction, other: Extraction) -> Agreement:
    """Of two reviewers' final states."""
    first, second = ({(m.passage, m.start, m.end, m.type) for m in e.mentions} for e in (one, other))
    both = len(first & second)
    f1 = 2 * both / (len(first) + len(second)) if first or second else 1.0
    return Agreement(
        reviewers=reviewers, f1=round(f1, 4), both=both, only_first=len(first) - both, only_second=len(second) - both
    )


def training_row(document: Document, extraction: Extraction) -> dict[str, Any]:
    """A row of standoff training data with its text, as `oncogloss train` and `update --with` read it."""
    return {
        "id": document.id,
        "origin": "reviews",
        "passages": [_training_passage(p, extraction) for p in document.passages],
    }


def _training_passage(passage: Passage, extraction: Extraction) -> dict[str, Any]:
    mentions = [m for m in extraction.mentions if m.passage == passage.name]
    criteria = [c for c in extraction.criteria if c.passage == passage.name]
    place = {m.id: i for i, m in enumerate(mentions)}
    rank = {c.id: i for i, c in enumerate(criteria)}
    part: dict[str, Any] = {
        "name": passage.name,
        "length": len(passage.text),
        "hash": passage.sha256[:16],
        "text": passage.text,
        "entities": [[m.type, m.start, m.end, *m.attributes] for m in mentions],
        "relations": [[r.type, place[r.head], place[r.tail]] for r in extraction.relations if r.head in place],
    }
    if criteria:
        part["criteria"] = [[c.start, c.side, rank.get(c.parent or ""), list(c.categories)] for c in criteria]
    return part
