"""When the queue of a plugin will probably be done, from what the last days took. Pure; no language.

The jobs are divided among the places at which they can run; how long a job takes is taken from the days (with
few of them: the hours) of the last month: the earliest end is that of a quick day, the latest that of a slow
one. Nothing is said of stops, of jobs that come before these, or of runners that come and go.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import quantiles

from taskmanager.model.hourly_figures import Figures, HourlyFigures, total

PERIODS = (timedelta(hours=24), timedelta(days=7), timedelta(days=30))
"""Of the rates that are shown; times are taken from the last of them."""
FEWEST = 4
"""Days or hours in which jobs were done: with fewer, their spread says nothing."""
TENTHS = 10


class NoForecast(StrEnum):
    """Why no end is told."""

    STOPPED = "stopped"
    NO_PLACE = "no place"
    TOO_LITTLE_KNOWN = "too little known"
    NOT_COUNTED = "not counted"


@dataclass(frozen=True, slots=True)
class Rate:
    """What was done in a period, in each of its hours on average; hours without work count too."""

    period: timedelta
    jobs: float
    files: float
    bytes: float


@dataclass(frozen=True, slots=True)
class Ends:
    """Between which moments the last job probably ends."""

    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done. `jobs` None: it could not be counted; `places`: at which jobs can run at once."""

    jobs: int | None
    places: int
    stopped: bool


@dataclass(frozen=True, slots=True)
class Forecast:
    """The rates of the last day, week and month, and the expected end, or why none is told."""

    jobs: int | None
    rates: Sequence[Rate]
    ends: Ends | None
    why_not: NoForecast | None


def forecast(work: Work, hours: Sequence[HourlyFigures], now: datetime) -> Forecast:
    """The forecast from the plugin's hours of the last month."""
    rates = [_rate(period, [hour for hour in hours if hour.hour > now - period]) for period in PERIODS]
    obstacle = _obstacle(work)
    ends = None if obstacle else _ends(work, hours, now)
    return Forecast(
        work.jobs, rates, ends, obstacle or (None if ends is not None else NoForecast.TOO_LITTLE_KNOWN)
    )


def _obstacle(work: Work) -> NoForecast | None:
    if work.stopped:
        return NoForecast.STOPPED
    if work.places < 1:
        return NoForecast.NO_PLACE
    return NoForecast.NOT_COUNTED if work.jobs is None else None


def _rate(period: timedelta, hours: Sequence[HourlyFigures]) -> Rate:
    whole, length = total(hours), period / timedelta(hours=1)
    return Rate(period, whole.done / length, whole.files / length, whole.bytes / length)


def _ends(work: Work, hours: Sequence[HourlyFigures], now: datetime) -> Ends | None:
    seconds = _seconds_of_a_job(hours, lambda hour: hour.date())
    if len(seconds) < FEWEST:
        seconds = _seconds_of_a_job(hours, lambda hour: hour)
    if len(seconds) < FEWEST:
        return None
    tenths = quantiles(seconds, n=TENTHS, method="inclusive")
    rounds = math.ceil((work.jobs or 0) / work.places)
    try:
        return Ends(*(now + timedelta(seconds=round(rounds * one)) for one in (tenths[0], tenths[-1])))
    except OverflowError:
        return None


def _seconds_of_a_job(hours: Sequence[HourlyFigures], span: Callable[[datetime], object]) -> list[float]:
    """How long a job took on average in each span of time in which one was done."""
    spans: defaultdict[object, list[Figures]] = defaultdict(list)
    for hour in hours:
        spans[span(hour.hour)].append(hour)
    sums = map(total, spans.values())
    return [one.running_seconds / one.done for one in sums if one.done]
