"""oncogloss as a component of a spaCy pipeline: `nlp.add_pipe("oncogloss")`, found by its entry point."""

from __future__ import annotations

from collections.abc import Callable

from spacy.language import Language
from spacy.tokens import Doc

from oncogloss.api import load
from oncogloss.model.bundle import DEFAULT_MODEL
from oncogloss.schema import Document, Passage
from oncogloss.writers.spacy import annotate, register

register()  # also for who only reads Docs


@Language.factory("oncogloss", default_config={"model": DEFAULT_MODEL})
def oncogloss_component(nlp: Language, name: str, model: str) -> Callable[[Doc], Doc]:
    """A component that reads each Doc's text as one passage; `model` is the name or the folder of a model.

    Raises BundleError where the model is missing or damaged.
    """
    pipeline = load(model)

    def read(doc: Doc) -> Doc:
        passage = Passage(name="text", text=doc.text)
        return annotate(doc, pipeline.extract(Document(id=name, passages=(passage,))), passage.name)

    return read
