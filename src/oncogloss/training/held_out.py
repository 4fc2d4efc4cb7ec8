"""Names held out of a vocabulary: how often the linker still gives them their concept."""

from __future__ import annotations

import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from oncogloss.concepts import Vocabulary, link
from oncogloss.concepts.build import Names, joined_sources
from oncogloss.concepts.index import GROUPS
from oncogloss.concepts.names import telling_words
from oncogloss.concepts.parents import without_cycles
from oncogloss.concepts.vocabulary import Entry, settle, write_vocabulary
from oncogloss.schema import Concept
from oncogloss.training.pieces import index_names

ONE_OF, WORDINGS = 20, 3  # one wording in so many is held out, of concepts that have at least so many
THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9)

_EXPLAINED = """Of diseases and procedures with three wordings or more, one in twenty is held out with all names of \
the same words, never the preferred one; vocabulary and index are made without them, and each is then linked told its \
type. Right: its own concept. Wider: one that its concept is a kind of. The scores were learned from the mentions of \
BC5CDR and BioRED, not from such names."""


class HeldOut(NamedTuple):
    """A name that was held out, its entity type, and the concept that it is a name of."""

    type: str
    name: str
    entry: Entry


def hold_out(entry: Entry, names: Names) -> list[HeldOut]:
    """Take the held-out names of a concept from its `names`, and return one of each wording."""
    by_words: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for type_, name in names:
        if type_ in GROUPS:
            by_words[type_, tuple(sorted(telling_words(name)))].append(name)
    found = []
    for (type_, words), same in by_words.items():
        drawn = hashlib.blake2b(f"{entry.id} {' '.join(words)}".encode(), digest_size=1).digest()[0] % ONE_OF == 0
        if drawn and words and entry.name not in same and len(by_words) >= WORDINGS:
            found.append(HeldOut(type_, min(same), entry))
            for name in same:
                del names[type_, name]
    return found


def held_out_report(sources: Path, own: Path | None, headings: Path | None) -> str:
    """Markdown: how the held-out names are linked by names alone, and with the index, by the score asked for."""
    concepts, told = joined_sources(sources, own, headings=headings)
    held = [one for concept in concepts for one in hold_out(concept.entry, concept.names)]
    settled = settle([c.hashes() for c in concepts])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_vocabulary(without_cycles([c.entry for c in concepts]), settled, folder, told)
        by_name = Vocabulary(folder)
        alone = [link(one.type, one.name, None, by_name) for one in held]
        index_names((c.names for c in concepts), folder)
        vocabulary = Vocabulary(folder)
        both = [link(one.type, one.name, None, vocabulary) for one in held]
        wider = _wider(vocabulary)
        tables = [curve(title, held, found, wider) for title, found in (("names", alone), ("and index", both))]
    return "\n".join([_EXPLAINED, "", *_HEAD, *tables[0], *tables[1]])


_HEAD = (
    "| by | score from | held out | linked | right | wider | right of the linked | right or wider |",
    "|---|---|---|---|---|---|---|---|",
)


def curve(
    title: str, held: Sequence[HeldOut], found: Sequence[Concept | None], wider: Callable[[str], set[str]]
) -> list[str]:
    """Rows of the table: coverage and precision from each score on."""
    rows = []
    for least in THRESHOLDS:
        linked = [(one, c) for one, c in zip(held, found, strict=True) if c is not None and c.score >= least]
        right = sum(c.id == one.entry.id for one, c in linked)
        above = sum(c.id != one.entry.id and c.id in wider(one.entry.id) for one, c in linked)
        shares = (right / max(1, len(linked)), (right + above) / max(1, len(linked)))
        counts = f"{len(held)} | {len(linked)} | {right} | {above}"
        rows.append(f"| {title} | {least:.1f} | {counts} | {shares[0]:.3f} | {shares[1]:.3f} |")
    return rows


def _wider(vocabulary: Vocabulary) -> Callable[[str], set[str]]:
    """What a concept is a kind of, by its id: the ids of all its ancestors."""

    def ancestors(id_: str) -> set[str]:
        found: set[str] = set()
        open_ = [id_]
        while open_:
            entry = vocabulary.with_id(open_.pop())
            new = set(entry.parents) - found if entry else set()
            found |= new
            open_ += new
        return found

    return ancestors
