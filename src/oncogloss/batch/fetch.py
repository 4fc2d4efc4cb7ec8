"""Studies from ClinicalTrials.gov, into a folder that `oncogloss batch` reads.

.fetch.jsonl             the log: what was asked and the ids to fetch, then each part with its SHA-256
part-00001.jsonl.gz      the first hundred studies, one a line

The registry is asked once which studies there are; then each hundred of ids is one part. A part counts from the moment
the log names it, so that a fetch that was killed goes on by id, whatever the registry changed meanwhile.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from oncogloss.batch.ctgov_api import Api, nct_id, nct_ids
from oncogloss.errors import FetchError, InputError, shown
from oncogloss.model.files import put_in_place, write_file

LOG = ".fetch.jsonl"
LISTED = 1000  # studies a page of the listing, the most that the API gives
PART = 100  # ids of a part: the address of the request has 2 kB, its answer about 5 MB
Line = dict[str, Any]
_ID = re.compile(r"NCT\d{8}")


@dataclass(frozen=True)
class Wanted:
    """Which studies: `ids`; or what the registry finds by condition or term, or has updated since a day, or all three.

    `limit` takes the first ones only. Raises InputError where it cannot be asked so.
    """

    condition: str = ""
    term: str = ""
    updated_since: str = ""
    ids: tuple[str, ...] = ()
    limit: int | None = None

    def __post_init__(self) -> None:
        if bool(self.ids) == bool(self.condition or self.term or self.updated_since):
            raise InputError(
                "Say which studies: by ids, or by a condition, a term or a day since which they were updated; "
                "for all studies there is the registry's bulk download."
            )
        for one in self.ids:
            if not _ID.fullmatch(one):
                raise InputError(f"{shown(one[:40])}: is no id of ClinicalTrials.gov; they look like NCT01234567.")
        if self.updated_since:
            try:
                date.fromisoformat(self.updated_since)
            except ValueError:
                raise InputError(f"{shown(self.updated_since[:40])}: is no day; write it as 2026-11-30.") from None

    def parameters(self) -> dict[str, str]:
        """The question as the API wants it."""
        since = f"AREA[LastUpdatePostDate]RANGE[{self.updated_since},MAX]" if self.updated_since else ""
        asked = {"query.cond": self.condition, "query.term": self.term, "filter.advanced": since}
        return {name: value for name, value in asked.items() if value}


@dataclass
class Fetched:
    """How far a fetch is: studies saved of how many, of them saved by an earlier run; ids that the registry has not."""

    total: int
    saved: int = 0
    before: int = 0
    missing: tuple[str, ...] = ()


def fetch(wanted: Wanted, folder: Path, api: Api, tell: Callable[[Fetched], None] = lambda f: None) -> Fetched:
    """Save the studies wanted in the folder, or those that an earlier run left.

    Raises FetchError where the registry cannot be reached or gives something else, or another fetch is at work there;
    InputError where the folder holds something else, or the registry refuses the question.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _opened_log(folder) as log:
        lines = _lines(log)
        if not lines:
            _refuse_other_files(folder)
            lines = [_begun(wanted, api)]
            _append(log, lines[0])
        asked, ids = lines[0]["asked"], lines[0]["ids"]
        if asked != _asked(wanted):
            raise InputError(f"{shown(str(folder))}: holds another fetch; give another folder with --out.")
        done = {line["part"]: line for line in lines[1:]}
        progress = Fetched(len(ids))
        for first in range(0, len(ids), PART):
            name = f"part-{first // PART + 1:05d}.jsonl.gz"
            line = done.get(name)
            if line and _is_whole(folder / name, line):
                progress.before += line["studies"]
            else:
                line = _fetch_part(api, ids[first : first + PART], folder / name)
                _append(log, line)
            progress.saved += line["studies"]
            progress.missing += tuple(line["missing"])
            tell(progress)
    return progress


@contextmanager
def _opened_log(folder: Path) -> Iterator[BinaryIO]:
    """The log, locked; a line that a killed run left unfinished is cut off."""
    with (folder / LOG).open("a+b", buffering=0) as log:
        try:
            fcntl.lockf(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FetchError(
                f"{shown(str(folder))}: another fetch is writing to this folder; wait until it ends, or give another."
            ) from None
        log.seek(0)
        log.truncate(log.read().rfind(b"\n") + 1)
        yield log


def _lines(log: BinaryIO) -> list[Line]:
    log.seek(0)
    try:
        return [json.loads(line) for line in log.read().splitlines()]
    except ValueError:
        raise InputError(f"{shown(log.name)}: is damaged; give another folder with --out.") from None


def _append(log: BinaryIO, line: Line) -> None:
    data = json.dumps(line).encode() + b"\n"
    if log.write(data) != len(data):
        raise OSError(28, os.strerror(28), log.name)
    os.fsync(log.fileno())


def _refuse_other_files(folder: Path) -> None:
    if any(path.name != LOG for path in folder.iterdir()):
        raise InputError(f"{shown(str(folder))}: holds other files; give a new folder with --out.")


def _asked(wanted: Wanted) -> Line:
    return {**asdict(wanted), "ids": list(wanted.ids)}


def _begun(wanted: Wanted, api: Api) -> Line:
    """The first line of a log: the question, the state of the registry, the ids."""
    version = api.get("/version")
    ids = list(dict.fromkeys(wanted.ids)) or _listed(wanted, api)
    return {
        "asked": _asked(wanted),
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "api": version.get("apiVersion"),
        "data": version.get("dataTimestamp"),
        "ids": ids[: wanted.limit],
    }


def _listed(wanted: Wanted, api: Api) -> list[str]:
    """The ids of all studies that fit, or of so many as are wanted, in the registry's order."""
    asked = {**wanted.parameters(), "fields": "NCTId", "pageSize": str(LISTED), "countTotal": "true"}
    found: dict[str, None] = {}
    for page in api.pages(asked):
        found |= dict.fromkeys(nct_id(study) for study in page.studies)
        if wanted.limit and len(found) >= wanted.limit:
            return list(found)
    if page.total is not None and len(found) != page.total:
        raise FetchError(
            f"The registry counts {page.total} studies and lists {len(found)}, so it changed meanwhile; "
            "start the same command again."
        )
    if not found:
        raise InputError("The registry has no study that fits; ask for something else.")
    return list(found)


def _fetch_part(api: Api, ids: list[str], path: Path) -> Line:
    """Save the studies of these ids, and return the line of the log about them. Without studies there is no file."""
    asked = {"filter.ids": ",".join(ids), "pageSize": str(len(ids))}
    found = {nct_id(study): study for page in api.pages(asked) for study in page.studies}
    known = {one for study in found.values() for one in nct_ids(study)}
    if any(nct_ids(study).isdisjoint(ids) for study in found.values()):
        raise FetchError("The registry gave studies that were not asked for; is the address that of its API v2?")
    text = "".join(json.dumps(study, ensure_ascii=False, separators=(",", ":")) + "\n" for study in found.values())
    data = gzip.compress(text.encode(), mtime=0) if found else b""
    if found:
        draft = path.with_name(f".{path.name}")
        draft.unlink(missing_ok=True)
        write_file(draft, data)
        put_in_place(draft, path)
    return {
        "part": path.name,
        "studies": len(found),
        "missing": [one for one in ids if one not in known],
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _is_whole(path: Path, line: Line) -> bool:
    data = path.read_bytes() if path.is_file() else b""
    return bool(hashlib.sha256(data).hexdigest() == line["sha256"])
