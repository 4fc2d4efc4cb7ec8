"""A BiLSTM-CRF over words and their characters, to stand beside our encoder; it reads sentence by sentence."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from oncogloss.training.pretrain import training_device
from oncogloss.training.sentences import Sentence, Span, Text, flatten, sentences, tags_to_spans
from oncogloss.training.taggers import Ints, Learner, LinearCrf, fit

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
