"""Files for annotation tools: every offset leads to its words, as each tool counts; our own readers give all back."""

from __future__ import annotations

import json
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given

from oncogloss.schema import ATTRIBUTES, ENTITY_TYPES, RELATION_TYPES, Document, Extraction, Relation
from oncogloss.training.annotated import read_brat, read_conll, read_label_studio
from oncogloss.training.corpora import GoldDocument
from oncogloss.writers.annotation import doccano_lines, labelstudio_json, layers, tokens, write_brat, write_conll
from toys import ROOT, extractions, make_document, make_extraction, make_mention

Pair = tuple[Document, Extraction]
CONCEPT = {"id": "OG:moon", "name": "moon  sarcoma", "vocabulary": "OG", "score": 1.0}


@pytest.fixture
def pair() -> Pair:
    """An emoji before the first mention, one nested, one over a line break, one with a concept and attributes."""
    document = make_document("r1", title="🙂 no MOON1 loss in moon\nsarcoma")
    (passage,) = document.passages
    mentions = [
        make_mention("m1", passage, "MOON1 loss", "BIOMARKER", attributes=("neg",)),
        make_mention("m2", passage, "MOON1", "GENE"),
        make_mention("m3", passage, "moon\nsarcoma", "CANCER", concept=CONCEPT),
    ]
    return document, make_extraction(
        document, mentions, relations=(Relation(type="BIOMARKER_OF", head="m1", tail="m3", score=0.5),)
    )


def facts(pair: Pair) -> list[object]:
    """Text, entities with attributes, and relations by their spans, of an extraction with one passage."""
    document, extraction = pair
    place = {m.id: (m.type, m.start, m.end, m.attributes) for m in extraction.mentions}
    relations = sorted((r.type, place[r.head], place[r.tail]) for r in extraction.relations)
    return [document.passages[0].text, sorted(place.values()), relations]


def gold_facts(document: GoldDocument) -> list[object]:
    """The same of what a reader gives back."""
    (passage,) = document.passages
    place = [(e.type, e.start, e.end, e.attributes) for e in passage.entities]
    relations = sorted((r.type, place[r.head], place[r.tail]) for r in passage.relations)
    assert passage.criteria is None and not passage.has_sections
    return [passage.text, sorted(place), relations]


def test_brat_by_hand(pair: Pair, tmp_path: Path) -> None:
    write_brat([pair], tmp_path)
    assert (tmp_path / "r1.title.txt").read_text(encoding="utf-8") == pair[0].passages[0].text
    assert (tmp_path / "r1.title.ann").read_text(encoding="utf-8").splitlines() == [
        "T1\tBIOMARKER 5 15\tMOON1 loss",
        "A1\tneg T1",
        "T2\tGENE 5 10\tMOON1",
        "T3\tCANCER 19 23;24 31\tmoon sarcoma",
        "N1\tReference T3 OG:moon\tmoon sarcoma",
        "R1\tBIOMARKER_OF Arg1:T1 Arg2:T3",
    ]
    lines = (tmp_path / "annotation.conf").read_text(encoding="utf-8").splitlines()
    names = {line.split("\t")[0] for line in lines}
    assert names >= {*ENTITY_TYPES, *RELATION_TYPES, *ATTRIBUTES}


def test_brat_loses_no_record_whose_name_is_taken(pair: Pair, tmp_path: Path) -> None:
    document, extraction = pair
    pairs = [(document, extraction.model_copy(update={"id": id})) for id in ("a/b", "a_b", "a_b", "A_B", "a.b")]
    write_brat(pairs, tmp_path)
    assert len(list(tmp_path.glob("*.ann"))) == len(list(tmp_path.glob("*.txt"))) == 5 * len(document.passages)
    assert {d.id for d in read_brat(tmp_path)} == {"a_b", "a_b_2", "a_b_3", "A_B_4", "a.b"}


@given(extractions())
def test_brat_gives_all_back(pair: Pair) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_brat([pair], Path(folder))
        (document,) = read_brat(Path(folder))
    assert gold_facts(document) == facts(pair)


def test_label_studio_task_has_the_documented_shape(pair: Pair) -> None:
    (task,) = json.loads(labelstudio_json([pair]))
    text = task["data"]["text"]
    assert task["data"] == {"text": pair[0].passages[0].text, "record": "r1", "passage": "title"}
    (prediction,) = task["predictions"]
    assert prediction["model_version"] == "hand 0"
    labels, choices, gene, cancer, relation = prediction["result"]
    assert labels == {
        "id": "r1-m1", "from_name": "label", "to_name": "text", "type": "labels", "score": 0.9,
        "value": {"start": 5, "end": 15, "text": "MOON1 loss", "labels": ["BIOMARKER"]},
    }  # fmt: skip
    assert choices == {
        "id": "r1-m1", "from_name": "attributes", "to_name": "text", "type": "choices",
        "value": {"start": 5, "end": 15, "text": "MOON1 loss", "choices": ["neg"]},
    }  # fmt: skip
    assert gene["value"]["labels"] == ["GENE"] and cancer["meta"] == {"text": ["OG:moon moon  sarcoma"]}
    assert relation == {
        "type": "relation", "from_id": "r1-m1", "to_id": "r1-m3", "direction": "right", "labels": ["BIOMARKER_OF"],
    }  # fmt: skip
    assert list(text)[5:15] == list("MOON1 loss")  # code points, the emoji counts as one


