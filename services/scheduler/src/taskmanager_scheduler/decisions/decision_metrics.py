"""What a decision means for the metrics and the log."""

from datetime import timedelta

from taskmanager.model.jobs import Job
from taskmanager.model.states import Status
from taskmanager.process.logs import get_logger
from taskmanager.process.tracing import exemplar
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.error_kinds import new_error
from taskmanager_scheduler.decisions.job_metrics import metrics_of

log = get_logger(__name__)


def record_decision(decision: Decision, messages: int) -> None:
    """Count what became of the jobs of one group; one line of the log for each way in which jobs ended."""
    ended: dict[tuple[str, Status], list[Job]] = {}
    for before, after in decision.jobs:
        metrics = metrics_of(after.plugin)
        if before is None:
            metrics.submitted.inc()
        if after.started_at and (before is None or before.attempt != after.attempt):
            trace = exemplar(after.traceparent)
            metrics.queue_wait.observe(_seconds(after.started_at - (before or after).queued_at), trace)
            if before is None or before.attempt == 0:
                metrics.time_to_start.observe(_seconds(after.started_at - after.created), trace)
        if (kind := new_error(before, after)) is not None:
            metrics.errors[kind].inc()
        if after.status.final and (before is None or before.status is not after.status):
            _observe_end(after)
            ended.setdefault((after.plugin, after.status), []).append(after)
    for plugin in decision.plugins:
        metrics_of(plugin.name)
        log.info("plugin_installed", plugin=plugin.name, version=plugin.manifest.version)
    for (name, status), jobs in ended.items():
        traces = {job.id: job.trace_id for job in jobs if job.trace_id is not None}
        told = {"trace_ids": traces} if traces else {}
        log.info("jobs_ended", plugin=name, status=status, jobs=[job.id for job in jobs], **told)
    log.debug("group_stored", messages=messages, jobs=len(decision.jobs), effects=len(decision.effects))


def _observe_end(job: Job) -> None:
    metrics = metrics_of(job.plugin)
    finished, duration = metrics.ends[job.status]
    finished.inc()
    metrics.attempts.observe(job.attempt)
    if job.finished is None:
        return
    if job.started_at:
        duration.observe(_seconds(job.finished - job.started_at), exemplar(job.traceparent))
    if job.status is Status.CANCELLED and job.cancel is not None:
        metrics.cancel.observe(_seconds(job.finished - job.cancel.at))


def _seconds(span: timedelta) -> float:
    """The seconds of a span, which is not below 0 even if its ends were told by different clocks."""
    return max(0.0, span.total_seconds())
