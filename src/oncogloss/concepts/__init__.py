"""Concepts: public vocabularies, and which of their entries a mention names."""

from oncogloss.concepts.linker import link, link_id
from oncogloss.concepts.lookup import concepts_of
from oncogloss.concepts.short_forms import Context
from oncogloss.concepts.vocabulary import DEFAULT_VOCABULARY, Vocabulary, open_vocabulary

__all__ = ["DEFAULT_VOCABULARY", "Context", "Vocabulary", "concepts_of", "link", "link_id", "open_vocabulary"]
