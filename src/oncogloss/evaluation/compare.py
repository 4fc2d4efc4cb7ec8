"""The comparison: every system trained and read on the same records and splits, each in child processes of its own.

One JSON a system stands in the folder of results; it holds offsets, types and figures, never text:

    system, steps, settings, split, machine, date, seed, command
    sample     "" or what the run is a sample of, in words
    skipped    only where the system did not run: why. All below is then missing
    records    {"training": n, "read": n}
    scores     {"strict", "relaxed", "seen", "unseen", "relations"}: each {type: {"right", "found", "wanted"}}, and
               "attributes": {"right", "found", "wanted"}. seen and unseen: strict scores of the spans whose words are,
               or are not, those of a training span of the same type
    training   {"seconds", "cpu_seconds", "peak_mib"}
    size       {"parameters", "bytes"}
    running    {"cold_start_seconds", "cold_start_cpu_seconds", "peak_mib", "seconds_p50", "seconds_p95",
               "cpu_seconds_p50", "cpu_seconds_p95", "cpu_seconds", "records_per_hour", "load", "tokens", "energy",
               "by_length": [{"characters": [least, most], "records", "seconds", "cpu_seconds"}, … four]}.
               seconds are of the wall clock; cpu_seconds a record, mean; records_per_hour of two busy cores, from them;
               load: how many processes wanted the cores at its end; above two, wall clocks tell of the others too;
               tokens: [read, written] a record, mean, where a language model counts them, or null;
               energy: {"joules", "method"} a record, where the machine was metered, or null
    curve      [{"share", "records", "strict", "relaxed", "seconds", "cpu_seconds"}, …]: F1 by share of the training
    update     {"names", "able", "sentences", "seconds", "cpu_seconds", "recall_before", "recall_after"}; able: has it
               a way to learn new names; sentences: by how many annotated ones (0: by the names alone)
    examples   [{"record", "passage", "start", "end", "wanted": [[type, start, end], …], "found": […]}, …]: the same
               lines for all systems
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from oncogloss.errors import CorpusError, OncoglossError
from oncogloss.evaluation.cost import processor
from oncogloss.evaluation.metrics import (
    Facts,
    Score,
    Spot,
    merge,
    relation_scores,
    relaxed_scores,
    strict_scores,
    total,
)
from oncogloss.evaluation.run import gold_facts
from oncogloss.evaluation.stages import FAILED, read_found, row_facts
from oncogloss.evaluation.systems import System, make_system, system_names
from oncogloss.model.files import replace_file
from oncogloss.model.runtime import usable_cores
from oncogloss.training.corpora import GoldDocument, load_split, read_standoff, write_standoff

SHARES = (0.25, 0.5)  # of the training records, for the learning curve; the whole is the system itself
COLD_STARTS = 3
QUICK = {"training": 60, "dev": 10, "held": 10}  # records of a quick run
EXAMPLES = 60  # lines shown side by side
CORES = 2  # that records an hour are counted for
Log = Callable[[str], None]
Names = set[tuple[str, str]]  # (type, words in lower case)


@dataclass(frozen=True)
class Comparison:
    """One run: what is the same for all systems. Results go to `out`, all that leads to them stays in `run`."""

    out: Path
    run: Path
    split: str
    quick: bool
    seed: int
    command: str
    log: Log

    @property
    def data(self) -> Path:
        """Where the records lie that all systems learn from and read."""
        return self.run / "data"

    def gold(self, part: str) -> list[GoldDocument]:
        """The annotated documents of `training`, `dev` or `held`."""
        return read_standoff(self.data / f"{part}.jsonl", [])[0]


def compare(comparison: Comparison, corpus: Path, records: Sequence[Path], systems: Sequence[str] = ()) -> list[Path]:
    """Run the systems named (none: all) as far as their results are not there yet; returns the files of results.

    Raises CorpusError where the run was begun with another split, sample or seed, OncoglossError for a system that is
    not known.
    """
    wanted = list(systems or system_names())
    for name in wanted:
        if name not in system_names():
            raise OncoglossError(f"{name}: no such system; there are {', '.join(system_names())}.")
    _prepare(comparison, corpus, records)
    files = []
    for number, name in enumerate(wanted, 1):
        path = comparison.out / f"{name}.json"
        if _is_there(comparison, path):
            comparison.log(f"[{number}/{len(wanted)}] {name}: there already")
        else:
            comparison.log(f"[{number}/{len(wanted)}] {name}")
            result = _result(comparison, name)
            comparison.log(f"  {_line(result)}")
            rows = (f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in result.items())
            replace_file(path, ("{\n" + ",\n".join(rows) + "\n}\n").encode("utf-8"))
        files.append(path)
    return files


def _is_there(comparison: Comparison, path: Path) -> bool:
    """Whether a file is a system's result of the same split, sample and seed."""
    row = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"skipped": "not run yet"}
    mine = (comparison.split, _sample(comparison), comparison.seed)
    return "skipped" not in row and tuple(row.get(key) for key in ("split", "sample", "seed")) == mine


