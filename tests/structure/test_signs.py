from __future__ import annotations

import pytest

from oncogloss.structure.quantities import read_quantity
from oncogloss.structure.signs import words_of_unit


@pytest.mark.parametrize(
    ("ucum", "measure", "read"),
    [
        ("mm[Hg]", "blood pressure", "mm[Hg]"), ("mL/min/{1.73_m2}", "eGFR", "mL/min/{1.73_m2}"),
        ("{INR}", "INR", "1"), ("[IU]/mL", "HBV DNA", "[IU]/mL"), ("[IU]/L", "FSH", "[IU]/L"),
        ("m[IU]/L", "TSH", "m[IU]/L"), ("{copies}/mL", "HIV RNA", "{copies}/mL"), ("%{of total}", "blasts", "%"),
        ("mg/dL", "urea", "mg/dL"),
    ],
)  # fmt: skip
def test_units_of_ucum_are_read_without_their_brackets(ucum: str, measure: str, read: str) -> None:
    amount = read_quantity(f"5 {words_of_unit(ucum)}".strip(), measure)
    assert amount is not None and (amount.value, amount.unit) == (5, read)
