"""Annotated text for training and evaluation: our standoff corpus joined with its records, and other corpora.

Every corpus says what it annotates; what it does not is masked, for an unlabelled gene is not a negative.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO, cast

from oncogloss.errors import CorpusError, shown
from oncogloss.readers.passages import join_lines, join_parts
from oncogloss.schema import (
    ENTITY_TYPES,
    Attribute,
    Category,
    Document,
    EntityType,
    Passage,
    RelationType,
    Side,
)
from oncogloss.training.anchors import Move, anchors


@dataclass(frozen=True)
class GoldEntity:
    """A span of one passage, half-open, in code points."""

    type: EntityType
    start: int
    end: int
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True)
class GoldRelation:
    """`head` and `tail` are positions in the passage's list of entities."""

    type: RelationType
    head: int
    tail: int


@dataclass(frozen=True)
class GoldCriterion:
    """`parent` is a position in the passage's list of criteria."""

    start: int
    side: Side
    parent: int | None
    categories: tuple[Category, ...]


@dataclass(frozen=True)
class GoldPassage:
    """One passage with its annotations. `types` are the entity types annotated here exhaustively.

    With `partial`, spans are reliable but not exhaustive: what is unmarked says nothing, except where it
    crosses or lies beside a marked span of its type. `criteria` None means not annotated.
    """

    name: str
    text: str
    entities: tuple[GoldEntity, ...] = ()
    relations: tuple[GoldRelation, ...] = ()
    criteria: tuple[GoldCriterion, ...] | None = None
    types: frozenset[EntityType] = frozenset(ENTITY_TYPES)
    partial: bool = False
    has_relations: bool = True
    has_attributes: bool = True
    has_sections: bool = True

    @property
    def passage(self) -> Passage:
        """The text alone, as a reader gives it."""
        return Passage(name=self.name, text=self.text)

    def is_alone(self, entity: GoldEntity) -> bool:
        """Does no other entity overlap this one of the passage?"""
        return not any(x is not entity and x.start < entity.end and entity.start < x.end for x in self.entities)


@dataclass(frozen=True)
class GoldDocument:
    """An annotated record; `origin` names the corpus it comes from."""

    id: str
    passages: tuple[GoldPassage, ...]
    origin: str = field(default="")

    @property
    def document(self) -> Document:
        """The text alone, as a reader gives it."""
        return Document(id=self.id, passages=tuple(p.passage for p in self.passages))


def open_text(path: Path) -> TextIO:
    """Open a UTF-8 text file, gzipped or not, with a byte order mark or without."""
    return cast(
        TextIO,
        gzip.open(path, "rt", encoding="utf-8-sig") if path.suffix == ".gz" else path.open(encoding="utf-8-sig"),
    )


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-lines file. Raises CorpusError naming the line that does not parse, or the damaged file."""
    try:
        with open_text(path) as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    try:
                        row = json.loads(line)
                    except json.JSONDecodeError as error:
                        raise CorpusError(f"{path}, line {number}: not JSON ({error.msg}).") from None
                    if not isinstance(row, dict):
                        raise CorpusError(f"{path}, line {number}: not a JSON object.")
                    yield row
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: damaged, or not what its name says ({error}); fetch it again.") from None


def record_passages(row: dict[str, Any]) -> dict[str, str]:
    """Passage name → text of a row of records: `{"id" or "nct_id", "passages"}`, or a row of flattened fields
    (`brief_title`, `eligibility_text`, `arms` …) as in the project's records file. Raises CorpusError where it is
    neither, as a row of standoff."""
    if "passages" in row:
        passages = row["passages"]
        if not isinstance(passages, dict) or not all(isinstance(text, str) for text in passages.values()):
            raise CorpusError(
                f"{shown(str(row.get('id') or row.get('nct_id')))}: its passages are no texts by name; give a file of "
                "records, not of standoff."
            )
        return passages
    outcomes = [*(row.get("primary_outcomes") or []), *(row.get("secondary_outcomes") or [])]
    texts = {
        "brief_title": row.get("brief_title"),
        "official_title": row.get("official_title"),
        "summary": row.get("brief_summary"),
        "description": row.get("detailed_description"),
        "eligibility": row.get("eligibility_text"),
        "arms": join_lines(join_parts(a.get("label") or "", a.get("description") or "") for a in row.get("arms") or []),
        "interventions": join_lines(
            join_parts(i.get("name") or "", i.get("description") or "") for i in row.get("interventions") or []
        ),
        "outcomes": join_lines(
            join_parts(*(o.get(key) or "" for key in ("measure", "description", "time_frame"))) for o in outcomes
        ),
    }
    return {name: text.strip() for name, text in texts.items() if text and text.strip()}


def read_records(paths: Iterable[Path], wanted: set[str]) -> dict[str, dict[str, str]]:
    """Passages of the `wanted` ids found in the record files (JSON lines, gzipped or not). Raises CorpusError where a
    file holds no records."""
    found: dict[str, dict[str, str]] = {}
    for path in paths:
        for row in read_rows(path):
            identifier = row.get("id") or row.get("nct_id")
            if identifier in wanted and identifier not in found:
                try:
                    found[str(identifier)] = record_passages(row)
                except CorpusError as error:
                    raise CorpusError(f"{path}: {error}") from None
    return found


def text_hash(text: str) -> str:
    """The first 16 hex digits of the SHA-256 of a text: says which wording a standoff line refers to."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def to_standoff(document: GoldDocument, *, with_text: bool) -> dict[str, Any]:
    """A JSON-ready row: offsets, labels, a text hash and anchors; the text itself only where it is our own."""
    return {
        "id": document.id,
        "origin": document.origin,
        "passages": [
            {
                "name": p.name,
                "length": len(p.text),
                "hash": text_hash(p.text),
                **({"text": p.text} if with_text else {"anchors": anchors(p.text, _offsets(p))}),
                "entities": [[e.type, e.start, e.end, *e.attributes] for e in p.entities],
                "relations": [[r.type, r.head, r.tail] for r in p.relations],
                **({"without": _without(p)} if _without(p) else {}),
                **(
                    {}
                    if p.criteria is None
                    else {"criteria": [[c.start, c.side, c.parent, list(c.categories)] for c in p.criteria]}
                ),
            }
            for p in document.passages
        ],
    }


