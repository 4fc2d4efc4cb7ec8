"""What the indentation of an eligibility text says of how its criteria belong together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from oncogloss.schema import Criterion


def indent_of(text: str, criterion: Criterion) -> int:
    """How far the line on which a criterion begins is indented."""
    line = line_before(text, criterion.start) + text[criterion.start : criterion.start + 1]
    return len(line) - len(line.lstrip())


def line_before(text: str, place: int) -> str:
    """What stands before a place on its line."""
    return text[text.rfind("\n", 0, place) + 1 : place]


def adopted(criteria: Sequence[Criterion], texts: Mapping[str, str]) -> tuple[Criterion, ...]:
    """The criteria, those indented deeper than a head before them ("Any of the following:") under it."""
    parents = {c.id: c.parent for c in criteria}
    heads: list[tuple[int, Criterion]] = []
    for criterion in sorted(criteria, key=lambda c: (c.passage, c.start)):
        text = texts[criterion.passage]
        indent = indent_of(text, criterion)
        while heads and (heads[-1][0] >= indent or not _together(heads[-1][1], criterion)):
            heads.pop()
        while heads and _headed_anew(text[heads[-1][1].end : criterion.start], heads[-1][0]):
            heads.pop()
        if heads and not _is_under(criterion.id, heads[-1][1].id, parents):
            parents[criterion.id] = heads[-1][1].id
        first = re.split(r"\n\s*\n", text[criterion.start : criterion.end])[0]
        if first.rstrip(" -*•\n").endswith(":"):
            heads.append((indent, criterion))
    return tuple(c if parents[c.id] == c.parent else c.model_copy(update={"parent": parents[c.id]}) for c in criteria)


def _headed_anew(between: str, indent: int) -> bool:
    """Whether a line that heads what follows, indented no deeper, stands between a head and a criterion."""
    return any(
        line.rstrip().endswith(":") and len(line) - len(line.lstrip()) <= indent for line in between.split("\n")[1:]
    )


def _together(one: Criterion, other: Criterion) -> bool:
    return (one.passage, one.side) == (other.passage, other.side)


def _is_under(criterion: str, head: str, parents: Mapping[str, str | None]) -> bool:
    parent = parents[criterion]
    return parent is not None and (parent == head or _is_under(parent, head, parents))
