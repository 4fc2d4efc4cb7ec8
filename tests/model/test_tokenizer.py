"""The tokenizer: merges as the textbook has them, exact offsets for any text, terms whole, no hostile slowness."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oncogloss.errors import BundleError
from oncogloss.model.tokenizer import (
    PLAIN,
    SPECIALS,
    Tokenizer,
    byte_alphabet,
    pretoken_pattern,
    read_terms,
    train_bpe,
    train_tokenizer,
)
from oncogloss.pipeline import Pipeline

TERMS_FILE = Path(__file__).parents[2] / "corpus" / "terms.txt"
EXPLICIT = [
    "HER2", "HER2+", "PD-1", "PD-L1", "BRCA1", "BRCA2", "BRCA1/2", "T-DXd", "T-DM1", "EGFR", "ALK", "KRAS", "BRAF",
    "V600E", "G12C", "T790M", "MSI-H", "CDK4/6", "CTLA-4", "CA-125", "CAR-T", "osimertinib", "pembrolizumab",
    "trastuzumab", "mg/m2", "mg/kg", "ECOG", "RECIST", "NSCLC", "FOLFIRINOX", "PFS", "OS", "metastatic",
]  # fmt: skip
ALL_TERMS = sorted({*EXPLICIT, *read_terms(TERMS_FILE)})

any_text = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(" \n\t\u00a0\u200dÅé²½·≥🙂👩🏽<>0123456789/+-_HERABCabc"),
    )
)


def slow_bpe(counts: dict[str, int], n_merges: int) -> list[tuple[str, str]]:
    """Byte-pair encoding that counts everything anew for each merge: the oracle of the fast one."""
    alphabet = byte_alphabet()
    words = {word: [alphabet[b] for b in word.encode()] for word in counts}
    merges: list[tuple[str, str]] = []
    while len(merges) < n_merges:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, pieces in words.items():
            for pair in itertools.pairwise(pieces):
                pairs[pair] += counts[word]
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        words = {word: merged(pieces, best) for word, pieces in words.items()}
    return merges


def merged(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    out: list[str] = []
    for piece in pieces:
        if out and (out[-1], piece) == pair:
            out[-1] = "".join(pair) + "\0"  # sealed: it takes part in no second merge of this round
        else:
            out.append(piece)
    return [piece.removesuffix("\0") for piece in out]


def test_bpe_of_the_textbook() -> None:
    """Sennrich et al. 2016, figure 1, without their end-of-word mark; ties fall to the pair that sorts first."""
    merges = train_bpe(Counter({"low": 5, "lower": 2, "newest": 6, "widest": 3}), 9)
    assert merges == [
        ("e", "s"), ("es", "t"), ("l", "o"), ("lo", "w"), ("e", "w"), ("ew", "est"), ("n", "ewest"),
        ("d", "est"), ("i", "dest"),
    ]  # fmt: skip


def test_bpe_of_wikipedia() -> None:
    assert train_bpe(Counter({"aaabdaaabac": 1}), 3) == [("a", "a"), ("a", "b"), ("aa", "ab")]


@given(st.dictionaries(st.text("abcé", min_size=1, max_size=9), st.integers(1, 5), max_size=8), st.integers(0, 12))
def test_bpe_equals_the_slow_one(counts: dict[str, int], n_merges: int) -> None:
    assert train_bpe(Counter(counts), n_merges) == slow_bpe(counts, n_merges)


def test_training_is_deterministic_whatever_the_hash_seed(tokenizer_json: str) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import toys as c; "
        "from oncogloss.model.tokenizer import train_tokenizer; "
        "sys.stdout.buffer.write(train_tokenizer(c.SENTENCES * 2, c.TERMS, 600).encode())"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(Path(__file__).parents[1])],
            capture_output=True,
            check=True,
            timeout=120,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        )
        assert done.stdout == tokenizer_json.encode()


def test_vocabulary_begins_with_specials_and_bytes(tokenizer: Tokenizer) -> None:
    vocabulary = tokenizer.vocabulary
    assert len(vocabulary) == len(set(vocabulary)) == tokenizer.size == 600
    assert tuple(vocabulary[: len(SPECIALS)]) == SPECIALS
    assert vocabulary[len(SPECIALS) : len(SPECIALS) + 256] == [byte_alphabet()[b] for b in range(256)]
    assert sorted(map(ord, byte_alphabet().values())) == sorted(set(map(ord, byte_alphabet().values())))


@given(any_text)
@example("")
@example("  two spaces\n\n  indented\r\n\ttab ")
@example("HER2+ BRCA1/2/ 1.5 × 10⁹/L <mask> é e\u0301 🏳️‍🌈")
def test_offsets_of_any_text(tokenizer: Tokenizer, text: str) -> None:
    ids, offsets = tokenizer.encode(text)
    assert ids.shape == (len(offsets),) and offsets.shape == (len(ids), 2)
    starts, ends = offsets[:, 0], offsets[:, 1]
    assert (np.diff(starts) >= 0).all() and (np.diff(ends) >= 0).all()
    assert ((starts >= 0) & (starts < ends) & (ends <= len(text))).all()
    covered = {i for start, end in offsets.tolist() for i in range(start, end)}
    assert {i for i, c in enumerate(text) if c != " "} <= covered
    assert tokenizer.pieces(text) == [text[a:b] for a, b in offsets.tolist()]
    assert not any(piece.startswith(" ") and piece.strip() for piece in tokenizer.pieces(text))
    bytes_of = {character: byte for byte, character in byte_alphabet().items()}
    spelled = bytes(bytes_of[c] for i in ids for c in tokenizer.vocabulary[i])
    assert spelled.decode() == text


@given(st.lists(st.one_of(st.sampled_from(SPECIALS), any_text)).map("".join))
def test_text_gives_no_special_token(tokenizer: Tokenizer, text: str) -> None:
    assert (tokenizer.encode(text)[0] >= len(SPECIALS)).all()


def test_text_gives_no_special_token_even_if_trained_on_them() -> None:
    tokenizer = Tokenizer(train_tokenizer([" ".join(SPECIALS)] * 1000, [], 2000))
    assert (tokenizer.encode(" ".join(SPECIALS) + "".join(SPECIALS))[0] >= len(SPECIALS)).all()


def test_tokens_are_those_of_the_merges(tokenizer: Tokenizer, tokenizer_json: str) -> None:
    """The `tokenizers` engine against byte-pair encoding by hand: the lowest rank first, within a pre-token."""
    model = json.loads(tokenizer_json)["model"]
    ranks = {tuple(pair): rank for rank, pair in enumerate(model["merges"])}
    pattern = re.compile(json.loads(tokenizer_json)["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"])
    text = "Moonatinib 175 mg/m2 for HER2+ or BRCA1/2-mutated crater carcinoma (stage IV);\n * ≥ 18 years  old."
    expected = []
    for word in pattern.findall(text):
        pieces = [byte_alphabet()[b] for b in word.encode()]
        while pairs := [p for p in itertools.pairwise(pieces) if p in ranks]:
            pieces = merged(pieces, min(pairs, key=ranks.__getitem__))
        expected += [model["vocab"][piece] for piece in pieces]
    assert "".join(pattern.findall(text)) == text
    assert tokenizer.encode(text)[0].tolist() == expected


def test_digits_are_single(tokenizer: Tokenizer) -> None:
    for text in ("12345 678", "1.5 x 10^9/L in 2024", "20 mg, 28-day"):
        assert [p for p in tokenizer.pieces(text) if any(c.isdigit() for c in p)] == [c for c in text if c.isdigit()]


@pytest.fixture(scope="module")
def term_tokenizer() -> Tokenizer:
    return Tokenizer(train_tokenizer([], read_terms(TERMS_FILE), 16_384))


def is_one_token(tokenizer: Tokenizer, term: str) -> bool:
    """At the start of a text, and after a space."""
    return tokenizer.pieces(term) == [term] and tokenizer.pieces(f"1 {term}") == ["1", term]


def test_term_list_is_long_enough_and_holds_the_explicit_ones() -> None:
    terms = read_terms(TERMS_FILE)
    assert len(terms) >= 60
    assert set(EXPLICIT) <= set(terms)


def test_each_listed_term_becomes_one_token(term_tokenizer: Tokenizer) -> None:
    assert [term for term in ALL_TERMS if not is_one_token(term_tokenizer, term)] == []


@pytest.mark.parametrize("term", ALL_TERMS)
def test_term_is_one_token_of_the_shipped_model(shipped: Pipeline, term: str) -> None:
    assert is_one_token(shipped.tokenizer, term), shipped.tokenizer.pieces(f"{term} with {term}")


def test_a_term_that_begins_a_sentence_is_one_token(term_tokenizer: Tokenizer) -> None:
    names = [term.capitalize() for term in read_terms(TERMS_FILE) if term.isalpha() and term.islower()]
    assert len(names) > 100 and "Osimertinib" in names
    assert [name for name in names if not is_one_token(term_tokenizer, name)] == []


def test_terms_end_at_marks_and_do_not_eat_longer_words(term_tokenizer: Tokenizer) -> None:
    pieces = term_tokenizer.pieces("(HER2+), PD-L1/PD-1; 80 mg/m2. BRCA1/2-mutated")
    assert pieces[:4] == ["(", "HER2+", ")", ","]
    assert {"PD-L1", "/", "PD-1", ";", "mg/m2", ".", "BRCA1/2", "-"} <= set(pieces)
    assert "mg/m2" not in term_tokenizer.pieces("mg/m20")
    assert "PD-L1" not in term_tokenizer.pieces("PD-L12")


def test_pattern_names_only_irregular_terms() -> None:
    assert "osimertinib" not in pretoken_pattern(["osimertinib", "T-DXd"])
    assert re.escape("T-DXd") in pretoken_pattern(["osimertinib", "T-DXd"])


def test_case_is_kept(term_tokenizer: Tokenizer) -> None:
    for tokenizer_text in ("ALL", "Met"):
        upper, lower = (term_tokenizer.encode(t)[0].tolist() for t in (tokenizer_text, tokenizer_text.lower()))
        assert upper != lower


def test_case_is_kept_by_the_shipped_model(shipped: Pipeline) -> None:
    assert shipped.tokenizer.encode("ALL")[0].tolist() != shipped.tokenizer.encode("all")[0].tolist()


@pytest.mark.parametrize("unit", ["a", "A", "1", "🙂", " ", "\t", "A1/", "AB-", "<", "é"])
def test_time_grows_with_length(term_tokenizer: Tokenizer, unit: str) -> None:
    """RELIABILITY check 3: ten times the text takes no more than twenty times as long (CPU time, best of three)."""

    def seconds(n: int) -> float:
        text, spent = (unit * n)[:n], []
        for _ in range(3):
            begun = time.process_time()
            ids, _ = term_tokenizer.encode(text)
            spent.append(time.process_time() - begun)
            assert len(ids) > 0
        return max(min(spent), 1e-3)

    assert seconds(100_000) / seconds(10_000) < 20


def test_unknown_passage_names_share_the_token_of_plain_text(tokenizer: Tokenizer) -> None:
    assert tokenizer.special("<eligibility>") == SPECIALS.index("<eligibility>")
    assert tokenizer.special("<what users call it>") == tokenizer.special(PLAIN)


@pytest.mark.parametrize("contents", ["", "{}", "not json", '{"model": {"type": "BPE", "vocab": {}, "merges": []}}'])
def test_other_files_are_refused(contents: str) -> None:
    with pytest.raises(BundleError, match=r"^The tokenizer file .*\.$"):
        Tokenizer(contents)