def _without(passage: GoldPassage) -> list[str]:
    """What was not annotated in a passage, and so is masked in training."""
    return [part for part in ("relations", "attributes", "sections") if not getattr(passage, f"has_{part}")]


def _offsets(passage: GoldPassage) -> list[int]:
    """All annotated offsets of a passage: starts and ends of its entities, then starts of its criteria."""
    edges = [offset for e in passage.entities for offset in (e.start, e.end)]
    return edges + [c.start for c in passage.criteria or ()]


def write_standoff(documents: Iterable[GoldDocument], path: Path, *, with_text: bool) -> None:
    """Write documents as a standoff file (gzipped if so named), one a line, in the order of their ids."""
    rows = (to_standoff(d, with_text=with_text) for d in sorted(documents, key=lambda d: d.id))
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    data = "".join(lines).encode("utf-8")
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


_STANDOFF = {"name", "length", "hash", "entities", "relations"}


def read_standoff(
    path: Path, record_paths: Sequence[Path], *, mend: bool = False
) -> tuple[list[GoldDocument], list[str]]:
    """Join a standoff file with the records that hold its text.

    Returns (the documents, one sentence for each passage whose text was not found or has changed).
    A passage of a record may be longer than what was annotated; the annotated part is its beginning.
    With `mend`, annotations of a changed text are moved to where their words stand now (`training.anchors`).
    """
    return _read_standoff([path], record_paths, mend=mend)[0]


Joined = tuple[list[GoldDocument], list[str]]  # documents, and what is to be said of passages that differ


def _read_standoff(paths: Sequence[Path], record_paths: Sequence[Path], *, mend: bool) -> list[Joined]:
    """`read_standoff` of each path; the records are read once for all."""
    tables = [(path, _standoff_rows(path)) for path in paths]
    lacking = set().union(*(_lacking(rows) for _, rows in tables))
    records = read_records(record_paths, lacking) if lacking else {}
    return [_join(path, rows, records, mend=mend) for path, rows in tables]


def _standoff_rows(path: Path) -> list[dict[str, Any]]:
    rows = list(read_rows(path))
    for number, row in enumerate(rows, 1):
        parts = row.get("passages")
        if "id" not in row or not isinstance(parts, list) or not all(part.keys() >= _STANDOFF for part in parts):
            raise CorpusError(f"{path}, row {number}: no standoff row; `oncogloss corpus import` writes them.")
    return rows


def _lacking(rows: Iterable[dict[str, Any]]) -> set[str]:
    return {row["id"] for row in rows if any("text" not in p for p in row["passages"])}


def _join(path: Path, rows: Iterable[dict[str, Any]], records: dict[str, dict[str, str]], *, mend: bool) -> Joined:
    documents: list[GoldDocument] = []
    problems: list[str] = []
    for row in rows:
        passages = []
        for part in row["passages"]:
            whole = part.get("text", records.get(row["id"], {}).get(part["name"], ""))
            text = whole[: part["length"]]
            if text_hash(text) == part["hash"]:
                passages.append(_from_standoff(part, text))
                continue
            why = "its text has changed" if text else "no such text in the records given"
            if mend and text and "anchors" in part:
                mended = _mended(part, whole)
                passages += [mended] if mended.text else []
                why += f"; {len(mended.entities)} of {len(part['entities'])} entities found again"
            problems.append(f"{path.name}: {row['id']}, {part['name']}: {why}.")
        if passages:
            documents.append(GoldDocument(row["id"], tuple(passages), row.get("origin", path.stem)))
    return documents, problems


