"""Verbs of the user's own terms: names that are recognised and linked from the moment they are written down."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oncogloss.cli.app import app
from oncogloss.cli.options import Model, Out, Terms, VocabularyName, keep, terms_path, terms_read

if TYPE_CHECKING:
    from oncogloss.concepts.terms import Term

Name = Annotated[str, typer.Argument(help="The name, as it is usually written.")]
Others = Annotated[list[str] | None, typer.Option("--other", help="Another name; repeatable.")]

terms_app = typer.Typer(help="Your own terms: list, remove, measure.", no_args_is_help=True)


@app.command("add-drug")
def add_drug(
    name: Name,
    code: Annotated[list[str] | None, typer.Option(help="A code name; repeatable.")] = None,
    brand: Annotated[list[str] | None, typer.Option(help="A brand name; repeatable.")] = None,
    drug_class: Annotated[str, typer.Option("--class", help="What it is: inhibitor, antibody …")] = "",
    target: Annotated[list[str] | None, typer.Option(help="A gene that it aims at; repeatable.")] = None,
    terms: Terms = None,
) -> None:
    """Add a drug to your own terms: recognised and linked at once, without training. Of one that is there, what is
    given now is added: names and targets beside those it has, a class in the place of its class.

    What its class and target are may be left out where its name or the vocabulary tells them.

    Example: `oncogloss add-drug zorbatinib --code ZRB-101 --brand Zorvia --class inhibitor --target EGFR`
    """
    _add(terms, "DRUG", name, [*(code or ()), *(brand or ())], drug_class, target or ())


@app.command("add-marker")
def add_marker(
    name: Name,
    other: Others = None,
    altered: Annotated[
        bool, typer.Option("--altered", help="It is a state or an alteration, such as `MOON1 fusion`, no gene.")
    ] = False,
    terms: Terms = None,
) -> None:
    """Add a gene, protein, antigen or signature to your own terms; "NAME-positive" is then understood by its parts.

    Example: `oncogloss add-marker CLDN99 --other "claudin 99"`
    """
    _add(terms, "BIOMARKER" if altered else "GENE", name, other or ())


@app.command("add-term")
def add_term(
    type: Annotated[str, typer.Argument(help="Its entity type, such as CONDITION.")],
    name: Name,
    other: Others = None,
    terms: Terms = None,
) -> None:
    """Add a name of any entity type to your own terms.

    Example: `oncogloss add-term INSTRUMENT "MOON-12 score" --other MOON-12`
    """
    _add(terms, type, name, other or ())


@app.command("add-terms")
def add_terms(
    file: Annotated[
        Path,
        typer.Argument(help="CSV: type, name, and as you like others, class, targets (`A|B`); or a table of terms."),
    ],
    terms: Terms = None,
) -> None:
    """Add many terms from a CSV file or another table: all of them, or none where one is wrong. What is said of one
    that is there is added to it.

    Example: `oncogloss add-terms new_drugs.csv`
    """
    from oncogloss.concepts import terms as table

    path = terms_path(terms)
    new = _in_symbols(table.read_given(file))
    now, known = table.add_terms(path, new)
    print(f"{path}: {len(now) - known} terms added, {known} that were there completed", file=sys.stderr)
    _doubt(path, new)


def _add(
    terms: Path | None,
    type_: str,
    name: str,
    others: list[str] | tuple[str, ...],
    drug_class: str = "",
    targets: list[str] | tuple[str, ...] = (),
) -> None:
    from oncogloss.concepts import terms as table

    path = terms_path(terms)
    (term,) = _in_symbols([table.make_term(type_, name, others, drug_class, targets)])
    (now,), known = table.add_terms(path, [term])
    what = f"was there and now has {now.told or 'no more than its name'}" if known else "added"
    print(f"{path}: {now.type} {now.name} {what}", file=sys.stderr)
    _doubt(path, [term])


def _in_symbols(new: list[Term]) -> list[Term]:
    """The terms with targets as symbols of genes, which are what is compared; says which were given otherwise."""
    from oncogloss.concepts import open_vocabulary
    from oncogloss.concepts import terms as table

    told = [table.in_symbols(term, open_vocabulary()) for term in new]
    for sentence in (sentence for _, sentences in told for sentence in sentences):
        print(f"oncogloss: {sentence}", file=sys.stderr)
    return [term for term, _ in told]


def _doubt(path: Path, new: list[Term]) -> None:
    """Say which of what was given is probably mistyped; it is kept all the same."""
    from oncogloss.concepts import open_vocabulary
    from oncogloss.concepts import terms as table

    known, vocabulary = table.read_terms(path), open_vocabulary()
    doubts = table.doubts(new, table.with_terms(vocabulary, known), known)
    for doubt in [*doubts, *table.known_names(new, vocabulary)]:
        print(f"oncogloss: {doubt} It is kept as given.", file=sys.stderr)


@terms_app.command("list")
def list_terms(terms: Terms = None) -> None:
    """Print your own terms, with the day each was added: tabs between type, name, others, class, targets and date.

    Example: `oncogloss terms list`
    """
    from oncogloss.concepts.terms import read_terms

    path = terms_read(terms)
    found = read_terms(path) if path else []
    for term in found:
        print(term.line, end="")
    print(f"{terms_path(terms)}: {len(found)} terms", file=sys.stderr)


@terms_app.command("remove")
def remove(
    names: Annotated[list[str], typer.Argument(help="Names of the terms, their own or others.")],
    type: Annotated[str | None, typer.Option(help="Only terms of this entity type.")] = None,
    terms: Terms = None,
) -> None:
    """Take terms out again: everything is then as it was before they were added. By another of its names, only that
    name is taken from a term.

    Example: `oncogloss terms remove zorbatinib`
    """
    from oncogloss.concepts.terms import remove_terms

    path = terms_path(terms)
    for term in remove_terms(path, names, type):
        what = "removed" if term.name in names else f"stays and now has {term.told or 'no more than its name'}"
        print(f"{path}: {term.type} {term.name} {what}", file=sys.stderr)


@terms_app.command("evaluate")
def evaluate_terms(
    drugs: Annotated[Path, typer.Option(help="Drugs: name, codes, brands, class, targets.")] = Path(
        "corpus/new_drugs.tsv"
    ),
    uses: Annotated[Path, typer.Option(help="Sentences: drug, context, sentence with the name in [[ ]].")] = Path(
        "corpus/new_drug_uses.tsv"
    ),
    texts: Annotated[
        list[Path] | None,
        typer.Option("--text", help="A file that a model was trained on, to be searched for the names."),
    ] = None,
    model: Model = "micro",
    vocabulary: VocabularyName = "default",
    out: Out = None,
) -> None:
    """How well drugs that no model saw are recognised and linked, before and after they are added to the terms.

    Refuses drugs whose names stand in the vocabulary or in a `--text`.

    Example: `oncogloss terms evaluate --text records.jsonl.gz --out docs/results/new_drugs.md`
    """
    from oncogloss.evaluation.new_drugs import new_drugs_report

    keep(f"# New drugs\n\n{new_drugs_report(drugs, uses, texts or [], model, vocabulary)}", out)


app.add_typer(terms_app, name="terms")
