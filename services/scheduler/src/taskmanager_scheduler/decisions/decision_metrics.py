"""What a decision means for the metrics and the log."""

from collections.abc import Sequence
from functools import cache

from taskmanager.model.jobs import Job
from taskmanager.model.registry import InstalledPlugin, RunnerState, TabStatistics
from taskmanager.model.replicas import Condition, ReplicaSet, count_conditions, shown_replicas
from taskmanager.model.states import Status
from taskmanager.process.logs import get_logger
from taskmanager.process.metrics import Counter, Histogram
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.metrics import (
    FINISHED,
    JOB_DURATION,
    JOBS,
    PAUSED,
    QUEUE_WAIT,
    REPLICAS,
    SUBMITTED,
)

log = get_logger(__name__)


def record_decision(decision: Decision, messages: int) -> None:
    """Count what became of the jobs of one group; one line of the log for each way in which jobs ended."""
    ended: dict[tuple[str, Status], list[str]] = {}
    for before, after in decision.jobs:
        if before is None:
            _submitted(after.plugin).inc()
        if after.started_at and (before is None or before.attempt != after.attempt):
            waited = after.started_at - (before or after).queued_at
            _queue_wait(after.plugin).observe(max(0.0, waited.total_seconds()))
        if after.status.final and (before is None or before.status is not after.status):
            _observe_end(after)
            ended.setdefault((after.plugin, after.status), []).append(after.id)
    for plugin in decision.plugins:
        log.info("plugin_installed", plugin=plugin.name, version=plugin.manifest.version)
    for (name, status), jobs in ended.items():
        log.info("jobs_ended", plugin=name, status=status, jobs=jobs)
    log.debug("group_stored", messages=messages, jobs=len(decision.jobs), effects=len(decision.effects))


def _observe_end(job: Job) -> None:
    finished, duration = _end(job.plugin, job.status)
    finished.inc()
    if job.started_at and job.finished:
        took = (job.finished - job.started_at).total_seconds()
        duration.observe(max(0.0, took))


# Looked up once, since every job needs them.


@cache
def _submitted(plugin: str) -> Counter:
    return SUBMITTED.labels(plugin)


@cache
def _queue_wait(plugin: str) -> Histogram:
    return QUEUE_WAIT.labels(plugin)


@cache
def _end(plugin: str, status: Status) -> tuple[Counter, Histogram]:
    outcome = status.lower()
    return FINISHED.labels(plugin, outcome), JOB_DURATION.labels(plugin, outcome)


def set_job_gauges(statistics: Sequence[TabStatistics], plugins: Sequence[InstalledPlugin]) -> None:
    """Set the gauges of jobs by status and of stopped plugins."""
    for plugin in plugins:
        PAUSED.labels(plugin.name).set(1 if plugin.paused else 0)
        own = [one for one in statistics if one.plugin == plugin.name]
        for status in Status:
            JOBS.labels(plugin.name, status.value).set(sum(one.statuses.get(status, 0) for one in own))


def set_replica_gauges(sets: Sequence[ReplicaSet], runners: Sequence[RunnerState]) -> None:
    """Set the gauges of runners kept by orchestrators, summed over the places."""
    known = {runner.id: runner for runner in runners}
    REPLICAS.clear()  # places may have been forgotten
    for plugin in {one.plugin for one in sets}:
        own = [one for one in sets if one.plugin == plugin]
        REPLICAS.labels(plugin, "wanted").set(sum(one.wanted for one in own))
        counted = [count_conditions(shown_replicas(one, known)) for one in own]
        for condition in Condition:
            number = sum(counts.get(condition, 0) for counts in counted)
            REPLICAS.labels(plugin, condition.value).set(number)
