"""Runners as the API shows them; made from what is stored."""

from enum import StrEnum

from taskmanager.model.jobs import Record
from taskmanager.model.registry import RunnerState
from taskmanager_gateway.http.views import API, CommandView


class RunnerCondition(StrEnum):
    """What a runner does. `draining`: takes no jobs, and `busy` still run; `gone`: no recent heartbeat."""

    WORKING = "working"
    DRAINING = "draining"
    DRAINED = "drained"
    GONE = "gone"


class RunnerView(RunnerState):
    """A runner as of its last heartbeat; `drain` says who drained it, when, why, and the grace period."""

    state: RunnerCondition
    links: dict[str, str]

    @classmethod
    def of(cls, runner: RunnerState) -> "RunnerView":
        """The public form; the values are not validated again."""
        links = {"self": f"{API}/runners/{runner.id}"}
        return cls.model_construct(**runner.__dict__, state=_condition(runner), links=links)


def _condition(runner: RunnerState) -> RunnerCondition:
    if not runner.alive:
        return RunnerCondition.GONE
    if runner.drain is None:
        return RunnerCondition.WORKING
    return RunnerCondition.DRAINING if runner.busy else RunnerCondition.DRAINED


class RunnerListView(Record):
    """All runners by id."""

    runners: list[RunnerView]


class RunnerCommandView(CommandView):
    """The result of a command for a runner, and the runner's current state.

    `runner` is null if it cannot be read at present, or was forgotten.
    """

    runner: RunnerView | None
