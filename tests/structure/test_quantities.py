from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.structure.quantities import Quantity, read_quantity, read_time
from oncogloss.structure.units import comparable

READINGS = """
≥ 1.5 × 10^9/L | >= 1.5 10*9/L
≥1.5x10^9/L | >= 1.5 10*9/L
≥ 1.5 × 10\\^9/L | >= 1.5 10*9/L
≥ 1.5 × 10⁹/L | >= 1.5 10*9/L
1.5 x 10e9/L | = 1.5 10*9/L
1.5E9/L | = 1.5 10*9/L
1.5 × 109/L | = 1.5 10*9/L
1.5 x 109 /L | = 1.5 10*9/L
1.5x10(9)/L | = 1.5 10*9/L
≥ 75 x 10*9/L | >= 75 10*9/L
≥ 75 x10<sup>9</sup>/L | >= 75 10*9/L
≥ 75 G/L | >= 75 10*9/L
75 x 10^3/µL or higher | >= 75 10*9/L
> 2.5 K/uL | > 2.5 10*9/L
> 1,500/mm3 | > 1.5 10*9/L
> 1500 per cubic millimeter | > 1.5 10*9/L
>= 1,500 cells/mm^3 | >= 1.5 10*9/L
100,000 cells/mm³ | = 100 10*9/L
1 000/µL | = 1 10*9/L
75.000/mm3 | = 75 10*9/L
<100,000 mcL | < 100 10*9/L
1-2.5 x 10^9/L | 1..2.5 10*9/L
1.500.000 | = 1500000 1
≥ 1,00,000 | >= 100000 1
no greater than 1.5 times normal | <= 1.5 ULN
<= 2.5 x ULN | <= 2.5 ULN
≤2.5xULN | <= 2.5 ULN
≤2.5ULN | <= 2.5 ULN
=< 2.5 X institutional ULN | <= 2.5 ULN
≤5 times the upper limit of normal | <= 5 ULN
< 3 x the institution's upper limit of normal (ULN) | < 3 ULN
more than 3 times upper normal limit | > 3 ULN
=\\< 4 times above the upper limits of the institutional norm | <= 4 ULN
less than 2.5-fold ULN | < 2.5 ULN
at least twice the ULN | >= 2 ULN
≤ 2.5 N | <= 2.5 ULN
≤ ULN | <= 1 ULN
above the ULN | > 1 ULN
below ULN | < 1 ULN
within 1.5 x ULN | <= 1.5 ULN
≥ LLN | >= 1 LLN
≥ lower limit of normal | >= 1 LLN
1,5 x ULN | = 1.5 ULN
1.5 to 3 x ULN | 1.5..3 ULN
5.0 x ULN or less | <= 5 ULN
0-1 | 0..1 1
0 - 2 | 0..2 1
0–1 | 0..1 1
0 to 1 | 0..1 1
0 or 1 | 0..1 1
0/1 | 0..1 1
0, 1 or 2 | 0..2 1
0, 1, or 2 | 0..2 1
of 0,1 or 2 | 0..2 1
a score of 0-1 | 0..1 1
≤ 2 | <= 2 1
</= 2 | <= 2 1
< or = 2 | <= 2 1
=> 2 | >= 2 1
\\>= 17 | >= 17 1
&ge; 17 | >= 17 1
> or equal to 17 | >= 17 1
greater than or equal to 50 percent | >= 50 %
greater than equal to (>=) 4 months | >= 121.75 d
equal to or more than 17 | >= 17 1
no less than 60 | >= 60 1
not less than 60 | >= 60 1
no more than 2 | <= 2 1
not exceeding 2 | <= 2 1
up to 3 | <= 3 1
minimum of 3 | >= 3 1
a maximum of 3 | <= 3 1
less than (<) 40 | < 40 1
over 60 | > 60 1
three | = 3 1
one or more | >= 1 1
at least one | >= 1 1
more than two | > 2 1
no more than two prior regimens | <= 2 1
2 or fewer | <= 2 1
grade 2 | = 2 1
grade ≥ 2 | >= 2 1
≥ grade 2 | >= 2 1
Grade 3-4 | 3..4 1
grade 3 or 4 | 3..4 1
grade III/IV | 3..4 1
≤ grade 1 | <= 1 1
G3 or higher | >= 3 1
no greater than grade 2 | <= 2 1
no worse than grade 1 | <= 1 1
grade I or above | >= 1 1
NYHA class III or IV | 3..4 1
II-IV | 2..4 1
> CTCAE v5.0 grade 1 | > 1 1
3+ | = 3 1
grade 3+ | >= 3 1
IHC 3+ | = 3 1
2+ or 3+ | 2..3 1
9/10 | = 9 1
at least 4/10 | >= 4 1
18 years or older | >= 18 a
18 years of age and older | >= 18 a
at least 18 years old | >= 18 a
≥ 18-years-old | >= 18 a
aged 18 to 75 | 18..75 a
over 20 years of age | > 20 a
6 months to 17 years of age | 0.5..17 a
between 18 and 75 | 18..75 1
≥ 18 and ≤ 75 | 18..75 1
2 to < 18 | 2..18 1
aged 18+ | >= 18 a
> 12 weeks | > 84 d
more than 3 months | > 91.3125 d
12 weeks or more | >= 84 d
less than 72 hours | < 3 d
< 470 ms | < 470 ms
=< 480 msec | <= 480 ms
0.45 seconds | = 450 ms
≥ 9.0 g/dL | >= 9000 mg/dL
≥ 90 g/L | >= 9000 mg/dL
≥ 9.0 g/dL (90 g/L) | >= 9000 mg/dL
≥ 9 gm/dl or ≥ 90 g/l | >= 9000 mg/dL
2.0 mg/dL or less | <= 2 mg/dL
less than 8.0 g per deciliter | < 8000 mg/dL
2 mg% | = 2 mg/dL
≤ 150 μmol per liter | <= 150 umol/L
5.6 mmol/L | = 5600 umol/L
≥ 50 mL/min | >= 50 mL/min
> 50 cc/min | > 50 mL/min
60 mL/min/1.73 m2 | = 60 mL/min/{1.73_m2}
≥ 60 ml/min/1.73m^2 | >= 60 mL/min/{1.73_m2}
50% | = 50 %
< 65% of predicted value | < 65 %
10%-20% | 10..20 %
at least 2 cm | >= 20 mm
> 1.5 cm in diameter | > 15 mm
≥ 30 kg | >= 30 kg
30 kg/m2 or higher | >= 30 kg/m2
> 140 mmHg | > 140 mm[Hg]
> 140 mm Hg | > 140 mm[Hg]
between 37°C and 38.5°C | 37..38.5 Cel
> 10 mg daily | > 10 mg/d
≥ 0.5 mg/kg/day | >= 0.5 mg/kg/d
> 100 bpm | > 100 /min
≤ 80 Gy | <= 80 Gy
≤ 135 U/L | <= 135 U/L
≤ 135 IU/L | <= 135 [IU]/L
at minimum 3 | >= 3 1
""".strip().splitlines()

