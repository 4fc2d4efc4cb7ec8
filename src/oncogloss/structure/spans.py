"""Of mentions on one span, and of those inside another, the one that a criterion asks for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, takewhile

from oncogloss.schema import EntityType, Mention
from oncogloss.structure.scope import Scope

_MORE: frozenset[EntityType] = frozenset({"DRUG", "DRUG_CLASS"})  # they say more than the gene on their span


def outer(scope: Scope) -> Iterator[Mention]:
    """The criterion's mentions that lie inside no other, in order, of those on one span one: of "PD-1" in "PD-1 or
    PD-L1 inhibitors" the class rather than the gene, of "PSA ≥ 2 ng/mL" the measure."""
    reached = -1  # the longer come first: one that ends before this lies inside another
    for place, m in enumerate(scope.mentions):
        if m.end <= reached:
            continue
        reached = m.end
        yield next(_saying_more(scope, m, place), m) if m.type == "GENE" else m


def _saying_more(scope: Scope, gene: Mention, place: int) -> Iterator[Mention]:
    """The mentions right behind a gene's place that stand on its span and say more than it."""
    behind = islice(scope.mentions, place + 1, None)
    doubles = takewhile(lambda o: (o.start, o.end) == (gene.start, gene.end), behind)
    return (o for o in doubles if _says_more(scope, o))


def _says_more(scope: Scope, m: Mention) -> bool:
    """Whether a mention says more than the gene on its span; a measure does with a value that is no share of cells."""
    if m.type != "MEASURE":
        return m.type in _MORE
    values = scope.tails(m, "HAS_VALUE")
    return bool(values) and not any(v.id in values and "%" in v.text for v in scope.mentions)
