"""Whether a fact of a criterion holds for a patient: what it names, with the values, times and stages beside it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from math import inf

from oncogloss.limits import are_apart
from oncogloss.schema import (
    Criterion,
    Diagnosis,
    Document,
    Evidence,
    Extraction,
    LabResult,
    Logic,
    Marker,
    MarkerResult,
    Mention,
    Therapy,
    Threshold,
    TimeFrame,
)
from oncogloss.structure.alternatives import SPARED
from oncogloss.structure.asked_of import groups_in
from oncogloss.structure.entries import (
    Entries,
    Entry,
    Knowledge,
    ages_of,
    compare,
    days_between,
    is_kind_of,
    is_treatment,
)
from oncogloss.structure.kleene import UNKNOWN, Finding, Truth, conjoin, disjoin, negate
from oncogloss.structure.marker_results import has_marker, together
from oncogloss.structure.names import TREATMENTS
from oncogloss.structure.notation import mentions_in
from oncogloss.structure.quantities import read_quantity, read_time
from oncogloss.structure.signs import words_of_unit
from oncogloss.structure.stages import at_stage, groups_of, in_line, stages_in
from oncogloss.structure.units import is_amount
from oncogloss.structure.versions import plain

_RESTRICTS = frozenset(("HAS_VALUE", "DOSING", "TREATS", "DIRECTED_AT", "COMBINED_WITH"))  # not known of an entry
# categories whose treatments are the patient's history; and those where they are not, or are counted
_HISTORY = frozenset(("prior_therapy", "washout", "medication"))
_NOT_HISTORY = frozenset(
    ("consent", "compliance", "specimen", "procedure", "reproductive", "pregnancy", "line_of_therapy", "allergy")
)
# words beside a mention that make it narrower than its concept
_NARROWED = re.compile(
    r"\b(active|uncontrolled|un\w+ed|symptomatic|severe|significant\w*|chronic|acute|serious|persistent|"
    r"progressive|recurrent|strong|moderate|high-dose|systemic|known|major|clinically|inadequate\w*|line|lines|regimens?|"
    r"new|current\w*|concurrent|concomitant|other|different|additional|second|family|risk|candidates?|eligible|"
    r"suitable|intoleran\w+|allerg\w+|hypersensitiv\w+|refus\w+|amenable|failed|failure|respon\w+|planned?|intended)"
    r"\W+(\w+\W+){0,2}$",
    re.IGNORECASE,
)
_ONGOING = re.compile(r"\b(receiving|taking|using|ongoing|currently|continu\w+|requir\w+)\b", re.IGNORECASE)
_NARROWS = re.compile(
    r"^\W*\w*\W*(requir\w+|that|which|who|whose|unless|despite|if|due|related|not|resistant|refractory|naive|line|lines|"
    r"regimens?|for|with|without|in|on)\b",
    re.IGNORECASE,
)
_DISEASES, _THERAPIES = frozenset({"diseases"}), frozenset({"therapies"})
_PLAIN = frozenset(("known", "documented", "confirmed"))  # qualifiers that narrow nothing
_TOO_PLAIN = frozenset(("tumor", "tumors", "tumour", "tumours", "disease", "lesion", "lesions"))
_BEFORE_NOW = re.compile(r"\b(within|prior|before|last|past|previous|preceding)\b|[<≤]", re.IGNORECASE)
# diseases that are over when they have happened; and words by which a criterion asks when one began, or how it went on
_EVENTS = re.compile(
    r"infarct|heart attack|\bstrokes?\b|cerebrovascular accident|ischa?emic attack|\btia\b|embol|thrombosis|bleed"
    r"|ha?emorrhag|seizure|fracture|perforation|cardiac arrest",
    re.IGNORECASE,
)
_BEGUN = re.compile(r"\b(diagnos|onset|confirm|biops|new|document|develop|detect)", re.IGNORECASE)
_WENT_ON = re.compile(r"treat|therap|activ|ongoing|recur|relaps|progress|requir|evidence", re.IGNORECASE)
_FEMALE, _MALE = (re.compile(rf"\b({names})\b", re.IGNORECASE) for names in ("wom[ae]n|females?", "m[ae]n|males?"))
_PREGNANT = re.compile(r"pregnan|lactat|nursing|breast-?feed|child-?bearing|menopaus", re.IGNORECASE)
_NOT = re.compile(r"\bno[nt]?\W*(?:\b(?:be|currently|of|actively)\W+)*$", re.IGNORECASE)


class PatientFacts:
    """A trial's mentions, ready to be checked against one patient."""

    def __init__(self, document: Document, extraction: Extraction, entries: Entries, knowledge: Knowledge) -> None:
        self.entries = entries
        self.knowledge = knowledge
        self.texts = {passage.name: passage.text for passage in document.passages}
        self.mentions = {m.id: m for m in extraction.mentions}
        self.gaps = [c for c in extraction.coverage if c.decisive]
        self.related: dict[str, list[tuple[str, Mention]]] = defaultdict(list)
        for relation in extraction.relations:
            self.related[relation.head].append((relation.type, self.mentions[relation.tail]))
        self.thresholds: dict[str, list[Threshold]] = defaultdict(list)
        for fact, threshold in _of_facts(extraction):
            self.thresholds[fact].append(threshold)
        groups = [group for c in extraction.criteria if c.logic for group in groups_in(c.logic)]
        self.whom = {id_: set(who) for who, asked in groups for id_ in (*who, *asked)}
        self.cases = {*self.whom, *(i for t in extraction.thresholds for i in t.mentions[2:])}
        for id_ in self.cases - self.thresholds.keys():
            self.thresholds[id_] += self._ages(id_)

    def _ages(self, id_: str) -> Iterator[Threshold]:
        """The age by which a group is told, which is no threshold of the trial."""
        m = self.mentions.get(id_)
        values = [m] if m and m.type == "VALUE" else [tail for kind, tail in self.related[id_] if kind == "HAS_VALUE"]
        for value in values:
            age = read_quantity(value.text, "age")
            if age is not None and age.unit == "a":
                yield Threshold(
                    criterion=None,
                    measure="age",
                    operator=age.operator,
                    value=age.value,
                    high=age.high,
                    unit=age.unit,
                    text=value.text,
                    mentions=(id_,),
                )

    def holds(self, fact: Logic, criterion: Criterion) -> Finding:
        """Whether a fact of a criterion is so."""
        m = self.mentions.get(fact.mention or "")
        if m is None:
            return UNKNOWN
        patient = self.entries.patient
        if m.type in ("CANCER", "CONDITION"):
            if plain(m.text) in _TOO_PLAIN:
                return self._told(m, None)
            needed = ("diagnoses",) if m.type == "CANCER" else ("diagnoses", "conditions")
            complete = set(needed) <= set(patient.complete)
            shown = self._shown(fact, criterion, self.entries.diseases, lambda e: self._disease(m, e), complete)
            return self._limited(m, criterion, shown._replace(lists=_DISEASES))
        if m.type in TREATMENTS:
            if _NOT_HISTORY & set(criterion.categories) or not _HISTORY & set(criterion.categories):
                return self._told(m, None)
            needed = ("prior_treatments", "medications") if m.type != "PROCEDURE" else ("prior_treatments",)
            complete = set(needed) <= set(patient.complete)
            if fact.washout is not None:
                return self._washed_out(m, fact.washout, complete)
            shown = self._shown(fact, criterion, self.entries.treatments, lambda e: self._treatment(m, e), complete)
            return self._limited(m, criterion, shown._replace(lists=_THERAPIES))
        if m.type in ("BIOMARKER", "GENE"):
            return self._tested(m, criterion)
        if m.type in ("MEASURE", "VALUE"):
            return self._measure(m, criterion)
        if m.type in ("STAGE", "DISEASE_STATE"):
            (asked,) = stages_in(self.texts[m.passage], [m])
            shown = self._any(m, self.entries.diseases, lambda e: at_stage(asked, e), False)
            return shown._replace(lists=_DISEASES)
        return self._of_population(m, criterion) if m.type == "POPULATION" else self._told(m, None)

    def _tested(self, m: Mention, criterion: Criterion) -> Finding:
        """A marker, or the amount in blood of what a gene is the name of ("AFP < 400 ng/mL")."""
        in_blood = m.type == "GENE" and any(is_amount(t.unit) for t in self.thresholds[m.id])
        measured = self._measure(m, criterion) if in_blood else UNKNOWN
        return self._marker(m, criterion) if measured.truth is None else measured

    def _limited(self, m: Mention, criterion: Criterion, shown: Finding) -> Finding:
        """Under a limit that nothing at all keeps ("≤ 2 prior lines", "neuropathy ≤ grade 1"), what was found: it is
        asked of nobody who has none. How much of it there is, no entry tells."""
        limits = [t for t in self.thresholds[m.id] if t.unit != "a"]
        if not limits or any(compare(t.operator, 0, t.value, t.high) is t.denied for t in limits):
            return shown
        needed = m.type not in TREATMENTS and "disease" in criterion.categories  # "lymphoma of grade < 3"
        counted = all(t.unit == "1" for t in limits) and criterion.side == "inc" and "neg" not in m.attributes
        truth = True if shown.truth is False and counted and not needed else None
        evidence = tuple(e.model_copy(update={"holds": truth}) for e in shown.evidence)
        return Finding(truth, evidence=evidence, lists=shown.lists)

    def _of_population(self, m: Mention, criterion: Criterion) -> Finding:
        """Whether a patient is of a group by sex, and of the age that the group must have."""
        truth = self._by_sex(m, criterion)
        aged = self._measure(m, criterion) if any(t.unit == "a" for t in self.thresholds[m.id]) else None
        return self._told(m, conjoin([truth, aged.truth]), aged.evidence[0].entry) if aged else self._told(m, truth)

    def _by_sex(self, m: Mention, criterion: Criterion) -> Truth:
        """Whether a patient is of a group by sex; what is asked of those who may be pregnant, others need not be."""
        truth = _population(m.text, self.entries.patient.sex)
        if not _PREGNANT.search(m.text):
            return truth
        asked = criterion.side == "inc" and "neg" not in m.attributes
        if truth is False:
            return None if asked and m.id not in self.cases else False
        return truth if asked else None

    def understood(self, criterion: Criterion) -> bool:
        """Whether no stretch of a criterion is known to have been read in part only."""
        return not any(
            c.passage == criterion.passage and c.start < criterion.end and criterion.start < c.end for c in self.gaps
        )

    def _told(self, m: Mention, truth: Truth, entry: str = "") -> Finding:
        words = " ".join(m.text.split())
        return Finding(truth, evidence=(Evidence(mention=m.id, words=words, entry=entry, holds=truth),))

    def _any(self, m: Mention, entries: Sequence[Entry], holds: Callable[[Entry], Truth], complete: bool) -> Finding:
        """Whether an entry shows it; where none does, it is false only if the list is complete."""
        truths = [(entry, holds(entry)) for entry in entries]
        value = disjoin([*(truth for _, truth in truths), False if complete else None])
        telling = [entry for entry, truth in truths if truth is value and (value is True or truth is None)]
        told = self._told(m, value, "; ".join(entry.words for entry in telling))
        sure = frozenset(entry.key for entry, truth in truths if truth is True)
        return told._replace(sure=sure, possible=frozenset(e.key for e, truth in truths if truth is not False))

    def _washed_out(self, m: Mention, days: float, complete: bool) -> Finding:
        """Whether the last of a treatment is at least so many days past, or there was none."""

        def recent(entry: Entry) -> Truth:
            return conjoin([self._treatment(m, entry), self._within_days(entry, 0, days - 1)])

        found = self._any(m, self.entries.treatments, recent, complete)
        value = negate(found.truth)
        return Finding(value, evidence=tuple(e.model_copy(update={"holds": value}) for e in found.evidence))

    def _within_days(self, entry: Entry, low: float, high: float) -> Truth:
        """Whether what an entry tells ended, or is dated, so many days before the patient's date."""
        item = entry.item
        if isinstance(item, Therapy) and not item.end and entry.key.startswith("medication"):
            passed: tuple[int, int] | None = (0, 0)
        else:
            passed = days_between(getattr(item, "end", "") or getattr(item, "date", ""), self.entries.patient.date)
        if passed is None or passed[0] < 0:
            return None
        inside = [low <= days <= high for days in passed]
        return inside[0] if inside[0] == inside[1] else None

    def _shown(
        self,
        fact: Logic,
        criterion: Criterion,
        entries: Sequence[Entry],
        base: Callable[[Entry], Truth],
        complete: bool,
    ) -> Finding:
        m = self.mentions[fact.mention or ""]
        told = bool(fact.about) or not set(fact.qualifiers) <= _PLAIN
        narrowed = None if told or self._narrowed(m, criterion) else True
        refuted = [e for e in entries if isinstance(e.item, Diagnosis) and e.item.status == "absent"]
        if any(_same_words(m, e) or is_kind_of(m.concept, e.concept, self.knowledge) for e in refuted):
            return self._told(m, False, "; ".join(e.words for e in refuted))
        there = [e for e in entries if e not in refuted]
        if self._since(m):
            there = there if not any(base(e) for e in there) else [_latest([e for e in there if base(e)])]
        other = "second_malignancy" in criterion.categories  # what is there may be the disease that the trial is about

        def shows(e: Entry) -> Truth:
            own = None if other and _is_present(e) else True
            return conjoin([base(e), narrowed, own, *self._qualified(m, e, criterion)])

        return self._any(m, there, shows, complete)

    def _narrowed(self, m: Mention, criterion: Criterion) -> bool:
        """Whether words that are no fact make the mention narrower than what it names."""
        text = self.texts[m.passage]
        before = re.split(r"[.;:\n,(]|\b(?:or|and)\b", text[max(criterion.start, m.start - 40) : m.start])[-1]
        after = re.split(r"[.;:\n,(]", text[m.end : min(criterion.end, m.end + 30)])[0]
        tails = [tail for _, tail in self.related[m.id]]
        joined = any(0 <= tail.start - m.end <= 20 for tail in tails)
        if m.type in TREATMENTS and _ONGOING.search(text[criterion.start : m.start]):
            return True
        return bool(_NARROWED.search(before)) or (not joined and bool(_NARROWS.match(after)))

    def _qualified(self, m: Mention, entry: Entry, criterion: Criterion) -> list[Truth]:
        """What the mention's own relations ask of an entry."""
        found: list[Truth] = [self._at_stage(m, entry)]
        for kind, tail in self.related[m.id]:
            if kind == "HAS_TIME":
                found.append(self._in_time(tail, m, entry, criterion))
            elif kind == "IN_SETTING":
                found.append(in_line(tail.text, entry))
            elif kind in _RESTRICTS:
                found.append(None)
        if m.type in TREATMENTS and self.thresholds[m.id]:
            found.append(None)  # no entry tells a dose
        if isinstance(entry.item, Diagnosis) and entry.item.status == "past" and "hist" not in m.attributes:
            found.append(None)
        return found

    def _at_stage(self, m: Mention, entry: Entry) -> Truth:
        """Whether an entry has the stages of a mention; stage groups, and what "or" joins, are alternatives."""
        tails = sorted((t for kind, t in self.related[m.id] if kind == "HAS_STAGE"), key=lambda t: t.start)
        if not tails:
            return True
        stages = stages_in(self.texts[m.passage], tails)
        joined = self.texts[m.passage][tails[0].start : tails[-1].end]
        if re.search(r"\bor\b|/", joined, re.IGNORECASE):
            return disjoin(at_stage(stage, entry) for stage in stages)
        groups = [at_stage(stage, entry) for stage in stages if groups_of(stage)]
        rest = [at_stage(stage, entry) for stage in stages if not groups_of(stage)]
        return conjoin([*([disjoin(groups)] if groups else []), *rest])

    def _since(self, m: Mention) -> bool:
        """Whether a time asks how long ago at least: then the latest entry tells."""
        frames = [read_time(tail.text) for kind, tail in self.related[m.id] if kind == "HAS_TIME"]
        past = "neg" not in m.attributes
        return past and any(frame is not None and frame.low and frame.high is None for frame in frames)

    def _in_time(self, time: Mention, m: Mention, entry: Entry, criterion: Criterion) -> Truth:
        """Whether an entry lies in a time; what must be absent for a length of time, must be so up to now."""
        frame = read_time(time.text)
        if frame is None or not self.entries.patient.date or (frame.low, frame.high) == (None, None):
            return None
        absent, looks_back = "neg" in m.attributes, bool(_BEFORE_NOW.search(time.text))
        ruled_out = absent is not (criterion.side == "exc")
        low, high = _window(frame, absent=absent, whole=ruled_out and looks_back)
        if low is None or (isinstance(entry.item, Diagnosis) and low and frame.high is not None):
            return None
        ongoing = isinstance(entry.item, Therapy) and not entry.item.end and entry.key.startswith("medication")
        if not (ongoing or looks_back or frame.high is None):
            return None
        inside = self._within_days(entry, low, high)
        if not isinstance(entry.item, Diagnosis) or _EVENTS.search(entry.item.name):
            return inside
        text = self.texts[m.passage][criterion.start : criterion.end]
        return _lasting(entry.item, text, inside, since=bool(low), ruled_out=ruled_out)

    def _disease(self, m: Mention, entry: Entry) -> Truth:
        return True if _same_words(m, entry) else is_kind_of(entry.concept, m.concept, self.knowledge)

    def _treatment(self, m: Mention, entry: Entry) -> Truth:
        if m.type == "PROCEDURE" and entry.key.startswith("medication"):
            return False
        return True if _same_words(m, entry) else is_treatment(entry.concept, m.concept, m.type, self.knowledge)

    def _marker(self, m: Mention, criterion: Criterion) -> Finding:
        if self.thresholds[m.id]:
            gene = m.concept.marker.genes if m.concept and m.concept.marker else (m.concept.name,) if m.concept else ()
            entries = [e for e in self.entries.markers if self._genes(e) & set(gene)]
            found = [e for e in entries if isinstance(e.item, MarkerResult) and e.item.value is not None]
            if not found:
                return self._told(m, None, "; ".join(e.words for e in entries))
            truths = [
                self._within(m, e.item.value, e.item.unit, None) for e in found if isinstance(e.item, MarkerResult)
            ]
            return self._told(m, truths[0] if len(set(truths)) == 1 else None, "; ".join(e.words for e in found))
        asked = self._asked_marker(m) if m.type == "BIOMARKER" or (m.concept and m.concept.marker) else None
        if asked is None or asked.threshold or (m.concept and m.concept.match == "broader"):
            return self._told(m, None)
        shown = [(e, has_marker(e, asked)) for e in self.entries.markers if self._genes(e) & set(asked.genes)]
        value = together(asked, [(self._genes(e), truth) for e, truth in shown])
        before = self.texts[m.passage][criterion.start : m.start]
        if value is False and ("hist" in m.attributes or re.search(r"\b(ever|history|previous)\b", before, re.I)):
            value = None  # the latest test says nothing of earlier ones
        telling = "; ".join(e.words for e, truth in shown if truth is value)
        return self._told(m, value, telling)

    def _asked_marker(self, m: Mention) -> Marker | None:
        """What a marker asks, with the gene that stands outside its words where they name none."""
        own = m.concept.marker if m.concept else None
        if own is not None and own.genes:
            return own
        genes = [tail.text for kind, tail in self.related[m.id] if kind == "HAS_GENE"]
        named = self.knowledge.known("BIOMARKER", f"{genes[0]} {m.text}") if len(genes) == 1 else None
        return named.marker if named else None

    def _genes(self, entry: Entry) -> set[str]:
        marker = entry.concept.marker if entry.concept else None
        gene = self.knowledge.known("GENE", getattr(entry.item, "name", ""))
        return {*(marker.genes if marker else ()), *((gene.name,) if gene else ())}

    def _measure(self, m: Mention, criterion: Criterion) -> Finding:
        patient, name = self.entries.patient, plain(m.concept.name if m.concept else m.text)
        asked = [t for t in self.thresholds[m.id] if t.criterion in (None, criterion.id)] or self.thresholds[m.id]
        values: list[tuple[float, str, LabResult | None]] = []
        if name == "age" or m.type in ("VALUE", "POPULATION"):
            values = [(years, "years", None) for years in ages_of(patient)]
            shown = f"age {', '.join(dict.fromkeys(f'{v[0]:g}' for v in values))}" if values else ""
        elif "ecog" in name or "karnofsky" in name:
            score = patient.ecog if "ecog" in name else patient.karnofsky
            values = [] if score is None else [(score, "", None)]
            shown = f"{'ECOG' if 'ecog' in name else 'Karnofsky'} {score}" if values else ""
        else:
            entries = [e for e in self.entries.labs if _same_measure(m, e)]
            values = [(e.item.value, e.item.unit, e.item) for e in entries if isinstance(e.item, LabResult)]
            shown = ", ".join(e.words for e in entries)
            asked_times = [tail for kind, tail in self.related[m.id] if kind == "HAS_TIME"]
            times = [self._in_lab_time(tail, lab) for tail in asked_times for _, _, lab in values]
            if values and not all(times):
                return self._told(m, None, shown)
        if not asked or not values:
            return self._told(m, None, shown)
        truths = {self._thresholds(m, asked, criterion, *value) for value in values}
        return self._told(m, truths.pop() if len(truths) == 1 else None, shown)

    def _in_lab_time(self, time: Mention, lab: LabResult | None) -> Truth:
        frame = read_time(time.text)
        passed = days_between(lab.date, self.entries.patient.date) if lab else None
        if frame is None or frame.high is None or passed is None:
            return None
        return True if 0 <= passed[1] <= frame.high else None

    def _thresholds(
        self,
        m: Mention,
        asked: Sequence[Threshold],
        criterion: Criterion,
        value: float,
        unit: str,
        lab: LabResult | None,
    ) -> Truth:
        """Whether a value keeps the limits: the unconditional ones, or where its condition holds a conditional one."""
        cases = [(t, self._case(t, criterion)) for t in asked]
        whole = [(t, case) for t, case in cases if _is_general(t) and case is not False]
        general = [self._within(m, value, unit, lab, t) for t, _ in whole]
        one_of = are_apart([t for t, _ in whole])
        result: Truth = (disjoin(general) if one_of else conjoin(general)) if general else None
        instead = [(t, case) for t, case in cases if not _is_general(t)]
        if not instead and None in [case for _, case in whole] and result is not (criterion.side == "inc"):
            result = None
        for t, case in instead:
            own = self._within(m, value, unit, lab, t)
            if case is True:
                result = own
            elif case is None and own is not result:
                result = None
        return result

    def _case(self, t: Threshold, criterion: Criterion) -> Truth:
        """Whether a limit is one for the patient, as its condition says; the tree says it where it asks some alone."""
        if t.condition is None:
            return True
        told = {tail.id for id_ in t.mentions[2:] for kind, tail in self.related[id_] if kind == "HAS_VALUE"}
        left = [id_ for id_ in t.mentions[2:] if id_ not in told]
        if t.mentions[0] in self.whom and set(left) <= self.whom[t.mentions[0]]:
            return True
        facts = [self.holds(Logic(op="fact", mention=id_), criterion).truth for id_ in left]
        case = conjoin(facts) if facts else None
        return negate(case) if _is_general(t) else case

    def _within(
        self, m: Mention, value: float | None, unit: str, lab: LabResult | None, t: Threshold | None = None
    ) -> Truth:
        t = t or self.thresholds[m.id][0]
        if value is None:
            return None
        if t.unit in ("ULN", "LLN"):
            limit = (lab.upper_limit if t.unit == "ULN" else lab.lower_limit) if lab else None
            return compare(t.operator, value / limit, t.value, t.high) if limit else None
        amount = read_quantity(f"{value:.10g} {words_of_unit(unit)}".strip(), f"{m.text}; {t.measure}")
        if amount is None or amount.unit != t.unit:
            return None
        return compare(t.operator, amount.value, t.value, t.high)


