"""Targets and losses: hand-checked examples, the loss against its formula, and masks that neither reward nor punish."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.model.layout import BLOCK, BOUNDARY_SLICES, BOUNDARY_WIDTH, MAX_SPAN, REACH, NetworkConfig, span_cell
from oncogloss.model.network import Network, NetworkOutput
from oncogloss.model.tokenizer import PAD, Tokenizer
from oncogloss.schema import ATTRIBUTES, CATEGORIES, ENTITY_TYPES, RELATION_TYPES, SECTION_LABELS
from oncogloss.training.corpora import GoldCriterion, GoldDocument, GoldEntity, GoldPassage, GoldRelation
from oncogloss.training.objectives import (
    Batch,
    Example,
    Spans,
    balanced_loss,
    boundary_loss,
    collate,
    concept_loss,
    decided_cells,
    examples,
    joint_loss,
    pair_scores,
    span_cells,
    span_loss,
    span_means,
    token_range,
)

TEXT = "Inclusion criteria:\n* zorbatinib and lunamab\n* no HER2\n  * lunamab"


def entity(type_: str, part: str, *attributes: str, text: str = TEXT) -> GoldEntity:
    return GoldEntity(type_, text.index(part), text.index(part) + len(part), attributes)


def eligibility(**changes: object) -> GoldPassage:
    """An annotated passage; entities 0 and 1 are drugs, 2 is a gene."""
    last = TEXT.rindex("lunamab")
    return replace(
        GoldPassage(
            "eligibility",
            TEXT,
            (entity("DRUG", "zorbatinib"), entity("DRUG", "lunamab"), entity("GENE", "HER2", "neg")),
            (GoldRelation("COMBINED_WITH", 0, 1),),
            (
                GoldCriterion(TEXT.index("zorbatinib"), "inc", None, ("prior_therapy",)),
                GoldCriterion(TEXT.index("no HER2"), "exc", None, ("biomarker", "other")),
                GoldCriterion(last, "exc", 1, ("medication",)),
            ),
        ),
        **changes,
    )


def one(tokenizer: Tokenizer, *passages: GoldPassage) -> Example:
    (example,) = examples(GoldDocument("d", passages), tokenizer, 200, 50)
    return example


def token_texts(tokenizer: Tokenizer, text: str) -> list[str]:
    """Token texts of a passage, behind its name's token."""
    return ["", *tokenizer.pieces(text)]


# examples


def test_tokens_of_characters() -> None:
    starts, ends = np.array([0, 3, 5, 9]), np.array([2, 5, 8, 12])
    assert token_range(starts, ends, 3, 8) == (1, 2)
    assert token_range(starts, ends, 4, 5) == (1, 1)
    assert token_range(starts, ends, 0, 12) == (0, 3)
    assert token_range(starts, ends, 2, 6) == (1, 2)


