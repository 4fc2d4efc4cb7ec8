"""Windows lose nothing: each token of the stream belongs to one window, with context around it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.model.tokenizer import PLAIN, Tokenizer
from oncogloss.model.windows import Stream, cut_windows, read_stream
from oncogloss.schema import Passage


@st.composite
def cuts(draw: st.DrawFn) -> tuple[Stream, int, int, int]:
    """(stream of passages of drawn lengths, window size, overlap, shift)."""
    lengths = draw(st.lists(st.integers(0, 90), min_size=1, max_size=5))
    size = draw(st.integers(4, 40))
    overlap = draw(st.integers(0, size - 2))
    rows = [(i, k) for i, length in enumerate(lengths) for k in range(length + 1)]
    where = np.array([i for i, _ in rows])
    start = np.array([max(0, k - 1) for _, k in rows])
    end = np.array([k for _, k in rows])
    ids = np.where(end == 0, 1000 + where, 10 + end)
    stream = Stream(ids, where, start, end, 1000 + np.arange(len(lengths)))
    return stream, size, overlap, draw(st.integers(0, 200))


@given(cuts())
def test_each_token_is_owned_once_and_in_order(cut: tuple[Stream, int, int, int]) -> None:
    stream, size, overlap, shift = cut
    owned = [t for w in cut_windows(stream, size, overlap, shift=shift) for t in range(w.own_first, w.own_last)]
    assert owned == list(range(len(stream.ids)))


@given(cuts())
def test_windows_are_no_longer_than_their_size_and_hold_what_they_own(cut: tuple[Stream, int, int, int]) -> None:
    stream, size, overlap, shift = cut
    for w in cut_windows(stream, size, overlap, shift=shift):
        assert len(w.ids) == w.last - w.first + w.lead <= size
        assert w.first <= w.own_first < w.own_last <= w.last
        assert w.ids[w.lead :].tolist() == stream.ids[w.first : w.last].tolist()


@given(cuts())
def test_lead_stands_where_a_passage_was_cut(cut: tuple[Stream, int, int, int]) -> None:
    stream, size, overlap, shift = cut
    for w in cut_windows(stream, size, overlap, shift=shift):
        begins_with_name = stream.start[w.first] == stream.end[w.first] == 0
        assert w.lead == (not begins_with_name)
        assert w.ids[0] == stream.name_ids[stream.passage[w.first]]


@given(cuts())
def test_owner_sees_half_the_overlap_around_each_of_its_tokens(cut: tuple[Stream, int, int, int]) -> None:
    stream, size, overlap, shift = cut
    reach = max(0, overlap // 2 - 1)  # of the longest span that is shorter than half the overlap
    for w in cut_windows(stream, size, overlap, shift=shift):
        assert max(0, w.own_first - reach) >= w.first
        assert min(len(stream.ids), w.own_last + reach) <= w.last


def test_a_short_document_is_one_window() -> None:
    stream = Stream(*(np.array(x) for x in ([100, 7, 7], [0, 0, 0], [0, 0, 2], [0, 1, 3], [100])))
    (window,) = cut_windows(stream, 48, 16)
    assert (window.first, window.last, window.own_first, window.own_last, window.lead) == (0, 3, 0, 3, 0)


def test_windows_by_hand() -> None:
    """Eleven tokens, size 6, overlap 2: cuts every three tokens, five stream tokens a window."""
    n = 11
    stream = Stream(np.arange(n), np.zeros(n, int), np.maximum(0, np.arange(n) - 1), np.arange(n), np.array([0]))
    windows = cut_windows(stream, 6, 2)
    assert [(w.first, w.last) for w in windows] == [(0, 5), (3, 8), (6, 11)]
    assert [(w.own_first, w.own_last) for w in windows] == [(0, 4), (4, 7), (7, 11)]
    assert [w.lead for w in windows] == [0, 1, 1]


def test_stream_is_the_passages_one_after_another(tokenizer: Tokenizer) -> None:
    passages = (
        Passage(name="brief_title", text="Zorbatinib in moon sarcoma"),
        Passage(name="notes", text="Stage IV"),
        Passage(name="eligibility", text=""),
    )
    stream = read_stream(passages, tokenizer)
    names = [tokenizer.special(name) for name in ("<brief_title>", PLAIN, "<eligibility>")]
    assert stream.name_ids.tolist() == names
    heads = np.flatnonzero(stream.end == 0)
    assert stream.ids[heads].tolist() == names and stream.passage[heads].tolist() == [0, 1, 2]
    for index, passage in enumerate(passages):
        rows = (stream.passage == index) & (stream.end > 0)
        ids, offsets = tokenizer.encode(passage.text)
        assert stream.ids[rows].tolist() == ids.tolist()
        assert np.stack([stream.start[rows], stream.end[rows]], 1).tolist() == offsets.tolist()
