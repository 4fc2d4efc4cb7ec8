"""What changed between two versions of a trial, as facts: reordering gives nothing, mere rewording a `wording`.

A sentence that stands in both versions is no change, however it was read; criteria that hold other sentences are
paired, best pairs first, and compared by what those sentences say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from oncogloss.schema import (
    Change,
    ChangeKind,
    ChangeSubject,
    Criterion,
    Document,
    Extraction,
    Logic,
    Mention,
    Registry,
    Threshold,
    TimeFrame,
)
from oncogloss.structure.design import design_changes
from oncogloss.structure.notation import canonical, mentions_in, write_logic
from oncogloss.structure.permissions import permission_around
from oncogloss.structure.quantities import read_time
from oncogloss.structure.versions import (
    Version,
    best_pairs,
    called,
    identity_of,
    overlap,
    plain,
    quoted,
    stemmed,
    words_alike,
)

_SAME_CRITERION = 0.4  # least likeness of two criteria that are one, changed; set by hand on three real amendments
_SHOWN = 5
_ALLOWED = "allowed"
_NO_FACTS = frozenset(("VALUE", "TIME", "DOSE", "ROUTE", "SCHEDULE", "INSTRUMENT", "MEASURE"))
_SIGNS = {">=": "≥ ", "<=": "≤ ", ">": "> ", "<": "< ", "=": "", "range": ""}
_SIDES = {"inc": "Inclusion", "exc": "Exclusion"}
_TITLES = {"brief_title": "Title", "official_title": "Official title"}
_REGISTRY = {
    "sex": "Sex", "minimum_age": "Minimum age", "maximum_age": "Maximum age", "phases": "Phase", "status": "Status",
    "study_type": "Study type", "sponsor": "Sponsor",
}  # fmt: skip


def changes(old: tuple[Document, Extraction], new: tuple[Document, Extraction]) -> tuple[Change, ...]:
    """What changed from one version of a trial to another: registry fields, criteria, then arms and endpoints."""
    before, after = Version(*old), Version(*new)
    return (
        *_title_changes(before, after),
        *_registry_changes(before.document.registry, after.document.registry),
        *_criteria_changes(before, after),
        *design_changes(before, after),
    )


def _title_changes(old: Version, new: Version) -> Iterator[Change]:
    """Titles in other words: a change where they name other things."""
    for passage, name in _TITLES.items():
        before, after = (v.texts.get(passage, "") for v in (old, new))
        if plain(before) != plain(after):
            named = [{identity_of(m) for m in v.mentions.values() if m.passage == passage} for v in (old, new)]
            kind: ChangeKind = "wording" if named[0] == named[1] else "changed"
            was, now = (quoted(text) if text else "not given" for text in (before, after))
            yield Change(kind=kind, subject="registry", before=before, after=after, message=f"{name}: {was} → {now}.")


def _registry_changes(old: Registry | None, new: Registry | None) -> Iterator[Change]:
    for field, name in _REGISTRY.items():
        before, after = (_shown(getattr(r or Registry(), field)) for r in (old, new))
        if before != after:
            message = f"{name}: {before or 'not given'} → {after or 'not given'}."
            yield Change(kind="changed", subject="registry", before=before, after=after, message=message)


def _shown(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _criteria_changes(old: Version, new: Version) -> Iterator[Change]:
    moved = _moved(old, new)
    left = [c for c in old.criteria if old.fresh(c, new) and c.id not in {a.id for a, _ in moved}]
    right = [c for c in new.criteria if new.fresh(c, old) and c.id not in {b.id for _, b in moved}]
    before, after = _lines_before(old), _lines_before(new)

    def likeness(a: Criterion, b: Criterion) -> float:
        return _likeness(old, a, new, b) + 0.15 * (before[a.id] == after[b.id])

    pairs = best_pairs(left, right, likeness, _SAME_CRITERION)
    for a, b in moved:
        yield _moving(old, a, b)
    for a, b in pairs:
        yield from _pair_changes(old, a, new, b)
    for a in left:
        if a not in [x for x, _ in pairs]:
            text = old.text_of(a)
            yield _change("dropped", "criterion", f"{_SIDES[a.side]} dropped: {quoted(text)}.", text, "", a, None)
    for b in right:
        if b not in [x for _, x in pairs]:
            text = new.text_of(b)
            yield _change("added", "criterion", f"{_SIDES[b.side]} added: {quoted(text)}.", "", text, None, b)


def _change(
    kind: ChangeKind,
    subject: ChangeSubject,
    message: str,
    before: str,
    after: str,
    old: Criterion | None,
    new: Criterion | None,
) -> Change:
    ids = {"old": old.id if old else None, "new": new.id if new else None}
    return Change(kind=kind, subject=subject, message=message, before=before, after=after, **ids)


def _moving(old: Version, a: Criterion, b: Criterion) -> Change:
    text = old.text_of(a)
    message = f"Moved from {_SIDES[a.side].lower()} to {_SIDES[b.side].lower()}: {quoted(text)}."
    return _change("moved", "criterion", message, _SIDES[a.side], _SIDES[b.side], a, b)


def _moved(old: Version, new: Version) -> list[tuple[Criterion, Criterion]]:
    """Criteria that stand in both versions word for word, on another side only."""
    sides = [{(plain(v.text_of(c)), c.side) for c in v.criteria} for v in (old, new)]
    found = []
    for a in old.criteria:
        words = plain(old.text_of(a))
        alone = (words, "exc" if a.side == "inc" else "inc") not in sides[0] and (words, a.side) not in sides[1]
        b = next((b for b in new.criteria if plain(new.text_of(b)) == words), None)
        if alone and b is not None:
            found.append((a, b))
    return found


def _lines_before(version: Version) -> dict[str, str]:
    """What stands before each criterion: by it one that has been written anew is known by its place."""
    texts = ["", *(plain(version.text_of(c)) for c in version.criteria)]
    return {c.id: text for c, text in zip(version.criteria, texts, strict=False)}


def _likeness(old: Version, a: Criterion, new: Version, b: Criterion) -> float:
    """From 0 to 1: how likely two criteria are one, by their words, facts, measures and categories."""
    facts = [{identity_of(m) for m in v.facts(c) if m.type not in _NO_FACTS} for v, c in ((old, a), (new, b))]
    measures = [{t.measure.casefold() for t in v.thresholds(c)} for v, c in ((old, a), (new, b))]
    score = 0.5 * words_alike(old.text_of(a), new.text_of(b)) + 0.35 * overlap(*facts)
    score += 0.1 * overlap(set(a.categories), set(b.categories)) + 0.25 * overlap(*measures)
    return score - 0.15 * (a.side != b.side)


def _pair_changes(old: Version, a: Criterion, new: Version, b: Criterion) -> Iterator[Change]:
    """What differs between two criteria that are one; its wording where no fact does."""
    found: list[Change] = []
    if a.side != b.side:
        found.append(_moving(old, a, b))
    found += _threshold_changes(old, a, new, b)
    found += _time_changes(old, a, new, b)
    dropped, added = _only(old, a, new, b), _only(new, b, old, a)
    found += _marker_changes(dropped, added, a, (new, b))
    found += _fact_changes(old, new, (a, b), dropped, [*added, *_spared_measures(old, a, new, b)])
    found += _turned(old, a, new, b)
    if not dropped and not added:
        found += _logic_changes(old, a, new, b)
    if not found:
        found += _qualifier_changes(old, a, new, b)
    texts = old.text_of(a), new.text_of(b)
    if not found:
        message = f"{_SIDES[a.side]} reworded: {quoted(texts[1])}."
        found.append(_change("wording", "criterion", message, *texts, a, b))
    yield from found


def _only(one: Version, a: Criterion, other: Version, b: Criterion) -> list[Mention]:
    """Facts that `a` names in sentences of its own and `b` nowhere, each once."""
    keys, words = {identity_of(m) for m in other.facts(b)}, f" {plain(other.text_of(b))} "
    stems = {stemmed(m.text) for m in other.facts(b)}
    found: dict[str, Mention] = {}
    for m in one.facts(a):
        names = [m.text, m.expansion or m.text, m.concept.name if m.concept else m.text]
        said = any(f" {plain(name)} " in words for name in names) or (m.concept is None and stemmed(m.text) in stems)
        if m.type not in _NO_FACTS and identity_of(m) not in keys and not said and one.is_fresh(m, other):
            found.setdefault(identity_of(m), m)
    return list(found.values())


def _names(mentions: Sequence[Mention]) -> str:
    """Names in a row, no more than a line can hold."""
    names = list(dict.fromkeys(called(m) for m in mentions))
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _marker_changes(
    dropped: Sequence[Mention], added: Sequence[Mention], a: Criterion, now: tuple[Version, Criterion]
) -> Iterator[Change]:
    new, b = now
    verb = "asked for" if b.side == "inc" else "excluded"
    for m in (m for m in dropped if m.type == "BIOMARKER"):
        message = f"{called(m)}: no longer {_loosely(m.id, a) or verb}."
        yield _change("dropped", "biomarker", message, m.text, "", a, b)
    for m in (m for m in added if m.type == "BIOMARKER"):
        message = f"{called(m)}: now {_loosely(m.id, b) or _ruled(m, new, b)}."
        yield _change("added", "biomarker", message, "", m.text, a, b)


def _ruled(m: Mention, version: Version, criterion: Criterion) -> str:
    """What a criterion makes of a fact."""
    if "exc" in m.attributes:
        return "allowed as an exception"
    asks = m.id in mentions_in(criterion.logic)
    if not asks and permission_around(version.texts[criterion.passage], criterion, m.start):
        return _ALLOWED
    return "asked for" if criterion.side == "inc" and "neg" not in m.attributes else "excluded"


def _fact_changes(
    old: Version,
    new: Version,
    pair: tuple[Criterion, Criterion],
    dropped: Sequence[Mention],
    added: Sequence[Mention],
) -> Iterator[Change]:
    a, b = pair
    gone = [m for m in dropped if m.type != "BIOMARKER"]
    come = [m for m in added if m.type != "BIOMARKER"]
    exceptions = _exceptions(b.logic)
    spared = [m for m in come if "exc" in m.attributes or m.id in exceptions]
    named = [m for m in come if m not in spared]
    said = [
        f"{words} {_names(mentions)}"
        for words, mentions in (("now names", named), ("now spares", spared), ("no longer names", gone))
        if mentions
    ]
    if said:
        message = f"{_SIDES[b.side]} {quoted(new.text_of(b))}: {'; '.join(said)}."
        yield _change("changed", "criterion", message, old.text_of(a), new.text_of(b), a, b)


def _spared_measures(old: Version, a: Criterion, new: Version, b: Criterion) -> list[Mention]:
    """Measures of exceptions that only the new criterion has."""
    known, exceptions = {identity_of(m) for m in old.facts(a)}, _exceptions(b.logic)
    measures = [m for m in new.facts(b) if m.type == "MEASURE" and m.id in exceptions]
    return [m for m in measures if identity_of(m) not in known and new.is_fresh(m, old)]


def _exceptions(logic: Logic | None) -> set[str]:
    """The facts of a tree that stand in an exception."""
    if logic is None:
        return set()
    if logic.op == "except":
        return _exceptions(logic.parts[0]).union(*map(mentions_in, logic.parts[1:]))
    return set().union(*map(_exceptions, logic.parts))


def _turned(old: Version, a: Criterion, new: Version, b: Criterion) -> Iterator[Change]:
    """Facts that both name, one as ruled out and the other not. What has changed sides is told so, but for what is
    only allowed now."""
    ruled = [_rulings(old, a, new), _rulings(new, b, old)]
    names = {identity_of(m): called(m) for m in new.facts(b)}
    for key in ruled[0]:
        before, after = ruled[0][key], ruled[1].get(key)
        if after is not None and after != before and (a.side == b.side or after == _ALLOWED):
            message = f"{names[key]}: {before} before, now {after}."
            yield _change("changed", "logic", message, before, after, a, b)


def _rulings(version: Version, criterion: Criterion, other: Version) -> dict[str, str]:
    """What a criterion makes of each fact, by the fact's key; what is allowed in one case only is not allowed."""
    facts = [m for m in version.facts(criterion) if m.type not in _NO_FACTS and version.is_fresh(m, other)]
    said = [(identity_of(m), _ruled(m, version, criterion)) for m in facts]
    return dict(sorted(said, key=lambda ruling: ruling[1] != _ALLOWED))