def test_spans_and_relations_of_an_example(tokenizer: Tokenizer) -> None:
    example = one(tokenizer, eligibility())
    tokens = token_texts(tokenizer, TEXT)
    found = [(ENTITY_TYPES[s.type], tokens[s.start : s.end + 1]) for s in example.spans]
    assert found == [("DRUG", ["zorbatinib"]), ("DRUG", ["lunamab"]), ("GENE", ["HER2"])]
    assert [s.attributes.tolist() for s in example.spans] == [[0, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert ATTRIBUTES[0] == "neg"
    assert example.relations == ((RELATION_TYPES.index("COMBINED_WITH"), 0, 1),)
    assert example.passage.tolist() == [-1] + [0] * (len(tokens) - 1)
    assert example.types[1:].all() and not example.types[0].any()


def test_boundaries_of_an_example(tokenizer: Tokenizer) -> None:
    example = one(tokenizer, eligibility())
    tokens = token_texts(tokenizer, TEXT)

    def column(name: str) -> np.ndarray:
        return example.boundaries[:, BOUNDARY_SLICES[name]]

    def at(name: str) -> list[int]:
        return np.flatnonzero(column(name)[:, 0] == 1).tolist()

    begins = tokenizer.encode(TEXT)[1][:, 0].tolist()
    first, no, last = (1 + begins.index(c.start) for c in eligibility().criteria or ())
    assert at("criterion") == [first, no, last]
    assert at("heading") == [1]
    assert at("sentence") == [1, first, no, last]
    assert at("exclusion") == [no, last]
    known = np.flatnonzero(~np.isnan(column("depth")[:, 0])).tolist()
    assert known == [first, no, last]
    assert column("depth")[known].argmax(1).tolist() == [0, 0, 1]
    wanted = [CATEGORIES.index(c) for c in ("biomarker", "other")]
    assert np.flatnonzero(column("categories")[no]).tolist() == sorted(wanted)
    assert (column("section")[1:].argmax(1) == SECTION_LABELS.index("inclusion")).all()
    assert np.isnan(example.boundaries[0]).all()  # the name's token
    assert np.isnan(column("exclusion")[[i for i in range(len(tokens)) if i not in known]]).all()


def test_what_is_not_annotated_is_masked(tokenizer: Tokenizer) -> None:
    bare = eligibility(
        entities=(),
        relations=(),
        criteria=None,
        types=frozenset({"GENE"}),
        has_sections=False,
        has_relations=False,
    )
    example = one(tokenizer, bare)
    assert np.isnan(example.boundaries).all()
    assert example.relations is None
    assert [ENTITY_TYPES[i] for i in np.flatnonzero(example.types[1])] == ["GENE"]
    example = one(tokenizer, eligibility(has_attributes=False))
    assert all(s.attributes is None for s in example.spans)


def test_a_title_has_no_criteria_and_an_unread_eligibility_is_unknown(tokenizer: Tokenizer) -> None:
    columns = BOUNDARY_SLICES["criterion"]
    title = one(tokenizer, GoldPassage("brief_title", "A study of lunamab"))
    assert (title.boundaries[1:, columns] == 0).all()
    unread = one(tokenizer, eligibility(criteria=None))
    assert np.isnan(unread.boundaries[:, columns]).all()


def test_passages_keep_apart(tokenizer: Tokenizer) -> None:
    title = GoldPassage("brief_title", "Lunamab", (GoldEntity("DRUG", 0, 7),))
    example = one(tokenizer, title, eligibility())
    assert len(example.spans) == 4 and example.relations == ((RELATION_TYPES.index("COMBINED_WITH"), 1, 2),)
    assert example.spans[0].start == 1 and example.passage[example.spans[1].start] == 1


@pytest.mark.parametrize("shift", [0, 5, 13])
def test_windows_hold_the_spans_that_lie_inside_them(tokenizer: Tokenizer, shift: int) -> None:
    text = " ".join(["zorbatinib and lunamab in HER2 disease"] * 12)
    entities, relations, position = [], [], 0
    for i in range(12):
        for type_, part in (("DRUG", "zorbatinib"), ("DRUG", "lunamab"), ("GENE", "HER2")):
            position = text.index(part, position)
            entities.append(GoldEntity(type_, position, position + len(part)))
        relations.append(GoldRelation("COMBINED_WITH", 3 * i, 3 * i + 1))
    document = GoldDocument("d", (GoldPassage("text", text, tuple(entities), tuple(relations)),))
    windows = examples(document, tokenizer, 24, 8, shift)
    assert len(windows) > 5
    by_id = dict(enumerate(tokenizer.vocabulary))
    names = {"DRUG": {"Ġzorbatinib", "zorbatinib", "Ġlunamab"}, "GENE": {"ĠHER2"}}
    for e in windows:
        assert len(e.ids) == len(e.passage) == len(e.types) == len(e.boundaries) <= 24
        for s in e.spans:
            assert s.start == s.end and by_id[int(e.ids[s.start])] in names[ENTITY_TYPES[s.type]]
        inside = {int(i) for i, t in enumerate(e.ids) if by_id[int(t)] in names["DRUG"] | names["GENE"]}
        assert {s.start for s in e.spans} == inside
        for _, head, tail in e.relations or ():
            assert (by_id[int(e.ids[e.spans[head].start])], by_id[int(e.ids[e.spans[tail].start])])[1] == "Ġlunamab"
    assert sum(len(e.relations or ()) for e in windows) >= 12


# batches and losses


def blank(batch: Batch) -> NetworkOutput:
    """Outputs that are 0 everywhere, of the shapes that the network would give."""
    b, length = batch.ids.shape
    blocks = -(-length // BLOCK)
    return NetworkOutput(
        torch.zeros(b, length, BOUNDARY_WIDTH),
        torch.zeros(b, len(ENTITY_TYPES), blocks, BLOCK, REACH),
        torch.zeros(b, length, len(ATTRIBUTES)),
        torch.zeros(b, length, 4, len(RELATION_TYPES), 4),
        torch.zeros(b, length, 4),
    )


def marked_cells(batch: Batch) -> list[tuple[int, ...]]:
    """(window, type, block, row, column) of every marked span, in order."""
    return list(zip(*(part[batch.spans.present].tolist() for part in span_cells(batch.spans)), strict=True))


def test_collate_pads_and_lays_out_spans(tokenizer: Tokenizer) -> None:
    short = one(tokenizer, GoldPassage("brief_title", "Lunamab", (GoldEntity("DRUG", 0, 7),)))
    long = one(tokenizer, eligibility())
    batch = collate([short, long], tokenizer)
    n = len(short.ids)
    assert batch.ids.shape == batch.mask.shape == (2, len(long.ids))
    assert batch.mask.sum(1).tolist() == [n, len(long.ids)]
    assert (batch.ids[0, n:] == tokenizer.special(PAD)).all() and batch.boundaries[0, n:].isnan().all()
    wanted = [(b, s.type, *span_cell(s.start, s.end)) for b, e in enumerate((short, long)) for s in e.spans]
    assert marked_cells(batch) == wanted
    assert batch.spans.present.sum(1).tolist() == [1, 3]
    assert batch.attributes[0, 1:].isnan().all() and batch.attributes[1].tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert batch.relations.tolist() == [[1, RELATION_TYPES.index("COMBINED_WITH"), 0, 1]]


def test_cells_that_count_are_the_spans_of_one_passage(tokenizer: Tokenizer) -> None:
    """Every (start, end) by brute force: in one passage, in order, no longer than the longest span."""
    title = GoldPassage("brief_title", "A study of lunamab", types=frozenset({"DRUG"}))
    example = one(tokenizer, title, eligibility(entities=(), relations=()))
    batch = collate([example], tokenizer)
    n = len(example.ids)
    counted = decided_cells(batch)[0].numpy()
    wanted = np.zeros(counted.shape, bool)
    for a in range(n):
        for b in range(a, min(n, a + MAX_SPAN)):
            if example.passage[a] == example.passage[b] >= 0:
                for t, name in enumerate(ENTITY_TYPES):
                    wanted[(t, *span_cell(a, b))] = name == "DRUG" or example.passage[a] == 1
    assert (counted == wanted).all()


def test_of_a_partial_passage_only_overlaps_count(tokenizer: Tokenizer) -> None:
    example = one(tokenizer, eligibility(partial=True))
    batch = collate([example], tokenizer)
    n = len(example.ids)
    counted = decided_cells(batch)[0].numpy()
    wanted = np.zeros_like(counted)
    for s in example.spans:
        for a in range(1, n):
            for b in range(a, n):
                if a <= s.end and b >= s.start:
                    wanted[(s.type, *span_cell(a, b))] = True
    assert (counted == wanted).all()
    assert wanted.any() and len(marked_cells(batch)) == 3


def brute_balanced(scores: list[float], wanted: list[bool], counted: list[bool]) -> float:
    """ZLPR as its authors write it: log(1 + Σ e^−positive) + log(1 + Σ e^negative)."""
    rows = [(s, w) for s, w, c in zip(scores, wanted, counted, strict=True) if c]
    up = math.log(1 + sum(math.exp(-s) for s, w in rows if w))
    down = math.log(1 + sum(math.exp(s) for s, w in rows if not w))
    return up + down


@given(st.lists(st.tuples(st.floats(-8, 8), st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_balanced_loss_is_its_formula(cells: list[tuple[float, bool, bool]]) -> None:
    scores, wanted, counted = (list(column) for column in zip(*cells, strict=True))
    loss = balanced_loss(torch.tensor(scores, dtype=torch.float64), torch.tensor(wanted), torch.tensor(counted))
    assert loss.item() == pytest.approx(brute_balanced(scores, wanted, counted), abs=1e-6)


def test_span_loss_is_the_balanced_loss_of_each_type(tokenizer: Tokenizer) -> None:
    batch = collate([one(tokenizer, eligibility()), one(tokenizer, eligibility(partial=True))], tokenizer)
    torch.manual_seed(0)
    output = blank(batch)._replace(spans=torch.randn_like(blank(batch).spans))
    targets = torch.zeros(output.spans.shape, dtype=torch.bool)
    for cell in marked_cells(batch):
        targets[cell] = True
    flat = (output.spans.flatten(2), targets.flatten(2), decided_cells(batch).flatten(2))
    assert span_loss(output, batch).item() == pytest.approx(balanced_loss(*flat).sum(-1).mean().item(), rel=1e-5)


def test_focus_lets_go_of_what_is_read_right(tokenizer: Tokenizer) -> None:
    batch = collate([one(tokenizer, eligibility())], tokenizer)
    scores = blank(batch).spans - 9.0
    for cell in marked_cells(batch):
        scores[cell] = 9.0
    right, wrong = blank(batch)._replace(spans=scores), blank(batch)._replace(spans=-scores)
    shares = [(span_loss(output, batch, 1.0) / span_loss(output, batch)).item() for output in (right, wrong)]
    assert shares[0] < 0.1 and shares[1] > 0.9


def test_masked_types_change_neither_loss_nor_gradient(tokenizer: Tokenizer) -> None:
    example = one(
        tokenizer, eligibility(types=frozenset({"DRUG"}), entities=(entity("DRUG", "lunamab"),), relations=())
    )
    batch = collate([example], tokenizer)
    torch.manual_seed(0)
    scores = torch.randn_like(blank(batch).spans).requires_grad_()
    loss = span_loss(blank(batch)._replace(spans=scores), batch)
    (gradient,) = torch.autograd.grad(loss, scores)
    drug = ENTITY_TYPES.index("DRUG")
    masked = [i for i in range(len(ENTITY_TYPES)) if i != drug]
    assert (gradient[:, masked] == 0).all()
    cells = decided_cells(batch)
    assert (gradient[~cells] == 0).all() and (gradient[cells] != 0).all()
    shaken = scores.detach().clone()
    shaken[~cells] += 50 * torch.randn_like(shaken)[~cells]
    assert span_loss(blank(batch)._replace(spans=shaken), batch).item() == pytest.approx(loss.item(), rel=1e-6)


def test_masked_boundaries_change_neither_loss_nor_gradient(tokenizer: Tokenizer) -> None:
    batch = collate([one(tokenizer, eligibility()), one(tokenizer, GoldPassage("text", "Moon sarcoma."))], tokenizer)
    scores = torch.randn(blank(batch).boundaries.shape, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = boundary_loss(blank(batch)._replace(boundaries=scores), batch)
    (gradient,) = torch.autograd.grad(loss, scores)
    assert (gradient[batch.boundaries.isnan()] == 0).all()
    assert (gradient[~batch.boundaries.isnan()] != 0).all()


def test_a_document_that_is_not_annotated_costs_nothing(tokenizer: Tokenizer) -> None:
    bare = GoldPassage(
        "text", "Moon sarcoma", types=frozenset(), has_relations=False, has_attributes=False, has_sections=False
    )
    batch = collate([one(tokenizer, bare)], tokenizer)
    assert all(loss.item() == 0 for loss in joint_loss(blank(batch), batch).values())


def test_the_right_answer_costs_little_and_a_wrong_one_much(tokenizer: Tokenizer) -> None:
    example = one(tokenizer, eligibility())
    batch = collate([example], tokenizer)
    output = blank(batch)
    output.spans.fill_(-20)
    for cell in marked_cells(batch):
        output.spans[cell] = 20
    output.attributes.fill_(-20)
    gene = example.spans[2].start
    output.attributes[0, gene, 0] = 20
    known = torch.nan_to_num(batch.boundaries, nan=0.5)
    output.boundaries.copy_((known - 0.5) * 40)
    kind, head, tail = example.relations[0]
    output.relations[0, :, 0, :, 1] = 10  # each head asks for column 1, where tails say no …
    output.relations[0, :, 2, :, 1] = -1
    output.relations[0, example.spans[head].start, 0, kind, 0] = 10  # … but for this pair
    output.relations[0, example.spans[tail].start, 2, kind, 0] = 3
    right = joint_loss(output, batch)
    assert set(right) == {"spans", "boundaries", "attributes", "relations"}
    assert all(loss.item() < 0.02 for loss in right.values()), right
    for name in ("spans", "boundaries", "attributes", "relations"):
        wrong = output._replace(**{name: -getattr(output, name) if name != "relations" else getattr(output, name) * 0})
        assert joint_loss(wrong, batch)[name].item() > right[name].item() + 0.5, name


def test_losses_flow_into_every_head(tokenizer: Tokenizer, tiny_config: NetworkConfig) -> None:
    torch.manual_seed(1)
    network = Network(tiny_config)
    batch = collate([one(tokenizer, eligibility())], tokenizer)
    sum(joint_loss(network(batch.ids[:, :48], batch.mask[:, :48]), batch).values()).backward()
    for head in (network.boundaries, network.spans, network.attributes, network.relations, network.encoder):
        assert all(p.grad is not None for p in head.parameters())


def test_scores_of_a_pair_are_inner_products_of_its_ends() -> None:
    roles = torch.randn(6, 4, len(RELATION_TYPES), 3, generator=torch.Generator().manual_seed(0))
    spans = Spans(torch.zeros(1, 3), torch.tensor([[0, 2, 5]]), torch.tensor([[1, 2, 5]]), torch.ones(1, 3))
    scores = pair_scores(roles[None], spans)
    assert scores.shape == (1, len(RELATION_TYPES), 3, 3)
    wanted = roles[0, 0, 4] @ roles[2, 2, 4] + roles[1, 1, 4] @ roles[2, 3, 4]
    assert scores[0, 4, 0, 1].item() == pytest.approx(wanted.item(), rel=1e-5)


def test_means_of_spans_are_those_of_their_tokens() -> None:
    values = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    starts, ends = torch.tensor([[0, 2], [5, 0]]), torch.tensor([[1, 2], [5, 5]])
    means = span_means(values, Spans(starts, starts, ends, starts >= 0))
    for b, k in np.ndindex(2, 2):
        wanted = values[b, starts[b, k] : ends[b, k] + 1].mean(0)
        assert means[b, k].tolist() == pytest.approx(wanted.tolist(), abs=1e-5)


def test_concept_loss_is_least_for_matching_pairs() -> None:
    vectors = torch.nn.functional.normalize(torch.randn(5, 8, generator=torch.Generator().manual_seed(0)), dim=-1)
    right, wrong = concept_loss(vectors, vectors), concept_loss(vectors, vectors.roll(1, 0))
    assert right < 0.5 < wrong
    flat = torch.full((4, 8), 8**-0.5)
    assert concept_loss(flat, flat).item() == pytest.approx(math.log(4), rel=1e-5)
