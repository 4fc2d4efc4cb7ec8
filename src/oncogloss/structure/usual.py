"""Which units and numbers trials ask of a measure: by them a unit that is not said is known, one that went wrong is
seen, and a number that belongs to something else is refused."""

from __future__ import annotations

import re

from oncogloss.schema import Threshold

_USUAL = (
    (r"neutrophil|leukocyte|white blood|lymphocyte|\banc\b|\bwbc\b", "10*9/L", 0.02, 500),
    (r"platelet", "10*9/L", 1, 2000),
    (r"h(?:a?em)oglobin|\bhgb?\b", "g/dL", 3, 25),
    (r"creatinine|bilirubin", "mg/dL", 0.1, 40),
    (r"clearance|\begfr\b|filtration", "mL/min", 5, 200),
    (r"albumin", "g/dL", 1, 6),
    (r"^age$", "a", 0, 110),
    (r"life expectancy", "d", 7, 5844),
)  # measure, unit, and the least and most that trials ask
_Sizes = tuple[float, float, float]  # the least and greatest number that is meant so, and what to multiply it by
_CELLS: tuple[_Sizes, ...] = ((0.1, 30, 1.0), (100, 300_000, 1e-3), (1e8, 3e10, 1e-9))
_PLATELETS: tuple[_Sizes, ...] = ((10, 600, 1.0), (5_000, 600_000, 1e-3), (1e10, 6e11, 1e-9))
_UNSAID: tuple[tuple[re.Pattern[str], str, tuple[_Sizes, ...]], ...] = tuple(
    (re.compile(rf"(?:(?:absolute|total|peripheral|blood) )*(?:{names})(?: (?:counts?|levels?))*", re.I), unit, sizes)
    for names, unit, sizes in (
        (
            r"neutrophils?|granulocytes?|leu[ck]ocytes?|lymphocytes?|white (?:blood )?cells?|wbc|anc|alc",
            "10*9/L",
            _CELLS,
        ),
        (r"platelets?|thrombocytes?|plt", "10*9/L", _PLATELETS),
        (r"ha?emoglobin|hgb?|hb", "g/dL", ((8, 20, 1.0), (80, 200, 0.1))),
        (r"left ventricular ejection fraction|lvef", "%", ((20, 80, 1.0),)),
        (r"(?:systolic|diastolic) blood pressure", "mm[Hg]", ((40, 300, 1.0),)),
    )
)
_BOUND = (
    (r"life expectancy|survival time", ("d", "a")),
    (r"clearance|\be?gfr\b|filtration", ("mL/min", "mL/min/{1.73_m2}", "L/min/m2", "ULN", "LLN", "%", "1")),
    (r"^(?:(?:serum|plasma|blood) )?creatinine(?: levels?)?$", ("mg/dL", "ULN", "LLN", "%")),
)  # measure, and the only units that it has
_NO_TIME = re.compile(
    r"neutrophil|leu[ck]ocyte|white blood|lymphocyte|platelet|h(?:a?em)oglobin|bilirubin|transferase|phosphatase"
    r"|albumin|calcium|potassium|glucose|hormone|ejection fraction"
    r"|\b(?:karnofsky|lansky|kps|ecog|zubrod|performance|anc|wbc|alt|ast|lvef)\b",
    re.IGNORECASE,
)
_TIMES = ("a", "d")


def fits(measure: str, unit: str) -> bool:
    """Whether a number in a comparable unit can be one of a measure: an age is none of a clearance."""
    bound = next((units for name, units in _BOUND if re.search(name, measure, re.IGNORECASE)), None)
    if bound is not None:
        return unit in bound
    return unit not in _TIMES or _NO_TIME.search(measure) is None


def unusual(threshold: Threshold) -> bool:
    """Whether a number is far off what is ever asked of its measure, as where a unit lost its prefix."""
    return any(
        re.search(name, threshold.measure, re.IGNORECASE)
        and threshold.unit == unit
        and not (low <= threshold.value <= high or threshold.value == 0)
        for name, unit, low, high in _USUAL
    )


def unsaid_unit(value: float, measure: str) -> tuple[float, str] | None:
    """What to multiply a number without a unit by, and the comparable unit that it then has, where a number of its
    size can but be meant so; `measure` has the names of what is measured, ";" between them."""
    names = [name.strip() for name in measure.split(";")]
    unit, sizes = next(((unit, sizes) for of, unit, sizes in _UNSAID if any(map(of.fullmatch, names))), ("", ()))
    return next(((factor, unit) for low, high, factor in sizes if low <= value <= high), None)
