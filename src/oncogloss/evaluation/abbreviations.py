"""Short forms used in sentences that do not define them: how often each gets the concept that it stands for there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from oncogloss.concepts import Context, Vocabulary, link
from oncogloss.concepts.linker import TYPES
from oncogloss.concepts.short_forms import NONE
from oncogloss.evaluation.lists import read_list
from oncogloss.pipeline import Pipeline
from oncogloss.schema import ENTITY_TYPES, Concept, Document, Mention, Passage

_HEADER = "sentence\tabbreviation\tlong_form\ttype"
_EXPLAINED = """Sentences that use a short form without defining it, written without sight of the code, each read as \
a document of its own. Right: the mention that covers the short form has the concept that its long form has; or, where \
the short form means nothing that has an entity type here (NONE), there is no mention or no concept. A mention of more \
words than the short form is compared with its own words, the short form written out; strictly: with the long form \
alone. Uses whose long form has no concept in the vocabulary are not counted. Errors were looked at in the dev half \
alone; which senses there are was seen for both.

Found: uses where a mention covers the short form, or none is wanted (NONE). By string: the first sense of the table, \
whatever the sentence. By type: as linked without context. Type told: the linker alone, given the right type and the \
short form as its mention, over uses that have one."""


class Use(NamedTuple):
    """A short form in a sentence, and what it stands for there."""

    sentence: str
    short: str
    long: str
    type: str

    @property
    def is_dev(self) -> bool:
        """Is it of the half whose errors may be looked at? By a hash of the sentence."""
        return hashlib.sha256(self.sentence.encode()).digest()[-1] % 2 == 0


class _Judged(NamedTuple):
    use: Use
    mention: Mention | None
    said: dict[str, bool]  # how it was linked → whether rightly


def read_uses(path: Path) -> list[Use]:
    """Rows `sentence, short form, long form, type` behind a header. Raises CorpusError naming a line that is none."""
    return read_list(path, "sentence, short form in it, long form, type", _use, _HEADER)


def _use(cells: list[str]) -> Use | None:
    if len(cells) != 4 or cells[3] not in (*ENTITY_TYPES, NONE) or not _place(cells[0], cells[1]):
        return None
    return Use(*cells)


def abbreviations_report(uses: Sequence[Use], pipeline: Pipeline, vocabulary: Vocabulary) -> str:
    """Markdown: accuracy by half, beside the baselines; then what was judged wrongly in the dev half."""
    judged = [_judge(use, pipeline, vocabulary) for use in uses]
    known = [j for j in judged if j.use.type == NONE or _meant(j.use, vocabulary)]
    lines = [
        _EXPLAINED,
        "",
        "| half | uses | counted | right | strictly | by string | by type | found | right of those | type told "
        "| and no context |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for half, is_dev in (("dev", True), ("test", False)):
        mine = [j for j in known if j.use.is_dev is is_dev]
        found = [j for j in mine if j.mention or j.use.type == NONE]
        typed = [j for j in mine if j.use.type != NONE]
        shares = [_share(mine, way) for way in ("right", "strictly", "by string", "by type")]
        shares += [len(found) / max(1, len(mine)), _share(found, "right")]
        shares += [_share(typed, way) for way in ("type told", "and no context")]
        total = sum(use.is_dev is is_dev for use in uses)
        lines.append(f"| {half} | {total} | {len(mine)} | {' | '.join(f'{share:.3f}' for share in shares)} |")
    lines += ["", "Wrong in the dev half (type of the mention, if any):", ""]
    for use, mention, said in known:
        if use.is_dev and not said["right"]:
            lines.append(f"- {use.short}, {use.long} ({mention.type if mention else 'no mention'}): {use.sentence}")
    return "\n".join(lines)


def _share(judged: Sequence[_Judged], way: str) -> float:
    return sum(j.said[way] for j in judged) / max(1, len(judged))


def _judge(use: Use, pipeline: Pipeline, vocabulary: Vocabulary) -> _Judged:
    start, end = _place(use.sentence, use.short) or (0, 0)
    document = Document(id="use", passages=(Passage(name="text", text=use.sentence),))
    found = pipeline.extract(document).mentions
    mention = next((m for m in found if m.start <= start and end <= m.end), None)
    senses = vocabulary.senses.get(use.short)
    first = [(s.type, s.name) for s in senses[:1]] if senses else [(kind, use.short) for kind in TYPES]
    by_string = next((c for kind, name in first if (c := link(kind, name, None, vocabulary))), None)
    by_type = link(mention.type, mention.text, mention.expansion, vocabulary) if mention else None
    told = link(use.type, use.short, None, vocabulary, Context(use.sentence, start))
    wanted = _meant(use, vocabulary)
    if mention is None or mention.text == use.short or use.type == NONE:
        wide = wanted
    else:
        inside = start - mention.start
        text = f"{mention.text[:inside]}{use.long}{mention.text[inside + end - start :]}"
        wide = link(mention.type, text, None, vocabulary) or wanted
    concept = mention.concept if mention else None
    said = {
        "right": _same(concept, wide),
        "strictly": _same(concept, wanted),
        "by string": _same(by_string, wanted),
        "by type": _same(by_type, wide),
        "type told": _same(told, wanted),
        "and no context": _same(link(use.type, use.short, None, vocabulary), wanted),
    }
    return _Judged(use, mention, said)


def _meant(use: Use, vocabulary: Vocabulary) -> Concept | None:
    return None if use.type == NONE else link(use.type, use.long, None, vocabulary)


def _same(one: Concept | None, other: Concept | None) -> bool:
    return (one and one.id) == (other and other.id)


def _place(sentence: str, short: str) -> tuple[int, int] | None:
    found = re.search(rf"(?<!\w){re.escape(short)}(?!\w)", sentence)
    return found.span() if found else None
