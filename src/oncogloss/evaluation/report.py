"""The report of a comparison: from the folder of results to one HTML page and Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from oncogloss.errors import InputError
from oncogloss.evaluation.energy import PRICES, Cost, Prices, Range, cost, read_prices
from oncogloss.evaluation.metrics import Score, macro_f1, total
from oncogloss.evaluation.page import Block, Heading, Marked, Paragraph, Plot, Table, html_report, markdown_report
from oncogloss.evaluation.plots import Point, accuracy_against_cost, bars, lines
from oncogloss.evaluation.recommend import CLOSE, ENOUGH, Choice, recommend
from oncogloss.schema import ENTITY_TYPES

Result = dict[str, Any]
Texts = Mapping[tuple[str, str], str]  # (record, passage) → text

TITLE = "Finding the facts of oncology trials: accuracy and cost of each way"
ORDER = ("micro", "nano", "crf", "bilstm-crf", "spacy", "dictionary", "llm", "endpoint")
OURS, GENERATIVE = ("micro", "nano"), ("llm", "endpoint")
FEWER_ERRORS, CHEAPER = 0.25, 50  # what the project set out to reach
NONE = "–"


def write_report(folder: Path, prices: Path = PRICES, texts: Texts | None = None) -> tuple[Path, Path]:
    """Write `report.html` and `report.md` into the folder of results; returns their paths.

    `texts` holds the passages that error examples quote; without them examples are left out.
    """
    blocks = list(report_blocks(read_results(folder), read_prices(prices), texts or {}))
    page, text = folder / "report.html", folder / "report.md"
    page.write_text(html_report(TITLE, blocks), encoding="utf-8")
    text.write_text(markdown_report(TITLE, blocks), encoding="utf-8")
    return page, text


def read_results(folder: Path) -> list[Result]:
    """The results of a folder, in the order of the report. Raises InputError where there is none, or one is damaged."""
    results = []
    for path in sorted(folder.glob("*.json")):
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: no result of a comparison ({error}); delete it and run again.") from None
        if isinstance(row, dict) and "system" in row:
            results.append(row)
    if not results:
        raise InputError(f"{folder}: no results; run `oncogloss compare` first.")
    places = {name: i for i, name in enumerate(ORDER)}
    return sorted(results, key=lambda r: (places.get(r["system"], len(places)), r["system"]))


def scores(result: Result, kind: str = "strict") -> dict[str, Score]:
    """The scores of a kind, by type."""
    return {type_: Score(row["right"], row["found"], row["wanted"]) for type_, row in result["scores"][kind].items()}


def report_blocks(results: Sequence[Result], prices: Prices, texts: Texts) -> Iterator[Block]:
    """All of the report, in order."""
    ran = [r for r in results if "skipped" not in r]
    costs = {r["system"]: cost(r, prices) for r in ran}
    choices = recommend({r["system"]: scores(r) for r in whole(ran)}, {name: c.joules.value for name, c in costs.items()})
    yield from _opening(results, ran, costs, choices)
    if ran:
        yield from _accuracy(ran)
        yield from _costs(ran, costs)
        yield from _money(ran, costs, prices)
        yield from _curves(ran)
        yield from _lengths(ran)
        yield from _types(ran, choices)
        yield from _updates(ran)
        yield from _steps(ran)
        yield from _examples(ran, texts)
    yield from _method(results, prices)


def whole(results: Iterable[Result]) -> list[Result]:
    """Those that read as many records as any: only they can be held against one another by type."""
    results = list(results)
    most = max((r["records"]["read"] for r in results), default=0)
    return [r for r in results if r["records"]["read"] == most]


def _opening(
    results: Sequence[Result], ran: Sequence[Result], costs: Mapping[str, Cost], choices: Sequence[Choice]
) -> Iterator[Block]:
    yield Heading("In short")
    for note in dict.fromkeys(r["sample"] for r in results if r.get("sample")):
        yield Paragraph(f"This is a sample, not the whole: {note}.")
    for r in results:
        if "skipped" in r:
            yield Paragraph(f"`{r['system']}` did not run: {r['skipped']}")
    yield from (Paragraph(sentence) for sentence in goals(ran, costs))
    if choices:
        by_system: dict[str, list[str]] = {}
        for choice in choices:
            by_system.setdefault(choice.system, []).append(choice.type)
        told = "; ".join(f"`{name}` for {', '.join(types)}" for name, types in by_system.items())
        yield Paragraph(f"Recommended by entity type (the rule stands below): {told}.")


def goals(ran: Sequence[Result], costs: Mapping[str, Cost]) -> Iterator[str]:
    """Whether `micro` reached what it set out to, in sentences."""
    by_name = {r["system"]: total(scores(r)).f1 for r in ran}
    if "micro" not in by_name:
        return
    others = {r["system"]: by_name[r["system"]] for r in whole(ran) if r["system"] not in (*OURS, *GENERATIVE)}
    if others:
        best = max(others, key=lambda name: others[name])
        wrong, ours = 1 - others[best], 1 - by_name["micro"]
        fewer = 1 - ours / wrong if wrong else 0.0
        reached = "reached" if fewer >= FEWER_ERRORS else "not reached"
        yield (
            f"Strict F1 of `micro` is {by_name['micro']:.3f}, of the best conventional system (`{best}`) {others[best]:.3f}: "
            f"{fewer:.0%} fewer errors (1 − F1). Aim, at least {FEWER_ERRORS:.0%}: {reached}."
        )
    if "llm" in costs:
        times = costs["llm"].joules.value / costs["micro"].joules.value
        reached = "reached" if times >= CHEAPER else "not reached"
        yield (
            f"Reading a record costs `micro` {_joules(costs['micro'].joules.value)} and `llm` "
            f"{_joules(costs['llm'].joules.value)}, {times:,.0f} × as much by the same method "
            f"(strict F1 {by_name['llm']:.3f}). Aim, at least {CHEAPER} ×: {reached}."
        )


def _accuracy(ran: Sequence[Result]) -> Iterator[Block]:
    yield Heading("Accuracy")
    heads = ("system", "records read", "strict F1", "precision", "recall", "relaxed F1", "macro strict", "seen names", "unseen names",
             "relations", "attributes")  # fmt: skip
    rows = []
    for r in ran:
        strict, relations = total(scores(r)), scores(r, "relations")
        attributes = Score(**r["scores"]["attributes"])
        rows.append((
            r["system"], f"{r['records']['read']}", _f(strict.f1), _f(strict.precision), _f(strict.recall),
            _f(total(scores(r, "relaxed")).f1), _f(macro_f1(scores(r))), _f(total(scores(r, "seen")).f1),
            _f(total(scores(r, "unseen")).f1), _f(total(relations).f1) if total(relations).found else NONE,
            _f(attributes.f1) if attributes.found else NONE,
        ))  # fmt: skip
    yield Table("Entities; seen: spans whose words are those of a training span of the same type", heads, rows)
    if len(whole(ran)) < len(ran):
        yield Paragraph("Systems that read fewer records are too slow for all; their figures are of those records alone.")


def _costs(ran: Sequence[Result], costs: Mapping[str, Cost]) -> Iterator[Block]:
    yield Heading("Accuracy against cost")
    points = {r["system"]: _spread(costs[r["system"]].joules, total(scores(r)).f1) for r in ran}
    joules = "energy a record, joules (log axis; lines: range of the model)"
    yield Plot("Strict F1 of each system against the energy that it takes to read a record.",
               accuracy_against_cost(points, joules, "strict F1"))  # fmt: skip
    heads = ("system", "CPU a record", "median", "95th percentile", "records an hour", "cold start", "memory", "on disk", "parameters",
             "training", "energy a record", "CO2e, 1,000 records")  # fmt: skip
    rows = []
    for r in ran:
        running, spent = r["running"], costs[r["system"]]
        rows.append((
            r["system"], _seconds(running["cpu_seconds"]), _seconds(running["seconds_p50"]), _seconds(running["seconds_p95"]),
            f"{running['records_per_hour']:,.0f}", _seconds(running["cold_start_seconds"]), f"{running['peak_mib']:,.0f} MiB",
            f"{r['size']['bytes'] / 1e6:,.1f} MB", _count(r["size"]["parameters"]), _seconds(r["training"]["cpu_seconds"]),
            _range(spent.joules, _joules), _range(spent.grams.times(1000), lambda x: f"{_short(x)} g"),
        ))  # fmt: skip
    yield Table("Cost of running; seconds are of the wall clock but for CPU and training, which are of the processor", heads, rows)
    loads = {r["running"].get("load") for r in ran} - {None}
    if any(load and load > 1 for load in loads):
        yield Paragraph("The machine had other work meanwhile: wall-clock seconds are as it was, CPU seconds and what follows from them are not touched.")
    counted = [(r["system"], r["running"]["energy"]) for r in ran if r["running"].get("energy")]
    if counted:
        rows = [(name, _joules(e["joules"]), _joules(costs[name].joules.value), e["method"]) for name, e in counted]
        yield Table("Energy a record as measured, beside the model", ("system", "measured", "model", "by"), rows)


def _money(ran: Sequence[Result], costs: Mapping[str, Cost], prices: Prices) -> Iterator[Block]:
    yield Heading("Money")
    every = prices.oncology_trials.value
    heads = ("system", "1,000: electricity", "1,000: cloud instance", f"{every:,.0f}: electricity", f"{every:,.0f}: cloud instance",
             f"{every:,.0f}: time on two cores")  # fmt: skip
    rows = [
        (r["system"], *(_range(c.electricity.times(n), _dollars) if how == "electricity" else _dollars(c.instance * n)
                        for n in (1000, every) for how in ("electricity", "instance")),
         _seconds(every / r["running"]["records_per_hour"] * 3600))
        for r in ran for c in (costs[r["system"]],)
    ]  # fmt: skip
    yield Table(f"US dollars for 1,000 trials and for all oncology trials, about {every:,.0f}; instance: {prices.instance.name}", heads, rows)
    asked = [r for r in ran if costs[r["system"]].api]
    for r in asked:
        read, written = r["running"]["tokens"]
        rows = [(name, _dollars(usd), _dollars(usd * 1000), _dollars(usd * every)) for name, usd in costs[r["system"]].api.items()]
        yield Table(
            f"The prompts of `{r['system']}`, {read:,.0f} tokens read and {written:,.0f} written a record, at list prices of hosted models",
            ("model", "a trial", "1,000", f"{every:,.0f}"), rows,
        )  # fmt: skip
    if asked:
        yield Paragraph("Those models were not run; another tokenizer and longer answers change the count, caching and batches lower the price.")


def _curves(ran: Sequence[Result]) -> Iterator[Block]:
    taught = {r["system"]: r["curve"] for r in ran if r.get("curve")}
    if not taught:
        return
    yield Heading("Data needed")
    series = {r["system"]: [Point(p["records"], p["strict"]) for p in taught.get(r["system"], ())] for r in ran}
    yield Plot("Learning curves: strict F1 by the number of annotated training records.",
               lines("curve", series, "training records (log axis)", "strict F1"))  # fmt: skip
    sizes = sorted({p["records"] for curve in taught.values() for p in curve})
    by_size = {name: {p["records"]: p["strict"] for p in curve} for name, curve in taught.items()}
    rows = [(name, *(_f(by_size[name][n]) if n in by_size[name] else NONE for n in sizes)) for name in taught]
    yield Table("Strict F1 by training records", ("system", *(f"{n:,}" for n in sizes)), rows)


def _lengths(ran: Sequence[Result]) -> Iterator[Block]:
    yield Heading("Length of documents")
    series = {
        r["system"]: [Point(sum(b["characters"]) / 2, b["cpu_seconds"]) for b in r["running"]["by_length"] if b["records"]]
        for r in ran
    }
    yield Plot("CPU seconds a record by its length, both axes logarithmic.",
               lines("length", series, "characters (middle of the group, log axis)", "CPU seconds (log axis)", log_y=True))  # fmt: skip
    groups = list(dict.fromkeys(tuple(b["characters"]) for r in ran for b in r["running"]["by_length"]))
    rows = []
    for r in ran:
        found = {tuple(b["characters"]): b for b in r["running"]["by_length"] if b["records"]}
        rows.append((r["system"], *(_seconds(found[g]["cpu_seconds"]) if g in found else NONE for g in groups)))
    yield Table("CPU a record by its characters", ("system", *(f"{least:,} to {most:,}" for least, most in groups)), rows)


def _types(ran: Sequence[Result], choices: Sequence[Choice]) -> Iterator[Block]:
    yield Heading("By entity type")
    f1 = {r["system"]: {t: s.f1 for t, s in scores(r).items() if s.wanted} for r in ran}
    wanted = {t: s.wanted for t, s in scores(whole(ran)[0]).items()}
    order = sorted((t for t in ENTITY_TYPES if wanted.get(t)), key=lambda t: -wanted[t])
    shown = {i: (r["system"], f1[r["system"]]) for i, r in enumerate(ran) if r["system"] in _leaders(ran)}
    yield Plot("Strict F1 by entity type: the best of ours, of the conventional systems and of the generative ones.",
               bars(shown, order, "strict F1"))  # fmt: skip
    rows = [(t, f"{wanted[t]:,}", *(_f(f1[r["system"]][t]) if t in f1[r["system"]] else NONE for r in ran)) for t in order]
    yield Table("Strict F1 by entity type", ("type", "spans", *(r["system"] for r in ran)), rows)
    yield Heading("Which to take")
    yield Paragraph(
        f"The rule: of the systems that read all records, those whose strict F1 on the type is within {CLOSE} of the best, or within one "
        f"standard error of it, count as equally good, and the one that takes least energy a record is recommended. With fewer than {ENOUGH} "
        "annotated spans nothing is said."
    )
    rows = [(c.type, f"{c.wanted:,}", c.system, _f(c.f1), c.best, _f(c.best_f1), c.reason) for c in choices]
    yield Table("Recommended by entity type", ("type", "spans", "take", "its F1", "best", "its F1", "why"), rows)
    left = [t for t in ENTITY_TYPES if t not in {c.type for c in choices}]
    if left:
        yield Paragraph(f"Too few to say: {', '.join(left)}.")


def _leaders(ran: Sequence[Result]) -> set[str]:
    """The best of ours, of the conventional ones and of the generative ones, by strict F1."""
    families: dict[str, list[Result]] = {}
    for r in ran:
        name = r["system"]
        families.setdefault("ours" if name in OURS else "generative" if name in GENERATIVE else "other", []).append(r)
    return {max(family, key=lambda r: total(scores(r)).f1)["system"] for family in families.values()}


def _updates(ran: Sequence[Result]) -> Iterator[Block]:
    rows = []
    for r in ran:
        u = r.get("update")
        if u:
            way = "none" if not u["able"] else f"{u['sentences']} annotated sentences" if u["sentences"] else "their names alone"
            cpu = _seconds(u["cpu_seconds"]) if u["able"] else NONE
            rows.append((r["system"], way, cpu, _f(u["recall_before"]), _f(u["recall_after"])))
    if rows:
        names = next(r["update"]["names"] for r in ran if r.get("update"))
        yield Heading("Update cost")
        yield Table(f"Adding {names} invented drugs: what it takes, and how many mentions of them in held sentences are found",
                    ("system", "by", "CPU", "recall before", "recall after"), rows)  # fmt: skip


def _steps(ran: Sequence[Result]) -> Iterator[Block]:
    yield Heading("Preprocessing")
    rows = [(r["system"], f"{len(r['steps'])}", "; ".join(r["steps"]), r.get("settings") or NONE) for r in ran]
    yield Table("What must happen to a text before and after", ("system", "steps", "which", "settings"), rows)


def _examples(ran: Sequence[Result], texts: Texts) -> Iterator[Block]:
    by_place: dict[tuple[str, str, int, int], list[Result]] = {}
    for r in ran:
        for e in r.get("examples", ()):
            by_place.setdefault((e["record"], e["passage"], e["start"], e["end"]), []).append({**e, "system": r["system"]})
    if not by_place:
        return
    yield Heading("Errors side by side")
    known = {place: rows for place, rows in by_place.items() if place[:2] in texts}
    if not known:
        yield Paragraph(f"{len(by_place)} lines; the records' text was not given, and is not kept with the results.")
    for (record, passage, start, end), rows in known.items():
        marks = [("annotated", _moved(rows[0]["wanted"], start)), *((e["system"], _moved(e["found"], start)) for e in rows)]
        yield Marked(f"{record}, {passage}:", texts[record, passage][start:end], marks)


def _moved(spans: Iterable[Sequence[Any]], by: int) -> list[tuple[int, int, str]]:
    return [(start - by, end - by, type_) for type_, start, end in spans]


def _method(results: Sequence[Result], prices: Prices) -> Iterator[Block]:
    yield Heading("How it was measured")
    yield Paragraph(
        "Energy by the model: CPU seconds × (watts a busy core + watts a GiB × memory at its peak) × overhead of the building; ranges come from "
        "the low and high ends of all three. Where a counter of the machine told more, it stands beside. Carbon: energy × intensity of the first "
        "grid. Edit the table of prices and give it with `--prices`."
    )
    quoted = [(name.replace("_", " "), q) for name, q in zip(Prices._fields[:6], prices[:6], strict=True)]
    quoted += [(f"grid, {name}, g CO2e a kWh", q) for name, q in prices.grid.items()]
    rows = [(name, f"{q.value:,g}", f"{q.low:,g} to {q.high:,g}" if q.low < q.high else NONE, q.date, q.source) for name, q in quoted]
    rows += [(f"{name}, USD a million tokens", f"{t.read:g} read, {t.written:g} written", NONE, t.date, t.source) for name, t in prices.api.items()]
    yield Table("Parameters and prices", ("what", "figure", "range", "date", "from"), rows)
    rows = [
        (r["system"], f"`{r['command']}`", f"{r['seed']}", r["split"], _machine(r["machine"]), r["date"]) for r in results
    ]
    yield Table("Where each system's figures are from", ("system", "command", "seed", "split", "machine", "date"), rows)


def _machine(machine: Any) -> str:
    return ", ".join(map(str, machine.values())) if isinstance(machine, dict) else str(machine)


def _spread(joules: Range, y: float) -> Point:
    return Point(joules.value, y, joules.low, joules.high)


def _f(x: float) -> str:
    return f"{x:.3f}"


def _short(x: float) -> str:
    """Two significant digits, and no exponent."""
    return f"{float(f'{x:.2g}'):,.10f}".rstrip("0").rstrip(".") if x < 100 else f"{x:,.0f}"


def _range(r: Range, show: Any) -> str:
    return f"{show(r.value)} ({_short(r.low)}–{_short(r.high)})" if r.low < r.high else str(show(r.value))


def _joules(x: float) -> str:
    return f"{_short(x)} J"


def _dollars(x: float) -> str:
    return f"{_short(x)} $"


def _count(n: int) -> str:
    return NONE if not n else f"{n / 1e6:,.1f} M" if n >= 1e5 else f"{n:,}"


def _seconds(x: float) -> str:
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if x >= 2 * size or (unit == "s" and x >= 1):
            return f"{_short(x / size)} {unit}"
    return f"{_short(x * 1000)} ms"
