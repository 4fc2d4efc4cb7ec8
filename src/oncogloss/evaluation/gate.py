"""The gate that a new model passes before it takes an old one's place: what it finds, and how it behaves, before and
after.

A type counts by itself where the records have at least ENOUGH mentions of it, so that one mention more or less moves
its F1 by no more than what may be lost; the others count together. A loss refuses where it is larger than MOST_LOST and
is no accident of the records: in at least SURE of the resamples of the records (paired bootstrap) F1 falls. Relations,
end to end, count as one type.

What stands near a threshold is found or not by the last bit of an 8-bit product. A release is chosen by its figures on
dev, among them its luck there, and whatever comes after it has other luck: a model changed by a thousandth loses as
much. So each record is read in copies, a line of LEADS before each, where neither model was ever scored.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from oncogloss.evaluation.cost import fastest
from oncogloss.evaluation.metrics import Score, facts, relation_scores, strict_scores, total
from oncogloss.evaluation.probes import Probe, failures
from oncogloss.evaluation.reliability import Judged, expected_calibration_error
from oncogloss.evaluation.run import gold_facts
from oncogloss.model.bundle import CARD, FILES, SUMS, Bundle, open_bundle, write_sums
from oncogloss.model.verdict import Verdict
from oncogloss.pipeline import Pipeline, load
from oncogloss.schema import Document, ModelInfo, Passage
from oncogloss.training.corpora import GoldDocument
from oncogloss.training.silver import swap_drugs

MOST_LOST = 0.5  # points of F1
SURE = 0.9
RESAMPLES = 1000
LEADS = tuple(
    Passage(name="copy", text=text)
    for text in (
        "Copy of the record.",
        "This is a second copy of the record, made for the archive of the office.",
        "Third copy. What follows stands as it stood in the registry on the day of printing; nothing was added.",
    )
)
ENOUGH = 200 * len(LEADS)  # mentions, in all copies
TIMED = 5  # records that speed is measured on
OTHERS, ALL, RELATIONS = "other types together", "all", "relations, end to end"


class Change(NamedTuple):
    """What became of one figure: counts before and after, and in which share of the resamples its F1 falls."""

    name: str
    before: Score
    after: Score
    falls: float

    @property
    def lost(self) -> float:
        """Points of F1; below 0 where it gained."""
        return 100 * (self.before.f1 - self.after.f1)

    @property
    def verdict(self) -> str:
        """`lost`, `within noise`, or empty where no more was lost than may be."""
        if self.lost <= MOST_LOST:
            return ""
        return "lost" if self.falls >= SURE else "within noise"


class _Read(NamedTuple):
    """What a model found in the records, all copies of each together: strict scores by type, and of all relations, for
    each record; the score and rightness of each mention."""

    types: list[dict[str, Score]]
    relations: list[Score]
    judged: Judged


class Probed(NamedTuple):
    """A probe, and how either model reads it otherwise than it states."""

    probe: Probe
    before: list[str]
    after: list[str]


@dataclass(frozen=True)
class Gate:
    """What was measured of two models; pairs are (before, after)."""

    models: tuple[ModelInfo, ModelInfo]
    types: list[Change]  # of mentions, then of all relations together
    names: list[Change]
    calibration: tuple[float, float]
    seconds: tuple[float, float]
    megabytes: tuple[float, float]
    probes: list[Probed]

    @property
    def refusals(self) -> list[str]:
        """Why the new model is refused, a sentence each; empty where it passes."""
        lost = [
            f"{c.name} loses {c.lost:.1f} points of F1 ({100 * c.before.f1:.1f} to {100 * c.after.f1:.1f})."
            for c in (*self.types, *self.names)
            if c.verdict == "lost"
        ]
        broken = [
            f"Probe {p.probe.id} held and breaks: {'; '.join(p.after)}."
            for p in self.probes
            if p.after and not p.before
        ]
        return lost + broken


def gate(
    old: str | Path,
    new: str | Path,
    gold: Sequence[GoldDocument],
    probes: Iterable[Probe],
    held_names: Sequence[str],
    new_names: Sequence[str] = (),
) -> Gate:
    """Measure two models on annotated records, on the same records with drugs renamed, and on probes.

    `held_names` are drugs that no update may ever teach, `new_names` those that this one brought. Raises BundleError
    where a model is damaged.
    """
    pipelines = load(old), load(new)
    read = [_read(pipeline, gold) for pipeline in pipelines]
    names = [
        _change(name, *([s.get("DRUG", Score()) for s in _read(p, _renamed(gold, drugs)).types] for p in pipelines))
        for name, drugs in (("drugs never taught", held_names), ("new drugs", new_names))
        if drugs
    ]
    timed = [d.document for d in gold[:TIMED]]
    spent = fastest({str(i): lambda p=p: [p.extract(d) for d in timed] for i, p in enumerate(pipelines)})  # type: ignore[misc]
    bundles = open_bundle(old), open_bundle(new)
    return Gate(
        models=(bundles[0].info, bundles[1].info),
        types=[
            *changes(*(one.types for one in read)),
            _change(RELATIONS, *(one.relations for one in read)),
        ],
        names=names,
        calibration=(expected_calibration_error(read[0].judged), expected_calibration_error(read[1].judged)),
        seconds=(spent["0"], spent["1"]),
        megabytes=(_megabytes(bundles[0]), _megabytes(bundles[1])),
        probes=[Probed(p, _failures(p, pipelines[0]), _failures(p, pipelines[1])) for p in probes],
    )


def _read(pipeline: Pipeline, gold: Iterable[GoldDocument]) -> _Read:
    read = _Read([], [], Judged())
    for document in gold:
        wanted = gold_facts(document)
        counts: dict[str, Score] = {}
        related = Score()
        for lead in LEADS:
            extraction = pipeline.extract(Document(id=document.id, passages=(lead, *document.document.passages)))
            mentions = [m for m in extraction.mentions if m.passage != lead.name]
            ids = {m.id for m in mentions}
            relations = [r for r in extraction.relations if r.head in ids]  # both ends stand in one passage
            found = facts(document.id, mentions, relations, ())
            for type_, score in strict_scores(found.entities, wanted.entities).items():
                counts[type_] = counts.get(type_, Score()) + score
            related += total(relation_scores(found.relations, wanted.relations))
            read.judged.extend(
                (m.score, ((document.id, m.passage), m.start, m.end, m.type) in wanted.entities) for m in mentions
            )
        read.types.append(counts)
        read.relations.append(related)
    return read


def _failures(probe: Probe, pipeline: Pipeline) -> list[str]:
    """How a probe is read otherwise than it states; empty where most of its copies are read rightly."""
    broken = [failed for lead in LEADS if (failed := failures(probe, pipeline, before=lead))]
    return broken[0] if len(broken) > len(LEADS) / 2 else []


def changes(before: Sequence[dict[str, Score]], after: Sequence[dict[str, Score]]) -> list[Change]:
    """Change of each type that has enough mentions, of the others together, and of all; scores come by record."""
    wanted = {
        t: sum(s.get(t, Score()).wanted for s in before) for t in sorted({t for s in (*before, *after) for t in s})
    }
    groups = {t: [t] for t, n in wanted.items() if n >= ENOUGH}
    groups |= {OTHERS: [t for t, n in wanted.items() if n < ENOUGH], ALL: list(wanted)}
    return [
        _change(name, *([total({t: s[t] for t in types if t in s}) for s in side] for side in (before, after)))
        for name, types in groups.items()
        if types
    ]


def _change(name: str, before: Sequence[Score], after: Sequence[Score]) -> Change:
    rows = np.array([[(s.right, s.found + s.wanted) for s in side] for side in (before, after)], float)
    draws = np.random.default_rng(0).integers(0, len(before), (RESAMPLES, len(before)))
    right, sizes = np.moveaxis(rows[:, draws].sum(2), 2, 0)
    f1 = 2 * right / np.maximum(sizes, 1)
    return Change(name, sum(before, Score()), sum(after, Score()), float((f1[1] < f1[0]).mean()))


def _renamed(gold: Iterable[GoldDocument], names: Sequence[str]) -> list[GoldDocument]:
    """The records with each one-word drug replaced by a name of the list, the same within a record."""
    dice = random.Random(0)
    return [replace(d, passages=tuple(swap_drugs(d.passages, names, dice, shortest=1))) for d in gold]


def _megabytes(bundle: Bundle) -> float:
    return sum(bundle.path(name).stat().st_size for name in (SUMS, *FILES) if bundle.path(name).is_file()) / 1e6


def report(result: Gate, *, forced: bool = False) -> str:
    """Markdown: the verdict and its reasons, then all figures before and after, then the probes that fail."""
    old, new = (f"{m.name} {m.version} ({m.sha256[:12]})" for m in result.models)
    verdict = "passes" if not result.refusals else "is let through by force" if forced else "is refused"
    lines = [f"# Gate\n\n{new} in place of {old} **{verdict}**.", "", *(f"- {reason}" for reason in result.refusals)]
    lines += [
        "",
        "| F1, strict | annotated | before | after | change | falls in resamples | |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {c.name} | {c.before.wanted // len(LEADS):,} | {100 * c.before.f1:.1f} | {100 * c.after.f1:.1f} "
        f"| {0 - c.lost:+.1f} | {c.falls:.0%} | {c.verdict} |"
        for c in (*result.types, *result.names)
    ]
    held = [sum(not getattr(p, side) for p in result.probes) for side in ("before", "after")]
    ratio = result.seconds[1] / result.seconds[0]
    lines += [
        "",
        "| | before | after |",
        "|---|---|---|",
        f"| expected calibration error | {result.calibration[0]:.3f} | {result.calibration[1]:.3f} |",
        f"| time of {TIMED} records, whole pipeline | 1 | {ratio:.2f} |",
        f"| size | {result.megabytes[0]:.1f} MB | {result.megabytes[1]:.1f} MB |",
        f"| probes that hold, of {len(result.probes)} | {held[0]} | {held[1]} |",
        "",
        f"Each record and probe is read in {len(LEADS)} copies, a line before each; the figures are of all copies, a "
        f"probe holds where most do. A type counts by itself from {ENOUGH // len(LEADS)} mentions on. More than "
        f"{MOST_LOST} points lost refuse where F1 falls in at least {SURE:.0%} of {RESAMPLES:,} resamples of the "
        "records; otherwise the loss is within noise.",
        "",
        "| probe | before | after |",
        "|---|---|---|",
    ]
    lines += [
        f"| {p.probe.id} | {_reasons(p.before)} | {_reasons(p.after)} |" for p in result.probes if p.before or p.after
    ]
    return "\n".join(lines)


def _reasons(failed: list[str]) -> str:
    return "; ".join(failed).replace("|", "\\|") or "holds"


def mark_card(folder: Path, result: Gate, *, forced: bool) -> None:
    """Write into a model's card that the gate refused it, and was forced or not, and why; its SHA256SUMS follows."""
    reasons = "".join(f"- {reason}\n" for reason in result.refusals)
    old = result.models[0]
    card = folder / CARD
    text = card.read_text(encoding="utf-8").rstrip("\n")
    heading = "Forced through the gate" if forced else "Refused by the gate"
    card.write_text(
        f"{text}\n\n## {heading}\n\nIn place of {old.name} {old.version} it was refused:\n\n{reasons}",
        encoding="utf-8",
    )
    names = [line.partition("  ")[2] for line in (folder / SUMS).read_text(encoding="ascii").splitlines()]
    write_sums(folder, names)


def verdict(result: Gate, new: str | Path, *, forced: bool) -> Verdict:
    """What the registry notes of the gate, of the new model as it now lies there: its card may have been marked."""
    pairs: dict[str, Sequence[float]] = {
        **{f"{c.name} F1": (c.before.f1, c.after.f1) for c in result.types if c.name in (ALL, RELATIONS)},
        "calibration error": result.calibration,
        "probes held": [sum(not getattr(p, side) for p in result.probes) for side in ("before", "after")],
    }
    figures = {
        f"gate {name} {when}": round(x, 4)
        for name, pair in pairs.items()
        for when, x in zip(("before", "after"), pair, strict=True)
    }
    return Verdict(
        bundle=open_bundle(new).info.sha256,
        old=f"{result.models[0].name}@{result.models[0].version}",
        refusals=tuple(result.refusals),
        forced=forced,
        metrics=figures,
    )
