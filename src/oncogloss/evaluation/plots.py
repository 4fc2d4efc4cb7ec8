"""Plots of the comparison as SVG that takes its colours from the page around it (`--s0` … and the page's ink)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple

from oncogloss.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, PAPER = "#010203", "#fdfcfb"  # stand-ins, replaced by what the page says
SERIES = tuple(f"#0a0b{i:02x}" for i in range(10))
MARKERS = "osD^vPX<>*"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "oncogloss",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # only to measure by: the page's font is used
    "font.size": 10,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "legend.frameon": False,
}


class Point(NamedTuple):
    """A figure at a place of an axis; low and high: its range on that axis."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


def _svg(name: str, size: tuple[float, float], paint: Callable[[Axes], None]) -> str:
    """An <svg> element that `paint` drew; `name` keeps its ids apart from those of the page's other plots."""
    try:
        import matplotlib
    except ImportError:
        raise MissingExtraError("matplotlib", "compare") from None
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        paint(figure.subplots())
        out = StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor").replace(PAPER, "var(--paper)")
    for i, stand_in in enumerate(SERIES):
        svg = svg.replace(stand_in, f"var(--s{i})")
    svg = re.sub(r'\bid="', f'id="{name}-', re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL))
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font: \1px system-ui, sans-serif", svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", svg)
    return re.sub(r'<svg [^>]*viewBox="([^"]+)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', svg, count=1)


def accuracy_against_cost(points: Mapping[str, Point], x: str, y: str) -> str:
    """Each system at its cost (log axis, with its range) and its accuracy."""

    def paint(axes: Axes) -> None:
        for i, (name, p) in enumerate(points.items()):
            if p.low is not None and p.high is not None:
                axes.plot([p.low, p.high], [p.y, p.y], color=SERIES[i], linewidth=1.2, alpha=0.6)
            axes.plot([p.x], [p.y], MARKERS[i], color=SERIES[i], markersize=8)
            above = 8 if i % 2 == 0 else -16
            axes.annotate(name, (p.x, p.y), xytext=(0, above), textcoords="offset points", ha="center", weight="bold")
        axes.set_xscale("log")
        axes.margins(0.12, 0.15)
        axes.set(xlabel=x, ylabel=y)

    return _svg("cost", (7, 4.2), paint)


def lines(name: str, series: Mapping[str, Sequence[Point]], x: str, y: str, *, log_y: bool = False) -> str:
    """Lines with markers, one a system, on a log axis of `x`."""

    def paint(axes: Axes) -> None:
        for i, (system, points) in enumerate(series.items()):
            if points:
                xs, ys = [p.x for p in points], [p.y for p in points]
                axes.plot(xs, ys, marker=MARKERS[i], color=SERIES[i], label=system)
        axes.set_xscale("log")
        axes.set_yscale("log" if log_y else "linear")
        places = sorted({p.x for points in series.values() for p in points})
        axes.set_xticks(places, [f"{place:,.0f}" for place in places], minor=False)
        axes.minorticks_off()
        axes.set(xlabel=x, ylabel=y)
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))

    return _svg(name, (7, 3.6), paint)


def bars(series: Mapping[int, tuple[str, Mapping[str, float]]], order: Sequence[str], x: str) -> str:
    """Horizontal bars by type; `series` is by the number of the system's colour: (name, figure by type)."""

    def paint(axes: Axes) -> None:
        height = 0.8 / max(1, len(series))
        for k, (i, (system, figures)) in enumerate(series.items()):
            at = [row + k * height for row in range(len(order))]
            axes.barh(at, [figures.get(type_, 0.0) for type_ in order], height * 0.9, color=SERIES[i], label=system)
        axes.set_yticks([row + height * (len(series) - 1) / 2 for row in range(len(order))], order)
        axes.set_ylim(len(order) - 0.3, -0.6)
        axes.set_axisbelow(True)
        axes.grid(visible=False, axis="y")
        axes.set_xlim(0, 1)
        axes.set(xlabel=x)
        axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=3)

    return _svg("types", (7, 1.0 + 0.36 * len(order)), paint)