def _line(result: Mapping[str, Any]) -> str:
    if "skipped" in result:
        return f"skipped: {result['skipped']}"
    f1 = total({t: Score(**s) for t, s in result["scores"]["strict"].items()}).f1
    return f"strict F1 {f1:.3f}, {result['running']['cpu_seconds']:.3f} CPU seconds a record"


# ---- the same records for all


def _prepare(comparison: Comparison, corpus: Path, records: Sequence[Path]) -> None:
    """Write the records once. Raises CorpusError where those of another split, sample or seed are there."""
    mine = {"split": comparison.split, "quick": comparison.quick, "seed": comparison.seed}
    begun = comparison.data / "begun.json"
    if begun.is_file():
        if json.loads(begun.read_text(encoding="utf-8")) != mine:
            raise CorpusError(f"{comparison.run}: begun with another split, sample or seed; give another --run.")
        return
    comparison.log("reading the corpus")
    held, training = load_split(corpus, records, comparison.split)
    dev = held if comparison.split == "dev" else load_split(corpus, records, "dev")[0]
    parts = {"training": training, "dev": dev, "held": held}
    comparison.data.mkdir(parents=True, exist_ok=True)
    for part, documents in parts.items():
        chosen = shuffled(documents, comparison.seed)[: QUICK[part] if comparison.quick else None]
        write_standoff(chosen, comparison.data / f"{part}.jsonl", with_text=True)
    _write_example_text(comparison)
    replace_file(begun, json.dumps(mine).encode())


def shuffled(documents: Sequence[GoldDocument], seed: int) -> list[GoldDocument]:
    """In an order that the seed alone decides."""
    order = sorted(documents, key=lambda d: d.id)
    random.Random(seed).shuffle(order)
    return order


def _write_example_text(comparison: Comparison) -> None:
    """The words of the examples stay in the run's folder."""
    held = comparison.gold("held")
    texts = {(d.id, p.name): p.text for d in held for p in d.passages}
    rows = [[*line, texts[line[:2]][line[2] : line[3]]] for line in example_lines(held)]
    replace_file(comparison.run / "example_text.json", json.dumps(rows, ensure_ascii=False).encode("utf-8"))


Line = tuple[str, str, int, int]  # record, passage, start, end


def example_lines(held: Sequence[GoldDocument]) -> list[Line]:
    """Lines of the records that hold several annotated names, the same ones each time."""

    def lines() -> Iterator[Line]:
        for d in held:
            for p in d.passages:
                start = 0
                for text in p.text.splitlines(keepends=True):
                    end = start + len(text.rstrip())
                    if end - start <= 400 and sum(start <= e.start < end for e in p.entities) > 1:
                        yield d.id, p.name, start, end
                    start += len(text)

    return sorted(lines(), key=lambda line: sha256(repr(line).encode()).digest())[:EXAMPLES]


# ---- one system


def _result(comparison: Comparison, name: str) -> dict[str, Any]:
    said = {
        "system": name,
        "split": comparison.split,
        "sample": _sample(comparison),
        "machine": f"{processor()}, {usable_cores()} cores",
        "date": date.today().isoformat(),
        "seed": comparison.seed,
        "command": comparison.command,
    }
    try:
        system = make_system(name)
        return {**said, "steps": list(system.steps), "settings": system.settings, **_measured(comparison, system)}
    except OncoglossError as error:
        return {**said, "skipped": str(error)}