def _threshold_changes(old: Version, a: Criterion, new: Version, b: Criterion) -> Iterator[Change]:
    sides = [_comparisons(old, a, new), _comparisons(new, b, old)]
    kept = [{_comparison(t) for t in _whole(v.thresholds(c))} for v, c in ((old, a), (new, b))]
    for measure in dict.fromkeys([*sides[0], *sides[1]]):
        before = [t for t in sides[0].get(measure, []) if _comparison(t) not in kept[1]]
        after = [t for t in sides[1].get(measure, []) if _comparison(t) not in kept[0]]
        if before and after:
            same = [plain(t.condition or "") for t in before] == [plain(t.condition or "") for t in after]
            for xs, ys in zip(([t] for t in before), ([t] for t in after), strict=True) if same else [(before, after)]:
                was, now = (", ".join(map(_limit, some)) for some in (xs, ys))
                yield _change("changed", "threshold", f"{after[0].measure}: {was} → {now}.", was, now, a, b)
        for t in before if not after else ():
            if not _said(t, new.text_of(b)):
                message = f"{t.measure}: {_limit(t)} no longer {_rule(t, a)}."
                yield _change("dropped", "threshold", message, _limit(t), "", a, b)
        for t in after if not before else ():
            if not _said(t, old.text_of(a)):
                message = f"{t.measure}: {_limit(t)} now {_rule(t, b)}."
                yield _change("added", "threshold", message, "", _limit(t), a, b)


