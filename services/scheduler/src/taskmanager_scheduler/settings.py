"""The scheduler's settings."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr

from taskmanager.process.config import GoobiFileSettings, NotificationFileSettings, StoreSettings


class SchedulerSettings(StoreSettings, GoobiFileSettings, NotificationFileSettings):
    """From the environment, `TASKMANAGER_<NAME>`; durations in seconds."""

    http_port: int = 8081
    """Port for the health checks and metrics."""
    broker_users: Literal["separate", "shared"] = "separate"
    """`separate`: each service and plugin has its own user, and only the right user's messages are accepted;
    `shared`: all log in to RabbitMQ as one user, so the scheduler cannot tell a runner from a gateway."""
    broker_management_url: SecretStr | None = None
    """RabbitMQ's management API, `http(s)://user:password@host:15672`, for a user with the tag `monitoring`.
    With it, policies that can remove messages from our queues are reported before they do."""
    reasons: Literal["codes", "sentences"] = "codes"
    """`sentences` while a gateway or scheduler older than the reason codes is still running."""
    group_limit: int = Field(default=200, ge=1, le=5000)
    """Messages stored in one transaction."""
    sweep_seconds: float = Field(default=5.0, gt=0)
    """Time between two checks for expired leases and missing tickets; also between two looks for events."""
    missing_after_seconds: float = Field(default=15.0, gt=0)
    """A job that has waited this long although its queue is empty has lost its ticket."""

    scale_up_seconds: float = Field(default=30.0, ge=0)
    """Where runners are scaled automatically: if a job has waited this long and no slot is free, there are to
    be more. Where a plugin has none, they are started at once."""
    scale_down_seconds: float = Field(default=300.0, ge=0)
    """Where runners are scaled automatically: after fewer have been enough for this long, there are to be
    fewer."""
    operation_page_limit: int = Field(default=500, ge=1, le=5000)
    """Jobs an operation changes in one transaction: at most this many, fewer if they would take longer than
    about 60 ms, and 100 while the inbox is busy."""

    @property
    def scale_up_after(self) -> timedelta:
        """How long a job may wait before there are to be more runners."""
        return timedelta(seconds=self.scale_up_seconds)

    @property
    def scale_down_after(self) -> timedelta:
        """How long fewer runners have to be enough before there are to be fewer."""
        return timedelta(seconds=self.scale_down_seconds)

    @property
    def sweep_interval(self) -> timedelta:
        """Time between two sweeps."""
        return timedelta(seconds=self.sweep_seconds)

    @property
    def missing_after(self) -> timedelta:
        """How long a job waits before its ticket is considered lost."""
        return timedelta(seconds=self.missing_after_seconds)
