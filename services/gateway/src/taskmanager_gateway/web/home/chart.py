"""A small chart of the jobs that ended in each hour, as figures for an SVG. Pure; no colours, no language."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from taskmanager.model.hourly_figures import HOUR, HourlyFigures, hour_of
from taskmanager_gateway.web.bars import WIDTH, bars

HOURS = 24
HEIGHT = 40.0
"""In the chart's own units; a page stretches it."""


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
    hours: tuple[datetime, ...] = ()
    """The beginnings of all hours, also of those without a bar."""
    width: float = WIDTH
    height: float = HEIGHT


def chart(figures: Iterable[HourlyFigures], now: datetime) -> Chart:
    """The chart of the hour of `now` and the 23 before it; figures of other hours are ignored."""
    first = hour_of(now) - (HOURS - 1) * HOUR
    shown = {one.hour: one for one in figures if first <= one.hour <= now and (one.done or one.failed)}
    hours = [first + place * HOUR for place in range(HOURS)]
    drawn = bars(
        [shown[hour].done if hour in shown else 0 for hour in hours],
        [shown[hour].failed if hour in shown else 0 for hour in hours],
        height=HEIGHT,
    )
    of_jobs = tuple(
        Bar(hour, shown[hour].done, shown[hour].failed, one.x, one.width, one.up, one.down)
        for hour, one in zip(hours, drawn.bars, strict=True)
        if hour in shown
    )
    return Chart(
        bars=of_jobs,
        line=drawn.line,
        done=sum(bar.done for bar in of_jobs),
        failed=sum(bar.failed for bar in of_jobs),
        hours=tuple(hours),
        busiest=max(of_jobs, key=lambda bar: bar.done, default=None),
    )
