"""A team's own labels: a span head of its types beside the others, learned from a hundred passages or so on a CPU.

The encoder learns by adapters, and goes on to say of old text what it said before: the twenty types stay what they are.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from onnx import compose, helper
from torch import Tensor, nn

from oncogloss.errors import CorpusError
from oncogloss.model.tokenizer import PAD
from oncogloss.model.windows import cut_windows
from oncogloss.training.adapters import Pupil, adapters_of, graft, hidden_name, pupil_of
from oncogloss.training.annotated import read_own
from oncogloss.training.corpora import GoldDocument
from oncogloss.training.distillation import imitation_loss, lesson
from oncogloss.training.finetune import rate_factor
from oncogloss.training.pretrain import encode
from oncogloss.training.sentences import Text
from oncogloss.training.taggers import DenseSpanHead, Row, read_row, window_batches
from oncogloss.training.update import replay_batch, write_updated

OWN = "own"  # the graph's output
MOST = 60  # labels


@dataclass(frozen=True)
class LabelRecipe:
    """How own labels are learned."""

    epochs: int = 20
    windows: int = 6  # in a step, beside as much old text
    window: int = 256
    adapter_rate: float = 1e-3
    head_rate: float = 2e-3
    memory: float = 1.0  # weight of saying of old text what was said before
    seed: int = 0


def read_labelled(path: Path) -> list[Text]:
    """The passages of files with own labels, as `training.annotated.read_own` takes them."""
    passages = (p for document in read_own(path) for p in document.passages)
    return [Text(p.text, tuple((e.type, e.start, e.end) for e in p.entities)) for p in passages]


class _OwnHead(nn.Module):
    """The head for one window without padding: `hidden` (1, L, H) → scores (labels, L, L)."""

    def __init__(self, head: DenseSpanHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, hidden: Tensor) -> Tensor:
        return self.head.scores(hidden, torch.ones_like(hidden[..., 0], dtype=torch.bool))[0]


def learn_labels(
    model: str | Path,
    texts: Sequence[Text],
    replay: Sequence[GoldDocument],
    out: Path,
    version: str,
    recipe: LabelRecipe = LabelRecipe(),
    log: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
) -> tuple[str, ...]:
    """Write a bundle to `out` that finds the labels of `texts` besides what `model` finds; returns the labels.

    Labels that `model` had learned before are replaced. Raises CorpusError where there is no label, or more than MOST,
    or nothing to replay.
    """
    labels = tuple(sorted({label for text in texts for label, _, _ in text.spans}))
    if not labels or len(labels) > MOST:
        raise CorpusError(f"{len(labels)} labels in what is to be learned; 1 to {MOST} can be.")
    if not replay:
        raise CorpusError("No annotated text to replay: without it the model would forget; check --corpus.")
    torch.manual_seed(recipe.seed)
    pupil = pupil_of(model)
    sizes = pupil.bundle.network
    head = DenseSpanHead(sizes.hidden, len(labels), nested=True, width=sizes.span_width)
    _learn(pupil, head, read_row(texts, pupil.tokenizer, labels), replay, recipe, log)
    grown = _with_head(graft(pupil.graph, adapters_of(pupil.network.eval())), head)
    note = f"Own labels {', '.join(labels)} from {len(texts)} texts, {len(replay)} documents replayed; {recipe}."
    write_updated(pupil.bundle, grown, out, version, note, labels=labels)
    return labels


def _learn(
    pupil: Pupil,
    head: DenseSpanHead,
    row: Row,
    replay: Sequence[GoldDocument],
    recipe: LabelRecipe,
    log: Callable[[str], None],
) -> None:
    """Train `head` and the pupil's adapters on the annotated windows of `row`; each step also by what its teacher says
    of a batch of old text."""
    network = pupil.network
    dice = random.Random(recipe.seed)
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in network.parameters() if p.requires_grad], "peak": recipe.adapter_rate},
            {"params": list(head.parameters()), "peak": recipe.head_rate},
        ],
        lr=0.0,
        weight_decay=0.0,
        fused=True,
    )
    network.train()
    step = 0
    window = min(recipe.window, network.config.window)
    for epoch in range(recipe.epochs):
        windows = cut_windows(row.stream, window, window // 8, shift=dice.randrange(window - 1 - window // 8))
        dice.shuffle(windows)
        batches = window_batches(row, windows, recipe.windows, pupil.tokenizer.special(PAD), torch.device("cpu"))
        for batch in batches:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * rate_factor(step, recipe.epochs * len(batches))
            old = replay_batch(replay, pupil, recipe.windows * window // 2, dice)
            wanted = head.loss(network.head_dropout(encode(network.encoder, batch.ids, batch.mask)), batch)
            said = network.heads(encode(network.encoder, old.ids, old.mask))
            kept = imitation_loss(said, old, lesson([pupil.teacher], old))
            torch.autograd.backward(wanted + recipe.memory * sum(kept.values(), torch.zeros(())))
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            step += 1
        log(f"epoch {epoch + 1}/{recipe.epochs}  labels {wanted.item():.2f}")


def _with_head(graph: onnx.ModelProto, head: DenseSpanHead) -> onnx.ModelProto:
    """The graph with the head after its encoder, as one more output."""
    bare = _without_head(graph)
    hidden = hidden_name(bare)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "head.onnx"
        length = torch.export.Dim("length", min=2, max=512)
        torch.onnx.export(
            _OwnHead(head).eval(),
            (torch.zeros(1, 24, head.ends.in_features),),
            path,
            input_names=["hidden"],
            output_names=[OWN],
            dynamic_shapes={"hidden": {1: length}},
            dynamo=True,
            verbose=False,
        )
        part = compose.add_prefix(onnx.load(path), "own.", rename_outputs=False, rename_inputs=False)
    part.ir_version = bare.ir_version
    outputs = [o.name for o in bare.graph.output]
    bare.graph.output.append(helper.make_tensor_value_info(hidden, onnx.TensorProto.FLOAT, None))
    merged = compose.merge_models(bare, part, io_map=[(hidden, "hidden")], outputs=[*outputs, OWN])
    helper.set_model_props(merged, {p.key: p.value for p in graph.metadata_props})
    return merged


def _without_head(graph: onnx.ModelProto) -> onnx.ModelProto:
    """A copy without the head of labels that it had."""
    bare = onnx.ModelProto()
    bare.CopyFrom(graph)
    nodes = [n for n in bare.graph.node if not n.name.startswith("own.")]
    matrices = [t for t in bare.graph.initializer if not t.name.startswith("own.")]
    outputs = [o for o in bare.graph.output if o.name != OWN]
    values = [v for v in bare.graph.value_info if not v.name.startswith("own.")]
    kept_parts = (("node", nodes), ("initializer", matrices), ("output", outputs), ("value_info", values))
    for field, kept in kept_parts:
        part = getattr(bare.graph, field)
        del part[:]
        part.extend(kept)
    return bare
