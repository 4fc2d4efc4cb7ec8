"""Verbs that keep a model current: the gate that a new one passes, the watch over what comes in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oncogloss.cli.app import app
from oncogloss.cli.options import CorpusFolder, Model, Out, Records, keep, needs_training_extra, ready

if TYPE_CHECKING:
    from oncogloss.training.corpora import GoldDocument

Name = Annotated[str | None, typer.Option(help="Name of the new model; default: the model's.")]
Version = Annotated[str | None, typer.Option(help="Default: the model's, its last number one more.")]
POOR = 0.5  # F1 of own labels


@app.command("gate")
def gate_command(
    old: Annotated[str, typer.Argument(help="The model in use, by name or folder.")],
    new: Annotated[str, typer.Argument(help="The one that would take its place.")],
    records: Records,
    corpus: CorpusFolder = Path("corpus"),
    names: Annotated[Path | None, typer.Option(help="New drugs that the model was taught, a name a line.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Let it through; its card then says why it should not.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the Markdown here too, verdict (JSON) and signature beside it; `models add` reads the verdict "
            "where it is the model's folder: models/mine/gate.md.",
            callback=ready,
        ),
    ] = None,
) -> None:
    """Before and after: F1 by type on dev and samples, new and unknown drugs, calibration, speed, size, 100 probes.

    Exit status 1 where a type loses more than half a point of F1 or a probe that held breaks.

    Example: `oncogloss gate micro models/mine --records records.jsonl.gz`
    """
    if force and not Path(new).is_dir():
        raise typer.BadParameter(
            f"--force writes into the model's card: give the folder of {new}, and add it to the registry after."
        )
    _pass(old, new, corpus, records, _names(names) if names else [], force=force, out=out, mark=force)


def _pass(
    old: str,
    new: str,
    corpus: Path,
    records: list[Path],
    taught: list[str],
    *,
    force: bool,
    out: Path | None,
    mark: bool,
) -> None:
    """Print the gate's report, and keep it, its verdict and its signature where `out` says; `mark` a refused model's
    card. Ends with status 1 where it refuses and is not forced."""
    from oncogloss.evaluation.gate import gate, mark_card, report, verdict
    from oncogloss.evaluation.probes import read_probes
    from oncogloss.model.bundle import find_bundle
    from oncogloss.training.corpora import load_split

    gold = [d for split in ("dev", "samples") for d in load_split(corpus, records, split)[0]]
    result = gate(old, new, gold, read_probes(corpus / "probes.jsonl"), _names(corpus / "held_names.txt"), taught)
    if result.refusals and mark:
        mark_card(find_bundle(new), result, forced=force)
    keep(report(result, forced=force), out)
    if out is not None:
        told = verdict(result, new, forced=force).model_dump_json(indent=1)
        out.with_suffix(".json").write_text(told + "\n", encoding="utf-8")
        _sign(out, " in place of ".join(f"{m.name}@{m.version}" for m in reversed(result.models)))
    if result.refusals and not force:
        raise typer.Exit(1)


def _names(path: Path) -> list[str]:
    from oncogloss.errors import InputError, shown

    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{shown(str(path))}: no list of names in UTF-8; save it as one.") from None
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _sign(path: Path, said: str) -> None:
    from oncogloss.places import keys_folder

    if not (keys_folder() / "oncogloss.key").is_file():
        print(f"oncogloss: {path} is not signed: make a key with `oncogloss models keygen`.", file=sys.stderr)
        return
    from oncogloss.model.signing import secret_key, sign

    signature = sign(path.read_bytes(), f"oncogloss gate {said}", secret_key(keys_folder()))
    path.with_name(f"{path.name}.minisig").write_text(signature, encoding="ascii")


@app.command("update")
def update_command(
    out: Annotated[Path, typer.Option(help="Folder that receives the updated model.")],
    model: Model = "micro",
    terms: Annotated[
        Path | None, typer.Option(help="CSV of new names as `add-terms` takes it, or your table of terms.")
    ] = None,
    annotated: Annotated[
        list[Path] | None, typer.Option("--with", help="Standoff file of annotated passages (repeatable).")
    ] = None,
    records: Annotated[
        list[Path] | None, typer.Option("--records", help="Record files with the corpus's text; without, no gate.")
    ] = None,
    corpus: CorpusFolder = Path("corpus"),
    name: Name = None,
    version: Version = None,
    steps: Annotated[int, typer.Option(min=1, help="How long it learns.")] = 40,
    force: Annotated[
        bool, typer.Option("--force", help="Let it through the gate; its card then says why not.")
    ] = False,
) -> None:
    """Teach a model new names and annotated passages in minutes, without forgetting; then let it pass the gate, whose
    report lies beside the model; the card of one that is refused says so.

    Example: `oncogloss update --terms new.csv --records records.jsonl.gz --name micro-mine --out models/micro-mine`
    """
    needs_training_extra()
    from oncogloss.concepts.terms import read_given
    from oncogloss.model.bundle import open_bundle
    from oncogloss.training.update import Lessons, UpdateRecipe, update_model

    passages = [d for path in annotated or () for d in _annotated(path, records or [])]
    replay = _replay(corpus, records or [])
    names = [(term.type, name) for term in (read_given(terms) if terms else ()) for name in term.names]
    bundle = open_bundle(model)
    new = version or _next(bundle.info.version)
    result = update_model(model, Lessons(passages, names, replay), out, new, UpdateRecipe(steps=steps), name=name)
    print(
        f"{out}: version {new}, {len(names)} names in {result.contexts} passages, {len(passages)} annotated documents, "
        f"adapters of {result.adapter_bytes / 1e6:.1f} MB",
        file=sys.stderr,
    )
    if bundle.labels:
        print(f"oncogloss: teach its own labels again: {', '.join(bundle.labels)}.", file=sys.stderr)
    if records:
        taught = [name for type_, name in names if type_ == "DRUG" and name.isalpha()]
        _pass(model, str(out), corpus, records, taught, force=force, out=out / "gate.md", mark=True)
    else:
        print(
            f"oncogloss: {out} was not gated: without --records nothing says what it lost. Run `oncogloss gate {model} "
            f"{out}` before it is put to use.",
            file=sys.stderr,
        )


def _annotated(path: Path, records: list[Path]) -> list[GoldDocument]:
    """The documents of a standoff file; what has no text is said. Raises CorpusError where none has."""
    from oncogloss.errors import CorpusError
    from oncogloss.training.corpora import read_standoff

    documents, problems = read_standoff(path, records)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not documents:
        why = f"{problems[0]} Give the records that hold its text." if problems else "no annotated passage in it."
        raise CorpusError(f"{path}: nothing to learn from: {why}")
    return documents


def _replay(corpus: Path, records: list[Path]) -> list[GoldDocument]:
    """What was learned before, as far as its text is there; what the records given lack is said."""
    from oncogloss.training.corpora import training_documents

    documents, problems = training_documents(corpus, records)
    if records and problems:
        print(
            f"oncogloss: the text of {len(problems)} passages of {corpus} is not in the records given (`oncogloss "
            f"corpus check` names them); the first: {problems[0]}",
            file=sys.stderr,
        )
    return documents


def _next(version: str) -> str:
    head, _, last = version.rpartition(".")
    return f"{head}.{int(last) + 1}" if head and last.isdigit() else f"{version}.1"


@app.command("learn-labels")
def learn_labels_command(
    data: Annotated[
        Path, typer.Argument(help="brat folder, Label Studio export, CoNLL file, or doccano's JSON lines.")
    ],
    out: Annotated[Path, typer.Option(help="Folder that receives the model.")],
    model: Model = "micro",
    records: Annotated[
        list[Path] | None, typer.Option("--records", help="Record files with the corpus's text.")
    ] = None,
    corpus: CorpusFolder = Path("corpus"),
    name: Name = None,
    version: Version = None,
    epochs: Annotated[
        int, typer.Option(min=1, help="Passes over the data; more of a few sentences, so that they are learned.")
    ] = 20,
    replace: Annotated[
        bool, typer.Option("--replace", help="Own labels that the model has, and that are not in the data, may go.")
    ] = False,
) -> None:
    """Teach a model labels of your own, besides its twenty types, from a hundred annotated passages or so. A fifth of
    them is kept apart, to say how well the labels are found.

    Example: `oncogloss learn-labels mydata/ --out models/mine`
    """
    needs_training_extra()
    from oncogloss.errors import InputError
    from oncogloss.evaluation.metrics import Score
    from oncogloss.model.bundle import open_bundle
    from oncogloss.schema import ENTITY_TYPES
    from oncogloss.training.labels import LabelRecipe, held_out, learn_labels, read_labelled

    texts, bundle = read_labelled(data), open_bundle(model)
    given = {span[0] for text in texts for span in text.spans}
    lost = [label for label in bundle.labels if label not in given]
    if lost and not replace:
        raise InputError(
            f"{model} finds {', '.join(lost)}, which {data} does not have and the new model would not find: annotate "
            "them too, start from another --model, or give --replace."
        )
    if ours := sorted(given.intersection(ENTITY_TYPES)):
        print(
            f"oncogloss: {', '.join(ours)} is among the twenty types too; it is learned as a label of your own, and "
            "the type stays as it is.",
            file=sys.stderr,
        )
    replay = _replay(corpus, records or [])
    new = version or _next(bundle.info.version)
    learned = learn_labels(model, texts, replay, out, new, LabelRecipe(epochs=epochs), name=name)
    print(f"{out}: version {new}, own labels {', '.join(learned.labels)}. {held_out(learned)}", file=sys.stderr)
    total = sum(learned.scores.values(), Score())
    if total.wanted and total.f1 < POOR:
        print("oncogloss: most of what it finds is wrong; annotate more passages, or raise --epochs.", file=sys.stderr)


@app.command("evaluate-labels")
def evaluate_labels(
    corpora: Annotated[Path, typer.Option(help="Folder of public corpora.")],
    run: Annotated[Path, typer.Option(help="Folder of the models; those that are there are not made again.")],
    task: Annotated[str, typer.Option(help="A corpus that `benchmark` knows.")] = "bionlp13cg",
    size: Annotated[list[int] | None, typer.Option(help="Sentences to learn from (repeatable).")] = None,
    model: Model = "micro",
    corpus: CorpusFolder = Path("corpus"),
    records: Annotated[
        list[Path] | None, typer.Option("--records", help="Record files with the corpus's text.")
    ] = None,
    out: Out = None,
) -> None:
    """How well own labels are found after learning from 25, 50, 100 and 200 annotated sentences.

    Example: `oncogloss evaluate-labels --corpora corpora --run runs/labels`
    """
    needs_training_extra()
    from oncogloss.evaluation.own_labels import labels_curve

    replay = _replay(corpus, records or [])
    text = labels_curve(model, corpora, task, size or [25, 50, 100, 200], replay, run)
    keep(f"# Own labels from a few sentences\n\n{text}", out)


@app.command("evaluate-updates")
def evaluate_updates(
    records: Records,
    run: Annotated[Path, typer.Option(help="Folder of the updated models; those that are there are not made again.")],
    model: Model = "micro",
    drugs: Annotated[Path, typer.Option(help="Drugs that no model saw.")] = Path("corpus/new_drugs.tsv"),
    uses: Annotated[Path, typer.Option(help="Sentences that name them.")] = Path("corpus/new_drug_uses.tsv"),
    corpus: CorpusFolder = Path("corpus"),
    steps: Annotated[int, typer.Option(min=1, help="How long each update learns.")] = 40,
    out: Out = None,
) -> None:
    """Ten updates in a row, each by a tenth of the new drugs: what is learned and what forgotten.

    Example: `oncogloss evaluate-updates --records records.jsonl.gz --run runs/updates`
    """
    needs_training_extra()
    from oncogloss.evaluation.updates import update_series
    from oncogloss.training.update import UpdateRecipe

    text = update_series(model, drugs, uses, corpus, records, run, UpdateRecipe(steps=steps))
    keep(f"# Ten updates in a row\n\n{text}", out)


@app.command("drift")
def drift_command(
    store: Annotated[Path, typer.Argument(help="Folder that `oncogloss batch` wrote.")],
    since: Annotated[str, typer.Option(help="First month that is looked at, YYYY-MM; what came before is compared.")],
    names: Annotated[Path | None, typer.Option(help="CSV that receives the new names, for `add-terms`.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many new names are shown.")] = 30,
    model: Model = "micro",
    out: Out = None,
) -> None:
    """What comes in, month by month: words that the tokenizer does not know, drugs without a concept of
    their own, shift of scores and types; then the new names, by how many records hold them.

    Example: `oncogloss drift store/ --since 2026-10 --names new.csv`
    """
    import re

    from oncogloss.evaluation.drift import drift, drift_report, seen_in_store, write_proposed
    from oncogloss.model.bundle import TOKENIZER, open_bundle
    from oncogloss.model.tokenizer import Tokenizer

    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", since):
        raise typer.BadParameter(f"--since {since} is no month; write it as 2026-10.")
    tokenizer = Tokenizer(open_bundle(model).path(TOKENIZER).read_text(encoding="utf-8"))
    found = drift(seen_in_store(store), since, tokenizer)
    keep(f"# Drift since {since}\n\n{drift_report(found, top)}", out)
    if names is not None:
        print(f"{names}: {write_proposed(found, names)} names to look at", file=sys.stderr)