NOT_READ = """
normal | within normal limits | negative | B | adequate | ≥ age of majority | 140/90 | 4:1 | 1/2 teaspoon | ≥
2 or better | 0 or 2 | ULN + 4 seconds | 1.5 x baseline | 3+4=7 | 18 years or 60 mL/min | 8 days/month | 5 x | ... | 10^
""".replace("\n", "|").split("|")

ANALYTES = [
    ("creatinine", "2.0 mg/dL", "177 µmol/L", "mg/dL"),
    ("Serum creatinine", "1.5 mg/dL", "132.6 umol/L", "mg/dL"),
    ("total bilirubin", "1.5 mg/dL", "25.65 µmol/L", "mg/dL"),
    ("fasting glucose", "126 mg/dL", "7.0 mmol/L", "mg/dL"),
    ("corrected serum calcium", "12 mg/dL", "3.0 mmol/L", "mg/dL"),
    ("Haemoglobin", "9 g/dL", "5.585 mmol/L", "g/dL"),
    ("Hb", "90 g/L", "9.0 g/dL", "g/dL"),
    ("albumin", "30 g/L", "3 g/dL", "g/dL"),
    ("PSA", "2 ng/mL", "2 µg/L", "ng/mL"),
    ("testosterone", "50 ng/dL", "1.7336 nmol/L", "ng/mL"),
    ("potassium", "3.5 mEq/L", "3.5 mmol/L", "mmol/L"),
    ("Karnofsky", "70%", "70", "1"),
]


def written(quantity: Quantity | None) -> str:
    if quantity is None:
        return ""
    number = f"{quantity.value:.10g}"
    if quantity.operator == "range":
        return f"{number}..{quantity.high:.10g} {quantity.unit}"
    return f"{quantity.operator} {number} {quantity.unit}"


@pytest.mark.parametrize("line", READINGS)
def test_the_words_of_a_comparison(line: str) -> None:
    text, wanted = line.rsplit(" | ", 1)
    assert written(read_quantity(text)) == wanted


@pytest.mark.parametrize("text", [text.strip() for text in NOT_READ])
def test_what_is_not_wholly_understood_is_not_read(text: str) -> None:
    assert read_quantity(text) is None


