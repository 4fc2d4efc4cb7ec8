"""The domain tokenizer: a cased byte-level BPE of our own training, run by the `tokenizers` library.

Letters run together, digits stand singly, every punctuation mark is a piece of its own, and marker-like
names (`PD-L1`, `BRCA1/2`, `V600E`) are never cut by the pre-tokenizer, so that the merges may learn them
whole while a span can still begin or end at any mark or word. Byte-pair encoding: Sennrich et al. 2016;
byte alphabet: Radford et al. 2019.
"""

from __future__ import annotations

import heapq
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as _Engine

from oncogloss.errors import BundleError
from oncogloss.schema import PASSAGE_NAMES

PAD, MASK, PLAIN = "<pad>", "<mask>", "<text>"
SPECIALS = (PAD, MASK, PLAIN, *(f"<{name}>" for name in PASSAGE_NAMES))
TERM_WEIGHT = 5_000  # each listed term counts as if seen this often: its merges are learned early

_MARKER = (
    r"[A-Z]{2,}[0-9](?:/[0-9])+(?![0-9/])"  # BRCA1/2
    r"|[A-Z]{2,}-[A-Z]{0,2}[0-9]{1,4}(?![A-Za-z0-9])"  # PD-1, PD-L1, MK-3475
    r"|[A-Z]+[0-9]+(?:[A-Z](?![A-Za-z0-9]))?"  # HER2, CD20, V600E
)
_REST = r"[^\W\d_]+|\d|[^\s\w]|_"
_SPACE = r"[\r\n]+|[^\S\r\n]+(?= \S)|[^\S\r\n]+"


Pair = tuple[str, str]


def pretoken_pattern(terms: Sequence[str]) -> str:
    """The regular expression that cuts text into pieces, no merge crossing a cut.

    `terms` that the general rules would cut (`T-DXd`, `mg/m2`, `HER2+`) are alternatives of their own.
    """
    general = re.compile(f"{_MARKER}|{_REST}")
    irregular = [t for t in terms if not general.fullmatch(t)]
    spelled = "|".join(re.escape(t) + r"(?![A-Za-z0-9])" for t in sorted(irregular, key=len, reverse=True))
    return rf" ?(?:{spelled + '|' if spelled else ''}{_MARKER}|{_REST})|{_SPACE}"


def read_terms(path: Path) -> list[str]:
    """The terms of a list file: one a line, blank lines and lines that begin with `#` left out."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def byte_alphabet() -> dict[int, str]:
    """Byte → printable character, the map that the `ByteLevel` pre-tokenizer of `tokenizers` uses."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = (byte for byte in range(256) if byte not in set(printable))
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}


def train_bpe(counts: Counter[str], n_merges: int) -> list[tuple[str, str]]:
    """Learn `n_merges` merges from pre-token counts; ties fall to the pair that sorts first.

    Pair counts are kept incrementally, so the time grows with the occurrences that change, not with
    the corpus times the merges. Every change of a count enters the heap anew; an entry out of date is passed over.
    """
    alphabet = byte_alphabet()
    words = [[alphabet[b] for b in word.encode("utf-8")] for word in counts]
    weights = list(counts.values())
    pair_counts: Counter[Pair] = Counter()
    places: defaultdict[Pair, set[int]] = defaultdict(set)
    for i, pieces in enumerate(words):
        for pair in pairwise(pieces):
            pair_counts[pair] += weights[i]
            places[pair].add(i)
    heap = [(-n, pair) for pair, n in pair_counts.items()]
    heapq.heapify(heap)
    merges: list[Pair] = []
    while heap and len(merges) < n_merges:
        count, pair = heapq.heappop(heap)
        if pair_counts[pair] == -count:
            merges.append(pair)
            for p in _apply(pair, words, weights, pair_counts, places):
                heapq.heappush(heap, (-pair_counts[p], p))
    return merges


def _apply(
    pair: Pair,
    words: list[list[str]],
    weights: list[int],
    pair_counts: Counter[Pair],
    places: defaultdict[Pair, set[int]],
) -> list[Pair]:
    """Merge `pair` in every word that has it; returns the pairs that are left whose count changed."""
    changed: set[Pair] = set()
    for i in places.pop(pair):
        old, new = words[i], _merge(words[i], pair)
        for sign, pieces in ((-1, old), (1, new)):
            for p in pairwise(pieces):
                pair_counts[p] += sign * weights[i]
                changed.add(p)
        for p in pairwise(new):
            places[p].add(i)
        words[i] = new
    del pair_counts[pair]
    return [p for p in changed if pair_counts[p] > 0]


