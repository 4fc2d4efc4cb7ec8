"""Logic as a line of text, for people, annotations and tests: `(all 3 (any 4 (not 5)) c2)`.

A bare word is a standing demand's name or a mention's id, with `c` before it a criterion's where ids are numbers alone;
see `Logic` for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import get_args

from oncogloss.schema import Logic, Standing

_NAMES = {"all": "all", "any": "any", "not": "not", "except": "except", "at-least": "at_least", "if": "if"}
_WORDS = {value: key for key, value in _NAMES.items()}
_SAID = frozenset(get_args(Standing))
_LEAST = {"all": 1, "any": 1, "not": 1, "except": 2, "at_least": 1, "if": 2}
_MOST = {"not": 1, "if": 2}


def write_logic(logic: Logic, mention: Callable[[str], str] = str, criterion: Callable[[str], str] = str) -> str:
    """The tree as one line; `mention` and `criterion` say how an id is written."""
    if logic.said is not None:
        return logic.said
    if logic.op == "fact":
        return criterion(logic.criterion) if logic.criterion is not None else mention(logic.mention or "")
    head = [_WORDS[logic.op], *([str(logic.n)] if logic.op == "at_least" else [])]
    return f"({' '.join([*head, *(write_logic(part, mention, criterion) for part in logic.parts)])})"


def read_logic(text: str, is_criterion: Callable[[str], bool] = lambda word: word.startswith("c")) -> Logic:
    """The tree that a line says. Raises ValueError that names what does not fit."""
    words = iter(re.findall(r"[()]|[^()\s]+", text))
    logic = _read(next(words, ""), words, is_criterion)
    if (rest := next(words, None)) is not None:
        raise ValueError(f"'{rest}' after the end of the expression")
    return logic


def _read(word: str, words: Iterator[str], is_criterion: Callable[[str], bool]) -> Logic:
    if word == "":
        raise ValueError("the expression ends too early")
    if word == ")":
        raise ValueError("')' where a part was expected")
    if word in _SAID:
        return Logic.model_validate({"op": "fact", "said": word})
    if word != "(":
        return Logic(op="fact", criterion=word) if is_criterion(word) else Logic(op="fact", mention=word)
    name = next(words, "")
    if name not in _NAMES:
        raise ValueError(f"'{name}' is none of {', '.join(_NAMES)}")
    op, n = _NAMES[name], None
    if op == "at_least":
        number = next(words, "")
        if not number.isdecimal():
            raise ValueError(f"at-least takes a number first, not '{number}'")
        n = int(number)
    parts = []
    while (word := next(words, "")) != ")":
        parts.append(_read(word, words, is_criterion))
    if not _LEAST[op] <= len(parts) <= _MOST.get(op, len(parts)):
        raise ValueError(f"'{name}' has {len(parts)} parts")
    return Logic.model_validate({"op": op, "n": n, "parts": parts})


def mentions_in(logic: Logic | None) -> Iterator[str]:
    """Ids of the mentions of a tree, in order, as often as they stand in it."""
    if logic is not None and logic.mention is not None:
        yield logic.mention
    for part in logic.parts if logic is not None else ():
        yield from mentions_in(part)


def canonical(logic: Logic) -> Logic:
    """The same logic in one form: negations at the leaves, nothing nested that need not be, parts in order.

    Two trees that differ only in such ways have equal canonical forms.
    """
    return _ordered(_pushed(logic, negate=False))


def _pushed(logic: Logic, *, negate: bool) -> Logic:
    if logic.op == "not":
        return _pushed(logic.parts[0], negate=not negate)
    if logic.op in ("all", "any"):
        turned = {"all": "any", "any": "all"}[logic.op] if negate else logic.op
        return Logic.model_validate({"op": turned, "parts": [_pushed(p, negate=negate) for p in logic.parts]})
    inner = logic.model_copy(update={"parts": tuple(_pushed(p, negate=False) for p in logic.parts)})
    return Logic(op="not", parts=(inner,)) if negate else inner


def _ordered(logic: Logic) -> Logic:
    if logic.op == "fact":
        return logic
    parts = [_ordered(part) for part in logic.parts]
    if logic.op in ("all", "any"):
        flat = [inner for part in parts for inner in (part.parts if part.op == logic.op else (part,))]
        parts = sorted(dict.fromkeys(flat), key=write_logic)
        if len(parts) == 1:
            return parts[0]
    elif logic.op == "at_least":
        parts.sort(key=write_logic)
    elif logic.op == "except":
        parts[1:] = sorted(parts[1:], key=write_logic)
    return logic.model_copy(update={"parts": tuple(parts)})
