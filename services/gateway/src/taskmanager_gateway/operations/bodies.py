"""The request bodies for operations over many jobs, and the order each stands for."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import uuid_utils
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints
from pydantic_core import to_json

from taskmanager.messages import StartOperation
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Number, PluginName, Priority, Record, unset
from taskmanager.model.operations import JobFilter
from taskmanager.model.queries import IDS_LIMIT, OnlyRestored, WithWarnings
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.codes import faults
from taskmanager_gateway.http.command_bodies import ReasonBody, ReasonText, readable
from taskmanager_gateway.http.problems import INVALID_REQUEST, FieldError, field_problem
from taskmanager_gateway.jobs.list_queries import Seconds, ago
from taskmanager_gateway.submissions.idempotency import NAMESPACE

BODY_LIMIT_BYTES = 256 * 1024

Id = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(readable)]


class FilterBody(Record):
    """Which jobs: those that meet all given conditions. Ages run from a job's submission to this request."""

    plugin: PluginName | None = None
    tab: Tab | None = None
    status: Status | None = None
    project: ReasonText | None = None
    process: Annotated[Number | None, Field(description="Goobi's process id")] = None
    text: Annotated[
        ReasonText | None, Field(description="Beginnings of words in title or process title; all must occur")
    ] = None
    priority_min: Priority | None = None
    priority_max: Priority | None = None
    older_than_seconds: Seconds | None = None
    newer_than_seconds: Seconds | None = None
    warnings: Annotated[WithWarnings | None, Field(description="Only jobs with warnings")] = None
    restored: Annotated[
        OnlyRestored | None, Field(description="Only jobs held since the database was restored from a backup")
    ] = None
    ended_after: Annotated[
        AwareDatetime | None, Field(description="Only jobs that ended later than that", exclude_if=unset)
    ] = None
    error_group: Annotated[
        ReasonText | None, Field(description="Only jobs in error with that fingerprint", exclude_if=unset)
    ] = None
    error_text: Annotated[
        ReasonText | None,
        Field(description="Beginnings of words in the message of the error", exclude_if=unset),
    ] = None
    ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=IDS_LIMIT)] | None = None

    def at(self, now: datetime) -> JobFilter:
        """The filter, with its ages converted to moments before `now`."""
        same = self.model_dump(exclude={"older_than_seconds", "newer_than_seconds"})
        return JobFilter(
            **same,
            created_before=ago(now, self.older_than_seconds),
            created_after=ago(now, self.newer_than_seconds),
        )


class OperationBody(ReasonBody):
    """What to do to all jobs that match the filter.

    `priority` is for the action of that name. Without a plugin or ids, `all` must confirm that the jobs of
    all plugins are meant.
    """

    action: JobAction
    priority: Priority | None = None
    filter: FilterBody = FilterBody()
    all: bool = False
    dry_run: Annotated[bool, Field(description="Change nothing: count the jobs and show examples.")] = False

    def check(self) -> None:
        """Raise a ProblemError that lists the contradictions."""
        if errors := list(self._errors()):
            raise field_problem(INVALID_REQUEST, errors)

    def order(self, client: str, key: str | None, now: datetime) -> StartOperation:
        """The order for the scheduler; with a key, the operation's id is derived from client and key."""
        identifier = (
            uuid_utils.uuid7() if key is None else uuid_utils.uuid5(NAMESPACE, f"operation\0{client}\0{key}")
        )
        return StartOperation(
            operation=str(identifier),
            action=self.action,
            priority=self.priority,
            filter=self.filter.at(now),
            fingerprint=self._fingerprint(),
        )

    def _errors(self) -> Iterator[FieldError]:
        chosen = self.filter
        if chosen.plugin is None and chosen.ids is None and not self.all:
            yield FieldError.of("filter", faults.NO_FILTER())
        if self.action is JobAction.PRIORITY and self.priority is None:
            yield FieldError.of("priority", faults.PRIORITY_MISSING())
        if self.action is not JobAction.PRIORITY and self.priority is not None:
            yield FieldError.of("priority", faults.PRIORITY_SUPERFLUOUS())
        if chosen.status and chosen.tab and chosen.status.tab is not chosen.tab:
            yield FieldError.of("filter.status", faults.STATUS_OF_TAB(tab=chosen.tab, status=chosen.status))

    def _fingerprint(self) -> str:
        asked = self.model_dump(mode="json", include={"action", "priority", "filter"})
        return hashlib.sha256(to_json(asked)).hexdigest()
