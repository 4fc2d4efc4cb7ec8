"""A cancer together with the state right before it, which may have a name of its own: "castration-resistant" beside
"prostate cancer"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from oncogloss.schema import Mention, Relation


def stated_names(
    mentions: Sequence[Mention], relations: Iterable[Relation], texts: Mapping[str, str]
) -> Iterator[tuple[Mention, str]]:
    """The cancers with a state, or a state and stages, right before them, each with all these words, the fewest first.
    `texts` are the passages by name."""
    by_id = {m.id: m for m in mentions}
    stated: dict[str, list[Mention]] = {}
    for r in relations:
        if r.type == "HAS_STAGE" and by_id[r.head].type == "CANCER":
            stated.setdefault(r.head, []).append(by_id[r.tail])
    for id_, tails in stated.items():
        cancer, states = by_id[id_], [m for m in tails if m.passage == by_id[id_].passage and m.end <= by_id[id_].start]
        text, start, told = texts[cancer.passage], cancer.start, False
        for m in sorted(states, key=lambda m: m.start, reverse=True):
            if text[m.end : start].strip(" \n-"):
                break
            start, told = m.start, told or m.type == "DISEASE_STATE"
            if told:
                yield cancer, text[start : cancer.end]
