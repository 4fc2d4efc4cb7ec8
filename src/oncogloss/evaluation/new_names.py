"""Twenty invented drugs with sentences of our own, to ask what it takes to teach a system new names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from oncogloss.schema import EntityType
from oncogloss.training.corpora import GoldDocument, GoldEntity, GoldPassage

NAMES = (
    "quavortinib", "drelisotinib", "ombracitinib", "fezolaparib", "yuvaciclib", "torvenexib", "kelpradegib",
    "zelvutamab", "brinostuzumab", "ocravelimab", "mirvotuzumab plenitecan", "sontavelimab", "jarodetide",
    "pexolumide", "virlanersen", "hedralutamide", "QVX-4417", "LMB 20931", "Ozurvi", "Belqanta",
)  # fmt: skip

# Marked as [TYPE words]; [@] is the drug
TAUGHT = (
    "[@] is given [ROUTE orally] at [DOSE 40 mg] [SCHEDULE once daily] to adults with [CANCER solid tumors].",
    "Prior treatment with [@] or another [DRUG_CLASS investigational agent] [TIME within 28 days].",
)
HELD = (
    "A phase 2 study of [@] in [DISEASE_STATE relapsed] [CANCER lymphoma]",
    "- Known [CONDITION hypersensitivity] to [@] or its excipients",
    "Participants receive [@] [SCHEDULE every 3 weeks] plus [DRUG_CLASS chemotherapy].",
)
_MARK = re.compile(r"\[(@|[A-Z_]+ [^\]]+)\]")


def taught_sentences() -> list[GoldDocument]:
    """Two annotated sentences for each name, to learn from."""
    return _sentences(TAUGHT, "taught")


def held_sentences() -> list[GoldDocument]:
    """Three other sentences for each name, to be asked before and after."""
    return _sentences(HELD, "held")


def _sentences(patterns: Sequence[str], kind: str) -> list[GoldDocument]:
    filled = [(i, k, p, name) for i, name in enumerate(NAMES) for k, p in enumerate(patterns)]
    return [GoldDocument(f"{kind}-{i}-{k}", (marked(p, name),), "new names") for i, k, p, name in filled]


def marked(pattern: str, drug: str) -> GoldPassage:
    """The passage that a marked pattern says, with `drug` in its place."""
    text, entities, at = "", [], 0
    for mark in _MARK.finditer(pattern):
        text += pattern[at : mark.start()]
        type_, words = ("DRUG", drug) if mark[1] == "@" else mark[1].split(" ", 1)
        entities.append(GoldEntity(cast(EntityType, type_), len(text), len(text) + len(words)))
        text, at = text + words, mark.end()
    return GoldPassage("text", text + pattern[at:], tuple(entities))