def _said(t: Threshold, text: str) -> bool:
    """Whether a text holds the words of a comparison, however it was read."""
    return all(plain(words) in plain(text) for words in t.text.splitlines())


def _rule(t: Threshold, criterion: Criterion) -> str:
    """What a criterion makes of a comparison."""
    loosely = _loosely(t.mentions[0], criterion) if t.mentions else ""
    return loosely or ("asked" if (criterion.side == "exc") == t.denied else "ruled out")


def _loosely(mention: str, criterion: Criterion) -> str:
    """How a fact lets more patients in: as an exception, an alternative, or one of several that exclude together."""
    if criterion.logic is None:
        return ""
    if mention in _exceptions(criterion.logic):
        return "allowed as an exception"
    if criterion.side == "inc":
        return "accepted as an alternative" if mention in _choices(criterion.logic, "any") else ""
    return "needed as well to exclude" if mention in _choices(criterion.logic, "all") else ""


def _choices(logic: Logic, op: Literal["any", "all"]) -> set[str]:
    """The facts of a tree that stand among the parts of an `op`."""
    found = mentions_in(logic) if logic.op == op else ()
    return set(found).union(*(_choices(part, op) for part in logic.parts))


def _comparisons(version: Version, criterion: Criterion, other: Version) -> dict[str, list[Threshold]]:
    found: dict[str, list[Threshold]] = {}
    for t in _whole(version.thresholds(criterion)):
        if any(version.is_fresh(version.mentions[id_], other) for id_ in t.mentions):
            found.setdefault(t.measure.casefold(), []).append(t)
    return found


