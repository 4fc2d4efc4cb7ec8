"""The report of a comparison: from the folder of results to one HTML page and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from oncogloss.evaluation.energy import PRICES, QUOTED, Cost, Prices, cost, read_prices
from oncogloss.evaluation.metrics import Score, macro_f1, total
from oncogloss.evaluation.plots import bars
from oncogloss.evaluation.recommend import CLOSE, ENOUGH, Choice, recommend
from oncogloss.evaluation.report_costs import cost_blocks
from oncogloss.evaluation.results import (
    ELSEWHERE,
    GENERATIVE,
    NONE,
    OURS,
    Line,
    Result,
    conventional,
    f1,
    joules,
    read_results,
    scores,
    share,
    whole,
)
from oncogloss.schema import ENTITY_TYPES
from oncogloss.writers.page import Block, Heading, Marked, Paragraph, Plot, Table, html_report, markdown_report

TITLE = "Finding the facts of oncology trials: accuracy and cost of each way"
FEWER_ERRORS, CHEAPER = 0.25, 50  # what the project set out to reach
SHOWN = 10  # error examples

RULE = (
    "The rule: of the systems that read all records on this machine, those whose strict F1 on the type is within "
    f"{CLOSE} of the best, or within one standard error of it, count as equally good, and the one that takes least "
    f"energy a record is recommended. With fewer than {ENOUGH} annotated spans nothing is said."
)
METHOD = (
    "Energy by the model: CPU seconds × (watts of a busy core + watts of a GiB × memory at its peak) × overhead of "
    "the building; ranges take the low or the high ends of all three together. The model gives the energy of the "
    "work, not of a machine that waits. Where the machine was metered, that stands beside. Carbon: energy × intensity "
    "of the first grid. Edit a copy of the table and give it with `--prices`."
)


def write_report(folder: Path, prices: Path = PRICES, texts: Mapping[Line, str] | None = None) -> tuple[Path, Path]:
    """Write `report.html` and `report.md` into the folder of results; returns their paths.

    `texts` holds the lines that error examples quote; without them none are shown.
    """
    blocks = list(report_blocks(read_results(folder), read_prices(prices), texts or {}))
    page, text = folder / "report.html", folder / "report.md"
    page.write_text(html_report(TITLE, blocks), encoding="utf-8")
    text.write_text(markdown_report(TITLE, blocks), encoding="utf-8")
    return page, text


def report_blocks(results: Sequence[Result], prices: Prices, texts: Mapping[Line, str]) -> Iterator[Block]:
    """All of the report, in order."""
    ran = [r for r in results if "skipped" not in r]
    costs = {r["system"]: cost(r, prices) for r in ran}
    here = {r["system"]: scores(r) for r in whole(ran) if r["system"] not in ELSEWHERE}
    choices = recommend(here, {name: c.joules.value for name, c in costs.items()})
    yield from _opening(results, ran, costs, choices)
    if ran:
        yield from _accuracy(ran)
        yield from cost_blocks(ran, costs, prices)
        yield from _types(ran)
        yield from _choices(choices)
        yield from _steps(ran)
        yield from _examples(ran, texts)
    yield from _method(results, prices)


def _opening(
    results: Sequence[Result], ran: Sequence[Result], costs: Mapping[str, Cost], choices: Sequence[Choice]
) -> Iterator[Block]:
    yield Heading("In short")
    for sample in dict.fromkeys(r["sample"] for r in results if r.get("sample")):
        yield Paragraph(f"This is {sample}; the whole may say something else.")
    yield from (Paragraph(sentence) for sentence in goals(ran, costs))
    if choices:
        taken: dict[str, list[str]] = {}
        for choice in choices:
            taken.setdefault(choice.system, []).append(choice.type)
        told = "; ".join(f"`{name}` for {', '.join(types)}" for name, types in taken.items())
        yield Paragraph(f"To take, by entity type (the rule stands below): {told}.")
    for r in results:
        if "skipped" in r:
            yield Paragraph(f"`{r['system']}` did not run: {r['skipped']}")


def goals(ran: Sequence[Result], costs: Mapping[str, Cost]) -> Iterator[str]:
    """Whether `micro` reached what it set out to, in sentences."""
    by_name = {r["system"]: r for r in ran}
    if "micro" not in by_name:
        return
    ours = f1(by_name["micro"])
    others = conventional(whole(ran))
    if others:
        best = max(others, key=f1)
        fewer = 1 - (1 - ours) / (1 - f1(best)) if f1(best) < 1 else 0.0
        yield (
            f"Strict F1 of `micro` is {share(ours)}, of the best conventional system, `{best['system']}`, "
            f"{share(f1(best))}: {fewer:.0%} fewer errors (1 − F1). Aim, at least {FEWER_ERRORS:.0%}: "
            f"{_reached(fewer >= FEWER_ERRORS)}."
        )
    if "llm" in by_name:
        micro, llm = costs["micro"].joules.value, costs["llm"].joules.value
        yield (
            f"Reading a record takes `micro` {joules(micro)} and `llm` {joules(llm)}, {llm / micro:,.0f} × as much by "
            f"the same model; strict F1 of `llm` is {share(f1(by_name['llm']))}. Aim, at least {CHEAPER} ×: "
            f"{_reached(llm / micro >= CHEAPER)}."
        )


def _reached(reached: bool) -> str:
    return "reached" if reached else "not reached"


def _accuracy(ran: Sequence[Result]) -> Iterator[Block]:
    yield Heading("Accuracy")
    heads = [
        "system", "records read", "strict F1", "precision", "recall", "relaxed F1", "macro strict",
        "seen names", "unseen names", "relations", "attributes",
    ]  # fmt: skip
    rows = []
    for r in ran:
        strict, relations, attributes = (
            total(scores(r)),
            total(scores(r, "relations")),
            Score(**r["scores"]["attributes"]),
        )
        figures = [strict.f1, strict.precision, strict.recall, f1(r, "relaxed"), macro_f1(scores(r))]
        figures += [f1(r, "seen"), f1(r, "unseen")]
        could = [share(s.f1) if s.found else NONE for s in (relations, attributes)]
        rows.append([r["system"], f"{r['records']['read']}", *map(share, figures), *could])
    yield Table("Entities; seen: spans whose words are those of a training span of the same type", heads, rows)
    if len(whole(ran)) < len(ran):
        yield Paragraph(
            "Systems that read fewer records are too slow to read all; their figures are of those records alone."
        )


def _types(ran: Sequence[Result]) -> Iterator[Block]:
    yield Heading("By entity type")
    by_type = {r["system"]: {t: s.f1 for t, s in scores(r).items() if s.wanted} for r in ran}
    wanted = {t: s.wanted for t, s in scores(whole(ran)[0]).items()}
    order = sorted((t for t in ENTITY_TYPES if wanted.get(t)), key=lambda t: -wanted[t])
    leaders = _leaders(ran)
    shown = {i: (r["system"], by_type[r["system"]]) for i, r in enumerate(ran) if r["system"] in leaders}
    yield Plot(
        "Strict F1 by entity type, the most frequent first: the best of ours, of the conventional systems and of the "
        "generative ones.",
        bars(shown, order, "strict F1"),
    )
    rows = [
        [t, f"{wanted[t]:,}", *(share(figures[t]) if t in figures else NONE for figures in by_type.values())]
        for t in order
    ]
    yield Table("Strict F1 by entity type", ["type", "spans", *by_type], rows)


def _leaders(ran: Sequence[Result]) -> set[str]:
    """The best of ours, of the conventional systems and of the generative ones, by strict F1."""
    families = [[r for r in ran if r["system"] in names] for names in (OURS, GENERATIVE)] + [conventional(ran)]
    return {max(family, key=f1)["system"] for family in families if family}


def _choices(choices: Sequence[Choice]) -> Iterator[Block]:
    yield Heading("Which to take")
    yield Paragraph(RULE)
    rows = [[c.type, f"{c.wanted:,}", c.system, share(c.f1), c.best, share(c.best_f1), c.reason] for c in choices]
    yield Table("Recommended by entity type", ["type", "spans", "take", "its F1", "best", "best F1", "why"], rows)
    left = [t for t in ENTITY_TYPES if t not in {c.type for c in choices}]
    if left:
        yield Paragraph(f"Too few spans to say: {', '.join(left)}.")


def _steps(ran: Sequence[Result]) -> Iterator[Block]:
    yield Heading("Preprocessing")
    rows = [
        [r["system"], f"{len(r['steps'])}", "; ".join(r["steps"]) or "none", r.get("settings") or NONE] for r in ran
    ]
    yield Table("What must happen to a text beside the reading itself", ["system", "steps", "which", "settings"], rows)


def _examples(ran: Sequence[Result], texts: Mapping[Line, str]) -> Iterator[Block]:
    """Lines where at least one system errs, those that most systems read first."""
    by_line: dict[Line, list[Result]] = {}
    for r in ran:
        for e in r.get("examples", ()):
            line = (e["record"], e["passage"], e["start"], e["end"])
            by_line.setdefault(line, []).append({**e, "system": r["system"]})
    wrong = {line: rows for line, rows in by_line.items() if any(e["found"] != e["wanted"] for e in rows)}
    if not wrong:
        return
    yield Heading("Errors side by side")
    known = [line for line in wrong if line in texts]
    if not known:
        yield Paragraph(
            f"{len(wrong)} of {len(by_line)} lines hold an error; `--texts` (`example_text.json` of the run) shows "
            "them. The records' text is not kept with the results."
        )
    for line in sorted(known, key=lambda line: -len(wrong[line]))[:SHOWN]:
        record, passage, start, _ = line
        marks = [("annotated", _moved(wrong[line][0]["wanted"], start))]
        marks += [(e["system"], _moved(e["found"], start)) for e in wrong[line]]
        yield Marked(f"{record}, {passage}:", texts[line], marks)


def _moved(spans: Iterable[Sequence[Any]], by: int) -> list[tuple[int, int, str]]:
    return [(start - by, end - by, type_) for type_, start, end in spans]


def _method(results: Sequence[Result], prices: Prices) -> Iterator[Block]:
    yield Heading("How it was measured")
    yield Paragraph(METHOD)
    quoted = [(name.replace("_", " "), getattr(prices, name)) for name in QUOTED]
    quoted += [(f"{name}: g CO2e a kWh", q) for name, q in prices.grid.items()]
    rows = [
        [name, f"{q.value:,g}", f"{q.low:,g} to {q.high:,g}" if q.low < q.high else NONE, q.date, q.source]
        for name, q in quoted
    ]
    rows += [
        [f"{name}: USD a million tokens", f"{t.read:g} read, {t.written:g} written", NONE, t.date, t.source]
        for name, t in prices.api.items()
    ]
    yield Table("Parameters and prices", ["what", "figure", "range", "date", "from"], rows)
    rows = [
        [r["system"], f"`{r['command']}`", f"{r['seed']}", r["split"], str(r["machine"]), r["date"]] for r in results
    ]
    yield Table(
        "Where the figures of each system are from", ["system", "command", "seed", "split", "machine", "date"], rows
    )
