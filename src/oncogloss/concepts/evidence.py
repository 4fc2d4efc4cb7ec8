"""What known names say of a span: that it may be a mention of their type, whatever the network made of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from oncogloss.concepts.linker import TYPES
from oncogloss.concepts.names import SHORT
from oncogloss.concepts.short_forms import Context, choose
from oncogloss.concepts.vocabulary import Vocabulary

NameKind = Literal["term", "name", "short", "sense"]
LONGEST = 80  # characters of a name that is looked for
_SENTENCE_END = re.compile(r"\n|(?<=[.;!?])\s+(?=[A-Z(])")


class KnownNames:
    """Which spans of some texts are names of a vocabulary."""

    def __init__(self, texts: Sequence[str], vocabulary: Vocabulary) -> None:
        self._texts = texts
        self._vocabulary = vocabulary

    def __call__(self, type_: str, where: int, start: int, end: int) -> NameKind | None:
        """What kind of name of entity type `type_` the characters `start` to `end` of text `where` are: a term of the
        user's own, a short form that by its sentence means a concept of the type, another short or a long name of the
        vocabulary, or none."""
        text = self._texts[where]
        if end - start > LONGEST or _cuts_word(text, start) or _cuts_word(text, end):
            return None
        name = text[start:end]
        if self._vocabulary.has_term(type_, name):
            return "term"
        if senses := self._vocabulary.senses.get(name):
            sense = choose(senses, (), (_sentence(text, start, end).without(0, len(name)),))
            return "sense" if sense and sense.type in TYPES.get(type_, ()) else None
        if type_ in TYPES and self._vocabulary.has_name(type_, name):
            return "short" if len(name) <= SHORT else "name"
        return None


def _cuts_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()


def _sentence(text: str, start: int, end: int) -> Context:
    """Where a span stands: the stretch between two ends of a line or sentence."""
    before = [found.end() for found in _SENTENCE_END.finditer(text, max(0, start - 400), start)]
    behind = _SENTENCE_END.search(text, end, end + 400)
    first = before[-1] if before else max(0, start - 400)
    return Context(text[first : behind.start() if behind else end + 400], start - first)
