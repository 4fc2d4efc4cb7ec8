"""What the ledger says is lacking: invented criteria, each with one thing that its logic does not hold."""

from __future__ import annotations

import pytest
from marked import extraction_of

from oncogloss.schema import Coverage, Lack
from oncogloss.structure import structured


def told(side: str, text: str, *relations: tuple[str, int, int]) -> Coverage:
    return structured(*extraction_of((side, text), relations=relations)).coverage[0]


@pytest.mark.parametrize(
    ("side", "text", "lack"),
    [
        ("inc", "[CANCER moon sarcoma] with less than a [DISEASE_STATE partial response]", "value"),
        ("exc", "History of [CANCER glioma], unless all treatment was completed", "case"),
        ("inc", "[CANCER moon sarcoma] if treated", "case"),
        ("exc", "[CONDITION lunar] or [CONDITION tidal infection]", "mention"),
        ("inc", "[CANCER cancer in the crater], or [CANCER rim]", "mention"),
        ("exc", "Not recovered from [PROCEDURE moon bath]", "words"),
        ("exc", "Candidates for [PROCEDURE moon bath]", "words"),
        ("exc", "Treatment of [CONDITION tide fever]", "words"),
        ("inc", "Prior [PROCEDURE moon bath] that was not finished", "logic"),
        ("inc", "Recent [DRUG_CLASS therapy] defined as", "logic"),
        ("exc", "[CONDITION gout] with untamed fins", "words"),
        ("inc", "[CANCER moon sarcoma] requiring treatment", "words"),
        ("exc", "[CANCER moon sarcoma], unless treated and free of [CONDITION/neg gout]", "case"),
        ("exc", "[DRUG lunamab] [TIME within 3 weeks] or [TIME 5 half-lives], whichever is longer", "time"),
        ("exc", "[CONDITION failure] such as [CONDITION kidney] or [CONDITION heart failure]", "mention"),
        ("inc", "[CANCER acute crateroid] or [CANCER lunar leukemia]", "mention"),
        ("inc", "[CANCER glioma] * NOTE: *", "words"),
        ("inc", "[CANCER glioma]:", "logic"),
    ],
)
def test_what_the_logic_lacks_is_told_and_decisive(side: str, text: str, lack: Lack) -> None:
    stretch = told(side, text)
    assert stretch.status == "partly" and lack in stretch.lacks and stretch.decisive


@pytest.mark.parametrize(
    ("text", "lack"),
    [
        ("[MEASURE ALT] [VALUE 3 x ULN]", "value"),
        ("[MEASURE ALT] [VALUE >= 80-100 U/L]", "value"),
        ("[MEASURE ANC] [VALUE <30' 10 9/L]", "value"),
        ("[MEASURE ALT] [VALUE ULN]", "value"),
        ("[MEASURE ALT] is [VALUE a lower limit of normal]", "value"),
    ],
)
def test_numbers_without_a_clear_comparison(text: str, lack: Lack) -> None:
    assert told("inc", text, ("HAS_VALUE", 1, 2)).lacks == (lack,)


@pytest.mark.parametrize(
    "text",
    [
        "[CONDITION gout] as determined by the treating investigator",
        "[CONDITION gout] in the opinion of the investigator",
        "Known [CONDITION allergy] to [DRUG lunamab]",
        "Active [CONDITION gout] or [CONDITION tide fever]",
        "[CONDITION gout] confirmed by [PROCEDURE moon scan]",
        "Willing and able to sign a written informed consent form",
    ],
)
def test_harmless_words_leave_nothing_over(text: str) -> None:
    document, extraction = extraction_of(("inc", text))
    if "consent" in text:
        asked = extraction.criteria[0].model_copy(update={"categories": ("consent",)})
        extraction = extraction.model_copy(update={"criteria": (asked,)})
    assert structured(document, extraction).coverage[0].status == "structured"


def test_a_list_of_which_a_relation_tells_one_member() -> None:
    text = "Prior [DRUG lunamab] in the [SETTING adjuvant], or [STAGE metastatic] setting"
    assert "logic" in told("exc", text, ("IN_SETTING", 1, 2)).lacks


def test_a_missing_concept_decides_nothing() -> None:
    stretch = told("inc", "[MEASURE pulse] is normal")
    assert stretch.lacks == ("concept",) and not stretch.decisive
