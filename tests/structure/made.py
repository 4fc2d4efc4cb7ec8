"""Extractions made by hand: a text with marks for its mentions, and what belongs to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from oncogloss.schema import (
    Arm,
    Concept,
    Criterion,
    Document,
    Endpoint,
    Extraction,
    Logic,
    Marker,
    Mention,
    ModelInfo,
    Part,
    Passage,
    Registry,
    Relation,
    Threshold,
)
from oncogloss.structure.notation import read_logic

INFO = ModelInfo(name="none", version="0", sha256="0")
_MARK = re.compile(r"\[(?P<text>[^|\]]+)\|(?P<type>[A-Z_]+)(?P<attributes>(?: \w+)*)\]")


def concept(id_: str, name: str = "", **more: Any) -> Concept:
    return Concept(id=id_, name=name or id_, vocabulary="T", score=1.0, **more)


CONCEPTS: dict[str, Concept] = {
    "NSCLC": concept("T:NSCLC", parents=("T:LUNG",)),
    "lung adenocarcinoma": concept("T:LUAD", parents=("T:NSCLC",)),
    "lung cancer": concept("T:LUNG", parents=("T:CANCER",)),
    "malignancy": concept("T:CANCER", parents=("T:DISEASE",)),
    "melanoma": concept("T:MEL", parents=("T:CANCER",)),
    "basal cell carcinoma": concept("T:BCC", parents=("T:CANCER",)),
    "hepatitis B": concept("T:HBV", parents=("T:INFECTION",)),
    "infection": concept("T:INFECTION", parents=("T:DISEASE",)),
    "nivolumab": concept("T:NIVO", drug_class="antibody", targets=("PDCD1",)),
    "PD-1 inhibitor": concept("T:PD1", drug_class="inhibitor", targets=("PDCD1",)),
    "EGFR inhibitor": concept("T:EGFRI", drug_class="inhibitor", targets=("EGFR",)),
    "paclitaxel": concept("T:PAC", drug_class="taxane"),
    "FOLTOX": concept("T:FOLTOX", members=("paclitaxel", "nivolumab")),
    "chemotherapy": concept("T:CHEMO", "chemotherapy"),
    "radiotherapy": concept("T:RT", parents=("T:THERAPY",)),
    "ECOG": concept("T:ECOG", "ECOG performance status"),
    "age": concept("T:AGE", "age"),
    "ANC": concept("T:ANC", "Neutrophils"),
    "ALT": concept("T:ALT", "ALT"),
    "EGFR": concept("T:EGFR", "EGFR"),
    "EGFR L858R": concept("T:L858R", marker=Marker(genes=("EGFR",), alteration="p.Leu858Arg", state="mutation")),
    "EGFR mutation": concept("T:EGFRM", marker=Marker(genes=("EGFR",), state="mutation")),
    "EGFR wild-type": concept("T:EGFRW", marker=Marker(genes=("EGFR",), state="wild type")),
    "HER2-positive": concept("T:HER2P", marker=Marker(genes=("HER2",), state="positive")),
    "HER2 positive": concept("T:HER2P", marker=Marker(genes=("HER2",), state="positive")),
    "HER2 negative": concept("T:HER2N", marker=Marker(genes=("HER2",), state="negative")),
    "HER2": concept("T:HER2", "HER2"),
    "PD-L1": concept("T:PDL1", "PD-L1"),
}


def make_trial(
    criteria: Sequence[tuple[str, str, str]],
    relations: Sequence[tuple[str, str, str]] = (),
    thresholds: Sequence[dict[str, Any]] = (),
    *,
    parents: dict[str, str] | None = None,
    categories: dict[str, tuple[str, ...]] | None = None,
    texts: dict[str, str] | None = None,
    registry: Registry | None = None,
    parts: Sequence[tuple[str, str, str]] = (),
    **found: Any,
) -> tuple[Document, Extraction]:
    """A trial of criteria (side, marked text, logic); mentions are m1, m2 … and criteria c1, c2 … in reading order.

    Relations name mentions; parts are (passage, label, text) and their texts make the passages.
    """
    text, mentions, made = "", [], []
    for number, (side, marked, logic) in enumerate(criteria, 1):
        start, first = len(text), len(mentions)
        position = 0
        for mark in _MARK.finditer(marked):
            text += marked[position : mark.start()]
            mentions.append(_mention(f"m{len(mentions) + 1}", "eligibility", len(text), mark))
            text += mark["text"]
            position = mark.end()
        text += marked[position:]
        made.append(
            Criterion(
                id=f"c{number}",
                passage="eligibility",
                start=start,
                end=len(text),
                side=side,  # type: ignore[arg-type]
                parent=(parents or {}).get(f"c{number}"),
                categories=(categories or {}).get(f"c{number}", ()),  # type: ignore[arg-type]
                mentions=tuple(m.id for m in mentions[first:]),
                score=1.0,
                logic=read_logic(logic) if logic else None,
            )
        )
        text += "\n"
    passages = {"eligibility": text, **(texts or {})}
    placed = []
    for passage, label, entry in parts:
        before = passages.get(passage, "")
        placed.append(
            Part(passage=passage, start=len(before), end=len(before) + len(entry), label=label, kind="primary")
        )
        passages[passage] = f"{before}{entry}\n\n"
    mentions += found.pop("mentions", [])
    document = Document(
        id="T1",
        passages=tuple(Passage(name=name, text=words) for name, words in passages.items()),
        parts=tuple(placed),
        registry=registry,
    )
    extraction = Extraction(
        id="T1",
        model=INFO,
        passages=(),
        mentions=tuple(mentions),
        relations=tuple(Relation(type=t, head=h, tail=x, score=1.0) for t, h, x in relations),  # type: ignore[arg-type]
        criteria=tuple(made),
        thresholds=tuple(Threshold.model_validate({"unit": "1", "text": "", **t}) for t in thresholds),
        **found,
    )
    return document, extraction


def _mention(id_: str, passage: str, start: int, mark: re.Match[str]) -> Mention:
    words = mark["text"]
    return Mention(
        id=id_,
        passage=passage,
        start=start,
        end=start + len(words),
        text=words,
        type=mark["type"],  # type: ignore[arg-type]
        attributes=tuple(mark["attributes"].split()),  # type: ignore[arg-type]
        score=1.0,
        concept=CONCEPTS.get(words),
    )


__all__ = ["CONCEPTS", "Arm", "Endpoint", "Logic", "concept", "make_trial"]