def _whole(thresholds: Sequence[Threshold]) -> list[Threshold]:
    """The comparisons, the two halves of a range ("at least 1, no more than 3") as one."""
    found: list[Threshold] = []
    for t in thresholds:
        other = next((o for o in found if {o.operator, t.operator} == {">=", "<="} and _scope(o) == _scope(t)), None)
        low, high = sorted((other, t), key=lambda half: half.operator, reverse=True) if other else (t, t)
        if other is None or low.value > high.value:
            found.append(t)
            continue
        both = {"operator": "range", "value": low.value, "high": high.value, "text": f"{other.text}\n{t.text}"}
        found[found.index(other)] = other.model_copy(update=both | {"mentions": (*other.mentions, *t.mentions)})
    return found


def _scope(t: Threshold) -> tuple[object, ...]:
    return t.measure.casefold(), t.unit, plain(t.condition or ""), t.denied


def _comparison(t: Threshold) -> tuple[object, ...]:
    return *_scope(t), t.operator, t.value, t.high


def _limit(t: Threshold) -> str:
    number = f"{t.value:g} to {t.high:g}" if t.high is not None else f"{t.value:g}"
    unit = {"1": "", "a": " years", "d": " days", "ULN": " × ULN", "LLN": " × LLN"}.get(t.unit, f" {t.unit}")
    return f"{_SIGNS[t.operator]}{number}{unit}{f' ({t.condition})' if t.condition else ''}"


