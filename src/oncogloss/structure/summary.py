"""The trial at a glance: whom it is for, what it gives, what it asks of a patient's history."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from oncogloss.schema import (
    Criterion,
    Document,
    EntityType,
    Extraction,
    Mention,
    RelationType,
    Requirement,
    Side,
    Summary,
    Threshold,
)
from oncogloss.structure.clauses import Clause, Literal, clauses_of
from oncogloss.structure.names import TREATMENTS, distinct, key_of, name_of, outermost, tails_of, words_of
from oncogloss.structure.persons import age_thresholds, bounds_of, narrowed, registry_years, sex_asked, unconditional
from oncogloss.structure.quantities import read_time
from oncogloss.structure.wording import LACKS_A_NOUN

_TITLES = ("brief_title", "official_title")
_ABOUT_THE_CANCER = {"disease", "stage"}
_NUMERAL = r"(?:0|I{1,3}V?|IV)[A-D]?\d?"
_NAMES = re.compile(r"\b(?![cpry]*[TNM](?:is|[xo])\b)[A-Z]?[a-zà-ÿ]+\b")  # what a name does not need a capital for
_STATE = re.compile(
    r"(?:[^\W_]+[- ]){0,2}(?:relapsed|refractory|recurrent|resistant|sensitive|na[iï]ve|untreated|(?:newly|previously) "
    r"(?:diagnosed|treated))",
    re.IGNORECASE,
)
_GROUPS = re.compile(rf"{_NUMERAL}(?:\s?(?:[-–/]|to|or|and)\s?{_NUMERAL})*", re.IGNORECASE)
_GENERAL = re.compile(
    r"(malignant |primary )?(cancers?|neoplasms?|tumou?rs?|lesions?|malignanc(y|ies)|disease|cells)"
    r"|(neoplasm )?metastas[ei]s",
    re.IGNORECASE,
)
_NOT_NOW = {"neg", "exc", "hist"}
_LINES = re.compile(r"\b(lines?|prior|previous|regimens?|systemic|therap(?:y|ies))\b", re.IGNORECASE)
_AFTER_THE_STUDY = re.compile(r"\bafter\b.*\bstudy\b", re.IGNORECASE)
_HALF_LIVES = re.compile(r"half[- ]li[fv]es?\b", re.IGNORECASE)


def summary_of(document: Document, extraction: Extraction) -> Summary:
    """The summary of an extraction that has its criteria's logic, thresholds, arms and endpoints."""
    facts = _Facts(extraction)
    registry = document.registry
    ages = [bounds_of(t) for t in unconditional(age_thresholds(extraction), extraction, facts.clauses)]
    if registry:
        ages.append((registry_years(registry.minimum_age), registry_years(registry.maximum_age)))
    low, high = narrowed(ages)
    asked = sex_asked(document, extraction, facts.clauses)
    return Summary(
        cancers=distinct(name_of(m) for m in facts.most_specific(facts.cancers())),
        stages=distinct(_stage_names(facts.standing("STAGE"))),
        states=distinct(
            _state_name(words_of(m)) for m in facts.standing("DISEASE_STATE") if _STATE.fullmatch(words_of(m))
        ),
        treatments=facts.treatments(),
        biomarkers=tuple(facts.biomarkers()),
        lines=facts.lines(),
        prior_treatments=tuple(facts.prior_treatments()),
        washouts=facts.washouts(),
        age=(low, high) if low is None or high is None or low <= high else (None, None),
        sex=(registry.sex if registry else "") or (asked[0] if asked else ""),
    )


def _is_window(time: str) -> bool:
    """Whether a time is a length that ends at the start of the trial's treatment."""
    frame = read_time(time)
    if _AFTER_THE_STUDY.search(time):
        return False
    return _HALF_LIVES.search(time) is not None or (frame is not None and (frame.low, frame.high) != (None, None))


def _stage_names(mentions: Iterable[Mention]) -> Iterator[str]:
    """The words in lower case, but for numerals, TNM and abbreviations; numerals alone take the noun of those before
    them ("stage III or IV")."""
    noun = "stage"
    for m in mentions:
        name = _NAMES.sub(lambda word: word[0].lower(), words_of(m))
        parts = re.fullmatch(rf"(?:(.*\b(?:stage|grade|level))s? )?({_GROUPS.pattern})", name, re.IGNORECASE)
        if parts:
            noun = (parts[1] or noun).lower()
            name = f"{noun} {parts[2].upper()}"
        yield name


def _state_name(words: str) -> str:
    """One spelling of the state of a disease: "castration-resistant" for "Castrate resistant"."""
    words = re.sub(r"\bcastrate\b", "castration", words.lower().replace("ï", "i"))
    return re.sub(r"(?<!primary)(?<!or) (?=(?:resistant|sensitive|refractory|naive)$)", "-", words)


