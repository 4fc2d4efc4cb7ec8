"""The whole flow: exact offsets, nothing cut off, abbreviations expanded, one document a call."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncogloss import api
from oncogloss.concepts import open_vocabulary
from oncogloss.errors import BundleError, InputError
from oncogloss.model.windows import cut_windows, read_stream
from oncogloss.pipeline import Pipeline, expand_abbreviations, genes_of, linked, load
from oncogloss.readers import input_files, read_path
from oncogloss.schema import Document, Extraction, Mention, Passage, PassageReading, Relation
from toys import ROOT, SENTENCES, make_document

SAMPLES = [p for p in input_files(ROOT / "corpus" / "samples") if p.name.startswith("NCT") and p.suffix != ".txt"]


def check(document: Document, extraction: Extraction) -> None:
    """What holds for any extraction of any document."""
    texts = {p.name: p.text for p in document.passages}
    assert extraction.id == document.id
    assert [r.name for r in extraction.passages] == [p.name for p in document.passages]
    by_id = {m.id: m for m in extraction.mentions}
    assert len(by_id) == len(extraction.mentions)
    for m in extraction.mentions:
        assert texts[m.passage][m.start : m.end] == m.text
        assert m.text == m.text.strip() != ""
        assert 0 < m.score <= 1
    for r in extraction.relations:
        assert by_id[r.head].passage == by_id[r.tail].passage and r.head != r.tail
        assert 0.5 <= r.score <= 1
    assert len({(r.type, r.head, r.tail) for r in extraction.relations}) == len(extraction.relations)
    seen: set[str] = set()
    for c in extraction.criteria:
        assert c.parent is None or c.parent in seen
        seen.add(c.id)
        assert 0 <= c.start < c.end <= len(texts[c.passage])
        assert c.categories
        assert all(c.start <= by_id[i].start and by_id[i].end <= c.end for i in c.mentions)
    for reading, passage in zip(extraction.passages, document.passages, strict=True):
        assert reading.text_sha256 == passage.sha256
        covered(passage.text, list(reading.sentences))
        if passage.text:
            assert [reading.sections[0].start, reading.sections[-1].end] == [0, len(passage.text)]
            assert all(a.end == b.start and a.label != b.label for a, b in pairwise(reading.sections))


def covered(text: str, sentences: list[tuple[int, int]]) -> None:
    """Sentences follow one another and leave out white space only."""
    position = 0
    for start, end in sentences:
        assert text[position:start].strip() == "" and start < end
        position = end
    assert text[position:].strip() == ""


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name)
def test_samples_with_the_shipped_model(shipped: Pipeline, path: Path) -> None:
    (document,) = read_path(path)
    assert isinstance(document, Document)
    extraction = shipped.extract(document)
    check(document, extraction)
    assert extraction.mentions and extraction.relations and extraction.criteria


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name)
def test_samples_with_the_tiny_model(pipeline: Pipeline, path: Path) -> None:
    (document,) = read_path(path)
    assert isinstance(document, Document)
    check(document, pipeline.extract(document))


@settings(max_examples=25)
@given(st.dictionaries(st.sampled_from(["summary", "text", "my field"]), st.text(max_size=80), min_size=1))
def test_any_text(pipeline: Pipeline, texts: dict[str, str]) -> None:
    document = Document(id="d", passages=tuple(Passage(name=n, text=t) for n, t in texts.items()))
    check(document, pipeline.extract(document))


def test_a_text_of_20_000_words_is_read_to_its_end(pipeline: Pipeline) -> None:
    """RELIABILITY check 9, scaled down: nothing is cut off, and nothing is lost between windows."""
    words = " ".join(SENTENCES).split()
    text = " ".join(words[i * 7 % len(words)] for i in range(19_999)) + " last."
    document = make_document(text=text)
    stream = read_stream(document.passages, pipeline.tokenizer)
    windows = cut_windows(stream, pipeline.config.window, pipeline.config.overlap)
    assert [w.own_first for w in windows] == [0, *(w.own_last for w in windows[:-1])]
    assert windows[-1].own_last == len(stream.ids) and stream.end[-1] == len(text)
    extraction = pipeline.extract(document)
    check(document, extraction)
    tenths = {10 * m.start // len(text) for m in extraction.mentions}
    assert tenths == set(range(10))


def test_an_unusually_long_word(pipeline: Pipeline) -> None:
    document = make_document(text="x" * 20_000 + " moon sarcoma")
    check(document, pipeline.extract(document))


def test_two_runs_give_the_same_bytes(pipeline: Pipeline) -> None:
    document = make_document(summary=" ".join(SENTENCES), eligibility="\n* ".join(SENTENCES))
    assert pipeline.extract(document).model_dump_json() == pipeline.extract(document).model_dump_json()


# abbreviations


def mention(number: int, text: str, type_: str = "CANCER", passage: str = "text") -> Mention:
    start = number * 100
    return Mention(
        id=f"m{number}", passage=passage, start=start, end=start + len(text), text=text, type=type_, score=0.9
    )


def defines(head: int, tail: int, type_: str = "ABBREV_OF") -> Relation:
    return Relation(type=type_, head=f"m{head}", tail=f"m{tail}", score=0.9)


def expansions(mentions: list[Mention], *relations: Relation) -> list[str | None]:
    expanded = expand_abbreviations(tuple(mentions), relations)
    assert [m.model_copy(update={"expansion": None}) for m in expanded] == mentions
    return [m.expansion for m in expanded]


def test_a_short_form_is_expanded_wherever_it_stands() -> None:
    mentions = [mention(1, "MS"), mention(2, "moon sarcoma"), mention(3, "MS"), mention(4, "MS", passage="notes")]
    assert expansions(mentions, defines(3, 2)) == ["moon sarcoma", None, "moon sarcoma", "moon sarcoma"]


def test_the_direction_of_the_definition_does_not_matter() -> None:
    mentions = [mention(1, "moon sarcoma"), mention(2, "MS")]
    assert expansions(mentions, defines(1, 2)) == expansions(mentions, defines(2, 1)) == [None, "moon sarcoma"]


def test_the_nearest_definition_before_holds_else_the_first_after() -> None:
    names = ["MS", "moon sarcoma", "MS", "MS", "moon syndrome", "MS", "MS"]
    mentions = [mention(i, name) for i, name in enumerate(names)]
    assert expansions(mentions, defines(2, 1), defines(5, 4)) == [
        "moon sarcoma", None, "moon sarcoma", "moon sarcoma", None, "moon syndrome", "moon syndrome",
    ]  # fmt: skip


def test_a_short_form_of_another_type_or_case_is_left() -> None:
    mentions = [mention(1, "moon sarcoma"), mention(2, "MS"), mention(3, "MS", "OUTCOME"), mention(4, "ms")]
    assert expansions(mentions, defines(2, 1)) == [None, "moon sarcoma", None, None]


def test_other_relations_expand_nothing() -> None:
    mentions = [mention(1, "lunamab", "DRUG"), mention(2, "MS")]
    assert expansions(mentions, defines(1, 2, "TREATS")) == [None, None]
    assert expansions([]) == []


def expansions_in(text: str, mentions: list[tuple[str, str]], *relations: Relation) -> list[str | None]:
    """Of mentions given by their words and type, found in the text one after the other."""
    placed, at = list[Mention](), 0
    for number, (words, type_) in enumerate(mentions):
        at = text.index(words, at)
        m = mention(number, words, type_)
        placed.append(m.model_copy(update={"start": at, "end": at + len(words)}))
        at += len(words)
    found = expand_abbreviations(tuple(placed), relations, (Passage(name="text", text=text),))
    return [m.expansion for m in found]


def test_a_bracket_defines_a_short_form_of_any_type_where_no_relation_does() -> None:
    text = "MFS counts. Moon-free survival (MFS) and then MFS; mean flare size (MFS), MFS."
    mentions = [("MFS", "OUTCOME"), ("MFS", "MEASURE"), ("MFS", "OUTCOME"), ("MFS", "OUTCOME"), ("MFS", "OUTCOME")]
    first, second = "Moon-free survival", "mean flare size"
    assert expansions_in(text, mentions) == [first, first, first, second, second]


def test_at_one_place_the_relation_says_the_long_form() -> None:
    text = "Rare moon sarcoma (MS), MS."
    mentions = [("Rare moon sarcoma", "CANCER"), ("MS", "CANCER"), ("MS", "CANCER")]
    assert expansions_in(text, mentions, defines(1, 0)) == [None, "Rare moon sarcoma", "Rare moon sarcoma"]
    assert expansions_in(text, mentions) == [None, "moon sarcoma", "moon sarcoma"]


def test_a_definition_holds_to_the_last_page(shipped: Pipeline) -> None:
    """One sentence defines; 3,600 words later, in another passage, the short form stands alone."""
    page = "Patients are seen every 4 weeks and are asked how they feel. " * 30
    text = "The primary endpoint is progression-free survival (PFS). " + page * 10
    document = make_document(summary=text, outcomes="PFS, assessed by the investigator")
    last = [m for m in shipped.extract(document).mentions if m.passage == "outcomes" and m.text == "PFS"]
    assert last and last[0].expansion == "progression-free survival"
    assert last[0].concept is not None


def test_a_marker_is_linked_with_the_gene_that_stands_elsewhere(shipped: Pipeline) -> None:
    document = make_document(eligibility="- Tumor with an EGFR exon 19 deletion or L858R mutation.")
    found = shipped.extract(document)
    gene, marker = (next(m for m in found.mentions if m.text == text) for text in ("EGFR", "L858R mutation"))
    assert ("HAS_GENE", marker.id, gene.id) in [(r.type, r.head, r.tail) for r in found.relations]
    assert marker.concept is not None and marker.concept.marker is not None
    assert marker.concept.marker.genes == ("EGFR",) and marker.concept.marker.alteration == "p.Leu858Arg"
    assert not genes_of(marker, (), {gene.id: gene.concept}) and not genes_of(marker, found.relations, {gene.id: None})


def test_a_disease_takes_its_name_from_its_list(shipped: Pipeline) -> None:
    document = make_document(eligibility="Exclusion Criteria:\n- Pregnancy\n- Active hepatitis B or C")
    found = {m.text: m.concept.name for m in shipped.extract(document).mentions if m.concept}
    assert found["C"] == "hepatitis C"


@pytest.mark.parametrize(
    ("text", "marker", "name"),
    [
        ("KRAS is seen. BRAF G466V or G469A mutation. EGFR is seen.", "G469A mutation", "BRAF G469A"),
        ("KRAS is seen. L858R mutation in exon 21 of EGFR.", "L858R mutation", "EGFR L858R"),
        ("HER2 of IHC 3+ or 2+ by biopsy", "2+", "ERBB2 IHC 2+"),
        ("KRAS is seen. G469A mutation", "G469A mutation", None),
        ("HER2 is seen and negative", "negative", None),
    ],
)
def test_a_marker_without_a_gene_has_that_of_its_sentence(text: str, marker: str, name: str | None) -> None:
    genes = [gene for gene in ("KRAS", "BRAF", "EGFR", "HER2") if gene in text]
    mentions = tuple(
        Mention(
            id=said, passage="eligibility", start=text.index(said), end=text.index(said) + len(said), text=said,
            type="BIOMARKER" if said == marker else "GENE", score=0.9,
        )
        for said in (*genes, marker)
    )  # fmt: skip
    sentences = tuple((found.start(), found.end()) for found in re.finditer(r"[^.]+\.?", text))
    reading = PassageReading(name="eligibility", text_sha256="", sentences=sentences)
    found = linked(make_document(eligibility=text), (reading,), mentions, (), open_vocabulary())[-1].concept
    assert (found and found.name) == name


# api


def test_extract_from_each_kind_of_source(bundle: Path, tmp_path: Path) -> None:
    text, model = SENTENCES[1], str(bundle)
    record = {"id": "r1", "passages": {"text": text}}
    path = tmp_path / "r1.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    document = make_document("r1", text=text)
    wanted = api.extract(document, model=model)
    check(document, wanted)
    assert api.extract(record, model=model) == api.extract(path, model=model) == wanted
    assert api.extract(text, model=model) == wanted.model_copy(update={"id": "text"})


def test_a_pipeline_takes_what_extract_takes(bundle: Path) -> None:
    record = {"id": "a", "passages": {"text": SENTENCES[0]}}
    loaded = api.load(str(bundle))
    for source in (SENTENCES[0], SAMPLES[0], record, make_document(text=SENTENCES[0])):
        assert loaded.extract(source) == api.extract(source, model=str(bundle))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^int is no source; give a text,"):
        loaded.extract(7)  # type: ignore[arg-type]


def test_a_string_is_text_and_never_a_path(bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "zorbatinib.txt"
    extraction = api.extract(str(path), model=bundle)
    assert extraction.passages[0].text_sha256 == Passage(name="text", text=str(path)).sha256
    path.write_text("other text")
    with pytest.raises(InputError, match=r"zorbatinib\.txt is the name of a file; give pathlib\.Path of it"):
        api.extract(str(path), model=bundle)


def test_own_terms_by_path_or_its_text(bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "terms.tsv"
    path.write_text("DRUG\tzorbatinib\t\t\t\t\n")
    assert api.load(bundle, terms=str(path)) is api.load(bundle, terms=path)


def test_a_model_is_loaded_once(bundle: Path) -> None:
    assert api.load(str(bundle)) is api.load(str(bundle))


TWO = {"studies": [{"protocolSection": {}}, {"protocolSection": {}}]}


def test_a_vocabulary_of_ones_own(mine: Path) -> None:
    found = api.load("nano", vocabulary=str(mine)).extract(make_document(text="Pembrolizumab 200 mg every 3 weeks."))
    assert [m.concept.id for m in found.mentions if m.concept] == ["MINE:1"]


def test_two_records_in_one_source_are_refused(bundle: Path, tmp_path: Path) -> None:
    sentence = r"^2 records in one source; read them with oncogloss\.readers\.read_path\.$"
    with pytest.raises(InputError, match=sentence):
        api.extract(TWO, model=str(bundle))
    path = tmp_path / "two.jsonl"
    path.write_text('{"id": "a", "passages": {"text": "One."}}\n{"id": "b", "passages": {"text": "Two."}}\n')
    with pytest.raises(InputError, match=sentence):
        api.extract(path, model=str(bundle))


@pytest.mark.parametrize("source", ["", " \n", Path("no-such-file.json"), {"a": 1}, {}, "half \ud800 a pair"])
def test_what_cannot_be_read_raises_one_sentence(bundle: Path, source: str | Path | dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        api.extract(source, model=str(bundle))
    assert str(caught.value).endswith(".") and str(caught.value).isprintable()


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(BundleError):
        api.extract("Moon sarcoma.", model="no-such-model")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"min_score": s} for s in (2, -1, 0, 1, float("nan"), "x")),
        {"threads": -5},
        {"terms": 3},
        {"terms": "."},
        {"model": None},
    ],
    ids=str,
)
def test_arguments_that_are_of_no_use(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match=f"^{next(iter(wrong))} is .*; give .*"):
        load(**wrong)  # type: ignore[arg-type]
