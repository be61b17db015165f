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

CELLS = 6
"""Columns of the grid: a figure is one cell wide, a chart two, as on the dashboards."""
WIDTH_OF = {"stat": 1, "timeseries": 2}
HEIGHT_OF = {"stat": 1.1, "timeseries": 2.6}
"""Of a row of such panels, in inches."""
CELL_INCHES = 2.4
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
        axes.text(0.5, 0.5, shown(last, unit), ha="center", va="center", fontsize=20)
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
    top = max(map(largest, by_size))
    axes.set_ylim(bottom=0, top=top * 1.15 if top > 0 else 1)
    axes.legend(fontsize=6, loc="best", framealpha=0.6)


def rows_of(panels: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The panels in rows: as many of one kind as fit beside each other."""
    rows: list[list[dict[str, Any]]] = []
    for panel in panels:
        last = rows[-1] if rows else []
        fits = last and last[0]["type"] == panel["type"]
        if fits and sum(WIDTH_OF[one["type"]] for one in last) + WIDTH_OF[panel["type"]] <= CELLS:
            last.append(panel)
        else:
            rows.append([panel])
    return rows


def picture(dashboard: dict[str, Any], begin: float, file: Path) -> None:
    """All panels of one dashboard."""
    rows = rows_of(dashboard["panels"])
    heights = [HEIGHT_OF[row[0]["type"]] for row in rows]
    figure = plt.figure(figsize=(CELLS * CELL_INCHES, sum(heights) + 0.4), layout="constrained")
    grid = figure.add_gridspec(len(rows), CELLS, height_ratios=heights)
    figure.suptitle(f"TaskManager: {dashboard['title']} (minutes)", fontsize=12)
    for number, row in enumerate(rows):
        width = WIDTH_OF[row[0]["type"]]
        for place, panel in enumerate(row):
            cells = grid[number, place * width : (place + 1) * width]
            draw(figure.add_subplot(cells), panel, begin)
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
