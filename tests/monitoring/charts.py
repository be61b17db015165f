"""Draws what Prometheus answered: `.venv/tools/bin/python tests/monitoring/charts.py answers.json folder`.

One picture for each dashboard, with its panels in their order. Imports nothing of the project: matplotlib is
in the tools' environment.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

COLUMNS = 3
WIDTH, HEIGHT = 5.2, 2.7
"""Of one panel, in inches."""
MOST_NAMES = 8
"""In a legend; of series that are 0 all the time, none is named beside others."""
PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def shown(value: float, unit: str) -> str:
    """A value as people read it."""
    if unit == "percentunit":
        return f"{value:.1%}"
    if unit == "s" and 0 < abs(value) < 1:
        return f"{value * 1000:.3g} ms"
    suffix = {"s": " s", "bytes": "B", "Bps": "B/s"}.get(unit, "")
    for size, prefix in PREFIXES:
        if abs(value) >= size and unit != "s":
            return f"{value / size:.3g} {prefix}{suffix}"
    return f"{value:.3g}{suffix}"


def largest(series: dict[str, Any]) -> float:
    """Its largest value that is a number."""
    return max((value for _, value in series["values"] if math.isfinite(value)), default=0.0)


def draw(axes: Axes, panel: dict[str, Any], begin: float) -> None:
    """One panel: lines over time, or the last value in large letters."""
    axes.set_title(panel["title"], fontsize=9, loc="left")
    unit = panel["unit"]
    if panel["type"] == "stat":
        last = panel["series"][0]["values"][-1][1]
        axes.text(0.5, 0.5, shown(last, unit), ha="center", va="center", fontsize=26)
        axes.set_axis_off()
        axes.set_title(panel["title"], fontsize=9, loc="left")
        return
    by_size = sorted(panel["series"], key=largest, reverse=True)
    for number, series in enumerate(by_size):
        times = [(moment - begin) / 60 for moment, _ in series["values"]]
        values = [value if math.isfinite(value) else math.nan for _, value in series["values"]]
        named = number < MOST_NAMES and (number == 0 or largest(series) > 0)
        axes.plot(times, values, linewidth=1.1, label=series["name"] if named else None)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: shown(value, unit)))
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.25)
    axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    axes.legend(fontsize=6, loc="upper left", framealpha=0.6)


def picture(dashboard: dict[str, Any], begin: float, file: Path) -> None:
    """All panels of one dashboard."""
    panels = dashboard["panels"]
    rows = math.ceil(len(panels) / COLUMNS)
    figure, grid = plt.subplots(
        rows, COLUMNS, figsize=(COLUMNS * WIDTH, rows * HEIGHT), layout="constrained", squeeze=False
    )
    figure.suptitle(f"TaskManager: {dashboard['title']} (minutes)", fontsize=12)
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_axis_off()
    for axes, panel in zip(grid.flat, panels, strict=False):
        draw(axes, panel, begin)
    figure.savefig(file, dpi=80)
    plt.close(figure)


def main(answers: Path, folder: Path) -> None:
    """Draw all of them."""
    read = json.loads(answers.read_text(encoding="utf-8"))
    for dashboard in read["dashboards"]:
        name = dashboard["title"].lower().replace(" ", "-")
        picture(dashboard, read["begin"], folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
