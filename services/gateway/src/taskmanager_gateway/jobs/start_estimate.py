"""When a waiting job is likely to start, judged by how long the last jobs of its plugin took. Pure.

Given as a span, because jobs differ, and only where it means something: with enough jobs to judge by and all
those before it counted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import quantiles

from pydantic import Field

from taskmanager.model.jobs import Job, Record
from taskmanager.model.queries import Position

JUDGED_BY = 20
"""The last jobs that are looked at: few enough to follow a change of material, enough to see a spread."""
FEWEST = 4
OLDEST = timedelta(days=7)


class Expectation(Record):
    """Between when and when the job starts if nothing is put before it and nothing stops."""

    earliest: datetime
    latest: datetime
    judged_by: int = Field(description="How many of the plugin's last jobs it is judged by.")


def expected_start(
    position: Position, ended: Sequence[Job], places: int, now: datetime
) -> Expectation | None:
    """By the middle half of the durations of `ended`; `places` is how many jobs run at once.

    Each place becomes free once a duration, so the job waits for as many ends as there are jobs before it,
    and one more, at `places` ends in the time of one.
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
