"""What a patient's stage says to the stages that a criterion asks for."""

from __future__ import annotations

import pytest

from oncogloss.schema import Diagnosis, Mention
from oncogloss.structure.entries import Entry
from oncogloss.structure.kleene import Truth
from oncogloss.structure.stages import at_stage, groups_of, stages_in


def of_stage(stage: str) -> Entry:
    return Entry("diagnosis 1", "", None, Diagnosis(name="NSCLC", stage=stage))


@pytest.mark.parametrize(
    ("asked", "stage", "expected"),
    [
        ("stage IIIB-IV", "stage IV", True),
        ("stage IIIB-IV", "stage IIIA", False),
        ("stage IIIB-IV", "stage III", None),
        ("Stage I-III", "stage II", True),
        ("Stage II to IV", "III", True),
        ("stage 1-4b", "IVC", False),
        ("IIIB-C", "stage IIIC", True),
        ("IIIA, B or C", "stage IIIB", True),
        ("III or IV", "IV", True),
        ("stage IIB/III", "IIIA", True),
        ("stage IV", "IVA", True),
        ("stage IVA", "IV", None),
        ("IIIC1", "IIIC2", False),
        ("stage I-II", "stage I-III", None),
        ("advanced", "IVB", True),
        ("advanced", "III", None),
        ("metastatic", "metastatic", True),
        ("stage IV", "", None),
    ],
)
def test_stage_groups_are_spans_of_stages(asked: str, stage: str, expected: Truth) -> None:
    assert at_stage(asked, of_stage(stage)) is expected


@pytest.mark.parametrize(
    ("asked", "yes", "no"),
    [
        ("stage III or higher", "IV", "II"),
        ("stage ≥ II", "III", "I"),
        ("at least stage II", "II", "I"),
        ("stage > II", "III", "II"),
        ("stage II or lower", "I", "III"),
        ("no higher than stage II", "II", "III"),
        ("less than stage II", "I", "II"),
    ],
)
def test_a_stage_may_be_compared(asked: str, yes: str, no: str) -> None:
    assert at_stage(asked, of_stage(yes)) is True
    assert at_stage(asked, of_stage(no)) is False


def test_tumor_nodes_and_metastases_are_no_stage_group() -> None:
    assert at_stage("T2-4 N0-3 M0", of_stage("stage IV")) is at_stage("T1-2", of_stage("stage II")) is None
    assert at_stage("T2N0M0", of_stage("T2N0M0")) is True
    assert at_stage("stage IV", of_stage("stage IIIA (T2N2M0)")) is False
    assert groups_of("grade 2") == []


@pytest.mark.parametrize(
    ("text", "stages", "expected"),
    [
        ("stage I-III disease", ("stage I", "III"), ["stage I-III"]),
        ("stage I to stage III", ("stage I", "stage III"), ["stage I to stage III"]),
        ("stage I or III", ("stage I", "III"), ["stage I", "III"]),
        ("at least stage II disease", ("stage II",), ["at least stage II"]),
        ("stage III or higher", ("stage III",), ["stage III or higher"]),
    ],
)
def test_words_of_stages_with_what_joins_and_compares_them(
    text: str, stages: tuple[str, ...], expected: list[str]
) -> None:
    mentions, end = [], 0
    for n, words in enumerate(stages):
        start = text.index(words, end)
        end = start + len(words)
        mentions.append(Mention(id=f"m{n}", passage="", start=start, end=end, text=words, type="STAGE", score=1.0))
    assert stages_in(text, mentions) == expected
