"""Masked-language pretraining on running trial text, from MiniLM's weights moved to our vocabulary."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Tokenizer as WordPiece
from torch import Tensor
from torch.nn import functional as F

from oncogloss.errors import CorpusError
from oncogloss.model.network import Encoder, EncoderLayer, Network
from oncogloss.model.tokenizer import MASK, SPECIALS, Tokenizer, byte_alphabet
from oncogloss.training.state import load_state, save_state

MASKED_SHARE = 0.15
WARM_UP = 0.03  # share of the minutes in which the rate rises


class Pace(NamedTuple):
    """How a kind of device is kept busy: tokens in a row, rows in a batch, and the peak rate that suits them."""

    sequence: int
    batch: int
    rate: float


N_LAYERS = 6  # of MiniLM
PACES = {"cpu": Pace(256, 16, 5e-4), "cuda": Pace(384, 192, 1e-3)}


class DevText(NamedTuple):
    """On what pretraining is judged."""

    stream: NDArray[np.uint16]  # token ids
    terms: NDArray[np.bool_]  # (vocabulary,): is this token a term of the field?


def token_stream(passages: Iterable[tuple[str, str]], tokenizer: Tokenizer) -> NDArray[np.uint16]:
    """Pack (passage name, text) pairs into one row of token ids, each passage behind its name's token."""
    pairs = list(passages)
    texts = list(dict.fromkeys(text for _, text in pairs))
    ids = {t: np.array(row, np.uint16) for t, row in zip(texts, tokenizer.encode_many(texts), strict=True)}
    names = {name: np.array([tokenizer.special(f"<{name}>")], np.uint16) for name, _ in pairs}
    return np.concatenate([part for name, text in pairs for part in (names[name], ids[text])])


def encode(encoder: Encoder, ids: Tensor, mask: Tensor | None) -> Tensor:
    """`ids` (B, L), `mask` (B, L) or None → (B, L, H) in fp32; computed in bf16 where the device does that well."""
    with torch.autocast(ids.device.type, dtype=torch.bfloat16, enabled=has_bf16(ids.device)):
        hidden: Tensor = encoder(ids, mask)
    return hidden.float()


def word_starts(tokenizer: Tokenizer) -> NDArray[np.bool_]:
    """For each vocabulary entry: does a word begin with it? (Whole words are masked together.)"""
    letters = {character for byte, character in byte_alphabet().items() if chr(byte).isalpha()}
    return np.array([token in SPECIALS or token[0] not in letters for token in tokenizer.vocabulary])


def term_tokens(tokenizer: Tokenizer, terms: Sequence[str]) -> NDArray[np.bool_]:
    """For each vocabulary entry: is it one of `terms`, with or without a space before it?"""
    marked = np.zeros(tokenizer.size, bool)
    encoded = tokenizer.encode_many([form for term in terms for form in (term, " " + term)])
    marked[[ids[0] for ids in encoded if len(ids) == 1]] = True
    return marked


