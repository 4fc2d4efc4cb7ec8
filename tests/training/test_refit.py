"""The heads fitted after joint training: they learn what they are shown, and touch nothing else."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")

from oncogloss.model.layout import BOUNDARY_SLICES  # noqa: E402
from oncogloss.model.network import Network  # noqa: E402
from oncogloss.model.tokenizer import Tokenizer  # noqa: E402
from oncogloss.training.corpora import GoldCriterion, GoldDocument, GoldEntity, GoldPassage  # noqa: E402
from oncogloss.training.objectives import examples  # noqa: E402
from oncogloss.training.refit import refit_heads  # noqa: E402

TEXT = "No prior lunamab.\nModerate pain of the crater."
DOCUMENT = GoldDocument(
    "r1",
    (
        GoldPassage(
            "eligibility",
            TEXT,
            entities=(GoldEntity("DRUG", 9, 16, ("neg", "hist")), GoldEntity("CONDITION", 27, 31)),
            criteria=(
                GoldCriterion(0, "inc", None, ("prior_therapy",)),
                GoldCriterion(18, "exc", None, ("comorbidity", "cns")),
            ),
        ),
    ),
)


def test_refitted_heads_say_what_they_were_shown(tiny_network: Network, tokenizer: Tokenizer) -> None:
    network = copy.deepcopy(tiny_network)
    refit_heads(network, tokenizer, [DOCUMENT], overlap=8)
    (example,) = examples(DOCUMENT, tokenizer, network.config.window, 8)
    with torch.no_grad():
        output = network(torch.from_numpy(example.ids)[None], None)
    for span in example.spans:
        assert span.attributes is not None
        marks = output.attributes[0, span.start : span.end + 1].mean(0) > 0
        assert marks.tolist() == [bool(x) for x in span.attributes]
    wanted = torch.from_numpy(example.boundaries[:, BOUNDARY_SLICES["categories"]])
    starts = torch.nonzero(~wanted.isnan().any(1)).flatten().tolist()
    for start, end in zip(starts, [*starts[1:], len(example.ids)], strict=True):
        evidence = output.boundaries[0, start:end, BOUNDARY_SLICES["evidence"]].mean(0)
        found = output.boundaries[0, start, BOUNDARY_SLICES["categories"]] + evidence > 0
        assert found.tolist() == [bool(x) for x in wanted[start]]
    for name, value in tiny_network.state_dict().items():
        if not name.startswith(("attributes", "categories", "boundaries")):
            assert torch.equal(value, network.state_dict()[name])
