"""Invented material that the tests share: sentences, terms, documents, and streams cut by hand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from oncogloss.model.windows import Stream
from oncogloss.schema import (
    ATTRIBUTES,
    ENTITY_TYPES,
    RELATION_TYPES,
    Document,
    Extraction,
    Mention,
    ModelInfo,
    Passage,
    PassageReading,
    Relation,
)

ROOT = Path(__file__).parents[1]

SENTENCES = """\
A phase 2 study of zorbatinib in adults with metastatic moon sarcoma.
Zorbatinib plus lunamab as first-line treatment of HER2-positive crater carcinoma.
Patients must have histologically confirmed stage IV moon sarcoma.
Patients must have an ECOG performance status of 0 or 1.
Absolute neutrophil count of at least 1.5 x 10^9/L.
Measurable disease by RECIST 1.1 is required.
No prior treatment with a tide inhibitor is allowed.
Prior treatment with lunamab is allowed if it ended 28 days before enrolment.
Patients with known brain metastases are excluded.
Pregnant or nursing women are excluded.
Zorbatinib 20 mg is taken by mouth once daily in 28-day cycles.
Lunamab 175 mg/m2 is given as an infusion on day 1 of each cycle.
The primary outcome is progression-free survival at 2 years.
The secondary outcome is overall survival at 5 years.
Overall response rate is assessed by RECIST 1.1 every 8 weeks.
Tumors with a MOON1 mutation or a fusion of MOON2 are eligible.
HER2+ tumors are eligible; HER2 is tested in the tissue of the tumor.
Moon sarcoma (MS) is a rare cancer of the crater.
Patients with MS who have progressed on zorbatinib are eligible.
Inclusion criteria: age of 18 years or older.
Exclusion criteria: another cancer within 3 years.
A history of tide fever or of crater disease is excluded.
The study compares zorbatinib with placebo in patients with crater carcinoma.
Written informed consent is given before the first dose.
Creatinine of at most 1.5 times the upper limit of normal.
Total bilirubin of at most 1.5 times the upper limit of normal.
Patients who take strong inhibitors of CYP3A4 are excluded.
The maximum tolerated dose of zorbatinib is found in part 1 of the study.
Radiotherapy within 14 days before the first dose is not allowed.
Patients with hepatitis B or an infection that needs treatment are excluded.
""".splitlines()
TERMS = ["HER2", "HER2+", "PD-L1", "BRCA1/2", "T-DXd", "mg/m2", "zorbatinib", "lunamab"]

# types that the tiny network may find; the others' scores are exactly 0, which is no span
LIVELY = ("CANCER", "GENE", "BIOMARKER", "DRUG", "CONDITION", "OUTCOME")


def make_document(identifier: str = "d1", **texts: str) -> Document:
    """A document of named passages."""
    return Document(id=identifier, passages=tuple(Passage(name=name, text=text) for name, text in texts.items()))


def words_stream(passages: list[tuple[str, str]], name_ids: dict[str, int] | None = None) -> Stream:
    """A stream whose tokens are words and single marks (`HER2+` is one), all of id 7; names have ids from 100."""
    ids, where, starts, ends, names = [], [], [], [], []
    for index, (name, text) in enumerate(passages):
        found = [m.span() for m in re.finditer(r"[A-Za-z0-9]+\+?|[^\w\s]", text)]
        names.append((name_ids or {}).get(name, 100 + index))
        ids += [names[-1], *[7] * len(found)]
        where += [index] * (len(found) + 1)
        starts += [0, *(a for a, _ in found)]
        ends += [0, *(b for _, b in found)]
    return Stream(*(np.array(part, np.int64) for part in (ids, where, starts, ends, names)))


def make_extraction(document: Document, mentions: list[Mention], **more: object) -> Extraction:
    """An extraction by hand."""
    readings = tuple(PassageReading(name=p.name, text_sha256=p.sha256) for p in document.passages)
    info = ModelInfo(name="hand", version="0", sha256="ab" * 32)
    fields = {"mentions": tuple(mentions), "relations": (), "criteria": ()} | more
    return Extraction(id=document.id, model=info, passages=readings, **fields)


def make_mention(identifier: str, passage: Passage, words: str, type_: str, **more: object) -> Mention:
    """A mention of the first place where its words stand."""
    start = passage.text.index(words)
    place = {"passage": passage.name, "start": start, "end": start + len(words), "text": words}
    return Mention.model_validate({"id": identifier, "type": type_, "score": 0.9, **place, **more})


# letters, digits, signs, all kinds of breaks, an emoji with a skin tone, an accent that combines, and one that does not
LETTERS = "ab1_.-#|=\n\r\t\v\u2028\u00a0 🙂👩🏽e\u0301é"


@st.composite
def extractions(draw: st.DrawFn) -> tuple[Document, Extraction]:
    """A passage with mentions that nest, touch or coincide, never cross, begin and end with something to see, and
    relations between them."""
    text = draw(st.text(st.sampled_from(LETTERS), max_size=40))
    document = make_document("r 1/ü", text=text)
    spans: list[tuple[int, int]] = []
    for _ in range(draw(st.integers(0, 7)) if text else 0):
        a = draw(st.integers(0, len(text) - 1))
        b = draw(st.integers(a + 1, len(text)))
        seen = not (text[a].isspace() or text[b - 1].isspace())
        if seen and not any(a < x < b < y or x < a < y < b for x, y in spans):
            spans.append((a, b))
    mentions = [
        Mention(
            id=f"m{i}",
            passage="text",
            start=a,
            end=b,
            text=text[a:b],
            type=draw(st.sampled_from(ENTITY_TYPES)),
            attributes=tuple(mark for mark in ATTRIBUTES if draw(st.booleans())),
            score=0.5,
        )
        for i, (a, b) in enumerate(spans)
    ]
    some = st.sampled_from([m.id for m in mentions]) if mentions else st.nothing()
    links = st.builds(Relation, type=st.sampled_from(RELATION_TYPES), head=some, tail=some, score=st.just(0.5))
    return document, make_extraction(document, mentions, relations=tuple(draw(st.lists(links, max_size=3))))
