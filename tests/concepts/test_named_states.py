"""A cancer is named together with the states right before it."""

from __future__ import annotations

import pytest

from oncogloss.concepts.named_states import stated_names
from oncogloss.schema import EntityType, Mention, Relation


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("castration-resistant prostate cancer", ["castration-resistant prostate cancer"]),
        (
            "metastatic castration-resistant prostate cancer",
            ["castration-resistant prostate cancer", "metastatic castration-resistant prostate cancer"],
        ),
        ("metastatic prostate cancer", []),
        ("castration-resistant or other prostate cancer", []),
        ("prostate cancer, castration-resistant", []),
    ],
)
def test_the_words_right_before_a_cancer(text: str, names: list[str]) -> None:
    kinds: dict[str, EntityType] = {
        "metastatic": "STAGE", "castration-resistant": "DISEASE_STATE", "prostate cancer": "CANCER",
    }  # fmt: skip
    mentions = [
        Mention(id=words, passage="p", start=at, end=at + len(words), text=words, type=kind, score=1)
        for words, kind in kinds.items()
        if (at := text.find(words)) >= 0
    ]
    relations = [Relation(type="HAS_STAGE", head="prostate cancer", tail=m.id, score=1) for m in mentions[:-1]]
    assert [name for _, name in stated_names(mentions, relations, {"p": text})] == names
