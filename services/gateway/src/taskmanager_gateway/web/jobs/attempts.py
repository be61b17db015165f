"""The attempts of a job as its history tells them, and two of them side by side. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from taskmanager.model.jobs import HISTORY_LIMIT, HistoryEntry, Job
from taskmanager.model.reasons import Reason
from taskmanager.model.states import RUNNING, Status

FEWEST = 2
"""Attempts that can be compared."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: where it ran, how long it was in each phase, and what became of it.

    `ended` None: it is running. `cut`: the beginning of it is no longer in the history.
    """

    number: int
    runners: Sequence[str]
    begun: datetime
    ended: datetime | None
    became: Status
    told: Reason
    """What is written of its last moment, for instance why it failed."""
    phases: Mapping[Status, timedelta]
    cut: bool

    @property
    def lasted(self) -> timedelta:
        """The time in all phases."""
        return sum(self.phases.values(), timedelta())


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two attempts of one job; `phases`: those in which either of them was, in their order."""

    all: Sequence[int]
    one: Attempt
    other: Attempt

    @property
    def phases(self) -> Sequence[tuple[Status, timedelta | None, timedelta | None]]:
        """Each phase with how long both were in it; None: not at all."""
        either = self.one.phases.keys() | self.other.phases.keys()
        return [
            (status, self.one.phases.get(status), self.other.phases.get(status))
            for status in Status
            if status in either
        ]


def attempts(job: Job, now: datetime) -> list[Attempt]:
    """The attempts of which the history still tells, the first one first."""
    ends = [entry.at for entry in job.history[1:]] + [job.history[-1].at if job.status.final else now]
    stays = [(entry, max(end - entry.at, timedelta())) for entry, end in zip(job.history, ends, strict=False)]
    numbered = [(entry, lasted) for entry, lasted in stays if entry.attempt > 0]
    cut = len(job.history) >= HISTORY_LIMIT
    found: list[Attempt] = []
    for number, some in groupby(numbered, lambda one: one[0].attempt):
        if own := _own(list(some)):
            found.append(_attempt(number, own, cut=cut and not found))
    return found


def _own(stays: Sequence[tuple[HistoryEntry, timedelta]]) -> Sequence[tuple[HistoryEntry, timedelta]]:
    """Those in which an attempt was at work, and what it became: not what happened to the job after it."""
    at_work = [place for place, (entry, _) in enumerate(stays) if entry.status in RUNNING]
    return stays[at_work[0] : at_work[-1] + 2] if at_work else ()


def _attempt(number: int, own: Sequence[tuple[HistoryEntry, timedelta]], *, cut: bool) -> Attempt:
    last = own[-1][0]
    phases: dict[Status, timedelta] = {}
    for entry, lasted in own:
        if entry.status in RUNNING:
            phases[entry.status] = phases.get(entry.status, timedelta()) + lasted
    return Attempt(
        number=number,
        runners=list(dict.fromkeys(entry.runner for entry, _ in own if entry.runner)),
        begun=own[0][0].at,
        ended=None if last.status in RUNNING else last.at,
        became=last.status,
        told=last.told,
        phases=phases,
        cut=cut,
    )


def comparison(job: Job, now: datetime, one: int | None, other: int | None) -> Comparison | None:
    """Two attempts beside each other, the last two if none are named; None if there are fewer than two."""
    known = {found.number: found for found in attempts(job, now)}
    if len(known) < FEWEST:
        return None
    *_, before, last = sorted(known)
    return Comparison(
        sorted(known),
        known.get(one if one is not None else before, known[before]),
        known.get(other if other is not None else last, known[last]),
    )
