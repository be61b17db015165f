"""The result of a measurement: a named number with its unit, its runs and its target, if it has one.

A missed target is shown, never an error: a measurement asserts nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Target:
    """The minimum or maximum of a figure."""

    limit: float
    at_least: bool = False

    def met(self, value: float) -> bool:
        """Whether a value meets the target."""
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {rounded(self.limit)}"


def at_least(limit: float) -> Target:
    """A minimum: more is better."""
    return Target(limit, at_least=True)


def at_most(limit: float) -> Target:
    """A maximum: less is better."""
    return Target(limit)


@dataclass(frozen=True)
class Figure:
    """One measured number: the median of its runs."""

    name: str
    runs: tuple[float, ...]
    unit: str
    target: Target | None = None
    note: str = ""

    @property
    def value(self) -> float:
        """The median."""
        return median(self.runs)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        return self.target.met(self.value) if self.target else None

    def line(self) -> str:
        """Name, value, unit, and the note if there is one."""
        note = f" ({self.note})" if self.note else ""
        return f"{self.name} {rounded(self.value)} {self.unit}{note}"

    def document(self) -> dict[str, Any]:
        """The figure as JSON."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "runs": list(self.runs),
            "target": str(self.target) if self.target else None,
            "met": self.met,
            "note": self.note,
        }


def figure(
    name: str, runs: float | Sequence[float], unit: str, target: Target | None = None, note: str = ""
) -> Figure:
    """A figure of one or several runs."""
    values = (runs,) if isinstance(runs, int | float) else tuple(runs)
    return Figure(name, tuple(float(value) for value in values), unit, target, note)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that this percentage of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def rounded(value: float) -> str:
    """Three significant digits; whole numbers from a hundred on."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(figures: Sequence[Figure]) -> str:
    """The figures that have a target, and whether they meet it."""
    rows = [("figure", "value", "unit", "target", "met")]
    rows += [
        (one.name, rounded(one.value), one.unit, str(one.target), "yes" if one.met else "NO")
        for one in figures
        if one.target
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
