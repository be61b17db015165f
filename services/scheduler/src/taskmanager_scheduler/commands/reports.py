"""Operators' commands about Goobi: write a message into the process log, deliver reports again."""

from datetime import datetime
from typing import Protocol

from taskmanager.messages import Command, ReplayReports, SendMessage
from taskmanager.model.jobs import Attribution, Job
from taskmanager.model.reasons import Reason, actions_taken, refusals
from taskmanager.model.reports import Replay
from taskmanager_scheduler.jobs.effects import CommandResultAndReason
from taskmanager_scheduler.jobs.events import Event, GoobiMessageRequested


class ReportSpace(Protocol):
    """What such a command may see and change: the fold it is part of."""

    now: datetime
    jobs: dict[str, Job]
    replays: list[Replay]

    def move(self, job_id: str, event: Event, *, holder: str | None = None) -> None:
        """Send an event through `transition`."""


def execute_for_reports(
    space: ReportSpace, command: Command, order: SendMessage | ReplayReports
) -> CommandResultAndReason:
    """Do what can be done."""
    if isinstance(order, ReplayReports):
        space.replays.append(Replay(report=order.report, installations=order.installations, at=space.now))
        return "done", None
    return _send_message(space, command, order)


def describe_for_reports(order: SendMessage | ReplayReports) -> Reason:
    """What the audit says of it."""
    if isinstance(order, SendMessage):
        return actions_taken.MESSAGE(type=order.message.type)
    if order.report is not None:
        return actions_taken.REPLAY(report=order.report)
    names = ", ".join(name or "the default one" for name in order.installations)
    return actions_taken.REPLAY_ALL(names=names)


def _send_message(space: ReportSpace, command: Command, order: SendMessage) -> CommandResultAndReason:
    """The command's id names the message: handed out twice by the broker, it is written once."""
    job = space.jobs.get(order.job)
    if job is None:
        return "unknown", refusals.NO_JOB()
    if job.spec.goobi is None:
        return "refused", refusals.NOT_OF_GOOBI()
    if any(entry.report == command.id for entry in job.history):
        return "unchanged", None
    note = Attribution(by=command.actor, at=space.now, reason=command.reason)
    space.move(job.id, GoobiMessageRequested(command.id, order.message, note))
    return "done", None
