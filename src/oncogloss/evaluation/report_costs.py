"""What each system costs, as parts of the report: running, money, data, length of documents, new names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from oncogloss.evaluation.energy import Cost, Prices
from oncogloss.evaluation.plots import Point, accuracy_against_cost, lines
from oncogloss.evaluation.results import (
    ELSEWHERE,
    NONE,
    Result,
    dollars,
    f1,
    joules,
    parameters,
    seconds,
    share,
    short,
    spread,
)
from oncogloss.writers.page import Block, Heading, Paragraph, Plot, Table


def cost_blocks(ran: Sequence[Result], costs: Mapping[str, Cost], prices: Prices) -> Iterator[Block]:
    """All parts, in order."""
    yield from _running(ran, costs)
    yield from _money(ran, costs, prices)
    yield from _curves(ran)
    yield from _lengths(ran)
    yield from _updates(ran)


def _running(ran: Sequence[Result], costs: Mapping[str, Cost]) -> Iterator[Block]:
    yield Heading("Accuracy against cost")
    points = {
        r["system"]: Point(spent.value, f1(r), spent.low, spent.high)
        for r in ran
        if r["system"] not in ELSEWHERE
        for spent in (costs[r["system"]].joules,)
    }
    yield Plot(
        "Strict F1 of each system against the energy that it takes to read a record; lines: the range of the model.",
        accuracy_against_cost(points, "joules a record (log axis)", "strict F1"),
    )
    rows, sizes = [], []
    for r in ran:
        running, spent, here = r["running"], costs[r["system"]], r["system"] not in ELSEWHERE
        drawn = [
            seconds(running["cpu_seconds"]),
            spread(spent.joules, joules),
            spread(spent.grams.times(1000), lambda x: f"{short(x)} g"),
            f"{running['records_per_hour']:,.0f}",
        ]
        waited = [seconds(running[f"{clock}_{at}"]) for clock in ("cpu_seconds", "seconds") for at in ("p50", "p95")]
        rows.append([r["system"], *(drawn if here else [NONE] * len(drawn)), *waited])
        sizes.append(
            [
                r["system"],
                parameters(r["size"]["parameters"]),
                f"{r['size']['bytes'] / 1e6:,.1f} MB",
                f"{running['peak_mib']:,.0f} MiB",
                seconds(running["cold_start_cpu_seconds"]),
                seconds(running["cold_start_seconds"]),
                seconds(r["training"]["cpu_seconds"]) if r["training"] else "none",
                f"{r['records']['training']:,}",
            ]
        )
    heads = ["CPU a record", "energy a record", "CO2e, 1,000 records", "records an hour"]
    heads += ["median, CPU", "95th percentile, CPU", "median, wall", "95th percentile, wall"]
    yield Table(
        "Reading a record; CPU: seconds of the processor, wall: of the clock on the wall", ["system", *heads], rows
    )
    heads = [
        "parameters",
        "on disk",
        "memory",
        "cold start, CPU",
        "cold start, wall",
        "training, CPU",
        "training records",
    ]
    yield Table("Size, start and training", ["system", *heads], sizes)
    if any(r["running"].get("load", 0) > 2 for r in ran):
        yield Paragraph(
            "The machine had other work meanwhile: wall-clock times are longer than on a free one. CPU seconds, and "
            "what follows from them (energy, money, records an hour of two cores), are not touched by that."
        )
    metered = [(r["system"], r["running"]["energy"]) for r in ran if r["running"].get("energy")]
    if metered:
        rows = [[name, joules(e["joules"]), joules(costs[name].joules.value), e["method"]] for name, e in metered]
        yield Table("Energy a record, metered and by the model", ["system", "metered", "model", "meter"], rows)


def _money(ran: Sequence[Result], costs: Mapping[str, Cost], prices: Prices) -> Iterator[Block]:
    yield Heading("Money")
    every = prices.oncology_trials.value
    rows = []
    for r in ran:
        if r["system"] not in ELSEWHERE:
            c, hours = costs[r["system"]], every / r["running"]["records_per_hour"]
            bills = [
                bill
                for n in (1000, every)
                for bill in (spread(c.electricity.times(n), dollars), dollars(c.instance * n))
            ]
            rows.append([r["system"], *bills, seconds(3600 * hours)])
    heads = [f"{n:,.0f} trials: {how}" for n in (1000, every) for how in ("electricity", "instance")]
    yield Table(
        f"US dollars; all oncology trials are about {every:,.0f}; instance: {prices.instance.name}",
        ["system", *heads, "time for all, two cores"],
        rows,
    )
    asked = [r for r in ran if costs[r["system"]].api]
    for r in asked:
        read, written = r["running"]["tokens"]
        yield Table(
            f"The prompts of `{r['system']}`, {read:,.0f} tokens read and {written:,.0f} written a record, at list "
            "prices of hosted models",
            ["model", "a trial", "1,000 trials", f"{every:,.0f} trials"],
            [[name, *(dollars(usd * n) for n in (1, 1000, every))] for name, usd in costs[r["system"]].api.items()],
        )
    if asked:
        yield Paragraph(
            "Those models were not run. Other tokenizers count otherwise, a better model writes more, and caches and "
            "batches lower the price."
        )


def _curves(ran: Sequence[Result]) -> Iterator[Block]:
    taught = {r["system"]: {p["records"]: p["strict"] for p in r["curve"]} for r in ran if r.get("curve")}
    for r in ran:
        if r["system"] in taught:
            taught[r["system"]][r["records"]["training"]] = f1(r)
    if not taught:
        return
    yield Heading("Data needed")
    series = {r["system"]: [Point(n, y) for n, y in taught.get(r["system"], {}).items()] for r in ran}
    yield Plot(
        "Learning curves: strict F1 by the number of annotated training records.",
        lines("curve", series, "training records (log axis)", "strict F1"),
    )
    sizes = sorted({n for curve in taught.values() for n in curve})
    rows = [[name, *(share(curve[n]) if n in curve else NONE for n in sizes)] for name, curve in taught.items()]
    yield Table("Strict F1 by training records", ["system", *(f"{n:,}" for n in sizes)], rows)


def _lengths(ran: Sequence[Result]) -> Iterator[Block]:
    yield Heading("Length of documents")
    groups = {r["system"]: r["running"]["by_length"] for r in ran}
    series = {name: [Point(sum(g["characters"]) / 2, g["cpu_seconds"]) for g in gs] for name, gs in groups.items()}
    yield Plot(
        "CPU seconds a record by its length.",
        lines("length", series, "characters, middle of a quarter of the records (log axis)", "CPU seconds (log axis)",
              log_y=True),
    )  # fmt: skip
    rows = [
        [name, *(f"{seconds(g['cpu_seconds'])} at {sum(g['characters']) / 2:,.0f}" for g in gs)]
        for name, gs in groups.items()
    ]
    most = max(map(len, groups.values()))
    rows = [[*row, *[NONE] * (most + 1 - len(row))] for row in rows]
    yield Table(
        "CPU a record at a length in characters, by quarters of the records, the short ones first",
        ["system", *(f"quarter {k}" for k in range(1, most + 1))],
        rows,
    )


def _updates(ran: Sequence[Result]) -> Iterator[Block]:
    updates = {r["system"]: r["update"] for r in ran if r.get("update")}
    if not updates:
        return
    yield Heading("Update cost")
    rows = []
    for name, u in updates.items():
        way = f"{u['sentences']} annotated sentences" if u["sentences"] else "their names alone"
        told = [way, seconds(u["cpu_seconds"])] if u["able"] else ["no way to", NONE]
        rows.append([name, *told, share(u["recall_before"]), share(u["recall_after"])])
    names = max(u["names"] for u in updates.values())
    yield Table(
        f"Adding {names} invented drugs: what it takes, and the share of their mentions in other sentences that is "
        "found",
        ["system", "by", "CPU", "found before", "after"],
        rows,
    )
