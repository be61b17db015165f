"""How many jobs an operation changes in one step, which is one transaction: the inbox waits for its end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from taskmanager.model.operations import Operation

PAGE_JOBS = 100
"""Jobs on a page, and so in a step while the inbox is busy."""
STEP_LASTS = timedelta(milliseconds=60)
"""For how long a step may keep a command waiting that comes when the inbox was not busy.

Longer steps are hardly cheaper: beyond 100 jobs, what a step costs is what its jobs cost.
"""
WEIGHT = 0.3
"""Of the last step, in the average that tells how many jobs the next one may have."""


@dataclass(slots=True)
class Steps:
    """Steps of at most `limit` jobs and about `STEP_LASTS`; of one page each while `urgent()`.

    That is while somebody waits for the inbox.
    """

    limit: int
    urgent: Callable[[], bool]
    _job_seconds: float = 0.0
    """What a job of the last steps took, on average; 0: nothing is known yet."""

    @property
    def page_jobs(self) -> int:
        """How many jobs a new operation has on a page."""
        return min(self.limit, PAGE_JOBS)

    def took(self, jobs: int, seconds: float) -> None:
        """A step over so many jobs has taken so long."""
        if jobs:
            known = self._job_seconds or seconds / jobs
            self._job_seconds = known + WEIGHT * (seconds / jobs - known)

    def pages(self, operation: Operation) -> int:
        """How many of its next pages to process at once, at least one."""
        if self.urgent() or not operation.total or not operation.pages:
            return 1
        size = ceil(operation.total / operation.pages)
        in_time = STEP_LASTS.total_seconds() / self._job_seconds if self._job_seconds else self.limit
        return max(1, min(self.limit // size, int(in_time // size), operation.pages - operation.page))
