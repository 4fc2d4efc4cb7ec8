"""Whether a test in a patient's file shows the marker that a trial asks for."""

from __future__ import annotations

from collections.abc import Sequence, Set

from oncogloss.schema import Marker, MarkerResult
from oncogloss.structure.entries import Entry
from oncogloss.structure.kleene import Truth, negate
from oncogloss.structure.versions import plain

_OPPOSITES = {
    "positive": "negative", "negative": "positive", "mutation": "wild type", "wild type": "mutation",
    "deficient": "proficient", "proficient": "deficient", "instability-high": "stable", "stable": "instability-high",
}  # fmt: skip
_PRESENT = frozenset(("positive", "mutation", "mutated", "present", "detected", "alteration"))
_SHOWN = {  # what shows a gene to be changed
    "mutation": {"mutation", "mutated"},
    "alteration": _PRESENT | {"fusion", "rearrangement", "rearranged", "amplification", "deletion", "altered"},
}
_ABSENT = frozenset(("negative", "wild type", "wild-type", "wildtype", "absent", "not detected"))

_FUSED = frozenset(("ALK", "ROS1", "RET", "NTRK1", "NTRK2", "NTRK3"))  # whose fusion is meant where they are "positive"
_POSITIVE = frozenset(("positive", "fusion", "rearrangement", "rearranged", "translocation"))
_LACKING = frozenset(("negative", "wild type"))
_SELDOM_TESTED = frozenset(("HRAS",))  # of a family that is asked for as a whole ("RAS wild type")


def together(asked: Marker, shown: Sequence[tuple[Set[str], Truth]]) -> Truth:
    """What tests of several genes, each with whether it shows the marker, come to: all genes of a family are to lack
    what one is to have."""
    truths = {truth for _, truth in shown}
    telling: Truth = asked.state not in _LACKING
    if telling in truths:
        return telling
    needed = set(asked.genes) - _SELDOM_TESTED
    if asked.alteration or asked.state == "fusion" or len(needed) < 2:
        return True if not telling and True in truths else next(iter(truths)) if len(truths) == 1 else None
    tested = {gene for genes, truth in shown if truth is (not telling) for gene in genes}
    return not telling if needed <= tested else None


def has_marker(entry: Entry, asked: Marker) -> Truth:
    """Whether a test shows a marker; another alteration of the gene leaves the asked one open."""
    result = entry.item
    if not isinstance(result, MarkerResult):
        return None
    own = entry.concept.marker if entry.concept else None
    state = plain((own.state if own and own.state else result.state) or "").replace("wildtype", "wild type")
    said = {state, plain(result.state)}
    if said & _ABSENT and (result.alteration or (own and own.alteration)):
        return _tells_without(own, asked)
    if _is_fusion(asked, said):
        return True
    if asked.alteration:
        has: Truth = False if said & _ABSENT else True if own and own.alteration == asked.alteration else None
        return negate(has) if asked.state in _LACKING else has
    wanted = plain(asked.state or "")
    if wanted in said:
        return True
    shown = _SHOWN.get(wanted)
    if shown and (said & shown or (own and own.alteration)) and not said & _ABSENT:
        return True
    if plain(_OPPOSITES.get(wanted, "?")) in said:
        return False
    return False if wanted in _PRESENT and said & _ABSENT else None


def _is_fusion(asked: Marker, states: Set[str]) -> bool:
    """Whether the fusion of a gene is asked for, and states show one."""
    return _FUSED.issuperset(asked.genes) and asked.state in _POSITIVE and not _POSITIVE.isdisjoint(states)


def _tells_without(lacking: Marker | None, asked: Marker) -> Truth:
    """Whether a patient who lacks one alteration has the marker: other alterations of the gene are left open."""
    if lacking is None or lacking.alteration != asked.alteration:
        return None
    if lacking.alteration:
        return asked.state in _LACKING
    if lacking.state == _OPPOSITES.get(asked.state or ""):
        return True
    return False if lacking.state == asked.state or _is_fusion(asked, {lacking.state or ""}) else None