def _from_standoff(part: dict[str, Any], text: str) -> GoldPassage:
    criteria, without = part.get("criteria"), part.get("without", ())
    return GoldPassage(
        name=part["name"],
        text=text,
        entities=tuple(GoldEntity(type_, start, end, tuple(rest)) for type_, start, end, *rest in part["entities"]),
        relations=tuple(GoldRelation(*relation) for relation in part["relations"]),
        criteria=None
        if criteria is None
        else tuple(GoldCriterion(start, side, parent, tuple(cats)) for start, side, parent, cats in criteria),
        has_relations="relations" not in without,
        has_attributes="attributes" not in without,
        has_sections="sections" not in without,
    )


def _mended(part: dict[str, Any], text: str) -> GoldPassage:
    """The passage of a standoff row as far as its words stand in `text`, annotations moved along."""
    old, move, spots = _from_standoff(part, ""), Move(part["anchors"]["stretches"], text), part["anchors"]["spots"]
    n = 2 * len(old.entities)
    spans = [move.span(a, b) for a, b in zip(spots[:n:2], spots[1:n:2], strict=True)]
    starts = [move.span(spot, spot + 1) for spot in spots[n:]]
    entity, criterion = (
        {i: k for k, i in enumerate(i for i, place in enumerate(places) if place)} for places in (spans, starts)
    )

    def parent(i: int | None) -> int | None:
        while i is not None and i not in criterion:
            i = old.criteria[i].parent if old.criteria else None
        return None if i is None else criterion[i]

    return replace(
        old,
        text=move.text,
        entities=tuple(
            replace(e, start=place[0], end=place[1]) for e, place in zip(old.entities, spans, strict=True) if place
        ),
        relations=tuple(
            replace(r, head=entity[r.head], tail=entity[r.tail])
            for r in old.relations
            if r.head in entity and r.tail in entity
        ),
        criteria=None
        if old.criteria is None
        else tuple(
            replace(c, start=place[0], parent=parent(c.parent))
            for c, place in zip(old.criteria, starts, strict=True)
            if place
        ),
    )


def standoff_files(corpus: Path) -> list[Path]:
    """The standoff files of a corpus folder, gzipped or not; logic of criteria and probes of behaviour are none."""
    files = (path for path in corpus.iterdir() if path.name.endswith((".jsonl", ".jsonl.gz")))
    return sorted(path for path in files if not path.name.startswith(("logic.jsonl", "probes.jsonl")))


def lacking_text(corpus: Path) -> set[str]:
    """Ids of the records of a corpus folder whose text is not in it."""
    return set().union(*(_lacking(_standoff_rows(path)) for path in standoff_files(corpus)))


def build_corpus(corpus: Path, records: Sequence[Path], out: Path) -> tuple[list[GoldDocument], list[str]]:
    """Write the corpus with its text, as far as the records hold it, into the folder `out`, splits included.

    Annotations of text that changed move along. Returns (the documents, a sentence for each passage that differs).
    Raises CorpusError where `out` is the corpus itself.
    """
    if out.resolve() == corpus.resolve():
        raise CorpusError(f"{out}: the corpus itself; give another folder with --out.")
    out.mkdir(parents=True, exist_ok=True)
    paths = standoff_files(corpus)
    parts = _read_standoff(paths, records, mend=True)
    for path, (found, _) in zip(paths, parts, strict=True):
        write_standoff(found, out / path.name, with_text=True)
    (out / "splits.json").write_bytes((corpus / "splits.json").read_bytes())
    return _together(parts)


def from_resolved(row: dict[str, Any], origin: str) -> GoldDocument:
    """A document from a line that the annotation checker (`resolve.py --out`) wrote."""
    passages = []
    for name, p in row["passages"].items():
        entity_index = {e["id"]: i for i, e in enumerate(p["entities"])}
        criterion_index = {c["id"]: i for i, c in enumerate(p["criteria"])}
        passages.append(
            GoldPassage(
                name=name,
                text=p["text"],
                entities=tuple(GoldEntity(e["type"], e["start"], e["end"], tuple(e["attrs"])) for e in p["entities"]),
                relations=tuple(
                    GoldRelation(r["type"], entity_index[r["head"]], entity_index[r["tail"]]) for r in p["relations"]
                ),
                criteria=tuple(
                    GoldCriterion(
                        c["start"],
                        c["side"],
                        None if c["parent"] is None else criterion_index[c["parent"]],
                        tuple(c["categories"]),
                    )
                    for c in p["criteria"]
                )
                if name == "eligibility"
                else None,
            )
        )
    return GoldDocument(row["id"], tuple(passages), origin)