def _sample(comparison: Comparison) -> str:
    parts = ", ".join(f"{n} {part}" for part, n in QUICK.items())
    return f"a quick run on a sample of the records: at most {parts}" if comparison.quick else ""


def _measured(comparison: Comparison, system: System) -> dict[str, Any]:
    """All figures of one system."""
    training, held = comparison.gold("training"), comparison.gold("held")
    held = shuffled(held, comparison.seed)[: system.most]
    teaches = type(system).train is not System.train
    whole = _Child(comparison, system, "model", comparison.data / "training.jsonl")
    trained = whole.do("train") if teaches else None
    whole.write_documents(held)
    cold = [whole.do("cold", f"cold-{n}") for n in range(COLD_STARTS)]
    read, rows = whole.do("read"), whole.found()
    wanted, found = merge(map(gold_facts, held)), merge(map(row_facts, rows))
    return {
        "records": {"training": len(training) if teaches else 0, "read": len(held)},
        "scores": _scores(found, wanted, names_of(training), texts_of(held)),
        "training": trained,
        "size": {key: read[key] for key in ("parameters", "bytes")},
        "running": {
            "cold_start_seconds": statistics.median(c["seconds"] for c in cold),
            "cold_start_cpu_seconds": statistics.median(c["cpu_seconds"] for c in cold),
            "peak_mib": read["peak_mib"],
            "energy": read.get("energy"),
            **_running(rows, {d.id: sum(len(p.text) for p in d.passages) for d in held}),
        },
        "update": whole.do("update"),
        "curve": _curve(comparison, system, held) if system.curve and not comparison.quick else [],
        "examples": [_example(line, found, wanted) for line in example_lines(held)],
    }


class _Child:
    """Stages of one system on one set of training records; each is done once, and its result kept."""

    def __init__(self, comparison: Comparison, system: System, model: str, training: Path) -> None:
        self.log = comparison.log
        self.name = system.name
        self.folder = comparison.run / system.name / model
        self.files = {
            "training": str(training),
            "dev": str(comparison.data / "dev.jsonl"),
            "model": str(self.folder / "saved"),
            "documents": str(self.folder / "documents.jsonl"),
            "found": str(self.folder / "found.jsonl"),
        }

    def write_documents(self, held: Iterable[GoldDocument]) -> None:
        """What is to be read."""
        Path(self.files["model"]).mkdir(parents=True, exist_ok=True)
        rows = [{"id": d.id, "passages": {p.name: p.text for p in d.passages}} for d in held]
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        replace_file(Path(self.files["documents"]), lines.encode("utf-8"))

    def do(self, stage: str, kept: str = "") -> dict[str, Any]:
        """The stage's result. Raises OncoglossError where it says why it cannot, or breaks."""
        out, job = self.folder / f"{kept or stage}.json", self.folder / "job.json"
        if not out.is_file() or "skipped" in json.loads(out.read_text(encoding="utf-8")):
            self.log(f"  {self.name}, {self.folder.name}: {kept or stage}")
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_file(job, json.dumps({**self.files, "system": self.name, "stage": stage, "out": str(out)}).encode())
            code = subprocess.run([sys.executable, "-m", "oncogloss.evaluation.stages", str(job)]).returncode
            if code not in (0, FAILED):
                raise OncoglossError(f"its process ended in {stage} with status {code}; what it said stands above.")
        result: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        if "skipped" in result:
            raise OncoglossError(result["skipped"])
        return result

    def found(self) -> list[dict[str, Any]]:
        """What was found in each record, and what that took."""
        return read_found(Path(self.files["found"]))


def _curve(comparison: Comparison, system: System, held: Sequence[GoldDocument]) -> list[dict[str, Any]]:
    order = shuffled(comparison.gold("training"), comparison.seed)
    wanted, points = merge(map(gold_facts, held)), []
    for share in SHARES:
        part = order[: max(1, round(len(order) * share))]
        path = comparison.data / f"training_{share}.jsonl"
        if not path.is_file():
            write_standoff(part, path, with_text=True)
        child = _Child(comparison, system, f"share-{share}", path)
        trained = child.do("train")
        child.write_documents(held)
        child.do("read")
        found = merge(map(row_facts, child.found())).entities
        points.append(
            {
                "share": share,
                "records": len(part),
                "strict": round(total(strict_scores(found, wanted.entities)).f1, 4),
                "relaxed": round(total(relaxed_scores(found, wanted.entities)).f1, 4),
                **{key: trained[key] for key in ("seconds", "cpu_seconds")},
            }
        )
    return points


