"""Which mentions of a criterion are facts that a patient is checked for, and which only explain another."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from oncogloss.schema import Mention
from oncogloss.structure.alternatives import replaced_limits
from oncogloss.structure.asides import (
    CLOSED_BRACKET,
    has_any,
    heads_measures,
    is_bare_tumor,
    is_either_sex,
    is_equivalent,
    is_instruction,
    is_naive_state,
    is_specimen,
    lists_next,
    names_the_kind,
    open_bracket,
    tests_for,
)
from oncogloss.structure.counted import asked_among
from oncogloss.structure.names import TREATMENTS, key_of
from oncogloss.structure.permissions import ADMITTED, ALLOWED, LIMITED, PERMITTED, is_allowed, is_grade, permits_alone
from oncogloss.structure.persons import values_by_sex
from oncogloss.structure.quantities import read_quantity
from oncogloss.structure.scope import Scope
from oncogloss.structure.spans import outer
from oncogloss.structure.stains import is_decided
from oncogloss.structure.wording import BREAK

QUALIFYING = frozenset(
    ("HAS_VALUE", "HAS_TIME", "HAS_STAGE", "DOSING", "ASSESSED_BY", "IN_SETTING", "HAS_GENE", "TARGETS")
)  # relations whose tail belongs to its head
NEVER = frozenset(("VALUE", "TIME", "DOSE", "ROUTE", "SCHEDULE", "INSTRUMENT"))  # types that never stand alone

# Words around a mention after which it only explains another
_EXAMPLES = re.compile(
    r"\be\. ?g\b\.?,?|(?<=\()(such as|eg|e\.g\.)\b,?|\bi\. ?e\b\.?,?|\b(for example|for instance)\b", re.I
)
_INCLUDING = re.compile(r"\b(such as|including|includes?|inclusive of|examples?)\b", re.I)
_EXAMPLIFYING = ("e.", "i.", "(eg", "for example", "for instance", "such as", "includ", "inclusive", "example")
_COUNTED = re.compile(r"\bincluding (at least|a minimum of|≥|>=)[^.;()]*$", re.I)  # demanded, no example
_BRACKET_SAYS_MORE = re.compile(r"\s*(with|without|no|not|except|unless|excluding|or|and|if|other than)\b", re.I)
_SHOWN_BY = re.compile(
    r"\b(by|using|via|per|on|through|based on|according to|calculated)\W+(\w+\W+){0,2}$|\b(to|for) which no\s+$", re.I
)
_OR_UNDER = re.compile(r"\bor\s+((is|are|currently|already|now)\s+)*on\s+((an?|the)\s+)?$", re.I)
_PREVENTING = re.compile(r"contracept|birth control", re.I)
_UNDERGONE = re.compile(r"dialysis|ventilat|oxygen|transfusion|\b[bc]pap\b|parenteral|life support", re.I)
_COUNTED_FROM = re.compile(
    r"\W*((of|prior|to|before|after|from|following|since|until|and|or|the|last|first|final|dose|start|end|initiation"
    r"|completion|administration|planned|scheduled|study|receiving|starting|receipt|during|in|any)\b\W*)+",
    re.I,
)
_DESCRIBED = re.compile(r"\b(before|after|following|since|prior to) \w+ $", re.I)  # "after definitive surgery"
_ANCHOR = re.compile(r"\b(of|to|before|after|from|following|since|until)\b", re.I)
_ALLERGY = re.compile(r"allerg|hypersensitiv|intoleran|anaphyla|reaction|sensitivity|hypersensitive", re.I)
_AIMED = re.compile(
    r"\b((refractory|resistant|intolerant) to|to (prevent|avoid|harm)|for which no|in addition to( the)?)\W*$|±\W*$",
    re.I,
)
_PLACED = re.compile(r"\b(prior to|before|during|until|after)\W+((the|scheduled|planned)\W+)?$", re.I)
_CONSEQUENCE = re.compile(
    r"\b(contraindicat\w+|prevents?|render\w*|interfer\w+|potential (for|of)|jeopardi\w+"
    r"|increas\w+ (the )?(\w+ )?risk"
    r"|confound\w*|compromis\w+|preclud\w+|hamper\w*|imped\w+)\b",
    re.I,
)
_FOLLOWING = (
    "contraindicat", "prevent", "render", "interfer", "potential", "jeopardi", "increas", "confound", "compromis",
    "preclud", "hamper", "imped",
)  # fmt: skip
_CAUSED_BY = re.compile(r"\b(of|from|to|by)\W+(\w+\W+)?(prior|previous)\W+(\w+\W+)?$", re.I)
_OF_PATIENTS = re.compile(r"\b(for|in) (patients|subjects|participants|those|women|men|children)\b[^,;]*$", re.I)
_EITHER_SEX = re.compile(
    r"\W*(both |either )?\w+ (and/or|and|or) \w+( sex| gender| patients| subjects| participants)?"
    r"( and members)?( of all races and ethnic groups)?( (are|is) eligible( for this trial)?)?\W*",
    re.I,
)
_AGED = re.compile(r"\b(years?|months?)[ -](of[ -]age|old)\b|\b(aged?|older|younger|elder)\b", re.I)
_UNSPECIFIED = re.compile(r"\W*((status|therapy|stage) )?(is |was )?(not specified|unspecified|not stated)\b", re.I)
_CONDITION = re.compile(
    r"\W*(((is|are|will be) )?(acceptable|accepted|allowed|permitted|permissible) )?"
    r"(if|in (the )?presence of|in (the )?cases? of|in (patients|subjects|participants|those)|for|with|when"
    r"|unless|"
    r"in the setting of|due to|attribut\w+|secondary|because)\b",
    re.I,
)

_PLACES = frozenset(("STAGE", "DISEASE_STATE", "SETTING"))
IN_LIST = re.compile(r"\s*(,|/|，|、)?\s*((and/or|and|or)\s+)?(prior\s+|previous\s+|other\s+)?", re.I)


def facts_of(scope: Scope) -> list[Mention]:
    """The mentions that a patient is checked for, in order."""
    facts = [] if permits_alone(scope) else candidates(scope)
    asked = {m.id for own in replaced_limits(scope) if own.measures for m in (*own.group, *own.measures)}
    for explains in EXPLAINING if facts else ():
        kept = [m for m in facts if m.id in asked or not explains(scope, m, facts)]
        if explains in LISTED and len(kept) < len(facts):
            kept = [m for m in kept if not goes_on_with(scope, m, facts, kept)]
        facts = kept
    return facts


def goes_on_with(scope: Scope, m: Mention, facts: Sequence[Mention], kept: Sequence[Mention]) -> bool:
    """Whether a mention only goes on with a list whose other members are no facts: "toxicity of prior chemotherapy,
    surgery or radiotherapy"."""
    place = next(i for i, fact in enumerate(facts) if fact is m)
    while place and not {"neg", "exc"} & set(m.attributes):
        before = facts[place - 1]
        gap = CLOSED_BRACKET.sub(" ", scope.text[before.end : m.start])
        types = {before.type, m.type}
        if not (types <= TREATMENTS or types <= _PLACES) or not IN_LIST.fullmatch(gap):
            return False
        if before not in kept:
            return True
        m, place = before, place - 1
    return False


