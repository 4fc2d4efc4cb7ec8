"""Updating a model without forgetting: new names and a few annotated passages are learned by low-rank adapters, while
the network goes on to say of old text what it said before (Li and Hoiem 2016, "Learning without forgetting").
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import onnx
import torch
from torch import Tensor, nn

from oncogloss.errors import CorpusError, InputError, shown
from oncogloss.model.bundle import CARD, CONFIG, GRAPH, TOKENIZER, Bundle, write_sums
from oncogloss.model.files import put_in_place, write_file
from oncogloss.schema import EntityType
from oncogloss.training.adapters import Pupil, adapters_of, graft, pupil_of
from oncogloss.training.corpora import Edit, GoldDocument, GoldPassage, rewrite
from oncogloss.training.distillation import hidden_loss, imitation_loss, lesson, score_loss
from oncogloss.training.finetune import rate_factor
from oncogloss.training.objectives import Batch, Example, collate, decided_cells, examples, joint_loss, span_loss
from oncogloss.training.pretrain import encode

CARD_HEADING = re.compile(r"\A# .*")
EDGE = re.compile(r"[\w-]")  # a name is not cut out of a longer word


@dataclass(frozen=True)
class UpdateRecipe:
    """How long and how fast an update learns; figures were found on dev with names that no record holds."""

    steps: int = 40
    tokens: int = 1_200  # of new text in a step, and as many of old
    rate: float = 5e-4
    memory: float = 6.0  # weight of saying of old text what was said before
    contexts: int = 12  # passages that are written anew around each name
    seed: int = 0


class Lessons(NamedTuple):
    """What an update is made of: annotated passages, names that are new, and what was learned from before."""

    annotated: Sequence[GoldDocument]
    names: Sequence[tuple[EntityType, str]]
    replay: Sequence[GoldDocument]


class Updated(NamedTuple):
    """What an update came to."""

    adapter_bytes: int
    contexts: int


def update_model(
    model: str | Path,
    lessons: Lessons,
    out: Path,
    version: str,
    recipe: UpdateRecipe = UpdateRecipe(),
    log: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
    name: str | None = None,
) -> Updated:
    """Write a bundle to `out` that has learned `lessons` on top of `model`, under its name or another.

    Its rounded weights are those of `model`; adapters that `model` has go on learning. Raises CorpusError where there
    is nothing new, nowhere to place the names, or nothing to replay; InputError where `out` holds something;
    BundleError where `model` holds no weights that can be updated.
    """
    if not lessons.annotated and not lessons.names:
        raise CorpusError("Nothing to learn: give annotated passages (--with) or names (--terms).")
    if not lessons.replay:
        raise CorpusError("No annotated text to replay: without it the model would forget; check --corpus.")
    check_new_folder(out)
    torch.manual_seed(recipe.seed)
    pupil = pupil_of(model)
    dice = random.Random(recipe.seed)
    named = contexts(lessons.names, lessons.replay, recipe.contexts, dice)
    if not lessons.annotated and not named:
        raise CorpusError(
            "No passage of the corpus names anything of these types; give annotated passages with --with."
        )
    _learn(pupil, lessons.annotated, named, lessons.replay, recipe, dice, log)
    learned = adapters_of(pupil.network)
    size = sum(part.numel() * part.element_size() for pair in learned.values() for part in pair)
    write_updated(pupil.bundle, graft(pupil.graph, learned), out, version, _note(lessons, recipe, size), name=name)
    return Updated(size, len(named))


def contexts(
    names: Sequence[tuple[EntityType, str]], replay: Sequence[GoldDocument], wanted: int, dice: random.Random
) -> list[GoldDocument]:
    """Passages in which a new name stands where one of its type stood, `wanted` a name; fewer where there are none."""
    by_type: dict[EntityType, list[GoldPassage]] = {}
    for passage in (p for d in replay for p in d.passages):
        for type_ in {e.type for e in passage.entities}:
            by_type.setdefault(type_, []).append(passage)
    made: list[GoldDocument] = []
    for type_, name in names:
        inside = by_type.get(type_, [])
        for number, passage in enumerate(dice.sample(inside, min(wanted, len(inside)))):
            if changed := renamed(passage, type_, name, dice):
                made.append(GoldDocument(f"{name} {number}", (_but_for(name, type_, changed),), "new names"))
    return made


def _but_for(name: str, type_: EntityType, passage: GoldPassage) -> GoldPassage:
    """The passage as if nothing were known of it but where the name stands."""
    here = tuple(e for e in passage.entities if e.type == type_ and passage.text[e.start : e.end] == name)
    return GoldPassage(
        passage.name, passage.text, here, types=frozenset({type_}), partial=True,
        has_relations=False, has_attributes=False, has_sections=False,
    )  # fmt: skip


def renamed(passage: GoldPassage, type_: EntityType, name: str, dice: random.Random) -> GoldPassage | None:
    """The passage with one of its names of this type replaced by `name` wherever it stands; None where all of them
    overlap others."""
    alone = [
        e
        for e in passage.entities
        if e.type == type_
        and passage.is_alone(e)
        and not EDGE.match(passage.text[e.start - 1 : e.start])
        and not EDGE.match(passage.text[e.end : e.end + 1])
    ]
    if not alone:
        return None
    chosen = dice.choice(alone)
    old = passage.text[chosen.start : chosen.end]
    edits: list[Edit] = [(e.start, e.end, name) for e in alone if passage.text[e.start : e.end] == old]
    return rewrite(passage, sorted(edits))


def _learn(
    pupil: Pupil,
    annotated: Sequence[GoldDocument],
    named: Sequence[GoldDocument],
    replay: Sequence[GoldDocument],
    recipe: UpdateRecipe,
    dice: random.Random,
    log: Callable[[str], None],
) -> None:
    """Train the pupil's adapters: each step by annotated passages, by passages with new names, and by what its teacher
    says of old text."""
    network = pupil.network
    weights = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=0.0, weight_decay=0.0, fused=True)
    share = recipe.tokens // 2 if annotated and named else recipe.tokens
    for step in range(recipe.steps):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * rate_factor(step, recipe.steps)
        losses: dict[str, Tensor] = {}
        kept = remembering_loss(pupil, replay_batch(replay, pupil, recipe.tokens, dice))
        if annotated:
            batch = replay_batch(annotated, pupil, share, dice)
            losses |= joint_loss(network.heads(encode(network.encoder, batch.ids, batch.mask)), batch)
        if named:
            told, beside = naming_loss(pupil, replay_batch(named, pupil, share, dice))
            losses["names"] = told
            kept["beside names"] = beside
        total = sum(losses.values(), torch.zeros(())) + recipe.memory * sum(kept.values(), torch.zeros(()))
        torch.autograd.backward(total)
        nn.utils.clip_grad_norm_(weights, 2.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if (step + 1) % 25 == 0 or step + 1 == recipe.steps:
            log(
                f"step {step + 1}/{recipe.steps}  "
                + "  ".join(f"{n} {v.item():.2f}" for n, v in (losses | kept).items())
            )


def remembering_loss(pupil: Pupil, old: Batch) -> dict[str, Tensor]:
    """How far the pupil has come from its teacher in what its encoder and its heads say of old text, by name."""
    taught = lesson([pupil.teacher], old)
    hidden = encode(pupil.network.encoder, old.ids, old.mask)
    said = pupil.network.heads(hidden)
    return imitation_loss(said, old, taught) | score_loss(said, old, taught) | hidden_loss(hidden, taught, old.mask)


def naming_loss(pupil: Pupil, named: Batch) -> tuple[Tensor, Tensor]:
    """(how badly the pupil finds the new names of a batch, how far it has come from its teacher in all else there)."""
    network = pupil.network
    taught = lesson([pupil.teacher], named)
    taught = taught._replace(cells=taught.cells & ~decided_cells(named))
    said = network.heads(encode(network.encoder, named.ids, named.mask))
    beside = imitation_loss(said, named, taught) | score_loss(said, named, taught)
    return span_loss(said, named), sum(beside.values(), torch.zeros(()))


def replay_batch(documents: Sequence[GoldDocument], pupil: Pupil, tokens: int, dice: random.Random) -> Batch:
    """Windows of documents drawn by chance, `tokens` in all or a little more."""
    tokenizer, window, overlap = pupil.tokenizer, pupil.bundle.network.window, pupil.bundle.network.overlap
    rows: list[Example] = []
    while sum(len(e.ids) for e in rows) < tokens:
        document = dice.choice(documents)
        rows.append(dice.choice(examples(document, tokenizer, window, overlap, dice.randrange(window - 1 - overlap))))
    return collate(rows, tokenizer)


def check_new_folder(out: Path) -> None:
    """Raise InputError where a folder for a new model is none, or holds something."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{shown(str(out))}: holds something that would be lost; name a new folder with --out.")


