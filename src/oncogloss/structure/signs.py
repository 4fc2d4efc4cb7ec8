"""The words of a comparison as signs: "no greater than 1.5 times normal" → "≤ 1.5 ULN", "18 or older" → "18 ↑"."""

from __future__ import annotations

import html
import re
import unicodedata

from oncogloss.structure.units import applied, rules

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SPELLED = rules(  # before case is lost: 10 to the power of 9, giga and million per litre, molar
    (r"<sup>", "^"),
    (r"</sup>", ""),
    (r"\b10\s*([⁰¹²³⁴-⁹⁻]+)", r"10^\1"),
    (r"(?<=\d)\s*(?:G|[Gg]iga)/[Ll]\b", " x 10^9/L"),
    (r"[º˚]", "°"),
    (r"´", "x"),
    (r"(?<=\d)\s*(m|µ|μ|u|n|p)M\b", r" \1mol/L"),
)
_SIGNS = rules(  # one way to write each sign
    (r"[\^\s]*\^[\^\s]*", "^"),
    (r"^\^|(?<=[<>=~\s])\^|\^(?=[<>=≥≤~])", ""),
    (r"(?<=[<>])_", "="),
    (r"[⩾≧]|=\s*/?\s*>|>\s*/?\s*=|>\s*/\s*(?=\d)|≥\s*/\s*=", "≥"),
    (r"[⩽≦]|=\s*/?\s*<|<\s*/?\s*=|<\s*/\s*(?=\d)|≤\s*/\s*=", "≤"),
    (r"[˃›]", ">"), (r"[˂‹]", "<"),
    (r"[‐‑‒–—―−~∼˜]+", "-"),
    (r"[×✕∙⋅´*]+(?=\s*(?:10|the|u|l|n|inst))", " x "),
    (r"µ|\bmc(?=[gl]\b)", "μ"),
    (r"\b10-(?=(?:3|6|9|12) ?/)", "10^"),
    (r"(?<=[\d ])x\s*(?=[iu]|lln|the)", " x "),
    (r"\b(to|over|than|under|age|grade)(?=\d)", r"\1 "), (r"\bthen\b(?= ?\d)", "than"), (r"\bg(?=[0-5]\b)", "grade "),
    (r"(?:/|\bper) ?24[ -]?h(?:ou)?rs?\b|(?:/|\bper) ?24[ -]?h\b|\b(?:a|each|once) day\b|\bdaily\b", "/day"),
    (r"(?:/|\bper)\s*1\.7[23]\s*\(?(?:sq\.? ?m|m ?\^? ?2|square met(?:er|re)s?|met(?:er|re)s? square)\b(?: bsa)?\)?",
     "/bsa"),
    (r"(?<=[a-z])-(?=[a-z])(?!(?:i{1,3}|iv|v)\b)", " "), (r"\b(yrs?|mos?|wks?|hrs?)\.", r"\1"),
)  # fmt: skip
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
          "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty")  # fmt: skip
_NUMBER_WORDS = {word: str(n) for n, word in enumerate(_WORDS)} | {"twice": "2 x", "double": "2 x", "a single": "1"}
_NUMBER_WORD = re.compile(rf"(?<![\w-])(?:{'|'.join(_NUMBER_WORDS)})(?![\w]|-\w)")
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}
_ROMANS = re.compile(r"(?<![\w.])(?:iv|v|i{1,3})(?![\w.])")
_BARE_ROMANS = re.compile(r"^[\s≥≤><=↑↓-]*(?:iv|v|i{1,3})(?:(?:\s|to|or|and|[,/↑↓-])+(?:iv|v|i{1,3}))*[\s↑↓]*$")

