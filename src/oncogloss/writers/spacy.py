"""Extractions as spaCy Docs: nested spans, outermost entities, and the exact facts beside them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from oncogloss.errors import MissingExtraError
from oncogloss.schema import Document, Extraction

if TYPE_CHECKING:
    from spacy.tokens import Doc

OWN = "oncogloss_own"  # the key of the spans of a team's own labels
SPANS = "oncogloss"  # the key of doc.spans, and the name of the extension attribute


def write_docbin(pairs: Iterable[tuple[Document, Extraction]], out: Path) -> None:
    """Write a DocBin with a Doc for each passage, cut by spaCy's English tokenizer; `annotate` says what is in it.

    Raises MissingExtraError where spaCy is not installed.
    """
    try:
        import spacy
        from spacy.tokens import DocBin
    except ImportError:
        raise MissingExtraError("spacy", "spacy") from None

    tokenizer = spacy.blank("en").tokenizer
    docs = DocBin(store_user_data=True)
    for document, extraction in pairs:
        for passage in document.passages:
            docs.add(annotate(tokenizer(passage.text), extraction, passage.name))
    docs.to_disk(out)


def register() -> None:
    """Give spaCy's Docs the attribute `doc._.oncogloss`."""
    from spacy.tokens import Doc

    if not Doc.has_extension(SPANS):
        Doc.set_extension(SPANS, default=None)


def annotate(doc: Doc, extraction: Extraction, passage: str) -> Doc:
    """Mark what was found in a passage on its Doc, and return it.

    `doc.spans["oncogloss"]` has all mentions, `doc.ents` the outermost; label, `kb_id_` and `id_` are the type, the
    concept's id and the mention's id; `doc.spans["oncogloss_own"]` has a team's own labels. A mention that ends inside
    a token takes the whole token. `doc._.oncogloss` has mentions, relations, own labels and criteria as in the
    extraction's JSON, with their exact offsets.
    """
    from spacy.util import filter_spans

    register()
    mentions = [m for m in extraction.mentions if m.passage == passage]
    ids = {m.id for m in mentions}
    spans = []
    for m in mentions:
        concept = m.concept.id if m.concept else ""
        span = doc.char_span(m.start, m.end, label=m.type, kb_id=concept, span_id=m.id, alignment_mode="expand")
        if span is not None:
            spans.append(span)
    doc.spans[SPANS] = spans
    doc.set_ents(filter_spans(spans))
    own = [o for o in extraction.own if o.passage == passage]
    marked = (doc.char_span(o.start, o.end, label=o.label, alignment_mode="expand") for o in own)
    doc.spans[OWN] = [span for span in marked if span is not None]
    doc._.oncogloss = {
        "record": extraction.id,
        "passage": passage,
        "model": extraction.model.model_dump(mode="json"),
        "mentions": [m.model_dump(mode="json") for m in mentions],
        "relations": [r.model_dump(mode="json") for r in extraction.relations if r.head in ids],
        "own": [o.model_dump(mode="json") for o in own],
        "criteria": [c.model_dump(mode="json") for c in extraction.criteria if c.passage == passage],
    }
    return doc
