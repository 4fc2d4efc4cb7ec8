"""One question to an OpenAI-compatible server: patient, but not for ever."""

from __future__ import annotations

import json
import time
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from oncogloss.errors import OncoglossError

ATTEMPTS = 4
TIMEOUT = 300  # seconds for one answer
LARGEST = 16 << 20  # bytes of one
OPTIONAL = ("temperature", "seed", "max_tokens")  # left out where a server refuses them
_LATER = {408, 429, 500, 502, 503, 504}


def ask(
    address: str, request: dict[str, Any], key: str | None = None, pause: float = 2.0
) -> tuple[str, int | None, int | None]:
    """The text that the server at `address` (`https://host/v1`) answers, and the tokens it read and wrote.

    Tries again, ATTEMPTS times in all, when told to come later. Raises OncoglossError where there is no answer.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _content(_post(f"{address.rstrip('/')}/chat/completions", request, key))
        except HTTPError as error:
            why = error.read(10_000).decode("utf-8", "replace")
            refused = [name for name in OPTIONAL if name in request and name in why] if error.code == 400 else []
            if not refused and error.code not in _LATER:
                raise OncoglossError(f"{address}: the endpoint answers {error.code}; check model and key.") from None
            request = {name: value for name, value in request.items() if name not in refused}
            told = error.headers.get("Retry-After", "")
            wait = 0.0 if refused else float(told) if told.isdigit() else pause * 2**attempt
        except ValueError:
            raise OncoglossError(f"{address}: this is no OpenAI-compatible endpoint; give https://host/v1.") from None
        except (URLError, HTTPException, TimeoutError, ConnectionError):
            wait = pause * attempt
        if attempt < ATTEMPTS:
            time.sleep(min(60.0, wait))
    raise OncoglossError(f"{address}: no answer after {ATTEMPTS} attempts; check that the server runs.")


def _post(address: str, request: dict[str, Any], key: str | None) -> bytes:
    posted = Request(address, json.dumps(request).encode("utf-8"), {"Content-Type": "application/json"})
    if key:
        posted.add_unredirected_header("Authorization", f"Bearer {key}")
    with urlopen(posted, timeout=TIMEOUT) as answer:
        body: bytes = answer.read(LARGEST)  # one that is cut off is no JSON
        return body


def _content(body: bytes) -> tuple[str, int | None, int | None]:
    """Text and tokens of an answer. Raises ValueError where it is not one."""
    try:
        answer = json.loads(body)
        usage = answer.get("usage") or {}
        text = answer["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ValueError("no chat completion") from None
    return text or "", usage.get("prompt_tokens"), usage.get("completion_tokens")
