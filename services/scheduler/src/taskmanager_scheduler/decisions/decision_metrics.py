"""What a decision means for the metrics and the log."""

from collections.abc import Sequence

from taskmanager.model.jobs import Job
from taskmanager.model.registry import InstalledPlugin, TabStatistics
from taskmanager.model.states import Status
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.metrics import FINISHED, JOB_DURATION, JOBS, PAUSED, QUEUE_WAIT, SUBMITTED

log = get_logger(__name__)


def record_decision(decision: Decision, messages: int) -> None:
    """Count what became of the jobs of one group."""
    for before, after in decision.jobs:
        _observe_job(before, after)
    for plugin in decision.plugins:
        log.info("plugin_installed", plugin=plugin.name, version=plugin.manifest.version)
    log.debug("group_stored", messages=messages, jobs=len(decision.jobs), effects=len(decision.effects))


def _observe_job(before: Job | None, after: Job) -> None:
    if before is None:
        SUBMITTED.labels(after.plugin).inc()
    if after.started_at and (before is None or before.attempt != after.attempt):
        waited = after.started_at - (before or after).queued_at
        QUEUE_WAIT.labels(after.plugin).observe(max(0.0, waited.total_seconds()))
    if after.status.final and (before is None or before.status is not after.status):
        FINISHED.labels(after.plugin, after.status.lower()).inc()
        _observe_duration(after)
        log.info("job_ended", job=after.id, plugin=after.plugin, status=after.status, attempt=after.attempt)


def _observe_duration(job: Job) -> None:
    if job.started_at and job.finished:
        took = (job.finished - job.started_at).total_seconds()
        JOB_DURATION.labels(job.plugin, job.status.lower()).observe(max(0.0, took))


def set_job_gauges(statistics: Sequence[TabStatistics], plugins: Sequence[InstalledPlugin]) -> None:
    """Set the gauges of jobs by status and of stopped plugins."""
    for plugin in plugins:
        PAUSED.labels(plugin.name).set(1 if plugin.paused else 0)
        own = [one for one in statistics if one.plugin == plugin.name]
        for status in Status:
            JOBS.labels(plugin.name, status.value).set(sum(one.statuses.get(status, 0) for one in own))
