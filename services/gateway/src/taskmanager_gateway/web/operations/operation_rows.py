"""Operations as their pages show them. Pure."""

from dataclasses import dataclass

from taskmanager.model.access import Principal, Right
from taskmanager.model.operations import Failure, Operation, OperationPage
from taskmanager_gateway.access.plugin_scope import reaches
from taskmanager_gateway.operations.views import OperationView


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One operation. `stoppable`: it has not ended, and the reader may stop it."""

    view: OperationView
    ended: bool
    stoppable: bool

    @classmethod
    def of(cls, operation: Operation, who: Principal) -> "OperationRow":
        """The operation as this reader sees it."""
        ended = operation.state.ended
        may = who.may(Right.OPERATE) and reaches(who, operation.filter)
        return cls(OperationView.of(operation), ended, stoppable=may and not ended)


def operation_rows(page: OperationPage, who: Principal) -> list[OperationRow]:
    """The rows of operations within the reader's reach."""
    return [OperationRow.of(one, who) for one in page.operations if reaches(who, one.filter)]


@dataclass(frozen=True, slots=True)
class FailurePage:
    """Some of the jobs an operation could not change. `after`: where the next page begins, if any."""

    failures: tuple[Failure, ...]
    after: int | None

    @classmethod
    def of(cls, found: list[Failure], limit: int) -> "FailurePage":
        """`found` has one item more than `limit` if there is another page."""
        shown = tuple(found[:limit])
        return cls(shown, shown[-1].number if len(found) > limit else None)
