"""What annotation tools bring back: unknown labels are named, what does not fit its text is refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oncogloss.errors import CorpusError
from oncogloss.training.annotated import read_brat, read_conll, read_label_studio, read_own
from oncogloss.training.corpora import GoldEntity, GoldRelation, read_standoff, write_standoff

TEXT = "🙂 no MOON1 loss in moon\nsarcoma"


def brat(folder: Path, annotations: str, name: str = "r1.title") -> Path:
    (folder / f"{name}.txt").write_text(TEXT, encoding="utf-8")
    (folder / f"{name}.ann").write_text(annotations, encoding="utf-8")
    return folder


def test_brat_as_a_person_leaves_it(tmp_path: Path) -> None:
    annotations = (
        "T7\tCANCER 19 23;24 31\tmoon sarcoma\nT2\tBIOMARKER 5 15\tMOON1 loss\n#1\tAnnotatorNotes T2\tsure?\n"
        "A4\tneg T2\nA5\thist T2\nR9\tBIOMARKER_OF Arg1:T2 Arg2:T7\t\nN1\tReference T7 OG:moon\tmoon sarcoma\n"
    )
    (document,) = read_brat(brat(tmp_path, annotations))
    (passage,) = document.passages
    assert (document.id, passage.name, passage.text) == ("r1", "title", TEXT)
    assert passage.entities == (GoldEntity("BIOMARKER", 5, 15, ("neg", "hist")), GoldEntity("CANCER", 19, 31))
    assert passage.relations == (GoldRelation("BIOMARKER_OF", 0, 1),)
    assert passage.has_attributes and passage.has_relations and not passage.has_sections


def test_brat_names_without_a_dot_and_records_of_two_passages(tmp_path: Path) -> None:
    for name in ("r1.title", "r1.summary", "note"):
        brat(tmp_path, "", name)
    assert {d.id: [p.name for p in d.passages] for d in read_brat(tmp_path)} == {
        "note": ["text"],
        "r1": ["summary", "title"],
    }


@pytest.mark.parametrize(
    ("annotations", "sentence"),
    [
        ("T1\tTUMOR 5 10\tMOON1\nT2\tGENE 5 10\tMOON1\nA1\tmaybe T2\nR1\tHITS Arg1:T2 Arg2:T2\n",
         "unknown labels: entity type TUMOR, attribute maybe, relation HITS; rename or remove them"),
        ("T1\tGENE 4 10\tMOON1\n", "line 1: no line of brat's that fits its text"),
        ("T1\tGENE 5 x\tMOON1\n", "line 1: no line of brat's that fits its text"),
        ("X1\tGENE 5 10\tMOON1\n", "line 1: no line of brat's that fits its text"),
        ("\n\tGENE 5 10\tMOON1\n", "line 2: no line of brat's that fits its text"),
        ("T1\tGENE 99 104\t\n", "the span from 99 to 104 lies outside of the text"),
        ("A1\tneg T9\n", "attribute neg of T9, which is no entity"),
        ("T1\tGENE 5 10\tMOON1\nR1\tTREATS Arg1:T1 Arg2:T9\n", "a TREATS relation between T1 and T9, not both"),
    ],
)  # fmt: skip
def test_brat_refuses(annotations: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=sentence) as caught:
        read_brat(brat(tmp_path, annotations))
    assert "\n" not in str(caught.value) and "moon" not in str(caught.value)


def test_brat_wants_annotations_and_their_text(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no \.ann file"):
        read_brat(tmp_path)
    (tmp_path / "a.ann").write_text("", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"the text beside it, a\.txt, is missing"):
        read_brat(tmp_path)


def region(identifier: str, start: int, end: int, *labels: str, words: str | None = None) -> dict[str, Any]:
    value = {"start": start, "end": end, "text": TEXT[start:end] if words is None else words, "labels": list(labels)}
    return {"id": identifier, "from_name": "label", "to_name": "text", "type": "labels", "value": value}


def export(folder: Path, *results: list[dict[str, Any]], **more: Any) -> Path:
    annotations = [{"was_cancelled": False, "result": result} for result in results]
    path = folder / "export.json"
    task = {"id": 5, "data": {"text": TEXT}, "annotations": annotations, **more}
    path.write_text(json.dumps([task, {"id": 6, "data": {"text": "x"}, "predictions": []}]), encoding="utf-8")
    return path


def test_label_studio_as_a_person_leaves_it(tmp_path: Path) -> None:
    relation = {"type": "relation", "from_id": "b", "to_id": "a", "direction": "left", "labels": ["BIOMARKER_OF"]}
    choice = {"id": "a", "from_name": "attributes", "type": "choices", "value": {"choices": ["neg"]}}
    cancer = region("b", 19, 31, "CANCER", words="moon\\nsarcoma")  # as the tool writes line breaks
    path = export(tmp_path, [region("z", 0, 1, "DRUG")], [cancer, region("a", 5, 15, "BIOMARKER"), choice, relation])
    (document,) = read_label_studio(path)  # the later annotation; the task without one is left out
    assert document.id == "task5"
    assert document.passages[0].entities == (GoldEntity("BIOMARKER", 5, 15, ("neg",)), GoldEntity("CANCER", 19, 31))
    assert document.passages[0].relations == (GoldRelation("BIOMARKER_OF", 0, 1),)


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (region("a", 5, 10, "Gene"), "unknown labels: entity type Gene"),
        (region("a", 5, 10, "GENE", "DRUG"), "task 1: a region with 2 labels"),
        (
            region("a", 6, 11, "GENE", words="MOON1"),
            "the words at 6 to 11 are not the region's; export it from a newer Label",
        ),
        ({"type": "relation", "from_id": "a", "to_id": "b"}, "a \\(none\\) relation between a and b"),
        (
            region("a", 5, 10, "GENE") | {"type": "hypertextlabels"},
            "task 1: a region of hypertextlabels; label plain text",
        ),
        ({"type": "labels"}, "no JSON export of Label Studio's labels on text"),
    ],
)
def test_label_studio_refuses(item: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=sentence):
        read_label_studio(export(tmp_path, [item]))


def test_predictions_that_nobody_looked_at_are_no_annotations(tmp_path: Path) -> None:
    predictions = [{"result": [region("a", 5, 10, "GENE")]}]
    with pytest.raises(CorpusError, match="no task is annotated"):
        read_label_studio(export(tmp_path, predictions=predictions))


HEAD = "# " + json.dumps({"record": "r1", "passage": "title", "text": TEXT})


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([HEAD, "MOON1\t5\t10\tB-TUMOR"], "unknown labels: entity type TUMOR"),
        ([HEAD, "MOON1\t6\t11\tB-GENE"], "line 2: not token, start, end and tag"),
        ([HEAD, "MOON1\t5\t10\tGENE"], "line 2: not token, start, end and tag"),
        ([HEAD, "MOON1 B-GENE"], "line 2: not token, start, end and tag"),
        (["MOON1\t5\t10\tB-GENE"], "line 1: not token, start, end and tag"),
        ([HEAD, HEAD], "r1: passage title is there twice"),
    ],
)
def test_conll_refuses(lines: list[str], sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "layer1.conll"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(CorpusError, match=sentence):
        read_conll(path)


def test_standoff_remembers_what_a_format_cannot_hold(tmp_path: Path) -> None:
    path = tmp_path / "layer1.conll"
    path.write_text(f"{HEAD}\nMOON1\t5\t10\tB-GENE\n", encoding="utf-8")
    documents = read_conll(path)
    write_standoff(documents, tmp_path / "c.jsonl", with_text=True)
    assert read_standoff(tmp_path / "c.jsonl", [])[0] == documents


def test_a_byte_order_mark_takes_no_annotation_away(tmp_path: Path) -> None:
    (tmp_path / "brat").mkdir()
    brat(tmp_path / "brat", "\ufeffT1\tGENE 5 10\tMOON1\r\n#1\tAnnotatorNotes T1\tone\u2028two\r\n")
    studio = export(tmp_path, [region("a", 5, 10, "GENE")])
    doccano, conll = tmp_path / "a.jsonl", tmp_path / "a.conll"
    doccano.write_text(json.dumps({"text": TEXT[2:], "label": [[3, 8, "GENE"]]}), encoding="utf-8-sig")
    conll.write_text(f"{HEAD}\nMOON1\t5\t10\tB-GENE\n", encoding="utf-8-sig")
    studio.write_text(studio.read_text(encoding="utf-8"), encoding="utf-8-sig")
    for path in (tmp_path / "brat", studio, doccano, conll):
        (passage,) = read_own(path)[0].passages
        assert [passage.text[e.start : e.end] for e in passage.entities] == ["MOON1"]


def test_offsets_of_brat_may_count_the_mark_of_its_text(tmp_path: Path) -> None:
    folder = brat(tmp_path, "T1\tGENE 6 11\tMOON1\n")
    (folder / "r1.title.txt").write_text(TEXT, encoding="utf-8-sig")
    (passage,) = read_brat(folder)[0].passages
    assert passage.text[6:11] == "MOON1" and passage.entities == (GoldEntity("GENE", 6, 11),)
