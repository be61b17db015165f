"""What delivery reads and writes of the stored reports, as a port. Making reports is part of `store.Plan`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from taskmanager.model.reports import Backlog, InstallationHealth, Report


@dataclass(frozen=True, slots=True)
class Among:
    """Reports of jobs that name one of these installations (None: that name none), or none of these."""

    names: tuple[str | None, ...]
    others: bool = False
    """All except those named."""


class ReportStore(Protocol):
    """Every call may raise StoreUnavailableError; it is then unknown whether anything was written."""

    async def due(self, among: Among, *, now: datetime, limit: int) -> Sequence[Report]:
        """Pending reports that are due, longest due first."""

    async def pending_of(self, jobs: Sequence[str]) -> Sequence[Report]:
        """All pending reports of these jobs, by job and `seq`."""

    async def traces(self, jobs: Sequence[str]) -> Mapping[str, str]:
        """The `traceparent` of each of these jobs whose submission had one."""

    async def settle(self, report: Report) -> bool:
        """Store a report's delivery state if the stored report is one `rev` older; returns whether it was."""

    async def postpone(self, job: str, until: datetime) -> None:
        """Leave all pending reports of the job until then: the first in their order must wait."""

    async def note_health(self, health: InstallationHealth) -> None:
        """Keep how deliveries to an installation went."""

    async def undelivered(self, among: Among) -> Backlog:
        """How many reports are waiting."""
