"""Annotations stay on their text: through edits, through standoff files, and when the text has changed."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.errors import CorpusError
from oncogloss.schema import CATEGORIES, ENTITY_TYPES, Passage
from oncogloss.training.corpora import (
    Edit,
    GoldCriterion,
    GoldDocument,
    GoldEntity,
    GoldPassage,
    GoldRelation,
    from_resolved,
    load_split,
    read_corpus,
    read_records,
    read_rows,
    read_standoff,
    record_passages,
    rewrite,
    split_ids,
    text_hash,
    to_standoff,
    training_documents,
)

TEXT = "Moon sarcoma (MS) on lunamab 20 mg."
DOCUMENT = GoldDocument(
    "NCT1",
    (
        GoldPassage(
            "eligibility",
            TEXT,
            (GoldEntity("CANCER", 0, 12), GoldEntity("CANCER", 14, 16, ("hist", "neg")), GoldEntity("DRUG", 21, 28)),
            (GoldRelation("ABBREV_OF", 1, 0), GoldRelation("TREATS", 2, 0)),
            (GoldCriterion(0, "inc", None, ("disease",)), GoldCriterion(21, "exc", 0, ("medication", "lab"))),
        ),
        GoldPassage("brief_title", "No facts here", criteria=None),
    ),
    "ours",
)


def write_rows(path: Path, rows: list[dict]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return path


# rewriting


@st.composite
def edited(draw: st.DrawFn) -> tuple[GoldPassage, list[Edit]]:
    """A passage with spans that lie apart, and sorted edits that lie apart, each outside of all spans or on one."""
    text = draw(st.text("abcdefg \n", min_size=1, max_size=40))
    points = sorted(draw(st.sets(st.integers(0, len(text)), min_size=2, max_size=10)))
    spans, edits = [], []
    for a, b in zip(points, points[1:], strict=False):
        kind = draw(st.sampled_from(["span", "edit", "edited span", "nothing"]))
        if "span" in kind:
            spans.append(GoldEntity(draw(st.sampled_from(ENTITY_TYPES)), a, b))
        if "edit" in kind:
            edits.append((a, b, draw(st.text("XYZ", min_size="span" in kind, max_size=4))))
    if draw(st.booleans()):  # an insertion before everything
        edits.insert(0, (points[0], points[0], "I"))
    criteria = tuple(GoldCriterion(e.start, "inc", None, ()) for e in spans)
    return GoldPassage("text", text, tuple(spans), criteria=criteria), edits


@given(edited())
def test_spans_keep_their_text_through_edits(case: tuple[GoldPassage, list[Edit]]) -> None:
    passage, edits = case
    replaced = {(a, b): new for a, b, new in edits}
    after = rewrite(passage, edits)
    slow = passage.text
    for a, b, new in reversed(edits):
        slow = slow[:a] + new + slow[b:]
    assert after.text == slow
    for before, moved in zip(passage.entities, after.entities, strict=True):
        wanted = replaced.get((before.start, before.end), passage.text[before.start : before.end])
        assert after.text[moved.start : moved.end] == wanted
        assert (moved.type, moved.attributes) == (before.type, before.attributes)
    assert [c.start for c in after.criteria or ()] == [e.start for e in after.entities]


def test_a_span_whose_edge_lies_in_an_edit_grows_to_its_edge() -> None:
    passage = GoldPassage("text", "abcdefghij", (GoldEntity("DRUG", 2, 6),))

    def moved(*edits: Edit) -> str:
        after = rewrite(passage, edits)
        return after.text[after.entities[0].start : after.entities[0].end]

    assert moved((1, 4, "XX")) == "XXef"
    assert moved((5, 8, "XX")) == "cdeXX"
    assert moved((3, 5, "")) == "cf"
    assert moved((2, 2, "X")) == "cdef" == moved((6, 6, "X"))
    assert moved((3, 3, "X")) == "cXdef"
    assert moved((0, 1, ""), (2, 6, "drug"), (9, 10, "long tail")) == "drug"
    assert moved((2, 2, "I"), (2, 6, "new")) == "new"


def test_no_edits_no_change() -> None:
    for passage in DOCUMENT.passages:
        assert rewrite(passage, []) == passage


# standoff


@pytest.mark.parametrize("with_text", [True, False])
def test_standoff_round_trip(tmp_path: Path, with_text: bool) -> None:
    row = to_standoff(DOCUMENT, with_text=with_text)
    assert all(("text" in p) == with_text for p in row["passages"])
    records = [{"id": "NCT1", "passages": {p.name: p.text for p in DOCUMENT.passages}}, {"id": "other", "passages": {}}]
    paths = [] if with_text else [write_rows(tmp_path / "records.jsonl", records)]
    documents, problems = read_standoff(write_rows(tmp_path / "ours.jsonl", [row]), paths)
    assert (documents, problems) == ([DOCUMENT], [])


@given(st.data())
def test_standoff_round_trip_of_any_annotation(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    text = data.draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
    n = data.draw(st.integers(0, 4))
    dice = random.Random(n)
    entities = []
    for _ in range(n):
        a = dice.randrange(len(text))
        entities.append(GoldEntity(dice.choice(ENTITY_TYPES), a, dice.randrange(a, len(text)) + 1, ("exc",)))
    criteria = (GoldCriterion(0, "exc", None, CATEGORIES[:n]),)
    document = GoldDocument("d", (GoldPassage("eligibility", text, tuple(entities), criteria=criteria),), "o")
    path = tmp_path_factory.mktemp("any") / "a.jsonl"
    assert read_standoff(write_rows(path, [to_standoff(document, with_text=True)]), []) == ([document], [])


def standoff_with(tmp_path: Path, text: str | None) -> tuple[list[GoldDocument], list[str]]:
    """The title of DOCUMENT read against a record whose title is `text`."""
    row = to_standoff(GoldDocument("NCT1", DOCUMENT.passages[1:]), with_text=False)
    passages = {} if text is None else {"brief_title": text}
    record = write_rows(tmp_path / "records.jsonl", [{"id": "NCT1", "passages": passages}])
    return read_standoff(write_rows(tmp_path / "ours.jsonl", [row]), [record])


def test_changed_text_is_reported_and_left_out(tmp_path: Path) -> None:
    assert standoff_with(tmp_path, "No fact  here") == ([], ["ours.jsonl: NCT1, brief_title: its text has changed."])
    assert standoff_with(tmp_path, "No facts") == ([], ["ours.jsonl: NCT1, brief_title: its text has changed."])


def test_missing_text_is_reported(tmp_path: Path) -> None:
    sentence = "ours.jsonl: NCT1, brief_title: no such text in the records given."
    assert standoff_with(tmp_path, None) == ([], [sentence])
    row = to_standoff(DOCUMENT, with_text=False)
    assert len(read_standoff(write_rows(tmp_path / "ours.jsonl", [row]), [])[1]) == 2


def test_a_longer_record_is_anchored_at_its_beginning(tmp_path: Path) -> None:
    documents, problems = standoff_with(tmp_path, "No facts here, and more that came later")
    assert problems == []
    assert documents[0].passages[0].text == "No facts here"


def test_one_changed_passage_does_not_lose_the_others(tmp_path: Path) -> None:
    row = to_standoff(DOCUMENT, with_text=True)
    row["passages"][1]["text"] = "Some facts here"
    documents, problems = read_standoff(write_rows(tmp_path / "ours.jsonl", [row]), [])
    assert [p.name for d in documents for p in d.passages] == ["eligibility"] and len(problems) == 1


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1}\n\n{"id": \n')
    with pytest.raises(CorpusError, match=r"a\.jsonl, line 3: not JSON \(Expecting value\)\.$"):
        list(read_rows(path))


def test_gzipped_rows(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.write('{"a": "é"}\n')
    assert list(read_rows(tmp_path / "a.jsonl.gz")) == [{"a": "é"}]


def test_hash_is_of_the_text() -> None:
    assert text_hash("é") == Passage(name="x", text="é").sha256[:16]


# records


def test_flattened_records_become_passages() -> None:
    row = {
        "nct_id": "NCT1",
        "brief_title": " A title ",
        "official_title": None,
        "eligibility_text": "Age 18",
        "arms": [{"label": "Arm A", "description": "Lunamab."}, {"label": None, "description": None}],
        "interventions": [{"name": "Lunamab", "description": "20 mg."}],
        "primary_outcomes": [{"measure": "PFS", "description": None, "time_frame": "2 years"}],
        "secondary_outcomes": [{"measure": "OS"}],
    }
    assert record_passages(row) == {
        "brief_title": "A title",
        "eligibility": "Age 18",
        "arms": "Arm A. Lunamab",
        "interventions": "Lunamab. 20 mg",
        "outcomes": "PFS. 2 years\nOS",
    }
    assert record_passages({"passages": {"x": " y "}}) == {"x": " y "}


def test_the_first_record_of_an_id_is_taken(tmp_path: Path) -> None:
    rows = [{"id": "a", "passages": {"x": text}} for text in ("first", "second")] + [{"id": "b", "passages": {"x": ""}}]
    assert read_records([write_rows(tmp_path / "r.jsonl", rows)], {"a"}) == {"a": {"x": "first"}}


def test_checker_lines_become_documents() -> None:
    row = {
        "id": "NCT1",
        "passages": {
            "eligibility": {
                "text": TEXT,
                "entities": [
                    {"id": "T1", "type": "CANCER", "start": 0, "end": 12, "attrs": ["neg"]},
                    {"id": "T2", "type": "DRUG", "start": 21, "end": 28, "attrs": []},
                ],
                "relations": [{"type": "TREATS", "head": "T2", "tail": "T1"}],
                "criteria": [
                    {"id": "C1", "start": 0, "side": "inc", "parent": None, "categories": ["disease"]},
                    {"id": "C2", "start": 21, "side": "exc", "parent": "C1", "categories": []},
                ],
            },
            "summary": {"text": "x", "entities": [], "relations": [], "criteria": []},
        },
    }
    document = from_resolved(row, "seed")
    first, second = document.passages
    assert first.entities == (GoldEntity("CANCER", 0, 12, ("neg",)), GoldEntity("DRUG", 21, 28))
    assert first.relations == (GoldRelation("TREATS", 1, 0),)
    assert first.criteria == (GoldCriterion(0, "inc", None, ("disease",)), GoldCriterion(21, "exc", 0, ()))
    assert second.criteria is None and document.origin == "seed"


# splits


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus of three records with their text, one of them held apart as dev, one of test without text."""
    documents = [GoldDocument(f"r{i}", (GoldPassage("text", f"Record {i}"),), "ours") for i in range(3)]
    rows = [to_standoff(d, with_text=d.id != "r2") for d in documents]
    write_rows(tmp_path / "ours.jsonl", rows)
    (tmp_path / "splits.json").write_text('{"dev": ["r0"], "test": ["r2"]}')
    (tmp_path / "samples").mkdir()
    write_rows(tmp_path / "samples" / "annotations.jsonl", rows[:1])
    return tmp_path


