"""Span taggers for public benchmarks: our encoder with a span head or a CRF, and what classifies pairs of spans.

The taggers learn from, and return, texts with typed spans by character. Consecutive texts are read in one stream, so
that a sentence is seen with its neighbours. A BiLSTM-CRF to stand beside them is in `lstm`.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from oncogloss.model.network import Encoder, rotate
from oncogloss.model.tokenizer import PAD, PLAIN, Tokenizer
from oncogloss.model.windows import Stream, Window, cut_windows, read_stream
from oncogloss.schema import Passage
from oncogloss.training.agreement import FLOOR, Candidate
from oncogloss.training.finetune import average_weights, parameter_groups
from oncogloss.training.pretrain import encode, training_device
from oncogloss.training.sentences import Text, flatten, tags_to_spans

Ints = NDArray[np.int64]
NEGATIVE = -1e4
Find = Callable[[Sequence[Text]], list[list[Candidate]]]  # texts → what may be a span in each
Scored = tuple[int, int, int, float]  # type, first and last token, logit


# ---- learning


class Learner(nn.Module):
    """A module that says how wrong it is on a batch."""

    def loss(self, batch: Any) -> Tensor:
        """Scalar loss of one batch."""
        raise NotImplementedError


M = TypeVar("M", bound=Learner)


def fit(
    model: M,
    batches: Callable[[], Sequence[Any]],
    groups: Sequence[dict[str, Any]],
    *,
    epochs: int,
    clip: float = 2.0,
    log: Callable[[str], None] = lambda line: None,
) -> M:
    """Train with AdamW; 10 % warm-up, linear fall; returns the averaged weights, ready to predict.

    `batches` gives those of one epoch, each time afresh; every group of parameters has its own `peak` rate.
    """
    optimizer = torch.optim.AdamW(groups, lr=0.0, weight_decay=0.01, fused=True)
    average = copy.deepcopy(model).eval()
    fresh: list[Tensor] = list(model.parameters())
    model.train()
    step = 0
    for epoch in range(epochs):
        rows = batches()
        steps = epochs * len(rows)
        total = torch.zeros((), device=fresh[0].device)
        for batch in rows:
            factor = min((step + 1) / max(1, steps // 10), max(0.01, (steps - step) / (0.9 * steps)))
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * factor
            loss = model.loss(batch)
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(fresh, clip)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            average_weights(average, model, min(0.998, (step + 1) / (step + 10)))
            total += loss.detach()
            step += 1
        log(f"epoch {epoch + 1}/{epochs}  loss {total.item() / len(rows):.3f}")
    return average


# ---- conditional random field


class LinearCrf(nn.Module):
    """Linear-chain conditional random field (Lafferty et al. 2001) over T tags.

    The partition function is a product of transition matrices: on a GPU combined in a tree, log2(L) steps of T³ each;
    on a CPU word by word, L steps of T².
    """

    def __init__(self, tags: int) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.zeros(tags))
        self.transitions = nn.Parameter(torch.zeros(tags, tags))

    def loss(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Negative log likelihood a token; `emissions` (B, L, T), `tags` (B, L), `mask` (B, L) true up to each end."""
        gold = emissions.gather(-1, tags[..., None])[..., 0]
        gold = gold + F.pad(self.transitions[tags[:, :-1], tags[:, 1:]], (1, 0))
        wanted = (gold * mask).sum(1) + self.start[tags[:, 0]]
        return (self._partition(emissions, mask) - wanted).sum() / mask.sum()

    def _partition(self, emissions: Tensor, mask: Tensor) -> Tensor:
        return self.by_tree(emissions, mask) if emissions.is_cuda else self.by_steps(emissions, mask)

    def by_steps(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Logarithm of the partition function, word by word."""
        score = self.start + emissions[:, 0]
        for t in range(1, emissions.shape[1]):
            step = _chain(score[:, None], self.transitions)[:, 0] + emissions[:, t]
            score = torch.where(mask[:, t, None], step, score)
        return torch.logsumexp(score, -1)

    def by_tree(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """The same, in a tree."""
        first = self.start + emissions[:, 0]
        tags = first.shape[-1]
        nothing = torch.full((tags, tags), NEGATIVE, device=first.device).fill_diagonal_(0.0)
        product = torch.where(mask[:, 1:, None, None], self.transitions + emissions[:, 1:, None, :], nothing)
        while product.shape[1] > 1:
            odd = product[:, 2 * (product.shape[1] // 2) :]
            product = torch.cat([_chain(product[:, 0:-1:2], product[:, 1::2]), odd], 1)
        return (
            torch.logsumexp((first[:, None, :, None] + product).flatten(1), -1)
            if product.shape[1]
            else (torch.logsumexp(first, -1))
        )

    @torch.no_grad()
    def best(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Viterbi: the likeliest tags, (B, L); anything beyond the mask."""
        score = self.start + emissions[:, 0]
        stay = torch.arange(score.shape[-1], device=score.device).expand_as(score)
        backs = []
        for t in range(1, emissions.shape[1]):
            top, back = (score[:, :, None] + self.transitions).max(1)
            on = mask[:, t, None]
            score = torch.where(on, top + emissions[:, t], score)
            backs.append(torch.where(on, back, stay))
        path = [score.argmax(-1, keepdim=True)]
        for back in reversed(backs):
            path.append(back.gather(1, path[-1]))
        return torch.cat(path[::-1], 1)


def _chain(left: Tensor, right: Tensor) -> Tensor:
    """Matrix product in the log semiring, (…, S, T) by (…, T, T)."""
    row, column = left.detach().amax(-1, keepdim=True), right.detach().amax(-2, keepdim=True)
    product = torch.exp(left - row) @ torch.exp(right - column)
    return torch.log(product.clamp_min(1e-30)) + row + column


def spans_to_tags(spans: Tensor, batch: int, length: int) -> Tensor:
    """`spans` (n, 4) of window, type, first and last token, not overlapping → BIO tags (batch, length).

    0 is outside, 1 + 2t begins type t, 2 + 2t goes on.
    """
    window, kind, first, last = spans.unbind(1)
    change = torch.zeros(batch, length + 1, dtype=torch.int64, device=spans.device)
    change.index_put_((window, first), 2 + 2 * kind, accumulate=True)
    change.index_put_((window, last + 1), -2 - 2 * kind, accumulate=True)
    tags = change.cumsum(1)[:, :length]
    tags[window, first] = 1 + 2 * kind
    return tags


# ---- our encoder


class Batch(NamedTuple):
    """B windows of at most L tokens on the device."""

    ids: Tensor  # (B, L)
    mask: Tensor  # (B, L) bool: a token stands here
    padded: bool  # is anything not a token?
    spans: Tensor  # (n, 4): window, type, first token, last token


class DenseSpanHead(nn.Module):
    """Scores every (type, first token, last token): GlobalPointer (Su et al. 2022) without a limit of width."""

    def __init__(self, hidden: int, types: int, width: int = 64) -> None:
        super().__init__()
        self.types, self.width = types, width
        self.ends = nn.Linear(hidden, types * 2 * width)

    def scores(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """`hidden` (B, L, H) → (B, types, L, L); NEGATIVE where none can be: the first token is a name's."""
        batch, length, _ = hidden.shape
        ends = rotate(self.ends(hidden).view(batch, length, self.types, 2, self.width))
        first, last = ends.permute(3, 0, 2, 1, 4).unbind(0)
        inside = mask & (torch.arange(length, device=mask.device) > 0)
        allowed = (inside[:, :, None] & inside[:, None, :]).triu()[:, None]
        scores: Tensor = first @ last.transpose(-1, -2) / self.width**0.5
        return scores.masked_fill(~allowed, NEGATIVE)

    def loss(self, hidden: Tensor, batch: Batch) -> Tensor:
        """Every wanted span above 0, every other below (ZLPR, Su et al. 2022), summed over types, mean over windows."""
        scores = self.scores(hidden, batch.mask)
        window, kind, first, last = batch.spans.unbind(1)
        wanted = scores[window, kind, first, last]
        others = scores.index_put((window, kind, first, last), scores.new_full((), NEGATIVE))
        negative = F.softplus(torch.logsumexp(others.flatten(2), -1))
        sums = torch.zeros_like(negative).flatten()
        positive = sums.index_add(0, window * self.types + kind, torch.exp(-wanted.clamp(min=-80))).log1p()
        return (negative.sum() + positive.sum()) / len(scores)

    @torch.no_grad()
    def decode(self, hidden: Tensor, mask: Tensor) -> list[list[Scored]]:
        """For each window the spans that score above FLOOR, at most four a token."""
        scores = self.scores(hidden, mask)
        length = scores.shape[-1]
        top, where = scores.flatten(1).topk(min(4 * length, scores[0].numel()))
        return [
            [(c // length**2, c // length % length, c % length, v) for v, c in zip(*row, strict=True) if v > FLOOR]
            for row in zip(top.tolist(), where.tolist(), strict=True)
        ]


class CrfHead(nn.Module):
    """BIO tags of tokens under a linear-chain CRF."""

    def __init__(self, hidden: int, types: int) -> None:
        super().__init__()
        self.emissions = nn.Linear(hidden, 1 + 2 * types)
        self.crf = LinearCrf(1 + 2 * types)

    def loss(self, hidden: Tensor, batch: Batch) -> Tensor:
        """Negative log likelihood of the windows' tags."""
        tags = spans_to_tags(batch.spans, *batch.ids.shape)
        return self.crf.loss(self.emissions(hidden), tags, batch.mask)

    def decode(self, hidden: Tensor, mask: Tensor) -> list[list[Scored]]:
        """For each window the spans of the likeliest tags, all with one score."""
        tags = self.crf.best(self.emissions(hidden), mask)
        return [[(*span, -FLOOR) for span in tags_to_spans(row)] for row in (tags * mask).tolist()]


def encode_dropped(encoder: Encoder, ids: Tensor, mask: Tensor | None) -> Tensor:
    """`encode`, some of its output dropped in training."""
    return F.dropout(encode(encoder, ids, mask), encoder.dropout, encoder.training)


class EncoderTagger(Learner):
    """Our encoder under one head."""

    def __init__(self, encoder: Encoder, head: DenseSpanHead | CrfHead) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def loss(self, batch: Batch) -> Tensor:
        """The head's loss over the encoder's vectors."""
        return self.head.loss(self._read(batch), batch)

    def decode(self, batch: Batch) -> list[list[Scored]]:
        """For each window the spans that the head finds."""
        return self.head.decode(self._read(batch), batch.mask)

    def _read(self, batch: Batch) -> Tensor:
        return encode_dropped(self.encoder, batch.ids, batch.mask if batch.padded else None)


@dataclass(frozen=True)
class EncoderRecipe:
    """How our encoder is fine-tuned; the same for all tasks."""

    epochs: int = 15
    window: int = 256
    overlap: int = 32  # in training; twice as much and more in reading, so that no long span is cut
    batch: int = 16  # windows
    encoder_rate: float = 1.5e-4
    head_rate: float = 1e-3
    layer_decay: float = 0.9


def _groups(encoder: Encoder, head: nn.Module, recipe: EncoderRecipe) -> list[dict[str, Any]]:
    return parameter_groups(
        encoder,
        head.parameters(),
        encoder_rate=recipe.encoder_rate,
        head_rate=recipe.head_rate,
        layer_decay=recipe.layer_decay,
    )


class Row(NamedTuple):
    """Texts in one stream of tokens."""

    stream: Stream
    starts: Ints  # (texts,): where each begins in the stream's text
    spans: Ints  # (n, 3): type, first and last token of each span, by first token


def read_row(texts: Sequence[Text], tokenizer: Tokenizer, labels: Sequence[str]) -> Row:
    """Join texts, a space between them, and find the tokens of their spans."""
    starts = np.cumsum([0, *(len(t.text) + 1 for t in texts)])[:-1]
    stream = read_stream([Passage(name="text", text=" ".join(t.text for t in texts))], tokenizer)
    index = {label: i for i, label in enumerate(labels)}
    rows = [(index[s[0]], at + s[1], at + s[2]) for t, at in zip(texts, starts.tolist(), strict=True) for s in t.spans]
    spans = np.array(rows, np.int64).reshape(-1, 3)
    first = np.searchsorted(stream.end[1:], spans[:, 1], side="right") + 1
    last = np.searchsorted(stream.start[1:], spans[:, 2], side="left")
    spans = np.stack([spans[:, 0], first, last], 1)
    return Row(stream, starts, spans[np.argsort(first, kind="stable")])


def window_batches(row: Row, windows: Sequence[Window], size: int, pad: int, to: torch.device) -> list[Batch]:
    """Batches of `size` windows, in order, moved to the device at once."""
    length = max(len(w.ids) for w in windows)
    ids = np.full((len(windows), length), pad)
    mask = np.zeros((len(windows), length), bool)
    spans, counts = [], []
    for i, w in enumerate(windows):
        ids[i, : len(w.ids)], mask[i, : len(w.ids)] = w.ids, True
        low, high = np.searchsorted(row.spans[:, 1], [w.first, w.last])
        begun, shift = row.spans[low:high], w.lead - w.first
        inside = begun[begun[:, 2] < w.last] + np.array([0, shift, shift])
        spans.append(np.concatenate([np.full((len(inside), 1), i % size), inside], 1))
        counts.append(len(inside))
    edges = np.cumsum([0, *counts])
    on_ids, on_mask, on_spans = (torch.from_numpy(x).to(to) for x in (ids, mask, np.concatenate(spans)))
    return [
        Batch(
            on_ids[i : i + size],
            on_mask[i : i + size],
            not bool(mask[i : i + size].all()),
            on_spans[edges[i] : edges[min(i + size, len(windows))]],
        )
        for i in range(0, len(windows), size)
    ]


def encoder_tagger(
    encoder: Encoder,
    tokenizer: Tokenizer,
    texts: Sequence[Text],
    *,
    head: str,
    recipe: EncoderRecipe,
    seed: int,
    log: Callable[[str], None] = lambda line: None,
) -> tuple[Find, int]:
    """Fine-tune `encoder` with a `spans` or a `crf` head; returns (what finds candidates in texts, parameters).

    The CRF learns the longest of overlapping spans only.
    """
    labels = sorted({label for t in texts for label, _, _ in t.spans})
    torch.manual_seed(seed)
    width = encoder.tokens.embedding_dim
    if head == "crf":
        texts = [Text(t.text, tuple(flatten(t.spans))) for t in texts]
        model = EncoderTagger(encoder, CrfHead(width, len(labels))).to(training_device())
    else:
        model = EncoderTagger(encoder, DenseSpanHead(width, len(labels))).to(training_device())
    row = read_row(texts, tokenizer, labels)
    dice, pad = random.Random(seed), tokenizer.special(PAD)

    def batches() -> list[Batch]:
        shift = dice.randrange(recipe.window - 1 - recipe.overlap)
        windows = cut_windows(row.stream, recipe.window, recipe.overlap, shift=shift)
        dice.shuffle(windows)
        return window_batches(row, windows, recipe.batch, pad, training_device())

    groups = _groups(encoder, model.head, recipe)
    trained = fit(model, batches, groups, epochs=recipe.epochs, log=log)

    def find(held: Sequence[Text]) -> list[list[Candidate]]:
        return _find(trained, read_row([Text(t.text, ()) for t in held], tokenizer, labels), held, labels, recipe, pad)

    return find, sum(p.numel() for p in trained.parameters())


@torch.no_grad()
def _find(
    model: EncoderTagger,
    row: Row,
    texts: Sequence[Text],
    labels: Sequence[str],
    recipe: EncoderRecipe,
    pad: int,
) -> list[list[Candidate]]:
    windows = cut_windows(row.stream, recipe.window, recipe.window // 2)
    found: list[list[Candidate]] = [[] for _ in texts]
    decoded: list[list[Scored]] = []
    for batch in window_batches(row, windows, recipe.batch, pad, training_device()):
        decoded += model.decode(batch)
    for w, spans in zip(windows, decoded, strict=True):
        for kind, first, last, logit in spans:
            first, last = first + w.first - w.lead, last + w.first - w.lead
            if w.own_first <= first < w.own_last:
                start, end = int(row.stream.start[first]), int(row.stream.end[last])
                i = int(np.searchsorted(row.starts, start, side="right")) - 1
                at = int(row.starts[i])
                if end - at <= len(texts[i].text):
                    found[i].append(Candidate(labels[kind], start - at, end - at, logit))
    return found


# ---- a pair of marked entities


class PairBatch(NamedTuple):
    """B sentences with two marks each."""

    ids: Tensor  # (B, L)
    mask: Tensor  # (B, L) bool
    marks: Tensor  # (B, 2): the tokens where the two marked entities open
    labels: Tensor  # (B,)


class PairClassifier(Learner):
    """Class of a pair from the vectors where its two entities open (entity markers: Soares et al. 2019)."""

    def __init__(self, encoder: Encoder, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.output = nn.Linear(2 * encoder.tokens.embedding_dim, classes)

    def forward(self, batch: PairBatch) -> Tensor:
        """Logits, (B, classes)."""
        hidden = encode_dropped(self.encoder, batch.ids, batch.mask)
        at = batch.marks[..., None].expand(-1, -1, hidden.shape[-1])
        logits: Tensor = self.output(hidden.gather(1, at).flatten(1))
        return logits

    def loss(self, batch: PairBatch) -> Tensor:
        """Mean cross entropy."""
        return F.cross_entropy(self(batch), batch.labels)


MARKS = ("<<", "[[")  # what opens the two entities of a pair


def pair_batches(
    rows: Sequence[tuple[str, int]], tokenizer: Tokenizer, most: int, size: int, to: torch.device
) -> list[PairBatch]:
    """Batches of (marked sentence, class), in order; at most `most` tokens of each, around its marks."""
    encoded = []
    for text, label in rows:
        ids, offsets = tokenizer.encode(text)
        marks: Ints = np.searchsorted(offsets[:, 1], [text.index(mark) for mark in MARKS], side="right")
        skip = max(0, min(int(marks.min()) - most // 4, len(ids) - most + 1))
        row = np.array([tokenizer.special(PLAIN), *ids[skip:][: most - 1]])
        encoded.append((row, np.minimum(marks - skip + 1, most - 1), label))
    batches = []
    for i in range(0, len(encoded), size):
        chunk = encoded[i : i + size]
        ids = np.full((len(chunk), max(len(e[0]) for e in chunk)), tokenizer.special(PAD))
        mask = np.zeros(ids.shape, bool)
        for b, e in enumerate(chunk):
            ids[b, : len(e[0])], mask[b, : len(e[0])] = e[0], True
        parts = (ids, mask, np.stack([e[1] for e in chunk]), np.array([e[2] for e in chunk]))
        batches.append(PairBatch(*(torch.from_numpy(part).to(to) for part in parts)))
    return batches


def pair_classifier(
    encoder: Encoder,
    tokenizer: Tokenizer,
    rows: Sequence[tuple[str, str]],
    *,
    recipe: EncoderRecipe,
    seed: int,
    log: Callable[[str], None] = lambda line: None,
) -> tuple[Callable[[Sequence[str]], list[str]], int]:
    """Fine-tune on (sentence with `<< >>` and `[[ ]]`, class); returns (what classifies sentences, parameters)."""
    classes = sorted({label for _, label in rows})
    torch.manual_seed(seed)
    model = PairClassifier(encoder, len(classes)).to(training_device())
    dice, size = random.Random(seed), 2 * recipe.batch
    numbered = [(text, classes.index(label)) for text, label in rows]

    def batches() -> list[PairBatch]:
        dice.shuffle(numbered)
        pools = [sorted(numbered[i : i + 8 * size], key=lambda r: len(r[0])) for i in range(0, len(numbered), 8 * size)]
        rows = pair_batches([r for pool in pools for r in pool], tokenizer, recipe.window, size, training_device())
        dice.shuffle(rows)
        return rows

    groups = _groups(encoder, model.output, recipe)
    trained = fit(model, batches, groups, epochs=recipe.epochs, log=log)

    @torch.no_grad()
    def predict(texts: Sequence[str]) -> list[str]:
        held = pair_batches([(text, 0) for text in texts], tokenizer, recipe.window, size, training_device())
        return [classes[i] for batch in held for i in trained(batch).argmax(-1).tolist()]

    return predict, sum(p.numel() for p in trained.parameters())
