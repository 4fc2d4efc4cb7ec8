"""Does what comes in still look like what the model knows? Month by month, and the names to add next.

A byte-level tokenizer knows no unknown token: a word that it cuts into FINE pieces or more stands for one. A shift is
the total variation distance between a month's shares and those before: the share of mentions that would have to be of
another type (or score) for the two to agree; beside it what chance alone would give as many mentions.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from math import pi, sqrt
from pathlib import Path
from typing import Any, NamedTuple

from oncogloss.batch.store import files_of, read_manifest
from oncogloss.errors import InputError, MissingExtraError, shown
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.schema import Extraction

FINE = 4  # pieces
NAMES = ("CANCER", "CONDITION", "GENE", "BIOMARKER", "DRUG", "DRUG_CLASS", "REGIMEN")  # types whose words are looked at
ADDED = ("DRUG", "GENE", "REGIMEN")  # types whose unlinked names are proposed
OWN = ("name", "parts")  # how the concept of a known name is found; any other way tells what it is like
COLUMNS = ("type", "name", "others", "class", "targets")  # of the CSV that `add-terms` reads
_WORD = re.compile(r"[^\W\d_]{4,}")
_PROPOSED = re.compile(r"[^\W_].{1,79}", re.ASCII)  # no formula of a spreadsheet


class Seen(NamedTuple):
    """A mention that came in: when (YYYY-MM), where, what, and whether it has a concept of its own."""

    month: str
    record: str
    passage: str
    start: int
    end: int
    text: str
    type: str
    score: float
    linked: bool


@dataclass
class Tally:
    """Counts over the mentions of one month, or of several."""

    records: set[str] = field(default_factory=set)
    words: int = 0
    fine: int = 0
    unlinked: int = 0
    score: float = 0.0
    types: Counter[str] = field(default_factory=Counter)
    scores: Counter[int] = field(default_factory=Counter)

    def add(self, seen: Seen, is_fine: Callable[[str], bool]) -> None:
        """Count one mention."""
        self.records.add(seen.record)
        self.types[seen.type] += 1
        self.scores[min(9, int(10 * seen.score))] += 1
        self.score += seen.score
        self.unlinked += seen.type == "DRUG" and not seen.linked
        if seen.type in NAMES:
            words = _WORD.findall(seen.text)
            self.words += len(words)
            self.fine += sum(map(is_fine, words))


@dataclass
class New:
    """A name without a concept of its own that was not seen before: spellings, records that hold it, a place."""

    spellings: Counter[str] = field(default_factory=Counter)
    records: set[str] = field(default_factory=set)
    place: str = ""


@dataclass
class Drift:
    """Tallies by month from `since` on, of all that came before, and the new names by (type, name in lower case)."""

    months: dict[str, Tally]
    before: Tally
    new: dict[tuple[str, str], New]

    @property
    def proposed(self) -> list[tuple[str, str, New]]:
        """(type, name, what is known of it), those of most records first."""
        rows = [(type_, new.spellings.most_common(1)[0][0], new) for (type_, _), new in self.new.items()]
        return sorted(rows, key=lambda row: (-len(row[2].records), row[0], row[1]))


def seen_in(pairs: Iterable[tuple[date, Extraction]]) -> Iterator[Seen]:
    """The mentions of extractions with the day each was made."""
    for day, found in pairs:
        for m in found.mentions:
            place = (found.id, m.passage, m.start, m.end)
            yield Seen(f"{day:%Y-%m}", *place, m.text, m.type, m.score, bool(m.concept and m.concept.match in OWN))


def seen_in_store(store: Path) -> Iterator[Seen]:
    """The mentions of a store that `oncogloss batch` wrote, by the month of the run that read them; of a record that
    was read several times in a month, the last reading. Raises InputError where there is no store, StoreError where its
    log is damaged or a part is missing."""
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError("pyarrow", "tables") from None
    parts = list(_parts(store))
    if not parts:
        raise InputError(f"{shown(str(store))}: nothing was read into it; `oncogloss batch` does that.")
    last = {}
    for month, files in parts:
        for record in pq.read_table(files["records"], columns=["record"])["record"].to_pylist():
            last[month, record] = files
    columns = ["record", "passage", "start_char", "end_char", "text", "type", "score", "concept_match"]
    for month, files in parts:
        for row in pq.read_table(files["mentions"], columns=columns).to_pylist():
            if last.get((month, row["record"])) is files:
                yield Seen._make([month, *(row[column] for column in columns[:-1]), row["concept_match"] in OWN])


def _parts(store: Path) -> Iterator[tuple[str, dict[str, Path]]]:
    """(month, files by table) of each part that the store's log names."""
    month = ""
    for line in read_manifest(store):
        if line["kind"] == "run":
            month = line["began"][:7]
        elif line["kind"] == "part":
            yield month, {table: Path(files_of(store, table, [line])[0]) for table in ("records", "mentions")}


