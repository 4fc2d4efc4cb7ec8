"""Drugs that no model saw: how well they are recognised and linked before and after they are added to the terms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from oncogloss.concepts import open_vocabulary
from oncogloss.concepts.terms import Term, with_terms
from oncogloss.errors import CorpusError
from oncogloss.evaluation.drugs import Drug, read_drugs
from oncogloss.pipeline import Pipeline, load
from oncogloss.schema import Document, Mention, Passage

LOOK_ALIKE = "look-alike"  # the context of a sentence whose marked words are no drug
_MARKED = re.compile(r"\[\[(.+?)\]\]")
_EXPLAINED = """The drugs of `corpus/new_drugs.tsv` do not exist (a real name cannot be warranted unseen): invented names \
with the stems of international ones, in sentences of our own, each read as a document of its own. Recognised: a mention \
of type DRUG has exactly the marked words. Linked: its concept is the added drug's; class and target: its concept has the \
right class and a right target (of those that have one), of the mentions recognised. False: a mention of type DRUG \
overlaps the marked words of a sentence where they name a person, place, device, trial …; in 30 of these 100 they are \
spelled like one of the drugs' own names."""


class Place(NamedTuple):
    """A sentence with words that name a drug, by its generic name, or that look like one ("")."""

    drug: str
    context: str
    sentence: str
    start: int
    end: int


class _Tally(NamedTuple):
    recognised: int
    linked: int
    told: int
    false: int
    by_context: dict[str, int]
    missed: list[str]
    wrong: list[str]


def read_places(path: Path) -> list[Place]:
    """Rows `drug, context, sentence with the name in [[ ]]`. Raises CorpusError naming a line that is none."""
    places = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        marked = _MARKED.search(cells[-1])
        if len(cells) != 3 or not marked or (cells[1] == LOOK_ALIKE) == bool(cells[0]):
            raise CorpusError(f"{path}, line {number}: not `drug, context, sentence with the name in [[ ]]`.")
        sentence = cells[2][: marked.start()] + marked[1] + cells[2][marked.end() :]
        places.append(Place(cells[0], cells[1], sentence, marked.start(), marked.start() + len(marked[1])))
    return places


def new_drugs_report(drugs: Path, uses: Path, model: str, vocabulary: str) -> str:
    """Markdown: the figures before and after the drugs are added, by context, and what was missed after."""
    known = {drug.name: drug for drug in read_drugs(drugs)}
    places = read_places(uses)
    if lacking := sorted({place.drug for place in places if place.drug} - known.keys()):
        raise CorpusError(f"{uses}: sentences of {', '.join(lacking[:5])}, which {drugs} does not list.")
    terms = [Term("DRUG", d.name, (*d.codes, *d.brands), d.drug_class, tuple(sorted(d.targets))) for d in known.values()]
    plain = load(model, vocabulary=vocabulary)
    extended = with_terms(open_vocabulary(vocabulary), terms)
    told = Pipeline(plain.info, plain.config, plain.tokenizer, plain.scorer, plain.thresholds, extended)
    before, after = (_tally(pipeline, places, known) for pipeline in (plain, told))
    return _report(places, (before, after), plain)


def _report(places: Sequence[Place], tallies: tuple[_Tally, _Tally], pipeline: Pipeline) -> str:
    uses = sum(bool(place.drug) for place in places)
    others = len(places) - uses
    lines = [
        _EXPLAINED,
        "",
        f"Model {pipeline.info.name} {pipeline.info.version}; {uses} sentences, {others} with what only looks like a drug.",
        "",
        "| | recognised | linked | class and target | false |",
        "|---|---|---|---|---|",
    ]
    for name, t in zip(("before", "after `add-drug`"), tallies, strict=True):
        shares = [t.recognised / uses, t.linked / uses, t.told / max(1, t.recognised), t.false / max(1, others)]
        lines.append(f"| {name} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")
    contexts = list(dict.fromkeys(place.context for place in places if place.drug))
    lines += ["", "| context | sentences | recognised before | after |", "|---|---|---|---|"]
    for context in contexts:
        n = sum(place.context == context for place in places)
        shares = [tally.by_context.get(context, 0) / n for tally in tallies]
        lines.append(f"| {context} | {n} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")
    for what, rows in (("Missed before", tallies[0].missed), ("Missed after", tallies[1].missed)):
        lines += ["", f"{what}: {', '.join(rows) or 'none'}."]
    for what, rows in (("before", tallies[0].wrong), ("after", tallies[1].wrong)):
        lines += ["", f"False {what}: {', '.join(rows) or 'none'}."]
    return "\n".join(lines)


def _tally(pipeline: Pipeline, places: Sequence[Place], known: dict[str, Drug]) -> _Tally:
    recognised, linked, told, false = 0, 0, 0, 0
    by_context: dict[str, int] = {}
    missed, wrong = [], []
    for place in places:
        words = place.sentence[place.start : place.end]
        document = Document(id="use", passages=(Passage(name="text", text=place.sentence),))
        found = [m for m in pipeline.extract(document).mentions if m.type == "DRUG"]
        if not place.drug:
            overlaps = any(m.start < place.end and place.start < m.end for m in found)
            false += overlaps
            wrong += [words] if overlaps else []
            continue
        mention = next((m for m in found if (m.start, m.end) == (place.start, place.end)), None)
        if mention is None:
            missed.append(words)
            continue
        recognised += 1
        by_context[place.context] = by_context.get(place.context, 0) + 1
        drug = known[place.drug]
        linked += mention.concept is not None and mention.concept.name == drug.name
        told += _is_told(mention, drug)
    return _Tally(recognised, linked, told, false, by_context, missed, wrong)


def _is_told(mention: Mention, drug: Drug) -> bool:
    concept = mention.concept
    if concept is None or concept.drug_class != drug.drug_class:
        return False
    return not drug.targets or not drug.targets.isdisjoint(concept.targets)
