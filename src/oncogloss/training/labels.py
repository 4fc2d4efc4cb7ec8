"""A team's own labels: a span head of its types beside the others, learned from a hundred passages or so on a CPU.

The encoder learns by adapters, and goes on to say of old text what it said before: the twenty types stay what they are.
"""

from __future__ import annotations

import logging
import random
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import onnx
import torch
from onnx import compose, helper
from torch import Tensor, nn

from oncogloss.errors import CorpusError
from oncogloss.evaluation.metrics import Score, Spot, strict_scores
from oncogloss.model.runtime import Runtime
from oncogloss.model.tokenizer import PAD
from oncogloss.model.windows import cut_windows
from oncogloss.pipeline import Pipeline
from oncogloss.schema import Document, ModelInfo, Passage
from oncogloss.training.adapters import Pupil, adapters_of, graft, hidden_name, pupil_of
from oncogloss.training.annotated import read_own
from oncogloss.training.corpora import GoldDocument
from oncogloss.training.distillation import imitation_loss, lesson
from oncogloss.training.finetune import rate_factor
from oncogloss.training.pretrain import encode
from oncogloss.training.sentences import Span, Text
from oncogloss.training.taggers import Batch, DenseSpanHead, Row, read_row, window_batches
from oncogloss.training.update import check_new_folder, replay_batch, write_updated

OWN = "own"  # the graph's output
MOST = 60  # labels
FEW = 4  # texts with a label, of which none is kept apart


@dataclass(frozen=True)
class LabelRecipe:
    """How own labels are learned."""

    epochs: int = 20
    steps: int = 60  # at least: a dozen sentences are one window, and one step an epoch
    held: float = 0.2  # of the texts, kept apart to measure on
    windows: int = 6  # in a step, beside as much old text
    window: int = 256
    adapter_rate: float = 1e-3
    head_rate: float = 2e-3
    memory: float = 1.0  # weight of saying of old text what was said before
    seed: int = 0


class Learned(NamedTuple):
    """What was learned: the labels, how well each is found in the texts kept apart, and how many those were."""

    labels: tuple[str, ...]
    scores: dict[str, Score]
    held: int


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
    name: str | None = None,
) -> Learned:
    """Write a bundle to `out` that finds the labels of `texts` besides what `model` finds; of the texts it learns from
    all but those kept apart, which it is measured on.

    Labels that `model` had learned before are replaced. Raises CorpusError where there is no label, or more than MOST,
    or nothing to replay, InputError where `out` holds something.
    """
    labels = tuple(sorted({label for text in texts for label, _, _ in text.spans}))
    if not labels or len(labels) > MOST:
        raise CorpusError(f"{len(labels)} labels in what is to be learned; 1 to {MOST} can be.")
    if not replay:
        raise CorpusError("No annotated text to replay: without it the model would forget; check --corpus.")
    check_new_folder(out)
    torch.manual_seed(recipe.seed)
    pupil = pupil_of(model)
    bundle, sizes = pupil.bundle, pupil.bundle.network
    taught, held = kept_apart(texts, recipe.held, random.Random(recipe.seed))
    head = DenseSpanHead(sizes.hidden, len(labels), width=sizes.span_width)
    _learn(pupil, head, read_row(taught, pupil.tokenizer, labels), replay, recipe, log)
    grown = _with_head(graft(pupil.graph, adapters_of(pupil.network.eval())), head)
    runtime = Runtime(grown.SerializeToString())
    info = ModelInfo(name=bundle.info.name, version=version, sha256="")
    found = found_own(Pipeline(info, sizes, pupil.tokenizer, runtime, bundle.thresholds, labels=labels), held)
    learned = Learned(labels, _scores(found, held), len(held))
    note = (
        f"Own labels {', '.join(labels)} from {len(taught)} texts, {len(replay)} documents replayed; {recipe}. "
        f"{held_out(learned)}"
    )
    write_updated(bundle, grown, out, version, note, labels=labels, name=name)
    return learned


def kept_apart(texts: Sequence[Text], share: float, dice: random.Random) -> tuple[list[Text], list[Text]]:
    """(texts to learn from, texts to measure on): a share of them by chance, but that FEW with each label remain."""
    left = Counter(label for text in texts for label in {s[0] for s in text.spans})
    held: set[int] = set()
    for i in dice.sample(range(len(texts)), len(texts)):
        said = {span[0] for span in texts[i].spans}
        if len(held) + 1 <= share * len(texts) and all(left[label] > FEW for label in said):
            held.add(i)
            left.subtract(said)
    return [t for i, t in enumerate(texts) if i not in held], [texts[i] for i in sorted(held)]


def found_own(pipeline: Pipeline, texts: Sequence[Text]) -> list[set[Span]]:
    """The own labels that a model finds in each text, read by itself."""
    documents = (Document(id="text", passages=(Passage(name="text", text=t.text),)) for t in texts)
    return [{(o.label, o.start, o.end) for o in pipeline.extract(d).own} for d in documents]


def _scores(found: Sequence[set[Span]], texts: Sequence[Text]) -> dict[str, Score]:
    spots: list[set[Spot]] = [
        {(i, start, end, label) for i, spans in enumerate(side) for label, start, end in spans}
        for side in (found, [text.spans for text in texts])
    ]
    return strict_scores(spots[0], spots[1])


def held_out(learned: Learned) -> str:
    """A sentence on how well the labels are found in the texts kept apart."""
    scores = learned.scores
    if not any(score.wanted for score in scores.values()):
        return f"Too few texts to keep some apart: nothing was measured; it takes more than {FEW} with a label."
    each = ", ".join(f"{label} {score.f1:.2f}" for label, score in scores.items())
    return f"In {learned.held} texts kept apart F1 is {sum(scores.values(), Score()).f1:.2f} ({each})."


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
    window = min(recipe.window, network.config.window)
    epochs = _epochs(row, window, recipe.windows, pupil.tokenizer.special(PAD), dice)
    first = next(epochs)
    steps = max(recipe.steps, recipe.epochs * len(first))
    batches = chain(first, chain.from_iterable(epochs))
    for step, batch in enumerate(islice(batches, steps)):
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * rate_factor(step, steps)
        old = replay_batch(replay, pupil, recipe.windows * window // 2, dice)
        wanted = head.loss(network.head_dropout(encode(network.encoder, batch.ids, batch.mask)), batch)
        said = network.heads(encode(network.encoder, old.ids, old.mask))
        kept = imitation_loss(said, old, lesson([pupil.teacher], old))
        torch.autograd.backward(wanted + recipe.memory * sum(kept.values(), torch.zeros(())))
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if (step + 1) % 20 == 0 or step + 1 == steps:
            log(f"step {step + 1}/{steps}  labels {wanted.item():.2f}")


def _epochs(row: Row, window: int, size: int, pad: int, dice: random.Random) -> Iterator[list[Batch]]:
    """The batches of one pass over the row after another, cut elsewhere each time."""
    overlap = window // 8
    while True:
        windows = cut_windows(row.stream, window, overlap, shift=dice.randrange(window - 1 - overlap))
        dice.shuffle(windows)
        yield window_batches(row, windows, size, pad, torch.device("cpu"))


def _with_head(graph: onnx.ModelProto, head: DenseSpanHead) -> onnx.ModelProto:
    """The graph with the head after its encoder, as one more output."""
    bare = _without_head(graph)
    hidden = hidden_name(bare)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "head.onnx"
        length = torch.export.Dim("length", min=2, max=512)
        with _quiet():
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


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of torch's exporter, which are about its own code and about torchvision."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


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
