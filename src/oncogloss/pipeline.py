"""The whole data flow: a document goes in, the network reads it once, an extraction comes out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from numbers import Real
from pathlib import Path
from typing import Protocol

from oncogloss.concepts import DEFAULT_VOCABULARY, Context, Vocabulary, link, open_vocabulary
from oncogloss.concepts.definitions import definitions
from oncogloss.concepts.evidence import KnownNames
from oncogloss.concepts.named_states import stated_names
from oncogloss.concepts.shared_nouns import shared_names, whole_names
from oncogloss.concepts.shared_states import with_shared_states
from oncogloss.concepts.terms import read_terms, with_terms
from oncogloss.errors import InputError, shown
from oncogloss.model.bundle import DEFAULT_MODEL, GRAPH, TOKENIZER, open_bundle
from oncogloss.model.decode import UNSHIFTED, Decoded, WindowScores, decode
from oncogloss.model.layout import NetworkConfig, Thresholds
from oncogloss.model.runtime import Runtime, graph_of
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.model.windows import Window, cut_windows, read_stream
from oncogloss.readers.source import Source, document_of
from oncogloss.schema import (
    Concept,
    Document,
    Extraction,
    Mention,
    ModelInfo,
    OwnMention,
    Passage,
    PassageReading,
    Relation,
)
from oncogloss.structure import structured

_TESTS = ("IHC", "ISH")  # whose results are told of a gene that is named once


class Scorer(Protocol):
    """What runs the network over windows: the ONNX runtime, or torch in training."""

    def run(self, windows: Iterable[Window]) -> Iterator[tuple[Window, WindowScores]]:
        """Scores of each window, in order."""
        ...


class Pipeline:
    """A loaded model. Immutable: may be shared between threads, and gives the same answer in any order."""

    def __init__(
        self,
        info: ModelInfo,
        config: NetworkConfig,
        tokenizer: Tokenizer,
        scorer: Scorer,
        thresholds: Thresholds = UNSHIFTED,
        vocabulary: Vocabulary | None = None,
        labels: tuple[str, ...] = (),
    ) -> None:
        self.info = info
        self.config = config
        self.tokenizer = tokenizer
        self.scorer = scorer
        self.thresholds = thresholds
        self.vocabulary = vocabulary
        self.labels = labels

    def with_vocabulary(self, vocabulary: Vocabulary | None) -> Pipeline:
        """The same model over another vocabulary, or over none: then the network alone speaks."""
        return Pipeline(self.info, self.config, self.tokenizer, self.scorer, self.thresholds, vocabulary, self.labels)

    def extract(self, source: Source) -> Extraction:
        """All facts of one document, with offsets into its passages, and what follows from them: of running text, a
        Path to a file with one record, a record's JSON as a dict, or a Document.

        Raises InputError where there is nothing to read, what is given is nothing of these, or it holds several.
        """
        document = source if isinstance(source, Document) else document_of(source)
        return self.understand(document, self.read(document))

    def understand(self, document: Document, found: Decoded) -> Extraction:
        """What follows from the network's reading of a document, without the network."""
        mentions = expand_abbreviations(found.mentions, found.relations, document.passages)
        if self.vocabulary is not None:
            mentions = linked(document, found.readings, mentions, found.relations, self.vocabulary)
        extraction = Extraction(
            id=document.id,
            model=self.info,
            passages=found.readings,
            mentions=mentions,
            relations=found.relations,
            criteria=found.criteria,
            own=self._own(document, found),
        )
        return structured(document, extraction)

    def _own(self, document: Document, found: Decoded) -> tuple[OwnMention, ...]:
        """What a model with a team's own labels found of them."""
        texts = {passage.name: passage.text for passage in document.passages}
        return tuple(
            OwnMention(
                passage=s.passage,
                start=s.start,
                end=s.end,
                text=texts[s.passage][s.start : s.end],
                label=self.labels[s.label],
                score=s.score,
            )
            for s in found.own
        )

    def read(self, document: Document) -> Decoded:
        """The network's own reading: windows, one pass, decoding."""
        stream = read_stream(document.passages, self.tokenizer)
        windows = cut_windows(stream, self.config.window, self.config.overlap)
        texts = [passage.text for passage in document.passages]
        known = KnownNames(texts, self.vocabulary, self.thresholds.support) if self.vocabulary else None
        return decode(document.passages, stream, self.scorer.run(windows), self.thresholds, known)


