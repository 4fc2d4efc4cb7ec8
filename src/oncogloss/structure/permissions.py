"""What a criterion only permits: it asks nothing, on either side."""

from __future__ import annotations

import re
from collections.abc import Sequence

from oncogloss.schema import Criterion, Mention
from oncogloss.structure.asides import CLOSED_BRACKET, in_brackets, open_bracket
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
WITHOUT = re.compile(  # "allowed if not on > 10 mg prednisone": more than that excludes
    r"\b(?:not|no|without|never)\b(?! (?:more|greater|less|fewer|longer|only)\b)(?:\W+\w+){0,4}\W*$", re.I
)
_SO = re.compile(r"\b(is|are|be) (\w+ )?(allowed|permitted|permissible|acceptable)\b|\b(allowed|permitted)\W*$", re.I)
_PERMITS = re.compile(
    rf"{_SO.pattern}|{ADMITTED.pattern}|\b(allowed|permitted) (with|up to|if|provided|when|as long as|at|in)\b", re.I
)
_FORBIDS = re.compile(
    r"\b(not|no longer|never|n['’]t)( \w+){0,2} (eligible|allowed|permitted|acceptable|permissible)\b"
    r"|\b(ineligible|excluded|prohibited|exclusionary)\b|^\W*no\b(?! (more|greater|longer))",
    re.I,
)
_TURN = r",? \b(?:but|however|although|whereas|except\w*|unless)\b"
_CLAUSE = rf"{BREAK}|[;:]|{_TURN}"
_GRADE = re.compile(r"grade\s*\d(?:\s*(?:-|–|to|or|and)\s*\d)?", re.I)
_BESIDE = frozenset(("infection", "comorbidity", "cns", "second_malignancy", "cardiac"))  # none is why a patient comes


def is_allowed(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """What is only permitted: it asks nothing."""
    first = all("exc" in f.attributes for f in facts if f.start < m.start)
    alone = first and not scope.excludes and EXCEPT.search(scope.words) is None
    told = {"neg"} if alone else {"neg", "exc"}  # beside what is asked it is an exception to that
    if told & set(m.attributes) or name_of_standing(m.id) not in (None, "other-trial"):
        return False
    limits = scope.tails(m, "HAS_TIME") | scope.tails(m, "HAS_VALUE")
    graded = not scope.excludes and m.type == "CONDITION"
    if any(v.id in limits and not (graded and is_grade(v)) for v in scope.mentions):
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


def is_grade(m: Mention) -> bool:
    """Whether a value is no limit but a grade: "grade 1", "grade 1 or 2"."""
    return m.type == "VALUE" and _GRADE.fullmatch(" ".join(m.text.split())) is not None


def permission_around(text: str, criterion: Criterion, place: int) -> tuple[int, int] | None:
    """The clause of a criterion around a place, a bracket or a stretch of a sentence, if it permits what stands there:
    "(patients with HBV DNA < 500 IU/mL are eligible)"."""
    before, behind = text[criterion.start : place], text[place : criterion.end]
    opened = open_bracket(before)
    edges = _CLAUSE if opened is None else rf"{_CLAUSE}|[()]"
    start = criterion.start + max((edge.end() for edge in re.finditer(edges, before)), default=0)
    stop = re.search(edges, behind)
    end = place + (stop.start() if stop else len(behind))
    words = CLOSED_BRACKET.sub(" ", text[start:end]).rstrip()
    if WITHOUT.search(text[start:place]):
        return None
    return (start, end) if _PERMITS.search(words) and not _FORBIDS.search(words) else None


def permits(text: str, criterion: Criterion, m: Mention) -> bool:
    """Whether a criterion says of a mention that it is allowed: "grade 1 neuropathy is permitted"."""
    clause = permission_around(text, criterion, m.start)
    return clause is not None and _SO.search(text[m.end : clause[1]].rstrip()) is not None


def is_spared(scope: Scope, m: Mention) -> bool:
    """Whether an exclusion permits what is measured: it is no part of what excludes."""
    measured = scope.excludes and "neg" not in m.attributes and scope.valued(m)
    return measured and permission_around(scope.text, scope.criterion, m.start) is not None


def permits_alone(scope: Scope) -> bool:
    """Whether an exclusion only says that what it names is allowed: "patients with mild gout are eligible"."""
    if not scope.excludes or EXCEPT.search(scope.lead):
        return False
    words = CLOSED_BRACKET.sub(" ", scope.words).strip(" .;\n*-")
    said = _SO.search(words) or ADMITTED.search(words)
    return said is not None and re.search(rf"{BREAK}|;|{_TURN}", words) is None and LIMITED.search(words) is None
