"""One comparable unit for each kind of quantity, written as UCUM writes it.

| kind | unit |
|---|---|
| cells in a volume; copies of a virus | `10*9/L`; `{copies}/mL` |
| mass in a volume | `mg/dL`; of the analytes below, their own |
| amount of substance in a volume | `umol/L`; of an analyte with a known molar mass, its unit of mass |
| clearance, flow | `mL/min`, and `mL/min/{1.73_m2}` apart |
| age | `a`; any other duration `d`, and what is written in seconds `ms` |
| length, area, volume; how fast blood settles | `mm`, `m2`, `mL`; `mm/h` |
| mass | `kg` where written in kg or lb, else `mg`; in a day `mg/d`, by area `mg/m2`, by weight `mg/kg` |
| pressure, temperature, radiation | `mm[Hg]`, `Cel`, `Gy` |
| enzymes; tumor markers; hormones; DNA and RNA of a virus | `U/L`; `U/mL`; `[IU]/L`; `[IU]/mL` |
| what else is measured in units | `U`, `U/L`, and `[IU]`, `[IU]/L` apart |
| share; multiples of a limit; scores, counts, ratios | `%`; `ULN`, `LLN`; `1` |

A month is 30.4375 days, a year 365.25. A count of cells, haemoglobin or ejection fraction without a unit has the one in
which alone a number of its size is meant ("platelets < 50,000").
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from oncogloss.structure.usual import unsaid_unit

if TYPE_CHECKING:
    from pint import UnitRegistry

Rules = tuple[tuple[re.Pattern[str], str], ...]


def rules(*pairs: tuple[str, str]) -> Rules:
    """Pairs of a pattern and what to write in its place, ready to be applied in order."""
    return tuple((re.compile(pattern), new) for pattern, new in pairs)


def applied(rules: Rules, text: str) -> str:
    """The text after each rule in turn."""
    for pattern, new in rules:
        text = pattern.sub(new, text)
    return text


DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}
"""How many days a unit of time has."""

_DEFINITIONS = (
    "milli- = 1e-3 = m-", "micro- = 1e-6 = u-", "nano- = 1e-9 = n-", "pico- = 1e-12 = p-",
    "kilo- = 1e3 = k-", "mega- = 1e6 = M-", "deci- = 1e-1 = d-", "centi- = 1e-2 = c-",
    "day = [time] = d", "hour = day / 24 = h", "minute = hour / 60 = min", "second = minute / 60 = s",
    "week = 7 * day = wk", "month = 30.4375 * day = mo", "year = 365.25 * day = a",
    "meter = [length] = m", "liter = 1e-3 * meter ** 3 = L", "inch = 0.0254 * meter",
    "gram = [mass] = g", "pound = 453.59237 * gram = lb", "mole = [substance] = mol",
    "mmHg = [pressure]", "kPa = 7.50062 * mmHg", "gray = [radiation] = Gy", "IU = [activity]", "U = [enzyme]",
    "celsius = [temperature]",
    "billion_cells = 1e9 / liter", "bsa = [body_surface]", "bmi = [body_mass_index]", "percent = [share]",
    "megabase = [bases]", "copy = [copies]",
    "meq = [charge]", "ULN = [upper_limit]", "LLN = [lower_limit]",
)  # fmt: skip

_COMPARABLE = (  # in pint's words, in UCUM's
    ("billion_cells", "10*9/L"), ("mg/dL", "mg/dL"), ("umol/L", "umol/L"), ("mL/min", "mL/min"),
    ("mL/min/bsa", "mL/min/{1.73_m2}"), ("d", "d"), ("mm", "mm"), ("m**2", "m2"), ("mL", "mL"), ("mg", "mg"),
    ("mg/d", "mg/d"), ("mg/m**2", "mg/m2"), ("mg/m**2/d", "mg/m2/d"), ("mg/mg", "1"), ("mmHg", "mm[Hg]"),
    ("celsius", "Cel"), ("gray", "Gy"), ("IU", "[IU]"), ("IU/L", "[IU]/L"), ("bmi", "kg/m2"), ("percent", "%"),
    ("1/megabase", "/Mb"), ("1/d", "/d"), ("ULN", "ULN"), ("LLN", "LLN"), ("mmol/mg", "mmol/mg"),
    ("L/min/m**2", "L/min/m2"), ("umol", "umol"), ("percent/d", "%/d"), ("1/kg", "/kg"),
    ("IU/d", "[IU]/d"), ("U", "U"), ("U/L", "U/L"), ("U/d", "U/d"), ("meq/L", "meq/L"), ("copy/mL", "{copies}/mL"),
)  # fmt: skip

_ANALYTES: tuple[tuple[re.Pattern[str], str, float | None], ...] = tuple(
    (re.compile(rf"\b(?:{pattern})", re.IGNORECASE), unit, molar_mass)
    for pattern, unit, molar_mass in (  # g/mol; of haemoglobin, by its single chain
        (r"ha?emoglobin\b(?! a1c)|hgb?\b|hb\b", "g/dL", 16114.0),
        (r"albumin|(?:total|serum) protein|m[- ]?(?:protein|spike)|paraprotein|monoclonal protein", "g/dL", None),
        (
            r"\w*transferase|transaminase|alt\b|ast\b|s?gpt\b|s?got\b|ggt\b|phosphatase|alp\b|dehydrogenase|ldh\b"
            r"|creatine (?:phospho)?kinase|cp?k\b|lipase|amylase",
            "U/L",
            None,
        ),
        (r"ca[- ]?(?:125|19|15|27|72|242)\b|muc16\b|(?:cancer|carbohydrate) antigen\b", "U/mL", None),
        (r"h[bc]v\b|viral load|(?:hepatitis [bc]|virus) (?:[dr]na|viral)", "IU/mL", None),
        (r"tsh\b|thyrotropin|thyroid[- ]stimulating", "mIU/L", None),
        (r"fsh\b|lh\b|follicle[- ]stimulating|(?:lutein\w+|\w+ gonadotropin) |hcg\b|erythropoietin", "IU/L", None),
        (r"(?:\d+ )?(?:\w+ )?(?:hydroxy)?vitamin d\d?\b", "ng/mL", 400.64),
        (r"(?:serum |plasma )?creatinine\b(?! clearance)", "mg/dL", 113.12),
        (r"(?:total |direct )?bilirubin", "mg/dL", 584.66),
        (r"(?:\w+ )?(?:blood )?glucose|blood sugar", "mg/dL", 180.16),
        (r"(?:\w+ )*calcium|hypercalc", "mg/dL", 40.078),
        (r"(?:\w+ )*cholesterol|hypercholesterol", "mg/dL", 386.65),
        (r"(?:\w+ )*triglyceride|hypertriglycerid", "mg/dL", 885.4),
        (r"uric acid", "mg/dL", 168.11),
        (r"(?:\w+ )*magnesium", "mg/dL", 24.305),
        (r"(?:\w+ )*phosph(?:ate\b|orus)", "mg/dL", 30.974),
        (r"(?:\w+ )*testosterone", "ng/mL", 288.42),
        (
            r"psa\b|prostate[- ]specific antigen|afp\b|(?:alpha|α)[- ]?fetoprotein|cea\b|ferritin|troponin",
            "ng/mL",
            None,
        ),
        (r"(?:serum )?(?:potassium|sodium|chloride|bicarbonate|lactate)", "mmol/L", None),
    )
)
_AGE = re.compile(r"\b(?:aged?|ages|years? old|years? of age)\b", re.IGNORECASE)
_SCORED_IN_PERCENT = re.compile(r"\b(?:karnofsky|lansky|kps|lps)", re.IGNORECASE)
_ACTIVITY = re.compile(r"(?<!\w)([mu]?)I?U\b")
_EQUIVALENT = re.compile(r"\bmeq\b")  # of a single charge a milliequivalent is a millimole


_UNIT_WORDS = rules(
    (r"\bper\b(?! cent)", "/"), (r"per ?cent(?:age)?|%", "percent"), (r"\bmg ?percent", "mg/dl"),
    (r"cubic millimet(?:er|re)s?|\bcu\.? ?mm\b|\bc\.?mm\b|\bmm ?\^ ?3|\bmm ?3\b|\bmm cubed", "mm**3"),
    (r"\b(c?m) ?\^? ?([23])\b", r"\1**\2"), (r"square met(?:er|re)s?|\bsq\.? ?m\b", "m**2"),
    (r"kg ?/ ?m\*\*2", "bmi"),
    (r"milli ?(?=m?liter|m?litre|gram|mol|sec|met)", "m"), (r"micro ?(?=lit|gram|mol|l\b)|μ", "u"),
    (r"\bnano(?=gram|mol)", "n"), (r"\bdeci(?=lit)", "d"), (r"\bcenti(?=met)", "c"), (r"\bkilo(?=gram)", "k"),
    (r"\b([mduk]?)lit(?:er|re)s?\b", r"\1l"), (r"\b([mnukp]?)g(?:rams?|ms?)\b|\b([mnukp]?)gs\b", r"\1\2g"),
    (r"\b([munp]?)mol(?:es?|s)?\b", r"\1mol"), (r"\b([cm]?)met(?:er|re)s?\b", r"\1m"),
    (r"\bmm ?hg\b|\bmmhg\b|\bmm of mercury\b|\bmercury\b", "mmHg"), (r"\bkpa\b", "kPa"),
    (r"\bcc\b", "ml"), (r"\b(m?)sec(?:ond)?s?\b", r"\1s"), (r"\bbpm\b|\bbeats ?/ ?min\w*\b", "1/min"),
    (r"\b(?:min(?:ute)?s?|mn)\b", "min"), (r"\b(?:hours?|hrs?|h)\b", "hour"), (r"\b(?:days?|d|daily)\b", "day"),
    (r"\b(?:weeks?|wks?)\b", "week"), (r"\b(?:months?|mos?)\b", "month"), (r"\b(?:years?|yrs?|y\.?o\.?|y)\b", "year"),
    (r"\binternational units?\b", "iu"), (r"\b([mu]?)iu\b", r"\1IU"), (r"\b([mu]?)(?:u|units?)\b", r"\1U"),
    (r"\b(c?)gy\b|\b(c?)gray\b", r"\1\2Gy"),
    (r"° ?c\b|℃|°c|\bdegrees? c(?:elsius)?\b|\bcelsius\b|^ ?c$", "celsius"), (r"\bgy[- ]?eq\b", "Gy"),
    (r"\bmut(?:ation)?s?/", "1/"),
    (r"\bmb\b", "megabase"),
    (r"\b([dmun]?)l\b", r"\1L"), (r"\bugr?\b", "ug"), (r"\b(?:lbs?|pounds?)\b", "lb"), (r"\bmeq\b", "meq"),
)  # fmt: skip
_COPIES = re.compile(r"^(?:[a-z]+ )?(?:[rd]na )?(?:copies|copy|cps)\b[\w\s]*/ ?")
_VIRAL = re.compile(r"viral load|\b[rd]na\b", re.IGNORECASE)
_PARTICLES = re.compile(r"^(?:cells?|platelets?|neutrophils?|(?:hiv |hbv )?(?:rna|dna)|white blood cells|wbc)[\w\s]*/")
_COUNTED = re.compile(
    r"\b(?:prior|previous|different|separate|measurable|of age|old|in (?:diameter|size|length|greatest dimension)"
    r"|(?:of |the )*(?:predicted|normal|expected)(?: (?:value|range))?|inclusive|lines?|lesions?|regimens?"
    r"|sites?|doses|cycles?|courses?|episodes?|drinks?|cigarettes?|nodes?|metastas[ei]s|points?"
    r"|pack ?-? ?years?|events?|tumou?rs?|copies|fractions|letters|beats|stools|times(?= ?/)|tablets|female|male)\b"
)  # fmt: skip


@lru_cache(maxsize=2**12)
def read_unit(words: str) -> str | None:
    """The unit that words such as "cells per cubic metre" name, in pint's words; None where they say more."""
    words = words.strip(" .")
    if words in ("ULN", "LLN"):
        return words
    words = applied(_UNIT_WORDS, f" {words}").strip()
    words = _PARTICLES.sub("/", _COPIES.sub("copy/", words))
    words = " ".join(_COUNTED.sub(" ", words).split()).replace("/ ", "/").replace(" /", "/")
    if words in ("uL", "mm**3"):  # of cells, the stroke forgotten
        words = f"/{words}"
    if words.startswith("/"):
        words = f"1{words}"
    return words if _is_unit(words) and not re.search(r"[^\w/*]|^\d+$", words) else None


