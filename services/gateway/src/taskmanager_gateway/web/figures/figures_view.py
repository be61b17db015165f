"""What the page of figures shows: each plugin over a period, and all together. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from taskmanager.model.access import Principal, Right
from taskmanager.model.hourly_figures import Figures, HourlyFigures, total
from taskmanager_gateway.plugins.views import PluginView
from taskmanager_gateway.web.bars import Bars, bars
from taskmanager_gateway.web.figures.periods import Period, Stretch, stretches

USUAL, SLOW = 0.5, 0.95
"""The shares of jobs whose times are shown: the median, and all but the slowest."""


@dataclass(frozen=True, slots=True)
class Row:
    """What ended in one stretch of time."""

    begin: datetime
    done: int
    failed: int
    cancelled: int
    files: int
    bytes: int
    wait: float | None
    """The waiting time in seconds that 95 % of the jobs did not exceed."""
    duration: float | None
    """The same of running times."""

    @classmethod
    def of(cls, begin: datetime, figures: Figures) -> "Row":
        """The row of these figures."""
        same = {name: getattr(figures, name) for name in ("done", "failed", "cancelled", "files", "bytes")}
        return cls(begin, **same, wait=figures.wait(SLOW), duration=figures.duration(SLOW))


@dataclass(frozen=True, slots=True)
class FailureKind:
    """How many jobs failed for this kind of reason; "" for those that were not counted by kind."""

    kind: str
    jobs: int


@dataclass(frozen=True, slots=True)
class PluginFigures:
    """One plugin over the period, or all together (`name` is empty)."""

    name: str
    title: str
    total: Figures
    failed_percent: float | None
    """Of the jobs that were done or failed."""
    at_work: float
    """How many jobs were running at a time, on average over the period."""
    wait: tuple[float | None, float | None]
    """The usual and the slow waiting time in seconds."""
    duration: tuple[float | None, float | None]
    kinds: Sequence[FailureKind]
    runners: int
    slots: int
    rows: Sequence[Row]
    jobs: Bars
    volume: Bars
    waiting: Bars

    @property
    def ended(self) -> int:
        """How many jobs ended, in whatever way."""
        return self.total.done + self.total.failed + self.total.cancelled


@dataclass(frozen=True, slots=True)
class FiguresPage:
    """The content of the page."""

    period: Period
    since: datetime
    plugins: Sequence[PluginFigures]
    """Those with a job that ended or with a runner, by title."""
    everything: PluginFigures
    complete: bool
    """Whether the waiting times and kinds of failures of all these jobs were counted."""


def figures_page(
    plugins: Sequence[PluginView],
    hours: Sequence[HourlyFigures],
    who: Principal,
    period: Period,
    now: datetime,
    zone: ZoneInfo,
) -> FiguresPage:
    """The page for this reader, whose days begin in that zone."""
    parts = stretches(period, now, zone)
    since = parts[0].begin
    span = max(now - since, timedelta(hours=1))
    views = {one.manifest.name: one for one in plugins}
    seen = [one for one in hours if one.hour >= since and who.may(Right.READ, one.plugin)]
    names = {one.plugin for one in seen} | {
        name for name, one in views.items() if one.runners_alive and who.may(Right.READ, name)
    }
    shown = [
        _figures(name, views.get(name), [one for one in seen if one.plugin == name], parts, span)
        for name in names
    ]
    everything = _figures("", None, seen, parts, span)
    return FiguresPage(
        period=period,
        since=since,
        plugins=sorted(shown, key=lambda one: (one.title.casefold(), one.name)),
        everything=everything,
        complete=everything.total.waits_known and everything.total.errors_known,
    )


def _figures(
    name: str,
    view: PluginView | None,
    hours: Sequence[HourlyFigures],
    parts: Sequence[Stretch],
    span: timedelta,
) -> PluginFigures:
    summed = total(hours)
    rows = [Row.of(part.begin, total(_within(hours, part))) for part in parts]
    ended = summed.done + summed.failed
    return PluginFigures(
        name=name,
        title=view.manifest.title if view is not None else name,
        total=summed,
        failed_percent=round(100 * summed.failed / ended, 1) if ended else None,
        at_work=round(summed.running_seconds / span.total_seconds(), 2),
        wait=(summed.wait(USUAL), summed.wait(SLOW)),
        duration=(summed.duration(USUAL), summed.duration(SLOW)),
        kinds=_kinds(summed),
        runners=view.runners_alive if view is not None else 0,
        slots=view.slots if view is not None else 0,
        rows=rows,
        jobs=bars([row.done for row in rows], [row.failed for row in rows]),
        volume=bars([row.bytes for row in rows]),
        waiting=bars([row.wait or 0 for row in rows]),
    )


def _within(hours: Iterable[HourlyFigures], part: Stretch) -> list[HourlyFigures]:
    first, last = part.hours[0], part.hours[-1]
    return [one for one in hours if first <= one.hour <= last]


def _kinds(figures: Figures) -> Sequence[FailureKind]:
    """The most frequent first; what was not counted by kind comes last."""
    known = sorted(figures.errors.items(), key=lambda one: (-one[1], one[0]))
    found = [FailureKind(kind, jobs) for kind, jobs in known]
    missing = figures.failed - sum(figures.errors.values())
    return [*found, FailureKind("", missing)] if missing > 0 else found
