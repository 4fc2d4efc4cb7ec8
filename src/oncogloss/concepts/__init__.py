"""Concepts: public vocabularies, and which of their entries a mention names."""

from oncogloss.concepts.linker import link
from oncogloss.concepts.vocabulary import Vocabulary, open_vocabulary

__all__ = ["Vocabulary", "link", "open_vocabulary"]
