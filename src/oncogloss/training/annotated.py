"""What annotation tools bring back, as training data: brat collections, Label Studio exports, CoNLL column files.

Entities are taken as complete. None of these formats has criteria or sections, and CoNLL has no attributes or
relations either: what a format cannot hold is masked in training, not taken for absent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from oncogloss.errors import CorpusError, shown
from oncogloss.schema import ATTRIBUTES, ENTITY_TYPES, RELATION_TYPES, EntityType, RelationType
from oncogloss.training.corpora import GoldDocument, GoldEntity, GoldPassage, GoldRelation, read_rows

Found = tuple[str, GoldPassage]  # (record id, one of its passages)
Edge = tuple[str, str, str]  # (relation type, head's id, tail's id)

_PARTS: dict[str, tuple[str, ...]] = {
    "entity type": ENTITY_TYPES,
    "attribute": ATTRIBUTES,
    "relation": RELATION_TYPES,
}


class _Labels:
    """Labels met in the files and not known, gathered so that one error can name them all; entity types that are a
    team's `own` are all known."""

    def __init__(self, *, own: bool = False) -> None:
        self.own = own
        self.unknown: dict[str, None] = {}

    def check(self, part: str, label: str) -> str:
        """The label itself; noted where no such `part` is known."""
        if label not in _PARTS[part] and not (self.own and part == "entity type"):
            self.unknown[f"{part} {shown(label)}"] = None
        return label

    def refuse(self, path: Path) -> None:
        """Raise CorpusError where a label was not known."""
        if self.unknown:
            raise CorpusError(
                f"{path}: unknown labels: {', '.join(self.unknown)}; rename or remove them (docs/formats.md has ours)."
            )


def _read(path: Path, encoding: str = "utf-8-sig") -> str:
    try:
        with path.open(encoding=encoding, newline="") as stream:
            return stream.read()
    except UnicodeDecodeError:
        raise CorpusError(f"{path}: not UTF-8; save it as UTF-8.") from None


def _documents(found: Iterable[Found], origin: str) -> list[GoldDocument]:
    records: dict[str, list[GoldPassage]] = {}
    for record, passage in found:
        passages = records.setdefault(record, [])
        if any(p.name == passage.name for p in passages):
            raise CorpusError(f"{shown(record)}: passage {shown(passage.name)} is there twice; keep one of them.")
        passages.append(passage)
    return [GoldDocument(record, tuple(passages), origin) for record, passages in records.items()]


def _passage(
    where: str, name: str, text: str, entities: Mapping[str, GoldEntity], edges: Iterable[Edge]
) -> GoldPassage:
    """A passage with its entities in reading order, outer ones first, and its relations between them."""
    for entity in entities.values():
        if not 0 <= entity.start < entity.end <= len(text):
            raise CorpusError(f"{where}: the span from {entity.start} to {entity.end} lies outside of the text.")
    order = sorted(entities, key=lambda key: (entities[key].start, -entities[key].end))
    position = {key: i for i, key in enumerate(order)}
    relations = []
    for type_, head, tail in edges:
        if head not in position or tail not in position:
            raise CorpusError(f"{where}: a {type_} relation between {head} and {tail}, not both of which are entities.")
        relations.append(GoldRelation(cast(RelationType, type_), position[head], position[tail]))
    return GoldPassage(
        name=name,
        text=text,
        entities=tuple(entities[key] for key in order),
        relations=tuple(relations),
        has_sections=False,
    )


def _entity(type_: str, start: int, end: int) -> GoldEntity:
    return GoldEntity(cast(EntityType, type_), start, end)


def _with_attribute(entity: GoldEntity, attribute: str) -> GoldEntity:
    marked = {*entity.attributes, attribute}
    return replace(entity, attributes=tuple(a for a in ATTRIBUTES if a in marked))


# brat


def read_brat(folder: Path, *, own: bool = False) -> list[GoldDocument]:
    """The documents of a brat collection: `record.passage.txt` with its `.ann`; another name is a record with one
    passage, `text`. Fragments of an entity become one span, from the first's start to the last's end.

    Raises CorpusError where labels are unknown or a line does not fit the text.
    """
    paths = sorted(folder.glob("*.ann"))
    if not paths:
        raise CorpusError(f"{folder}: no .ann file; give the folder of a brat collection.")
    labels = _Labels(own=own)
    found = [_brat_passage(path, labels) for path in paths]
    labels.refuse(folder)
    return _documents(found, folder.name)


def _brat_text(path: Path) -> str:
    """The text beside an annotation file; a byte order mark stays, for offsets may count it."""
    beside = path.with_suffix(".txt")
    if not beside.is_file():
        raise CorpusError(f"{path}: the text beside it, {beside.name}, is missing.")
    return _read(beside, "utf-8")


