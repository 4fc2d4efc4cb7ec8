"""Records of the public registry by id, for those who hold no copy: politely, one at a time, resumable."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from oncogloss.errors import InputError
from oncogloss.model.files import replace_file
from oncogloss.readers import read_bytes
from oncogloss.schema import Document

REGISTRY = "https://clinicaltrials.gov/api/v2"
PAUSE = 1.2  # seconds between requests: the registry asks for no more than about 50 a minute
ATTEMPTS = 5
_LATER = {429, 500, 502, 503, 504}


def download_records(
    ids: Iterable[str],
    folder: Path,
    *,
    url: str = REGISTRY,
    pause: float = PAUSE,
    progress: Callable[[str], None] = lambda identifier: None,
) -> tuple[Path, list[str]]:
    """Fetch the studies `ids` of the API v2 at `url` into `folder`, those that lie there already left out.

    Returns (a JSON-lines file of `{"id", "passages"}`, a sentence for each study that the registry does not have).
    Raises InputError where the registry cannot be reached, or answers with something else than that study.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows, missing = [], []
    for identifier in sorted(ids):
        path = folder / f"{quote(identifier, safe='')}.json"
        if not path.exists():
            address = f"{url}/studies/{quote(identifier, safe='')}?format=json"
            study = _fetch(address, pause)
            time.sleep(pause)
            if study is None:
                missing.append(f"{identifier}: the registry at {url} has no such study.")
                progress(identifier)
                continue
            _study(study, identifier, address)
            replace_file(path, study)
        document = _study(path.read_bytes(), identifier, str(path))
        row = {"id": document.id, "passages": {p.name: p.text for p in document.passages}}
        rows.append(json.dumps(row, ensure_ascii=False) + "\n")
        progress(identifier)
    records = folder / "records.jsonl"
    replace_file(records, "".join(rows).encode("utf-8"))
    return records, missing


def _study(data: bytes, identifier: str, source: str) -> Document:
    """The one study that `data` must be."""
    found = list(read_bytes(data, source)) if data.lstrip().startswith(b"{") else []
    if len(found) == 1 and isinstance(found[0], Document) and found[0].id == identifier:
        return found[0]
    raise InputError(f"{source}: this is not the study {identifier}; delete it if it is a file, and try again later.")


def _fetch(address: str, pause: float) -> bytes | None:
    """The body at `address`, or None where there is none (404); tries again when told to come later."""
    attempt = 0
    while True:
        attempt += 1
        try:
            with urlopen(Request(address, headers={"User-Agent": "oncogloss"}), timeout=60) as answer:
                body: bytes = answer.read()
                return body
        except HTTPError as error:
            if error.code == 404:
                return None
            if error.code not in _LATER or attempt == ATTEMPTS:
                raise InputError(f"{address}: the registry answers {error.code}; try again later.") from None
            wait = error.headers.get("Retry-After", "")
            time.sleep(min(60.0, float(wait)) if wait.isdigit() else pause * 2**attempt)
        except ValueError:
            raise InputError(f"{address}: no web address; give --url as https://host/path.") from None
        except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
            if attempt == ATTEMPTS:
                reason = getattr(error, "reason", error)
                raise InputError(f"{address}: cannot be reached ({reason}); check the network and go on.") from None
            time.sleep(pause * attempt)
