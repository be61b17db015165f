"""Bars of a chart as figures for an SVG. Pure; no colours, no language."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 240.0, 60.0
"""In the chart's own units; a page stretches it."""
_GAP = 0.2
"""The share of a place that stays free."""
_LEAST = 1.0
"""Even a single job among thousands should be visible."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of time: `up` above the line, `down` below it, as heights."""

    x: float
    width: float
    up: float
    down: float


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar for each pair of values, all of one scale; the line is at the height `line`."""

    bars: tuple[Bar, ...]
    line: float
    most: float
    """The highest value above the line."""
    width: float = WIDTH
    height: float = HEIGHT


def bars(ups: Sequence[float], downs: Sequence[float] | None = None, *, height: float = HEIGHT) -> Bars:
    """The bars of these values, none of which is negative; `downs` are drawn below the line."""
    below = downs if downs is not None else [0.0] * len(ups)
    most_up, most_down = max(ups, default=0), max(below, default=0)
    unit = (height - 2 * _LEAST) / ((most_up + most_down) or 1)
    place = WIDTH / max(len(ups), 1)
    return Bars(
        bars=tuple(
            Bar(
                x=round(number * place + place * _GAP / 2, 2),
                width=round(place * (1 - _GAP), 2),
                up=_height(up, unit),
                down=_height(down, unit),
            )
            for number, (up, down) in enumerate(zip(ups, below, strict=True))
        ),
        line=round(height - _LEAST - most_down * unit, 2),
        most=most_up,
        height=height,
    )


def _height(value: float, unit: float) -> float:
    return round(max(value * unit, _LEAST), 2) if value else 0.0
