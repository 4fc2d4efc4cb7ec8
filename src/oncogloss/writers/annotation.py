"""Extractions for annotation tools: brat, Label Studio, doccano, and CoNLL column files.

Offsets are code points in brat, CoNLL and Label Studio (its editor's own tests hold it to that; versions before its
pull request 6135 of July 2024 could misplace spans after an emoji), and UTF-16 units in doccano.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from oncogloss.schema import (
    ATTRIBUTES,
    ENTITY_TYPES,
    RELATION_TYPES,
    Document,
    Extraction,
    Mention,
    ModelInfo,
    Passage,
    Relation,
)
from oncogloss.writers.names import distinct

Pair = tuple[Document, Extraction]
Task = dict[str, Any]
Marked = tuple[str, Passage, list[Mention], list[Relation]]  # (record id, passage, what was found in it)

_BRAT_CONFIGURATION = "\n".join(
    [
        "[entities]", *ENTITY_TYPES,
        "[relations]", "<OVERLAP>\tArg1:<ENTITY>, Arg2:<ENTITY>, <OVL-TYPE>:<ANY>",
        *(f"{type_}\tArg1:<ENTITY>, Arg2:<ENTITY>" for type_ in RELATION_TYPES),
        "[events]",
        "[attributes]", *(f"{attribute}\tArg:<ENTITY>" for attribute in ATTRIBUTES), "",
    ]
)  # fmt: skip
_UNSAFE_IN_RECORDS, _UNSAFE_IN_PASSAGES = re.compile(r"[^\w.-]"), re.compile(r"[^\w-]")


def marked_passages(pairs: Iterable[Pair]) -> Iterator[Marked]:
    """Each passage of each record, its mentions in reading order (outer ones first), and the relations in it."""
    for document, extraction in pairs:
        for passage in document.passages:
            inside = [m for m in extraction.mentions if m.passage == passage.name and m.start < m.end]
            ids = {m.id for m in inside}
            relations = [r for r in extraction.relations if r.head in ids and r.tail in ids]
            yield extraction.id, passage, sorted(inside, key=lambda m: (m.start, -m.end)), relations


# brat


def write_brat(pairs: Iterable[Pair], out: Path) -> None:
    """Write a brat collection: for each passage a text and an annotation file, and the `annotation.conf` they need.

    A file's name is the record's id, a dot and the passage's name, odd characters (a passage's dots too) as `_`; a
    record or passage whose name would be that of one before gets a number.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "annotation.conf").write_text(_BRAT_CONFIGURATION, encoding="utf-8")
    records: set[str] = set()
    for pair in pairs:
        record = distinct(_UNSAFE_IN_RECORDS.sub("_", pair[1].id), records)
        names: set[str] = set()
        for _, passage, mentions, relations in marked_passages([pair]):
            path = out / f"{record}.{distinct(_UNSAFE_IN_PASSAGES.sub('_', passage.name), names)}"
            lines = _brat_lines(passage.text, mentions, relations)
            Path(f"{path}.txt").write_text(passage.text, encoding="utf-8", newline="")
            Path(f"{path}.ann").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")


