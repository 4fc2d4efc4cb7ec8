"""Drugs that no model saw: how well they are recognised and linked before and after they are added to the terms."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from oncogloss.concepts import Vocabulary, open_vocabulary
from oncogloss.concepts.terms import Term, with_terms
from oncogloss.errors import CorpusError
from oncogloss.evaluation.drugs import Drug, read_drugs
from oncogloss.evaluation.lists import read_list
from oncogloss.pipeline import Pipeline, load
from oncogloss.schema import Document, Mention, Passage

LOOK_ALIKE = "look-alike"  # the context of a sentence whose marked words are no drug
_MARKED = re.compile(r"\[\[(.+?)\]\]")
_EXPLAINED = """The drugs do not exist (a real name cannot be warranted unseen): invented names with the stems of \
international ones, in sentences of our own, each read as a document of its own. Recognised: a mention of type DRUG \
has exactly the marked words. Linked: and its concept is the drug. Class and target: its concept has the right class \
and a right target (where there is one); of the mentions recognised. False: a mention of type DRUG overlaps the marked \
words of a sentence where they name a person, place, device, trial …; namesakes: those spelled like one of the drugs. \
What a user's own term adds to a score was chosen on the dev half (by a hash of drug or sentence); the missed and the \
false ones listed are of that half."""


class Place(NamedTuple):
    """A sentence with words that name a drug, by its generic name, or that look like one ("")."""

    drug: str
    context: str
    sentence: str
    start: int
    end: int

    @property
    def words(self) -> str:
        """The words that were marked."""
        return self.sentence[self.start : self.end]

    @property
    def is_dev(self) -> bool:
        """Is it of the half that weights are chosen on?"""
        return hashlib.sha256((self.drug or self.sentence).encode()).digest()[-1] % 2 == 0


class Judged(NamedTuple):
    """What came of a place: the mention of type DRUG on its words, and whether one overlaps them."""

    place: Place
    mention: Mention | None
    overlaps: bool


def read_places(path: Path) -> list[Place]:
    """Rows `drug, context, sentence with the name in [[ ]]`. Raises CorpusError naming a line that is none."""
    return read_list(path, "drug, context, sentence with the name in [[ ]]", _place)


def _place(cells: list[str]) -> Place | None:
    marked = _MARKED.search(cells[-1])
    if len(cells) != 3 or not marked or (cells[1] == LOOK_ALIKE) == bool(cells[0]):
        return None
    sentence = cells[2][: marked.start()] + marked[1] + cells[2][marked.end() :]
    return Place(cells[0], cells[1], sentence, marked.start(), marked.start() + len(marked[1]))


def judge(pipeline: Pipeline, places: Iterable[Place]) -> list[Judged]:
    """What the pipeline makes of each place."""
    judged = []
    for place in places:
        document = Document(id="use", passages=(Passage(name="text", text=place.sentence),))
        drugs = [m for m in pipeline.extract(document).mentions if m.type == "DRUG"]
        mention = next((m for m in drugs if (m.start, m.end) == (place.start, place.end)), None)
        overlaps = any(m.start < place.end and place.start < m.end for m in drugs)
        judged.append(Judged(place, mention, overlaps))
    return judged


def seen(drugs: Iterable[Drug], texts: Iterable[Path], vocabulary: Vocabulary) -> list[str]:
    """Which names of the drugs are the vocabulary's, or stand in one of these files (plain, gzipped or xz)."""
    names = {name.lower() for d in drugs for name in (d.name, *d.codes, *d.brands)}
    found = {name for name in names if vocabulary.find("DRUG", name)}
    for path in texts:
        openers: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open}
        opened = openers.get(path.suffix, open)
        with opened(path, "rt", encoding="utf-8", errors="replace") as stream:
            while lines := stream.readlines(2**22):
                text = "".join(lines).lower()
                found |= {name for name in names if name in text}
    return sorted(found)