def drift(seen: Iterable[Seen], since: str, tokenizer: Tokenizer) -> Drift:
    """Tally mentions by month from `since` (YYYY-MM) on, beside all before. Raises InputError where none came since."""

    @lru_cache(maxsize=1 << 16)
    def is_fine(word: str) -> bool:
        return len(tokenizer.encode(word)[0]) >= FINE

    months: defaultdict[str, Tally] = defaultdict(Tally)
    before, known = Tally(), set()
    new: defaultdict[tuple[str, str], New] = defaultdict(New)
    for each in seen:
        key = (each.type, each.text.casefold())
        if each.month < since:
            before.add(each, is_fine)
            known.add(key)
            continue
        months[each.month].add(each, is_fine)
        if each.type in ADDED and not each.linked and _PROPOSED.fullmatch(each.text):
            new[key].spellings[each.text] += 1
            new[key].records.add(each.record)
            new[key].place = new[key].place or f"{each.record} {each.passage} {each.start}–{each.end}"
    if not months:
        raise InputError(f"Nothing was read since {since}; name an earlier month.")
    return Drift(dict(sorted(months.items())), before, {key: value for key, value in new.items() if key not in known})


def distance(one: Mapping[Any, int], other: Mapping[Any, int]) -> float:
    """Total variation distance of two distributions given by counts: 0 where they agree, 1 where they share nothing."""
    sums = (max(1, sum(one.values())), max(1, sum(other.values())))
    return sum(abs(one.get(key, 0) / sums[0] - other.get(key, 0) / sums[1]) for key in one.keys() | other.keys()) / 2


def by_chance(reference: Mapping[Any, int], n: int) -> float:
    """The distance that `n` independent draws from a distribution have from it on average (by the normal law)."""
    whole = max(1, sum(reference.values()))
    shares = [count / whole for count in reference.values()]
    return sum(sqrt(2 * p * (1 - p) / (pi * max(1, n))) for p in shares) / 2


def drift_report(found: Drift, top: int = 30) -> str:
    """Markdown: a row for what came before and for each month, then the new names and where each stands first."""
    first = next(iter(found.months.values()))
    reference = found.before if found.before.records else first
    lines = [
        f"| month | records | mentions | words cut into {FINE} or more | drugs without a concept of their own "
        "| mean score | score shift (chance) | label shift (chance) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = {"before": found.before} if found.before.records else {}
    lines += [_row(name, tally, reference) for name, tally in (rows | found.months).items()]
    if not rows:
        lines += ["", "Nothing came before: shifts are from the first month."]
    lines += ["", f"{len(found.new)} names without a concept of their own that were not seen before:", ""]
    lines += ["| type | name | records | first at |", "|---|---|---|---|"]
    for type_, name, new in found.proposed[:top]:
        lines.append(f"| {type_} | {shown(name).replace('|', '/')} | {len(new.records)} | {shown(new.place)} |")
    return "\n".join(lines)


def _row(name: str, tally: Tally, reference: Tally) -> str:
    n = sum(tally.types.values())
    shifts = "– | –"
    if tally is not reference:
        pairs: tuple[tuple[Counter[Any], Counter[Any]], ...] = (
            (tally.scores, reference.scores),
            (tally.types, reference.types),
        )
        shifts = " | ".join(f"{distance(a, b):.3f} ({by_chance(b, n):.3f})" for a, b in pairs)
    return (
        f"| {name} | {len(tally.records):,} | {n:,} | {tally.fine / max(1, tally.words):.1%} "
        f"| {tally.unlinked / max(1, tally.types['DRUG']):.1%} | {tally.score / max(1, n):.3f} | {shifts} |"
    )


def write_proposed(found: Drift, path: Path) -> int:
    """Write the new names as a CSV that `oncogloss add-terms` reads, those of most records first; returns how many.

    Class, targets and other names are left for a person to fill in.
    """
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows((type_, name, "", "", "") for type_, name, _ in found.proposed)
    return len(found.new)