def fragments(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The parts of a span between its line breaks: brat's files are read line by line. Empty for breaks alone."""
    found = []
    for line in text[start:end].splitlines(keepends=True):
        length = len(line.splitlines()[0])
        if length:
            found.append((start, start + length))
        start += len(line)
    return found


def _brat_lines(text: str, mentions: list[Mention], relations: list[Relation]) -> Iterator[str]:
    number: dict[str, int] = {}
    marks = names = 0
    for m in mentions:
        pieces = fragments(text, m.start, m.end)
        if not pieces:
            continue
        own = number[m.id] = len(number) + 1
        places = ";".join(f"{a} {b}" for a, b in pieces)
        yield f"T{own}\t{m.type} {places}\t{' '.join(text[a:b] for a, b in pieces)}"
        for attribute in m.attributes:
            yield f"A{(marks := marks + 1)}\t{attribute} T{own}"
        if m.concept:
            name = " ".join(m.concept.name.split())
            yield f"N{(names := names + 1)}\tReference T{own} {m.concept.id.replace(' ', '_')}\t{name}"
    known = [r for r in relations if r.head in number and r.tail in number]
    for i, r in enumerate(known, 1):
        yield f"R{i}\t{r.type} Arg1:T{number[r.head]} Arg2:T{number[r.tail]}"


# Label Studio


def labelstudio_json(pairs: Iterable[Pair]) -> str:
    """A JSON list of tasks to import, one a passage, each with what was found as a prediction."""
    tasks, taken = [], set[str]()
    for pair in pairs:
        prefix = distinct(pair[1].id, taken)
        tasks += [_task(pair[1].model, prefix, *marked) for marked in marked_passages([pair])]
    return json.dumps(tasks, ensure_ascii=False, indent=1) + "\n"


def _task(
    model: ModelInfo, prefix: str, record: str, passage: Passage, mentions: list[Mention], relations: list[Relation]
) -> Task:
    name = {m.id: f"{prefix}-{m.id}" for m in mentions}  # the tool wants ids that differ between tasks
    result = [item for m in mentions for item in _regions(name[m.id], m)]
    result += [
        {"type": "relation", "from_id": name[r.head], "to_id": name[r.tail], "direction": "right", "labels": [r.type]}
        for r in relations
    ]
    return {
        "data": {"text": passage.text, "record": record, "passage": passage.name},
        "predictions": [{"model_version": f"{model.name} {model.version}", "result": result}],
    }


def _regions(identifier: str, m: Mention) -> Iterator[Task]:
    place = {"start": m.start, "end": m.end, "text": m.text}
    note = {"meta": {"text": [f"{m.concept.id} {m.concept.name}"]}} if m.concept else {}
    region = {"id": identifier, "to_name": "text"}
    labels = {**place, "labels": [m.type]}
    yield {**region, "from_name": "label", "type": "labels", "value": labels, "score": m.score, **note}
    if m.attributes:
        choices = {**place, "choices": list(m.attributes)}
        yield {**region, "from_name": "attributes", "type": "choices", "value": choices}


# doccano


def doccano_lines(pairs: Iterable[Pair]) -> str:
    """JSON lines to import as "JSONL (relation)", one a passage; ids are numbers that are unique in the file."""
    lines, entities, links = [], 0, 0
    for record, passage, mentions, relations in marked_passages(pairs):
        number = {m.id: entities + i for i, m in enumerate(mentions)}
        row = {
            "text": passage.text,
            "entities": [
                {
                    "id": number[m.id],
                    "start_offset": _units(passage.text[: m.start]),
                    "end_offset": _units(passage.text[: m.end]),
                    "label": m.type,
                }
                for m in mentions
            ],
            "relations": [
                {"id": links + i, "from_id": number[r.head], "to_id": number[r.tail], "type": r.type}
                for i, r in enumerate(relations)
            ],
            "record": record,
            "passage": passage.name,
        }
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
        entities, links = entities + len(mentions), links + len(relations)
    return "".join(lines)


def _units(text: str) -> int:
    """Length in UTF-16 units, as browsers count."""
    return len(text) + sum(c > "\uffff" for c in text)


# CoNLL


def write_conll(pairs: Iterable[Pair], out: Path) -> None:
    """Write a folder of column files, `layer1.conll` with the outermost mentions, `layer2.conll` with those inside.

    Columns: token, start, end, BIO tag. A comment before each passage holds its record, name and text as JSON; an
    empty line stands where the text has a line break outside of mentions.
    """
    out.mkdir(parents=True, exist_ok=True)
    passages = [(record, p, mentions, layers(mentions)) for record, p, mentions, _ in marked_passages(pairs)]
    depth = max((len(found) for *_, found in passages), default=0)
    for level in range(max(depth, 1)):
        blocks = [
            _conll_block(record, passage, tokens(passage.text, mentions), found[level] if level < len(found) else [])
            for record, passage, mentions, found in passages
        ]
        (out / f"layer{level + 1}.conll").write_text("".join(blocks), encoding="utf-8", newline="")


def layers(mentions: list[Mention]) -> list[list[Mention]]:
    """Mentions in layers inside which none overlap: each goes to the first that has room for it."""
    found: list[list[Mention]] = []
    for m in mentions:
        room = next((layer for layer in found if layer[-1].end <= m.start), None)
        if room is None:
            found.append(room := [])
        room.append(m)
    return found


def tokens(text: str, mentions: list[Mention]) -> list[tuple[int, int]]:
    """Words and single signs, cut once more wherever a mention begins or ends."""
    edges = sorted({edge for m in mentions for edge in (m.start, m.end)})
    found: list[tuple[int, int]] = []
    position = 0
    for word in re.finditer(r"\w+|[^\w\s]", text):
        start, end = word.span()
        while position < len(edges) and edges[position] < end:
            if edges[position] > start:
                found.append((start, edges[position]))
                start = edges[position]
            position += 1
        found.append((start, end))
    return found


def _conll_block(record: str, passage: Passage, words: list[tuple[int, int]], mentions: list[Mention]) -> str:
    head = {"record": record, "passage": passage.name, "text": passage.text}
    lines = [f"# {json.dumps(head)}"]  # escaped, so that it stays one line whatever the text holds
    waiting, last = list(reversed(mentions)), 0
    for start, end in words:
        while waiting and waiting[-1].end <= start:
            waiting.pop()
        inside = waiting[-1] if waiting and waiting[-1].start <= start else None
        goes_on = inside is not None and inside.start < last
        if last and not goes_on and len((passage.text[last:start] + ".").splitlines()) > 1:
            lines.append("")
        tag = "O" if inside is None else f"{'I' if goes_on else 'B'}-{inside.type}"
        lines.append(f"{passage.text[start:end]}\t{start}\t{end}\t{tag}")
        last = end
    return "\n".join(lines) + "\n\n"