def new_drugs_report(drugs: Path, uses: Path, texts: Sequence[Path], model: str, vocabulary: str) -> str:
    """Markdown: the figures before and after the drugs are added, by half and context, and what went wrong; of the
    drugs that none of `texts` names."""
    known = {drug.name: drug for drug in read_drugs(drugs)}
    places = read_places(uses)
    if lacking := sorted({place.drug for place in places if place.drug} - known.keys()):
        raise CorpusError(f"{uses}: sentences of {', '.join(lacking[:5])}, which {drugs} does not list.")
    terms = [
        Term("DRUG", d.name, (*d.codes, *d.brands), d.drug_class, tuple(sorted(d.targets))) for d in known.values()
    ]
    opened = open_vocabulary(vocabulary)
    if known_before := seen(known.values(), texts, opened):
        raise CorpusError(f"{drugs}: {', '.join(known_before[:5])} stand in what the model may have seen; rename them.")
    plain = load(model, vocabulary=vocabulary)
    told = plain.with_vocabulary(with_terms(opened, terms))
    before, after = judge(plain, places), judge(told, places)
    read = ", ".join(("the vocabulary", *(path.name for path in texts)))
    said = f"Model {plain.info.name} {plain.info.version}. None of the drugs' names stands in {read}."
    lines = [_EXPLAINED, "", said, "", *_figures(before, after, known)]
    return "\n".join([*lines, "", *_by_context(before, after), "", *_errors(before, after)])


def _figures(before: Sequence[Judged], after: Sequence[Judged], known: Mapping[str, Drug]) -> list[str]:
    spelled = {name for d in known.values() for name in (d.name, *d.codes, *d.brands)}
    lines = [
        "| half | | sentences | recognised | linked | class and target | look-alikes | false | namesakes | false |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for half, kept in (("dev", (True,)), ("other", (False,)), ("both", (True, False))):
        for when, judged in (("before", before), ("after", after)):
            mine = [j for j in judged if j.place.is_dev in kept]
            uses = [j for j in mine if j.place.drug]
            found = [(j.mention, known[j.place.drug]) for j in uses if j.mention]
            linked = [m for m, drug in found if m.concept and m.concept.name == drug.name]
            told = [m for m, drug in found if _is_told(m, drug)]
            others = [j for j in mine if not j.place.drug]
            namesakes = [j for j in others if j.place.words in spelled]
            cells = [
                f"{len(uses)} | {_share(len(found), len(uses))} | {_share(len(linked), len(uses))}",
                f"{_share(len(told), len(found))} | {len(others)} | {sum(j.overlaps for j in others)}",
                f"{len(namesakes)} | {sum(j.overlaps for j in namesakes)}",
            ]
            lines.append(f"| {half} | {when} | " + " | ".join(cells) + " |")
    return lines


def _by_context(before: Sequence[Judged], after: Sequence[Judged]) -> list[str]:
    lines = ["| context | sentences | recognised before | after |", "|---|---|---|---|"]
    for context in dict.fromkeys(j.place.context for j in before if j.place.drug):
        found = [[j.mention is not None for j in side if j.place.context == context] for side in (before, after)]
        shares = " | ".join(_share(sum(side), len(side)) for side in found)
        lines.append(f"| {context} | {len(found[0])} | {shares} |")
    return lines


def _errors(before: Sequence[Judged], after: Sequence[Judged]) -> list[str]:
    lines = []
    for when, judged in (("before", before), ("after", after)):
        mine = [j for j in judged if j.place.is_dev]
        missed = [j.place.words for j in mine if j.place.drug and j.mention is None]
        false = [j.place.words for j in mine if not j.place.drug and j.overlaps]
        lines += [f"- Missed {when}: {', '.join(missed) or 'none'}", f"- False {when}: {', '.join(false) or 'none'}"]
    return lines


def _share(part: int, whole: int) -> str:
    return f"{part / max(1, whole):.3f}"


def _is_told(mention: Mention, drug: Drug) -> bool:
    concept = mention.concept
    if concept is None or concept.drug_class != drug.drug_class:
        return False
    return not drug.targets or not drug.targets.isdisjoint(concept.targets)
