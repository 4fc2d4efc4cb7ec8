"""ClinicalTrials.gov's API v2: GET only, one request at a time, at a polite rate, tried again where that may help."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from oncogloss.errors import FetchError, InputError, MissingExtraError, quoted, shown

ADDRESS = "https://clinicaltrials.gov/api/v2"
PAUSE = 1.25  # seconds from one request to the next at least: about fifty a minute are allowed
TRIES = 6
LONGEST_WAIT = 300  # seconds that the registry may ask us to wait
LARGEST = 256 << 20  # bytes of an answer
_PASSING = {408, 429, 500, 502, 503, 504}
_SAME = "start the same command again later: it goes on where it stopped"
Study = dict[str, Any]


class Page(NamedTuple):
    """A page of studies; `total` is how many the registry counts on all pages, where it says so."""

    studies: list[Study]
    total: int | None


class _AgainError(FetchError):
    """What may go better the next time, `after` so many seconds at least."""

    def __init__(self, message: str, after: float = 0) -> None:
        super().__init__(message)
        self.after = after


class Api:
    """The API at an address; `pause` is in seconds. Raises MissingExtraError where the extra is not installed."""

    def __init__(self, address: str = ADDRESS, pause: float = PAUSE) -> None:
        try:
            import httpx2
            import tenacity
        except ImportError as error:
            raise MissingExtraError(str(error.name), "fetch") from None
        self._http = httpx2
        self._host = shown(urlsplit(address).netloc or address)
        self._pause, self._next, self._answered = pause, 0.0, False
        backoff = tenacity.wait_exponential_jitter(initial=pause, max=60, jitter=pause)
        self._tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_AgainError),
            stop=tenacity.stop_after_attempt(TRIES),
            wait=lambda state: max(backoff(state), getattr(state.outcome and state.outcome.exception(), "after", 0)),
            reraise=True,
        )
        try:
            if urlsplit(address).scheme not in ("http", "https"):
                raise ValueError(address)
            self._client = httpx2.Client(
                base_url=address,
                timeout=httpx2.Timeout(60, connect=10),
                headers={"User-Agent": f"oncogloss/{version('oncogloss')}", "Accept": "application/json"},
            )
        except (httpx2.InvalidURL, ValueError):
            raise InputError(f"{shown(address)}: is no address of an API; it begins with https://.") from None

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def pages(self, asked: dict[str, str]) -> Iterator[Page]:
        """All pages of `/studies` for the parameters given."""
        tokens: set[str] = set()
        total = None
        while True:
            answer = self.get("/studies", asked)
            studies, token = answer.get("studies"), answer.get("nextPageToken")
            if not isinstance(studies, list) or token in tokens:
                raise self._strange()
            total = answer.get("totalCount", total)
            yield Page([self._checked(study) for study in studies], total)
            if not token:
                return
            tokens.add(token)
            asked = {**asked, "pageToken": str(token)}

    def get(self, path: str, asked: dict[str, str] | None = None) -> dict[str, Any]:
        """The JSON object at a path of the API.

        Raises FetchError where it cannot be had, InputError where the registry refuses the question.
        """
        answer: dict[str, Any] = self._tries(self._once, path, asked or {})
        return answer

    def _once(self, path: str, asked: dict[str, str]) -> dict[str, Any]:
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + self._pause
        http = self._http
        try:
            with self._client.stream("GET", path, params=asked) as answer:
                status, after, data = answer.status_code, answer.headers.get("Retry-After", ""), self._body(answer)
        except (http.ConnectError, http.ConnectTimeout):
            kind = _AgainError if self._answered else FetchError
            raise kind(
                f"{self._host} cannot be reached, so this machine seems to be off-line; all else works off-line: "
                f"fetch on another machine and give the folder to oncogloss batch, or {_SAME}."
            ) from None
        except http.RequestError as error:
            raise _AgainError(f"{self._host}: the connection broke off ({type(error).__name__}); {_SAME}.") from None
        self._answered = True
        if status in _PASSING:
            raise self._to_come_later(status, after)
        if status == 400:
            said = quoted(" ".join(data[:200].decode(errors="replace").split()))
            raise InputError(f"{self._host} refuses the question and says {said}; ask it otherwise.")
        if status != 200:
            raise FetchError(f"{self._host}: answers with status {status}; is the address that of its API v2?")
        return self._parsed(data)

    def _body(self, answer: Any) -> bytes:
        data = bytearray()
        for piece in answer.iter_bytes():
            data += piece
            if len(data) > LARGEST:
                raise FetchError(f"{self._host}: answers with more than {LARGEST >> 20} MiB at once.")
        return bytes(data)

    def _to_come_later(self, status: int, after: str) -> FetchError:
        seconds = _seconds(after)
        if seconds > LONGEST_WAIT:
            return FetchError(f"{self._host}: asks to wait {seconds:.0f} seconds; {_SAME}.")
        return _AgainError(f"{self._host}: answers with status {status}, {TRIES} times; {_SAME}.", seconds)

    def _parsed(self, data: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError):
            raise _AgainError(f"{self._host}: answers with broken JSON, {TRIES} times; {_SAME}.") from None
        if not isinstance(answer, dict):
            raise self._strange()
        return answer

    def _checked(self, study: Any) -> Study:
        try:
            if isinstance(nct_id(study), str):
                return dict(study)
        except (KeyError, TypeError):
            pass
        raise self._strange()

    def _strange(self) -> FetchError:
        return FetchError(f"{self._host}: answers otherwise than API v2 does; look for a newer oncogloss.")


def nct_id(study: Study) -> str:
    """The id of a study."""
    return str(study["protocolSection"]["identificationModule"]["nctId"])


def nct_ids(study: Study) -> set[str]:
    """The id of a study, and those under which it once stood."""
    return {nct_id(study), *study["protocolSection"]["identificationModule"].get("nctIdAliases", ())}


def _seconds(after: str) -> float:
    """How long a Retry-After asks to wait: it holds seconds or a date; 0 where it holds neither."""
    if after.strip().isdecimal():
        return float(after)
    try:
        when = parsedate_to_datetime(after)
    except ValueError:
        return 0
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