def _brat_passage(path: Path, labels: _Labels) -> Found:
    text = _brat_text(path)
    entities: dict[str, GoldEntity] = {}
    marks: list[tuple[str, str]] = []
    edges: list[Edge] = []
    for number, line in enumerate(re.split("\r?\n", _read(path)), 1):
        try:
            key, _, rest = line.partition("\t")
            if key.startswith("T"):
                entities[key] = _brat_entity(rest, text, labels)
            elif key.startswith(("A", "M")):
                attribute, target, *_ = rest.split()
                marks.append((labels.check("attribute", attribute), target))
            elif key.startswith("R"):
                type_, head, tail = rest.split()[:3]
                edges.append((labels.check("relation", type_), head.split(":")[1], tail.split(":")[1]))
            elif key.startswith("E"):
                labels.check("entity type", f"{rest.split(':')[0]} (an event)")
            elif line.strip() and not key.startswith(("N", "#", "*")):
                raise ValueError(key)
        except (ValueError, IndexError):
            raise CorpusError(f"{path}, line {number}: no line of brat's that fits its text.") from None
    for attribute, target in marks:
        if target not in entities:
            raise CorpusError(f"{path}: attribute {attribute} of {target}, which is no entity.")
        entities[target] = _with_attribute(entities[target], attribute)
    record, _, name = path.stem.rpartition(".")
    return record or path.stem, _passage(str(path), name if record else "text", text, entities, edges)


def _brat_entity(rest: str, text: str, labels: _Labels) -> GoldEntity:
    """The entity of a T line. Raises ValueError where its words are not those of the text."""
    head, _, words = rest.partition("\t")
    type_, places = head.split(" ", 1)
    spans = [tuple(map(int, place.split())) for place in places.split(";")]
    if any(len(span) != 2 for span in spans) or " ".join(text[a:b] for a, b in spans) != words:
        raise ValueError(head)
    return _entity(labels.check("entity type", type_), spans[0][0], spans[-1][1])


# Label Studio


