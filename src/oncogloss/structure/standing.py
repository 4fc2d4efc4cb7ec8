"""What trials ask over and over and no mention names: consent, adequate organs, swallowing tablets, no other trial.

Each is read as a mention of its own, whose id says what it is, so that lists, negations and brackets treat it alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, cast

from oncogloss.schema import Criterion, Logic, Mention, Relation, Standing
from oncogloss.structure.wording import BREAK, CONSENT, EMPTY, HINDERS, ORGANS, PHRASES, TRIAL

_PREFIX = "said:"
_TONGUES = "english|spanish|french|german|italian|dutch|danish|swedish|japanese|korean|chinese|mandarin|portuguese"
_STUDY = r"([\w-]+,? ){0,5}?(trials?|stud(y|ies)|protocols?)\b"


class _Kind(NamedTuple):
    """A demand: what it is known by, the words it may be made of beside the empty ones, one that it must have, and
    those that say more than its name."""

    name: Standing
    sign: re.Pattern[str]
    words: re.Pattern[str]
    needs: re.Pattern[str]
    tells: re.Pattern[str] | None = None


def _kind(name: Standing, sign: str, words: str, needs: str = "", tells: str = "") -> _Kind:
    signed, worded, needed = (re.compile(form, re.I) for form in (sign, words, needs))
    return _Kind(name, signed, worded, needed, re.compile(rf"\b({tells})\b", re.I) if tells else None)


_KINDS = (
    _kind(
        "swallowing",
        r"\bswallow\w*|\b(take|tolerate|receive|ingest)( and retain)? (oral|tablets|capsules|pills)",
        r"able|unable|abilit\w+|inabilit\w+|capable|cannot|difficult\w*|swallow\w*|take|ingest|retain|absorb|tolerate"
        r"|oral|orally|tablets?|capsules?|pills?|medications?|medicines?|drugs?|food|whole|intact|form|formulations?",
        r"able|unable|abilit|inabilit|capable|cannot|can|difficult",
    ),
    _kind(
        "organ-function",
        r"\b(function(s|ing)?|reserves?|labs)\b",
        ORGANS.pattern + r"|good|satisfactory|sufficient|preserved|appropriate|inadequate|insufficient|poor|end|labs"
        r"|per|baseline|demonstrated?|protocol",
        r"\b(adequate|acceptable|good|normal|satisfactory|sufficient|preserved|appropriate|inadequate"
        r"|insufficient)\b",
        r"end organ|bone marrow|marrow|renal|kidneys?|hepatic|liver|ha?ematolog\w+|ha?ematopoietic|cardi\w+|heart"
        r"|pulmonary|lungs?|coagulation|labs",
    ),
    _kind(
        "other-trial",
        rf"\b(participat\w+|enrol\w+|involve\w*|included|inclusion) (in|on|into) (?!this\b|the\b){_STUDY}",
        r"participat\w+|enrol\w+|involve\w*|clinical|investigational|interventional|therapeutic|drugs?|research"
        r"|device"
        r"|simultaneous\w*|planned|actively|experimental|randomi[sz]ed|different|already|agents?|products?|medical"
        r"|trials?|stud(y|ies)|protocols?|medicinal|treatments?|prior|previous|recent",
        r"\b(other|another|different|any|a|an|investigational|clinical|interventional)\b",
    ),
    _kind(
        "social-situation",
        r"\b(psychosocial|social|socioeconomic|familial|sociological|geographic(al)?)\b[^.;]{0,40}?"
        r"\b(situations?|circumstances|conditions?|factors|issues|reasons)\b",
        r"psychosocial|psychological|social|socioeconomic|familial|family|sociological|geographic(al)?|situations?"
        r"|circumstances|factors|issues|reasons",
    ),
    _kind(
        "follow-up",
        r"\bfollow[ -]?up\b|\btelephone\b",
        r"accessible|contactable|reach\w*|return\w*|follow|telephone|active|regular|long-term|access|follow-up|safety"
        r"|reasons|geographically",
        r"\b(accessible|available|contactable|reach\w*|return\w*|access)\b",
    ),
    _kind(
        "questionnaires",
        r"\bquestionnaires?\b",
        r"able|unable|abilit\w+|inabilit\w+|willing\w*|unwilling\w*|read|write|understand|complete|fill|answer"
        r"|questionnaires?|quality|life|qol|self-administered|alone|themselves|independently|assistance|study"
        rf"|{_TONGUES}",
        r"\b(un)?(able|ability|willing\w*)\b|\binability\b",
        _TONGUES,
    ),
    _kind(
        "language",
        rf"\b({_TONGUES})\b",
        rf"able|unable|abilit\w+|inabilit\w+|speak\w*|read|write|understand|communicate|fluent\w*|language|{_TONGUES}"
        r"|spoken|written|comprehend",
        r"\b(speak\w*|read|write|understand|communicate|fluent\w*|spoken|comprehend)\b",
        _TONGUES,
    ),
    _kind(
        "tumor-sample",
        r"\b(tumou?r|tissue|biopsy|archival|archived|paraffin\S*)( tumou?r| tissue| biopsy){0,2}"
        r" (samples?|specimens?|blocks?|tissues?|material|sections|slides)\b",
        r"availability|provision|provid\w+|submi\w+|representative|sufficient|archiv\w+|fresh|frozen"
        r"|formalin\S*|fixed"
        r"|paraffin\S*|embedded|ffpe|leftover|tumou?rs?|tissues?|samples?|specimens?|blocks?|biops\w+|material"
        r"|sections"
        r"|slides|analys[ei]s|central|review|testing|exploratory|biomarkers?|research|purposes|correlative|collect\w*"
        r"|unstained|willing|agree\w*|newly|recent|consent|allow|mandatory|study",
        r"\b(availab\w+|provi\w+|submi\w+|required|collect\w*|must|mandatory)\b",
        r"archiv\w+|fresh|frozen|paraffin-embedded|ffpe|blocks?|slides|unstained|biops\w+",
    ),
    _kind("consent", r"\b(informed|written) consent\b|\bconsent form|\binformed\W+(\w+ ){0,3}consent", CONSENT.pattern),
    _kind("compliance", r"\b(comply|complying|adher(e|ing))\b", CONSENT.pattern),
)  # fmt: skip
_SIGNS = re.compile(rf"\b(?=\w)(?:{'|'.join(kind.sign.pattern for kind in _KINDS)})", re.I)
_OTHER_REASON = re.compile(
    r"reasons?|situations?|circumstances?|comorbidit\w+|abnormalit\w+|illness\w*|not|suitable|appropriate|fit|unfit"
    r"|unable|unwilling|unlikely|complet\w+|concerns?|discomfort|due|because|behaviou?rs?"
)
_JUDGED = re.compile(
    r"\b(investigators?|physicians?|researchers?|clinicians?|sponsor|opinion|judge?ment|judged|deems?"
    r"|considers?|feels?)\b",
    re.I,
)
_CONSENTS = re.compile(
    r"\b(informed|written|oral|signed)\b[^.;]{0,40}\bconsent\b|\bconsent form\b|\b(sign|give"
    r"|provide)\w*\b[^.;]{0,40}\bconsent\b"
    r"|\bvoluntar(y|ily)\b[^.;]{0,40}\b(participat|consent)|\bagree\w*\b[^.;]{0,40}\bto participate\b", re.I
)  # fmt: skip
_COMPLIES = re.compile(r"\b(comply|complian\w+|adher\w+)\b", re.I)
_BESIDES = re.compile(
    r"\b(questionnaires?|contracepti\w+|tissues?|samples?|biops\w+|specimens?|randomi\w+|start treatment)\b", re.I
)
_ABSENT = re.compile(
    r"\b(unable|inabilit\w+|incapable|unwilling\w*|cannot|not|no|lack|refus\w+|difficult\w*|inadequate|insufficient"
    r"|failure|unlikely|without|absence)\b",
    re.I,
)
_WALL = "\ue000"
_STRETCH = re.compile(rf"(?:(?!{BREAK}|[;:{_WALL}])[\s\S])+")
_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*[^\W_])?")
_BESIDE = ("ROUTE", "INSTRUMENT", "VALUE")  # types that may stand inside of such a demand


def name_of_standing(id_: str) -> Standing | None:
    """What a mention's id stands for, if it stands for such a demand."""
    return cast(Standing, id_.split(":")[1]) if id_.startswith(_PREFIX) else None