def linked(
    document: Document,
    readings: tuple[PassageReading, ...],
    mentions: tuple[Mention, ...],
    relations: tuple[Relation, ...],
    vocabulary: Vocabulary,
) -> tuple[Mention, ...]:
    """The mentions with the concepts they name: a marker that names none by itself with those of its genes, or the
    gene of its sentence, and with the state of the list that it stands in; a class, a disease or a procedure with the
    noun that its list shares; a cancer with the state before it."""
    texts = {passage.name: passage.text for passage in document.passages}
    mentions, stated = with_shared_states(mentions, texts)
    concepts: dict[str, Concept | None] = {}
    contexts = list(contexts_of(document, readings, mentions))
    for m, context in zip(mentions, contexts, strict=True):
        marker = link("BIOMARKER", stated[m.id], None, vocabulary) if m.id in stated else None
        concepts[m.id] = marker or link(m.type, m.text, m.expansion, vocabulary, context)
    marked = [r for r in relations if r.type == "HAS_GENE"]
    for m, context in zip(mentions, contexts, strict=True):
        if concepts[m.id] is None and (genes := genes_of(m, marked, concepts)):
            concepts[m.id] = link(m.type, f"{'/'.join(genes)} {m.text}", None, vocabulary)
        if concepts[m.id] is None and m.type == "BIOMARKER":
            concepts[m.id] = _by_sentence(m, context, mentions, vocabulary)
    for m, name in whole_names(mentions, texts):
        concepts[m.id] = concepts[m.id] or link(m.type, name, None, vocabulary)
    exact = [(m, name) for m, name in shared_names(mentions, texts) if _is_loose(concepts[m.id])]
    for m, name in [*exact, *stated_names(mentions, relations, texts)]:
        whole = link(m.type, name, None, vocabulary)
        concepts[m.id] = whole if whole and whole.match == "name" else concepts[m.id]
    return tuple(m.model_copy(update={"concept": concept}) if (concept := concepts[m.id]) else m for m in mentions)


def _by_sentence(
    marker: Mention, context: Context, mentions: tuple[Mention, ...], vocabulary: Vocabulary
) -> Concept | None:
    """What a variant or a score without a gene is of the gene that its sentence names."""
    gene = gene_of_sentence(marker, context, mentions)
    named = link(marker.type, f"{gene.text} {marker.text}", None, vocabulary) if gene else None
    is_of_gene = named and named.marker and (named.marker.alteration or _is_score(named.marker.threshold))
    return named if is_of_gene else None


def _is_score(threshold: str | None) -> bool:
    return threshold is not None and threshold.startswith(_TESTS)


def _is_loose(concept: Concept | None) -> bool:
    return concept is None or concept.match in ("broader", "alike")


def contexts_of(
    document: Document, readings: tuple[PassageReading, ...], mentions: tuple[Mention, ...]
) -> Iterator[Context]:
    """Where each mention stands: its sentence, and what else the document names."""
    texts = {passage.name: passage.text for passage in document.passages}
    sentences = {reading.name: reading.sentences for reading in readings}
    starts = {name: [start for start, _ in cut] for name, cut in sentences.items()}
    record = "\n".join(dict.fromkeys(m.text for m in mentions))
    for m in mentions:
        cut = sentences[m.passage]
        before = bisect_right(starts[m.passage], m.start) - 1
        start, end = cut[before] if before >= 0 else (0, len(texts[m.passage]))
        yield Context(texts[m.passage][start : max(end, m.end)], m.start - start, record)


def genes_of(
    mention: Mention, relations: Iterable[Relation], concepts: Mapping[str, Concept | None]
) -> tuple[str, ...]:
    """Names of the genes that stand outside the span of a marker ("EGFR ... L858R mutation"), as they are linked.
    `relations` are those to genes."""
    tails = (r.tail for r in relations if r.head == mention.id)
    return tuple(dict.fromkeys(concept.name for tail in tails if (concept := concepts.get(tail))))


def gene_of_sentence(mention: Mention, context: Context, mentions: Iterable[Mention]) -> Mention | None:
    """The gene that stands nearest before a marker in its sentence, else the first behind it."""
    start = mention.start - context.start
    genes = [
        m
        for m in mentions
        if m.type == "GENE" and m.passage == mention.passage and start <= m.start < start + len(context.sentence)
    ]
    before = [m for m in genes if m.end <= mention.start]
    return max(before, key=lambda m: m.start) if before else min(genes, key=lambda m: m.start, default=None)