def read_label_studio(path: Path, *, own: bool = False) -> list[GoldDocument]:
    """The documents of a JSON export: of each task the last annotation that was not cancelled. Predictions that
    nobody looked at are no annotations, so tasks that have nothing else are left out.

    Raises CorpusError where nothing is annotated, labels are unknown, or offsets do not fit the text.
    """
    try:
        tasks = json.loads(_read(path))
        labels = _Labels(own=own)
        found = [
            _studio_passage(f"{path}, task {number}", number, task, labels)
            for number, task in enumerate(tasks, 1)
            if _annotation(task) is not None
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CorpusError(f"{path}: no JSON export of Label Studio's labels on text.") from None
    if not found:
        raise CorpusError(f"{path}: no task is annotated; predictions count once they were submitted.")
    labels.refuse(path)
    return _documents(found, path.stem)


def _annotation(task: Mapping[str, Any]) -> list[Any] | None:
    done = [a["result"] for a in task.get("annotations") or () if not a.get("was_cancelled")]
    return done[-1] if done else None


def _studio_passage(where: str, number: int, task: Mapping[str, Any], labels: _Labels) -> Found:
    data = task["data"]
    text = data["text"]
    entities: dict[str, GoldEntity] = {}
    marks: list[tuple[str, str]] = []
    edges: list[Edge] = []
    for item in _annotation(task) or ():
        if item["type"] == "labels":
            place = item["value"]
            if len(place["labels"]) != 1:
                raise CorpusError(f"{where}: a region with {len(place['labels'])} labels; give each one of its own.")
            _check_words(where, text, place)
            type_ = labels.check("entity type", place["labels"][0])
            entities[item["id"]] = _entity(type_, place["start"], place["end"])
        elif item["type"].endswith("labels"):
            raise CorpusError(
                f"{where}: a region of {shown(item['type'])}; label plain text, with <Labels> and <Text>."
            )
        elif item["type"] == "choices":
            marks += [(labels.check("attribute", choice), item["id"]) for choice in item["value"]["choices"]]
        elif item["type"] == "relation":
            ends = (item["from_id"], item["to_id"])
            head, tail = ends[::-1] if item.get("direction") == "left" else ends
            edges += [(labels.check("relation", type_), head, tail) for type_ in item.get("labels") or ("(none)",)]
    for attribute, target in marks:
        if target in entities:
            entities[target] = _with_attribute(entities[target], attribute)
    name = data.get("passage", "text")
    return str(data.get("record", f"task{task.get('id', number)}")), _passage(where, name, text, entities, edges)


def _check_words(where: str, text: str, place: Mapping[str, Any]) -> None:
    """Refuse offsets that do not lead to the region's words; white space is not compared, for the tool rewrites it."""
    there, said = (re.sub(r"\\n|\s", "", words) for words in (text[place["start"] : place["end"]], place["text"]))
    if there != said:
        raise CorpusError(
            f"{where}: the words at {place['start']} to {place['end']} are not the region's; export it from a "
            "newer Label Studio, which counts code points."
        )


# CoNLL


def read_conll(path: Path, *, own: bool = False) -> list[GoldDocument]:
    """The documents of a column file, or of all layers in a folder, as `writers.annotation.write_conll` lays them out.

    Raises CorpusError where labels are unknown, a token is not the text's, or a passage's comment is missing.
    """
    paths = sorted(path.glob("*.conll")) if path.is_dir() else [path]
    if not paths:
        raise CorpusError(f"{path}: no .conll file in it.")
    labels = _Labels(own=own)
    passages: dict[tuple[str, str], GoldPassage] = {}
    for layer in paths:
        for document in _documents(_conll_passages(layer, labels), ""):
            for found in document.passages:
                known = passages.setdefault((document.id, found.name), found)
                if known.text != found.text:
                    raise CorpusError(f"{layer}: {shown(document.id)}: its text is not that of the other layers.")
                if known is not found:
                    entities = sorted([*known.entities, *found.entities], key=lambda e: (e.start, -e.end))
                    passages[document.id, found.name] = replace(known, entities=tuple(entities))
    labels.refuse(path)
    return _documents(((record, passage) for (record, _), passage in passages.items()), path.stem)


def _conll_passages(path: Path, labels: _Labels) -> Iterator[Found]:
    blocks: list[list[tuple[int, str]]] = []  # numbered lines, a passage's comment first
    for number, line in enumerate(_read(path).split("\n"), 1):
        if line.startswith("# ") or (line.strip() and not blocks):
            blocks.append([])
        if line.strip():
            blocks[-1].append((number, line.rstrip("\r")))
    for block in blocks:
        number = block[0][0]
        try:
            head = json.loads(block[0][1].removeprefix("# "))
            record, name, text = (head[key] for key in ("record", "passage", "text"))
            spans: list[GoldEntity] = []
            last = "O"
            for number, line in block[1:]:  # noqa: B007 - the error names it
                last = _conll_token(line, text, last, spans, labels)
        except (ValueError, KeyError, TypeError):
            raise CorpusError(
                f"{path}, line {number}: not token, start, end and tag under a passage's comment (docs/formats.md)."
            ) from None
        passage = _passage(str(path), name, text, {str(i): e for i, e in enumerate(spans)}, ())
        yield record, replace(passage, has_relations=False, has_attributes=False)


def _conll_token(line: str, text: str, last: str, spans: list[GoldEntity], labels: _Labels) -> str:
    """Begin or lengthen a span by one token; returns its tag. Raises ValueError where the line does not fit."""
    word, start, end, tag = line.split("\t")
    mark, _, type_ = tag.partition("-")
    if mark not in ("B", "I", "O") or text[int(start) : int(end)] != word:
        raise ValueError(line)
    if mark == "I" and last[2:] == type_:
        spans[-1] = replace(spans[-1], end=int(end))
    elif mark != "O":
        spans.append(_entity(labels.check("entity type", type_), int(start), int(end)))
    return tag


READERS: dict[str, Callable[..., list[GoldDocument]]] = {
    "brat": read_brat,
    "labelstudio": read_label_studio,
    "conll": read_conll,
}


def read_own(path: Path) -> list[GoldDocument]:
    """Documents with a team's own labels as entity types: a brat folder, a Label Studio export (`.json`), a `.conll`
    file, or doccano's `.jsonl`; attributes and relations that are not ours are refused."""
    if path.suffix == ".jsonl":
        return _documents(_doccano_passages(path), path.stem)
    if path.is_dir() and not any(path.glob("*.conll")):
        return read_brat(path, own=True)
    return read_label_studio(path, own=True) if path.suffix == ".json" else read_conll(path, own=True)


def _doccano_passages(path: Path) -> Iterator[Found]:
    for number, row in enumerate(read_rows(path), 1):
        where = f"{path}, line {number}"
        try:
            text = str(row["text"])
            at = _code_points(text)
            spans = [
                _entity(str(label), at.get(int(start), -1), at.get(int(end), -1))
                for start, end, label in _doccano_spans(row)
            ]
        except (KeyError, TypeError, ValueError):
            raise CorpusError(
                f'{where}: no line of doccano\'s, {{"text": …, "label": [[start, end, label]]}} or, with relations, '
                '{"text": …, "entities": [{"start_offset": …, "end_offset": …, "label": …}]}.'
            ) from None
        passage = _passage(where, "text", text, {str(i): e for i, e in enumerate(spans)}, ())
        yield str(row.get("id", number)), replace(passage, has_relations=False, has_attributes=False)


def _doccano_spans(row: Mapping[str, Any]) -> Iterable[Any]:
    """(start, end, label) of each span of a line, of either of doccano's exports. Raises KeyError where it is none."""
    if "entities" in row:
        return [(e["start_offset"], e["end_offset"], e["label"]) for e in row["entities"]]
    spans: Iterable[Any] = row["label"]
    return spans


def _code_points(text: str) -> dict[int, int]:
    """Offsets in UTF-16 units, which doccano counts, to those in code points."""
    units = (i for i, c in enumerate(text) for _ in range(1 + (c > "\uffff")))
    return dict(enumerate([*units, len(text)]))
