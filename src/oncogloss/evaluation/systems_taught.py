"""Conventional systems that learn from annotated records: a linear-chain CRF, a BiLSTM-CRF, and spaCy's own NER.

All tag words with BIO, which cannot hold nested spans. In OncoTrial nearly all nesting is a gene inside another name
(or another name inside a gene's), so the CRF and spaCy have two layers, GENE and all other types, each a model of its
own; the BiLSTM-CRF, as it stands in `training.lstm`, learns the longest of nested spans.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from oncogloss.concepts import open_vocabulary
from oncogloss.errors import MissingExtraError
from oncogloss.evaluation.metrics import Facts, Spot
from oncogloss.evaluation.systems import Size, System, folder_bytes
from oncogloss.evaluation.terminology import Terms
from oncogloss.model.files import replace_file
from oncogloss.schema import ENTITY_TYPES, Document
from oncogloss.training.corpora import GoldDocument
from oncogloss.training.sentences import Sentence, Span, Text, flatten, sentences, tags_to_spans

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokenizer import Tokenizer
    from thinc.api import Optimizer

    from oncogloss.training.lstm import LstmTagger

LAYERS: dict[str, frozenset[str]] = {"genes": frozenset({"GENE"}), "others": frozenset(ENTITY_TYPES) - {"GENE"}}
REHEARSED = 20  # training records that are read again while new names are learned, so that nothing is forgotten
SEED = 0
ADDED = "added_names.json"
TAGGER = "tagger.safetensors"
UPDATE_EPOCHS = 6
BATCH = 4  # passages that spaCy learns from at once


def texts_of(documents: Iterable[GoldDocument], types: frozenset[str] = frozenset(ENTITY_TYPES)) -> list[Text]:
    """The passages of annotated documents as texts with the spans of these types, the longest of those that overlap."""
    return [
        Text(p.text, tuple(flatten([(e.type, e.start, e.end) for e in p.entities if e.type in types])))
        for d in documents
        for p in d.passages
    ]


def facts_of(document: Document, found: Iterable[Iterable[Span]]) -> Facts:
    """The spans found in each passage as facts."""
    spots: set[Spot] = {
        ((document.id, passage.name), start, end, label)
        for passage, spans in zip(document.passages, found, strict=True)
        for label, start, end in spans
    }
    return Facts(spots, set(), set(), {})


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


# ---- linear-chain CRF


class CrfSystem(System):
    """CRFsuite (Okazaki 2007) by way of sklearn-crfsuite, over features of the words and of a terminology."""

    name = "crf"
    steps = (
        "cut into sentences and words",
        "names of the terminology looked up",
        "features of a word and its neighbours: form, shape, prefixes, suffixes, place, passage, terminology",
    )
    settings = (
        "L-BFGS, c1 0.05, c2 0.01, at most 60 iterations, features seen twice and more; "
        "two layers, GENE and all others; dev not used"
    )
    curve = True

    def __init__(self) -> None:
        try:
            from sklearn_crfsuite import CRF
        except ImportError:
            raise MissingExtraError("sklearn-crfsuite", "compare") from None
        self._new = CRF
        self._layers: list[Any] = []
        self._terms: Terms

    def train(self, training: Sequence[GoldDocument], dev: Sequence[GoldDocument], folder: Path) -> None:
        """Fit both layers; one that is there already stays."""
        terms = Terms(open_vocabulary())
        names = [p.name for d in training for p in d.passages]
        for layer, types in LAYERS.items():
            path = folder / f"{layer}.crfsuite"
            if not path.is_file():
                _say(f"crf: {layer}")
                rows, again = tee(crf_rows(texts_of(training, types), names, terms))
                fresh = path.with_suffix(".new")
                model = self._new(c1=0.05, c2=0.01, max_iterations=60, min_freq=2, model_filename=str(fresh))
                model.fit((features for features, _ in rows), (tags for _, tags in again))
                fresh.rename(path)

    def load(self, folder: Path) -> None:
        """Open both layers, the terminology, and the names added to it."""
        self._layers = [self._new(model_filename=str(folder / f"{layer}.crfsuite")) for layer in LAYERS]
        added = folder / ADDED
        self._terms = Terms(open_vocabulary(), json.loads(added.read_text("utf-8")) if added.is_file() else ())

    def extract(self, document: Document) -> Facts:
        """The spans of both layers."""
        texts = [Text(p.text, ()) for p in document.passages]
        found: list[set[Span]] = [set() for _ in texts]
        cut = [s for s in sentences(texts) if s.words]
        rows = [features for features, _ in crf_rows(texts, [p.name for p in document.passages], self._terms)]
        for layer in self._layers:
            for sentence, tags in zip(cut, layer.predict(rows), strict=True):
                found[sentence.text].update(_unbio(tags, sentence))
        return facts_of(document, found)

    def size(self, folder: Path) -> Size:
        """The weights of both layers; on disk the terminology too."""
        weights = sum(len(layer.state_features_) + len(layer.transition_features_) for layer in self._layers)
        return Size(weights, folder_bytes(folder) + folder_bytes(open_vocabulary().folder))

    def add_names(
        self, names: Sequence[str], sentences: Sequence[GoldDocument], training: Sequence[GoldDocument], folder: Path
    ) -> int:
        """Put the names beside the terminology, whose matches are a feature; nothing is trained again."""
        replace_file(folder / ADDED, json.dumps(list(names)).encode())
        self.load(folder)
        return 0


def crf_rows(texts: Sequence[Text], names: Sequence[str], terms: Terms) -> Iterator[tuple[list[list[str]], list[str]]]:
    """(features of each word, its BIO tags) of each sentence; `names` are those of the passages."""
    at, known = -1, dict[int, str]()
    for sentence in sentences(texts):
        if sentence.text != at:
            at, known = sentence.text, {}
            for label, start, end in terms.marks(texts[at].text):
                known |= {i: f"{'B' if i == start else 'I'}-{label}" for i in range(start, end)}
        if sentence.words:
            yield crf_features(texts[at].text, sentence, names[at], known), _bio(texts[at].spans, sentence)


_SHAPES = ((re.compile(r"[A-Z]"), "X"), (re.compile(r"[a-z]"), "x"), (re.compile(r"\d"), "0"))


def _shape(form: str) -> str:
    for pattern, sign in _SHAPES:
        form = pattern.sub(sign, form)
    return re.sub(r"(.)\1{2,}", r"\1\1", form)


def crf_features(text: str, sentence: Sentence, passage: str, known: Mapping[int, str]) -> list[list[str]]:
    """What is told of each word of a sentence, as names of features; `known` says by character what a name covers."""
    forms = [text[a:b] for a, b in sentence.words]
    low = ["<s>", "<s>", *map(str.lower, forms), "</s>", "</s>"]
    shapes = ["<s>", *map(_shape, forms), "</s>"]
    terms = ["<s>", *(known.get(a, "-") for a, _ in sentence.words), "</s>"]
    rows = []
    for i, form in enumerate(forms):
        word, before, after = low[i + 2], low[i + 1], low[i + 3]
        glued = i > 0 and sentence.words[i - 1][1] == sentence.words[i][0]
        rows.append(
            [
                "bias", f"w={word}", f"f={form}", f"s={shapes[i + 1]}", f"p={passage}", f"i={min(i, 3)}", f"g={glued}",
                f"w-1={before}", f"w+1={after}", f"w-2={low[i]}", f"w+2={low[i + 4]}",
                f"w-1w={before}|{word}", f"ww+1={word}|{after}", f"w-1w+1={before}|{after}",
                f"s-1={shapes[i]}", f"s+1={shapes[i + 2]}",
                f"t={terms[i + 1]}", f"t-1={terms[i]}", f"t+1={terms[i + 2]}",
                *(f"<{word[:n]}" for n in (2, 3, 4) if len(word) > n),
                *(f">{word[-n:]}" for n in (2, 3, 4, 5) if len(word) > n),
            ]
        )  # fmt: skip
    return rows


def _bio(spans: Sequence[Span], sentence: Sentence) -> list[str]:
    tags: list[str] = []
    first, last = sentence.words[0][0], sentence.words[-1][1]
    here = [span for span in spans if span[1] < last and first < span[2]]
    for start, end in sentence.words:
        label, begin = next(((label, a) for label, a, b in here if a < end and start < b), ("", 0))
        tags.append(
            "O" if not label else f"I-{label}" if tags and start > begin and tags[-1][2:] == label else f"B-{label}"
        )
    return tags


def _unbio(tags: Sequence[str], sentence: Sentence) -> Iterator[Span]:
    numbers = [0 if t == "O" else 1 + 2 * ENTITY_TYPES.index(t[2:]) + (t[0] == "I") for t in tags]
    for kind, first, last in tags_to_spans(numbers):
        yield ENTITY_TYPES[kind], sentence.words[first][0], sentence.words[last][1]


# ---- BiLSTM-CRF


class LstmSystem(System):
    """Words and a CNN over their characters → BiLSTM → CRF (`training.lstm`), from nothing."""

    name = "bilstm-crf"
    steps = ("cut into sentences and words", "digits made 0 and words lower case, for the table of words")
    epochs = 8

    def __init__(self) -> None:
        try:
            from oncogloss.training.lstm import LstmRecipe, LstmTagger
        except ImportError:
            raise MissingExtraError("torch", "train") from None
        self._saved = LstmTagger.saved
        self._recipe = LstmRecipe(epochs=self.epochs)
        self._tagger: LstmTagger
        self.settings = (
            f"{self.epochs} epochs, one thread, otherwise as in `benchmark`; the longest of nested; dev not used"
        )

    def train(self, training: Sequence[GoldDocument], dev: Sequence[GoldDocument], folder: Path) -> None:
        """Train from nothing, unless it is there already."""
        import torch

        from oncogloss.training.lstm import lstm_tagger

        path = folder / TAGGER
        if not path.is_file():
            torch.set_num_threads(1)  # a second one gains little with matrices of this size
            fresh = path.with_suffix(".new")
            lstm_tagger(texts_of(training), recipe=self._recipe, seed=SEED, log=_say).save(fresh)
            fresh.rename(path)

    def load(self, folder: Path) -> None:
        """Open what was trained."""
        self._tagger = self._saved(folder / TAGGER)

    def extract(self, document: Document) -> Facts:
        """The spans of each passage."""
        return facts_of(document, self._tagger.predict([Text(p.text, ()) for p in document.passages]))

    def size(self, folder: Path) -> Size:
        """Its weights."""
        return Size(sum(p.numel() for p in self._tagger.model.parameters()), folder_bytes(folder))

    def add_names(
        self, names: Sequence[str], sentences: Sequence[GoldDocument], training: Sequence[GoldDocument], folder: Path
    ) -> int:
        """Train on with the sentences and some of the training records; the names stay words that it has not met."""
        recipe = replace(self._recipe, epochs=UPDATE_EPOCHS, rate=self._recipe.rate / 4)
        texts = texts_of(mixed(sentences, training))
        self._tagger = self._tagger._replace(recipe=recipe).trained(texts, seed=SEED)
        self._tagger.save(folder / TAGGER)
        return len(sentences)


def mixed(sentences: Sequence[GoldDocument], training: Sequence[GoldDocument]) -> list[GoldDocument]:
    """New sentences and some of the records that were learned from before."""
    old = random.Random(SEED).sample(list(training), min(REHEARSED, len(training)))
    return [*sentences, *old]


# ---- spaCy


class SpacySystem(System):
    """spaCy's trainable NER from nothing (HashEmbedCNN of its default size, transition-based), on the CPU."""

    name = "spacy"
    steps = ("cut into words at spaces and at every mark",)
    settings = (
        "default model of `ner`, dropout 0.1, Adam 0.001, 4 passages a step; two layers, GENE (3 epochs) and all "
        "others (6); dev not used"
    )
    epochs: ClassVar = {"genes": 3, "others": 6}

    def __init__(self) -> None:
        try:
            import spacy
        except ImportError:
            raise MissingExtraError("spacy", "compare") from None
        self._spacy = spacy
        self._layers: dict[str, Language] = {}

    def train(self, training: Sequence[GoldDocument], dev: Sequence[GoldDocument], folder: Path) -> None:
        """Train each layer that is not there yet."""
        for layer, types in LAYERS.items():
            path = folder / layer
            if not path.is_dir():
                _say(f"spacy: {layer}")
                nlp = self._spacy.blank("en")
                nlp.tokenizer = _tokenizer(nlp)
                nlp.add_pipe("ner")
                optimizer = self._learn(nlp, texts_of(training, types), self.epochs[layer], fresh=True)
                with nlp.use_params(optimizer.averages):
                    nlp.to_disk(path.with_suffix(".new"))
                path.with_suffix(".new").rename(path)

    def _learn(self, nlp: Language, texts: Sequence[Text], epochs: int, *, fresh: bool) -> Optimizer:
        from spacy.training import Example
        from thinc.api import fix_random_seed

        fix_random_seed(SEED)
        examples = []
        for text, spans in texts:
            doc = nlp.make_doc(text)
            known = [doc.char_span(a, b, label, alignment_mode="expand") for label, a, b in spans]
            gold = doc.copy()
            gold.set_ents(self._spacy.util.filter_spans([span for span in known if span]))
            examples.append(Example(doc, gold))
        optimizer = nlp.initialize(lambda: examples) if fresh else nlp.resume_training()
        dice = random.Random(SEED)
        for epoch in range(epochs):
            losses: dict[str, float] = {}
            dice.shuffle(examples)
            for i in range(0, len(examples), BATCH):
                nlp.update(examples[i : i + BATCH], sgd=optimizer, drop=0.1, losses=losses)
            _say(f"epoch {epoch + 1}/{epochs}  loss {losses['ner']:.0f}")
        return optimizer

    def load(self, folder: Path) -> None:
        """Open both layers."""
        self._layers = {layer: self._spacy.load(folder / layer) for layer in LAYERS}

    def extract(self, document: Document) -> Facts:
        """The spans of both layers."""
        found: list[set[Span]] = [set() for _ in document.passages]
        for nlp in self._layers.values():
            for spans, passage in zip(found, document.passages, strict=True):
                spans.update((e.label_, e.start_char, e.end_char) for e in nlp(passage.text).ents)
        return facts_of(document, found)

    def size(self, folder: Path) -> Size:
        """The weights of both layers."""
        taggers: list[Any] = [nlp.get_pipe("ner") for nlp in self._layers.values()]
        models = [model for tagger in taggers for model in tagger.model.walk()]
        return Size(
            sum(m.get_param(n).size for m in models for n in m.param_names if m.has_param(n)), folder_bytes(folder)
        )

    def add_names(
        self, names: Sequence[str], sentences: Sequence[GoldDocument], training: Sequence[GoldDocument], folder: Path
    ) -> int:
        """Train on, the layer of drugs alone, with the sentences and some of the training records."""
        nlp = self._layers["others"]
        self._learn(nlp, texts_of(mixed(sentences, training), LAYERS["others"]), UPDATE_EPOCHS, fresh=False)
        nlp.to_disk(folder / "others")
        return len(sentences)


def _tokenizer(nlp: Language) -> Tokenizer:
    """Cuts at spaces and at every mark: its usual one keeps `HER2-positive` whole, in which a gene's name stands."""
    from spacy.tokenizer import Tokenizer

    return Tokenizer(nlp.vocab, infix_finditer=re.compile(r"[^\w\s]|_").finditer)
