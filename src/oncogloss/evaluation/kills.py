"""Batches that are killed at random moments, over and over, beside one that is left alone.

Run it with `python -m oncogloss.evaluation.kills --kills 200 --model nano`; it prints Markdown and ends with status 1
where a store came out otherwise than the unbroken one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from oncogloss.batch.run import Settings, run_batch
from oncogloss.batch.store import PARTS, parts_of, read_manifest
from oncogloss.errors import OncoglossError


def invented_records(path: Path, number: int) -> None:
    """Write so many short records of our own words, and one line among them that is no record."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(number):
            text = (
                f"Inclusion criteria:\n* Age of {18 + n} years or older\n* Moon sarcoma of stage {'I' * (1 + n % 3)}\n"
                f"Exclusion criteria:\n* Zorbatinib within {n + 2} weeks before the first dose"
            )
            passages = {"brief_title": f"Study {n} of lunamab", "eligibility": text}
            file.write(json.dumps({"id": f"T{n:05d}", "passages": passages}) + "\n")
            if n == number // 2:
                file.write('{"id": "broken\n')


def state_of(folder: Path) -> dict[str, str]:
    """What a store holds: the digest of every file of its parts, and what the log says of each part."""
    files = sorted((folder / PARTS).rglob("*.parquet"))
    found = {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}
    return found | {f"part {line['part']}": json.dumps(line) for line in parts_of(read_manifest(folder))}


def killed_batch(records: Path, folder: Path, settings: Settings, after: float) -> bool:
    """Run a batch in a process of its own and kill that after so many seconds; whether it had ended before."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            run_batch([records], folder, settings)
            status = 0
        except OncoglossError as error:
            print(f"oncogloss: {error}", file=sys.stderr)
        finally:
            os._exit(status)
    end = time.monotonic() + after
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if status:
                raise SystemExit("A batch that was not killed failed; see the lines above.")
            return True
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def kills(number: int, records: int, model: str, seed: int = 0) -> tuple[str, bool]:
    """(Markdown of what so many kills did, whether every store came out as the unbroken one)."""
    dice = random.Random(seed)
    settings = Settings(model=model, part=1)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="oncogloss-kills-") as root:
        source = Path(root) / "records.jsonl"
        invented_records(source, records)
        begun = time.monotonic()
        if not killed_batch(source, Path(root) / "whole", settings, 3600):
            raise SystemExit("The unbroken batch took more than an hour.")
        whole, span = state_of(Path(root) / "whole"), time.monotonic() - begun
        while counts["kills"] < number:
            folder = Path(root) / f"store{counts['stores']}"
            while not killed_batch(source, folder, settings, dice.uniform(0, span)):
                counts["kills"] += 1
                counts[_moment(folder)] += 1
            counts["stores"] += 1
            counts["equal"] += state_of(folder) == whole
    rows = [
        ("kills", counts["kills"]),
        ("of them before the run had logged a part of its store", counts["early"]),
        ("of them between parts", counts["between"]),
        ("of them while a part was being written", counts["writing"]),
        ("stores that were finished after kills", counts["stores"]),
        ("stores equal to the unbroken one, byte for byte", counts["equal"]),
    ]
    head = f"{records} invented records and a broken line, model {model}, parts of 8 records; seed {seed}."
    table = "\n".join(f"| {what} | {figure} |" for what, figure in rows)
    return f"{head}\n\n| what | number |\n|---|---|\n{table}", counts["equal"] == counts["stores"]


def _moment(folder: Path) -> str:
    """Where a kill hit: while a part was written, before the first part, or between parts."""
    logged = sum(1 for _ in parts_of(read_manifest(folder))) if folder.is_dir() else 0
    written = len(list((folder / PARTS).glob("*"))) if folder.is_dir() else 0
    return "writing" if written > logged else "between" if logged else "early"


def main() -> None:
    """Read the command line, kill, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--records", type=int, default=40)
    parser.add_argument("--model", default="nano")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    report, equal = kills(given.kills, given.records, given.model, given.seed)
    text = f"# Batches killed at random\n\n{report}"
    print(text)
    if given.out:
        given.out.write_text(text + "\n", encoding="utf-8")
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
