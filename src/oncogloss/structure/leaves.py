"""What is said of a fact beside its relations: how it must be, what it is directed at, how long it must be past."""

from __future__ import annotations

import re
from collections.abc import Sequence

from oncogloss.schema import Logic, Mention
from oncogloss.structure.asides import CLOSED_BRACKET
from oncogloss.structure.facts import IN_LIST, candidates, counts_a_window, is_aimed_at, is_placing
from oncogloss.structure.measured import condition_of
from oncogloss.structure.names import TREATMENTS, alike, words_of
from oncogloss.structure.quantities import read_time
from oncogloss.structure.scope import Scope
from oncogloss.structure.standing import details_of, name_of_standing
from oncogloss.structure.wording import BREAK, CONTRACEPTION, EMPTY, GENERAL_WORD

_QUALIFIERS = """
abnormal acceptable active acute additional adequate adjuvant advanced allogeneic another anticipated approved
asymptomatic autologous bacterial badly-controlled barrier bilateral bulky chronic clinically-significant
co-existing co-morbid coexisting combined comorbid complex concomitant concurrent confirmed congenital continued
contralateral controlled curable curative current debilitating decompensated definitive deleterious different
diffuse disabling documented effective elective emergency expected experimental extensive external failed fasting
fresh fungal general germline gross hereditary high-dose high-risk highly history immediate inadequate
inadequately-controlled incident inhaled inherited initial inoperable insufficiently-controlled intact intense
intercurrent intermittent intractable intravenous invasive investigational ipsilateral irreversible isolated known
large latent life-threatening local localised localized long-term low-dose low-risk major malignant massive mild
minor moderate moderately multiple new newly non-healing non-invasive non-metastatic noninvasive nonmetastatic
obvious ongoing operable oral other palliative past pathogenic pathologic pathological persistent planned poorly
poorly-controlled potentially pre-existing predominantly preexisting prescribed previous primary prior progressive
prophylactic radical radiographic radiographically radiologic radiological radiologically rapid rapidly recent
recently recurrent refractory regional relevant reliable reported residual resting scheduled second secondary
serious severe significant significantly similar simultaneous solitary somatic stable suboptimally-controlled
substantial suspected symptomatic synchronous systemic therapeutic topical treatable treated uncontrollable
uncontrolled underlying unexplained unhealed unilateral unintended unintentional unresolved unstable untreated
viral well-controlled
"""
QUALIFIERS = frozenset(_QUALIFIERS.split())
_EVENT = re.compile(
    r"\b(infarct\w*|MI|strokes?|accidents?|CVA|TIA|attacks?|arrest|embolism|haemorrhage|hemorrhage)\b", re.I
)
_MENTAL = re.compile(r"psych|social", re.I)  # of these none is acute or symptomatic because a disease before it is
_SOMATIC = re.compile(r"infect|heart|cardiac|angina|arrhythm|hypertens|diabet|respirat|pulmon", re.I)
_AHEAD = (
    (
        re.compile(
            r"\banticipation of (?:the )?(?:need for|requirement for)? ?(?:an? |any "
            r"|such an? )?"
        ),
        "anticipated ",
    ),
    (
        re.compile(r"(?<!or )(?<!or is )(?<!or are )\bscheduled (?:to have|for|to receive|to undergo) (?:an? )?"),
        "scheduled ",
    ),
    (re.compile(r"\bfailure of (?:an? |the |any )?"), "failed "),
    (re.compile(r"\b(poorly|inadequately|insufficiently|suboptimally|badly) (?=controlled\b)"), r"\1-"),
)
_OF = re.compile(
    r"\b(history|methods?|forms?|means|use|episodes?|treatments?|therapy|prolongation) (?:of|with)"
    r" (?:an? |any |the )?"
)
_LISTED = "\ue000"  # stands for another member of a list
_PASSED_OVER = frozenset(
    (
        "and",
        "or",
        "clinically",
        "medically",
        "any",
        ",",
        "/",
        "method",
        "methods",
        "form",
        "means",
        "use",
        "episode",
        "episodes",
        "treatment",
        "therapy",
        "adequately",
        "appropriately",
        "curatively",
        "definitively",
    )
)
HISTORY = frozenset(("history", "prior", "previous", "past"))  # said by the mention's own attribute where it has it

