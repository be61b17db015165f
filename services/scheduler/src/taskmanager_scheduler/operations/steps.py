"""How many jobs an operation changes in one step, which is one transaction: the inbox waits for its end."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from taskmanager.model.operations import Operation

PAGE_JOBS = 100
"""Jobs on a page, and so in a step while the inbox is busy."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps of at most `limit` jobs, of one page each while `urgent()`: somebody waits for the inbox."""

    limit: int
    urgent: Callable[[], bool]

    @property
    def page_jobs(self) -> int:
        """How many jobs a new operation has on a page."""
        return min(self.limit, PAGE_JOBS)

    def pages(self, operation: Operation) -> int:
        """How many of its next pages to process at once, at least one."""
        if self.urgent() or not operation.total or not operation.pages:
            return 1
        size = ceil(operation.total / operation.pages)
        return max(1, min(self.limit // size, operation.pages - operation.page))
