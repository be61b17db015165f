"""What a running attempt should do instead of continuing. Pure."""

from taskmanager.model.control import DesiredState, StopMode
from taskmanager.model.jobs import Job
from taskmanager.model.registry import InstalledPlugin


def desired_state(job: Job, plugin: InstalledPlugin | None) -> DesiredState | None:
    """The desired state, or None if the attempt continues."""
    if job.cancel is not None:
        return DesiredState.CANCEL
    stopped = plugin is not None and plugin.stop is not None and plugin.stop.mode is StopMode.SUSPEND
    return DesiredState.SUSPEND if job.held is not None or stopped else None