Edit = tuple[int, int, str]


def rewrite(passage: GoldPassage, edits: Sequence[Edit]) -> GoldPassage:
    """The passage with each (start, end, replacement) done and every offset moved along.

    Edits are sorted and do not overlap. A span whose edge lies inside an edit grows to its edge.
    """
    text, pieces, position = passage.text, [], 0
    for start, end, replacement in edits:
        pieces += [text[position:start], replacement]
        position = end
    pieces.append(text[position:])

    def moved(offset: int, *, at_end: bool) -> int:
        shift = 0
        for start, end, replacement in edits:
            if end <= offset if not at_end else end < offset or (end == offset and start < offset):
                shift += len(replacement) - (end - start)
            elif start < offset:
                return start + shift + (len(replacement) if at_end else 0)
            else:
                break
        return offset + shift

    return replace(
        passage,
        text="".join(pieces),
        entities=tuple(
            replace(e, start=moved(e.start, at_end=False), end=moved(e.end, at_end=True)) for e in passage.entities
        ),
        criteria=None
        if passage.criteria is None
        else tuple(replace(c, start=moved(c.start, at_end=False)) for c in passage.criteria),
    )


def split_ids(corpus: Path) -> dict[str, set[str]]:
    """Record ids held apart: `dev` and `test`. Raises CorpusError where the corpus has no splits.json."""
    path = corpus / "splits.json"
    if not path.is_file():
        raise CorpusError(f"{path}: missing; give the folder that holds the corpus with --corpus.")
    return {name: set(ids) for name, ids in json.loads(path.read_text(encoding="utf-8")).items()}


def read_corpus(corpus: Path, records: Sequence[Path]) -> tuple[list[GoldDocument], list[str]]:
    """All standoff files of a corpus folder joined with the records; see `read_standoff`."""
    return _together(_read_standoff(standoff_files(corpus), records, mend=False))


def _together(parts: Iterable[Joined]) -> Joined:
    documents: list[GoldDocument] = []
    problems: list[str] = []
    for found, lacking in parts:
        documents += found
        problems += lacking
    return documents, problems


def training_documents(corpus: Path, records: Sequence[Path]) -> tuple[list[GoldDocument], list[str]]:
    """The documents of a corpus folder that are not held apart, as far as their text is there.

    Returns (they, a sentence for each passage of the folder whose text was not found or has changed).
    """
    held_apart = set().union(*split_ids(corpus).values())
    documents, problems = read_corpus(corpus, records)
    return [d for d in documents if d.id not in held_apart], problems


def load_split(corpus: Path, records: Sequence[Path], split: str) -> tuple[list[GoldDocument], list[GoldDocument]]:
    """(documents of `dev`, `test` or `samples`; training documents).

    Raises CorpusError where the split is unknown or the records do not hold its text.
    """
    held_apart = split_ids(corpus)
    documents, problems = read_corpus(corpus, records)
    training = [d for d in documents if not any(d.id in ids for ids in held_apart.values())]
    if split == "samples":
        return read_standoff(corpus / "samples" / "annotations.jsonl", [])[0], training
    if split not in held_apart:
        raise CorpusError(f"No split '{split}'; there are {', '.join(sorted(held_apart))} and samples.")
    gold = [d for d in documents if d.id in held_apart[split]]
    if len(gold) < len(held_apart[split]):
        first = problems[0] if problems else "the annotations are missing"
        raise CorpusError(f"{len(gold)} of {len(held_apart[split])} records of {split} have their text: {first}")
    return gold, training


def describe(documents: Sequence[GoldDocument]) -> str:
    """Markdown table: records, passages, words, entities, relations and criteria of each part."""
    lines = ["| part | records | passages | words | entities | relations | criteria |", "|---|---|---|---|---|---|---|"]
    parts = [*dict.fromkeys(d.origin for d in documents), "all"]
    for part in parts:
        inside = [d for d in documents if part in (d.origin, "all")]
        passages = [p for d in inside for p in d.passages]
        figures = [
            len(inside),
            len(passages),
            sum(len(p.text.split()) for p in passages),
            sum(len(p.entities) for p in passages),
            sum(len(p.relations) for p in passages),
            sum(len(p.criteria or ()) for p in passages),
        ]
        lines.append(f"| {part} | " + " | ".join(f"{n:,}" for n in figures) + " |")
    return "\n".join(lines)