def comparable(value: float, unit: str, measure: str = "", *, age: bool = False) -> tuple[float, str] | None:
    """`value` in the comparable unit of its kind; None where `unit` is none, or of a kind that is not known.

    `unit` is in pint's words ("mg/dL", "1/mm**3"); `measure` says what is measured, by which a duration is an age and
    an amount of substance has a mass.
    """
    age = age or bool(_AGE.search(measure))
    if unit == "" and age:
        return value, "a"
    if unit == "" and (unsaid := unsaid_unit(value, measure)):
        return _rounded(value * unsaid[0]), unsaid[1]
    if unit == "" or (unit == "percent" and _SCORED_IN_PERCENT.search(measure)):
        return value, "1"
    if _VIRAL.search(measure) and unit.startswith("1/"):
        unit = f"copy{unit[1:]}"
    analyte = next((a for a in _ANALYTES if a[0].search(measure)), None)
    wanted, molar_mass = (analyte[1], analyte[2]) if analyte else ("", None)
    found = _factor(unit, wanted, molar_mass, age)
    return (_rounded(value * found[0]), found[1]) if found else None


def is_amount(unit: str) -> bool:
    """Whether a comparable unit is that of an amount in blood, which a laboratory measures."""
    return unit in ("ULN", "LLN") or unit.endswith(("/L", "/dL", "/mL"))


