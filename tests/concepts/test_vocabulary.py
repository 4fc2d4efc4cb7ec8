"""A small vocabulary is built from tables, joined, written and opened; the shipped one answers as it should."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oncogloss.cli import app
from oncogloss.concepts import Vocabulary, link, link_id, open_vocabulary
from oncogloss.concepts.build import build_vocabulary
from oncogloss.concepts.vocabulary import (
    NAMES,
    SOURCES,
    SUMS,
    TEXT,
    Entry,
    name_hash,
    settle,
    write_sums,
    write_vocabulary,
)
from oncogloss.errors import BundleError, CorpusError
from oncogloss.pipeline import load
from toys import make_document

HEAD = "concept_id\tsource\tpreferred_name\tsynonyms\tsemantic_type\tparents\txrefs\n"


def write_source(folder: Path, name: str, *rows: str) -> None:
    folder.mkdir(exist_ok=True)
    with gzip.open(folder / f"{name}.tsv.gz", "wt", encoding="utf-8") as stream:
        stream.write(HEAD + "".join(row.replace(" ; ", "\t") + "\n" for row in rows))


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    folder = tmp_path / "tables"
    write_source(
        folder,
        "cancers_ncit_core",
        "NCIT:C1 ; NCIt ; Moon Sarcoma ; Sarcoma of the Moon|MS|crater tumour ; CANCER ;  ; DOID:7",
        "NCIT:C2 ; NCIt ; Crater Carcinoma ; Crater Cancer|tide tumor ; CANCER ;  ; ",
        "NCIT:C3 ; NCIt ; Tide Carcinoma ; tide tumor ; CANCER ;  ; ",
    )
    write_source(
        folder,
        "diseases_doid",
        "DOID:7 ; DO ; lunar sarcoma ; moon cancer ; CANCER ;  ; ",
        "DOID:8 ; DO ; tide fever ; Crater Cancer ; CONDITION ;  ; ",
    )
    write_source(
        folder,
        "drugs_unii",
        "UNII:A ; UNII ; zorbatinib ; ZB-100|Tidelix ; DRUG ;  ; DRUGBANK:DB1",
        "UNII:B ; UNII ; zorbatinib mesylate ; ZB-100 MESYLATE ; DRUG ;  ; DRUGBANK:DB2",
        "UNII:C ; UNII ; moon caviar ;  ; DRUG ;  ; ",
        "UNII:D ; UNII ; tide pollen extract ;  ; DRUG ;  ; DRUGBANK:DB3",
    )
    write_source(
        folder, "genes_hgnc", "HGNC:1 ; HGNC ; MOON1 ; MN1|PD9 ; GENE ;  ; ", "HGNC:2 ; HGNC ; TIDE9 ; PD9 ; GENE ;  ; "
    )
    write_source(folder, "drug_targets", "T:1 ; oncoPharmaDB ; Zorbatinib ;  ; DRUG_TARGET ; TIDE9 ; ")
    return folder


@pytest.fixture
def small(tables: Path, tmp_path: Path) -> Vocabulary:
    own = tmp_path / "own.tsv"
    own.write_text("# ours\nOUTCOME\tmoonrise-free survival\tMFS|mFS\nCANCER\tcrater carcinoma\tcrater\n")
    table = build_vocabulary(tables, tmp_path / "built", own)
    assert "| oncogloss | Apache-2.0 | 1 | 1 |" in table
    return Vocabulary(tmp_path / "built")


def found(vocabulary: Vocabulary, type_: str, name: str) -> str | None:
    hit = vocabulary.find(type_, name)
    return hit[0].id if hit else None


def test_names_find_their_concept(small: Vocabulary) -> None:
    assert found(small, "CANCER", "moon sarcomas") == "NCIT:C1"
    assert found(small, "CANCER", "crater tumor") == "NCIT:C1"
    assert found(small, "CANCER", "MS") == "NCIT:C1" and found(small, "CANCER", "ms") is None
    assert found(small, "CANCER", "lunar sarcoma") == found(small, "CANCER", "moon cancer") == "NCIT:C1", (
        "joined by DOID:7"
    )
    moon = Entry("NCIT:C1", "Moon Sarcoma", "NCIt", xrefs=("DOID:7",))
    assert small.find("CANCER", "sarcoma of moon") == (moon, 1), "another word order"
    assert found(small, "CANCER", "tide tumor") is None, "two concepts of one source claim it"
    assert (
        found(small, "CONDITION", "crater cancer") == "DOID:8" and found(small, "CANCER", "crater cancer") == "NCIT:C2"
    )


def test_concepts_keep_their_ids_and_parents(tables: Path, tmp_path: Path) -> None:
    write_source(
        tables,
        "mesh_conditions_procedures",
        "MESH:D1 ; MeSH ; Moon Diseases ;  ; CONDITION ; C01.100 ; ",
        "MESH:D2 ; MeSH ; Tide Fever ; Fever, Tidal ; CONDITION ; C01.100.200|C02.5 ; ",
    )
    build_vocabulary(tables, tmp_path / "built", None)
    vocabulary = Vocabulary(tmp_path / "built")
    fever = vocabulary.with_id("MESH:D2")
    assert (
        fever
        == vocabulary.with_id("DOID:8")
        == Entry("DOID:8", "tide fever", "DOID", xrefs=("MESH:D2",), parents=("MESH:D1",))
    )
    assert link_id("DOID:7", vocabulary).name == "Moon Sarcoma"  # type: ignore[union-attr]
    assert vocabulary.with_id("MESH:D3") is None


def test_one_concept_where_a_preferred_name_is_a_synonym_elsewhere(tables: Path, tmp_path: Path) -> None:
    write_source(tables, "gdc_terms", "GDC:1 ; GDC ; Moon Cancer ;  ; CANCER ;  ; ")
    write_source(tables, "cancers_mondo", "MONDO:1 ; MONDO ; sarcoma of the moon ; selenoma ; CANCER ;  ; ")
    build_vocabulary(tables, tmp_path / "built", None)
    assert found(Vocabulary(tmp_path / "built"), "CANCER", "selenoma") == "NCIT:C1"


def test_our_own_table_names_a_concept_by_its_id_and_says_what_it_is_no_kind_of(tables: Path, tmp_path: Path) -> None:
    write_source(tables, "cancers_mondo", "MONDO:1 ; MONDO ; rim glow ;  ; CONDITION ; DOID:8 ; ")
    own = tmp_path / "own.tsv"
    own.write_text(
        "CONDITION\tdune fever\t\nCONDITION\tMONDO:1\tnote\t-DOID:8\nCONDITION\tMONDO:1\tnote\t<OG:dune_fever\n"
        "CONDITION\tOG:dune_fever\tnote\t<DOID:8\n"
    )
    build_vocabulary(tables, tmp_path / "built", own)
    vocabulary = Vocabulary(tmp_path / "built")
    assert vocabulary.with_id("MONDO:1").parents == ("OG:dune_fever",)  # type: ignore[union-attr]
    assert vocabulary.with_id("OG:dune_fever").parents == ("DOID:8",)  # type: ignore[union-attr]
    assert vocabulary.find("CONDITION", "note") is None and vocabulary.find("CONDITION", "MONDO:1") is None
    assert vocabulary.kinds("DOID:8") == {"OG:dune_fever", "MONDO:1"}


def test_our_own_table_says_by_what_name_a_concept_is_told(tables: Path, tmp_path: Path) -> None:
    write_source(tables, "cancers_mondo", "MONDO:1 ; MONDO ; glow rim ; rim glow ; CONDITION ;  ; ")
    own = tmp_path / "own.tsv"
    own.write_text("CONDITION\tMONDO:1\t\t~glow of the rim\n")
    build_vocabulary(tables, tmp_path / "built", own)
    vocabulary = Vocabulary(tmp_path / "built")
    hits = [vocabulary.find("CONDITION", name) for name in ("glow rim", "rim glow")]
    assert [hit and hit[0][:2] for hit in hits] == [("MONDO:1", "glow of the rim")] * 2


def test_a_heading_with_no_word_in_common_is_another_concept(tables: Path, tmp_path: Path) -> None:
    write_source(tables, "cancers_mondo", "MONDO:1 ; MONDO ; rim glow ;  ; CONDITION ;  ; MESH:D9|MESH:D8")
    write_source(
        tables,
        "mesh_conditions_procedures",
        "MESH:D8 ; MeSH ; Glow of the Rim, Severe ;  ; CONDITION ; C1.1 ; ",
        "MESH:D9 ; MeSH ; Dust Infections ; Infection by dust ; CONDITION ; C1.2 ; ",
    )
    build_vocabulary(tables, tmp_path / "built", None)
    vocabulary = Vocabulary(tmp_path / "built")
    assert found(vocabulary, "CONDITION", "dust infections") == "MESH:D9"
    assert found(vocabulary, "CONDITION", "glow of the rim, severe") == "MONDO:1"


def test_our_own_table_says_what_a_concept_is_a_kind_of_and_adds_to_its_rows(tables: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.tsv"
    own.write_text(
        "CONDITION\ttide fever\tTF|tidal shivers\t<OG:fever_of_the_sea\n"
        "CONDITION\tfever of the sea\tsea fever\nCONDITION\tfever of the sea\tmarine fever\n"
        "CANCER\tglow of the moon\tmoon cancer\nCANCER\tglow of the moon\tmoonglow\n"
    )
    build_vocabulary(tables, tmp_path / "built", own)
    vocabulary = Vocabulary(tmp_path / "built")
    tide = vocabulary.find("CONDITION", "tidal shivers")
    assert tide is not None and tide[0].id == "DOID:8" and tide[0].parents == ("OG:fever_of_the_sea",)
    for name in ("fever of the sea", "sea fever", "marine fever"):
        assert found(vocabulary, "CONDITION", name) == "OG:fever_of_the_sea"
    for name in ("glow of the moon", "moon cancer", "moonglow"):
        assert found(vocabulary, "CANCER", name) == "NCIT:C1", "the second row adds to what the first had joined"


def test_headings_give_their_id_to_the_drug_of_that_name(tables: Path, tmp_path: Path) -> None:
    write_source(tables, "drugs_unii", "UNII:C ; UNII ; moon caviar sodium ;  ; DRUG ;  ; ")
    headings = tmp_path / "subjects.csv"
    headings.write_text("id,scheme,subject\nhttps://id.nlm.nih.gov/mesh/D77,MeSH,Moon Caviars\n")
    table = build_vocabulary(tables, tmp_path / "built", None, headings=headings)
    assert "| MeSH headings | NLM, attribution | 0 | 1 |" in table
    hit = Vocabulary(tmp_path / "built").find("DRUG", "moon caviar")
    assert hit is not None and hit[0] == Entry("UNII:C", "moon caviar", "UNII", xrefs=("MESH:D77",))


BROADER = [
    ("CANCER", "metastatic castration-resistant prostate adenocarcinoma of the left lobe", "Prostate Adenocarcinoma"),
    ("CONDITION", "severe chronic bilateral pneumonia", "pneumonia"),
    ("CANCER", "stage IV lung adenocarcinoma", "Lung Adenocarcinoma"),
    ("CONDITION", "visual hallucinations", "Hallucinations"),
    ("CONDITION", "renal damage", "kidney disease"),
    ("CONDITION", "nephrotoxicity", "kidney disease"),
]


@pytest.mark.parametrize(("type_", "text", "name"), BROADER)
def test_a_broader_concept_is_said_to_be_broader(type_: str, text: str, name: str) -> None:
    concept = link(type_, text, None, open_vocabulary())
    assert concept is not None and concept.match == "broader" and concept.name.casefold() == name.casefold()
    assert concept.score < 0.9


def test_drugs_are_those_a_trial_may_give(small: Vocabulary, tables: Path, tmp_path: Path) -> None:
    assert found(small, "DRUG", "ZB100") == found(small, "DRUG", "TIDELIX") == "UNII:A"
    assert found(small, "DRUG", "zorbatinib mesylate") == "UNII:A", "a salt is its drug"
    assert found(small, "DRUG", "moon caviar") is None and found(small, "DRUG", "tide pollen extract") is None
    build_vocabulary(tables, tmp_path / "all", None, everything=True)
    assert found(Vocabulary(tmp_path / "all"), "DRUG", "moon caviar") == "UNII:C"


def test_a_marker_is_no_disease_that_has_it(tables: Path, tmp_path: Path) -> None:
    write_source(tables, "biomarkers_ncit", "NCIT:C9 ; NCIt ; Monosomy 7 ;  ; BIOMARKER ;  ; NCIT:C1|NCIT:C2")
    build_vocabulary(tables, tmp_path / "built", None)
    assert found(Vocabulary(tmp_path / "built"), "BIOMARKER", "monosomy 7") == "NCIT:C9"


def test_what_is_left_of_a_salt_must_be_a_drug(tables: Path, tmp_path: Path) -> None:
    rows = (
        "UNII:E ; UNII ; sodium chloride ;  ; DRUG ;  ; DRUGBANK:DB5",
        "UNII:F ; UNII ; sodium sulfate ;  ; DRUG ;  ; DRUGBANK:DB6",
    )
    write_source(tables, "drugs_unii", *rows, "UNII:G ; UNII ; sodium ;  ; DRUG ;  ; DRUGBANK:DB7")
    build_vocabulary(tables, tmp_path / "built", None)
    names = ("sodium chloride", "sodium sulfate", "sodium")
    assert [found(Vocabulary(tmp_path / "built"), "DRUG", name) for name in names] == ["UNII:E", "UNII:F", "UNII:G"]


def test_a_gene_that_drugs_aim_at_has_its_alias(small: Vocabulary, tables: Path, tmp_path: Path) -> None:
    assert found(small, "GENE", "PD9") == "HGNC:2" and found(small, "GENE", "MOON1") is None
    build_vocabulary(tables, tmp_path / "all", None, everything=True)
    everything = Vocabulary(tmp_path / "all")
    assert found(everything, "GENE", "PD9") == "HGNC:2" and found(everything, "GENE", "MOON1") == "HGNC:1"


def test_our_own_names_join_or_stand_alone(small: Vocabulary) -> None:
    assert found(small, "OUTCOME", "MFS") == "OG:moonrise-free_survival"
    assert found(small, "CANCER", "crater") == "NCIT:C2"


def test_a_name_of_ours_in_two_types_is_one_concept(tables: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.tsv"
    own.write_text("MEASURE\ttide index\tTI\nINSTRUMENT\ttide index\ttide scale\n")
    build_vocabulary(tables, tmp_path / "built", own)
    vocabulary = Vocabulary(tmp_path / "built")
    assert found(vocabulary, "MEASURE", "TI") == found(vocabulary, "INSTRUMENT", "tide scale") == "OG:tide_index"
    assert sum(entry.id == "OG:tide_index" for entry in vocabulary.entries()) == 1


def test_our_own_table_tells_class_targets_and_members(tables: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.tsv"
    own.write_text("DRUG\tlunamab\tLunix\tbispecific antibody|MOON1\nREGIMEN\tMOON\t\t=Lunix|zorbatinib|tide water\n")
    build_vocabulary(tables, tmp_path / "built", own)
    vocabulary = Vocabulary(tmp_path / "built")
    lunamab, zorbatinib = (link("DRUG", name, None, vocabulary) for name in ("Lunix", "ZB-100"))
    assert lunamab is not None and (lunamab.drug_class, lunamab.targets) == ("bispecific antibody", ("MOON1",))
    assert zorbatinib is not None and (zorbatinib.drug_class, zorbatinib.targets) == ("inhibitor", ("TIDE9",))
    assert link("REGIMEN", "moon", None, vocabulary) is None, "a short form"
    regimen = link("REGIMEN", "MOON", None, vocabulary)
    assert regimen is not None and regimen.members == ("lunamab", "zorbatinib", "tide water")
    assert vocabulary.with_id("lunamab+tide water+zorbatinib") is not None


def test_a_gene_of_our_own_joins_the_one_of_its_symbol(tables: Path, tmp_path: Path) -> None:
    write_source(
        tables, "genes_hgnc", "HGNC:1 ; HGNC ; MOONB1 ; MOON3 ; GENE ;  ; ", "HGNC:2 ; HGNC ; MOON3 ;  ; GENE ;  ; "
    )
    own = tmp_path / "own.tsv"
    own.write_text("GENE\tMOON3\tLSA|lunar antigen\n")
    build_vocabulary(tables, tmp_path / "built", own, everything=True)
    vocabulary = Vocabulary(tmp_path / "built")
    assert {found(vocabulary, "GENE", name) for name in ("MOON3", "LSA", "lunar antigen")} == {"HGNC:2"}


def test_a_preferred_name_tells_class_and_targets(tables: Path, tmp_path: Path) -> None:
    write_source(
        tables,
        "drugs_unii",
        "UNII:A ; UNII ; moon water ; Lunicel|zorbatinib ; DRUG ;  ; DRUGBANK:DB1",
        "UNII:B ; UNII ; MN-100 ; lunarasib ; DRUG ;  ; DRUGBANK:DB2",
    )
    build_vocabulary(tables, tmp_path / "built", None)
    water, code = (Vocabulary(tmp_path / "built").find("DRUG", name) for name in ("moon water", "MN-100"))
    assert water is not None and (water[0].drug_class, water[0].targets) == ("", ())
    assert code is not None and (code[0].drug_class, code[0].targets) == ("inhibitor", ("KRAS",))


def test_the_long_form_is_looked_up_first(small: Vocabulary) -> None:
    concept = link("CANCER", "MS", "crater carcinoma", small)
    assert concept is not None and concept.id == "NCIT:C2" and 0.8 < concept.score < 1
    assert link("CANCER", "MS", "a thing unknown", small).id == "NCIT:C1"  # type: ignore[union-attr]
    assert link("TIME", "MS", None, small) is None


def test_rival_claims_are_settled() -> None:
    assert settle([{1: 0, 2: 1}, {1: 1, 2: 1}, {2: 3}]) == {1: 0}, "no third has what two claim as strongly"
    assert settle([{1: 0}, {1: 0}]) == {}


def test_names_of_one_short_hash_are_told_apart(tmp_path: Path) -> None:
    first = name_hash("DRUG", "a")
    twin = first ^ 1  # differs in the check alone
    write_vocabulary([Entry("1", "one", "v"), Entry("2", "two", "v")], {first: 0, twin: 1}, tmp_path, [])
    assert found(Vocabulary(tmp_path), "DRUG", "a") == "1"


def test_what_is_missing_is_named(tmp_path: Path, tables: Path) -> None:
    with pytest.raises(BundleError, match="No vocabulary 'nowhere'"):
        open_vocabulary("nowhere")
    with pytest.raises(BundleError, match="is no vocabulary"):
        Vocabulary(tmp_path)
    with pytest.raises(CorpusError, match="none of cancers_ncit_core"):
        build_vocabulary(tmp_path / "empty", tmp_path / "out", None)
    own = tmp_path / "own.tsv"
    own.write_text("MOON\tx\ty\n")
    with pytest.raises(CorpusError, match=r"own\.tsv, line 1: not `entity type"):
        build_vocabulary(tables, tmp_path / "out", own)
    build_vocabulary(tables, tmp_path / "cut", None)
    (tmp_path / "cut" / TEXT).write_bytes(b"cut")
    write_sums(tmp_path / "cut")
    with pytest.raises(BundleError, match="do not belong together"):
        Vocabulary(tmp_path / "cut")
    write_source(tables, "genes_hgnc", "HGNC:1 ; HGNC ; short")
    with pytest.raises(CorpusError, match="line 2: 3 columns; seven are needed"):
        build_vocabulary(tables, tmp_path / "out", None)


@pytest.mark.parametrize("file", [NAMES, TEXT, SOURCES])
def test_a_damaged_file_is_named(tables: Path, tmp_path: Path, file: str) -> None:
    build_vocabulary(tables, tmp_path / "built", None)
    path = tmp_path / "built" / file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleError, match=rf"{file} differs from its SHA-256 digest; reinstall"):
        Vocabulary(tmp_path / "built")
    (tmp_path / "built" / SUMS).unlink()
    with pytest.raises(BundleError, match="is no vocabulary"):
        Vocabulary(tmp_path / "built")


def test_a_damaged_table_of_ours_is_refused(tables: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.tsv"
    own.write_bytes(b"CANCER\tm\xff\xfe\t\n")
    with pytest.raises(CorpusError, match=r"own\.tsv: no table of names"):
        build_vocabulary(tables, tmp_path / "out", own)
    with pytest.raises(CorpusError, match="no table of names"):
        build_vocabulary(tables, tmp_path / "out", tmp_path / "nowhere.tsv")


def test_a_name_is_claimed_with_the_weight_of_the_source_that_has_it(tables: Path, tmp_path: Path) -> None:
    write_source(tables, "diseases_doid", "DOID:9 ; DO ; moon rim cancer ;  ; CANCER ;  ; ")
    write_source(tables, "cancers_mondo", "MONDO:2 ; MONDO ; rim carcinoma ; moon rim cancer ; CANCER ;  ; NCIT:C2")
    build_vocabulary(tables, tmp_path / "built", None)
    assert found(Vocabulary(tmp_path / "built"), "CANCER", "moon rim cancer") == "DOID:9"


def test_several_cross_references_are_told_apart_by_name(tables: Path, tmp_path: Path) -> None:
    write_source(
        tables,
        "cancers_mondo",
        "MONDO:3 ; MONDO ; low-lying sarcoma ; crater cancer ; CANCER ;  ; NCIT:C1|NCIT:C2",
        "MONDO:4 ; MONDO ; dust sarcoma ;  ; CANCER ;  ; NCIT:C1|NCIT:C2",
        "MONDO:5 ; MONDO ; tide carcinoma ;  ; CANCER ;  ; NCIT:C1",
    )
    build_vocabulary(tables, tmp_path / "built", None)
    vocabulary = Vocabulary(tmp_path / "built")
    names = ("low-lying sarcoma", "dust sarcoma", "tide carcinoma")
    assert [found(vocabulary, "CANCER", name) for name in names] == ["NCIT:C2", "MONDO:4", "NCIT:C3"]


def test_no_cross_reference_is_another_concepts_own_id(tables: Path, tmp_path: Path) -> None:
    write_source(
        tables,
        "cancers_mondo",
        "MONDO:6 ; MONDO ; dust sarcoma ;  ; CANCER ;  ; MESH:D5",
        "MONDO:7 ; MONDO ; rim sarcoma ;  ; CANCER ;  ; MESH:D5|MESH:D6",
    )
    write_source(
        tables,
        "mesh_conditions_procedures",
        "MESH:D5 ; MeSH ; Moon Neoplasms ;  ; CANCER ; C04.1 ; ",
        "MESH:D6 ; MeSH ; Rim Neoplasms ; Neoplasms, Rim ; CANCER ; C04.1.2 ; ",
    )
    build_vocabulary(tables, tmp_path / "built", None)
    vocabulary = Vocabulary(tmp_path / "built")
    dust, rim = (vocabulary.find("CANCER", name) for name in ("dust sarcoma", "rim sarcoma"))
    assert dust is not None and dust[0].xrefs == () and found(vocabulary, "CANCER", "moon neoplasm") == "MESH:D5"
    assert rim is not None and rim[0].xrefs == ("MESH:D6",) and found(vocabulary, "CANCER", "rim neoplasm") == "MONDO:7"


def test_a_benign_disease_is_not_the_tumor_that_its_source_says_it_is(tables: Path, tmp_path: Path) -> None:
    write_source(
        tables,
        "diseases_doid",
        "DOID:9 ; DO ; moon benign neoplasm ; tumor of the moon ; CONDITION ;  ; MESH:D5|NCIT:C9",
    )
    write_source(
        tables,
        "cancers_mondo",
        "MONDO:8 ; MONDO ; moon neoplasm ; tumor of the moon ; CANCER ;  ; MESH:D5|NCIT:C9",
        "MONDO:9 ; MONDO ; benign moon neoplasm ; benign tumor of the moon ; CANCER ; MONDO:8 ; DOID:9",
        "MONDO:0 ; MONDO ; moon carcinoma ;  ; CANCER ; MONDO:8|MONDO:9 ; ",
    )
    write_source(tables, "mesh_conditions_procedures", "MESH:D5 ; MeSH ; Moon Neoplasms ;  ; CANCER ; C04.1 ; ")
    told = build_vocabulary(tables, tmp_path / "built", None)
    vocabulary = Vocabulary(tmp_path / "built")
    assert (
        found(vocabulary, "CANCER", "tumour of the moon") == found(vocabulary, "CANCER", "moon neoplasms") == "MONDO:8"
    )
    assert found(vocabulary, "CANCER", "benign tumor of the moon") == "DOID:9"
    carcinoma = vocabulary.find("CANCER", "moon carcinoma")
    assert carcinoma is not None and carcinoma[0].parents == ("MONDO:8",)
    assert "Parents left out: 1 benign above a cancer, 0 an inflammation or infection above a cancer" in told


def test_nothing_is_its_own_ancestor(tables: Path, tmp_path: Path) -> None:
    write_source(
        tables,
        "cancers_mondo",
        "MONDO:A ; MONDO ; rim ache ;  ; CONDITION ; MONDO:B ; ",
        "MONDO:B ; MONDO ; dust ache ;  ; CONDITION ; MONDO:C ; ",
        "MONDO:C ; MONDO ; moon ache ;  ; CONDITION ; MONDO:A ; ",
    )
    build_vocabulary(tables, tmp_path / "built", None)
    vocabulary = Vocabulary(tmp_path / "built")
    parents = [entry.parents for i in "ABC" if (entry := vocabulary.with_id(f"MONDO:{i}"))]
    assert parents == [("MONDO:B",), ("MONDO:C",), ()]


def test_a_disease_is_one_whether_called_a_cancer_or_not(tables: Path, tmp_path: Path) -> None:
    write_source(tables, "mesh_conditions_procedures", "MESH:D2 ; MeSH ; Tide Fever ; tidal ague ; CANCER ; C04.9 ; ")
    build_vocabulary(tables, tmp_path / "built", None)
    assert found(Vocabulary(tmp_path / "built"), "CANCER", "tidal ague") == "DOID:8"


def test_a_gene_that_our_table_names_is_taken_from_its_source(tables: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.tsv"
    own.write_text("GENE\tMOON1\tlunar kinase\n")
    build_vocabulary(tables, tmp_path / "built", own)
    assert found(Vocabulary(tmp_path / "built"), "GENE", "lunar kinase") == "HGNC:1"


def test_the_shipped_vocabulary_is_sound() -> None:
    lines = (Path(__file__).parents[2] / "vocabulary" / "default" / TEXT).read_text(encoding="utf-8").splitlines()
    entries = {entry.id: entry for entry in map(Entry.of_line, lines)}
    assert len(entries) == len(lines)
    assert not [e.id for e in entries.values() if not set(e.parents) <= entries.keys() or set(e.xrefs) & entries.keys()]


SHIPPED = [
    ("CANCER", "head and neck cancer", "head and neck cancer"),
    ("CANCER", "high-grade glioma", "Malignant Glioma"),
    ("BIOMARKER", "MSI-H", "High-Frequency Microsatellite Instability"),
    ("BIOMARKER", "high-frequency microsatellite instability", "High-Frequency Microsatellite Instability"),
    ("DRUG", "MK-3475", "pembrolizumab"),
    ("DRUG", "Keytruda", "pembrolizumab"),
    ("GENE", "HER2", "ERBB2"),
    ("GENE", "PD-1", "PDCD1"),
    ("GENE", "programmed cell death protein 1", "PDCD1"),
    ("GENE", "PD-L1", "CD274"),
    ("GENE", "PSA", "KLK3"),
    ("GENE", "KLK3", "KLK3"),
    ("CANCER", "cHL", "Classical Hodgkin Lymphoma"),
    ("CANCER", "NSCLC", "Non-Small Cell Lung Carcinoma"),
    ("CANCER", "ALL", "Acute Lymphoblastic Leukemia"),
    ("OUTCOME", "OS", "overall survival"),
    ("BIOMARKER", "BRAF V600E", "BRAF V600E"),
    ("CONDITION", "diarrhoea", "Diarrhea"),
    ("CANCER", "lung tumour", "Lung Carcinoma"),  # which DOID calls a lung neoplasm
    ("PROCEDURE", "leucapheresis", "Leukapheresis"),
    ("GENE", "c-Kit", "KIT"),
    ("MEASURE", "HBsAg", "hepatitis B surface antigen"),
]


@pytest.mark.parametrize(("type_", "name", "concept"), SHIPPED)
def test_the_shipped_vocabulary_knows(type_: str, name: str, concept: str) -> None:
    hit = open_vocabulary().find(type_, name)
    assert hit is not None and hit[0].name == concept


def test_the_shipped_vocabulary_says_where_it_is_from() -> None:
    folder = Path(__file__).parents[2] / "vocabulary" / "default"
    told = json.loads((folder / SOURCES).read_text())
    assert all(entry["licence"] and entry["source"] for entry in told)
    assert not any("ATC" in entry["source"] or "WHO" in entry["source"] for entry in told), "not for shipping"
    assert len((folder / TEXT).read_text(encoding="utf-8").splitlines()) == len(open_vocabulary())


def test_mentions_carry_concepts() -> None:
    found = load("micro").extract(make_document(text="Pembrolizumab in non-small cell lung cancer (NSCLC)."))
    concepts = {m.text: m.concept.name for m in found.mentions if m.concept}
    assert concepts["Pembrolizumab"] == "pembrolizumab"
    assert concepts["NSCLC"] == concepts["non-small cell lung cancer"] == "Non-Small Cell Lung Carcinoma"


def test_link_prints_what_it_finds() -> None:
    done = CliRunner().invoke(app, ["link", "MK-3475", "moonshine-77", "--type", "DRUG"])
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows[0]["concepts"]["DRUG"]["name"] == "pembrolizumab" and rows[1]["concepts"] is None
    piped = CliRunner().invoke(app, ["link", "-", "--type", "GENE"], input="HER2\nPD-1\n")
    assert [json.loads(line)["concepts"]["GENE"]["name"] for line in piped.stdout.splitlines()] == ["ERBB2", "PDCD1"]
    assert CliRunner().invoke(app, ["link", "x", "--type", "DOSE"]).exit_code == 2
    by_id = json.loads(CliRunner().invoke(app, ["link", "MESH:D002289", "--type", "CANCER"]).stdout)["concepts"]["ID"]
    assert by_id["id"] == "NCIT:C2926" and {"ONCOTREE:NSCLC", "MESH:D002289"} <= set(by_id["xrefs"])
    assert "NCIT:C4878" in by_id["parents"]


def test_build_prints_what_went_in(tables: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["vocabulary", "build", str(tables), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0 and "| NCIt | CC BY 4.0 | 3 | 0 |" in done.stdout


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        ("DRUG_CLASS", "immune checkpoint blockade", "ICI therapy"),
        ("OUTCOME", "OS", "overall survival time"),
        ("OUTCOME", "progression-free survival", "PFS rate"),
        ("MEASURE", "hemoglobin", "serum haemoglobin levels"),
        ("INSTRUMENT", "HADS", "Hospital Anxiety and Depression Scale questionnaire"),
        ("INSTRUMENT", "RECIST", "Response Evaluation Criteria in Solid Tumors, version 1.1"),
        ("PROCEDURE", "MRI", "magnetic resonance imaging scans"),
        ("GENE", "EGFR", "EGFR protein"),
        ("REGIMEN", "R-CHOP", "rituximab plus CHOP"),
        ("CONDITION", "thrombocytopenia", "low platelet count"),
        ("CONDITION", "hypothyroidism", "underactive thyroid"),
        ("PROCEDURE", "TACE", "transarterial chemoembolisation"),
        ("PROCEDURE", "prostatectomy", "removal of the prostate"),
        ("PROCEDURE", "CT", "computed tomography (CT) scan"),
        ("CONDITION", "HIV infection", "human immunodeficiency virus (HIV) infection"),
        ("CANCER", "squamous NSCLC", "squamous non-small cell lung cancer"),
        ("CANCER", "low-grade serous ovarian cancer", "low-grade serous carcinoma of the ovary"),
        ("CANCER", "basal cell", "basal cell carcinoma"),
        ("CONDITION", "heart disease", "cardiac conditions"),
        ("MEASURE", "HCV antibody", "hepatitis C antibody test"),
    ],
)
def test_two_names_of_one_concept(type_: str, one: str, other: str) -> None:
    first, second = (link(type_, name, None, open_vocabulary()) for name in (one, other))
    assert first is not None and second is not None and first.id == second.id


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        ("OUTCOME", "complete response rate", "complete response"),
        ("OUTCOME", "objective response rate", "best overall response"),
        ("OUTCOME", "adverse events", "TEAEs"),
        ("OUTCOME", "PFS", "PFS2"),
        ("INSTRUMENT", "SF-36", "SF-12"),
        ("MEASURE", "glucose", "fasting glucose"),
        ("PROCEDURE", "nephrectomy", "partial nephrectomy"),
        ("GENE", "estrogen receptor alpha", "estrogen receptor beta"),
        ("DRUG_CLASS", "anti-HER2 therapy", "anti-HER2 antibody"),
        ("DRUG_CLASS", "anti-EGFR antibody", "EGFR inhibitor"),
        ("DRUG_CLASS", "G-CSF", "GM-CSF"),
        ("REGIMEN", "R-CHOP", "R-mini-CHOP"),
        ("CONDITION", "low potassium", "high potassium"),
        ("CANCER", "squamous NSCLC", "non-squamous NSCLC"),
        ("CANCER", "lung tumor", "benign tumor of the lung"),
        ("MEASURE", "anti-HBs", "HBsAg"),
    ],
)
def test_near_names_of_two_concepts(type_: str, one: str, other: str) -> None:
    first, second = (link(type_, name, None, open_vocabulary()) for name in (one, other))
    assert first is not None and second is not None and first.id != second.id
