"""Runners as their page shows them. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from taskmanager.model.access import Principal, Right
from taskmanager.model.registry import AtWork, RunnerState
from taskmanager_gateway.runners.views import RunnerCondition, RunnerView


@dataclass(frozen=True, slots=True)
class RunnerRow:
    """One runner, the jobs it runs, and what the reader may do with it."""

    view: RunnerView
    title: str
    """The title of its plugin."""
    jobs: tuple[AtWork, ...]
    operable: bool

    @property
    def drainable(self) -> bool:
        """Whether it can be drained."""
        return self.operable and self.view.state is RunnerCondition.WORKING

    @property
    def resumable(self) -> bool:
        """Whether it takes no jobs at present because an operator drained it."""
        return self.operable and self.view.drain is not None

    @property
    def forgettable(self) -> bool:
        """Whether it is gone, and so may be forgotten."""
        return self.operable and self.view.state is RunnerCondition.GONE


def runner_rows(
    runners: Sequence[RunnerState], jobs: Iterable[AtWork], titles: Mapping[str, str], who: Principal
) -> list[RunnerRow]:
    """The runners of plugins within reach, sorted by plugin, with those that are gone last."""
    owned: defaultdict[str, list[AtWork]] = defaultdict(list)
    for job in jobs:
        if who.may(Right.READ, job.plugin):
            owned[job.runner].append(job)
    rows = [
        RunnerRow(
            RunnerView.of(runner),
            titles.get(runner.plugin, runner.plugin),
            tuple(owned[runner.id]),
            who.may(Right.OPERATE, runner.plugin),
        )
        for runner in runners
        if who.may(Right.READ, runner.plugin)
    ]
    return sorted(rows, key=lambda row: (not row.view.alive, row.title.casefold(), row.view.id))