def _merge(pieces: list[str], pair: Pair) -> list[str]:
    merged, i = [], 0
    while i < len(pieces):
        if i + 1 < len(pieces) and (pieces[i], pieces[i + 1]) == pair:
            merged.append(pieces[i] + pieces[i + 1])
            i += 2
        else:
            merged.append(pieces[i])
            i += 1
    return merged


def train_tokenizer(texts: Iterable[str], terms: Sequence[str], vocabulary_size: int = 16_384) -> str:
    """Train the tokenizer on `texts`; returns the contents of `tokenizer.json`.

    Every string of `terms` becomes one token, with and without a space before it. Pre-tokens seen only
    once are left out of the counts.
    """
    pattern = pretoken_pattern(terms)
    find = re.compile(pattern).findall
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(find(text))
    counts = Counter({word: n for word, n in counts.items() if n > 1})
    for term in terms:
        for form in (term, " " + term, term.capitalize(), " " + term.capitalize()):
            if find(form) == [form] and (form.strip() == term or term.islower()):
                counts[form] += TERM_WEIGHT
    alphabet = [byte_alphabet()[b] for b in range(256)]
    merges = train_bpe(counts, vocabulary_size - len(SPECIALS) - len(alphabet))
    vocabulary = [*SPECIALS, *alphabet, *dict.fromkeys(a + b for a, b in merges)]
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [],
            "normalizer": None,
            "pre_tokenizer": {
                "type": "Sequence",
                "pretokenizers": [
                    {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False},
                    {
                        "type": "ByteLevel",
                        "add_prefix_space": False,
                        "trim_offsets": False,
                        "use_regex": False,
                    },
                ],
            },
            "post_processor": None,
            "decoder": None,
            "model": {
                "type": "BPE",
                "vocab": {token: i for i, token in enumerate(vocabulary)},
                "merges": [list(pair) for pair in merges],
            },
        },
        ensure_ascii=False,
        indent=1,
    )


def compact(contents: str) -> str:
    """A `tokenizer.json` that says the same without blanks and line ends, two fifths smaller."""
    return json.dumps(json.loads(contents), ensure_ascii=False, separators=(",", ":"))


class Tokenizer:
    """A trained tokenizer: text in; token ids and exact character offsets out. Immutable, safe in threads."""

    def __init__(self, contents: str) -> None:
        try:
            self._engine = _Engine.from_str(contents)
        except Exception as error:  # the library raises bare Exception
            raise BundleError(f"The tokenizer file does not parse ({error}); reinstall the model.") from None
        found = {token: self._engine.token_to_id(token) for token in SPECIALS}
        self._specials = {token: id for token, id in found.items() if id is not None}
        if len(self._specials) < len(SPECIALS):
            raise BundleError("The tokenizer file lacks our special tokens; it belongs to another program.")

    @property
    def size(self) -> int:
        """How many entries the vocabulary has."""
        return self._engine.get_vocab_size()

    @property
    def vocabulary(self) -> list[str]:
        """Token strings in the byte alphabet, in the order of their ids."""
        by_id = {i: token for token, i in self._engine.get_vocab().items()}
        return [by_id[i] for i in range(len(by_id))]

    def special(self, name: str) -> int:
        """Id of a special token; the token of an unknown passage name is that of plain text."""
        return self._specials.get(name, self._specials[PLAIN])

    def encode(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(ids, shape (n,); offsets, shape (n, 2), half-open, in code points) of `text`.

        Every character lies inside a token. A token's own leading space is left out of its offsets.
        Raises TypeError for lone surrogates, which readers refuse.
        """
        encoding = self._engine.encode(text, add_special_tokens=False)
        ids = np.array(encoding.ids, dtype=np.int64)
        bare = [(start + (end - start > 1 and text[start] == " "), end) for start, end in encoding.offsets]
        return ids, np.array(bare, dtype=np.int64).reshape(-1, 2)

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without offsets; on all cores."""
        return [encoding.ids for encoding in self._engine.encode_batch_fast(texts, add_special_tokens=False)]

    def pieces(self, text: str) -> list[str]:
        """The substrings of `text` that its tokens cover, leading spaces left out."""
        return [text[start:end] for start, end in self.encode(text)[1]]
