"""Energy and money of reading, by hand-counted cases and a made-up counter."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncogloss.errors import InputError
from oncogloss.evaluation.energy import PRICES, QUOTED, cost, metered, modelled, read_prices

from made_up import result  # isort: skip


def test_every_figure_of_the_table_has_a_range_a_date_and_a_source() -> None:
    prices = read_prices()
    for quoted in [*(getattr(prices, name) for name in QUOTED), *prices.grid.values()]:
        assert 0 < quoted.low <= quoted.value <= quoted.high and quoted.date[:2] == "20"
        assert "http" in quoted.source or "assumption" in quoted.source or "Methodology" in quoted.source
    assert all(api.read < api.written and "http" in api.source for api in prices.api.values())


def test_the_model_by_hand() -> None:
    prices = read_prices()
    drawn = modelled(10, 2048, prices)
    assert drawn.value == pytest.approx(10 * (3.5 + 0.392 * 2) * 1.135)
    assert drawn.low == pytest.approx(10 * (1.69 + 0.375 * 2) * 1.0)
    assert drawn.low < drawn.value < drawn.high
    assert modelled(0, 2048, prices) == (0, 0, 0)


def test_cost_by_hand() -> None:
    prices, made_up = read_prices(), result("llm", 0.1, 10.0)
    made_up["running"] |= {"peak_mib": 2048, "records_per_hour": 720, "tokens": [8000, 500]}
    spent = cost(made_up, prices)
    kwh = 10 * (3.5 + 0.392 * 2) * 1.135 / 3.6e6
    assert spent.joules.value == pytest.approx(kwh * 3.6e6)
    assert spent.grams.value == pytest.approx(kwh * 379.07)
    assert spent.electricity.value == pytest.approx(kwh * 0.13)
    assert spent.instance == pytest.approx(0.1008 / 720)
    assert spent.api["GPT-5 mini"] == pytest.approx(8000 * 0.25e-6 + 500 * 2e-6)
    assert cost(result("crf", 0.8, 0.1), prices).api == {}, "no tokens, no API"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[grid", "no table of prices"),
        ("", "an entry is missing"),
        (PRICES.read_text(encoding="utf-8").replace("written = 2.0", ""), "an entry is missing"),
        (PRICES.read_text(encoding="utf-8").replace("value = 3.5", "value = 'much'"), "an entry is missing"),
    ],
)
def test_a_table_that_lacks_something_is_named(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=why):
        read_prices(path)


def counter(folder: Path, microjoules: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    (folder / "max_energy_range_uj").write_text("1000000\n")


def test_counters_are_read_and_may_start_again(tmp_path: Path) -> None:
    counter(tmp_path / "intel-rapl:0", 900_000)
    counter(tmp_path / "intel-rapl:1", 0)
    counter(tmp_path / "intel-rapl:0:0", 0)  # a part of the first package, counted there already
    with metered(tmp_path) as meter:
        counter(tmp_path / "intel-rapl:0", 100_000)
        counter(tmp_path / "intel-rapl:1", 300_000)
        counter(tmp_path / "intel-rapl:0:0", 700_000)
    assert meter.joules == pytest.approx(0.5)
    assert meter.method.startswith("RAPL")


def test_without_counter_or_tracker_nothing_is_metered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oncogloss.evaluation.energy.find_spec", lambda name: None)
    with metered(tmp_path / "none") as meter:
        pass
    assert meter.joules is None


def test_codecarbon_stands_in_where_it_is_installed(tmp_path: Path) -> None:
    pytest.importorskip("codecarbon")
    with metered(tmp_path / "none") as meter:
        sum(range(1_000_000))
    assert meter.joules is not None and meter.joules >= 0
    assert meter.method.startswith("CodeCarbon") and "nominal power" in meter.method