def _whole_numbers(limits: Iterable[Threshold]) -> str:
    """What comparisons of a count allow together: "1 to 3", "≥ 2"."""
    bounds = [(t.value, t.high or t.value) if t.operator in ("=", "range") else bounds_of(t) for t in limits]
    beyond = {t.value for t in limits if t.operator in ("<", ">")}
    low, high = narrowed(bounds)
    low = low + 1 if low in beyond and low is not None else low
    high = high - 1 if high in beyond and high is not None else high
    if low is None or high is None:
        return f"≤ {high:g}" if low is None else f"≥ {low:g}"
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _is_fragment(mention: Mention) -> bool:
    """Whether a mention is an organ or adjective that lacks the word it shares with a neighbour ("gastric or …")."""
    known = mention.concept is not None and mention.concept.match in ("name", "parts")
    return not known and mention.expansion is None and LACKS_A_NOUN.search(words_of(mention)) is not None


class _Facts:
    """An extraction, seen by what a summary asks."""

    def __init__(self, extraction: Extraction) -> None:
        self.clauses = clauses_of(extraction)
        self._extraction = extraction
        self._by_id = {m.id: m for m in extraction.mentions}
        self._criteria = {c.id: c for c in extraction.criteria}
        self._tails = tails_of(extraction)
        self._decisive = {(c.passage, c.start) for c in extraction.coverage if c.decisive}
        self._limits: defaultdict[str, list[Threshold]] = defaultdict(list)
        for threshold in extraction.thresholds:
            for measure in threshold.mentions[:1]:
                self._limits[measure].append(threshold)

    def cancers(self) -> list[Mention]:
        """The cancers of titles, conditions and of what inclusion criteria ask about the disease."""
        named = self._in_passages("CANCER", (*_TITLES, "conditions"))
        marked = [m for m in self._included({"biomarker"}) if m.concept and name_of(m) == m.concept.name]
        return [*named, *(m for m in (*marked, *self._included(_ABOUT_THE_CANCER)) if m.type == "CANCER")]

    def most_specific(self, cancers: Sequence[Mention]) -> list[Mention]:
        """Those that no other is a kind of, by concept or, without one, by words; "cancer" where there is no other."""
        cancers = [m for m in cancers if not _is_fragment(m)]
        cancers = [m for m in cancers if not _GENERAL.fullmatch(name_of(m))] or cancers
        parents = {parent for m in cancers if m.concept for parent in m.concept.parents}
        names = {name_of(m).casefold() for m in cancers}
        return [
            m
            for m in cancers
            if not (m.concept and m.concept.id in parents)
            and not any(name != (own := name_of(m).casefold()) and f" {own} " in f" {name} " for name in names)
        ]

    def standing(self, type_: EntityType) -> list[Mention]:
        """The stages or states of titles, and those of the cancers that inclusion criteria ask for."""
        included = self._included(_ABOUT_THE_CANCER)
        ids = dict.fromkeys(i for m in included for i in (m.id, *self._tails.get(("HAS_STAGE", m.id), ())))
        told = [m for i in ids if (m := self._by_id[i]).type == type_ and not _NOT_NOW & set(m.attributes)]
        return [*self._in_passages(type_, _TITLES), *told]

    def treatments(self) -> tuple[str, ...]:
        """Those of the arms, experimental arms first."""
        arms = sorted(self._extraction.arms, key=lambda arm: arm.kind != "experimental")
        return distinct(name_of(self._by_id[t.mention]) for arm in arms for t in arm.treatments)

    def biomarkers(self) -> Iterator[Requirement]:
        """The markers that criteria ask for or exclude."""

        def is_marker(literal: Literal) -> bool:
            mention = self._by_id[literal.mention]
            about = "biomarker" in self._criteria[literal.criterion].categories
            return (
                mention.type == "BIOMARKER"
                or bool(mention.concept and mention.concept.marker)
                or (mention.type == "GENE" and (about or bool(self._tails.get(("HAS_VALUE", mention.id)))))
            )

        yield from self._requirements(c for c in self.clauses if all(map(is_marker, c)))

    def prior_treatments(self) -> Iterator[Requirement]:
        """The treatments that a patient must or must not have had, at whatever time; a limit that leaves it open
        ("no more than two lines") is none."""

        def is_prior(literal: Literal) -> bool:
            mention, criterion = self._by_id[literal.mention], self._criteria[literal.criterion]
            about = {"prior_therapy", "line_of_therapy"} & set(criterion.categories)
            timed = self._tails.get(("HAS_TIME", mention.id))
            return mention.type in TREATMENTS and bool(about) and not timed and self._had_at_all(literal)

        yield from self._requirements(c for c in self.clauses if all(map(is_prior, c)))

    def _had_at_all(self, literal: Literal) -> bool:
        """Whether what is counted of a treatment asks for one at least, or forbids any."""
        if not self._tails.get(("HAS_VALUE", literal.mention)):
            return True
        limits = self._limits[literal.mention]
        if literal.holds:
            return any(t.operator not in ("<=", "<") and (t.value > 0 or t.operator == ">") for t in limits)
        return any((t.operator, t.value) in ((">=", 1), (">", 0)) for t in limits)

    def lines(self) -> tuple[str, ...]:
        """Lines and intents of treatment by the title, the arms and the inclusion criteria; counts of prior ones."""
        settings = [
            *self._in_passages("SETTING", _TITLES),
            *(self._by_id[i] for arm in self._extraction.arms for t in arm.treatments for i in t.settings),
        ]
        counts = []
        for criterion in self._extraction.criteria:
            if criterion.side == "inc" and "line_of_therapy" in criterion.categories:
                inside = [self._by_id[i] for i in criterion.mentions]
                settings += [m for m in inside if m.type == "SETTING" and not {"neg", "exc"} & set(m.attributes)]
                counts += list(self._counts(inside))
        return distinct([*map(words_of, settings), *counts])

    def _counts(self, mentions: Iterable[Mention]) -> Iterator[str]:
        """How many of a treatment there may have been, all limits on it as one range."""
        for m in mentions:
            limits = [t for t in self._limits[m.id] if t.unit == "1"]
            if limits and (m.type in TREATMENTS or _LINES.search(m.text)) and not {"neg", "exc"} & set(m.attributes):
                yield f"{limits[0].measure}: {_whole_numbers(limits)}"

    def washouts(self) -> tuple[str, ...]:
        """Treatments with the time in which a patient must not have had them."""
        found = []
        for criterion in self._extraction.criteria:
            for m in outermost(self._by_id[i] for i in criterion.mentions):
                if m.type not in TREATMENTS or not self._is_washed_out(m, criterion):
                    continue
                times = [words_of(self._by_id[i]) for i in self._tails.get(("HAS_TIME", m.id), ())]
                found += [f"{words_of(m)}: {time}" for time in times if _is_window(time)]
        return distinct(found)

    def _is_washed_out(self, mention: Mention, criterion: Criterion) -> bool:
        excluded = (criterion.side == "exc") != ("neg" in mention.attributes)
        about = {"washout", "prior_therapy", "medication", "procedure"} & set(criterion.categories)
        return "exc" not in mention.attributes and ("washout" in criterion.categories or (excluded and bool(about)))

    def _in_passages(self, type_: EntityType, passages: Iterable[str]) -> list[Mention]:
        order = tuple(passages)
        found = [m for m in self._extraction.mentions if m.type == type_ and m.passage in order]
        return [m for m in outermost(found) if not {"neg", "exc"} & set(m.attributes)]

    def _included(self, categories: set[str]) -> list[Mention]:
        """The facts that inclusion criteria of some categories ask for, alone or as an alternative."""
        literals = (literal for clause in self.clauses for literal in clause if literal.holds)
        found = dict.fromkeys(
            literal.mention
            for literal in literals
            if self._criteria[literal.criterion].side == "inc"
            and categories & set(self._criteria[literal.criterion].categories)
        )
        return [m for i in found if not _NOT_NOW & set((m := self._by_id[i]).attributes)]

    def _requirements(self, clauses: Iterable[Clause]) -> Iterator[Requirement]:
        """Clauses as requirements; all that one criterion forbids is one."""
        forbidden: dict[str, list[Literal]] = {}
        found: dict[tuple[str, int], tuple[Side, list[Literal]]] = {}
        for number, clause in enumerate(clauses):
            if all(literal.holds for literal in clause):
                found[clause[0].criterion, number] = "inc", list(clause)
            elif len(clause) == 1:
                together = forbidden.setdefault(clause[0].criterion, [])
                together.append(clause[0])
                found.setdefault((clause[0].criterion, -1), ("exc", together))
        for (criterion, _), (side, literals) in found.items():
            once = {key_of(m): m for literal in reversed(literals) if (m := self._by_id[literal.mention])}
            mentions = list(once.values())[::-1]
            yield Requirement(
                side=side,
                any_of=tuple(map(self._named, mentions)),
                criterion=criterion,
                mentions=tuple(m.id for m in mentions),
                decisive=(self._criteria[criterion].passage, self._criteria[criterion].start) in self._decisive,
            )

    def _named(self, mention: Mention) -> str:
        """The name, with what relations add to it: the value of a marker, the setting and aim of a treatment."""

        def told(relation: RelationType) -> list[str]:
            return [words_of(self._by_id[i]) for i in self._tails.get((relation, mention.id), ())]

        values, aims = ([], told("TREATS")) if mention.type in TREATMENTS else (told("HAS_VALUE"), [])
        return " ".join([*told("IN_SETTING"), name_of(mention), *values, *(f"for {aim}" for aim in aims[:1])])
