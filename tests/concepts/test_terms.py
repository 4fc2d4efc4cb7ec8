"""A user's own terms: kept in a table, added and taken out again, known beside the vocabulary."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.concepts import link, open_vocabulary
from oncogloss.concepts.short_forms import Context
from oncogloss.concepts.terms import (
    Term,
    add_terms,
    doubts,
    in_symbols,
    known_names,
    make_term,
    read_csv,
    read_given,
    read_terms,
    remove_terms,
    with_terms,
)
from oncogloss.errors import InputError

DRUG = Term("DRUG", "zorbatinib", ("ZRB-101", "Zorvia"), "inhibitor", ("MOON1",))
WORDS = st.text(st.sampled_from("abcXYZ019-/ αé"), min_size=3, max_size=12).filter(lambda s: s.strip() == s)


def test_terms_are_kept_with_their_date_and_taken_out_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "terms.tsv"
    with pytest.raises(InputError, match=r"terms\.tsv: no such table of terms; check the path"):
        read_terms(path)
    assert add_terms(path, [DRUG, Term("GENE", "MOON1")])[1] == 0
    before = path.read_bytes()
    today = date.today().isoformat()
    assert read_terms(path) == [DRUG._replace(added=today), Term("GENE", "MOON1", added=today)]
    assert add_terms(path, [make_term("drug".upper(), "Zorbatinib", targets=["MOON2"])])[1] == 1
    assert [t.targets for t in read_terms(path)] == [("MOON1", "MOON2"), ()]
    assert [t.name for t in remove_terms(path, ["Zorbatinib"])] == ["Zorbatinib"]
    remove_terms(path, ["MOON1"], "GENE")
    add_terms(path, [DRUG, Term("GENE", "MOON1")])
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["terms.tsv"]


def test_what_is_given_anew_is_added_and_the_rest_stays(tmp_path: Path) -> None:
    path, today = tmp_path / "terms.tsv", date.today().isoformat()
    add_terms(path, [DRUG, Term("GENE", "MOON1", ("moon one",))])
    more = [Term("DRUG", "zorbatinib", ("Zorvix", "zorvia")), Term("GENE", "MOON1", ("MN-1",))]
    now, known = add_terms(path, more)
    assert known == 2 and now == read_terms(path)
    assert now == [
        Term("DRUG", "zorbatinib", ("ZRB-101", "Zorvia", "Zorvix"), "inhibitor", ("MOON1",), today),
        Term("GENE", "MOON1", ("moon one", "MN-1"), added=today),
    ]
    (drug,), _ = add_terms(path, [Term("DRUG", "zorbatinib", (), "degrader", ("MOON2", "MOON1"))])
    assert (drug.drug_class, drug.targets, drug.others) == ("degrader", ("MOON1", "MOON2"), now[0].others)
    assert drug.told == "other names ZRB-101, Zorvia, Zorvix; class degrader; targets MOON1, MOON2"
    twice = [Term("GENE", "MOON3", ("moon three",)), Term("GENE", "MOON3", ("MN-3",))]
    assert add_terms(path, twice)[0][0].others == ("moon three", "MN-3")


def test_targets_and_classes_that_nothing_knows_are_doubted() -> None:
    vocabulary = open_vocabulary()
    known = [Term("DRUG", "lunamab", drug_class="moonbeam"), Term("DRUG", "zorbatinib", drug_class="flurb")]
    given = [Term("DRUG", "zorbatinib", (), "flurb", ("EGFR", "NOTAGENE")), Term("DRUG", "selenib", (), "Inhibitor")]
    assert doubts(given, vocabulary, known) == [
        "The vocabulary holds no gene 'NOTAGENE', the target of 'zorbatinib'.",
        "No other drug has the class 'flurb', that of 'zorbatinib'.",
    ]
    assert doubts([Term("DRUG", "selenib", (), "moonbeam", ("MOON1",))], vocabulary, known) == [
        "The vocabulary holds no gene 'MOON1', the target of 'selenib'."
    ]
    with_gene = with_terms(vocabulary, [Term("GENE", "MOON1")])
    assert doubts([Term("DRUG", "selenib", (), "antibody", ("MOON1",))], with_gene, known) == []


def test_targets_by_any_name_are_the_symbols_of_their_genes() -> None:
    vocabulary = open_vocabulary()
    given = Term("DRUG", "fooximab", (), "antibody", ("HER2", "EGFR", "VEGF", "ERBB2", "MOON1"))
    term, said = in_symbols(given, vocabulary)
    assert term.targets == ("ERBB2", "EGFR", "VEGFA", "MOON1")
    assert said == [
        "The target 'HER2' of 'fooximab' is ERBB2 by its symbol.",
        "The target 'VEGF' of 'fooximab' is VEGFA by its symbol.",
    ]
    concept = link("DRUG", "fooximab", None, with_terms(vocabulary, [given]))  # of a table that was written before
    assert concept and concept.targets == term.targets


def test_by_another_of_its_names_only_that_name_is_taken_from_a_term(tmp_path: Path) -> None:
    path = tmp_path / "terms.tsv"
    add_terms(path, [DRUG])
    (left,) = remove_terms(path, ["Zorvia"])
    assert (left.name, left.others) == ("zorbatinib", ("ZRB-101",)) and read_terms(path) == [left]
    assert [t.name for t in remove_terms(path, ["ZRB-101", "zorbatinib"])] == ["zorbatinib"]
    assert read_terms(path) == []


def test_what_stands_between_names_is_no_part_of_one() -> None:
    lists: list[tuple[str, list[str], list[str]]] = [("s|t", [], []), ("sss", ["A|B"], []), ("sss", [], ["EGFR|MET"])]
    for name, others, targets in lists:
        with pytest.raises(InputError, match="give each name by itself"):
            make_term("DRUG", name, others, "", targets)


def test_a_table_is_taken_where_a_csv_is(tmp_path: Path) -> None:
    path = tmp_path / "terms.tsv"
    add_terms(path, [DRUG])
    assert [t._replace(added="") for t in read_given(path)] == [DRUG]
    (tmp_path / "listed.tsv").write_text(DRUG.line)
    (tmp_path / "terms.csv").write_text("type,name\nGENE,MOON1\n")
    assert read_given(tmp_path / "listed.tsv") == [DRUG]
    assert read_given(tmp_path / "terms.csv") == [Term("GENE", "MOON1")]


def test_a_change_that_is_refused_leaves_the_table_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "terms.tsv"
    add_terms(path, [DRUG])
    before = path.read_bytes()
    with pytest.raises(InputError, match="'zorvia' is a name of both 'zorbatinib' and 'lunamab'"):
        add_terms(path, [Term("DRUG", "lunamab", ("zorvia",))])
    with pytest.raises(InputError, match="no term 'lunamab'; see oncogloss terms list"):
        remove_terms(path, ["zorbatinib", "lunamab"])
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1
    lock = tmp_path / "terms.tsv.new"
    lock.touch()
    with pytest.raises(InputError, match="another oncogloss writes the table"):
        remove_terms(path, ["zorbatinib"])
    assert path.read_bytes() == before and lock.exists()


@given(st.lists(st.tuples(WORDS, st.lists(WORDS, max_size=2)), max_size=4))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, given: list[tuple[str, list[str]]]) -> None:
    path = tmp_path_factory.mktemp("terms") / "terms.tsv"
    try:
        terms = [make_term("CONDITION", name, others) for name, others in given]
        add_terms(path, terms)
    except InputError:
        return
    kept = [t._replace(added="") for t in read_terms(path)]
    said, read = ({name for t in some for name in (t.name, *t.others)} for some in (terms, kept))
    assert {t.name for t in kept} <= {t.name for t in terms} and len(kept) <= len(terms)
    assert {name.casefold() for name in read} == {name.casefold() for name in said}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,class\nmoon,x\n", "its first line must name the columns: type and name"),
        ("type,name,name\nDRUG,a,b\n", "none twice"),
        ("type,name\nDRUG\n", "line 2: not as many cells"),
        ("type,name\nDRUGS,zorbatinib\n", "line 2: no entity type 'DRUGS'"),
        ("type,name\nDRUG,z\n", "line 2: 'z' is no name"),
        ("type,name\nDRUG,--\n", "line 2: '--' is no name"),
        ("type,name\nDRUG,--\nDRUG,moon\nDRUG\n", "line 2: '--' is no name.* line 4: not as many cells"),
        ("type,name\n" + "DRUG,z\n" * 12, "And 2 lines more"),
    ],
)
def test_a_wrong_csv_is_refused_by_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "terms.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_csv(path)


def test_a_csv_of_many(tmp_path: Path) -> None:
    path = tmp_path / "terms.csv"
    path.write_text("\ufefftype,name,others,class,targets\nDRUG,zorbatinib,ZRB-101|Zorvia,inhibitor,MOON1\n", "utf-8")
    assert read_csv(path) == [DRUG]
    (tmp_path / "bad.tsv").write_text("DRUG\tonly a name\n")
    with pytest.raises(InputError, match="line 1: 2 columns"):
        read_terms(tmp_path / "bad.tsv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_csv_as_spreadsheets_write_it(tmp_path: Path, encoding: str, sign: str) -> None:
    path = tmp_path / "terms.csv"
    text = (
        "Type,NAME,Synonyms,Drug class,Target\r\ndrug class,moon–inhibitor é,ZRB-101|Zorvia,inhibitor,MOON1\r\n,,,,\r\n"
    )
    path.write_bytes(text.replace(",", sign).encode(encoding))
    assert read_given(path) == [
        Term("DRUG_CLASS", "moon–inhibitor é", ("ZRB-101", "Zorvia"), "inhibitor", ("MOON1",)),
    ]


def test_a_workbook_is_no_csv(tmp_path: Path) -> None:
    (tmp_path / "terms.xlsx").write_bytes(b"PK\3\4\0\0")
    with pytest.raises(InputError, match=r"no text \(a workbook is none\); save it as CSV"):
        read_given(tmp_path / "terms.xlsx")


@pytest.mark.parametrize(
    ("term", "said"),
    [
        (Term("DRUG", "of"), ["'of' is a word of any text, which would often be taken for a DRUG."]),
        (
            Term("DRUG", "pembrolizumab", targets=("EGFR",)),
            ["The vocabulary gives 'pembrolizumab' the targets PDCD1, not EGFR."],
        ),
        (Term("DRUG", "zorbatinib", ("Keytruda",)), ["'Keytruda' is a name of the DRUG pembrolizumab."]),
        (Term("DRUG", "KRAS"), ["'KRAS' is a name of the GENE KRAS."]),
        (Term("DRUG", "pembrolizumab", ("Zorvia",)), []),
        (Term("DRUG", "zorbatinib"), []),
    ],
)
def test_what_a_name_is_already(term: Term, said: list[str]) -> None:
    assert known_names([term], open_vocabulary()) == said


def test_terms_are_linked_with_class_and_target() -> None:
    plain = open_vocabulary()
    vocabulary = with_terms(plain, [DRUG, Term("DRUG", "moonorasib"), Term("GENE", "MOON9", ("moonin 9",))])
    for name in ("zorbatinib", "Zorbatinib", "ZRB101", "Zorvia", "zorbatinib mesylate"):
        concept = link("DRUG", name, None, vocabulary)
        assert concept and (concept.id, concept.drug_class, concept.targets) == (
            "LOCAL:zorbatinib",
            "inhibitor",
            ("MOON1",),
        )
        assert plain.find("DRUG", name) is None
    by_stem = link("DRUG", "moonorasib", None, vocabulary)
    assert by_stem and (by_stem.drug_class, by_stem.targets) == ("inhibitor", ("KRAS",))
    marker = link("BIOMARKER", "MOON9-positive", None, vocabulary)
    assert marker and marker.marker and marker.marker.genes == ("MOON9",)
    assert link("BIOMARKER", "MOON9-positive", None, plain) is None


def test_a_term_joins_the_concept_that_is_known_and_short_forms_become_its_own() -> None:
    plain = open_vocabulary()
    known = link("DRUG", "pembrolizumab", None, plain)
    vocabulary = with_terms(plain, [Term("DRUG", "pembrolizumab", ("Zorvia",)), Term("DRUG", "ER", (), "inhibitor")])
    brand = link("DRUG", "Zorvia", None, vocabulary)
    assert known and brand and (brand.id, brand.targets) == (known.id, known.targets)
    context = Context("Patients with ER positive tumors take ER daily", 38)
    mine = link("DRUG", "ER", None, vocabulary, context)
    assert mine and mine.id == "LOCAL:ER" and "ER" in plain.senses


def test_notes_links_and_modes_outlive_a_change(tmp_path: Path) -> None:
    shared, link = tmp_path / "shared.tsv", tmp_path / "terms.tsv"
    gene = Term("GENE", "MOON1")
    shared.write_text("# our terms\n" + DRUG.line + "\n# reviewed by Anna\n" + gene.line + "#GENE\told\t\t\t\t\n")
    shared.chmod(0o600)
    link.symlink_to("shared.tsv")
    add_terms(link, [Term("DRUG", "zorbatinib", ("Zorvix",)), Term("GENE", "MOON2")])
    head, drug, *rest = shared.read_text().splitlines()
    assert head == "# our terms" and drug.split("\t")[2] == "ZRB-101|Zorvia|Zorvix"
    assert rest[:4] == ["", "# reviewed by Anna", gene.line.rstrip("\n"), "#GENE\told\t\t\t\t"]
    assert rest[4].startswith("GENE\tMOON2\t") and len(rest) == 5
    assert link.is_symlink() and shared.stat().st_mode & 0o777 == 0o600
    remove_terms(link, ["zorbatinib", "MOON2"])
    assert shared.read_text().splitlines() == [head, *rest[:4]]


def test_a_table_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "terms.tsv"
    path.write_text("# our terms\n" + DRUG.line, encoding="utf-8-sig")
    assert read_terms(path) == read_given(path) == [DRUG]