@pytest.mark.parametrize(("measure", "one", "other", "unit"), ANALYTES)
def test_the_same_amount_in_two_units(measure: str, one: str, other: str, unit: str) -> None:
    first, second = read_quantity(one, measure), read_quantity(other, measure)
    assert first and second and first.unit == second.unit == unit
    assert first.value == pytest.approx(second.value, rel=0.005)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("class A", "<= 6 1"), ("A or B7", "<= 7 1"), ("B or C", ">= 7 1"), ("B", "7..9 1"), ("B7", "= 7 1"),
        ("A5-A6", "<= 6 1"), ("> A", ">= 7 1"), ("class B/C", ">= 7 1"), ("<= 7", "<= 7 1"),
    ],
)  # fmt: skip
def test_classes_of_child_and_pugh_are_points(text: str, wanted: str) -> None:
    assert written(read_quantity(text, "Child-Pugh")) == wanted


def test_letters_are_points_of_child_and_pugh_alone() -> None:
    assert read_quantity("class A", "Forrest") is None
    assert read_quantity("A, B or C", "Child-Pugh") is None
    assert read_quantity("A or worse outcome", "Child-Pugh") is None


def test_copies_of_a_virus_are_no_cells() -> None:
    assert written(read_quantity("< 200 copies/mL", "HIV viral load")) == "< 200 {copies}/mL"
    assert written(read_quantity("< 2000 /mL", "EBV DNA")) == "< 2000 {copies}/mL"
    assert written(read_quantity("> 500 cells/mm3", "CD4 count")) == "> 0.5 10*9/L"


@pytest.mark.parametrize(
    ("measure", "text", "wanted"),
    [
        ("CA-125", "no greater than 50 units/mL", "<= 50 U/mL"), ("CA 19-9", "< 180 IU/mL", "< 180 U/mL"),
        ("HBV DNA", "< 500 IU/mL", "< 500 [IU]/mL"), ("ALT", "≤ 90 IU/L", "<= 90 U/L"),
        ("LDH", "> 250 units/L", "> 250 U/L"), ("FSH", "> 40 mU/mL", "> 40 [IU]/L"),
        ("TSH", "≤ 4 µIU/mL", "<= 4 m[IU]/L"), ("Systolic Blood Pressure", "> 140", "> 140 mm[Hg]"),
        ("Vitamin D", "> 20 ng/mL", "> 20 ng/mL"), ("25-hydroxyvitamin D", "50 nM", "= 20.032 ng/mL"),
        ("WBC", "≤ 150,000", "<= 150 10*9/L"), ("NYHA class", "II or better", "<= 2 1"),
        ("dose", "5 international units per day", "= 5 [IU]/d"),
    ],
)  # fmt: skip
def test_the_customary_unit_of_a_measure(measure: str, text: str, wanted: str) -> None:
    assert written(read_quantity(text, measure)) == wanted


def test_what_is_measured_decides() -> None:
    assert written(read_quantity("≥ 18 years", "Age")) == ">= 18 a"
    assert written(read_quantity("18 and over", "aged")) == ">= 18 a"
    assert written(read_quantity("≥ 1 year", "Life expectancy")) == ">= 365.25 d"
    assert written(read_quantity("2 or better", "ECOG performance status")) == "<= 2 1"
    assert written(read_quantity("60 or better", "Karnofsky")) == ">= 60 1"
    assert read_quantity("≥ 80 G/L", "Hb") is None


@given(st.text() | st.text(alphabet="≥≤<>=0159.,-/() xULNgdmLk^%orto"))
def test_no_text_is_too_strange(text: str) -> None:
    quantity = read_quantity(text)
    if quantity and quantity.operator == "range":
        assert quantity.high is not None and quantity.value < quantity.high
    elif quantity:
        assert quantity.high is None
    read_time(text)


@given(st.integers(1, 10**5), st.sampled_from([("mg/dL", "g/L", 0.01), ("cm", "mm", 10), ("/mm3", "x 10^9/L", 0.001)]))
def test_scaled_to_another_unit_it_is_equal(value: int, units: tuple[str, str, float]) -> None:
    one, other, factor = units
    first, second = read_quantity(f"≥ {value} {one}"), read_quantity(f"≥ {value * factor:.5f} {other}")
    assert first and second and first.unit == second.unit
    assert first.value == pytest.approx(second.value, rel=1e-4)


@given(st.integers(0, 10**6), st.integers(1, 10**4), st.sampled_from(["-", " to ", " – ", " through "]))
def test_ends_of_a_range_are_ordered(low: int, more: int, joined: str) -> None:
    quantity = read_quantity(f"{low}{joined}{low + more}")
    if low == 0 or low + more <= 10**5 * low:
        assert quantity == Quantity("range", low, "1", low + more)
    assert read_quantity(f"{low + more}{joined}{low}") is None


def test_a_unit_that_is_none() -> None:
    assert comparable(1.0, "furlong") is None
    assert comparable(1.0, "mg*mg") is None


