"""A small chart of the jobs that ended in each hour, as figures for an SVG. Pure; no colours, no language."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from taskmanager.model.hourly_figures import HOUR, HourlyFigures, hour_of

HOURS = 24
WIDTH, HEIGHT = 240.0, 40.0
"""In the chart's own units; a page stretches it."""
_SLOT = WIDTH / HOURS
_GAP = 2.0
_LEAST = 1.0
"""Even a single job among thousands should be visible."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour: `up` for jobs done, above the line, and `down` for failed ones, below it."""

    hour: datetime
    done: int
    failed: int
    x: float
    width: float
    up: float
    down: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars for the hours in which a job ended; the line is at the height `line`."""

    bars: tuple[Bar, ...]
    line: float
    done: int
    failed: int
    busiest: Bar | None
    width: float = WIDTH
    height: float = HEIGHT


def chart(figures: Iterable[HourlyFigures], now: datetime) -> Chart:
    """The chart of the hour of `now` and the 23 before it; figures of other hours are ignored."""
    first = hour_of(now) - (HOURS - 1) * HOUR
    shown = {one.hour: one for one in figures if first <= one.hour <= now and (one.done or one.failed)}
    most_done = max((one.done for one in shown.values()), default=0)
    most_failed = max((one.failed for one in shown.values()), default=0)
    unit = (HEIGHT - 2 * _LEAST) / max(most_done + most_failed, 1)
    bars = tuple(_bar(shown[hour], (hour - first) // timedelta(hours=1), unit) for hour in sorted(shown))
    return Chart(
        bars=bars,
        line=round(HEIGHT - _LEAST - most_failed * unit, 2),
        done=sum(bar.done for bar in bars),
        failed=sum(bar.failed for bar in bars),
        busiest=max(bars, key=lambda bar: bar.done, default=None),
    )


def _bar(figures: HourlyFigures, place: int, unit: float) -> Bar:
    return Bar(
        hour=figures.hour,
        done=figures.done,
        failed=figures.failed,
        x=place * _SLOT + _GAP / 2,
        width=_SLOT - _GAP,
        up=_height(figures.done, unit),
        down=_height(figures.failed, unit),
    )


def _height(jobs: int, unit: float) -> float:
    return round(max(jobs * unit, _LEAST), 2) if jobs else 0.0
