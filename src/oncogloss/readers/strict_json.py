"""JSON that means one thing only: no duplicate keys, no NaN, no endless numbers, no bottomless nesting."""

from __future__ import annotations

import json
import re
from typing import Literal

from oncogloss.errors import InputError, quoted

_MAX_DIGITS = 100  # counts and dates have far fewer; int() of a million digits takes minutes


class _RefusedError(ValueError):
    """Valid JSON syntax that two parsers would understand differently, or that is an attack."""


def parse(text: str, source: str, line: int = 0, hint: str = "") -> object:
    """Return the value of a JSON text: the whole of `source`, or its `line` where that is not 0.

    Raises InputError with line and column if the text is broken (with a `hint`) or cut, and for what the module
    refuses.
    """
    place = f"{source}, line {line}" if line else source
    try:
        return _STRICT.decode(text := text.rstrip())
    except json.JSONDecodeError as error:
        place = f"{source}, line {max(line, 1) + error.lineno - 1}, column {error.colno}"
        cut = _CUT.get(error.msg)
        if error.pos >= len(text) or (cut and cut.fullmatch(text, error.pos)):
            problem = "the JSON breaks off here; fetch or save the whole file again"
        elif error.msg.startswith("Unterminated string"):
            problem = "the JSON breaks off in the string that begins here; fetch or save the whole file again"
        else:
            problem = f"not valid JSON ({error.msg.rstrip(': ').lower()}); mend it or fetch it again{hint}"
    except _RefusedError as error:
        problem = str(error)
    except RecursionError:
        problem = "the JSON is nested too deeply for a trial record; fetch it again"
    raise InputError(f"{place}: {problem}.")  # outside `except`: the JSON error would carry the text along


def begins(text: str) -> bool:
    """Whether a text is JSON, be it broken or cut, and not prose that begins with a bracket, such as "[1] Age"."""
    if not (text := text.strip()).startswith(("[", "{")):
        return False
    if not _BEGINS.match(text):
        return state(text) == "complete"
    try:
        end = _LENIENT.raw_decode(text)[1]
    except (json.JSONDecodeError, RecursionError):
        return True
    return end == len(text) or "{" in text[:end]


def state(text: str) -> Literal["complete", "unfinished", "broken"]:
    """Whether `text` is one JSON value, the beginning of one that further lines could end, or neither."""
    try:
        _LENIENT.decode(text)
    except json.JSONDecodeError as error:
        return "unfinished" if error.pos >= len(text.rstrip()) else "broken"
    except RecursionError:
        return "broken"
    return "complete"


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys: dict[str, object] = {}
    for key, value in pairs:
        if key in keys:
            raise _RefusedError(f"the key {quoted(key[:60])} occurs twice in one object; keep one of the two")
        keys[key] = value
    return keys


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _RefusedError(f"a number has {len(digits)} digits; trial records have none so long, fetch it again")
    return int(digits)


def _constant(name: str) -> None:
    raise _RefusedError(f"{name} is not JSON; write null or a number")


_BEGINS = re.compile(r"""\s*(?:\[\s*)*+(?:\{\s*+(?:["'}]|$)|["'\]]|$)""")
_CUT = {  # the end of a text, by what is said of it: half a word, half an escape
    "Expecting value": re.compile(r"-|tr?u?|fa?l?s?|nu?l?"),
    "Invalid \\uXXXX escape": re.compile(r".?u?[0-9A-Fa-f]{0,3}"),
}
_STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_integer, parse_constant=_constant)
_LENIENT = json.JSONDecoder(parse_int=float)