def test_records_held_apart_are_not_trained_on(corpus: Path) -> None:
    gold, training = load_split(corpus, [], "dev")
    assert ([d.id for d in gold], [d.id for d in training]) == (["r0"], ["r1"])
    gold, training = load_split(corpus, [], "samples")
    assert ([d.id for d in gold], [d.id for d in training]) == (["r0"], ["r1"])


def test_splits_that_cannot_be_had(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"^No split 'x'; there are dev, test and samples\.$"):
        load_split(corpus, [], "x")
    sentence = r"^0 of 1 records of test have their text: ours\.jsonl: r2, text: no such text in the records given\.$"
    with pytest.raises(CorpusError, match=sentence):
        load_split(corpus, [], "test")
    with pytest.raises(CorpusError, match=r"splits\.json: missing; give the folder that holds the corpus"):
        split_ids(tmp_path / "samples")


def test_all_files_of_a_corpus_are_read(corpus: Path) -> None:
    documents, problems = read_corpus(corpus, [])
    assert [d.id for d in documents] == ["r0", "r1"] and len(problems) == 1


def test_standoff_is_no_record(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "ours.jsonl", [to_standoff(DOCUMENT, with_text=False)])
    sentence = r"ours\.jsonl: NCT1: its passages are no texts by name; give a file of records, not of standoff\.$"
    with pytest.raises(CorpusError, match=sentence):
        read_standoff(path, [path])
    with pytest.raises(CorpusError, match="NCT2: its passages are no texts by name"):
        record_passages({"nct_id": "NCT2", "passages": {"x": None}})


def test_text_that_training_lacks_is_said(corpus: Path) -> None:
    documents, problems = training_documents(corpus, [])
    assert [d.id for d in documents] == ["r1"]
    assert problems == ["ours.jsonl: r2, text: no such text in the records given."]
