"""How many runners of a plugin an operator wants at a place. Pure."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from taskmanager.model.jobs import Record

MOST_REPLICAS = 1_000
"""No wish is larger: a greater number is a typing error."""

PlaceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,29}$")]
"""A host or a cluster with an orchestrator of its own; it becomes part of names of queues and containers."""

Count = Annotated[int, Field(ge=0, le=MOST_REPLICAS)]


class ScalingMode(StrEnum):
    """Who decides how many runners there are: an operator, or the scheduler within an operator's limits."""

    MANUAL = "manual"
    AUTO = "auto"


class ScalingAction(StrEnum):
    """The commands for the runners of a plugin at a place."""

    SCALE = "scale"
    RENEW = "renew"
    """Replace every runner by a new one, one after the other."""
    FORGET_PLACE = "forget_place"
    """For a place whose orchestrator is gone for good."""


class Wish(Record):
    """How many runners are wanted: `desired`, which the scheduler changes within the limits in mode `auto`.

    The limits are kept in the mode `manual`, where they mean nothing.
    """

    mode: ScalingMode = ScalingMode.MANUAL
    min: Count = 0
    max: Count = 1
    desired: Count = 0

    @model_validator(mode="after")
    def _in_order(self) -> "Wish":
        if self.min > self.max:
            message = "min is greater than max"
            raise ValueError(message)
        return self

    def within(self, most: int) -> int:
        """How many that are at a place that allows `most`, and in the mode `auto` within the limits."""
        wanted = self.desired
        if self.mode is ScalingMode.AUTO:
            wanted = max(self.min, min(self.max, wanted))
        return min(wanted, most)

    def needed_at_once(self, most: int) -> int:
        """How many there will be at least as soon as a job waits."""
        at_least = 1 if self.mode is ScalingMode.AUTO and self.max else 0
        return min(max(self.within(most), at_least), most)


def check_numbers(
    mode: ScalingMode | None, desired: int | None, limits: tuple[int | None, int | None]
) -> None:
    """Raise ValueError unless these are the numbers of the mode; None: the mode stays, whatever it is."""
    if mode is ScalingMode.AUTO:
        if None in limits:
            message = "mode auto needs min and max"
            raise ValueError(message)
        if desired is not None:
            message = "mode auto takes no desired"
            raise ValueError(message)
        return
    if desired is None:
        message = "mode manual needs desired"
        raise ValueError(message)
    if limits != (None, None):
        message = "mode manual takes neither min nor max"
        raise ValueError(message)


def set_key(plugin: str, place: str) -> str:
    """Identifies the runners of a plugin at a place."""
    return f"{place}/{plugin}"