_SENSITIZING = re.compile(r"\bsensiti[sz]ing\b", re.I)
_ALLERGY = re.compile(r"allerg|hypersensitiv|intoleran|anaphyla|reaction", re.I)
_OFF = re.compile(r"\b(off|discontinu\w+|stopp\w+|ceas\w+|withdrawn|free (of|from)|wash-?out)\b", re.I)
_PASSED = re.compile(
    r"\b(since|elapsed?|ago|passed|interval|complet\w+|finish\w+|ended|prior to|before"
    r"|after)\b",
    re.I,
)
_SINCE = re.compile(r"\b(since|elapsed?|passed)\b", re.I)
_LAST = re.compile(r"\b(last|final)\b[^.;\n]*$", re.I)
_DEMANDED = re.compile(
    r"\b((have|has|had|having|must) (previously |already )?(received|undergone|been treated|failed|had|progressed)"
    r"|treated with|on a stable|stable dose)\b",
    re.I,
)


def leaf_of(logic: Logic, scope: Scope, facts: Sequence[Mention]) -> Logic:
    """The same tree, each fact with what the criterion's words add to it."""
    if logic.mention is None:
        parts = tuple(leaf_of(part, scope, facts) for part in logic.parts)
        same = all(new is old for new, old in zip(parts, logic.parts, strict=True))
        return logic if same else logic.model_copy(update={"parts": parts})
    m = next(m for m in scope.mentions if m.id == logic.mention)
    if (said := name_of_standing(m.id)) is not None:
        times = tuple(words_of(t) for t in times_of(scope, m))
        ridden = tuple(rider.words for rider in scope.riders if m in rider.facts)
        return Logic(op="fact", said=said, qualifiers=(*details_of(m), *times, *ridden))
    measured = condition_of(scope, m)
    about = tuple(x.id for x in [*([measured] if measured else []), *about_of(scope, m, facts)])
    qualifiers = (
        *qualifiers_of(scope, measured or m),
        *narrowing_of(m),
        *(rider.words for rider in scope.riders if m in rider.facts),
    )
    washout = washout_of(scope, m)
    if (qualifiers, about, washout) == (logic.qualifiers, logic.about, logic.washout):
        return logic
    return logic.model_copy(update={"qualifiers": qualifiers, "about": about, "washout": washout})


def qualifiers_of(scope: Scope, m: Mention) -> tuple[str, ...]:
    """Words just before a mention that say how it must be ("active, clinically significant infection"); those of which
    one is enough are one qualifier ("known or suspected")."""
    text = re.sub(r"\(\s*,\s*\)", ",", _before(scope, m).casefold())
    for form, word in _AHEAD:
        text = form.sub(word, text)
    text = _OF.sub(r"\1 ", text)
    found: list[str] = []
    either = crossed = False
    for word in reversed(re.findall(r"[a-z]+(?:-[a-z]+)*|[^\sa-z]", text)):
        if word in QUALIFIERS and either and found:
            found[0], either = f"{word} or {found[0]}", False
        elif word in QUALIFIERS:
            found.insert(0, word)
        elif (word not in _PASSED_OVER and (word != _LISTED or found)) or (word == _LISTED and _EVENT.search(m.text)):
            if crossed and word in (_LISTED, "including", "to", "as"):
                found = []  # they belong to a member of the list alone: one in the middle, or an example
            break
        crossed = crossed or (word == _LISTED and not found)
        listed = word == "," and bool(found) and " or " in found[0]
        either = (either and word != _LISTED) or word in ("or", "/") or listed
    past = m.type in TREATMENTS or "hist" in m.attributes
    return tuple(dict.fromkeys(word for word in found if not (past and word in HISTORY)))


def _before(scope: Scope, m: Mention) -> str:
    """The text before a mention, its own tails as commas, others of its type in one list with it as one sign."""
    told = {r.tail for r in scope.relations if r.head == m.id}
    text, end = "", m.start
    earlier = (o for o in scope.mentions if o.end <= m.start)
    for other in sorted(earlier, key=lambda o: (o.start, -o.end, o.type == m.type), reverse=True):
        if other.end > end:
            continue
        gap = scope.text[other.end : end]
        listed = other.type == m.type and re.fullmatch(r"[\s,/]*(and/or|and|or)?\s*", gap) is not None
        listed = listed and not (_MENTAL.search(m.text) and _SOMATIC.search(other.text))
        if other.id not in told and not listed:
            goes_on = other.type == m.type and "," in text and re.match(r"\s*(,|/|and\b|or\b)", gap) is not None
            return gap + text if not text else f"{_LISTED if goes_on else '.'} {gap}{text}"
        text, end = f"{',' if other.id in told else _LISTED}{gap}{text}", other.start
    return scope.text[scope.criterion.start : end] + text


