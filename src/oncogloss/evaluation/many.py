"""A batch of very many records, made out of a few: memory from quarter to quarter, speed, and each id there once."""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from oncogloss.batch.readings import FILE as READINGS
from oncogloss.batch.run import Progress, Settings, run_batch
from oncogloss.batch.store import PARTS, files_of, read_manifest
from oncogloss.evaluation.batches import Clock, Rows, documents_of, memory
from oncogloss.evaluation.cost import machine
from oncogloss.model.runtime import usable_cores
from oncogloss.schema import Document

LINES = 8  # of the eligibility text of a short record
TOLD = 1_000  # records after which a line is printed
_SYLLABLES = [c + v for c in "bdfglmprtvz" for v in "aeiou"]
_WORD = re.compile(r"[a-z]{5,}|[0-9]+")
_EXPLAINED = """Each record is one of those given with another id, every eighth of its longer words replaced by \
another of them, half of its numbers changed, and a sentence of its own at the end of each passage; so no text is \
another's, and the cache knows none."""


def measure_many(paths: Sequence[Path], model: str, number: int, *, short: bool) -> str:
    """Markdown: a batch of `number` records made of those in the inputs; `short` ones are a title and some criteria."""
    given = documents_of(paths)
    size = f"a title and the first {LINES} lines of eligibility" if short else "whole"
    head = f"{number:,} records ({size}) made of {len(given)}; model {model}; {machine()}.\n\n{_EXPLAINED}"
    table = "\n".join(f"| {what} | {figure} |" for what, figure in _rows(given, model, number, short))
    return f"{head}\n\n| what | figure |\n|---|---|\n{table}"


def made_records(given: Sequence[Document], number: int, *, short: bool) -> Iterator[tuple[str, dict[str, str]]]:
    """(id, passages) of so many records, each in words that no other has."""
    for n in range(number):
        document, dice = given[n % len(given)], random.Random(n)
        texts = {p.name: p.text for p in document.passages}
        if short:
            criteria = "\n".join(texts.get("eligibility", "").splitlines()[:LINES])
            texts = {"brief_title": texts.get("brief_title", ""), "eligibility": criteria}
        words = sorted({w for text in texts.values() for w in _WORD.findall(text) if w.isalpha()})
        own = f"This is the study of {_name(n)}."
        yield f"M{n:08d}", {name: f"{_changed(text, words, dice)}\n{own}" for name, text in texts.items()}


def _changed(text: str, words: Sequence[str], dice: random.Random) -> str:
    def other(found: re.Match[str]) -> str:
        if found[0].isdigit():
            return str(dice.randrange(10 ** len(found[0]))) if dice.random() < 1 / 2 else found[0]
        return dice.choice(words) if dice.random() < 1 / 8 else found[0]

    return _WORD.sub(other, text)


def _name(n: int) -> str:
    """A drug that does not exist, another for each number."""
    syllables = []
    for _ in range(3):
        n, place = divmod(n, len(_SYLLABLES))
        syllables.append(_SYLLABLES[place])
    return "".join(syllables) + (f"{n}" if n else "") + "nib"


class _Watch:
    """What is seen while a batch runs: memory by quarters of the records."""

    def __init__(self, number: int) -> None:
        self.quarters: list[list[float]] = [[], [], [], []]
        self._number, self._told, self._begun = number, 0, time.monotonic()

    def __call__(self, progress: Progress) -> None:
        done, now = progress.read + progress.failed, memory()
        self.quarters[min(3, 4 * (done - 1) // self._number)].append(now)
        if done // TOLD > self._told:
            self._told = done // TOLD
            rate = done / (time.monotonic() - self._begun)
            print(f"{done:,} of {self._number:,}, {rate:.1f} a second, {now:.0f} MiB", file=sys.stderr, flush=True)


def _rows(given: Sequence[Document], model: str, number: int, short: bool) -> Rows:
    watch, clock = _Watch(number), Clock()
    with tempfile.TemporaryDirectory(prefix="oncogloss-") as root:
        source, store = Path(root) / "records.jsonl.gz", Path(root) / "store"
        with gzip.open(source, "wt", encoding="utf-8", compresslevel=1) as file:
            for name, passages in made_records(given, number, short=short):
                file.write(json.dumps({"id": name, "passages": passages}) + "\n")
        done: list[Progress] = []
        clock.time(lambda: done.append(run_batch([source], store, Settings(model=model), tell=watch)))
        size = sum(f.stat().st_size for f in (store / PARTS).rglob("*.parquet"))
        cache = (store / READINGS).stat().st_size
        there = [(table, _times(store, table, number)) for table in ("records", "trials")]
    (progress,), cores = done, usable_cores()
    return [
        ("read, failed, known to the cache", f"{progress.read:,}, {progress.failed:,}, {progress.known:,}"),
        *((f"ids in `{table}`: once, more often, never", said) for table, said in there),
        ("memory of all processes together, shared pages once: most",
         f"{max(max(q, default=0.0) for q in watch.quarters):.0f} MiB"),
        ("of it: mean of each quarter of the records", _each(watch, lambda q: sum(q) / len(q))),
        ("of it: most of each quarter", _each(watch, max)),
        ("records a second by the clock, start and all, beside all else that runs here", f"{number / clock.wall:.1f}"),
        (f"records a second that {cores} whole cores give (records a CPU second × {cores})",
         f"{cores * number / clock.cpu:.1f}"),
        ("hours by the clock", f"{clock.wall / 3600:.2f}"),
        ("store, MB and bytes a record", f"{size / 1e6:,.1f}, {size / number:,.0f}"),
        ("readings of the cache, MB and bytes a record", f"{cache / 1e6:,.1f}, {cache / number:,.0f}"),
    ]  # fmt: skip


def _each(watch: _Watch, figure: Callable[[list[float]], float]) -> str:
    return ", ".join(f"{figure(q):.0f} MiB" if q else "–" for q in watch.quarters)


def _times(store: Path, table: str, number: int) -> str:
    """How many of the ids stand in a table once, more often, never; read as a stream."""
    import pyarrow.parquet as pq

    seen = bytearray(number)
    for path in files_of(store, table, read_manifest(store)):
        for record in pq.read_table(path, columns=["record"])["record"].to_pylist():
            seen[int(record[1:])] = min(2, seen[int(record[1:])] + 1)
    return f"{seen.count(1):,}, {seen.count(2):,}, {seen.count(0):,}"