def consents(logic: Logic | None) -> bool:
    """Whether a tree asks for consent or compliance alone, on which no other criterion rests."""
    inner = logic.parts[0] if logic is not None and logic.op == "not" else logic
    return inner is not None and (inner.said or name_of_standing(inner.mention or "")) in ("consent", "compliance")


def standing_in(text: str, criterion: Criterion, mentions: Sequence[Mention], *, leads: bool) -> list[Mention]:
    """The demands of a criterion as mentions; `leads` tells whether other criteria stand under it."""
    told = [m for m in mentions if m.type not in ("TIME", *_BESIDE)]
    words = text[criterion.start : criterion.end]
    if not told and (name := _whole(criterion, words)) is not None:
        denied = criterion.side == "exc"
        complies = _COMPLIES.search(words) if name == "consent" else None
        place = criterion.start + (complies.start() or 1) if complies else criterion.end
        asked = [_mention(name, text, criterion, criterion.start, place, absent=denied)]
        if complies:
            asked.append(_mention("compliance", text, criterion, place, criterion.end, absent=denied))
        return asked
    if criterion.side == "exc" and not told and _is_left_to_judgement(words):
        return [_mention("unsuitable", text, criterion, criterion.start, criterion.end, absent=False)]
    found: list[Mention] = []
    stretches = _stretches(text, criterion, mentions)
    for kind in _KINDS if stretches else ():
        if kind.name == "organ-function" and (told or leads or words.rstrip(" \n*-").endswith(":")):
            continue
        if kind.name == "tumor-sample" and "specimen" not in criterion.categories:
            continue
        for start, end, run in _runs(kind, stretches):
            if not any(start < m.end and m.start < end for m in [*told, *found]):
                found.append(_mention(kind.name, text, criterion, start, end, absent=bool(_ABSENT.search(run))))
    return found


