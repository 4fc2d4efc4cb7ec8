"""Criteria written with their mentions marked: `No [CONDITION/neg gout]`."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from oncogloss.schema import Criterion, Document, Extraction, Mention, ModelInfo, Passage, Relation
from oncogloss.structure.criteria import logic_of
from oncogloss.structure.notation import canonical, read_logic, write_logic
from oncogloss.structure.scope import scopes

MARK = re.compile(r"\[(\w+)(?:/([\w,]+))? ([^\]]+)\]")  # [TYPE/attributes words]


def extraction_of(
    *criteria: tuple[str, str], relations: tuple[tuple[str, int, int], ...] = (), parents: dict[int, int] | None = None
) -> tuple[Document, Extraction]:
    """Criteria (side, text with marks) as a document of one passage; mentions are numbered from 1 throughout."""
    text, mentions, found = "", [], []
    for n, (side, marked) in enumerate(criteria, 1):
        start, first, position = len(text), len(mentions), 0
        for mark in MARK.finditer(marked):
            text += marked[position : mark.start()]
            attributes = tuple(mark[2].split(",")) if mark[2] else ()
            mentions.append(
                Mention(
                    id=str(len(mentions) + 1), passage="eligibility", start=len(text), end=len(text) + len(mark[3]),
                    text=mark[3], type=mark[1], attributes=attributes, score=1.0,
                )
            )  # fmt: skip
            text += mark[3]
            position = mark.end()
        text += marked[position:]
        parent = (parents or {}).get(n)
        found.append(
            Criterion(
                id=f"c{n}", passage="eligibility", start=start, end=len(text), side=side, score=1.0,
                parent=f"c{parent}" if parent else None, mentions=tuple(m.id for m in mentions[first:]),
            )
        )  # fmt: skip
        text += "\n* "
    document = Document(id="d", passages=(Passage(name="eligibility", text=text),))
    extraction = Extraction(
        id="d",
        model=ModelInfo(name="test", version="", sha256=""),
        passages=(),
        mentions=tuple(mentions),
        relations=tuple(Relation(type=t, head=str(h), tail=str(t2), score=1.0) for t, h, t2 in relations),
        criteria=tuple(found),
    )
    return document, extraction


def logic(*criteria: tuple[str, str], **kwargs: object) -> str | None:
    """The first criterion's logic as text, in canonical form."""
    found = logic_of(scopes(*extraction_of(*criteria, **kwargs)))[0].logic  # type: ignore[arg-type]
    return write_logic(canonical(found)) if found else None


def means(wanted: str) -> str:
    """The logic that is wanted, in canonical form."""
    return write_logic(canonical(read_logic(wanted)))


WORDS = st.sampled_from(
    ["[CONDITION gout]", "[DRUG/neg lunamab]", "[CANCER/exc glioma]", "[VALUE 3]", "[TIME now]", "or", "and", ",", ";",
     "with", "unless", "(", ")", "e.g.", "\n\n", "no", "of", "[POPULATION women]", "[MEASURE pulse]", "if", "/"]
)  # fmt: skip
