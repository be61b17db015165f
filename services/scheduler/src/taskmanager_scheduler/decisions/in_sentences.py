"""Rewrites a plan for services older than the reason codes, which read only sentences. Pure."""

from dataclasses import replace
from typing import TypeVar

from taskmanager.messages import CommandResult
from taskmanager.model.jobs import HistoryEntry, Interruption, Job
from taskmanager.model.operations import Failure, Operation
from taskmanager.model.registry import AuditEntry, InstalledPlugin, StoredFile
from taskmanager.ports.store import PlanT
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.jobs.effects import AnswerGateway, Effect
from taskmanager_scheduler.jobs.english import english

InterruptionT = TypeVar("InterruptionT", bound=Interruption)
ToldT = TypeVar("ToldT", AuditEntry, CommandResult)


def in_sentences(plan: PlanT) -> PlanT:
    """The plan with sentences in place of reason codes."""
    spoken = replace(
        plan,
        jobs=[(before, _job(after)) for before, after in plan.jobs],
        audit=[_audited(entry) for entry in plan.audit],
        failures=[_failure(failure) for failure in plan.failures],
        files=[_file(stored) for stored in plan.files],
        plugins=[_plugin(plugin) for plugin in plan.plugins],
        operations=[(before, _operation(after)) for before, after in plan.operations],
    )
    if isinstance(spoken, Decision):
        return replace(spoken, effects=[_effect(effect) for effect in spoken.effects])
    return spoken


def _job(job: Job) -> Job:
    error = job.error.model_copy(update={"reason": None}) if job.error is not None else None
    history = tuple(_entry(entry) for entry in job.history)
    return job.model_copy(update={"history": history, "error": error, "warning_reasons": ()})


def _file(stored: StoredFile) -> StoredFile:
    plain = stored.file.model_copy(update={"warning_reasons": (), "error_reason": None})
    return stored.model_copy(update={"file": plain})


def _plugin(plugin: InstalledPlugin) -> InstalledPlugin:
    manifest = plugin.manifest.model_copy(update={"texts": {}})
    return plugin.model_copy(update={"manifest": manifest, "stop": _interruption(plugin.stop)})


def _operation(operation: Operation) -> Operation:
    return operation.model_copy(update={"stop": _interruption(operation.stop)})


def _interruption(stop: InterruptionT | None) -> InterruptionT | None:
    if stop is None or stop.why is None:
        return stop
    return stop.model_copy(update={"why": None, "reason": english(stop.why)})


def _entry(entry: HistoryEntry) -> HistoryEntry:
    return (
        entry if entry.what is None else entry.model_copy(update={"what": None, "note": english(entry.what)})
    )


def _audited(entry: AuditEntry) -> AuditEntry:
    return _detailed(entry.model_copy(update={"what": None, "action": english(entry.asked)}))


def _failure(failure: Failure) -> Failure:
    return failure.model_copy(update={"why": None, "reason": english(failure.told)})


def _detailed(told: ToldT) -> ToldT:
    return told if told.why is None else told.model_copy(update={"why": None, "detail": english(told.why)})


def _effect(effect: Effect) -> Effect:
    return replace(effect, result=_detailed(effect.result)) if isinstance(effect, AnswerGateway) else effect