def test_units_are_loaded_only_when_needed() -> None:
    code = "import sys, oncogloss, oncogloss.structure.thresholds; print('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


TIMES = [
    ("within 4 weeks prior to first dose", 0, 28, "first dose"),
    ("within 14 days of the first dose of study drug", 0, 14, "first dose of study drug"),
    ("up to 24 months", 0, 730.5, None),
    ("for at least 5 years", 1826.25, None, None),
    ("> 6 weeks after surgery", 42, None, "surgery"),
    ("12 weeks or more", 84, None, None),
    ("for 5 years", 1826.25, 1826.25, None),
    ("2-4 weeks", 14, 28, None),
    ("120 to 180 days after the last dose", 120, 180, "last dose"),
    ("in the past 6 months", 0, 182.625, None),
    ("within the last year", 0, 365.25, None),
    ("at week 24", 168, 168, None),
    ("less than 72 hours", 0, 3, None),
    ("no more than 60 days prior to enrollment", 0, 60, "enrollment"),
    ("from randomization until death", None, None, "randomization until death"),
    ("baseline", None, None, "baseline"),
    ("at screening", None, None, "screening"),
    ("5 half-lives before the first dose", None, None, "first dose"),
    ("every 8 weeks up to 2 years", 0, 730.5, None),
    ("3 months or less", 0, 91.3125, None),
    ("3+ years", 1095.75, None, None),
    ("28 days (+/- 3 days)", 28, 28, None),
    ("within 2-4 weeks", 0, 28, None),
    ("up to 2 to 4 weeks", 0, 28, None),
    ("within the last 3 to 6 months", 0, 182.625, None),
    ("from 42 to 128 days before", 42, 128, None),
]


@pytest.mark.parametrize(("text", "low", "high", "event"), TIMES)
def test_the_words_of_a_time(text: str, low: float | None, high: float | None, event: str | None) -> None:
    frame = read_time(text)
    assert frame and (frame.text, frame.low, frame.high, frame.event) == (text, low, high, event)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("Months 1, 2, 3, 6, and 12", 30.4375, 365.25), ("At Weeks 6 and 12", 42, 84), ("weeks 4, 8", 28, 56),
        ("Baseline, Week 4, Week 8 and Week 24", 0, 168), ("At 3, 6, and 12 months", 91.3125, 365.25),
        ("Post UCD19 infusion to Day 28", 0, 28), ("from week 1 to week 48", 7, 336), ("Week 16, Day 1", 112, 112),
        ("within 28 days prior to Day 1/Week 1", 0, 28), ("day 1 up to month 12", 1, 365.25),
        ("through day 100 and day 180", 0, 180), ("from January 1, 2020, to 1 year after", 0, 365.25),
    ],
)  # fmt: skip
def test_visits_are_a_span_from_the_first_to_the_last(text: str, low: float, high: float) -> None:
    frame = read_time(text)
    assert frame is not None and (frame.low, frame.high) == (low, high)


@pytest.mark.parametrize("text", ["every 8 weeks", "5 half-lives", "currently", ""])
def test_times_that_tell_no_days_and_no_event(text: str) -> None:
    assert read_time(text) is None


def test_days_of_a_cycle_are_not_the_cycle_and_several_are_a_span() -> None:
    both, one = read_time("Cycle 1, Day 1 and Day 13"), read_time("Cycle 2 Day 8")
    assert both is not None and (both.low, both.high) == (1, 13)
    assert one is not None and (one.low, one.high) == (8, 8)


@pytest.mark.parametrize(
    ("value", "measure", "expected"),
    [
        (50_000, "Platelets", (50, "10*9/L")),
        (100, "Platelet count", (100, "10*9/L")),
        (1.5, "ANC; Neutrophils", (1.5, "10*9/L")),
        (1500, "absolute neutrophil count", (1.5, "10*9/L")),
        (9, "Hemoglobin", (9, "g/dL")),
        (90, "haemoglobin", (9, "g/dL")),
        (50, "LVEF", (50, "%")),
        (50, "ANC", (50, "1")),
        (6.2, "Hemoglobin", (6.2, "1")),
        (5, "neutrophil to lymphocyte ratio", (5, "1")),
        (2, "platelet transfusions", (2, "1")),
        (7, "Hemoglobin A1C", (7, "1")),
    ],
)
def test_a_unit_that_is_not_said_is_the_one_that_alone_can_be_meant(
    value: float, measure: str, expected: tuple[float, str]
) -> None:
    assert comparable(value, "", measure) == expected


def test_how_fast_blood_settles_is_no_cardiac_index() -> None:
    assert read_quantity("≤ 15 mm/h") == Quantity("<=", 15, "mm/h")
    assert read_quantity("> 2.2 L/min/m2") == Quantity(">", 2.2, "L/min/m2")
