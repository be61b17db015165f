"""The circuit breaker: a plugin whose jobs all fail is stopped before the whole queue fails. Pure."""

from datetime import datetime

from taskmanager.model.control import Stop, StopMode
from taskmanager.model.jobs import Job
from taskmanager.model.reasons import automatic
from taskmanager.model.reasons.coded_text import shortened
from taskmanager.model.registry import InstalledPlugin
from taskmanager.model.states import Status

ERROR_CHARACTERS = 300
"""How much of the last job's error the stop quotes; all of it is kept with the job."""


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
    error = after.error.cause if after.error else None
    why = automatic.FAILURES_IN_A_ROW(count=failures, job=after.id, error=error)
    stop = Stop(by=automatic.BREAKER, at=now, why=shortened(why, ERROR_CHARACTERS), mode=StopMode.FINISH)
    return plugin.model_copy(update={"failures": 0, "stop": stop})
