"""Annotations move along with their words, and never land on other ones."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.errors import CorpusError
from oncogloss.training.anchors import _ink, anchors, find_again
from oncogloss.training.corpora import (
    GoldCriterion,
    GoldDocument,
    GoldEntity,
    GoldPassage,
    GoldRelation,
    build_corpus,
    lacking_text,
    write_standoff,
)
from toys import SENTENCES

DRUG = re.compile("zorbatinib|lunamab", re.IGNORECASE)


def passage_of(sentences: list[str]) -> GoldPassage:
    text = "\n".join(f"- {s}" for s in sentences)
    entities = tuple(GoldEntity("DRUG", m.start(), m.end()) for m in DRUG.finditer(text))
    starts = [m.end() for m in re.finditer(r"^- ", text, re.MULTILINE)]
    criteria = tuple(GoldCriterion(s, "inc", None if i == 0 else i - 1, ("other",)) for i, s in enumerate(starts))
    relations = tuple(GoldRelation("COMBINED_WITH", i, i + 1) for i in range(len(entities) - 1))
    return GoldPassage("eligibility", text, entities, relations, criteria)


def rebuilt(tmp_path, passage: GoldPassage, new_text: str) -> tuple[GoldPassage | None, list[str]]:
    corpus, out = tmp_path / "corpus", tmp_path / "out"
    corpus.mkdir(exist_ok=True)
    (corpus / "splits.json").write_text('{"dev": [], "test": []}')
    write_standoff([GoldDocument("NCT1", (passage,), "ours")], corpus / "ours.jsonl", with_text=False)
    assert passage.text not in (corpus / "ours.jsonl").read_text()
    assert lacking_text(corpus) == {"NCT1"}
    records = tmp_path / "records.jsonl"
    records.write_text(json.dumps({"id": "NCT1", "passages": {"eligibility": new_text}}) + "\n")
    documents, problems = build_corpus(corpus, [records], out)
    assert lacking_text(out) == set()
    return (documents[0].passages[0] if documents else None), problems


def test_unchanged_text_is_joined_as_it_is(tmp_path) -> None:
    passage = passage_of(SENTENCES[:8])
    assert rebuilt(tmp_path, passage, passage.text) == (passage, [])


def test_another_layout_loses_nothing(tmp_path) -> None:
    passage = passage_of(SENTENCES[:8])
    wrapped = "  * " + passage.text.removeprefix("- ").replace("\n- ", "\n\n  * ").replace(" of ", "\n     of ")
    found, problems = rebuilt(tmp_path, passage, wrapped)
    assert found is not None
    assert found.text == wrapped.strip().removeprefix("* ") or found.text == wrapped
    assert [found.text[e.start : e.end] for e in found.entities] == DRUG.findall(wrapped)
    assert found.relations == passage.relations
    assert [found.text[c.start] for c in found.criteria or ()] == [s[0] for s in SENTENCES[:8]]
    assert problems == [
        f"ours.jsonl: NCT1, eligibility: its text has changed; {len(found.entities)} of {len(found.entities)} entities "
        "found again."
    ]


def test_changed_sentences_are_left_out_whole(tmp_path) -> None:
    passage = passage_of(SENTENCES[:12])
    changed = SENTENCES[:12]
    changed[7] = "Prior treatment with lunamab was allowed."
    changed.insert(2, "A sentence that was not there before.")
    found, _ = rebuilt(tmp_path, passage, "\n".join(f"- {s}" for s in changed))
    assert found is not None
    assert "allowed" not in found.text.split("\n")[7] and "not there before" not in found.text
    assert [found.text[e.start : e.end] for e in found.entities] == DRUG.findall(found.text)
    assert len(found.criteria or ()) == 11
    parents = [c.parent for c in found.criteria or ()]
    assert parents == [None, *range(10)], "a lost criterion's child hangs on the criterion above it"
    assert all(r.head < len(found.entities) and r.tail < len(found.entities) for r in found.relations)


def test_another_text_gives_nothing(tmp_path) -> None:
    found, problems = rebuilt(tmp_path, passage_of(SENTENCES[:5]), "Nothing of the kind stands here, nor ever did.")
    assert found is None
    assert problems[0].endswith("0 of 3 entities found again.")


def test_signs_at_the_edges_stay(tmp_path) -> None:
    text = "- Breast cancer that is HER2- by assay.\n- From day -7 on, until surgery.\n"
    spans = tuple(GoldEntity("GENE", text.index(s), text.index(s) + len(s)) for s in ("HER2-", "-7"))
    found, _ = rebuilt(tmp_path, GoldPassage("eligibility", text, spans, criteria=()), text.replace("- B", "  * B"))
    assert found is not None
    assert [found.text[e.start : e.end] for e in found.entities] == ["HER2-", "-7"]


def test_the_corpus_is_not_written_over(tmp_path) -> None:
    rebuilt(tmp_path, passage_of(SENTENCES[:2]), "x")
    with pytest.raises(CorpusError, match="the corpus itself"):
        build_corpus(tmp_path / "corpus", [], tmp_path / "corpus")


def test_a_repeated_sentence_is_found_at_its_place() -> None:
    text = "Moon sarcoma is treated.\nFirst line here.\nMoon sarcoma is treated.\nSecond line here."
    assert [tuple(run) for run in find_again(anchors(text, [])["stretches"], text)] == [(0, 0, 71)]


@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12), st.data())
def test_what_is_found_again_is_the_same_words(sentences: list[str], data: st.DataObject) -> None:
    old = "\n".join(sentences)
    kept = [s for s in sentences if data.draw(st.booleans())]
    new = " \n\n".join(f"* {s}" for s in kept)
    inked = ["".join(t[i] for i in _ink(t)) for t in (old, new)]
    runs = find_again(anchors(old, [])["stretches"], new)
    for run in runs:
        assert inked[0][run.old : run.old + run.length] == inked[1][run.new : run.new + run.length]
    assert all(a.old + a.length <= b.old and a.new + a.length <= b.new for a, b in zip(runs, runs[1:], strict=False))


@given(st.text(max_size=60))
def test_any_text_has_anchors(text: str) -> None:
    held = anchors(text, [0, len(text)])
    assert sum(n for n, _ in held["stretches"]) == held["spots"][1]
    if held["spots"][1]:
        assert [tuple(run) for run in find_again(held["stretches"], text)] == [(0, 0, held["spots"][1])]