# ---- figures


def names_of(documents: Iterable[GoldDocument]) -> Names:
    """The names that are annotated, each with its type."""
    return {(e.type, p.text[e.start : e.end].lower()) for d in documents for p in d.passages for e in p.entities}


def texts_of(documents: Iterable[GoldDocument]) -> dict[Any, str]:
    """Texts by (record, passage)."""
    return {(d.id, p.name): p.text for d in documents for p in d.passages}


def _scores(found: Facts, wanted: Facts, known: Names, texts: Mapping[Any, str]) -> dict[str, Any]:
    def of(spots: set[Spot], *, seen: bool) -> set[Spot]:
        return {s for s in spots if ((s[3], texts[s[0]][s[1] : s[2]].lower()) in known) == seen}

    tables = {
        "strict": strict_scores(found.entities, wanted.entities),
        "relaxed": relaxed_scores(found.entities, wanted.entities),
        "seen": strict_scores(of(found.entities, seen=True), of(wanted.entities, seen=True)),
        "unseen": strict_scores(of(found.entities, seen=False), of(wanted.entities, seen=False)),
        "relations": relation_scores(found.relations, wanted.relations),
    }
    attributes = len(found.attributes & wanted.attributes), len(found.attributes), len(wanted.attributes)
    return {name: {type_: _counts(score) for type_, score in table.items()} for name, table in tables.items()} | {
        "attributes": _counts(Score(*attributes))
    }


def _counts(score: Score) -> dict[str, int]:
    return {"right": score.right, "found": score.found, "wanted": score.wanted}


def _running(rows: Sequence[Mapping[str, Any]], lengths: Mapping[str, int]) -> dict[str, Any]:
    cpu = statistics.mean(row["cpu_seconds"] for row in rows)
    return {
        **{f"{clock}_{name}": at for clock in ("seconds", "cpu_seconds") for name, at in _percentiles(rows, clock)},
        "cpu_seconds": round(cpu, 4),
        "records_per_hour": round(CORES * 3600 / max(cpu, 1e-6)),
        "load": round(os.getloadavg()[0], 1),
        "tokens": _tokens(rows),
        "by_length": list(_by_length(rows, lengths)),
    }


def _tokens(rows: Sequence[Mapping[str, Any]]) -> list[float] | None:
    """Tokens read and written a record, mean; None where they were not counted."""
    counted = [row.get("tokens") for row in rows]
    return [round(statistics.mean(column), 1) for column in zip(*counted, strict=True)] if all(counted) else None


def _percentiles(rows: Sequence[Mapping[str, Any]], clock: str) -> Iterator[tuple[str, float]]:
    spent = sorted(row[clock] for row in rows)
    yield "p50", round(statistics.median(spent), 4)
    yield "p95", spent[min(len(spent) - 1, int(0.95 * len(spent)))]


def _by_length(rows: Sequence[Mapping[str, Any]], lengths: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Four groups of as many records, the short ones first."""
    order = sorted(rows, key=lambda row: lengths[row["id"]])
    for k in range(4):
        group = order[len(order) * k // 4 : len(order) * (k + 1) // 4]
        if group:
            yield {
                "characters": [lengths[group[0]["id"]], lengths[group[-1]["id"]]],
                "records": len(group),
                **{key: round(statistics.mean(row[key] for row in group), 4) for key in ("seconds", "cpu_seconds")},
            }


def _example(line: Line, found: Facts, wanted: Facts) -> dict[str, Any]:
    record, passage, start, end = line

    def inside(spots: set[Spot]) -> list[list[Any]]:
        here = [s for s in spots if s[0] == (record, passage) and start <= s[1] and s[2] <= end]
        return sorted([type_, a, b] for _, a, b, type_ in here)

    return {
        "record": record,
        "passage": passage,
        "start": start,
        "end": end,
        "wanted": inside(wanted.entities),
        "found": inside(found.entities),
    }
