"""What changed in the arms, treatments and endpoints of a trial: entry by entry, those with the same text left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from oncogloss.schema import Change, Mention, TimeFrame, Treatment
from oncogloss.structure.versions import Version, best_pairs, called, identity_of, plain, quoted, words_alike

_SAME_ENTRY = 0.5  # least likeness of two entries that are one, changed


class _Entry(NamedTuple):
    """An arm or an endpoint: its name, what kind it is, and all its text."""

    label: str
    kind: str
    text: str


def design_changes(old: Version, new: Version) -> Iterator[Change]:
    """What differs in arms and what they get, then in endpoints."""
    yield from _arm_changes(old, new)
    yield from _endpoint_changes(old, new)


def _entries(version: Version, passage: str) -> list[_Entry]:
    """The registry's entries of a passage, else those that were found in it."""
    entries = [
        _Entry(part.label, part.kind, plain(version.texts[passage][part.start : part.end]))
        for part in version.document.parts
        if part.passage == passage
    ]
    if entries or passage in version.texts:
        return entries
    if passage == "arms":
        return [_Entry(arm.label, arm.kind, plain(arm.label)) for arm in version.extraction.arms]
    found = [_Entry(e.name, e.rank, plain(f"{e.name} {_frame(e.time_frame)}")) for e in version.extraction.endpoints]
    return list(dict.fromkeys(found))


def _left(one: Sequence[_Entry], other: Sequence[_Entry]) -> list[_Entry]:
    known = set(other)
    return [entry for entry in one if entry not in known]


def _paired(old: Sequence[_Entry], new: Sequence[_Entry]) -> list[tuple[_Entry, _Entry]]:
    def likeness(a: _Entry, b: _Entry) -> float:
        return 1.0 if a.label == b.label else 0.9 * words_alike(a.label, b.label) + 0.1 * words_alike(a.text, b.text)

    return best_pairs(old, new, likeness, _SAME_ENTRY)


def _arm_changes(old: Version, new: Version) -> Iterator[Change]:
    arms = _entries(old, "arms"), _entries(new, "arms")
    left, right = _left(*arms), _left(arms[1], arms[0])
    pairs = _paired(left, right)
    given = old.texts.get("interventions"), new.texts.get("interventions")
    same = [(arm, arm) for arm in arms[0] if arm in arms[1]] if given[0] != given[1] else []
    for a, b in [*pairs, *same]:
        found = list(_treatment_changes(old, a, new, b))
        if a.label != b.label:
            message = f"Arm renamed: {quoted(a.label)} → {quoted(b.label)}."
            found.append(Change(kind="changed", subject="arm", before=a.label, after=b.label, message=message))
        if a.kind != b.kind:
            message = f"Arm {quoted(b.label)}: {_words(a.kind)} → {_words(b.kind)}."
            found.append(Change(kind="changed", subject="arm", before=a.kind, after=b.kind, message=message))
        if not found and a != b:
            message = f"Arm {quoted(b.label)} reworded."
            found.append(Change(kind="wording", subject="arm", before=a.text, after=b.text, message=message))
        yield from found
    for a in (a for a in left if a not in [x for x, _ in pairs]):
        yield Change(kind="dropped", subject="arm", before=a.label, message=f"Arm dropped: {quoted(a.label)}.")
    for b in (b for b in right if b not in [x for _, x in pairs]):
        yield Change(kind="added", subject="arm", after=b.label, message=f"Arm added: {quoted(b.label)}.")


def _words(kind: str) -> str:
    return kind.replace("_", " ").lower() or "of no kind"


