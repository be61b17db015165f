"""Operators' commands for one job. Pure."""

from datetime import datetime
from typing import Protocol

from taskmanager.messages import Command, JobCommand
from taskmanager.model.control import JobAction, judge
from taskmanager.model.jobs import Attribution, Job
from taskmanager.model.reasons import Reason, actions_taken, refusals
from taskmanager.ports.store import Needs
from taskmanager_scheduler.commands.handler import CommandHandler, Subject, attribution
from taskmanager_scheduler.jobs.effects import CommandAnswer
from taskmanager_scheduler.jobs.events import Event, OperatorRequest


class JobSpace(Protocol):
    """What such a command may read and change: the group it is part of."""

    now: datetime
    jobs: dict[str, Job]
    holders: dict[str, str]

    def move(self, job_id: str, event: Event, *, holder: str | None = None) -> None:
        """Send an event through `transition`."""


def change_job(
    space: JobSpace, job_id: str, action: JobAction, priority: int | None, note: Attribution
) -> CommandAnswer:
    """Apply the action to one job, or say why not. `priority` is for the action PRIORITY."""
    job = space.jobs.get(job_id)
    if job is None:
        return "unknown", refusals.NO_JOB()
    verdict = judge(job, action, priority)
    if verdict.refusal is not None:
        return "refused", verdict.refusal
    if verdict.unchanged:
        return "unchanged", None
    holder = space.holders.get(job.spec.unique) if job.spec.unique else None
    space.move(job.id, OperatorRequest(action, note, priority), holder=holder)
    if space.jobs[job.id] is job:
        return "refused", refusals.UNIQUE_KEY(job=holder, key=job.spec.unique)
    return "done", None


def describe_action(action: JobAction, priority: int | None, operation: str | None = None) -> Reason:
    """What the audit says of the action, applied to one job or to the jobs of an operation."""
    if priority is not None:
        return actions_taken.PRIORITY(level=priority, operation=operation)
    return actions_taken.JOBS[action](operation=operation)


def subject_of_job(space: JobSpace, job_id: str) -> Subject:
    """The job and its plugin."""
    job = space.jobs.get(job_id)
    return Subject(job=job_id, plugin=job.plugin if job else None)


def _execute(space: JobSpace, command: Command, order: JobCommand) -> CommandAnswer:
    return change_job(space, order.job, order.action, order.priority, attribution(command, space.now))


JOB: CommandHandler[JobSpace, JobCommand] = CommandHandler(
    needs=lambda _, order: Needs(jobs=frozenset({order.job})),
    subject=lambda space, order: subject_of_job(space, order.job),
    describe=lambda order: describe_action(order.action, order.priority),
    execute=_execute,
)