def narrowing_of(m: Mention) -> tuple[str, ...]:
    """The words of a mention that its broader concept lacks: of "chest irradiation" as radiotherapy "chest"; of "major
    surgery" as surgery "major"; of a marker, however its gene is called, "sensitizing"."""
    if m.type == "BIOMARKER" and (some := _SENSITIZING.search(m.text)):
        return (some[0].casefold(),)
    named = m.concept is not None and m.type != "MEASURE" and _holds_name(m.text, m.concept.name)
    wide = named or (m.concept is not None and m.concept.match == "broader")
    missing = missing_words(m) if wide else []
    return (" ".join(missing),) if missing else ()


def _holds_name(text: str, name: str) -> bool:
    """Whether a text is a concept's name of one word with others before it."""
    return " " not in name and re.fullmatch(rf".*\W{re.escape(name)}", text, re.I | re.S) is not None


def missing_words(m: Mention) -> list[str]:
    """The words of a mention's kind or site that its concept's name has not."""
    known = {word[:5] for word in re.findall(r"[a-z]+", m.concept.name.casefold())} if m.concept is not None else set()
    told = " ".join(w for w in m.text.split() if not w.isupper()) or m.text  # a short form is told by the concept
    words = re.findall(r"[^\W\d_]{3,}(?:-[^\W\d_]+)*", told.casefold())
    return [w for w in words if w[:5] not in known and w not in EMPTY and not GENERAL_WORD.fullmatch(w)]


def about_of(scope: Scope, m: Mention, facts: Sequence[Mention]) -> list[Mention]:
    """What a fact is directed at and no relation says: what an allergy is to, what a treatment was for."""
    told = {r.tail for r in scope.relations if r.head == m.id} | {f.id for f in facts}
    if all(x.start < m.end or x.id in told for x in scope.mentions):
        return []
    found = []
    for x in candidates(scope):
        if x.id in told or x.start < m.end:
            continue
        nearest = [f for f in facts if f.end <= x.start][-1]
        own = nearest.id == m.id or (_ALLERGY.search(m.text) is not None and m in list_of(scope, nearest))
        if own and not re.search(BREAK, scope.text[m.end : x.start]):
            aimed = is_aimed_at(scope, x, facts) or is_placing(scope, x, facts)
            found += [x] if aimed and not counts_a_window(scope, x, facts) else []
    return found


def times_of(scope: Scope, m: Mention) -> list[Mention]:
    """The times of a mention, and those of a list that it is in, which stand before or behind the whole of it."""
    if all(r.type != "HAS_TIME" for r in scope.relations):
        return []
    listed = list_of(scope, m)
    ids = {x.id for x in listed}
    own = scope.tails(m, "HAS_TIME")
    shared = {r.tail for r in scope.relations if r.type == "HAS_TIME" and r.head in ids}
    return [
        t
        for t in scope.mentions
        if t.id in own or (t.id in shared and (t.end <= listed[0].start or listed[-1].end <= t.start))
    ]


def list_of(scope: Scope, m: Mention) -> list[Mention]:
    """The mentions of a mention's type, treatments alike, that are but joined to one another and to it, in order."""
    same = [x for x in scope.mentions if alike(x, m)]
    found: list[Mention] = []
    for x in same:
        gap = CLOSED_BRACKET.sub(" ", scope.text[found[-1].end : x.start]) if found else ""
        if found and (x.start < found[-1].end or not IN_LIST.fullmatch(gap) or not gap.strip()):
            if any(one is m for one in found):
                return found
            found = []
        found.append(x)
    return found if any(one is m for one in found) else [m]


def washout_of(scope: Scope, m: Mention) -> float | None:
    """The days that must have passed since the last of a treatment ("at least 4 weeks since chemotherapy"); None where
    nothing asks so."""
    if scope.excludes or m.type not in TREATMENTS or {"neg", "exc"} & set(m.attributes):
        return None
    times = times_of(scope, m)
    if not times or CONTRACEPTION.search(m.text):
        return None
    text = scope.words
    if _DEMANDED.search(text) and not (_OFF.search(text) or _LAST.search(scope.before(m))):
        return None
    days: list[float] = []
    for time in times:
        frame = read_time(time.text)
        asked = (
            _OFF.search(f"{scope.lead} {text}")
            or _LAST.search(scope.before(m))
            or (_PASSED.search(text) and not re.match(r"\W*for\b", time.text, re.I))
        )
        least = frame is not None and (frame.high is None or (frame.high == frame.low and _SINCE.search(text)))
        if frame is not None and frame.low and least and asked:
            days.append(frame.low)
    return max(days, default=None)
