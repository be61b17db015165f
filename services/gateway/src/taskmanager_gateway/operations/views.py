"""Operations over many jobs as the API shows them; made from what is stored."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Attribution, Priority, Record
from taskmanager.model.operations import FAILURES_KEPT, Failure, JobFilter, Operation, OperationState
from taskmanager_gateway.codes import english
from taskmanager_gateway.http.examples import OPERATION
from taskmanager_gateway.http.views import API, CommandView, InterruptionView, ReasonView, reason_fields
from taskmanager_gateway.jobs.views import JobView


class OperationView(Record):
    """An operation and its progress: `done`, `unchanged` (no change needed) and `refused` of `total` jobs."""

    model_config = ConfigDict(json_schema_extra={"examples": [OPERATION]})

    id: str
    action: JobAction
    priority: Priority | None
    filter: JobFilter
    asked: Attribution = Field(
        description="Who requested the operation, when and why. Jobs stored later are not affected."
    )
    state: OperationState = Field(
        description="`waiting` (its jobs are being listed), `running`, `stopped` by an operator, or `done`."
    )
    total: int | None = Field(description="Number of jobs; null until they have been listed.")
    done: int
    unchanged: int
    refused: int
    percent: int
    started: datetime | None
    finished: datetime | None
    stop: InterruptionView | None = Field(
        description="Who stopped it, when and why; changes already made are kept."
    )
    links: dict[str, str]

    @classmethod
    def of(cls, operation: Operation) -> "OperationView":
        """The public form; the values are not validated again."""
        address = f"{API}/operations/{operation.id}"
        fields: dict[str, Any] = {name: getattr(operation, name) for name in _STATE} | {
            "percent": _percent(operation),
            "stop": InterruptionView.of(operation.stop) if operation.stop else None,
            "links": {"self": address, "failures": f"{address}/failures", "stop": f"{address}/stop"},
        }
        return cls.model_construct(**fields)


_STATE = tuple(name for name in OperationView.model_fields if name in Operation.model_fields)


def _percent(operation: Operation) -> int:
    if not operation.total:
        return 100 if operation.state is OperationState.DONE else 0
    return 100 * operation.handled // operation.total


class OperationListView(Record):
    """One page of operations, the newest first; `next_cursor` is null on the last."""

    operations: list[OperationView]
    next_cursor: str | None
    links: dict[str, str]


class PreviewView(Record):
    """What an operation would affect; nothing was changed."""

    count: int
    exact: bool = Field(
        description="If false, there are at least `count` jobs; counting them all would take too long."
    )
    examples: list[JobView]


class FailureView(ReasonView):
    """A job an operation could not change; `reason` is the sentence that says why, `number` counts from 1."""

    operation: str
    number: int
    job: str
    reason: str
    at: datetime

    @classmethod
    def of(cls, failure: Failure) -> "FailureView":
        """The public form; the values are not validated again."""
        fields = failure.__dict__ | reason_fields(failure.told) | {"reason": english(failure.told)}
        return cls.model_construct(**{name: fields[name] for name in cls.model_fields})


class FailureListView(Record):
    """Jobs an operation could not change, in its order. Send `after` again until `more` is false."""

    operation: str
    refused: int = Field(description=f"Number of failures; the first {FAILURES_KEPT} are listed.")
    failures: list[FailureView]
    after: int = Field(description="`number` of the last failure listed so far.")
    more: bool


class OperationCommandView(CommandView):
    """The result of a command for an operation, and the operation (null if it cannot be read at present)."""

    operation: OperationView | None
