"""The criteria of an extraction as the writers of clinical formats need them: by id, in words, and with plain logic."""

from __future__ import annotations

from collections.abc import Iterator

from oncogloss.schema import Criterion, Document, EntityType, Extraction, Logic, Mention, Relation, Threshold

# entity type → OMOP's name of the domain; all others are observations
DOMAINS: dict[EntityType, str] = {
    "CANCER": "Condition",
    "CONDITION": "Condition",
    "DRUG": "Drug",
    "DRUG_CLASS": "Drug",
    "REGIMEN": "Drug",
    "PROCEDURE": "Procedure",
    "MEASURE": "Measurement",
    "GENE": "Measurement",
    "BIOMARKER": "Measurement",
}
QUALIFIERS = frozenset(("HAS_VALUE", "HAS_TIME", "HAS_STAGE", "ASSESSED_BY", "IN_SETTING", "DOSING"))


class Criteria:
    """A document's criteria, mentions and thresholds, each found by its id."""

    def __init__(self, document: Document, extraction: Extraction) -> None:
        self._texts = {passage.name: passage.text for passage in document.passages}
        self.mentions = {mention.id: mention for mention in extraction.mentions}
        self.by_id = {criterion.id: criterion for criterion in extraction.criteria}
        self._relations: dict[str, list[Relation]] = {}
        for relation in extraction.relations:
            self._relations.setdefault(relation.head, []).append(relation)
        self._thresholds: dict[str, list[Threshold]] = {}
        for threshold in extraction.thresholds:
            self._thresholds.setdefault(next(iter(threshold.mentions), ""), []).append(threshold)
        self._unsure = [c for c in extraction.coverage if c.decisive and {"logic", "case"} & set(c.lacks)]

    def roots(self) -> list[Criterion]:
        """The criteria that no other's logic speaks for, in order."""
        spoken = {
            fact.criterion
            for criterion in self.by_id.values()
            if criterion.logic
            for fact in facts(criterion.logic)
            if fact.criterion not in (None, criterion.id)
        }
        return [criterion for criterion in self.by_id.values() if criterion.id not in spoken]

    def words(self, criterion: Criterion) -> str:
        """The criterion's text on one line."""
        return one_line(self._texts[criterion.passage][criterion.start : criterion.end]) or criterion.id

    def said(self, mention: Mention) -> str:
        """The mention's words with those that its relations add, e.g. `melanoma (metastatic, within 5 years)`."""
        added = ["prior"] if "hist" in mention.attributes else []
        added += [one_line(self.mentions[relation.tail].text) for relation in self.qualifiers(mention)]
        words = one_line(mention.text)
        return f"{words} ({', '.join(dict.fromkeys(added))})" if added else words

    def qualifiers(self, mention: Mention) -> list[Relation]:
        """The relations that narrow a mention."""
        return [r for r in self._relations.get(mention.id, ()) if r.type in QUALIFIERS and r.tail in self.mentions]

    def thresholds(self, mention: Mention) -> list[Threshold]:
        """The comparisons of a measure that hold for every patient; all, where each has a condition."""
        found = self._thresholds.get(mention.id, [])
        return [threshold for threshold in found if threshold.condition is None] or found

    def child(self, parent: Criterion, id_: str | None) -> Logic | None:
        """What the fact that a sub-criterion is met comes to: its logic, turned round for an exclusion under an
        inclusion. None where it has none."""
        child = self.by_id.get(id_ or "")
        if child is None or child.logic is None:
            return None
        excludes = child.side == "exc" and parent.side == "inc"
        return Logic(op="not", parts=(child.logic,)) if excludes else child.logic

    def doubt(self, criterion: Criterion) -> str:
        """Why the tree of a criterion may say something else than its text, by the coverage ledger: what it or one of
        its sub-criteria lacks decides over patients. Empty where nothing does."""
        stretches = [
            stretch
            for part in self._family(criterion)
            for stretch in self._unsure
            if stretch.passage == part.passage and stretch.start <= part.start < stretch.end
        ]
        return "; ".join(dict.fromkeys(stretch.reason for stretch in stretches))

    def all_words(self, criterion: Criterion) -> str:
        """The criterion's words and those of all that its logic speaks for."""
        return " / ".join(self.words(member) for member in self._family(criterion))

    def _family(self, criterion: Criterion) -> list[Criterion]:
        """The criterion and all that its logic speaks for, each once, in the order of the text."""
        found, waiting = {criterion.id: criterion}, [criterion]
        while waiting:
            logic = waiting.pop().logic
            spoken = {fact.criterion or "": None for fact in facts(logic)} if logic else {}
            new = [self.by_id[id_] for id_ in spoken if id_ in self.by_id and id_ not in found]
            found |= {member.id: member for member in new}
            waiting += new
        return sorted(found.values(), key=lambda member: member.start)

    def whole(self, criterion: Criterion) -> Logic | None:
        """The criterion's logic with that of its sub-criteria put in; those that have none stay facts. None where there
        is none, or where there is a `doubt` about it."""
        if criterion.logic is None or self.doubt(criterion):
            return None
        return self._filled(criterion.logic, criterion, frozenset((criterion.id,)))

    def _filled(self, logic: Logic, criterion: Criterion, seen: frozenset[str]) -> Logic:
        if logic.op == "fact":
            inner = None if logic.criterion in seen else self.child(criterion, logic.criterion)
            if inner is None or logic.criterion is None:
                return logic
            return self._filled(inner, self.by_id[logic.criterion], seen | {logic.criterion})
        return logic.model_copy(update={"parts": tuple(self._filled(p, criterion, seen) for p in logic.parts)})

    def one_finding(self, logic: Logic) -> bool:
        """Whether an `except` spares kinds of the very thing that its first part names ("malignancy other than basal
        cell carcinoma"), not something else that is to be looked up ("unless CD4 >= 200")."""
        mentions = [self.mentions.get(part.mention or "") for part in logic.parts]
        named = [m for m in mentions if m is not None and not self.thresholds(m) and sex_of(m) is None]
        return len(named) == len(mentions) and len({domain_of(m) for m in named}) == 1


