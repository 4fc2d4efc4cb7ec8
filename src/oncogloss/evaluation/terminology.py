"""The names of a terminology looked up in text, the longest first: what the dictionary and the CRF know beforehand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from oncogloss.concepts import Vocabulary
from oncogloss.concepts.names import SHORT, words
from oncogloss.concepts.vocabulary import name_hash
from oncogloss.training.sentences import Span, Text, sentences

TYPES = ("CANCER", "DRUG", "GENE", "CONDITION", "DRUG_CLASS", "REGIMEN", "PROCEDURE", "MEASURE", "INSTRUMENT")
LONGEST = 7  # words and marks in the longest name looked up
_ALNUM = re.compile(r"[^\W_]")


@lru_cache(maxsize=2**17)
def _plain(word: str) -> str:
    return "".join(words(word))


class Terms:
    """The names of a vocabulary, and of drugs beside it."""

    def __init__(self, vocabulary: Vocabulary, drugs: Iterable[str] = ()) -> None:
        self._known = vocabulary.names().keys()
        self._drugs = {"".join(words(name)) for name in drugs}
        self._types: dict[str, str] = {}

    def marks(self, text: str) -> list[Span]:
        """The names found, by the first of TYPES that has each, from the left, none inside another."""
        found: list[Span] = []
        for sentence in sentences([Text(text, ())]):
            forms = [text[a:b] for a, b in sentence.words]
            i = 0
            while i < len(forms):
                length, type_ = self._longest(forms, i)
                if length:
                    found.append((type_, sentence.words[i][0], sentence.words[i + length - 1][1]))
                i += max(1, length)
        return found

    def _longest(self, forms: list[str], i: int) -> tuple[int, str]:
        if not _ALNUM.match(forms[i]):
            return 0, ""
        for n in range(min(LONGEST, len(forms) - i), 0, -1):
            if _ALNUM.match(forms[i + n - 1]):
                type_ = self._type_of(forms[i : i + n])
                if type_:
                    return n, type_
        return 0, ""

    def _type_of(self, forms: list[str]) -> str:
        bare = "".join(form for form in forms if _ALNUM.match(form))
        capitals = sum(c.isupper() for c in bare)
        if len(bare) <= SHORT and ((bare.upper() == bare and capitals) or capitals > 1):
            key = f"={bare.upper()}"
        else:
            key = "".join(map(_plain, forms))
        if key not in self._types:
            known = (type_ for type_ in TYPES if name_hash(type_, key) in self._known)
            self._types[key] = "DRUG" if key in self._drugs else next(known, "") if len(key) > 1 else ""
        return self._types[key]