def _time_changes(old: Version, a: Criterion, new: Version, b: Criterion) -> Iterator[Change]:
    """Time windows of the same facts that have become longer or shorter, and those that have come or gone."""
    windows = [_windows(old, a), _windows(new, b)]
    told: set[tuple[str, str]] = set()
    for key in windows[0]:
        if key not in windows[1]:
            continue
        (first, before), (second, after) = windows[0][key], windows[1][key]
        fresh = old.is_fresh(before, new) or new.is_fresh(after, old)
        spans = [(t.low, t.high) if t else (plain(m.text), None) for t, m in ((first, before), (second, after))]
        if fresh and spans[0] != spans[1] and (before.text, after.text) not in told:
            told.add((before.text, after.text))
            message = f"Time window of {old.head_name(before, a)}: {_days(first, before)} → {_days(second, after)}."
            yield _change("changed", "time", message, before.text, after.text, a, b)


def _days(frame: TimeFrame | None, m: Mention) -> str:
    """The words of a time, with its days where they are another number."""
    ends = [end for end in (frame.low, frame.high) if end] if frame else []
    words = " ".join(m.text.split())
    return words if not ends or "day" in words or "year" in words else f"{words} ({ends[-1]:g} days)"


def _windows(version: Version, criterion: Criterion) -> dict[str, tuple[TimeFrame | None, Mention]]:
    """The time of each fact of a criterion that has one; the criterion's only one under an empty name."""
    found = {}
    times = [m for m in version.within(criterion) if m.type == "TIME"]
    for head, tail in version.related("HAS_TIME"):
        if tail in times:
            found[identity_of(head)] = (read_time(tail.text), tail)
    if len(times) == 1:
        found[""] = (read_time(times[0].text), times[0])
    return found


def _logic_changes(old: Version, a: Criterion, new: Version, b: Criterion) -> Iterator[Change]:
    """Another way in which the same facts go together."""
    trees = [_by_key(v, c.logic) for v, c in ((old, a), (new, b))]
    if trees[0] is None or trees[1] is None:
        return
    leaves = [sorted(mentions_in(tree)) for tree in trees if tree]
    if leaves[0] == leaves[1] and canonical(trees[0]) != canonical(trees[1]):
        names = {identity_of(m): f'"{called(m)}"' for v, c in ((old, a), (new, b)) for m in v.facts(c)}
        before, after = (write_logic(tree, lambda key: names.get(key, key)) for tree in trees if tree)
        message = f"{_SIDES[b.side]} combines its parts in another way: {before} → {after}."
        yield _change("changed", "logic", message, before, after, a, b)


def _qualifier_changes(old: Version, a: Criterion, new: Version, b: Criterion) -> Iterator[Change]:
    """Facts that both name, narrowed by other words, such as "uncontrolled"."""
    narrowed = [_qualifiers(v, c.logic) for v, c in ((old, a), (new, b))]
    names = {identity_of(m): called(m) for m in new.facts(b)}
    for key in narrowed[0]:
        before, after = narrowed[0][key], narrowed[1].get(key, narrowed[0][key])
        if key in names and set(before) != set(after):
            was, now = (", ".join(words) or "not narrowed" for words in (before, after))
            yield _change(
                "changed", "logic", f"{names[key]}: {was} → {now}.", ", ".join(before), ", ".join(after), a, b
            )


def _qualifiers(version: Version, logic: Logic | None) -> dict[str, tuple[str, ...]]:
    """What narrows each fact of a tree, plain, by the fact's key."""
    if logic is None:
        return {}
    m = version.mentions.get(logic.mention or "")
    if m is not None:
        said = (version.mentions[q].text if q in version.mentions else q for q in logic.qualifiers)
        return {identity_of(m): tuple(words for words in dict.fromkeys(map(plain, said)) if words != "known")}
    return {key: words for part in logic.parts for key, words in _qualifiers(version, part).items()}


def _by_key(version: Version, logic: Logic | None) -> Logic | None:
    """The tree with keys of facts for ids; None where it rests on other criteria, whose ids say nothing."""
    if logic is None or logic.criterion is not None:
        return None
    if logic.op == "fact":
        if logic.said is not None:
            return logic
        m = version.mentions.get(logic.mention or "")
        return Logic(op="fact", mention=identity_of(m)) if m else None
    parts = [_by_key(version, part) for part in logic.parts]
    known = tuple(part for part in parts if part is not None)
    return logic.model_copy(update={"parts": known}) if len(known) == len(parts) else None