def _whole(criterion: Criterion, words: str) -> Standing | None:
    """What a criterion of the consent or compliance category asks, where it asks no more than its category says."""
    if not set(criterion.categories) or not set(criterion.categories) <= {"consent", "compliance"}:
        return None
    if _BESIDES.search(words):
        return None
    if _CONSENTS.search(words):
        return "consent"
    left = [w for w in re.findall(r"[^\W\d_]{2,}", PHRASES.sub(" ", words)) if w.casefold() not in EMPTY]
    told = all(CONSENT.fullmatch(w) for w in left)
    return ("consent" if "consent" in criterion.categories else "compliance") if told else None


def _mention(name: Standing, text: str, criterion: Criterion, start: int, end: int, *, absent: bool) -> Mention:
    return Mention(
        id=f"{_PREFIX}{name}:{start}", passage=criterion.passage, start=start, end=end, text=text[start:end],
        type="CONDITION" if name == "social-situation" else "OUTCOME", attributes=("neg",) if absent else (), score=1.0,
    )  # fmt: skip


def times_of_standing(
    text: str, mentions: Sequence[Mention], standing: Sequence[Mention], told: Iterable[Relation]
) -> Iterator[Relation]:
    """The times that no relation gives to anything else, each given to the demand that stands before it in its
    sentence, or else behind it."""
    tails = {r.tail for r in told}
    for time in (m for m in mentions if m.type == "TIME" and m.id not in tails):
        beside = sorted(standing, key=lambda m: (m.start > time.start, abs(m.start - time.start)))
        near = [m for m in beside if not _apart(text, m, time, mentions)]
        if near:
            yield Relation(type="HAS_TIME", head=near[0].id, tail=time.id, score=1.0)


def _apart(text: str, one: Mention, other: Mention, mentions: Sequence[Mention]) -> bool:
    """Whether a sentence ends, or another mention stands, between two mentions."""
    start, end = min(one.end, other.end), max(one.start, other.start)
    between = any(start <= m.start and m.end <= end and m.type != "TIME" for m in mentions)
    return between or re.search(BREAK, text[start:end]) is not None


def details_of(m: Mention) -> tuple[str, ...]:
    """The words of such a demand that say more than its name: which organs, which languages."""
    tells = next((kind.tells for kind in _KINDS if kind.name == name_of_standing(m.id)), None)
    found = dict.fromkeys(x[0].casefold() for x in tells.finditer(m.text)) if tells else {}
    return (" or ".join(found),) if found and " or " in m.text else (" and ".join(found),) if found else ()


def _is_left_to_judgement(words: str) -> bool:
    """Whether an exclusion says no more than that the investigator may hold a patient unfit for the trial."""
    left = re.findall(r"[^\W\d_]{2,}", PHRASES.sub(" ", words).casefold())
    known = all(w in TRIAL or _OTHER_REASON.fullmatch(w) or HINDERS.match(w) or _JUDGED.fullmatch(w) for w in left)
    return known and _JUDGED.search(words) is not None and len(left) > 3


def _stretches(text: str, criterion: Criterion, mentions: Sequence[Mention]) -> list[tuple[int, str]]:
    """The stretches between the mentions and breaks of a criterion, with where they start; none where no kind's sign
    is in it."""
    plain = list(text[criterion.start : criterion.end])
    for m in mentions:
        if m.type not in _BESIDE:
            plain[m.start - criterion.start : m.end - criterion.start] = _WALL * (m.end - m.start)
    walled = "".join(plain)
    found = _STRETCH.finditer(walled) if _SIGNS.search(walled) else ()
    return [(criterion.start + stretch.start(), stretch[0]) for stretch in found]


def _runs(kind: _Kind, stretches: Iterable[tuple[int, str]]) -> Iterator[tuple[int, int, str]]:
    """Where a kind's words stand around its sign: start and end without what is empty, and the whole run."""
    for start, stretch in stretches:
        sign = kind.sign.search(stretch)
        if sign is None or HINDERS.search(stretch[: sign.start()]):
            continue
        words = list(_WORD.finditer(stretch))
        inside = [i for i, w in enumerate(words) if sign.start() < w.end() and w.start() < sign.end()]
        first, last = inside[0], inside[-1]
        while first and _belongs(kind, words[first - 1][0]):
            first -= 1
        while last + 1 < len(words) and _belongs(kind, words[last + 1][0]):
            last += 1
        run = stretch[words[first].start() : words[last].end()]
        kept = [w for w in words[first : last + 1] if kind.words.fullmatch(w[0])]
        if kept and kind.needs.search(run) and all(_belongs(kind, words[i][0]) for i in inside):
            said = stretch[words[first].start() : kept[-1].end()]
            yield start + kept[0].start(), start + kept[-1].end(), said


def _belongs(kind: _Kind, word: str) -> bool:
    return word.casefold() in EMPTY or kind.words.fullmatch(word) is not None
