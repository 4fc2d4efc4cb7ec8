"""Taggers: the CRF against enumeration, tags there and back, heads that learn, spans that keep their place."""

from __future__ import annotations

import copy
import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.model.network import Network
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.training.agreement import agreeing, chosen
from oncogloss.training.sentences import Text, tags_to_spans
from oncogloss.training.taggers import (
    DenseSpanHead,
    EncoderRecipe,
    LinearCrf,
    encoder_tagger,
    pair_classifier,
    spans_to_tags,
)
from toys import SENTENCES

NAMES = {"CANCER": "moon sarcoma", "DRUG": "zorbatinib", "PART": "sarcoma"}
RECIPE = EncoderRecipe(epochs=60, window=48, overlap=8, batch=4, encoder_rate=3e-3, head_rate=1e-2)


def marked(sentence: str, *labels: str) -> Text:
    text = sentence.lower()
    spans = [(label, text.index(NAMES[label])) for label in labels if NAMES[label] in text]
    return Text(text, tuple((label, at, at + len(NAMES[label])) for label, at in spans))


FLAT = [marked(s, "CANCER", "DRUG") for s in SENTENCES]
NESTED = [marked(s, "CANCER", "DRUG", "PART") for s in SENTENCES]


def right_share(found: list[set[tuple[str, int, int]]], texts: list[Text]) -> float:
    wanted = [set(t.spans) for t in texts]
    right = sum(len(f & w) for f, w in zip(found, wanted, strict=True))
    return 2 * right / (sum(map(len, found)) + sum(map(len, wanted)))


def test_the_crf_sums_and_finds_the_best_of_all_paths() -> None:
    torch.manual_seed(1)
    crf = LinearCrf(3)
    torch.nn.init.normal_(crf.start)
    torch.nn.init.normal_(crf.transitions)
    emissions, lengths = torch.randn(4, 6, 3), [6, 5, 2, 1]
    mask = torch.arange(6) < torch.tensor(lengths)[:, None]
    tags = torch.zeros(4, 6, dtype=torch.int64)

    def score(b: int, path: tuple[int, ...]) -> float:
        steps = sum(crf.transitions[p, q].item() for p, q in itertools.pairwise(path))
        return crf.start[path[0]].item() + steps + sum(emissions[b, i, t].item() for i, t in enumerate(path))

    best, wanted = crf.best(emissions, mask), 0.0
    for b, n in enumerate(lengths):
        scores = {path: score(b, path) for path in itertools.product(range(3), repeat=n)}
        wanted += torch.tensor(list(scores.values())).logsumexp(0).item() - scores[(0,) * n]
        assert tuple(best[b, :n].tolist()) == max(scores, key=lambda path: scores[path])
    assert crf.loss(emissions, tags, mask).item() == pytest.approx(wanted / sum(lengths), rel=1e-4)
    torch.testing.assert_close(crf.by_tree(emissions, mask), crf.by_steps(emissions, mask))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 3)), max_size=6))
def test_spans_become_tags_and_come_back(parts: list[tuple[int, int, int]]) -> None:
    spans, at = [], 0
    for kind, gap, width in parts:
        spans.append((kind, at + gap, at + gap + width))
        at += gap + width + 1
    rows = torch.tensor([(0, *span) for span in spans], dtype=torch.int64).reshape(-1, 4)
    assert tags_to_spans(spans_to_tags(rows, 1, 48)[0].tolist()) == spans


def test_what_may_be_a_span_is_told_with_its_score() -> None:
    head = DenseSpanHead(4, 2)
    scores = torch.full((1, 2, 6, 6), -9.0)
    scores[0, 0, 1, 4], scores[0, 1, 2, 3], scores[0, 0, 3, 5] = 3.0, -2.0, 1.0
    head.scores = lambda hidden, mask: scores  # type: ignore[method-assign]
    found = head.decode(torch.zeros(1, 6, 4), torch.ones(1, 6, dtype=torch.bool))
    assert found == [[(0, 1, 4, 3.0), (0, 3, 5, 1.0), (1, 2, 3, -2.0)]]


@pytest.mark.parametrize(("head", "texts"), [("spans", NESTED), ("crf", FLAT)])
def test_an_encoder_learns_where_spans_stand(
    head: str, texts: list[Text], tiny_network: Network, tokenizer: Tokenizer
) -> None:
    encoder, lines = copy.deepcopy(tiny_network.encoder), list[str]()
    find, parameters = encoder_tagger(encoder, tokenizer, texts, head=head, recipe=RECIPE, seed=0, log=lines.append)
    losses = [float(line.split()[-1]) for line in lines]
    assert losses[-1] < losses[0] / 2
    found, nested = find(texts), head == "spans"
    assert right_share([chosen(own, nested=nested) for own in found], texts) > 0.7
    assert right_share([chosen(own, nested=nested) for own in agreeing(found, texts)], texts) > 0.7
    assert parameters > sum(p.numel() for p in encoder.parameters())


def test_a_classifier_learns_classes_of_marked_pairs(tiny_network: Network, tokenizer: Tokenizer) -> None:
    rows = [
        (f"<< zorbatinib >> {verb} the [[ moon ]] {'of ' * n}.", verb)
        for verb in ("allowed", "known")
        for n in range(6)
    ]
    recipe = EncoderRecipe(epochs=12, window=24, batch=2, encoder_rate=3e-3, head_rate=1e-2)
    classify, _ = pair_classifier(copy.deepcopy(tiny_network.encoder), tokenizer, rows, recipe=recipe, seed=0)
    assert classify([text for text, _ in rows]) == [label for _, label in rows]