def _of_facts(extraction: Extraction) -> Iterator[tuple[str, Threshold]]:
    """Each threshold with the mention whose limit it is: a conditional one of a measure that is but named again is the
    limit of the measure that is a fact."""
    facts = {c.id: set(mentions_in(c.logic)) for c in extraction.criteria if c.logic}
    told = [(t.mentions[0], t) for t in extraction.thresholds if t.mentions]
    named = {(t.criterion, t.measure): id_ for id_, t in reversed(told) if id_ in facts.get(t.criterion or "", ())}
    for id_, t in told:
        again = t.condition is not None and id_ not in facts.get(t.criterion or "", ())
        yield named.get((t.criterion, t.measure), id_) if again else id_, t


def _is_general(t: Threshold) -> bool:
    """Whether a limit is everybody's, or all but those whom an exception spares."""
    return t.condition is None or SPARED.match(t.condition) is not None


def _same_words(m: Mention, entry: Entry) -> bool:
    return plain(getattr(entry.item, "name", "")) in {plain(m.text), plain(m.expansion or m.text)}


def _is_present(entry: Entry) -> bool:
    return isinstance(entry.item, Diagnosis) and entry.item.status not in ("past", "absent")


def _same_measure(m: Mention, entry: Entry) -> bool:
    by_concept = m.concept is not None and entry.concept is not None and m.concept.id == entry.concept.id
    return by_concept or _same_words(m, entry)