def transfer_minilm(network: Network, tokenizer: Tokenizer, folder: Path) -> None:
    """Fill the encoder from MiniLM: each of our tokens from the mean of its old pieces, layers as they are.

    `folder` holds MiniLM's `model.safetensors` and `tokenizer.json`. MiniLM is uncased: a token that has
    capitals is moved by a small fixed vector, so that training can tell it from its lower-case twin. A deeper network
    has each layer several times, one under the other.
    """
    old = {name: value.float() for name, value in load_file(folder / "model.safetensors").items()}
    pieces = WordPiece.from_file(str(folder / "tokenizer.json"))
    pieces.no_truncation()
    pieces.no_padding()
    table = old["embeddings.word_embeddings.weight"]
    generator = torch.Generator().manual_seed(0)
    case_shift = {
        kind: torch.randn(table.shape[1], generator=generator) * 0.015 for kind in ("title", "upper", "mixed")
    }
    bytes_of = {character: byte for byte, character in byte_alphabet().items()}
    fresh = torch.zeros(tokenizer.size, table.shape[1])
    for i, token in enumerate(tokenizer.vocabulary):
        if token in SPECIALS:
            fresh[i] = table[pieces.token_to_id("[MASK]" if token == MASK else "[CLS]")]
            continue
        text = bytes(bytes_of[c] for c in token).decode("utf-8", errors="ignore")
        ids = pieces.encode(text.strip() or text, add_special_tokens=False).ids
        fresh[i] = table[ids].mean(0) if ids else table[pieces.token_to_id("[UNK]")]
        word = text.strip()
        if word != word.lower():
            kind = "upper" if word.isupper() else "title" if word.istitle() else "mixed"
            fresh[i] += case_shift[kind]
    network.encoder.tokens.weight.data.copy_(fresh)
    positions = old["embeddings.position_embeddings.weight"] + old["embeddings.token_type_embeddings.weight"][0]
    network.encoder.positions.weight.data.copy_(positions[: network.config.max_positions])
    _copy(network.encoder.norm, old, "embeddings.LayerNorm")
    for i, layer in enumerate(network.encoder.layers):
        assert isinstance(layer, EncoderLayer)
        prefix = f"encoder.layer.{i * N_LAYERS // network.config.layers}."
        for part in ("weight", "bias"):
            stacked = [old[f"{prefix}attention.self.{name}.{part}"] for name in ("query", "key", "value")]
            getattr(layer.query_key_value, part).data.copy_(torch.cat(stacked))
        _copy(layer.attention_output, old, prefix + "attention.output.dense")
        _copy(layer.attention_norm, old, prefix + "attention.output.LayerNorm")
        _copy(layer.feed_forward_in, old, prefix + "intermediate.dense")
        _copy(layer.feed_forward_out, old, prefix + "output.dense")
        _copy(layer.feed_forward_norm, old, prefix + "output.LayerNorm")
    torch.nn.init.eye_(network.masked_language.transform.weight)


def _copy(module: torch.nn.Module, old: dict[str, Tensor], prefix: str) -> None:
    for part, parameter in module.named_parameters():
        parameter.data.copy_(old[f"{prefix}.{part}"])