def _treatment_changes(old: Version, a: _Entry, new: Version, b: _Entry) -> Iterator[Change]:
    """Treatments that an arm gets in one version only, and those whose dose, route or schedule differs."""
    given = [_treatments(version, entry) for version, entry in ((old, a), (new, b))]
    label, altered = quoted(b.label), dict[tuple[str, str, str], list[str]]()
    for key, treatment in given[0].items():
        name = called(old.mentions[treatment.mention])
        if key not in given[1]:
            if plain(name) not in b.text:
                message = f"Arm {label}: {name} dropped."
                yield Change(kind="dropped", subject="treatment", before=name, message=message)
            continue
        for how in ("doses", "routes", "schedules"):
            told = [
                [version.mentions[id_] for id_ in getattr(t, how)]
                for version, t in ((old, treatment), (new, given[1][key]))
            ]
            before, after = _only(told[0], told[1], new), _only(told[1], told[0], old)
            if before or after:
                altered.setdefault((how[:-1], before, after), []).append(name)
    for (how, before, after), names in altered.items():
        message = f"Arm {label}, {', '.join(names)}: {how} {before or 'not given'} → {after or 'not given'}."
        yield Change(kind="changed", subject="treatment", before=before, after=after, message=message)
    for key, treatment in given[1].items():
        name = called(new.mentions[treatment.mention])
        if key not in given[0] and plain(name) not in a.text:
            yield Change(kind="added", subject="treatment", after=name, message=f"Arm {label}: {name} added.")


def _treatments(version: Version, entry: _Entry) -> Mapping[str, Treatment]:
    arm = next((arm for arm in version.extraction.arms if arm.label == entry.label), None)
    return {identity_of(version.mentions[t.mention]): t for t in arm.treatments} if arm else {}


def _only(told: Sequence[Mention], other: Sequence[Mention], version: Version) -> str:
    """What is told on one side alone: not on the other, nor in the same passage of its version."""
    known = {plain(m.text) for m in other}
    return ", ".join(
        called(m)
        for m in told
        if (words := plain(m.text)) not in known and words not in plain(version.texts[m.passage])
    )


def _endpoint_changes(old: Version, new: Version) -> Iterator[Change]:
    entries = _entries(old, "outcomes"), _entries(new, "outcomes")
    left, right = _left(*entries), _left(entries[1], entries[0])
    pairs = _paired(left, right)
    for a, b in pairs:
        yield from _one_endpoint(old, a, new, b)
    for a in (a for a in left if a not in [x for x, _ in pairs]):
        message = f"{_rank(a)} dropped: {quoted(a.label)}."
        yield Change(kind="dropped", subject="endpoint", before=a.label, message=message)
    for b in (b for b in right if b not in [x for _, x in pairs]):
        yield Change(kind="added", subject="endpoint", after=b.label, message=f"{_rank(b)} added: {quoted(b.label)}.")


def _rank(entry: _Entry) -> str:
    return f"{entry.kind} endpoint".strip().capitalize()


def _one_endpoint(old: Version, a: _Entry, new: Version, b: _Entry) -> Iterator[Change]:
    label, found = quoted(b.label), []
    if a.kind != b.kind:
        message = f"Endpoint {label}: {a.kind or 'of no rank'} → {b.kind or 'of no rank'}."
        found.append(Change(kind="changed", subject="endpoint", before=a.kind, after=b.kind, message=message))
    if plain(a.label) != plain(b.label):
        message = f"{_rank(b)} renamed: {quoted(a.label)} → {label}."
        found.append(Change(kind="changed", subject="endpoint", before=a.label, after=b.label, message=message))
    frames = _time_frames(old, a), _time_frames(new, b)
    if frames[0] and frames[1] and {_span(t) for t in frames[0]} != {_span(t) for t in frames[1]}:
        was, now = (", ".join(dict.fromkeys(_frame(t) for t in some)) for some in frames)
        message = f"Time frame of {label}: {was} → {now}."
        found.append(Change(kind="changed", subject="endpoint", before=was, after=now, message=message))
    if not found:
        message = f"{_rank(b)} {label} reworded."
        found.append(Change(kind="wording", subject="endpoint", before=a.text, after=b.text, message=message))
    yield from found


def _time_frames(version: Version, entry: _Entry) -> list[TimeFrame]:
    """The time frames of the endpoints of an entry."""
    return [
        e.time_frame
        for e in version.extraction.endpoints
        if e.time_frame and (e.title or e.name, e.rank) == (entry.label, entry.kind)
    ]


def _frame(frame: TimeFrame | None) -> str:
    return " ".join(frame.text.split()) if frame else ""


def _span(frame: TimeFrame) -> object:
    return (frame.low, frame.high) if frame.low is not None or frame.high is not None else plain(frame.text)
