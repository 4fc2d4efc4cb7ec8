"""Masked-language pretraining: whole words, the right share, streams that lose nothing, a run that resumes."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from oncogloss.errors import CorpusError
from oncogloss.model.network import Network
from oncogloss.model.tokenizer import MASK, SPECIALS, Tokenizer
from oncogloss.training import pretrain as module
from oncogloss.training.pretrain import (
    MASKED_SHARE,
    DevText,
    Pace,
    batches,
    evaluate_dev,
    mask_words,
    masked_loss,
    pretrain,
    term_tokens,
    token_stream,
    word_starts,
)
from toys import SENTENCES


@pytest.fixture
def stream(tokenizer: Tokenizer) -> np.ndarray:
    return token_stream([("summary", s) for s in SENTENCES * 4], tokenizer)


def test_a_stream_is_the_passages_behind_their_names(tokenizer: Tokenizer) -> None:
    stream = token_stream([("summary", "Moon sarcoma."), ("no such field", "HER2")], tokenizer)
    wanted = [
        tokenizer.special("<summary>"),
        *tokenizer.encode("Moon sarcoma.")[0],
        tokenizer.special("<text>"),
        *tokenizer.encode("HER2")[0],
    ]
    assert stream.tolist() == wanted and stream.dtype == np.uint16


def test_words_begin_at_spaces_digits_and_marks(tokenizer: Tokenizer) -> None:
    starts = word_starts(tokenizer)
    vocabulary = tokenizer.vocabulary
    begins = {token: bool(s) for token, s in zip(vocabulary, starts, strict=True)}
    assert begins["Ġzorbatinib"] and begins["<mask>"] and begins["1"] and begins["("] and begins["Ġ"]
    assert not begins["a"] and not begins["st"]


def test_masking_is_of_whole_words(tokenizer: Tokenizer, stream: np.ndarray) -> None:
    starts = word_starts(tokenizer)
    ids = stream[: len(stream) // 32 * 32].reshape(-1, 32).astype(np.int64)
    _, chosen = mask_words(ids, starts, tokenizer.special(MASK), np.random.default_rng(0))
    text = ids.ravel() >= len(SPECIALS)
    words = np.cumsum(starts[ids.ravel()])[text]  # a passage's first word counts with the name before it
    picked = chosen.ravel()
    assert not picked[~text].any()
    whole = [picked[text][words == word] for word in np.unique(words)]
    assert all(word.all() or not word.any() for word in whole)
    assert any(len(word) > 1 and word.all() for word in whole)


def test_share_of_masked_words_and_what_becomes_of_them(tokenizer: Tokenizer, stream: np.ndarray) -> None:
    starts, mask = word_starts(tokenizer), tokenizer.special(MASK)
    ids = np.tile(stream[: len(stream) // 64 * 64].reshape(-1, 64).astype(np.int64), (20, 1))
    changed, chosen = mask_words(ids, starts, mask, np.random.default_rng(1))
    assert chosen.mean() == pytest.approx(MASKED_SHARE, abs=0.02)
    assert (changed[~chosen] == ids[~chosen]).all()
    shown = changed[chosen]
    assert (shown == mask).mean() == pytest.approx(0.8, abs=0.02)
    assert (shown == ids[chosen]).mean() == pytest.approx(0.1, abs=0.02)
    others = shown[(shown != mask) & (shown != ids[chosen])]
    assert len(others) / len(shown) == pytest.approx(0.1, abs=0.02) and others.min() >= len(SPECIALS)


def test_terms_are_tokens_with_or_without_a_space(tokenizer: Tokenizer) -> None:
    marked = term_tokens(tokenizer, ["zorbatinib", "no such thing at all"])
    assert {tokenizer.vocabulary[i] for i in np.flatnonzero(marked)} == {"zorbatinib", "Ġzorbatinib"}


def test_batches_are_whole_rows_in_a_new_order() -> None:
    endless = batches(np.arange(100, dtype=np.uint16), Pace(8, 3, 0.1), np.random.default_rng(0))
    found = [next(endless) for _ in range(12)]
    for rows in found:
        assert rows.shape == (3, 8) and rows.dtype == np.int64
        assert (np.diff(rows, axis=1) == 1).all()
    assert len({int(rows[0, 0]) % 8 for rows in found}) > 1  # each pass cuts elsewhere


def test_only_chosen_tokens_are_scored(tiny_network: Network) -> None:
    ids = torch.randint(20, 500, (2, 16), generator=torch.Generator().manual_seed(0))
    chosen = torch.zeros_like(ids, dtype=torch.bool)
    chosen[0, 3] = chosen[1, 5] = True
    other = ids.clone()
    other[~chosen] = 7
    with torch.no_grad():
        hidden = tiny_network.encoder(ids, None)
        loss, right = masked_loss(tiny_network, hidden, ids, chosen)
        assert masked_loss(tiny_network, hidden, other, chosen)[0] == loss
    assert loss.item() > 0 and right.shape == (2,) and right.dtype == torch.bool


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of 32 tokens, four a batch, and a rate at which a hundred steps show."""
    monkeypatch.setitem(module.PACES, "cpu", Pace(32, 4, 0.05))


@pytest.fixture
def dev(tokenizer: Tokenizer, stream: np.ndarray) -> DevText:
    return DevText(stream[:400], term_tokens(tokenizer, ["zorbatinib", "HER2"]))


@pytest.mark.usefixtures("small")
def test_dev_figures_do_not_depend_on_chance(tiny_network: Network, tokenizer: Tokenizer, dev: DevText) -> None:
    first, second = (evaluate_dev(tiny_network, tokenizer, dev) for _ in range(2))
    assert first == second and set(first) == {"dev_loss", "dev_accuracy", "dev_term_accuracy"}


@pytest.mark.usefixtures("small")
def test_a_short_run_learns_and_resumes(
    tiny_network: Network, tokenizer: Tokenizer, stream: np.ndarray, dev: DevText, tmp_path: Path
) -> None:
    network = copy.deepcopy(tiny_network)
    before = evaluate_dev(network, tokenizer, dev)["dev_loss"]
    lines: list[str] = []
    result = pretrain(network, tokenizer, stream, dev, folder=tmp_path, minutes=1 / 20, seed=1, log=lines.append)
    assert result["dev_loss"] < before - 0.1 and all(map(math.isfinite, result.values()))
    assert lines[-1].startswith("end: step ")
    again = copy.deepcopy(tiny_network)
    resumed = pretrain(again, tokenizer, stream, dev, folder=tmp_path, minutes=1 / 20, log=lines.append)
    assert resumed["dev_loss"] == pytest.approx(result["dev_loss"], abs=1e-6)  # its minutes were spent: nothing more
    for a, b in zip(network.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.usefixtures("small")
def test_too_little_text_is_refused(
    tiny_network: Network, tokenizer: Tokenizer, stream: np.ndarray, dev: DevText, tmp_path: Path
) -> None:
    with pytest.raises(CorpusError, match="Only 100 tokens of text; a batch takes 160: give more records or articles"):
        pretrain(copy.deepcopy(tiny_network), tokenizer, stream[:100], dev, folder=tmp_path, minutes=1)