def expand_abbreviations(
    mentions: tuple[Mention, ...], relations: tuple[Relation, ...], passages: tuple[Passage, ...] = ()
) -> tuple[Mention, ...]:
    """Give short forms their long form, wherever in the document one is defined: by ABBREV_OF for mentions of its
    type, or by the letters of a bracket for all.

    The definition that stands nearest before a mention holds; else the first one after it.
    """
    order = {m.id: i for i, m in enumerate(mentions)}
    by_letters = _defined_by_letters(mentions, passages)
    by_relation = _defined_by_relations(mentions, relations)

    def expanded(mention: Mention) -> Mention:
        if mention.text not in by_letters and (mention.text, mention.type) not in by_relation:
            return mention
        known = [
            *((at, 1, long) for at, long in by_letters.get(mention.text, ())),
            *((at, 0, long) for at, long in by_relation.get((mention.text, mention.type), ())),
        ]
        nearest = min(known, key=lambda e: (e[0] > order[mention.id], abs(e[0] - order[mention.id]), e[1:]))
        return mention.model_copy(update={"expansion": nearest[2]})

    return tuple(expanded(m) for m in mentions)


def _defined_by_relations(
    mentions: tuple[Mention, ...], relations: tuple[Relation, ...]
) -> dict[tuple[str, str], list[tuple[int, str]]]:
    """(place among the mentions, long form) of each ABBREV_OF, by short form and type."""
    order, by_id = {m.id: i for i, m in enumerate(mentions)}, {m.id: m for m in mentions}
    defined: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for relation in relations:
        if relation.type == "ABBREV_OF":
            short, long = sorted((by_id[relation.head], by_id[relation.tail]), key=lambda m: len(m.text))
            defined.setdefault((short.text, short.type), []).append((order[short.id], long.text))
    return defined


def _defined_by_letters(
    mentions: tuple[Mention, ...], passages: tuple[Passage, ...]
) -> dict[str, list[tuple[int, str]]]:
    """(place among the mentions, long form) of each definition by letters, by short form."""
    number = {passage.name: i for i, passage in enumerate(passages)}
    places = [(number[m.passage], m.start) for m in mentions] if passages else []
    defined: dict[str, list[tuple[int, str]]] = {}
    for passage in passages:
        for d in definitions(passage.text):
            at = bisect_left(places, (number[passage.name], d.short_start))
            short, long = passage.text[d.short_start : d.short_end], passage.text[d.long_start : d.long_end]
            defined.setdefault(short, []).append((at, long))
    return defined


def load(
    model: str | Path = DEFAULT_MODEL,
    *,
    min_score: float | None = None,
    vocabulary: str = DEFAULT_VOCABULARY,
    terms: str | Path | None = None,
    threads: int | None = None,
) -> Pipeline:
    """Load a model by name or folder; with `min_score`, mentions count from that score on, not from the best F1's; with
    a table of the user's own `terms`, they are known as the vocabulary's names are.

    The network runs on as many `threads`, by default one a core, four at most. Raises BundleError where the model or
    the vocabulary is missing or damaged, InputError where the table is, or an argument is not what it should be.
    """
    check_arguments(model, min_score, vocabulary, terms, threads)
    told = read_terms(Path(terms)) if terms is not None else []
    bundle = open_bundle(model)
    thresholds = bundle.thresholds if min_score is None else bundle.thresholds.at_score(min_score)
    tokenizer = Tokenizer(bundle.path(TOKENIZER).read_text(encoding="utf-8"))
    runtime = Runtime(graph_of(bundle.path(GRAPH)), threads)
    known = open_vocabulary(vocabulary)
    if told:
        known = with_terms(known, told)
    return Pipeline(bundle.info, bundle.network, tokenizer, runtime, thresholds, known, bundle.labels)


def check_arguments(
    model: object,
    min_score: object = None,
    vocabulary: object = DEFAULT_VOCABULARY,
    terms: object = None,
    threads: object = None,
) -> None:
    """Raise InputError where an argument of `load` is not what it should be."""
    if not isinstance(model, str | Path) or not str(model).strip("\0 "):
        raise _unfit("model", model, "the name of a model, or the folder of one")
    if min_score is not None and not (isinstance(min_score, Real) and 0 < float(min_score) < 1):
        raise _unfit("min_score", min_score, "a number between 0 and 1, neither of them included")
    if not isinstance(vocabulary, str):
        raise _unfit("vocabulary", vocabulary, "the name of a vocabulary, or the folder of one")
    if terms is not None and not (isinstance(terms, str | Path) and not Path(terms).is_dir()):
        raise _unfit("terms", terms, "the path of a table of terms")
    if threads is not None and not (isinstance(threads, int) and threads >= 1):
        raise _unfit("threads", threads, "a whole number from 1 on")


def _unfit(name: str, given: object, wanted: str) -> InputError:
    return InputError(f"{name} is {shown(repr(given)[:80])}; give {wanted}.")