def _is_unit(unit: str) -> bool:
    return unit == "" or _factor(unit, "", None, False) is not None


@lru_cache(maxsize=512)
def _factor(unit: str, wanted: str, molar_mass: float | None, age: bool) -> tuple[float, str] | None:
    """What to multiply a value in `unit` by, and the unit it then has."""
    registry = _registry()
    if wanted == "mmol/L":
        unit = _EQUIVALENT.sub("mmol", unit)
    if _ACTIVITY.search(wanted):  # of which it is known in which units they are meant
        unit = _ACTIVITY.sub(r"\1IU" if "IU" in wanted else r"\1U", unit)
    try:
        given = registry.Quantity(1.0, unit)
        if wanted and given.check("[substance]/[length]**3") and molar_mass:
            given = given * registry.Quantity(molar_mass, "g/mol")
        if wanted and given.is_compatible_with(wanted):
            return float(given.to(wanted).magnitude), wanted.replace("IU", "[IU]")
        if wanted and given.is_compatible_with("billion_cells"):
            return None  # "80 G/L" of haemoglobin
    except Exception:  # pint has many errors, of one meaning here: no unit that is known
        return None
    target, name = _target(given, unit, age)
    return (float(given.to(target).magnitude), name) if target else None


def _target(given: Any, unit: str, age: bool) -> tuple[str, str]:
    """The comparable unit of one `unit`, in pint's words and in UCUM's; empty where its kind is not known."""
    if given.check("[time]"):
        name = "a" if age else "ms" if unit in ("s", "ms") else "d"
    elif unit == "1/min":
        return unit, "/min"
    elif unit.startswith(("mm/", "cm/")) and given.check("[length]/[time]"):
        return "mm/h", "mm/h"
    elif given.check("[mass]") and unit in ("kg", "lb"):
        name = "kg"
    elif unit.startswith(("mg/kg", "g/kg", "ug/kg")):
        name = "mg/kg/d" if given.check("1/[time]") else "mg/kg"
    elif given.dimensionless and not unit.startswith(("mg/", "g/", "ug/", "ng/")):
        return "", ""  # "days/month"
    else:
        return next((t for t in _COMPARABLE if given.check(_dimensions(t[0]))), ("", ""))
    return name, name


@cache
def _dimensions(unit: str) -> Any:
    return _registry().Quantity(1.0, unit).dimensionality


@cache
def _registry() -> UnitRegistry[float]:
    """Our own units alone: all of pint's would take longer to read than a document."""
    import pint

    registry: UnitRegistry[float] = pint.UnitRegistry(None)
    for line in _DEFINITIONS:
        registry.define(line)
    return registry


def _rounded(value: float) -> float:
    """Without the last digits, in which the order of conversions shows."""
    return float(f"{value:.6g}")
