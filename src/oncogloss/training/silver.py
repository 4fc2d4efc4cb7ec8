"""Labels that text gives for free: sentence and heading starts, and the section a stretch belongs to.

These rules only teach; at run time the network alone decides. The texts it learns from are then roughened
(`roughen`): bullets dropped, lines joined or hard-wrapped, so that it cannot lean on layout.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from oncogloss.schema import SectionLabel
from oncogloss.training.corpora import Edit, GoldPassage, rewrite

_BULLET = r"(?:[-*•·o▪]|\(?[0-9]{1,2}[.)]|\(?[a-zA-Z][.)]|\(?[ivx]{1,4}[.)])"
_LINE_START = re.compile(rf"(?:^|\n)[ \t]*(?:{_BULLET}[ \t]+)*(?=\S)")
_STOP = re.compile(
    r"(?<![A-Z])(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\betc)(?<!\bDr)(?<!\bNo)[.!?]['\")\]]?[ \t]+(?=[A-Z(\"'])"
)
_EXCLUSION = re.compile(r"exclu|not eligible|ineligib", re.IGNORECASE)
_INCLUSION = re.compile(r"inclu|eligib|characteristics|concurrent therapy", re.IGNORECASE)

_FIELD_SECTION: dict[str, SectionLabel] = {
    "brief_title": "title",
    "official_title": "title",
    "summary": "summary",
    "description": "summary",
    "conditions": "conditions",
    "keywords": "conditions",
    "arms": "arms",
    "interventions": "interventions",
    "outcomes": "outcomes",
}


def line_starts(text: str) -> list[int]:
    """Offsets of the first character of each line's content, bullet and indent left out."""
    return [m.end() for m in _LINE_START.finditer(text) if m.end() < len(text)]


def _is_wrap(text: str, offset: int) -> bool:
    """Does the line at `offset` go on with the sentence of a hard-wrapped line before it?"""
    line_begin = text.rfind("\n", 0, offset) + 1
    before = text[: max(0, line_begin - 1)].rsplit("\n", 1)[-1].rstrip()
    no_bullet = not text[line_begin:offset].strip()
    return no_bullet and len(before) > 60 and before[-1] not in ".:;" and line_begin > 1


def sentence_starts(passage: GoldPassage) -> list[int]:
    """Where sentences begin: at lines that do not go on with the one before, and after full stops."""
    text = passage.text
    starts = {s for s in line_starts(text) if not _is_wrap(text, s)}
    starts |= {m.end() for m in _STOP.finditer(text)}
    starts |= {c.start for c in passage.criteria or ()}
    return sorted(starts)


def heading_starts(passage: GoldPassage) -> list[int]:
    """Where headings begin in an annotated eligibility passage: short lines with a colon, or that name a
    side, and are no criterion."""
    if passage.criteria is None:
        return []
    taken = {c.start for c in passage.criteria}
    headings = []
    for start in line_starts(passage.text):
        line = passage.text[start:].split("\n", 1)[0].strip()
        names_side = len(line) < 60 and re.search(r"(inclusion|exclusion) criteria", line, re.IGNORECASE)
        if start not in taken and len(line) < 90 and (line.endswith(":") or names_side):
            headings.append(start)
    return headings


def sections(passage: GoldPassage) -> list[tuple[int, SectionLabel]]:
    """(offset, label): from this offset on the passage has this label. Empty where nothing is known."""
    if passage.name in _FIELD_SECTION:
        return [(0, _FIELD_SECTION[passage.name])]
    if passage.name != "eligibility":
        return []
    found: list[tuple[int, SectionLabel]] = [(0, "inclusion")]
    for start in heading_starts(passage):
        line = passage.text[start:].split("\n", 1)[0]
        if _EXCLUSION.search(line):
            found.append((start, "exclusion"))
        elif _INCLUSION.search(line):
            found.append((start, "inclusion"))
    return found


LAYOUTS = ("run together", "no bullets", "wrapped", "unescaped", "no headings")


def roughen(passage: GoldPassage, layout: str, dice: random.Random) -> GoldPassage:
    """The same passage in a worse layout, one of LAYOUTS."""
    text = passage.text
    edits: list[Edit] = []
    if layout == "run together":
        edits = [(m.start(), m.end(), " ") for m in re.finditer(r"\s*\n\s*", text) if dice.random() < 0.9]
    elif layout == "no bullets":
        edits = [
            (m.start(), m.end(), "\n" if m.start() else "") for m in _LINE_START.finditer(text) if len(m.group()) > 1
        ]
    elif layout == "wrapped":
        indent = "\n" + " " * dice.choice((0, 4, 8))
        column = 0
        for m in re.finditer(r"\s+", text):
            if "\n" in m.group():
                column = m.end()
            elif m.start() - column > 70:
                edits.append((m.start(), m.end(), indent))
                column = m.end()
    elif layout == "no headings":
        lines = [(start, start + len(text[start:].split("\n", 1)[0])) for start in heading_starts(passage)]
        edits = [(a, b, "") for a, b in lines if not any(e.start < b and a < e.end for e in passage.entities)]
        passage = replace(passage, has_sections=False)  # what told them apart is gone
    else:
        edits = [(m.start(), m.end(), m.group(1)) for m in re.finditer(r"\\([<>\[\]^*~=])", text)]
        edits = [e for e in edits if not any(x.start == e[0] + 1 or x.end == e[0] + 1 for x in passage.entities)]
    return rewrite(passage, edits)


def swap_drugs(
    passages: Sequence[GoldPassage], names: Sequence[str], dice: random.Random, shortest: int = 6
) -> list[GoldPassage]:
    """The passages of one record with each one-word drug of `shortest` letters or more replaced by another, everywhere
    the same one: the sentence must tell a drug, not the memory of its name."""
    other: dict[str, str] = {}
    swapped = []
    for passage in passages:
        edits: list[Edit] = []
        for e in passage.entities:
            name = passage.text[e.start : e.end]
            is_word = name.isalpha() and len(name) >= shortest and name.lower() != "placebo"
            if e.type == "DRUG" and is_word and passage.is_alone(e):
                new = other.setdefault(name.lower(), dice.choice(names))
                edits.append((e.start, e.end, new.capitalize() if name[0].isupper() and new.islower() else new))
        swapped.append(rewrite(passage, sorted(edits)))
    return swapped
