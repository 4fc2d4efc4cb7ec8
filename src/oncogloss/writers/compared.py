"""Changes and matchings as lines for people, changes as JSON too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from oncogloss.schema import Change, Evidence, Matching, Verdict

_ORDER = {"not met": 0, "unknown": 1, "met": 2}
_HOLDS = {True: "yes", False: "no", None: "unknown"}
_WIDTH = 110


def changes_text(changes: Sequence[Change], *, wording: bool) -> str:
    """A line for each change; those of wording are only counted, unless they are asked for."""
    facts = [c for c in changes if c.kind != "wording"]
    reworded = [c for c in changes if c.kind == "wording"]
    lines = [c.message for c in facts] or ["No change of facts."]
    if wording:
        lines += [c.message for c in reworded]
    elif reworded:
        lines.append(f"{len(reworded)} more in wording only; --wording lists them.")
    return "\n".join(lines)


def changes_json(changes: Sequence[Change], *, wording: bool) -> str:
    """One JSON object: the changes, and how many there are in wording only."""
    shown = [c.model_dump() for c in changes if wording or c.kind != "wording"]
    return json.dumps({"changes": shown, "wording": sum(c.kind == "wording" for c in changes)}, ensure_ascii=False)


def matching_text(matching: Matching) -> str:
    """How the criteria stand, those not met first, each with the words it rests on; then what it is worth."""
    count = f"{len(matching.excluded_by)} not met, {len(matching.open)} open, {matching.met} met"
    lines = [f"{matching.patient} and {matching.trial}: {count}."]
    counted = {*matching.excluded_by, *matching.open}
    for verdict in sorted(matching.verdicts, key=lambda v: _ORDER[v.answer]):
        mark = "" if verdict.answer == "met" or verdict.criterion in counted else ", part of another"
        lines.append(f"{verdict.answer:<8} {verdict.criterion} ({verdict.side}{mark}) {_short(verdict.text)}")
        lines += _reasons(verdict)
    return "\n".join([*lines, matching.note])


def _reasons(verdict: Verdict) -> Iterator[str]:
    for evidence in verdict.evidence:
        yield f'         "{evidence.words}": {_HOLDS[evidence.holds]}{_entry(evidence)}'


def _entry(evidence: Evidence) -> str:
    if evidence.entry and (evidence.holds is not None or ";" not in evidence.entry):
        return f" ({_short(evidence.entry)})"
    return "" if evidence.holds is not None else " (nothing in the file settles it)"


def _short(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 2].rsplit(" ", 1)[0] + " …"
