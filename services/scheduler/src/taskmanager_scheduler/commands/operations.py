"""Starting and stopping an operation over many jobs: what is stored of it; no job is touched here. Pure."""

from datetime import datetime
from typing import Protocol

from taskmanager.messages import StartOperation, StopOperation
from taskmanager.model.jobs import Attribution
from taskmanager.model.operations import Operation, OperationState
from taskmanager.model.reasons import refusals
from taskmanager.ports.store import Snapshot
from taskmanager_scheduler.jobs.effects import CommandResultAndReason


class OperationSpace(Protocol):
    """What such an order may see and change: the fold it is part of."""

    now: datetime
    operations: dict[str, Operation]
    snapshot: Snapshot

    def change_operation(self, operation: Operation) -> None:
        """Keep what became of an operation."""


def start_operation(desk: OperationSpace, order: StartOperation, note: Attribution) -> CommandResultAndReason:
    """Store it; its pages are worked off later. The same start again changes nothing."""
    known = desk.operations.get(order.operation)
    if order.operation in desk.snapshot.unreadable_operations:
        return "refused", refusals.OPERATION_UNREADABLE()
    if known is not None:
        if known.fingerprint == order.fingerprint and known.action is order.action:
            return "unchanged", None
        return "refused", refusals.KEY_OF_ANOTHER()
    desk.change_operation(
        Operation(
            id=order.operation,
            action=order.action,
            priority=order.priority,
            filter=order.filter,
            asked=note,
            fingerprint=order.fingerprint,
        )
    )
    return "done", None


def stop_operation(desk: OperationSpace, order: StopOperation, note: Attribution) -> CommandResultAndReason:
    """No page is begun from now on; what is done stays done."""
    known = desk.operations.get(order.operation)
    if known is None:
        return "unknown", refusals.NO_OPERATION()
    if known.state is OperationState.STOPPED:
        return "unchanged", None
    if known.state.ended:
        return "refused", refusals.OPERATION_DONE()
    ended = {"state": OperationState.STOPPED, "stop": note, "finished": desk.now}
    desk.change_operation(known.model_copy(update={**ended, "rev": known.rev + 1}))
    return "done", None
