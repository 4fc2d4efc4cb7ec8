"""spaCy: Docs with nested spans and the exact facts beside them, through a DocBin and as a pipeline component."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from hypothesis import given, settings

from oncogloss.schema import Document, Extraction, Mention, OwnMention, Relation
from toys import ROOT, extractions, make_document, make_extraction, make_mention

spacy = pytest.importorskip("spacy")

from spacy.tokens import Doc, DocBin  # noqa: E402

from oncogloss.writers.spacy import write_docbin  # noqa: E402


def read(path: Path) -> list[Doc]:
    return list(DocBin().from_disk(path).get_docs(spacy.blank("en").vocab))


def test_docbin_by_hand(tmp_path: Path) -> None:
    document = make_document("r1", title="🙂 no MOON1 loss in moon sarcoma", note="MOON1V6 ")
    title, note = document.passages
    concept = {"id": "OG:moon", "name": "moon sarcoma", "vocabulary": "OG", "score": 1.0}
    mentions = [
        make_mention("m1", title, "MOON1 loss", "BIOMARKER", attributes=("neg",)),
        make_mention("m2", title, "MOON1", "GENE"),
        make_mention("m3", title, "moon sarcoma", "CANCER", concept=concept),
        make_mention("m4", note, "MOON1", "GENE"),
    ]
    relation = Relation(type="BIOMARKER_OF", head="m1", tail="m3", score=0.5)
    write_docbin([(document, make_extraction(document, mentions, relations=(relation,)))], tmp_path / "d.spacy")
    first, second = read(tmp_path / "d.spacy")
    assert (first.text, second.text) == (title.text, note.text)
    assert [(s.text, s.label_, s.kb_id_, s.id_) for s in first.spans["oncogloss"]] == [
        ("MOON1 loss", "BIOMARKER", "", "m1"), ("MOON1", "GENE", "", "m2"), ("moon sarcoma", "CANCER", "OG:moon", "m3"),
    ]  # fmt: skip
    assert [e.label_ for e in first.ents] == ["BIOMARKER", "CANCER"]
    assert [Mention.model_validate(m) for m in first._.oncogloss["mentions"]] == mentions[:3]
    assert Relation.model_validate(first._.oncogloss["relations"][0]) == relation
    assert [s.text for s in second.spans["oncogloss"]] == ["MOON1V6"]  # the whole token
    assert second._.oncogloss["mentions"][0]["end"] == 5 and not second._.oncogloss["relations"]


@settings(max_examples=25)
@given(extractions())
def test_docbin_keeps_text_and_exact_mentions(pair: tuple[Document, Extraction]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_docbin([pair], Path(folder) / "d.spacy")
        (doc,) = read(Path(folder) / "d.spacy")
    mentions = pair[1].mentions
    assert doc.text == pair[0].passages[0].text
    assert tuple(Mention.model_validate(m) for m in doc._.oncogloss["mentions"]) == mentions
    assert [s.id_ for s in doc.spans["oncogloss"]] == [m.id for m in mentions]
    for span, mention in zip(doc.spans["oncogloss"], mentions, strict=True):
        assert span.start_char <= mention.start and mention.end <= span.end_char


def test_the_entry_point_names_the_component() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["entry-points"]["spacy_factories"]["oncogloss"].partition(":")
    assert hasattr(pytest.importorskip(module), name)


def test_a_pipeline_with_the_shipped_model(shipped: object) -> None:
    if not entry_points(group="spacy_factories", name="oncogloss"):
        import oncogloss.spacy_component  # noqa: F401 - this copy is not installed: register by hand
    nlp = spacy.blank("en")
    nlp.add_pipe("oncogloss", config={"model": "micro"})
    doc = nlp("Pembrolizumab 200 mg every 3 weeks in PD-L1-positive NSCLC.")
    found = {(s.text, s.label_) for s in doc.spans["oncogloss"]}
    assert {("Pembrolizumab", "DRUG"), ("200 mg", "DOSE"), ("NSCLC", "CANCER")} <= found
    assert [e.start for e in doc.ents] == sorted(e.start for e in doc.ents)
    assert any(r["type"] == "DOSING" for r in doc._.oncogloss["relations"])
    assert all(doc.text[m["start"] : m["end"]] == m["text"] for m in doc._.oncogloss["mentions"])
    assert len(nlp("").spans["oncogloss"]) == 0


def test_docs_are_read_in_a_program_that_wrote_none(tmp_path: Path) -> None:
    """As the page on formats has it; own labels have spans of their own."""
    document = make_document("r1", text="MOON1 loss at the crater visit")
    own = OwnMention(passage="text", start=18, end=30, text="crater visit", label="VISIT", score=0.9)
    extraction = make_extraction(document, [make_mention("m1", document.passages[0], "MOON1", "GENE")])
    write_docbin([(document, extraction.model_copy(update={"own": (own,)}))], tmp_path / "trials.spacy")
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    snippet = page.split("cut by spaCy's English tokenizer:")[1].split("```python\n")[1].split("```")[0]
    snippet += '    print([(s.text, s.label_) for s in doc.spans["oncogloss_own"]])\n'
    done = subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["r1 [('MOON1', 'GENE', '')]", "[('crater visit', 'VISIT')]"], done.stderr
