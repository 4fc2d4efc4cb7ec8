"""Short forms with more than one sense ("ER": estrogen receptor, extended-release), told apart by type and context."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from oncogloss.errors import CorpusError
from oncogloss.schema import ENTITY_TYPES

NONE = "NONE"  # the type of a sense that has no concept
_HERE, _CAPITALS = "_", "allcaps "  # what stands for the mention, and before a sentence in capitals
_BESIDE = 3  # weight of a cue that says what stands next to the mention, beside 1
_OF_TYPE = 2  # weight of the mention's type


class Sense(NamedTuple):
    """What a short form may mean: a concept's entity type and name, its rank where nothing decides, and its cues."""

    type: str
    name: str
    order: int
    cues: str


class Context(NamedTuple):
    """Where a mention stands: its sentence, its place there, and the other mentions of the record."""

    sentence: str
    start: int
    record: str = ""

    def without(self, start: int, end: int) -> str:
        """The sentence with a mark for the part of the mention from `start` to `end`."""
        marked = f"{self.sentence[: self.start + start]}{_HERE}{self.sentence[self.start + end :]}"
        return _CAPITALS + marked if sum(map(str.isupper, marked)) > sum(map(str.islower, marked)) else marked


def read_senses(path: Path) -> dict[str, list[Sense]]:
    """Senses by short form of a table `short form, type, name, order, cues`. Raises CorpusError naming a wrong line."""
    senses: dict[str, list[Sense]] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: no table of short forms ({error}).") from None
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) != 5 or cells[1] not in (*ENTITY_TYPES, NONE) or not cells[3].isdecimal():
            raise CorpusError(f"{path}, line {number}: not `short form, type, name, order, cues` with tabs between.")
        senses.setdefault(cells[0], []).append(Sense(cells[1], cells[2], int(cells[3]), cells[4]))
    return senses


@lru_cache(maxsize=2**10)
def _compiled(cues: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{cues})", re.IGNORECASE)


@lru_cache(maxsize=2**10)
def _evidence(cues: str, text: str) -> int:
    """How many different cues the text has."""
    return sum(_BESIDE if _HERE in cue else 1 for cue in {found.lower() for found in _compiled(cues).findall(text)})


def choose(senses: Sequence[Sense], types: Sequence[str], texts: Sequence[str]) -> Sense | None:
    """The sense of a mention that may have concepts of these types: the one for which type and cues of the first text
    that decides speak most, else the first in order of the type; None where neither says which."""
    for text in texts:
        found = [_evidence(sense.cues, text) for sense in senses]
        if any(found):
            weights = [n + _OF_TYPE * (sense.type in types) for n, sense in zip(found, senses, strict=True)]
            if weights.count(max(weights)) == 1:
                return senses[weights.index(max(weights))]
    fitting = next((of_type for kind in types if (of_type := [s for s in senses if s.type == kind])), [])
    first = [sense for sense in fitting if sense.order == min(s.order for s in fitting)]
    return first[0] if len(first) == 1 else None


_TOKEN = re.compile(r"(?<![\w-])[A-Za-z]{2,5}(?!\w)")


def spelled_out(text: str, types: Sequence[str], context: Context, table: Mapping[str, Sequence[Sense]]) -> str | None:
    """A longer mention with the first short form in it that has several senses replaced by the one that is meant."""
    for token in _TOKEN.finditer(text):
        senses = table.get(token.group())
        sense = choose(senses, types, (context.without(*token.span()), context.record)) if senses else None
        if sense and sense.type != NONE:
            return f"{text[: token.start()]}{sense.name}{text[token.end() :]}"
    return None