def write_updated(
    bundle: Bundle,
    graph: onnx.ModelProto,
    out: Path,
    version: str,
    note: str,
    *,
    labels: Sequence[str] = (),
    name: str | None = None,
) -> None:
    """Write a bundle that differs from `bundle` by its graph, name, version and own labels, all of it in one step; the
    card gains a note. Raises InputError where `out` holds something."""
    check_new_folder(out)
    old, changed = bundle.info, {"name": name or bundle.info.name, "version": version}
    config = json.loads(bundle.path(CONFIG).read_text(encoding="utf-8")) | changed
    if labels:
        config["labels"] = list(labels)
    heading = f"# Model card: oncogloss {changed['name']} {version}"
    card = CARD_HEADING.sub(lambda _: heading, bundle.path(CARD).read_text(encoding="utf-8").rstrip(), count=1)
    parent = f"From {old.name} {old.version} (SHA256SUMS {old.sha256[:16]})."
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".oncogloss-", dir=out.parent) as room:
        fresh = Path(room, "model")
        fresh.mkdir()
        write_file(fresh / GRAPH, graph.SerializeToString())
        write_file(fresh / TOKENIZER, bundle.path(TOKENIZER).read_bytes())
        write_file(fresh / CONFIG, (json.dumps(config, indent=1) + "\n").encode("utf-8"))
        write_file(fresh / CARD, f"{card}\n\n## Update {version}\n\n{parent} {note}\n".encode())
        write_sums(fresh)
        if out.exists():
            out.rmdir()
        put_in_place(fresh, out)


def _note(lessons: Lessons, recipe: UpdateRecipe, size: int) -> str:
    words = ", ".join(f"{key} {value}" for key, value in asdict(recipe).items())
    return (
        f"{len(lessons.names)} names and {len(lessons.annotated)} annotated documents, {len(lessons.replay)} replayed; "
        f"adapters of {size / 1e6:.1f} MB; {words}."
    )
