"""What the measure of a limit is called: by one name, however a trial writes it, by which tables can be joined."""

from __future__ import annotations

import re
from functools import lru_cache

from oncogloss.schema import Mention

NYHA = "New York Heart Association classification"
_PD_L1 = r"\bPD[- ]?L1\b|\bCD274\b|programmed (?:cell )?death[- ]ligand[- ]1"
_CALLED = tuple(  # one name, by what it is known, and what may stand beside that
    (name, re.compile(key, re.IGNORECASE), re.compile(beside, re.IGNORECASE))
    for name, key, beside in (
        ("PD-L1 TPS", r"\bTPS\b|tumou?r proportion score", _PD_L1),
        ("PD-L1 CPS", r"\bCPS\b|combined positiv(?:e|ity) score", _PD_L1),
        ("PD-L1", _PD_L1, r"$"),
        ("Ki-67", r"\bKi[- ]?67\b|\bMKI67\b|\bMIB[- ]?1\b", r"proliferati\w+|label+ing"),
        ("CA-125", r"\bCA[- ]?125\b|\bMUC16\b|\b(?:cancer|carbohydrate) antigen[- ]125\b", r"$"),
        ("CA 19-9", r"\bCA[- ]?19[-. ]?9\b|\b(?:cancer|carbohydrate) antigen[- ]19[-. ]?9\b", r"$"),
        ("Prostate Specific Antigen", r"\bPSA\b|\bKLK3\b|prostate[- ]specific antigen", r"$"),
        ("ER", r"\bER\b|\bESR1\b|o?estrogen receptors?", r"$"),
        ("PR", r"\bPg?R\b|progesterone receptors?", r"$"),
        (
            "ECOG performance status",
            r"\bECOG\b|eastern cooperative oncology group|\bzubrod\b|\bWHO\b(?=\W+(?:performance|PS\b))",
            r"performance|\bPS\b|electrocochleography|\bWHO\b|world health organi[sz]ation",
        ),
        (NYHA, r"\bNYHA\b|\bNew York Heart Association\b", r"\b(?:functional|class\w*|grades?|stage)\b"),
        (
            "urine protein/creatinine ratio",
            r"\bUPCR?\b|\bprotein\W*(?:to\W*)?creatinine\b",
            r"\burin\w+|\bspot\b|\bratio\b|\bprotein\b",
        ),
    )
)
_PLAIN = re.compile(
    r"\b(?:express\w+|index|levels?|scores?|status|positiv\w+|negative|high|low|staining|serum|plasma|tumou?r|value|nuclear|baseline|of|is"
    r"|the|by|at|with|an?|in)\b",
    re.IGNORECASE,
)
_AMOUNTS = (None, "positive", "negative", "high", "low", "overexpression")
_URINE_PROTEIN = re.compile(
    r"proteinuria|\burin\w+ (?:\w+ )?protein|\bprotein in (?:the )?urine|dipstick", re.IGNORECASE
)
_PROTEIN = re.compile(r"(?:total |quantitative )?protein", re.IGNORECASE)  # of which a mass, or a plus, is urine's
_STICK = re.compile(r"\b[0-4] ?\+|(?<!\w)\+ ?[1-4]\b")
_OTHER_STICK = re.compile(r"blood|glucose|ketone|leu[ck]o|nitrite|\bhcg\b|pregnan", re.IGNORECASE)
_DANGLING = re.compile(r"(?:[\s:,(\[]|\b(?:of|is|by|at|with|in|to)\b)+$", re.IGNORECASE)
_CLASSES = r"(?:\bNYHA\b|\bNew York Heart\b)"
_CLASSED_IN = re.compile(_CLASSES, re.IGNORECASE)
_CLASSED_BEFORE = re.compile(rf"{_CLASSES}(?:(?!\b(?:and|or)\b)[^.;,\d]){{0,45}}$", re.IGNORECASE)
_CLASSED_BEHIND = re.compile(
    rf"[^.;,\d]{{0,40}}?(?:[(\[]|\b(?:by|per|of|to|in|on|with)\b)\W*(?:the )?{_CLASSES}", re.IGNORECASE
)


def name_of_measure(m: Mention) -> str:
    """The one name of what a mention measures: the customary one, else its concept's, else its own words."""
    if m.type == "VALUE":
        return "age"
    marker = m.concept.marker if m.concept else None
    own = m.concept.name if m.concept else m.expansion or m.text
    if marker and len(marker.genes) == 1 and not marker.alteration and marker.state in _AMOUNTS:
        own = marker.genes[0]  # of "CLDN18 positive"
    names = [m.text, own] if m.type in ("MEASURE", "GENE", "BIOMARKER", "INSTRUMENT") else []
    return next((called for name in names if (called := _called(name))), own if m.concept else _tidied(own))


def name_in_words(words: str) -> str:
    """The one name of a measure that only words name, those of a marker before its cut-off: of "PD-L1 (CPS) of"
    "PD-L1 CPS"."""
    return _called(words) or _tidied(words)


def of_urine_protein(name: str, value: str, unit: str) -> tuple[str, str]:
    """The name and the unit of a limit of protein in urine, by how it was measured: on a stick, as a concentration, or
    all that a day brings."""
    if not (_URINE_PROTEIN.search(name) or _PROTEIN.fullmatch(name)) or "ratio" in name:
        return name, unit
    if unit == "1" and ("dipstick" in name.casefold() or _STICK.search(value)):
        return (name if _OTHER_STICK.search(name) else "urine protein by dipstick"), unit
    return ("24-hour urine protein", "mg/d") if unit in ("mg", "mg/d") else (name, unit)


def is_nyha_class(text: str, start: int, end: int) -> bool:
    """Whether a value of a passage stands beside the name of the classes of the New York Heart Association."""
    return bool(
        _CLASSED_IN.search(text, start, end)
        or _CLASSED_BEFORE.search(text[max(0, start - 80) : start])
        or _CLASSED_BEHIND.match(text, end)
    )


@lru_cache(maxsize=2**12)
def _called(name: str) -> str:
    """The customary name of what is called so, where nothing else is said of it; "" where it has none."""
    for called, key, beside in _CALLED:
        left = _PLAIN.sub(" ", beside.sub(" ", key.sub(" ", name)))
        if key.search(name) and not re.search(r"\w", left):
            return called
    return ""


def _tidied(words: str) -> str:
    """The words on one line without a preposition, or half of a pair of brackets, at their end."""
    line = _DANGLING.sub("", " ".join(words.split()))
    return line.strip(")] ") if line.count("(") + line.count("[") < line.count(")") + line.count("]") else line