_MORE = "greater|more|higher|older|above|over|longer|larger|bigger|beyond|exceeding|exceeds?|worse|in excess(?= of)"
_LESS = "less|fewer|lower|younger|below|under|shorter|smaller"
_COMPARED = rules(  # spelled comparisons → signs; ↑ and ↓ are those that stand after the number
    (rf"(?:\b(?:{_MORE})|>)(?: than)?\s*(?:,|/|or|and)*\s*(?:=|equals?\b|equivalent\b)(?: to\b)?(?:\s*than\b)?", "≥"),
    (rf"(?:\b(?:{_LESS})|<)(?: than)?\s*(?:,|/|or|and)*\s*(?:=|equals?\b|equivalent\b)(?: to\b)?(?:\s*than\b)?", "≤"),
    (rf"(?:=|\b(?:equal|equivalent))(?: to)?,?\s*or\s*(?:(?:{_MORE})(?: than| to)?\b|>),?", "≥"),
    (rf"(?:=|\b(?:equal|equivalent))(?: to)?,?\s*or\s*(?:(?:{_LESS})(?: than| to)?\b|<),?", "≤"),
    (r">\s*(?:or|and)\s*=", "≥"), (r"<\s*(?:or|and)\s*=", "≤"),
    (rf"\b(?:no|not)(?: be)? (?:{_MORE})(?: than| of)?\b|\bnot (?:to )?exceed(?:ing)?\b|\b(?:at|at the) most\b", "≤"),
    (rf"\b(?:no|not)(?: be)? (?:{_LESS})(?: than)?\b|\bat (?:the )?least\b", "≥"),
    (r"\b(?:or|and) at least\b", "≥"),
    (r"(?:\bat )?\ba? ?(?:minimum|min\.?)(?: of)?(?= ?\d)", "≥"),
    (r"(?:\bat )?\ba? ?(?:maximum|max\.?)(?: of)?(?= ?\d)", "≤"),
    (r"\b(?:up|limited) to\b(?= ?(?:and including )?(?:grade )?\d)|\bwithin\b(?= ?(?:the )?[\d≥≤<U])", "≤"),
    (rf",?\s*(?:\b(?:or|and|of)|/)\s*(?:{_MORE}|up|upwards?)\b(?: in age)?", "↑"),
    (rf",?\s*(?:\b(?:or|and|of)|/)\s*(?:{_LESS})\b(?: in age)?", "↓"),
    (r"\b(?:minimum|at minimum)$", "↑"), (r"\bmaximum$", "↓"),
    (rf"(?:\b(?:{_MORE})|>)(?: than| of)?\b", ">"), (rf"(?:\b(?:{_LESS})|<)(?: than)?\b", "<"),
    (r"\((?:\s|or|to|[≥≤><=])*\)|\[(?:\s|[≥≤><=])*\]", " "),
    (r"\bbefore (?:the )?age(?: of)?\b|\bbefore\b(?= ?\d+ ?\w+ of age)", "<"),
    (r"([≥≤><])(?:\s*\b(?:than|to|or|an?|the|age|of)\b)+(?: equal to)?", r"\1"),
    (r"([≥≤><])\s*=?\s*\1", r"\1"),
    (r"\b(?:equals?|equal) (?:to )?", "="),
)  # fmt: skip

_UPPER = (r"(?:u\.?l\.?n\.?r?|iuln|unl|ult|(?:institution\w*)?uln"
          r"|upper (?:(?:normal|reference|threshold|institution(?:al)?) )?(?:limits?|ranges?|value)"
          r"|(?:normal|reference) upper limits?|upper normal)")  # fmt: skip
_LOWER = (
    r"(?:l\.?l\.?n\.?|lnl|lower (?:(?:normal|reference|institutional) )?limits?|(?:normal|reference) lower limits?)"
)
_OWNER = r"(?:(?:the|an?|our|institution(?:al)?(?:'s|’s|s)?|local|laborator(?:y|ies)|lab|study site's|defined) )*"
_OF_NORMAL = (rf"(?:,? ?(?:of|for|in)? ?{_OWNER}\(?(?:normal(?: (?:range|values?|limits?))?|norms?"
              r"|reference(?: (?:range|values?))?|range|age|sex|gender|laboratory|institution)\)?)*")  # fmt: skip
_TIMES = r"(?:(?:\b ?-? ?(?:x|times?|fold)\b|(?<=\d)x\b) ?(?:of|above|over|>)?)? ?"
_LIMITS = rules((rf"(?<![a-z]){_UPPER}(?!\w){_OF_NORMAL}", "ULN"), (rf"(?<![a-z]){_LOWER}(?!\w){_OF_NORMAL}", "LLN"))
_MULTIPLES = rules(
    (rf"{_TIMES}{_OWNER}(ULN|LLN)", r" \1 "),
    (r"(?<=\d) ?(?:x|times|fold)(?: of)? ?(?:the )?(?:institution(?:al)? )?(?:normal|n)(?: (?:limits?|range|values?))?"
     r"(?: for age)?(?!\w)", " ULN "),
    (r"(?<=\d) ?(?:n|normal limits?)$", " ULN "),
    (r"(ULN)\W*(?:\(?ULN\)?)", r"\1"), (r"(LLN)\W*(?:\(?LLN\)?)", r"\1"),
    (r"^\W*ULN x? ?(\d+(?:\.\d+)?)$", r"\1 ULN"),
    (r"^([≥≤><=]?)\s*(ULN|LLN)", r"\1 1 \2"),
)  # fmt: skip

