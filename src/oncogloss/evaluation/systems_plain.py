"""Systems that need no training run: a dictionary with rules, and our own models as they ship."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path

from oncogloss.concepts import open_vocabulary
from oncogloss.errors import MissingExtraError
from oncogloss.evaluation.baselines import Dictionary, dictionary_reader
from oncogloss.evaluation.metrics import Facts, facts
from oncogloss.evaluation.rules import attributes, quantities
from oncogloss.evaluation.systems import Size, System, folder_bytes
from oncogloss.evaluation.terminology import Terms
from oncogloss.model.bundle import DEFAULT_MODEL, GRAPH, TOKENIZER, find_bundle, open_bundle
from oncogloss.model.files import replace_file
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.pipeline import Pipeline, load
from oncogloss.schema import Document
from oncogloss.training.corpora import GoldDocument
from oncogloss.training.sentences import Span

# ---- dictionary and rules


class DictionarySystem(System):
    """The names of the training annotations and of a terminology, numbers by pattern, attributes by trigger words."""

    name = "dictionary"
    steps = (
        "the names of the training labels and of the terminology looked up",
        "patterns of numbers",
        "trigger words",
    )
    settings = "a name counts where training marks it at least half of the times that it stands there"
    curve = True

    def __init__(self) -> None:
        self._learned: Dictionary
        self._terms: Terms
        self._refused: set[str] = set()

    def train(self, training: Sequence[GoldDocument], dev: Sequence[GoldDocument], folder: Path) -> None:
        """Count names, and the names of the terminology that the annotators left unmarked."""
        if (folder / "names.json").is_file():
            return
        learned = dictionary_reader(training, _tokenizer())
        refused = _refused(training, Terms(open_vocabulary()))
        kept = {
            "names": [[*key, type_] for key, type_ in learned.names.items()],
            "refused": sorted(refused),
            "added": [],
        }
        replace_file(folder / "names.json", json.dumps(kept, ensure_ascii=False).encode())

    def load(self, folder: Path) -> None:
        """Read what was counted."""
        kept = json.loads((folder / "names.json").read_text(encoding="utf-8"))
        self._learned = Dictionary({tuple(key): type_ for *key, type_ in kept["names"]}, _tokenizer())
        self._terms = Terms(open_vocabulary(), kept["added"])
        self._refused = set(kept["refused"])

    def extract(self, document: Document) -> Facts:
        """Learned names first, then the terminology's, then patterns, each where nothing was found before."""
        found = Facts(set(self._learned(document).entities), set(), set(), {})
        for passage in document.passages:
            where = (document.id, passage.name)
            taken = [(start, end) for place, start, end, _ in found.entities if place == where]
            for type_, start, end in self._more(passage.text):
                if not any(start < b and a < end for a, b in taken):
                    taken.append((start, end))
                    found.entities.add((where, start, end, type_))
            spots = [spot for spot in found.entities if spot[0] == where]
            found.attributes.update(attributes(passage.text, spots))
        return found

    def _more(self, text: str) -> Iterator[Span]:
        for mark in self._terms.marks(text):
            if text[mark[1] : mark[2]].lower() not in self._refused:
                yield mark
        yield from quantities(text)

    def size(self, folder: Path) -> Size:
        """No weights; its names and the terminology."""
        return Size(0, folder_bytes(folder) + folder_bytes(open_vocabulary().folder))

    def add_names(
        self, names: Sequence[str], sentences: Sequence[GoldDocument], training: Sequence[GoldDocument], folder: Path
    ) -> int:
        """Put the names into the dictionary."""
        path = folder / "names.json"
        kept = json.loads(path.read_text(encoding="utf-8"))
        kept["added"] += names
        replace_file(path, json.dumps(kept, ensure_ascii=False).encode())
        self.load(folder)
        return 0


def _tokenizer() -> Tokenizer:
    return Tokenizer(open_bundle(DEFAULT_MODEL).path(TOKENIZER).read_text(encoding="utf-8"))


def _refused(training: Sequence[GoldDocument], terms: Terms) -> set[str]:
    """Names of the terminology that training marks as its type in less than half of their places."""
    seen, right = Counter[str](), Counter[str]()
    for passage in (p for d in training for p in d.passages):
        marked = {(e.type, e.start, e.end) for e in passage.entities}
        for mark in terms.marks(passage.text):
            name = passage.text[mark[1] : mark[2]].lower()
            seen[name] += 1
            right[name] += mark in marked
    return {name for name, count in seen.items() if right[name] * 2 < count}


# ---- our own models


class _Shipped(System):
    """A model of ours as it ships: the whole pipeline, linking and structure too."""

    steps = ()
    settings = (
        "the int8 model that ships, trained elsewhere (its MODEL_CARD.md), thresholds chosen on dev; "
        "the whole pipeline, linking and structure too"
    )

    def load(self, folder: Path) -> None:
        """Open the bundle that ships."""
        self._pipeline: Pipeline = load(self.name)

    def extract(self, document: Document) -> Facts:
        """All facts of the document."""
        found = self._pipeline.extract(document)
        return facts(document.id, found.mentions, found.relations, found.criteria)

    def size(self, folder: Path) -> Size:
        """The weights of the graph; on disk the bundle and the vocabulary."""
        try:
            import onnx
        except ImportError:
            raise MissingExtraError("onnx", "compare") from None
        bundle = find_bundle(self.name)
        weights = onnx.load(bundle / GRAPH).graph.initializer
        return Size(sum(prod(w.dims) for w in weights), folder_bytes(bundle) + folder_bytes(open_vocabulary().folder))


class Nano(_Shipped):
    """The smaller model."""

    name = "nano"


class Micro(_Shipped):
    """The model that is loaded where none is named."""

    name = "micro"
