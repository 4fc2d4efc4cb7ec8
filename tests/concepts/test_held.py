"""Vocabularies that a user holds are read by their publishers' layouts and added to a store; the files are invented."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oncogloss.cli import app
from oncogloss.concepts import Vocabulary
from oncogloss.concepts.held import (
    HELD,
    extend_vocabulary,
    read_loinc,
    read_meddra,
    read_rxnorm,
    read_snomed,
    read_umls,
)
from oncogloss.concepts.vocabulary import SOURCES, Entry, name_hash, write_vocabulary
from oncogloss.errors import CorpusError


def put(folder: Path, name: str, *lines: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def atom(
    cui: str, name: str, source: str, code: str, *, language: str = "ENG", flags: str = "P|PF|Y", off: str = "N"
) -> str:
    status, kind, preferred = flags.split("|")
    return f"{cui}|{language}|{status}|L1|{kind}|S1|{preferred}|A1||||{source}|PT|{code}|{name}|0|{off}|256|"


@pytest.fixture
def umls(tmp_path: Path) -> Path:
    folder = tmp_path / "umls"
    put(
        folder,
        "META/MRCONSO.RRF",
        atom("C1", "Moon sarcoma", "NCI", "C9001"),
        atom("C1", "Selene sarcoma", "SNOMEDCT_US", "77", flags="S|VO|N"),
        atom("C1", "Mondsarkom", "MSHGER", "D1", language="GER"),
        atom("C1", "Old moon sarcoma", "NCI", "C9001", flags="S|VO|N", off="O"),
        atom("C2", "Sarcoma of sky bodies", "MSH", "D900"),
        atom("C3", "Moonlight", "MSH", "D901"),
    )
    put(
        folder,
        "META/MRSTY.RRF",
        "C1|T191|B|Neoplastic Process|AT1||",
        "C2|T191|B|Neoplastic Process|AT2||",
        "C3|T070|A|x|AT3||",
    )
    put(
        folder,
        "META/MRREL.RRF",
        "C1|A1|AUI|PAR|C2|A2|AUI|inverse_isa|R1||NCI|NCI||Y|N||",
        "C2|A2|AUI|CHD|C1|A1|AUI|isa|R2||NCI|NCI||Y|N||",
    )
    return folder


@pytest.fixture
def snomed(tmp_path: Path) -> Path:
    folder, terminology = tmp_path / "snomed", "Snapshot/Terminology/sct2_"
    head = "id\teffectiveTime\tactive\tmoduleId\t"
    concepts = ("55342001", "11", "12", "13", "14")
    put(
        folder,
        f"{terminology}Concept_Snapshot_INT_20260101.txt",
        head + "definitionStatusId",
        *(f"{c}\t20260101\t{int(c != '13')}\t9\t9" for c in concepts),
    )
    put(
        folder,
        f"{terminology}Description_Snapshot-en_INT_20260101.txt",
        head + "conceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId",
        *(
            f"{i}\t20260101\t{on}\t9\t{concept}\ten\t{kind}\t{term}\t9"
            for i, (on, concept, kind, term) in enumerate(
                (
                    (1, "55342001", "900000000000003001", "Neoplastic disease (disorder)"),
                    (1, "11", "900000000000003001", "Rim sarcoma (disorder)"),
                    (1, "11", "900000000000013009", "Sarcoma of rim"),
                    (0, "11", "900000000000013009", "Rim swelling"),
                    (1, "12", "900000000000003001", "Tidal ague (finding)"),
                    (1, "13", "900000000000003001", "Retired ague (finding)"),
                    (1, "14", "900000000000003001", "Moon (physical object)"),
                )
            )
        ),
    )
    put(
        folder,
        f"{terminology}Relationship_Snapshot_INT_20260101.txt",
        head + "sourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId",
        "1\t20260101\t1\t9\t11\t55342001\t0\t116680003\t9\t9",
        "2\t20260101\t0\t9\t12\t55342001\t0\t116680003\t9\t9",
    )
    return folder


def test_umls(umls: Path) -> None:
    moon, sky = read_umls(umls)
    assert (moon.id, moon.name, moon.type) == ("UMLS:C1", "Moon sarcoma", "CANCER")
    assert moon.synonyms == ["Moon sarcoma", "Selene sarcoma"], "neither another language's nor an obsolete name"
    assert (moon.parents, moon.xrefs) == (["UMLS:C2"], ["NCIT:C9001", "SNOMEDCT:77"])
    assert (sky.parents, sky.xrefs) == ([], ["MESH:D900"])


def test_snomed(snomed: Path) -> None:
    rows = {row.id: row for row in read_snomed(snomed)}
    assert rows.keys() == {"SNOMEDCT:55342001", "SNOMEDCT:11", "SNOMEDCT:12"}, "neither the retired nor an object"
    rim = rows["SNOMEDCT:11"]
    assert (rim.name, rim.type, rim.synonyms) == ("Rim sarcoma", "CANCER", ["Sarcoma of rim"])
    assert rim.parents == ["SNOMEDCT:55342001"] and rows["SNOMEDCT:12"][4:6] == ("CONDITION", [])


def test_meddra(tmp_path: Path) -> None:
    put(
        tmp_path,
        "MedAscii/pt.asc",
        "901$Tidal ague$$10022117$$$$$$$$",
        "902$Rim sarcoma$$10029104$$$$$$$$",
        "903$Recall$$10077536$$$$$$$$",
    )
    put(tmp_path, "MedAscii/llt.asc", "911$Ague of tides$901$$$$$$$Y$$", "912$Old ague$901$$$$$$$N$$")
    ague, rim = read_meddra(tmp_path)
    assert (ague.id, ague.name, ague.synonyms, ague.type) == (
        "MEDDRA:901",
        "Tidal ague",
        ["Ague of tides"],
        "CONDITION",
    )
    assert rim.type == "CANCER"


COLUMNS = "LOINC_NUM COMPONENT PROPERTY SYSTEM STATUS CONSUMER_NAME SHORTNAME LONG_COMMON_NAME DisplayName"


def test_loinc(tmp_path: Path) -> None:
    columns = ",".join(f'"{column}"' for column in COLUMNS.split())
    put(
        tmp_path,
        "LoincTable/Loinc.csv",
        columns,
        '"1-1","Moonin","MCnc","Ser","ACTIVE","","Moonin SerPl","Moonin [Mass/volume] in Serum","Moonin, serum"',
        '"2-9","Moonin","MCnc","Ser","DEPRECATED","","x","y","z"',
    )
    (row,) = read_loinc(tmp_path)
    assert row[:5] == (
        "LOINC:1-1",
        "LOINC",
        "Moonin [Mass/volume] in Serum",
        ["Moonin SerPl", "Moonin, serum"],
        "MEASURE",
    )


def drug(code: str, kind: str, name: str, source: str = "RXNORM") -> str:
    return f"{code}|ENG||||||A{code}||{code}||{source}|{kind}|{code}|{name}||N|4096|"


def test_rxnorm(tmp_path: Path) -> None:
    put(
        tmp_path,
        "rrf/RXNCONSO.RRF",
        drug("1", "IN", "lunarol"),
        drug("1", "IN", "LUNAROL", "OTHER"),
        drug("2", "BN", "Lunix"),
        drug("3", "PIN", "lunarol sulfate"),
        drug("4", "IN", "tidol"),
        drug("5", "BN", "Lunatide"),
    )
    relation = "{}||CUI|RO|{}||CUI|{}|1||RXNORM|RXNORM|||N||"
    put(
        tmp_path,
        "rrf/RXNREL.RRF",
        *(
            relation.format(*cells)
            for cells in (("1", "2", "tradename_of"), ("1", "3", "form_of"), ("1", "5", "tradename_of"))
        ),
        *(relation.format(*cells) for cells in (("4", "5", "tradename_of"), ("2", "1", "has_tradename"))),
    )
    lunarol, tidol = read_rxnorm(tmp_path)
    assert (lunarol.id, lunarol.name, lunarol.synonyms) == ("RXNORM:1", "lunarol", ["Lunix", "lunarol sulfate"])
    assert tidol.synonyms == [], "a brand of two ingredients is neither"


@pytest.fixture
def base(tmp_path: Path) -> Vocabulary:
    moon = Entry("NCIT:C9001", "Moon Sarcoma", "NCIt")
    write_vocabulary([moon], {name_hash("CANCER", "moonsarcoma"): 0}, tmp_path / "base", [])
    return Vocabulary(tmp_path / "base")


def found(vocabulary: Vocabulary, type_: str, name: str) -> str | None:
    hit = vocabulary.find(type_, name)
    return hit[0].id if hit else None


def test_what_is_held_is_added_to_a_store(base: Vocabulary, umls: Path, snomed: Path, tmp_path: Path) -> None:
    table = extend_vocabulary(base, [("UMLS", umls), ("SNOMED CT", snomed)], tmp_path / "mine")
    assert "| UMLS | UMLS Metathesaurus licence of the user; not for redistribution | 1 | 1 |" in table
    mine = Vocabulary(tmp_path / "mine")
    assert found(mine, "CANCER", "selene sarcoma") == found(mine, "CANCER", "moon sarcoma") == "NCIT:C9001"
    moon = mine.with_id("SNOMEDCT:77")
    assert moon is not None and moon.xrefs == ("UMLS:C1", "SNOMEDCT:77") and moon.parents == ("UMLS:C2",)
    assert found(mine, "CANCER", "sarcoma of the rim") == "SNOMEDCT:11"
    told = json.loads((tmp_path / "mine" / SOURCES).read_text())
    assert [t["vocabulary"] for t in told] == ["UMLS", "SNOMED CT"] and all("licence" in t["licence"] for t in told)
    assert len(base) == 1, "the store that was extended is as it was"


def test_the_command_extends(base: Vocabulary, umls: Path, tmp_path: Path) -> None:
    arguments = ["vocabulary", "build", "--vocabulary", str(base.folder), "--umls", str(umls)]
    done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "mine")])
    assert done.exit_code == 0 and "| UMLS |" in done.stdout
    assert CliRunner().invoke(app, ["vocabulary", "build", "--out", str(tmp_path / "x")]).exit_code == 2


@pytest.mark.parametrize("vocabulary", HELD)
def test_a_folder_without_a_release_is_refused(base: Vocabulary, vocabulary: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is there; give the folder of a release"):
        extend_vocabulary(base, [(vocabulary, tmp_path / "empty")], tmp_path / "mine")


def test_damaged_files_are_named(base: Vocabulary, umls: Path, tmp_path: Path) -> None:
    put(umls, "META/MRCONSO.RRF", "C1|ENG|P")
    with pytest.raises(CorpusError, match=r"MRCONSO\.RRF, line 1: 3 columns; 18 are needed"):
        extend_vocabulary(base, [("UMLS", umls)], tmp_path / "mine")
    put(tmp_path, "loinc/Loinc.csv", "a,b")
    with pytest.raises(CorpusError, match="no column LOINC_NUM, LONG_COMMON_NAME, STATUS"):
        list(read_loinc(tmp_path / "loinc"))
    with pytest.raises(CorpusError, match="give another folder"):
        extend_vocabulary(base, [("UMLS", umls)], base.folder)
