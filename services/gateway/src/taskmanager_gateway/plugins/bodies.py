"""The request bodies of commands for plugins."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, Field, model_validator

from taskmanager.model.control import StopMode
from taskmanager.model.replicas import ScalingMode, check_numbers
from taskmanager.model.replicas.scaling import Count
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


class ScaleBody(ReasonBody):
    """How many runners a plugin is to have at a place: `desired`, or by itself from `min` to `max`."""

    mode: ScalingMode = ScalingMode.MANUAL
    desired: Count | None = None
    min: Count | None = None
    max: Count | None = None

    @model_validator(mode="after")
    def _fits_the_mode(self) -> "ScaleBody":
        """Each mode has numbers of its own."""
        check_numbers(self.mode, self.desired, (self.min, self.max))
        return self


class LimitBody(ReasonBody):
    """How many jobs of a plugin may run at once on all runners; null: what the plugin itself declares."""

    max_running: Annotated[int, Field(ge=1, le=MOST_RUNNING)] | None
