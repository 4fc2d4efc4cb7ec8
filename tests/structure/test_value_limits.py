from __future__ import annotations

import re

import pytest

from oncogloss.schema import Mention
from oncogloss.structure.quantities import Quantity
from oncogloss.structure.value_limits import read_value, says_limit, says_normal, with_comparison


@pytest.mark.parametrize(
    ("words", "measure", "wanted"),
    [
        ("within normal limits", "Phosphate", [(">=", "LLN"), ("<=", "ULN")]),
        ("within the institutional\nnormal range", "TSH", [(">=", "LLN"), ("<=", "ULN")]),
        ("normal", "Bilirubin", [("<=", "ULN")]), ("WNL", "PTT", [("<=", "ULN")]),
        ("Normal", "LVEF", [(">=", "LLN")]), ("normal", "creatinine clearance", [(">=", "LLN")]),
        ("abnormal", "Potassium", [("<", "LLN"), (">", "ULN")]),
        ("outside of the normal range", "creatinine", [(">", "ULN")]),
        ("not within normal limits", "ejection fraction", [("<", "LLN")]),
        ("normal", "howl function", []), ("normal adults", "calcium", []),
    ],
)  # fmt: skip
def test_what_is_normal_keeps_the_limits(words: str, measure: str, wanted: list[tuple[str, str]]) -> None:
    assert [(q.operator, q.unit) for _, q in read_value(words, measure)] == wanted
    assert all(q.value == 1 for _, q in read_value(words, measure))


def test_what_is_denied_to_be_normal_is_not_read() -> None:
    assert says_normal("within normal limits") and says_normal("abnormal") and not says_normal("normal saline")
    assert read_value("within normal limits", "calcium", "serum calcium must not be ") == []


@pytest.mark.parametrize(
    ("words", "operator", "systolic", "diastolic"),
    [("≤ 150/90 mmHg", "<=", 150, 90), ("above 160 / 100", ">", 160, 100), ("140/90 mm Hg or higher", ">=", 140, 90)],
)
def test_a_pair_of_blood_pressures(words: str, operator: str, systolic: float, diastolic: float) -> None:
    first, second = read_value(words, "BP; blood pressure")
    assert first[0] == "Systolic Blood Pressure" and (first[1].operator, first[1].value) == (operator, systolic)
    assert second[0] == "Diastolic Blood Pressure" and (second[1].operator, second[1].value) == (operator, diastolic)
    assert first[1].unit == second[1].unit == "mm[Hg]"


def test_what_is_no_pair_of_blood_pressures() -> None:
    assert read_value("> 90/150 mmHg", "blood pressure") == []
    assert read_value("20/40", "visual acuity") == []
    assert read_value("> 140 mmHg", "blood pressure") == [("", Quantity(">", 140, "mm[Hg]"))]


def test_what_says_a_limit() -> None:
    for words in ("< 3 g/dL", "two", "LLN", "below the lower limit of normal", "WNL"):
        assert says_limit(words)
    assert not says_limit("positive") and not says_limit("adequate")


@pytest.mark.parametrize(
    ("marked", "wanted"),
    [
        ("ECOG less than [2]", "less than 2"), ("ECOG of [2] or less,", "2 or less"),
        ("age >= [18 years]", ">= 18 years"),
        ("age over the age of [18 years] or older", "over the age of 18 years or older"), ("below [LLN]", "below LLN"),
        ("no more than [2] lines", "no more than 2"), ("ECOG not less than [2]", ""), ("ECOG of [2]", ""),
        ("ECOG > [≤ 2]", ""), ("pulse [90] or above 120", ""), ("pulse [90] or more than 120", ""), ("lead->[2]", ""),
    ],
)  # fmt: skip
def test_a_comparison_that_stands_outside_the_value(marked: str, wanted: str) -> None:
    found = re.search(r"\[(.*)\]", marked)
    assert found
    text, start = re.sub(r"[\[\]]", "", marked), found.start()
    value = Mention(id="1", passage="e", start=start, end=start + len(found[1]), text=found[1], type="VALUE", score=1)
    assert " ".join(with_comparison(text, value).split()) == wanted
