"""The circuit breaker: a plugin whose jobs all fail is stopped before the whole queue fails. Pure."""

from datetime import datetime

from taskmanager.model.control import Stop, StopMode
from taskmanager.model.jobs import Job
from taskmanager.model.registry import InstalledPlugin
from taskmanager.model.states import Status

ACTOR = "circuit breaker"


def after_end(plugin: InstalledPlugin, before: Job | None, after: Job, now: datetime) -> InstalledPlugin:
    """The plugin after a change of one of its jobs.

    The same object unless a job has just ended DONE or in ERROR.
    """
    limit = plugin.manifest.stop_after_failures
    if limit is None or (before is not None and before.status is after.status):
        return plugin
    if after.status is Status.DONE:
        return plugin.model_copy(update={"failures": 0}) if plugin.failures else plugin
    if after.status is not Status.ERROR:
        return plugin
    failures = plugin.failures + 1
    if failures < limit or plugin.stop is not None:
        return plugin.model_copy(update={"failures": failures})
    last = after.error.message if after.error else ""
    reason = f"{failures} jobs in a row failed, the last one ({after.id}) with: {last}"[:500]
    stop = Stop(by=ACTOR, at=now, reason=reason, mode=StopMode.FINISH)
    return plugin.model_copy(update={"failures": 0, "stop": stop})
