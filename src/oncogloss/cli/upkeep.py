"""Verbs that keep a model current: the gate that a new one passes, the watch over what comes in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from oncogloss.cli.app import app
from oncogloss.cli.options import CorpusFolder, Model, Out, Records, keep


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
    out: Annotated[Path | None, typer.Option(help="Write the Markdown here too, its signature beside it.")] = None,
) -> None:
    """Before and after: F1 by type on dev, new and unknown drugs, calibration, speed, size, 100 probes of behaviour.

    Exit status 1 where a type loses more than half a point of F1 or a probe that held breaks.

    Example: `oncogloss gate micro models/mine --records records.jsonl.gz`
    """
    from oncogloss.evaluation.gate import gate, mark_card, report
    from oncogloss.evaluation.probes import read_probes
    from oncogloss.model.bundle import find_bundle
    from oncogloss.training.corpora import load_split

    gold, _ = load_split(corpus, records, "dev")
    taught = _names(names) if names else []
    result = gate(old, new, gold, read_probes(corpus / "probes.jsonl"), _names(corpus / "held_names.txt"), taught)
    text = report(result, forced=force)
    keep(text, out)
    if out is not None:
        _sign(out, " in place of ".join(f"{m.name}@{m.version}" for m in reversed(result.models)))
    if result.refusals and force:
        mark_card(find_bundle(new), result)
    elif result.refusals:
        raise typer.Exit(1)


def _names(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _sign(path: Path, said: str) -> None:
    from oncogloss.model.files import keys_folder

    if not (keys_folder() / "oncogloss.key").is_file():
        print(f"oncogloss: {path} is not signed: make a key with `oncogloss models keygen`.", file=sys.stderr)
        return
    from oncogloss.model.signing import secret_key, sign

    signature = sign(path.read_bytes(), f"oncogloss gate {said}", secret_key(keys_folder()))
    path.with_name(f"{path.name}.minisig").write_text(signature, encoding="ascii")


@app.command("drift")
def drift_command(
    store: Annotated[Path, typer.Argument(help="Folder that `oncogloss batch` wrote.")],
    since: Annotated[str, typer.Option(help="First month that is looked at, YYYY-MM; what came before is compared.")],
    names: Annotated[Path | None, typer.Option(help="CSV that receives the new names, for `add-terms`.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many new names are shown.")] = 30,
    model: Model = "micro",
    out: Out = None,
) -> None:
    """What comes in, month by month: words that the tokenizer does not know, drugs without a concept, shift of scores
    and types; then the new names, by how many records hold them.

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
