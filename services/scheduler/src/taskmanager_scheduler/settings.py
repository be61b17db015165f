"""The scheduler's settings."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr

from taskmanager.process.config import GoobiFileSettings, StoreSettings


class SchedulerSettings(StoreSettings, GoobiFileSettings):
    """From the environment, `TASKMANAGER_<NAME>`; durations in seconds."""

    http_port: int = 8081
    """Port of health and metrics."""
    broker_users: Literal["separate", "shared"] = "separate"
    """`separate`: each service and plugin has a user of its own, and messages are believed of theirs only;
    `shared`: all log in to RabbitMQ as one user, so the scheduler cannot tell a runner from a gateway."""
    broker_management_url: SecretStr | None = None
    """RabbitMQ's management API, `http(s)://user:password@host:15672`, of a user with the tag `monitoring`.
    With it policies that can take messages out of our queues are reported before they do."""
    reasons: Literal["codes", "sentences"] = "codes"
    """`sentences` while a gateway or scheduler of a version before the reason codes still runs beside it."""
    group_limit: int = Field(default=200, ge=1, le=5000)
    """Messages stored in one transaction."""
    sweep_seconds: float = Field(default=5.0, gt=0)
    """Between two looks for leases that are over and tickets that are missing."""
    missing_after_seconds: float = Field(default=15.0, gt=0)
    """A job that waits this long although its queue is empty has lost its ticket."""

    operation_page_limit: int = Field(default=500, ge=1, le=5000)
    """Jobs an operation changes in one transaction; everything else waits for no more than that."""

    @property
    def sweep_interval(self) -> timedelta:
        """Between two sweeps."""
        return timedelta(seconds=self.sweep_seconds)

    @property
    def missing_after(self) -> timedelta:
        """Age at which a ticket may be missed."""
        return timedelta(seconds=self.missing_after_seconds)
