"""The parameters of a request for a list of jobs, and the query they stand for."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from taskmanager.model.jobs import PRIORITY_HIGHEST, PRIORITY_LOWEST
from taskmanager.model.queries import JobQuery, Sort, SortOrder
from taskmanager.model.states import Tab
from taskmanager.process.clock import whole_milliseconds
from taskmanager_gateway.codes import faults
from taskmanager_gateway.http.problems import INVALID_REQUEST, FieldError, field_problem

LONGEST_AGE_SECONDS = 100 * 366 * 24 * 3600

Seconds = Annotated[int, Field(ge=0, le=LONGEST_AGE_SECONDS)]
PriorityLevel = Annotated[int, Field(ge=PRIORITY_LOWEST, le=PRIORITY_HIGHEST)]

_ORDERS = {
    Tab.QUEUE: (Sort.TURN, SortOrder.ASC),
    Tab.DONE: (Sort.FINISHED, SortOrder.DESC),
    Tab.ERROR: (Sort.FINISHED, SortOrder.DESC),
}
"""The default order of a tab: as its jobs will start, or the last finished first."""


def ago(now: datetime, seconds: int | None) -> datetime | None:
    """The moment that many seconds ago; None for None."""
    return None if seconds is None else whole_milliseconds(now - timedelta(seconds=seconds))


class ListQuery(JobQuery):
    """The filters of an operation, for a list. Ages are the time from a job's submission to the request."""

    priority_min: PriorityLevel | None = None
    priority_max: PriorityLevel | None = None
    older_than_seconds: Seconds | None = None
    newer_than_seconds: Seconds | None = None

    def at(self, now: datetime) -> JobQuery:
        """The query, with ages converted to moments before `now` and the default order of its tab.

        Raises ProblemError for a text that no job can contain.
        """
        if any("\0" in text for text in (self.text, self.project, self.cursor) if text):
            raise field_problem(INVALID_REQUEST, [FieldError.of("text", faults.NUL())])
        sort, order = self._order()
        said = {name: getattr(self, name) for name in JobQuery.model_fields}
        said |= {"sort": sort, "order": order}
        if self.older_than_seconds is not None:
            before = ago(now, self.older_than_seconds)
            said["created_before"] = min(filter(None, (self.created_before, before)))
        if self.newer_than_seconds is not None:
            after = ago(now, self.newer_than_seconds)
            said["created_after"] = max(filter(None, (self.created_after, after)))
        return JobQuery.model_construct(**said)

    def _order(self) -> tuple[Sort, SortOrder]:
        tab = self.tab or (self.status.tab if self.status else None)
        usual = tab if tab is not Tab.QUEUE or not self.warnings else None
        sort, order = _ORDERS[usual] if usual else (Sort.CREATED, SortOrder.DESC)
        if "sort" in self.model_fields_set:
            sort, order = self.sort, SortOrder.ASC if self.sort is Sort.TURN else SortOrder.DESC
        return sort, self.order if "order" in self.model_fields_set else order