def asks_nothing(scope: Scope) -> bool:
    """Whether the record says of all that a criterion names that it is not specified, or that it is allowed, or either
    sex."""
    facts = candidates(scope)
    idle = all(m.type not in ("VALUE", "DOSE") or is_grade(m) for m in scope.mentions)
    timeless = all(m.type != "TIME" for m in scope.mentions)
    permitted = permits_alone(scope) and idle and timeless
    if facts and (permitted or all(is_unspecified(scope, m, facts) for m in facts)):
        return True
    idle = idle and not scope.excludes
    said = ALLOWED.search(scope.words) or ADMITTED.search(scope.words)
    allowed = said is not None and all(is_allowed(scope, m, facts) for m in facts)
    spared = all("exc" in m.attributes for m in facts) and LIMITED.search(scope.words) is None
    allowed = allowed or (spared and PERMITTED.search(scope.words) is not None)
    either = _EITHER_SEX.fullmatch(scope.words) is not None and all(is_either_sex(scope, m, facts) for m in facts)
    return bool(facts) and idle and (allowed or either)


def said_otherwise(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """Whether a mention that is no fact is still told: by a relation, a time, an allergy, or its like beside it.
    `facts` are the scope's candidates."""
    surely = (
        is_heading,
        is_unspecified,
        is_consenting,
        is_instruction,
        is_either_sex,
        is_specimen,
        is_equivalent,
        is_repeated,
        is_naive_state,
        counts_a_window,
        is_aimed_at,
        is_example,
        heads_measures,
        names_the_kind,
    )
    repeats = is_bare_tumor(scope, m, facts) and any(not scope.between(f, m).strip() for f in facts if f.end <= m.start)
    shown = repeats or (shows_another(scope, m, facts) and m.type == "PROCEDURE")
    return shown or is_second_name(scope, m, facts) or any(explains(scope, m, facts) for explains in surely)


def candidates(scope: Scope) -> list[Mention]:
    """The mentions that can be facts: of a type that stands alone, not qualifying another, not inside another."""
    qualifying = {r.tail for r in scope.relations if r.type in QUALIFYING}
    qualifying |= {r.head for r in scope.relations if r.type == "ABBREV_OF"}
    heads: dict[str, set[str]] = {}
    for r in scope.relations:
        heads.setdefault(r.tail, set()).add(r.head)
    held = {m.id for m in scope.mentions}
    found: list[Mention] = []
    for m in outer(scope):
        alone = m.type not in NEVER or (says_age(m) and all(o.type != "MEASURE" for o in scope.mentions))
        if alone and (m.id not in qualifying or (m.type == "VALUE" and not held & heads.get(m.id, set()))):
            found.append(m)
    return found


def says_age(m: Mention) -> bool:
    """Whether a value says itself that it is an age: "18 years of age or older"."""
    if m.type != "VALUE" or not _AGED.search(m.text):
        return False
    quantity = read_quantity(m.text, "age")
    return quantity is not None and quantity.unit == "a"


def is_heading(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """A mention of a heading that ends the criterion and belongs to what follows; one with a value is kept."""
    if scope.valued(m) or not re.search(r"\n\s*\n[^\n]*$", scope.before(m)):
        return False
    line_end = scope.text.find("\n", m.end, scope.criterion.end)
    after = scope.text[m.end : line_end if line_end >= 0 else scope.criterion.end]
    return re.fullmatch(r"[\w\s]*:?\s*", after) is not None


def is_unspecified(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """A mention of which the record says that nothing is asked ("Chemotherapy: Not specified")."""
    return _UNSPECIFIED.match(scope.text, m.end, scope.criterion.end) is not None


def is_bracketed(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """A second name, a kind or an explanation in brackets behind what it explains; numbers and negations say more."""
    opened = open_bracket(scope.before(m))
    explained = [f for f in facts if opened is not None and f.end <= scope.criterion.start + opened]
    if opened is None or not explained or "exc" in m.attributes or is_decided(explained[-1], m):
        return False
    lead = scope.before(m)[opened + 1 :]
    if "exc" in explained[-1].attributes:
        return True
    if is_second_name(scope, m, explained):
        return True
    if "neg" in m.attributes:
        cued = _EXAMPLES.match(lead) or _INCLUDING.match(lead)
        return cued is not None and "neg" in explained[-1].attributes
    tails = {r.tail: r.type for r in scope.relations if r.head == m.id}
    told = [v for v in scope.mentions if tails.get(v.id) in ("HAS_VALUE", "HAS_TIME") and re.search(r"\d", v.text)]
    numbered = any(")" not in scope.text[m.end : v.start] for v in told)
    if (numbered and len(lead) < 60) or (m.type == "POPULATION" and not lead.strip()):
        return False
    if m.type == "CANCER" and not scope.excludes and not _EXAMPLES.match(lead) and not _INCLUDING.match(lead):
        return False
    return _BRACKET_SAYS_MORE.match(scope.text[scope.criterion.start + opened + 1 : m.start + 1]) is None


def is_second_name(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """A name that fills a bracket alone, right behind another of its type."""
    before = [f for f in facts if f.end <= m.start and f.type == m.type]
    closed = re.match(r"\s*®?\s*[)\]]", scope.text[m.end : m.end + 4]) is not None
    return closed and bool(before) and re.fullmatch(r"\s*[(\[]\s*", scope.text[before[-1].end : m.start]) is not None


def is_example(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """An example of a general thing that stands before; what an exclusion includes is excluded, too."""
    text = scope.before(m)
    if not has_any(scope.words, _EXAMPLIFYING) or _COUNTED.search(text) or asked_among(scope, m, facts):
        return False
    denied = scope.excludes or "neg" in m.attributes
    cues = [*_EXAMPLES.finditer(text), *([] if denied else _INCLUDING.finditer(text))]
    return any(
        any(f.end <= scope.criterion.start + cue.start() for f in facts)
        and not re.search(rf"{BREAK}|\)", CLOSED_BRACKET.sub(" ", text[cue.end() :]))
        for cue in cues
    )


def counts_a_window(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """What a time counts from: "within 28 days of the first dose of X"."""
    times = [t for t in scope.mentions if t.type == "TIME" and t.end <= m.start]
    if not times or m.type not in TREATMENTS or "hist" in m.attributes:
        return False
    if any(r.type == "HAS_TIME" and r.head == m.id and r.tail == times[-1].id for r in scope.relations):
        return False
    gap, position = "", times[-1].end
    for other in scope.mentions:
        if other.type in TREATMENTS and position <= other.start < m.start:
            gap, position = gap + scope.text[position : other.start], other.end
    gap += scope.text[position : m.start] if position <= m.start else ""
    gap = _DESCRIBED.sub(r"\1 ", gap)
    return _ANCHOR.search(gap) is not None and _COUNTED_FROM.fullmatch(gap) is not None


def shows_another(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """A test or measure by which something else is shown."""
    if m.type not in ("PROCEDURE", "MEASURE", "GENE") or scope.valued(m) or "hist" in m.attributes:
        return False
    if m.type == "PROCEDURE" and ("neg" in m.attributes or _PREVENTING.search(m.text)):
        return False  # "women not using contraception"
    if re.match(r"[- ]?(proven|confirmed|documented)", scope.text[m.end : m.end + 12], re.I):
        return True
    earlier = [f for f in facts if f.end <= m.start]
    if not earlier:
        return False
    gap = CLOSED_BRACKET.sub(" ", scope.text[earlier[-1].end : m.start])
    chained = re.fullmatch(r"[\s,/]*(scans?\s+)?((and/or|and|or)\s+)?", gap) is not None
    if chained or _OR_UNDER.search(gap):
        return shows_another(scope, earlier[-1], facts)
    shown = _SHOWN_BY.search(gap)
    return shown is not None and (shown[1] != "on" or _UNDERGONE.search(m.text) is None)


def is_aimed_at(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """What a treatment was for or an allergy is to, what a cancer withstands, what may have been given beside."""
    if "exc" in m.attributes:
        return False
    heads = {r.head for r in scope.relations if r.type == "TREATS" and r.tail == m.id}
    told = any(f.id in heads and f.end <= m.start and not lists_next(scope, f, m) for f in facts)
    if told and (scope.excludes or _OF_PATIENTS.search(scope.before(m)) is None):
        return True
    if not scope.excludes and "pregnan" in m.text and all(f.type == "POPULATION" for f in facts if f.end <= m.start):
        return False  # "women must avoid pregnancy"
    if _AIMED.search(scope.before(m)):
        return True
    if m.type not in TREATMENTS:
        return False
    allergies = [f for f in facts if f.end <= m.start and f.type == "CONDITION" and _ALLERGY.search(f.text)]
    between = scope.text[allergies[-1].end : m.start] if allergies else ""
    return re.search(r"\b(to|of|against|with|from)\b", between) is not None and not re.search(BREAK, between)


def is_placing(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """What only places or causes another: "neoadjuvant therapy prior to surgery", "toxicity of prior chemotherapy"."""
    earlier = [f for f in facts if f.end <= m.start]
    if not earlier or {"neg", "exc"} & set(m.attributes):
        return False
    gap = scope.text[earlier[-1].end : m.start]
    treatment = m.type in TREATMENTS
    if treatment and earlier[-1].type == "CONDITION" and _CAUSED_BY.search(gap):
        return True
    if (
        treatment
        and "hist" not in m.attributes
        and _PLACED.search(gap)
        and (m.type == "PROCEDURE" or "after" not in gap)
    ):
        return True
    if m.type == "SETTING":
        return True
    after_treatment = earlier[-1].type in TREATMENTS
    if m.type in ("STAGE", "DISEASE_STATE") and after_treatment and not scope.valued(m):
        return re.search(r"\b(for|at|of)\W+(\w+\W+){0,2}$", gap) is not None
    return False


def is_consequence(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """What would follow from a fact: "that contraindicates the use of X"."""
    if not has_any(scope.words, _FOLLOWING):
        return False
    earlier = [f for f in facts if f.end <= m.start]
    between = scope.text[earlier[0].end : m.start] if earlier else ""
    cues = list(_CONSEQUENCE.finditer(between))
    return bool(cues) and re.search(BREAK, between[cues[-1].end() :]) is None


def conditions_a_cutoff(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """A condition that only changes one of a measure's cut-offs: "≤ 5 x ULN with liver metastases"."""
    if m.type == "POPULATION" and m in values_by_sex(scope.text, scope.mentions).values():
        return True
    values = [v for v in scope.mentions if v.type == "VALUE" and v.end <= m.start]
    if m.type == "MEASURE" or not values:
        return False
    if any(m in own.group for own in replaced_limits(scope)):
        return True
    measures = {r.head for r in scope.relations if r.type == "HAS_VALUE" and r.tail == values[-1].id}
    several = sum(r.type == "HAS_VALUE" and r.head in measures for r in scope.relations) > len(measures)
    named = [key_of(o) for o in candidates(scope) if o.type == "MEASURE"]
    again = any(o.id in measures and named.count(key_of(o)) > 1 for o in scope.mentions)
    return bool(measures) and (several or again) and _CONDITION.match(scope.text[values[-1].end : m.start]) is not None


def is_repeated(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """A measure, treatment or group named again with nothing new, or a measure without a value named with one."""
    if m.type not in ("MEASURE", "POPULATION", "DRUG", "DRUG_CLASS") or m.attributes:
        return False
    timed = any(r.head == m.id and r.type in ("HAS_TIME", "TREATS", "EXCEPTION") for r in scope.relations)
    same = [f for f in facts if f.type == m.type and key_of(f) == key_of(m) and f != m]
    again = not timed and any(f.start < m.start and scope.valued(f) >= scope.valued(m) for f in same)
    return again or any(scope.valued(f) > scope.valued(m) for f in same)


def is_bare_gene(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """A gene of which neither a state nor a value is asked; beside a marker it shares that one's state."""
    told = {r.type for r in scope.relations if r.head == m.id}
    shared = any(f.type == "BIOMARKER" for f in facts)
    return m.type == "GENE" and not shared and not told & {"HAS_VALUE", "BIOMARKER_OF"}


def is_consenting(scope: Scope, m: Mention, facts: Sequence[Mention]) -> bool:
    """Who signs the consent."""
    if m.type != "POPULATION" or scope.valued(m):
        return False
    return re.search(r"\binformed consent\b", scope.words, re.I) is not None


Explains = Callable[[Scope, Mention, Sequence[Mention]], bool]
EXPLAINING: tuple[Explains, ...] = (
    is_heading, is_unspecified, is_naive_state, is_instruction, is_consenting, is_either_sex, is_specimen,
    is_equivalent, is_bare_gene, conditions_a_cutoff, is_repeated, is_allowed, is_bracketed, is_example,
    counts_a_window, heads_measures, tests_for, shows_another, is_aimed_at, is_placing, is_consequence,
    is_bare_tumor, names_the_kind,
)  # fmt: skip
LISTED: tuple[Explains, ...] = (is_placing, counts_a_window)  # what holds of one treatment of a list holds of the rest