_POWER = r"10(?:\s*(?:\^|\*+|exp\w*|e\+?|to the)\s*\(?|\s*\(|\s(?=\d{1,2}\s*(?:cells?\s*)?/))"
_NUMBERS = rules(
    (rf"(?<![\d.])(\d+(?:[.,]\d+)?)\s*[x·.]?\s*{_POWER}\s*(\d{{1,2}})(?:th)?\)?", r"\1e\2"),
    (r"(\d)\s*x?\s+10(3|6|9|12)(?=\s*/ ?l\b)", r"\1e\2"),
    (r"(\d)\s*x\s*10(3|6|9|12)(?=\s*(?:cells?|platelets?)?\s*(?:/|per\b))", r"\1e\2"),
    (rf"(?<![\d.,])(?:x\s*)?{_POWER}\s*(\d{{1,2}})\)?", r"1e\1"),
    (r"(?<![\d.e])(\d+(?:\.\d+)?)( ?(?:-|to|and) ?[≤<]? ?)(\d+(?:\.\d+)?)e(\d+)", r"\1e\4\2\3e\4"),
    (r"(?<![\d/])(\d{1,2}) ?/ ?10(?![\d/.,e])", r"\1"), (r"(?<=\d) (?:out )?of (?:the )?\d{1,2}(?![\d.])", ""),
    (r"(\d)\s*(?:k|thousand)\b", r"\1e3"), (r"(\d)\s*million\b", r"\1e6"),
    (r"(?<![\d.,])(\d{1,3}(?:\.\d{3}){2,})(?![\d.,])", r"\1#"),
    (r"(?<![\d.,])(\d{1,3}\.\d{3})(?=\s*(?:cells?|platelets?)?\s*/\s*(?:mm|[uμ]l|cumm))", r"\1#"),
    (r"(\d)\.(?=[\d.]*#)", r"\1"), (r"#", ""),
    (r"(?<![\d.,])(\d{1,2}(?:,\d{2})+),(?=\d{3}(?!\d))", r"\1@"), (r"(\d),(?=[\d,]*@)", r"\1"), (r"@", ""),
    (r"(?:(?<=[1-9])|(?<=[1-9]\d)|(?<=[1-9]\d\d)|(?<=,\d{3})),(?=\d{3}(?!\d))", ""),
    (r"(?<![\d.,])(\d{1,3}) (?=\d{3}(?! ?\d))", r"\1"),
    (r"(?<![\d.,])0,(?=\d+(?!\d*,)(?:\D|$))(?!1(?:\D|$))|(?<=\d),(?=\d{1,2}\s*[x%a-zA-Z/](?!r\b))|(?<=\d)·(?=\d)", "."),
    (r"(?<![\d.])\.(?=\d)", "0."),
    (r"(?<=\d)-(?=[a-z])", " "),
)  # fmt: skip

_GRADES = re.compile(
    r"\b(?:(?:national cancer institute )?common (?:terminology|toxicity) criteria(?: for adverse (?:events|effects))?"
    r"|ctcae|ctc|nci|nyha|(?:version|v\.?) ?\d(?:\.\d+)?(?=,? grade)"
    r"|toxicity|grades?|gr\.?|class(?:es)?|category|stages?|scores?|levels?|degree)\b"
)


_UCUM = rules(
    (r"\{?1\.73[ ._]?m2\}?", "1.73 m2"), (r"(?<=[\w%])\{[^{}]*\}|^\{[^{}]*\}$", ""), (r"[\[\]{}]", "")
)  # fmt: skip
_EMPTY = re.compile(r"[(\[]\s*[)\]]")
_BRACKETS = re.compile(r"[(\[][^()\[\]]*(?:[)\]]|$)")


def plain_of(text: str) -> str:
    """The text in lower case, with one way to write each sign."""
    spelled = applied(_SPELLED, html.unescape(text).replace("\\", ""))
    folded = unicodedata.normalize("NFKC", spelled.translate(_SUPERSCRIPTS)).lower()
    return applied(_SIGNS, " ".join(folded.split())).strip(" .,;")


def words_of_unit(unit: str) -> str:
    """A unit of UCUM without its brackets and notes: "mmHg" for "mm[Hg]", nothing for "{INR}"."""
    return applied(_UCUM, unit)


def digits_of(plain: str) -> str:
    """The plain text with its number words as digits."""
    return _NUMBER_WORD.sub(lambda m: _NUMBER_WORDS[m[0]], plain)


def signs_of(plain: str) -> str:
    """The plain text with comparisons, limits and numbers as signs: "≥ 5 ULN"."""
    said = applied(_COMPARED, applied(_LIMITS, digits_of(plain)))
    if _GRADES.search(said) or _BARE_ROMANS.match(said):
        said = _ROMANS.sub(lambda m: _ROMAN[m[0]], _EMPTY.sub(" ", _GRADES.sub(" ", said)))
    said = applied(_NUMBERS, " ".join(said.split()))
    if number := re.search(r"\d", said):  # brackets behind a number: the same again, or under another condition
        said = said[: number.end()] + _BRACKETS.sub(" ", said[number.end() :])
    return " ".join(applied(_MULTIPLES, said).split())
