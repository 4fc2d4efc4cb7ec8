"""Energy, carbon and money of reading: by a counter of the machine where there is one, else by a stated model.

The model: a busy core draws so many watts, held memory so many a GiB, the building adds its overhead. Its parameters,
the grids' intensities and the prices stand in `prices.toml`, with ranges, dates and sources.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from oncogloss.errors import InputError

PRICES = Path(__file__).with_name("prices.toml")
POWERCAP = Path("/sys/class/powercap")
JOULES_PER_KWH = 3.6e6


class Quoted(NamedTuple):
    """A figure with its range, its date and where it is from."""

    value: float
    low: float
    high: float
    date: str
    source: str
    name: str = ""


class Tokens(NamedTuple):
    """USD a million tokens, read and written."""

    read: float
    written: float
    date: str
    source: str


class Prices(NamedTuple):
    """All that `prices.toml` says."""

    watts_per_core: Quoted
    watts_per_gib: Quoted
    overhead: Quoted
    electricity: Quoted
    instance: Quoted
    oncology_trials: Quoted
    grid: dict[str, Quoted]
    api: dict[str, Tokens]


QUOTED = Prices._fields[:6]  # the entries that are one figure


class Range(NamedTuple):
    """A figure and how low or high it may be."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> Range:
        """All three, so many times."""
        return Range(*(x * factor for x in self))


def read_prices(path: Path = PRICES) -> Prices:
    """Read a table of prices. Raises InputError where an entry lacks something or the file does not parse."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        single = {name: _quoted(table[name]) for name in QUOTED}
        grid = {name: _quoted(row) for name, row in table["grid"].items()}
        api = {name: _tokens(row) for name, row in table["api"].items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no table of prices ({error}).") from None
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: an entry is missing or wrong ({error}); see {PRICES.name}.") from None
    if not grid:
        raise InputError(f"{path}: no grid; see {PRICES.name}.")
    return Prices(**single, grid=grid, api=api)


def _quoted(row: Mapping[str, Any]) -> Quoted:
    value = float(row["value"])
    low, high = float(row.get("low", value)), float(row.get("high", value))
    return Quoted(value, low, high, str(row["date"]), str(row["source"]), str(row.get("name", "")))


def _tokens(row: Mapping[str, Any]) -> Tokens:
    return Tokens(float(row["read"]), float(row["written"]), str(row["date"]), str(row["source"]))


def modelled(cpu_seconds: float, peak_mib: float, prices: Prices) -> Range:
    """Joules of so much CPU time with so much memory, held while one core works."""
    gib = peak_mib / 1024

    def joules(end: str) -> float:
        core, memory, overhead = (
            float(getattr(quoted, end)) for quoted in (prices.watts_per_core, prices.watts_per_gib, prices.overhead)
        )
        return cpu_seconds * (core + memory * gib) * overhead

    return Range(joules("value"), joules("low"), joules("high"))


class Meter:
    """What a span of work drew, after `metered`: joules, and by what; None where nothing here can tell."""

    joules: float | None = None
    method: str = "none"


@contextmanager
def metered(powercap: Path = POWERCAP) -> Iterator[Meter]:
    """Measure the energy of the block: the processor's own counters (RAPL: of the whole machine), else CodeCarbon where
    it is installed (without a counter it multiplies a nominal power by load, and its method says so)."""
    meter, zones = Meter(), _zones(powercap)
    if zones:
        before = [_microjoules(zone) for zone in zones]
        yield meter
        spent = (_since(zone, start) for zone, start in zip(zones, before, strict=True))
        meter.joules, meter.method = sum(spent) / 1e6, "RAPL, the whole machine"
    elif find_spec("codecarbon"):
        from codecarbon import OfflineEmissionsTracker

        tracker = OfflineEmissionsTracker(
            country_iso_code="USA", tracking_mode="process", save_to_file=False, log_level="critical"
        )
        tracker.start()
        try:
            yield meter
        finally:
            tracker.stop()
        meter.joules = tracker.final_emissions_data.energy_consumed * JOULES_PER_KWH
        meter.method = f"CodeCarbon {tracker.final_emissions_data.codecarbon_version}, nominal power × load"
    else:
        yield meter


def _zones(powercap: Path) -> list[Path]:
    """The packages whose counters can be read: `intel-rapl:0` and so on, not their parts."""
    zones = sorted(powercap.glob("*-rapl:[0-9]*")) if powercap.is_dir() else []
    return [zone for zone in zones if zone.name.count(":") == 1 and _readable(zone / "energy_uj")]


def _readable(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True


def _microjoules(zone: Path) -> int:
    return int((zone / "energy_uj").read_text(encoding="ascii"))


def _since(zone: Path, before: int) -> int:
    """What a counter has counted; it starts again from 0 after `max_energy_range_uj`."""
    now = _microjoules(zone)
    return now - before if now >= before else now - before + int((zone / "max_energy_range_uj").read_text("ascii"))


class Cost(NamedTuple):
    """What reading one record costs, energy by the model; `api` is USD by model, where tokens were counted."""

    joules: Range
    grams: Range
    electricity: Range
    instance: float
    api: dict[str, float]


def cost(result: Mapping[str, Any], prices: Prices) -> Cost:
    """The cost of one record from the figures of a system's result."""
    running = result["running"]
    joules = modelled(running["cpu_seconds"], running["peak_mib"], prices)
    kwh = joules.times(1 / JOULES_PER_KWH)
    tokens = running.get("tokens")
    return Cost(
        joules,
        kwh.times(next(iter(prices.grid.values())).value),
        Range(*(k * p for k, p in zip(kwh, prices.electricity[:3], strict=True))),
        prices.instance.value / running["records_per_hour"],
        {name: (tokens[0] * p.read + tokens[1] * p.written) / 1e6 for name, p in prices.api.items()} if tokens else {},
    )