def _window(frame: TimeFrame, *, absent: bool, whole: bool) -> tuple[float | None, float]:
    """The fewest and the most days past that lie in a time. "4 weeks prior to study entry" is the `whole` time since
    where it rules out; whether it else asks for just that day is not known."""
    low, high = frame.low or 0, inf if frame.high is None else frame.high
    if absent and frame.high is None:
        return 0, low
    return low if low < high else 0 if whole else None, high


def _lasting(disease: Diagnosis, text: str, inside: Truth, *, since: bool, ruled_out: bool) -> Truth:
    """Whether a disease lies in a time, where its date is `inside`, which is that of its beginning: what began `since`
    so long ago may have ended later, and what began earlier than in the past years may still have been there."""
    begun = _BEGUN.search(text)
    if begun and not _WENT_ON.search(text):
        return inside
    if since:
        return False if inside is False else None
    return True if inside or (disease.status == "active" and ruled_out and not begun) else None


def _latest(entries: Sequence[Entry]) -> Entry:
    return max(entries, key=lambda e: getattr(e.item, "end", "") or "9999")


def _population(words: str, sex: str) -> Truth:
    """Whether a patient is of a group by sex; of women who are or may become pregnant no more is known."""
    female, male, pregnant = (group.search(words) for group in (_FEMALE, _MALE, _PREGNANT))
    if not sex or (female and male) or not (female or male or pregnant):
        return None
    if sex != ("male" if male else "female"):
        denied = pregnant and not (female or male) and _NOT.search(words[: pregnant.start()])
        return bool(denied)
    return True if not pregnant and re.fullmatch(r"\W*\w+\W*", words) else None