def submitted(tasks: str) -> str:
    """Tasks as they are exported once somebody has submitted each prediction."""
    rows = [
        {
            **task,
            "id": i,
            "annotations": [{"id": i, "was_cancelled": False, "result": task["predictions"][0]["result"]}],
        }
        for i, task in enumerate(json.loads(tasks), 1)
    ]
    return json.dumps(rows)


@given(extractions())
def test_label_studio_gives_all_back(pair: Pair) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.json"
        path.write_text(submitted(labelstudio_json([pair])), encoding="utf-8")
        (document,) = read_label_studio(path)
    assert document.id == pair[1].id and gold_facts(document) == facts(pair)


def test_the_labelling_configuration_in_the_guide_has_every_label() -> None:
    guide = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    view = ET.fromstring(guide[guide.index("<View>") : guide.index("</View>") + len("</View>")])
    found = {tag: [item.get("value") for item in view.iter(tag)] for tag in ("Label", "Choice", "Relation")}
    assert found == {"Label": list(ENTITY_TYPES), "Choice": list(ATTRIBUTES), "Relation": list(RELATION_TYPES)}
    assert {item.get("name") for item in view} == {"text", "label", "attributes", None}


@given(extractions())
def test_doccano_counts_as_browsers_do(pair: Pair) -> None:
    (row,) = [json.loads(line) for line in doccano_lines([pair]).split("\n") if line]
    units = row["text"].encode("utf-16-le")
    ids = {}
    found = []
    for entity in row["entities"]:
        words = units[2 * entity["start_offset"] : 2 * entity["end_offset"]].decode("utf-16-le")
        found.append((entity["label"], words))
        ids[entity["id"]] = (entity["label"], words)
    assert sorted(found) == sorted((m.type, m.text) for m in pair[1].mentions)
    place = {m.id: (m.type, m.text) for m in pair[1].mentions}
    assert [(r["type"], ids[r["from_id"]], ids[r["to_id"]]) for r in row["relations"]] == [
        (r.type, place[r.head], place[r.tail]) for r in pair[1].relations
    ]


def test_doccano_ids_are_unique_in_the_file(pair: Pair) -> None:
    rows = [json.loads(line) for line in doccano_lines([pair, pair]).splitlines()]
    assert [[e["id"] for e in row["entities"]] for row in rows] == [[0, 1, 2], [3, 4, 5]]
    assert [row["relations"][0]["from_id"] for row in rows] == [0, 3]
    assert rows[0]["entities"][0]["start_offset"] == 6  # the emoji counts as two


def test_conll_by_hand(pair: Pair, tmp_path: Path) -> None:
    write_conll([pair], tmp_path)
    first = (tmp_path / "layer1.conll").read_text(encoding="utf-8").splitlines()
    assert json.loads(first[0].removeprefix("# "))["text"] == pair[0].passages[0].text
    assert first[1:] == [
        "🙂\t0\t1\tO", "no\t2\t4\tO", "MOON1\t5\t10\tB-BIOMARKER", "loss\t11\t15\tI-BIOMARKER", "in\t16\t18\tO",
        "moon\t19\t23\tB-CANCER", "sarcoma\t24\t31\tI-CANCER", "",
    ]  # fmt: skip
    second = (tmp_path / "layer2.conll").read_text(encoding="utf-8").splitlines()
    assert [line for line in second[1:] if line and not line.endswith("O")] == ["MOON1\t5\t10\tB-GENE"]
    assert not (tmp_path / "layer3.conll").exists()


@given(extractions())
def test_conll_gives_entities_back(pair: Pair) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_conll([pair], Path(folder))
        (document,) = read_conll(Path(folder))
    text, entities, _ = facts(pair)
    assert gold_facts(document) == [text, [(t, a, b, ()) for t, a, b, _ in entities], []]  # type: ignore[attr-defined]
    assert not document.passages[0].has_relations and not document.passages[0].has_attributes


@given(extractions())
def test_tokens_and_layers_leave_nothing_out(pair: Pair) -> None:
    document, extraction = pair
    text = document.passages[0].text
    mentions = sorted(extraction.mentions, key=lambda m: (m.start, -m.end))
    words = tokens(text, mentions)
    assert "".join(text[a:b] for a, b in words) == "".join(text.split())
    assert all(a < b <= c < d for (a, b), (c, d) in zip(words, words[1:], strict=False))
    found = layers(mentions)
    assert sorted(m.id for layer in found for m in layer) == sorted(m.id for m in mentions)
    assert all(one.end <= other.start for layer in found for one, other in zip(layer, layer[1:], strict=False))


def test_sentences_of_a_column_file_end_at_line_breaks(tmp_path: Path) -> None:
    document = make_document("r1", title="Moon.\n\nCrater.")
    write_conll([(document, make_extraction(document, []))], tmp_path)
    lines = (tmp_path / "layer1.conll").read_text(encoding="utf-8").split("\n")[1:]
    assert [line.split("\t")[0] for line in lines] == ["Moon", ".", "", "Crater", ".", "", ""]
