"""Starting and stopping an operation over many jobs: only the operation is stored, no job changes. Pure."""

from datetime import datetime
from typing import Protocol

from taskmanager.messages import Command, StartOperation, StopOperation
from taskmanager.model.jobs import Interruption
from taskmanager.model.operations import Operation, OperationState
from taskmanager.model.reasons import actions_taken, refusals
from taskmanager.ports.store import Needs, Snapshot
from taskmanager_scheduler.commands.handler import CommandHandler, Subject, attribution
from taskmanager_scheduler.commands.jobs import describe_action
from taskmanager_scheduler.jobs.effects import CommandAnswer


class OperationSpace(Protocol):
    """What such an order may read and change: the group it is part of."""

    now: datetime
    operations: dict[str, Operation]
    snapshot: Snapshot

    def change_operation(self, operation: Operation) -> None:
        """Store the new state of an operation."""


def start_operation(space: OperationSpace, command: Command, order: StartOperation) -> CommandAnswer:
    """Store the operation; its pages are processed later. Repeating the same start changes nothing."""
    known = space.operations.get(order.operation)
    if order.operation in space.snapshot.unreadable_operations:
        return "refused", refusals.OPERATION_UNREADABLE()
    if known is not None:
        if known.fingerprint == order.fingerprint and known.action is order.action:
            return "unchanged", None
        return "refused", refusals.KEY_OF_ANOTHER()
    space.change_operation(
        Operation(
            id=order.operation,
            action=order.action,
            priority=order.priority,
            filter=order.filter,
            asked=attribution(command, space.now),
            fingerprint=order.fingerprint,
        )
    )
    return "done", None


def _stop(space: OperationSpace, command: Command, order: StopOperation) -> CommandAnswer:
    """Start no further page; what is done stays done."""
    known = space.operations.get(order.operation)
    if known is None:
        return "unknown", refusals.NO_OPERATION()
    if known.state is OperationState.STOPPED:
        return "unchanged", None
    if known.state.ended:
        return "refused", refusals.OPERATION_DONE()
    stop = Interruption(by=command.actor, at=space.now, reason=command.reason)
    ended = {"state": OperationState.STOPPED, "stop": stop, "finished": space.now}
    space.change_operation(known.model_copy(update={**ended, "rev": known.rev + 1}))
    return "done", None


def _subject(space: OperationSpace, order: StartOperation | StopOperation) -> Subject:
    known = space.operations.get(order.operation)
    if known is not None:
        return Subject(plugin=known.filter.plugin)
    return Subject(plugin=order.filter.plugin if isinstance(order, StartOperation) else None)


def _needs(command: Command, order: StartOperation | StopOperation) -> Needs:
    del command
    return Needs(operations=frozenset({order.operation}))


START: CommandHandler[OperationSpace, StartOperation] = CommandHandler(
    needs=_needs,
    subject=_subject,
    describe=lambda order: describe_action(order.action, order.priority, order.operation),
    execute=start_operation,
)
STOP: CommandHandler[OperationSpace, StopOperation] = CommandHandler(
    needs=_needs,
    subject=_subject,
    describe=lambda order: actions_taken.STOP_OPERATION(operation=order.operation),
    execute=_stop,
)
