"""The arms of a trial, and how each of their treatments is given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from oncogloss.schema import Arm, Document, Extraction, Mention, Part, Treatment
from oncogloss.structure.names import TREATMENTS, inside, key_of, outermost, tails_of

_KIND = r"experimental|active comparator|placebo comparator|sham comparator|no intervention"
_LABEL = r"(?:treatment |study |control )?arm (?:[A-Z]|[0-9]{1,2}|I{1,3}|IV)\b(?: \([^)\n]{1,60}\))?"
_ARM_LINE = re.compile(
    rf"^[^\S\n]*(?:[-*•][^\S\n]+)?(?:(?P<kind>{_KIND}):[^\S\n]+)?(?P<label>{_LABEL}):(?:(?!\n[^\S\n]*\n|\n[^\n]*\b{_LABEL}:).)*",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_NOT_GIVEN = {"neg", "exc", "hist"}
_HAD = re.compile(
    r"\b(?:post|prior|previous|(?:progress\w*|relapsed?|failed|failure) (?:on|after|of))[-–\s]{1,3}$", re.IGNORECASE
)
_OF_THE_PAST = re.compile(
    r"(?:[-–\s]{0,3}\([^()\n]{1,80}\))?[-–\s]{1,3}(?:(?:therapy|treatment|inhibitor)s?[-–\s]{1,3})?"
    r"(?:na[iï]ve|refractory|resistant|intolerant|experienced|exposed|pre-?treated|previously treated|failures?)\b",
    re.IGNORECASE,
)


def arms_of(document: Document, extraction: Extraction) -> tuple[Arm, ...]:
    """Each arm of the record with its treatments: those of its text, then those that only the registry joins it to.

    What an arm's patients had before ("CPI-naive"), and no intervention names, is none of its treatments.

    A record without arms has one with an empty label, of all its interventions. A text without parts has those that its
    lines name ("Arm A: …"), else one of what it says is given (DOSING) or treats something (TREATS) outside of its
    eligibility criteria.
    """
    given = _Given(document, extraction)
    parts = [p for p in document.parts if p.passage == "arms"]
    interventions = [m for p in document.parts if p.passage == "interventions" for m in given.treatments(p)]
    if parts:
        named = {p.label: given.named_by(p) for p in document.parts if p.passage == "interventions"}
        keys = {key_of(m) for m in interventions}

        def treatments_of(part: Part) -> tuple[Treatment, ...]:
            joined = [m for label in part.given for m in named.get(label, ())]
            own = given.treatments(part)
            if joined:
                own = [m for m in own if key_of(m) in keys or not given.had_before(part, m)]
            return given.all(own, joined, interventions)

        return tuple(Arm(label=p.label, kind=p.kind, treatments=treatments_of(p)) for p in parts)
    if not interventions and len(named_lines := _arm_lines(document)) > 1:
        return tuple(Arm(label=p.label, kind=p.kind, treatments=given.all(given.treatments(p))) for p in named_lines)
    treatments = given.all(interventions or given.said_to_be_given())
    return (Arm(label="", kind="", treatments=treatments),) if treatments else ()


def _arm_lines(document: Document) -> list[Part]:
    """The lines and paragraphs outside of eligibility criteria that begin with an arm's name and a colon."""
    return [
        Part(
            passage=passage.name,
            start=line.start("label"),
            end=line.end(),
            label=line["label"],
            kind="_".join((line["kind"] or "").lower().split()),
        )
        for passage in document.passages
        if passage.name != "eligibility"
        for line in _ARM_LINE.finditer(passage.text)
    ]


class _Given:
    """An extraction, seen by how treatments are given."""

    def __init__(self, document: Document, extraction: Extraction) -> None:
        self._extraction = extraction
        self._texts = {passage.name: passage.text for passage in document.passages}
        self._by_id = {m.id: m for m in extraction.mentions}
        self._tails = tails_of(extraction)

    def treatments(self, part: Part) -> list[Mention]:
        """The treatments that a part names."""
        return _treatments(inside(part, self._extraction.mentions))

    def named_by(self, part: Part) -> list[Mention]:
        """The treatments in the label of an intervention, with which its text begins."""
        return [m for m in self.treatments(part) if m.start < part.start + len(part.label)]

    def had_before(self, part: Part, m: Mention) -> bool:
        """Whether the words behind a treatment of a part, or before one of its label, say that patients had it, or had
        it not, before ("CPI-naive", "post CPI")."""
        text, labelled = self._texts[m.passage], m.start < part.start + len(part.label)
        behind, before = _OF_THE_PAST.match(text, m.end), labelled and _HAD.search(text[part.start : m.start])
        return behind is not None or bool(before)

    def said_to_be_given(self) -> list[Mention]:
        """The treatments outside of eligibility criteria of which a relation says what is done with them."""
        asked = {i for criterion in self._extraction.criteria for i in criterion.mentions}
        criteria = [
            (reading.name, section.start, section.end)
            for reading in self._extraction.passages
            for section in reading.sections
            if section.label in ("inclusion", "exclusion")
        ]
        return [
            m
            for m in _treatments(self._extraction.mentions)
            if (self._tails.get(("DOSING", m.id)) or self._tails.get(("TREATS", m.id)))
            and m.id not in asked
            and m.passage != "eligibility"
            and not any(name == m.passage and start <= m.start < end for name, start, end in criteria)
        ]

    def all(
        self, mentions: Sequence[Mention], joined: Sequence[Mention] = (), elsewhere: Sequence[Mention] = ()
    ) -> tuple[Treatment, ...]:
        """Each treatment once, also of those joined to the mentions; what its own mentions leave open is taken from
        these (which tell a tablet's strength too), else from those elsewhere."""
        named = _by_key([*mentions, *joined])
        sources = [_by_key(mentions), _by_key(joined), _by_key(elsewhere)]
        first = {m.id: same[0].id for same in named.values() for m in same}
        partners = [
            (first[r.head], first[r.tail])
            for r in self._extraction.relations
            if r.type == "COMBINED_WITH" and r.head in first and r.tail in first
        ]
        return tuple(
            Treatment(
                mention=same[0].id,
                doses=self._told(key, sources, "DOSE"),
                routes=self._told(key, sources, "ROUTE"),
                schedules=self._told(key, sources, "SCHEDULE"),
                settings=self._told(key, sources, "SETTING"),
                combined_with=tuple(
                    dict.fromkeys(b if a == same[0].id else a for a, b in partners if same[0].id in (a, b) and a != b)
                ),
            )
            for key, same in named.items()
        )

    def _told(self, key: str, sources: Sequence[Mapping[str, list[Mention]]], kind: str) -> tuple[str, ...]:
        """The mentions of a kind that belong to a treatment by the first source that has any, the same words once."""
        for source in sources:
            tails = [
                self._by_id[tail]
                for m in source.get(key, ())
                for relation in ("DOSING", "IN_SETTING")
                for tail in self._tails.get((relation, m.id), ())
            ]
            found: dict[str, str] = {}
            for tail in sorted(tails, key=lambda t: t.start):
                if tail.type == kind:
                    found.setdefault(key_of(tail), tail.id)
            if found:
                return tuple(found.values())
        return ()


def _treatments(mentions: Iterable[Mention]) -> list[Mention]:
    return outermost(m for m in mentions if m.type in TREATMENTS and not _NOT_GIVEN & set(m.attributes))


def _by_key(mentions: Iterable[Mention]) -> dict[str, list[Mention]]:
    found: dict[str, list[Mention]] = {}
    for m in mentions:
        found.setdefault(key_of(m), []).append(m)
    return found
