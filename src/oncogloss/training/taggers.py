"""Span taggers for public benchmarks: our encoder with a span head or a CRF, and a BiLSTM-CRF beside them.

All learn from, and return, texts with typed spans by character. Consecutive texts are read in one stream by the
encoder, so that a sentence is seen with its neighbours; the BiLSTM-CRF reads sentence by sentence.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from oncogloss.model.network import Encoder, rotate
from oncogloss.model.tokenizer import PAD, PLAIN, Tokenizer
from oncogloss.model.windows import Stream, Window, cut_windows, read_stream
from oncogloss.schema import Passage
from oncogloss.training.finetune import average_weights, parameter_groups
from oncogloss.training.pretrain import encode, training_device
from oncogloss.training.sentences import Sentence, Span, Text, flatten, sentences, tags_to_spans

Ints = NDArray[np.int64]
NEGATIVE = -1e4
Predict = Callable[[Sequence[Text]], list[set[Span]]]  # texts → the spans found in each


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

    def __init__(self, hidden: int, types: int, nested: bool, width: int = 64) -> None:
        super().__init__()
        self.types, self.nested, self.width = types, nested, width
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
    def decode(self, hidden: Tensor, mask: Tensor) -> list[list[tuple[int, int, int]]]:
        """For each window (type, first, last), best score first, none crossing a better one (flat: overlapping)."""
        scores = self.scores(hidden, mask)
        length = scores.shape[-1]
        top, where = scores.flatten(1).topk(min(4 * length, scores[0].numel()))
        found = []
        for values, cells in zip(top.cpu().numpy(), where.cpu().numpy(), strict=True):
            kept: list[tuple[int, int, int]] = []
            for cell in cells[values > 0].tolist():
                kind, first, last = cell // length**2, cell // length % length, cell % length
                if not any(self._clash(first, last, a, b) for _, a, b in kept):
                    kept.append((kind, first, last))
            found.append(kept)
        return found

    def _clash(self, first: int, last: int, a: int, b: int) -> bool:
        overlap = first <= b and a <= last
        return overlap and not (self.nested and ((first <= a and b <= last) or (a <= first and last <= b)))


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

    def decode(self, hidden: Tensor, mask: Tensor) -> list[list[tuple[int, int, int]]]:
        """For each window (type, first, last) of the likeliest tags."""
        tags = self.crf.best(self.emissions(hidden), mask)
        return [tags_to_spans(row) for row in (tags * mask).tolist()]


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

    def decode(self, batch: Batch) -> list[list[tuple[int, int, int]]]:
        """For each window the (type, first, last) that the head finds."""
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
    nested: bool,
    recipe: EncoderRecipe,
    seed: int,
    log: Callable[[str], None] = lambda line: None,
) -> tuple[Predict, int]:
    """Fine-tune `encoder` with a `spans` or a `crf` head; returns (what finds spans in texts, parameters).

    The CRF learns the longest of overlapping spans only.
    """
    labels = sorted({label for t in texts for label, _, _ in t.spans})
    torch.manual_seed(seed)
    width = encoder.tokens.embedding_dim
    if head == "crf":
        texts = [Text(t.text, tuple(flatten(t.spans))) for t in texts]
        model = EncoderTagger(encoder, CrfHead(width, len(labels))).to(training_device())
    else:
        model = EncoderTagger(encoder, DenseSpanHead(width, len(labels), nested)).to(training_device())
    row = read_row(texts, tokenizer, labels)
    dice, pad = random.Random(seed), tokenizer.special(PAD)

    def batches() -> list[Batch]:
        shift = dice.randrange(recipe.window - 1 - recipe.overlap)
        windows = cut_windows(row.stream, recipe.window, recipe.overlap, shift=shift)
        dice.shuffle(windows)
        return window_batches(row, windows, recipe.batch, pad, training_device())

    groups = _groups(encoder, model.head, recipe)
    trained = fit(model, batches, groups, epochs=recipe.epochs, log=log)

    def predict(held: Sequence[Text]) -> list[set[Span]]:
        return _find(trained, read_row([Text(t.text, ()) for t in held], tokenizer, labels), held, labels, recipe, pad)

    return predict, sum(p.numel() for p in trained.parameters())


@torch.no_grad()
def _find(
    model: EncoderTagger,
    row: Row,
    texts: Sequence[Text],
    labels: Sequence[str],
    recipe: EncoderRecipe,
    pad: int,
) -> list[set[Span]]:
    windows = cut_windows(row.stream, recipe.window, recipe.window // 2)
    found: list[set[Span]] = [set() for _ in texts]
    decoded: list[list[tuple[int, int, int]]] = []
    for batch in window_batches(row, windows, recipe.batch, pad, training_device()):
        decoded += model.decode(batch)
    for w, spans in zip(windows, decoded, strict=True):
        for kind, first, last in spans:
            first, last = first + w.first - w.lead, last + w.first - w.lead
            if w.own_first <= first < w.own_last:
                start, end = int(row.stream.start[first]), int(row.stream.end[last])
                i = int(np.searchsorted(row.starts, start, side="right")) - 1
                at = int(row.starts[i])
                if end - at <= len(texts[i].text):
                    found[i].add((labels[kind], start - at, end - at))
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


# ---- BiLSTM-CRF

LONGEST_WORD = 24  # characters of a word that are read


@dataclass(frozen=True)
class LstmRecipe:
    """Sizes and training of the BiLSTM-CRF, near Lample et al. 2016 and Ma & Hovy 2016."""

    epochs: int = 25
    batch: int = 48  # sentences
    rate: float = 2e-3
    words: int = 100
    characters: int = 30
    filters: int = 50
    hidden: int = 200
    dropout: float = 0.5


class LstmBatch(NamedTuple):
    """B sentences of at most L words."""

    words: Tensor  # (B, L): 0 padding, 1 unknown
    letters: Tensor  # (B, L, LONGEST_WORD): 0 padding, 1 unknown
    lengths: Tensor  # (B,), on the host
    mask: Tensor  # (B, L) bool
    tags: Tensor  # (B, L)


class BiLstmCrf(Learner):
    """Words and a CNN over their characters → BiLSTM → CRF.

    Lample et al. 2016; characters as Ma & Hovy 2016. Word vectors are learned from nothing, so it stands below
    published figures of its kind that start from vectors of PubMed.
    """

    def __init__(self, words: int, letters: int, rare: Tensor, tags: int, recipe: LstmRecipe) -> None:
        super().__init__()
        self.words = nn.Embedding(words, recipe.words, padding_idx=0)
        self.letters = nn.Embedding(letters, recipe.characters, padding_idx=0)
        self.filters = nn.Conv1d(recipe.characters, recipe.filters, 3, padding=1)
        self.lstm = nn.LSTM(recipe.words + recipe.filters, recipe.hidden, batch_first=True, bidirectional=True)
        self.emissions = nn.Linear(2 * recipe.hidden, tags)
        self.crf = LinearCrf(tags)
        self.dropout = nn.Dropout(recipe.dropout)
        self.rare: Tensor
        self.register_buffer("rare", rare)  # (words,) bool: seen once in training

    def forward(self, batch: LstmBatch) -> Tensor:
        """Emissions, (B, L, tags); in training half of the words seen once are hidden."""
        words = batch.words
        if self.training:
            hide = self.rare[words] & (torch.rand(words.shape, device=words.device) < 0.5)
            words = words.masked_fill(hide, 1)
        letters = self.filters(self.letters(batch.letters).flatten(0, 1).transpose(1, 2)).amax(-1)
        vectors = torch.cat([self.words(words), letters.view(*words.shape, -1)], -1)
        packed = pack_padded_sequence(self.dropout(vectors), batch.lengths, batch_first=True, enforce_sorted=False)
        hidden, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        emissions: Tensor = self.emissions(self.dropout(hidden))
        return emissions

    def loss(self, batch: LstmBatch) -> Tensor:
        """Negative log likelihood of the tags."""
        return self.crf.loss(self(batch), batch.tags, batch.mask)


class Lexicon:
    """Ids of the words and characters of training texts; words in lower case, every digit a 0."""

    def __init__(self, words: Sequence[str], letters: Sequence[str], rare: Tensor) -> None:
        self.words = {word: i for i, word in enumerate(words, 2)}
        self.letters = {letter: i for i, letter in enumerate(letters, 2)}
        self.rare = rare
        self._spelled: dict[str, tuple[int, Ints]] = {}

    @classmethod
    def of(cls, texts: Sequence[Text]) -> Lexicon:
        """That of these texts."""
        forms = [t.text[a:b] for t, s in _with_text(texts) for a, b in s.words]
        counts = Counter(map(cls._plain, forms))
        rare = torch.tensor([False, False, *(counts[word] == 1 for word in sorted(counts))])
        return cls(sorted(counts), sorted(set("".join(forms))), rare)

    @staticmethod
    def _plain(form: str) -> str:
        return re.sub(r"\d", "0", form.lower())

    def read(self, form: str) -> tuple[int, Ints]:
        """(id of the word, ids of its characters padded to LONGEST_WORD)."""
        if form not in self._spelled:
            letters = np.zeros(LONGEST_WORD, np.int64)
            ids = [self.letters.get(letter, 1) for letter in form[:LONGEST_WORD]]
            letters[: len(ids)] = ids
            self._spelled[form] = self.words.get(self._plain(form), 1), letters
        return self._spelled[form]


def _with_text(texts: Sequence[Text]) -> Iterator[tuple[Text, Sentence]]:
    return ((texts[s.text], s) for s in sentences(texts))


def sentence_batches(
    rows: Sequence[tuple[Text, Sentence]], lexicon: Lexicon, labels: Sequence[str], size: int, to: torch.device
) -> list[LstmBatch]:
    """Batches of sentences with BIO tags, in order."""
    batches = []
    for i in range(0, len(rows), size):
        chunk = rows[i : i + size]
        lengths = [len(s.words) for _, s in chunk]
        shape = (len(chunk), max(lengths))
        words, tags = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        letters = np.zeros((*shape, LONGEST_WORD), np.int64)
        for b, (text, sentence) in enumerate(chunk):
            for k, (start, end) in enumerate(sentence.words):
                words[b, k], letters[b, k] = lexicon.read(text.text[start:end])
            begins, ends = (np.array(edges) for edges in zip(*sentence.words, strict=True))
            for label, start, end in text.spans:
                if begins[0] <= start and end <= ends[-1]:
                    first = int(np.searchsorted(ends, start, side="right"))
                    last = int(np.searchsorted(begins, end, side="left"))
                    tags[b, first:last] = 2 + 2 * labels.index(label)
                    tags[b, first] -= 1
        mask = np.arange(shape[1]) < np.array(lengths)[:, None]
        on = [torch.from_numpy(x).to(to) for x in (words, letters, mask, tags)]
        batches.append(LstmBatch(on[0], on[1], torch.tensor(lengths), on[2], on[3]))
    return batches


class LstmTagger(NamedTuple):
    """A BiLSTM-CRF with what it needs to read: its labels and its words."""

    labels: list[str]
    lexicon: Lexicon
    model: BiLstmCrf
    recipe: LstmRecipe

    @classmethod
    def new(cls, labels: Sequence[str], lexicon: Lexicon, recipe: LstmRecipe) -> LstmTagger:
        """An untrained one."""
        sizes = len(lexicon.words) + 2, len(lexicon.letters) + 2
        model = BiLstmCrf(*sizes, lexicon.rare, 1 + 2 * len(labels), recipe).to(training_device())
        return cls(list(labels), lexicon, model, recipe)

    def trained(
        self, texts: Sequence[Text], *, seed: int, log: Callable[[str], None] = lambda line: None
    ) -> LstmTagger:
        """The same, trained (on) with these texts; of spans that overlap it learns the longest only."""
        texts = [Text(t.text, tuple(flatten(t.spans))) for t in texts]
        rows = sorted((row for row in _with_text(texts) if row[1].words), key=lambda row: len(row[1].words))
        ready = sentence_batches(rows, self.lexicon, self.labels, self.recipe.batch, training_device())
        dice = random.Random(seed)

        def batches() -> list[LstmBatch]:
            return dice.sample(ready, len(ready))

        groups = [{"params": list(self.model.parameters()), "peak": self.recipe.rate}]
        return self._replace(model=fit(self.model, batches, groups, epochs=self.recipe.epochs, log=log))

    @torch.no_grad()
    def predict(self, held: Sequence[Text]) -> list[set[Span]]:
        """The spans found in each text."""
        model = self.model
        model.lstm.flatten_parameters()
        blank = [Text(t.text, ()) for t in held]
        order = sorted((row for row in _with_text(blank) if row[1].words), key=lambda row: len(row[1].words))
        found: list[set[Span]] = [set() for _ in held]
        size = self.recipe.batch
        for i, batch in enumerate(sentence_batches(order, self.lexicon, self.labels, size, training_device())):
            tags = (model.crf.best(model(batch), batch.mask) * batch.mask).tolist()
            for (_, sentence), line in zip(order[i * size :], tags, strict=False):
                for kind, first, last in tags_to_spans(line):
                    found[sentence.text].add((self.labels[kind], sentence.words[first][0], sentence.words[last][1]))
        return found

    def save(self, path: Path) -> None:
        """Write it as safetensors; labels, words and sizes stand in the file's head."""
        head = {
            "labels": self.labels,
            "words": list(self.lexicon.words),
            "letters": list(self.lexicon.letters),
            "recipe": asdict(self.recipe),
        }
        weights = {name: weight.contiguous() for name, weight in self.model.state_dict().items()}
        save_file(weights, path, {"tagger": json.dumps(head)})

    @classmethod
    def saved(cls, path: Path) -> LstmTagger:
        """The one that `save` wrote, ready to read."""
        with safe_open(path, "pt") as stored:
            head = json.loads(stored.metadata()["tagger"])
            weights = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        lexicon = Lexicon(head["words"], head["letters"], weights["rare"])
        tagger = cls.new(head["labels"], lexicon, LstmRecipe(**head["recipe"]))
        tagger.model.load_state_dict(weights)
        tagger.model.eval()
        return tagger


def lstm_tagger(
    texts: Sequence[Text],
    *,
    recipe: LstmRecipe,
    seed: int,
    log: Callable[[str], None] = lambda line: None,
) -> LstmTagger:
    """Train a BiLSTM-CRF from nothing. It learns the longest of overlapping spans only."""
    labels = sorted({label for t in texts for label, _, _ in t.spans})
    torch.manual_seed(seed)
    return LstmTagger.new(labels, Lexicon.of(texts), recipe).trained(texts, seed=seed, log=log)
