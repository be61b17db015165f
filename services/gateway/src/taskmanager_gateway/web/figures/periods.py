"""The periods of the page, and the stretches of time that a chart shows of each. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from taskmanager.model.hourly_figures import HOUR, hour_of


class Period(StrEnum):
    """How far back, as the address has it."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"


HOURS_OF_A_STRETCH = {Period.DAY: 1, Period.WEEK: 6, Period.MONTH: 24}
"""How long a bar is: at most so many hours, and never beyond midnight."""
DAYS = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 30}
LONGEST = timedelta(days=31, hours=2)
"""Further back than any period begins, on whatever clock."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The hours from `begin` on that make one bar."""

    begin: datetime
    hours: tuple[datetime, ...]


def stretches(period: Period, now: datetime, zone: ZoneInfo) -> Sequence[Stretch]:
    """All stretches up to the current hour: of 24 hours, or of the reader's days, today included."""
    last = hour_of(now)
    found: list[list[datetime]] = []
    known = None
    for hour in _hours(_begin(period, now, zone), last):
        local = hour.astimezone(zone)
        place = local.date(), local.hour // HOURS_OF_A_STRETCH[period], period is Period.DAY and hour
        if place != known:
            found.append([])
            known = place
        found[-1].append(hour)
    return [Stretch(hours[0], tuple(hours)) for hours in found]


def _begin(period: Period, now: datetime, zone: ZoneInfo) -> datetime:
    if period is Period.DAY:
        return hour_of(now) - 23 * HOUR
    first = now.astimezone(zone).date() - timedelta(days=DAYS[period] - 1)
    midnight = datetime(first.year, first.month, first.day, tzinfo=zone)
    hour = hour_of(midnight)
    return hour if hour == midnight else hour + HOUR  # in zones that are half an hour off


def _hours(first: datetime, last: datetime) -> Sequence[datetime]:
    return [first + number * HOUR for number in range((last - first) // HOUR + 1)]
