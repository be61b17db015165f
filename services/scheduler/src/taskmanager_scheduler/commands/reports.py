"""Operators' commands about Goobi: write a message to the process log, deliver reports again."""

from typing import Protocol

from taskmanager.messages import Command, ReplayReports, SendMessage
from taskmanager.model.reasons import Reason, actions_taken, refusals
from taskmanager.model.reports import Replay
from taskmanager.ports.store import Needs
from taskmanager_scheduler.commands.handler import CommandHandler, Subject, attribution
from taskmanager_scheduler.commands.jobs import JobSpace, subject_of_job
from taskmanager_scheduler.jobs.effects import CommandAnswer
from taskmanager_scheduler.jobs.events import GoobiMessageRequested


class ReportSpace(JobSpace, Protocol):
    """What such a command may read and change: the group it is part of."""

    replays: list[Replay]


def _replay(space: ReportSpace, command: Command, order: ReplayReports) -> CommandAnswer:
    del command
    space.replays.append(Replay(report=order.report, installations=order.installations, at=space.now))
    return "done", None


def _describe_replay(order: ReplayReports) -> Reason:
    if order.report is not None:
        return actions_taken.REPLAY(report=order.report)
    names = ", ".join(name or "the default one" for name in order.installations)
    return actions_taken.REPLAY_ALL(names=names)


def _send_message(space: ReportSpace, command: Command, order: SendMessage) -> CommandAnswer:
    """The command's id identifies the message: if the broker redelivers it, it is written only once."""
    job = space.jobs.get(order.job)
    if job is None:
        return "unknown", refusals.NO_JOB()
    if job.spec.goobi is None:
        return "refused", refusals.NOT_OF_GOOBI()
    if any(entry.report == command.id for entry in job.history):
        return "unchanged", None
    note = attribution(command, space.now)
    space.move(job.id, GoobiMessageRequested(command.id, order.message, note))
    return "done", None


MESSAGE: CommandHandler[ReportSpace, SendMessage] = CommandHandler(
    needs=lambda _, order: Needs(jobs=frozenset({order.job})),
    subject=lambda space, order: subject_of_job(space, order.job),
    describe=lambda order: actions_taken.MESSAGE(type=order.message.type),
    execute=_send_message,
)
REPLAY: CommandHandler[ReportSpace, ReplayReports] = CommandHandler(
    needs=lambda *_: Needs(),
    subject=lambda *_: Subject(),
    describe=_describe_replay,
    execute=_replay,
)
