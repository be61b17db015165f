"""The request bodies of commands for plugins."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, Field

from taskmanager.model.control import StopMode
from taskmanager.process.clock import whole_milliseconds
from taskmanager_gateway.codes import faults
from taskmanager_gateway.http.command_bodies import ReasonBody
from taskmanager_gateway.http.problems import INVALID_REQUEST, FieldError, field_problem

LONGEST_STOP = timedelta(days=3_660)
"""A later `until` is probably a typing error; a stop without an end needs no `until`."""


MOST_RUNNING = 100_000


class StopBody(ReasonBody):
    """How to stop a plugin, and until when; without `until` an operator restarts it."""

    mode: StopMode = StopMode.SUSPEND
    until: Annotated[AwareDatetime, Field(strict=False)] | None = None

    def ends(self, now: datetime) -> datetime | None:
        """`until` as it is stored; raises ProblemError if it is in the past or too far in the future."""
        if self.until is None:
            return None
        if not now < self.until <= now + LONGEST_STOP:
            raise field_problem(INVALID_REQUEST, [FieldError.of("until", faults.END_OF_STOP())])
        return whole_milliseconds(self.until.astimezone(UTC))


class LimitBody(ReasonBody):
    """How many jobs of a plugin may run at once on all runners; null: what the plugin itself declares."""

    max_running: Annotated[int, Field(ge=1, le=MOST_RUNNING)] | None