def mask_words(
    ids: NDArray[np.int64], starts: NDArray[np.bool_], mask_id: int, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Hide about 15 % of the words of `ids` (B, L): 80 % masked, 10 % another token, 10 % left.

    Returns (the changed ids, true where a token must be predicted).
    """
    word = np.cumsum(starts[ids].ravel()).reshape(ids.shape)
    chosen = random.random(word.max() + 1) < MASKED_SHARE
    chosen = chosen[word] & (ids >= len(SPECIALS))
    dice = random.random(ids.shape)
    changed = np.where(chosen & (dice < 0.8), mask_id, ids)
    other = random.integers(len(SPECIALS), len(starts), ids.shape)
    return np.where(chosen & (dice >= 0.9), other, changed), chosen


def masked_loss(network: Network, hidden: Tensor, target: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """(mean cross entropy, which were predicted right) of the n chosen tokens of a batch read as `hidden` (B, L, H)."""
    logits = network.masked_language(hidden[chosen], network.encoder.widen(network.encoder.tokens.weight)).float()
    wanted = target[chosen]
    return F.cross_entropy(logits, wanted), logits.argmax(-1) == wanted


def batches(stream: NDArray[np.uint16], pace: Pace, random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Endless (batch, sequence) cuts of the stream, every pass in a new order and from a new offset."""
    while True:
        offset = int(random.integers(pace.sequence))
        n = (len(stream) - offset) // pace.sequence
        rows = stream[offset : offset + n * pace.sequence].reshape(n, pace.sequence)
        order = random.permutation(n)
        for i in range(0, n - pace.batch + 1, pace.batch):
            yield rows[np.sort(order[i : i + pace.batch])].astype(np.int64)


def pretrain(
    network: Network,
    tokenizer: Tokenizer,
    stream: NDArray[np.uint16],
    dev: DevText,
    *,
    folder: Path,
    minutes: float,
    seed: int = 0,
    log: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
) -> dict[str, float]:
    """Train for `minutes` of wall clock, or resume the run of `folder`; the rate falls to nothing at the end.

    Returns the last dev loss, and the accuracy on all hidden tokens and on hidden terms. Runs on a GPU where torch
    finds one, in bf16 where the device has it.
    """
    device = training_device()
    least = (PACES[device.type].batch + 1) * PACES[device.type].sequence
    if len(stream) < least:
        raise CorpusError(
            f"Only {len(stream):,} tokens of text; a batch takes {least:,}: give more records or articles."
        )
    network.to(device).eval()  # one pass over much text needs no dropout
    parameters = [*network.encoder.parameters(), *network.masked_language.parameters()]
    pace = PACES[device.type]
    long = device.type == "cuda" and minutes > 2  # compiling takes half a minute
    encoder = torch.compile(network.encoder) if long else network.encoder
    optimizer = torch.optim.AdamW(network.parameters(), lr=pace.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    restored = load_state(folder, network, optimizer, network)
    step, spent = (int(restored["step"]), restored["spent"]) if restored else (0, 0.0)
    random = np.random.default_rng([seed, step])
    starts, mask_id = word_starts(tokenizer), tokenizer.special(MASK)
    result: dict[str, float] = {}
    begun, last, saved, smooth = step, time.monotonic(), spent, torch.zeros((), device=device)
    for ids in batches(stream, pace, random):
        share = spent / (60 * minutes)
        if share >= 1:
            break
        rate = pace.rate * min(1.0, share / WARM_UP, (step + 1) / 100) * (0.02 + 0.98 * (1 - share))
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss, _, _ = _step(network, encoder, ids, starts, mask_id, random)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        smooth += (loss.detach() - smooth) / min(50, step - begun)
        now = time.monotonic()
        spent, last = spent + now - last, now
        if step % 20 == 0:
            speed = pace.batch * pace.sequence * 20 / max(1e-9, spent - result.get("_mark", 0.0))
            result["_mark"] = spent
            log(f"step {step}  loss {smooth:.3f}  {speed:.0f} tokens/s  {minutes - spent / 60:.1f} min left")
        if spent - saved > 240:
            saved = spent
            result |= evaluate_dev(network, tokenizer, dev)
            log(f"dev loss {result['dev_loss']:.3f}  accuracy {result['dev_accuracy']:.3f}")
            save_state(folder, network, optimizer, network, {"step": step, "spent": spent, **result})
            last = time.monotonic()
    result |= evaluate_dev(network, tokenizer, dev)
    save_state(folder, network, optimizer, network, {"step": step, "spent": spent, **result})
    log(f"end: step {step}  dev loss {result['dev_loss']:.3f}  accuracy {result['dev_accuracy']:.3f}")
    return {key: value for key, value in result.items() if math.isfinite(value) and key != "_mark"}


def _step(
    network: Network,
    encoder: Callable[[Tensor, None], Tensor],
    ids: NDArray[np.int64],
    starts: NDArray[np.bool_],
    mask_id: int,
    random: np.random.Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """(loss, which hidden tokens were predicted right, what they are) of one batch."""
    device = next(network.parameters()).device
    changed, hidden_ones = mask_words(ids, starts, mask_id, random)
    seen, target, chosen = (torch.from_numpy(array).to(device) for array in (changed, ids, hidden_ones))
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_bf16(device)):
        loss, right = masked_loss(network, encoder(seen, None), target, chosen)
    return loss, right, target[chosen]


def training_device() -> torch.device:
    """The GPU where torch finds one, else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    torch.backends.cuda.enable_cudnn_sdp(False)  # cuDNN plans its attention anew for every length
    return torch.device("cuda")


@cache
def has_bf16(device: torch.device) -> bool:
    """Does the device multiply in bf16 faster than in fp32?"""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return "avx512_bf16" in Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else False


@torch.no_grad()
def evaluate_dev(network: Network, tokenizer: Tokenizer, dev: DevText) -> dict[str, float]:
    """Masked loss and accuracy over dev text, always with the same masks; the accuracy also on terms alone."""
    random, pace = np.random.default_rng(0), PACES["cpu"]
    starts, mask_id = word_starts(tokenizer), tokenizer.special(MASK)
    rows = dev.stream[: len(dev.stream) // pace.sequence * pace.sequence].reshape(-1, pace.sequence).astype(np.int64)
    losses, hits, tokens = zip(
        *(
            _step(network, network.encoder, rows[i : i + pace.batch], starts, mask_id, random)
            for i in range(0, len(rows), pace.batch)
        ),
        strict=True,
    )
    right = torch.cat(hits).cpu().numpy()
    of_terms = right[dev.terms[torch.cat(tokens).cpu().numpy()]]
    return {
        "dev_loss": float(torch.stack(losses).mean()),
        "dev_accuracy": float(right.mean()),
        "dev_term_accuracy": float(of_terms.mean()) if len(of_terms) else 0.0,
    }
