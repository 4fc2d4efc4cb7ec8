"""What a value says of its measure: a quantity; "within normal limits" both limits, "150/90 mmHg" two pressures."""

from __future__ import annotations

import re

from oncogloss.schema import Mention, Operator
from oncogloss.structure.quantities import Quantity, read_quantity
from oncogloss.structure.signs import plain_of, signs_of

_PRESSURE = re.compile(r"\b(?:blood pressures?|bp|hypertensi\w+|hypotensi\w+)\b", re.IGNORECASE)
_PAIR = re.compile(r"(?<![\d.,/])(\d{2,3})\s*(?:mm ?hg)?\s*/\s*(\d{2,3})(?![\d.,]*\d|\s*/)", re.IGNORECASE)
_WHOSE = r"(?:the|our|an?|institution(?:al|'s|’s)?|laborator(?:y|ies)|lab|local|age[- ]appropriate|reference)"
_RANGE = rf"(?:{_WHOSE} )*(?:limits?|ranges?|values?|levels?)(?: (?:of|for|at) (?:{_WHOSE} ?)+)?"
_NORMAL = re.compile(
    rf"(?:(?:is|are|be|at least|must be|should be) )*(?:(?:(?:with)?in|at) )?(?:{_WHOSE} )*normal(?: {_RANGE})?|wnl",
    re.IGNORECASE,
)
_ABNORMAL = re.compile(
    rf"(?:is |are |an? )*(?:abnormal(?:ly|it(?:y|ies) (?:of|in))?(?: {_RANGE})?"
    rf"|(?:(?:outside|out)(?: of)?|not (?:with)?in) (?:{_WHOSE} )*normal {_RANGE})",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|never)\W+(?:be\W+)?$", re.IGNORECASE)
_MORE_OR_LESS = r"(?:more|greater|higher|older|better|less|fewer|lower|younger|worse)"
_COMPARED = re.compile(r"[<>≤≥⩽⩾]|\b(?:than|least|most|above|below|over|under)\b", re.IGNORECASE)
_AHEAD = re.compile(
    rf"(?:(?<!-)[\\=]*[<>≤≥⩽⩾][\\=]*"
    rf"|\b(?:(?:no )?{_MORE_OR_LESS} than(?: or equal to)?|at (?:least|most)|up to|above|below|over|under)\b)"
    r"(?: the)?(?: age of)?\s*$",
    re.IGNORECASE,
)
_BEHIND = re.compile(rf"\s*or (?:{_MORE_OR_LESS}|above|below|over|under)\b(?!\s*(?:than\b|\W?\d))", re.IGNORECASE)
_HARM_ABOVE = (
    r"bilirubin|creatinine(?!.*clearance)|urea|\bbun\b|transferase|transaminase|\ba[ls]t\b|\bs?g[op]t\b|phosphatase"
    r"|dehydrogenase|\bldh\b|\binr\b|normali[sz]ed ratio|prothrombin|thromboplastin|\ba?ptt?\b|troponin|lipase|amylase"
    r"|creatine|ammonia|uric acid|ca[- ]?125|ca[- ]?19|\bcea\b|fetoprotein|\bafp\b|\bpsa\b|natriuretic"
)
_HARM_BELOW = r"ejection fraction|\blvef\b|clearance|filtration|\begfr\b"
_HARM_BOTH = (
    r"ha?emoglobin|platelet|neutrophil|leu[ck]ocyte|white blood|lymphocyte|albumin|calcium|potassium|sodium|magnesium"
    r"|phosph(?:ate|orus)|chloride|bicarbonate|glucose|thyrotropin|\btsh\b|thyroxine|triiodothyronine|\bf?t[34]\b|cortisol"
    r"|hormone|testosterone"
)
_HARM: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(_HARM_ABOVE, re.IGNORECASE), ("ULN",)),
    (re.compile(_HARM_BELOW, re.IGNORECASE), ("LLN",)),
    (re.compile(_HARM_BOTH, re.IGNORECASE), ("LLN", "ULN")),
)
_KEEPS: dict[str, Operator] = {"LLN": ">=", "ULN": "<="}
_BREAKS: dict[str, Operator] = {"LLN": "<", "ULN": ">"}


def read_value(words: str, measure: str, before: str = "") -> list[tuple[str, Quantity]]:
    """The quantities that the words of a value say, each with the name of its measure where that is another.

    `measure` has all names of what is measured, `before` the text before the value. None where the words are not wholly
    understood.
    """
    if _PRESSURE.search(measure) and (pair := _PAIR.search(words)):
        return _pressures(words, pair, measure)
    if normal := _normal(" ".join(words.split()), measure, before):
        return [("", quantity) for quantity in normal]
    quantity = read_quantity(words, measure)
    return [("", quantity)] if quantity else []


def with_comparison(text: str, value: Mention) -> str:
    """How a value reads whose comparison stands beside it: of "less than [2]" "less than 2", of "[2] or less" "2 or
    less"; "" where none does, or where it is denied. `text` is the passage's."""
    before = text[max(0, value.start - 40) : value.start]
    ahead, behind = _AHEAD.search(before), _BEHIND.match(text, value.end)
    denied = ahead is not None and _DENIED.search(before[: ahead.start()]) is not None
    if not (ahead or behind) or denied or _COMPARED.search(value.text):
        return ""
    return f"{ahead[0] if ahead else ''} {value.text}{behind[0] if behind else ''}"


def says_limit(words: str) -> bool:
    """Whether the words of a value say a number, a limit of what is normal, or that it is normal or not."""
    return re.search(r"\d|ULN|LLN", signs_of(plain_of(words))) is not None or says_normal(words)


def says_normal(words: str) -> bool:
    """Whether the words of a value say that it is normal, or that it is not."""
    line = " ".join(words.split())
    return _NORMAL.fullmatch(line) is not None or _ABNORMAL.fullmatch(line) is not None


def _pressures(words: str, pair: re.Match[str], measure: str) -> list[tuple[str, Quantity]]:
    """The systolic and the diastolic pressure of a pair."""
    found = []
    for name, number in zip(("Systolic Blood Pressure", "Diastolic Blood Pressure"), pair.groups(), strict=True):
        quantity = read_quantity(f"{words[: pair.start()]}{number}{words[pair.end() :]}", measure)
        if quantity is None or quantity.unit not in ("1", "mm[Hg]") or not 30 <= quantity.value <= 300:
            return []
        found.append((name, Quantity(quantity.operator, quantity.value, "mm[Hg]", quantity.high)))
    return found if found[0][1].value > found[1][1].value else []


def _normal(line: str, measure: str, before: str) -> list[Quantity]:
    """The limits of what is normal, of those on the side where a measure can be harmful; none where it is denied."""
    if not says_normal(line) or _DENIED.search(before):
        return []
    limits = next((limits for names, limits in _HARM if names.search(measure)), ())
    operators = _KEEPS if _NORMAL.fullmatch(line) else _BREAKS
    return [Quantity(operators[limit], 1.0, limit) for limit in limits]
