"""Texts cut into sentences and words; tags and overlapping spans."""

from __future__ import annotations

from oncogloss.training.sentences import Text, flatten, sentences, tags_to_spans


def test_sentences_cover_every_word_once() -> None:
    texts = [Text("Moon dust. Tide\nlow (a_b) 12", ()), Text("", ())]
    words = [[texts[s.text].text[a:b] for a, b in s.words] for s in sentences(texts) if s.words]
    assert words == [["Moon", "dust", "."], ["Tide"], ["low", "(", "a", "_", "b", ")", "12"]]


def test_an_inside_tag_that_continues_nothing_begins_a_span() -> None:
    assert tags_to_spans([2, 2, 4, 0, 4, 3]) == [(0, 0, 1), (1, 2, 2), (1, 4, 4), (1, 5, 5)]


def test_the_longest_of_overlapping_spans_stays() -> None:
    assert flatten([("A", 4, 6), ("B", 0, 5), ("C", 6, 8)]) == [("B", 0, 5), ("C", 6, 8)]
