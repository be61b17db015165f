"""Estimates when a waiting job will start, from how long the last jobs of its plugin took. Pure.

The estimate is a time span, because jobs differ, and it is given only if it is meaningful: with enough jobs
to judge by, and all jobs ahead counted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
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
    position: Position, ended: Sequence[Job], places: int, now: datetime
) -> Expectation | None:
    """Estimate from the middle half of the durations of `ended`; `places` is how many jobs run at once.

    Each place becomes free once per duration, so the job waits for as many ends as there are jobs ahead, and
    one more, with `places` ends per duration.
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
    ends = (position.ahead + 1) / places
    return Expectation(
        earliest=_later(now, low * ends), latest=_later(now, high * ends), judged_by=len(seconds)
    )


def _later(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=round(max(0.0, seconds)))
