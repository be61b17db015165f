"""Runners as the public sees them; made from what is stored."""

from enum import StrEnum

from taskmanager.model.jobs import Record
from taskmanager.model.registry import RunnerState
from taskmanager_gateway.http.views import API, CommandView


class RunnerCondition(StrEnum):
    """What a runner does. `draining`: it takes no jobs, and `busy` still run; `gone`: not heard of lately."""

    WORKING = "working"
    DRAINING = "draining"
    DRAINED = "drained"
    GONE = "gone"


class RunnerView(RunnerState):
    """A runner as of its last sign of life; `drain` says who had it take no jobs, when, why, and how long."""

    state: RunnerCondition
    links: dict[str, str]

    @classmethod
    def of(cls, runner: RunnerState) -> "RunnerView":
        """The public form; nothing is checked again."""
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
    """What became of a command for a runner, and the runner as it is now.

    `runner` is null if it cannot be read just now, or is forgotten.
    """

    runner: RunnerView | None
