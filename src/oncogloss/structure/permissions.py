"""What a criterion only permits: it asks nothing, on either side."""

from __future__ import annotations

import re
from collections.abc import Sequence

from oncogloss.schema import Mention
from oncogloss.structure.asides import CLOSED_BRACKET, in_brackets
from oncogloss.structure.scope import Scope
from oncogloss.structure.standing import name_of_standing
from oncogloss.structure.wording import BREAK, EXCEPT

PERMITTED = re.compile(
    r"\b(allowed|permitted|acceptable|permissible|(they|patients?) (may|can) (be|have|receive))\b", re.I
)
ALLOWED = re.compile(r"\b(allowed|permitted|permissible|may have|(is|are) acceptable)\b", re.I)
LIMITED = re.compile(r"\b(if|provided|must|only|unless|not(?! limited to)|no)\b", re.I)
ADMITTED = re.compile(
    r"(?<!who )\b(are|is|remain) eligible\b(?! to\b| for (?!this\b|the\b|study\b|trial\b|enrol))"
    r"|\b(can|may|could|will) (still )?(be (enrolled|included|entered|eligible|considered)|enrol)\b",
    re.I,
)
_SO = re.compile(r"\b(is|are|be) (\w+ )?(allowed|permitted|permissible|acceptable)\b|\b(allowed|permitted)\W*$", re.I)
_BESIDE = frozenset(("infection", "comorbidity", "cns", "second_malignancy", "cardiac"))  # none is why a patient comes


def is_allowed(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """What is only permitted: it asks nothing."""
    first = all("exc" in f.attributes for f in facts if f.start < m.start)
    alone = first and not scope.excludes and EXCEPT.search(scope.words) is None
    told = {"neg"} if alone else {"neg", "exc"}  # beside what is asked it is an exception to that
    if told & set(m.attributes) or name_of_standing(m.id) not in (None, "other-trial"):
        return False
    if any(r.head == m.id and r.type in ("HAS_VALUE", "HAS_TIME") for r in scope.relations):
        return False
    inside = in_brackets(scope, m)
    sentence = scope.sentence_of(m, BREAK + (r"|[()]" if inside else "|,? but "))
    sentence = sentence if inside else CLOSED_BRACKET.sub(" ", sentence)
    beside = not scope.excludes and all(f.type in ("CONDITION", "CANCER") and is_admitted(scope, f) for f in facts)
    admitted = beside and ADMITTED.search(scope.sentence_of(m)) and not EXCEPT.search(sentence)
    permitted = PERMITTED.search(sentence) or admitted
    return bool(permitted) and LIMITED.search(sentence) is None


def is_admitted(scope: Scope, m: Mention) -> bool:
    """Whether "patients with it are eligible" means that it keeps nobody out: a disease beside the trial's own."""
    categories = set(scope.criterion.categories)
    if "second_malignancy" in categories and "hist" in m.attributes:
        return True
    if "disease" in categories:
        return False
    if m.type == "CANCER":
        return re.search(r"\b(brain|cns|nervous|leptomening\w*)\b", m.text, re.I) is not None
    return m.type == "CONDITION" and bool(_BESIDE & categories)


def permits_alone(scope: Scope) -> bool:
    """Whether an exclusion only says that what it names is allowed: "patients with mild gout are eligible"."""
    if not scope.excludes or EXCEPT.search(scope.lead) or any(m.type in ("VALUE", "TIME") for m in scope.mentions):
        return False
    words = CLOSED_BRACKET.sub(" ", scope.words).strip(" .;\n*-")
    said = _SO.search(words) or ADMITTED.search(words)
    return said is not None and re.search(rf"{BREAK}|;", words) is None and LIMITED.search(words) is None
