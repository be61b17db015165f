"""Estimates when a waiting job will start, from how long the last jobs of its plugin took. Pure.

The estimate is a time span, because jobs differ, and it is given only if it is meaningful: with enough jobs
to judge by, and all jobs ahead counted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from heapq import heapify, heapreplace
from statistics import quantiles

from pydantic import Field

from taskmanager.model.jobs import Job, Record
from taskmanager.model.queries import Position

JUDGED_BY = 20
"""The number of last jobs considered: few enough to follow a change of material, enough to show a spread."""
FEWEST = 4
OLDEST = timedelta(days=7)


class Expectation(Record):
    """The time span in which the job will start if nothing is put before it and nothing stops."""

    earliest: datetime
    latest: datetime
    judged_by: int = Field(description="Number of the plugin's recent jobs on which the estimate is based.")


def expected_start(
    position: Position, ended: Sequence[Job], begun: Sequence[datetime], places: int, now: datetime
) -> Expectation | None:
    """Estimate from the middle half of the durations of `ended`; `places` is how many jobs run at once.

    A place becomes free when the job on it has taken as long as those; `begun` is when the running jobs
    began, so the estimate does not move on while they run. One that has taken longer already may never end:
    it is left out, and so nothing is promised if that holds for all.
    """
    recent = [job for job in ended if job.finished is not None and now - job.finished <= OLDEST]
    seconds = [
        (job.finished - job.started_at).total_seconds()
        for job in recent
        if job.finished is not None and job.started_at is not None
    ]
    if len(seconds) < FEWEST or places < 1 or position.capped:
        return None
    low, _, high = quantiles(seconds, n=4, method="inclusive")
    ages = [max(0.0, (now - moment).total_seconds()) for moment in begun]
    in_time = [age for age in ages if age <= high][:places]
    if not in_time:
        return None
    return Expectation(
        earliest=_later(now, _starts_in(position.ahead, in_time, low)),
        latest=_later(now, _starts_in(position.ahead, in_time, high)),
        judged_by=len(seconds),
    )


def _starts_in(ahead: int, ages: Sequence[float], duration: float) -> float:
    """In how many seconds a job with so many ahead of it starts, if every job takes that long."""
    ends = [duration - age for age in ages]
    heapify(ends)
    for _ in range(ahead):
        heapreplace(ends, ends[0] + duration)
    return ends[0]


def _later(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=round(max(0.0, seconds)))
