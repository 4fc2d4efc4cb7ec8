"""What known names say of a span: that it may be a mention of their type, whatever the network made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from oncogloss.concepts.linker import TYPES
from oncogloss.concepts.names import SHORT
from oncogloss.concepts.short_forms import Context, choose
from oncogloss.concepts.vocabulary import Vocabulary

NameKind = Literal["term", "name", "short", "sense"]
LONGEST = 80  # characters of a name that is looked for
_SENTENCE_END = re.compile(r"\n|(?<=[.;!?])\s+(?=[A-Z(])")


class KnownNames:
    """Which spans of some texts are names of a vocabulary, where `weights` say how much each kind of name counts."""

    def __init__(self, texts: Sequence[str], vocabulary: Vocabulary, weights: Mapping[NameKind, float]) -> None:
        self._texts = texts
        self._vocabulary = vocabulary
        self._weights = weights

    def __call__(self, type_: str, where: int, start: int, end: int, logit: float) -> NameKind | None:
        """What kind of name of entity type `type_` the characters `start` to `end` of text `where` are: a term of the
        user's own, a short form that by its sentence means a concept of the type, another short or a long name of the
        vocabulary; None too where the weight of that kind does not lift the `logit` above 0."""
        text = self._texts[where]
        if end - start > LONGEST or not (type_ in TYPES or self._vocabulary.has_terms):
            return None
        if _cuts_word(text, start) or _cuts_word(text, end):
            return None
        name = text[start:end]
        if self._lifts("term", logit) and self._vocabulary.has_term(type_, name):
            return "term"
        if type_ not in TYPES:
            return None
        if senses := self._vocabulary.senses.get(name):
            if not self._lifts("sense", logit):
                return None
            sense = choose(senses, (), (_sentence(text, start, end).without(0, len(name)),))
            return "sense" if sense and sense.type in TYPES[type_] else None
        kind: NameKind = "short" if len(name) <= SHORT else "name"
        return kind if self._lifts(kind, logit) and self._vocabulary.has_name(type_, name) else None

    def _lifts(self, kind: NameKind, logit: float) -> bool:
        return logit + self._weights[kind] > 0


def _cuts_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()


def _sentence(text: str, start: int, end: int) -> Context:
    """Where a span stands: the stretch between two ends of a line or sentence."""
    before = [found.end() for found in _SENTENCE_END.finditer(text, max(0, start - 400), start)]
    behind = _SENTENCE_END.search(text, end, end + 400)
    first = before[-1] if before else max(0, start - 400)
    return Context(text[first : behind.start() if behind else end + 400], start - first)