def facts(logic: Logic) -> Iterator[Logic]:
    """The leaves of a tree, in order."""
    if logic.op == "fact":
        yield logic
    for part in logic.parts:
        yield from facts(part)


def signed(logic: Logic, *, negate: bool = False) -> Logic:
    """The same logic of `all`, `any`, `at_least`, facts and exceptions, the last two alone under a `not`."""
    parts = logic.parts
    if logic.op == "not":
        return signed(parts[0], negate=not negate)
    if logic.op == "if":
        return signed(Logic(op="any", parts=(Logic(op="not", parts=parts[:1]), parts[1])), negate=negate)
    if logic.op in ("fact", "except"):
        return Logic(op="not", parts=(logic,)) if negate else logic
    turned = tuple(signed(part, negate=negate) for part in parts)
    if logic.op == "at_least":
        n = logic.n or 1
        return Logic(op="at_least", n=len(parts) - n + 1 if negate else n, parts=turned)
    return Logic(op="all" if (logic.op == "all") != negate else "any", parts=turned)


def spelled_out(logic: Logic) -> Logic:
    """An `except` as the first part and none of the others: what formats say that know no exceptions."""
    others = tuple(Logic(op="not", parts=(part,)) for part in logic.parts[1:])
    return Logic(op="all", parts=(logic.parts[0], *others))


def domain_of(mention: Mention) -> str:
    """OMOP's domain of what a mention names."""
    return DOMAINS.get(mention.type, "Observation")


def trial_cancers(document: Document, extraction: Extraction) -> list[Mention]:
    """The diseases that the trial is about, each once: of its list of conditions, or else of its titles."""
    for names in (("conditions",), ("brief_title", "official_title")):
        found = {
            (m.concept.id if m.concept else m.text.casefold()): m
            for m in reversed(extraction.mentions)
            if m.passage in names and m.type in ("CANCER", "CONDITION")
        }
        if found:
            return list(found.values())[::-1]
    return []


def passage_text(document: Document, *names: str) -> str:
    """The first of these passages that there is, on one line; else nothing."""
    texts = {passage.name: passage.text for passage in document.passages}
    return next((one_line(texts[name]) for name in names if texts.get(name, "").strip()), "")


def is_age(threshold: Threshold) -> bool:
    """Whether the patient's age in years is compared."""
    return threshold.unit == "a" and threshold.measure.casefold() == "age"


def sex_of(mention: Mention) -> str | None:
    """`female` or `male`, where that is all the mention says."""
    word = mention.text.casefold().strip()
    words = {"female": ("female", "females", "women", "woman"), "male": ("male", "males", "men", "man")}
    return next((sex for sex, names in words.items() if mention.type == "POPULATION" and word in names), None)


def one_line(text: str) -> str:
    """The text without line breaks, runs of spaces and characters that are no text."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def number(value: float) -> int | float:
    """A whole number as one."""
    return int(value) if value.is_integer() else value
