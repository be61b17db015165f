"""Why a job does not run, in one sentence for people and one word for programs. Pure; knows no store."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import Field

from taskmanager.control import Stop
from taskmanager.jobs import Job, Note, Record
from taskmanager.queries import Position
from taskmanager.registry import InstalledPlugin, RunnerState
from taskmanager.states import Status
from taskmanager_gateway.expectation import Expectation, expected_start


class WaitingCode(StrEnum):
    """The reasons, in the order in which they count: the first that holds is told."""

    CANCELLING = "cancelling"
    HELD = "held"
    SUSPENDED = "suspended"
    BACKING_OFF = "backing_off"
    PLUGIN_STOPPED = "plugin_stopped"
    NO_RUNNER = "no_runner"
    RUNNERS_DRAINED = "runners_drained"
    LIMIT_REACHED = "limit_reached"
    NO_FREE_SLOT = "no_free_slot"
    ITS_TURN = "its_turn"


class Waiting(Record):
    """Why a job waits."""

    code: WaitingCode
    sentence: str = Field(examples=["All 2 slots of plugin jp2 are busy; 3 jobs start before it."])
    position: int | None = Field(
        default=None,
        description="How many waiting jobs of the plugin start before it; only where one job is shown.",
    )
    position_capped: bool = Field(
        default=False, description="Whether counting ended at `position`: there may be more."
    )
    expected_start: Expectation | None = Field(
        default=None,
        description="When it is likely to start; only where one job is shown, its plugin is at work, and its "
        "last jobs give something to judge by.",
    )


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known about the plugin of a job; `running` counts its running jobs over all runners."""

    plugin: InstalledPlugin
    runners: Sequence[RunnerState]
    running: int
    ended: Sequence[Job] = ()
    """The last jobs that are DONE, if they were looked up."""

    @property
    def alive(self) -> list[RunnerState]:
        """The runners that were heard of lately."""
        return [runner for runner in self.runners if runner.alive]

    @property
    def working(self) -> list[RunnerState]:
        """Those of them that take jobs."""
        return [runner for runner in self.alive if runner.drain is None]

    @property
    def slots(self) -> int:
        """How many jobs the working runners can take at once."""
        return sum(runner.slots for runner in self.working)

    @property
    def busy(self) -> int:
        """How many of those slots are taken; heartbeats also count suspended jobs, the store is quicker."""
        drained = sum(runner.busy for runner in self.alive if runner.drain is not None)
        return max(self.running - drained, sum(runner.busy for runner in self.working))

    @property
    def places(self) -> int:
        """How many jobs can run at once."""
        return self.slots if self.plugin.limit is None else min(self.slots, self.plugin.limit)


def waiting_reason(
    job: Job, around: Circumstances, position: Position | None = None, now: datetime | None = None
) -> Waiting | None:
    """Why the job waits; None for one that runs or has ended.

    `position` if it was counted; `now` if its start is to be estimated.
    """
    if job.status is Status.PAUSED:
        return _pause(job, around)
    if job.status is not Status.STARTED:
        return None
    if job.not_before is not None:
        return Waiting(code=WaitingCode.BACKING_OFF, sentence=_backing_off(job, job.not_before))
    code, reason = next(_obstacles(around))
    return Waiting(
        code=code,
        sentence=f"{reason}{_place(position)}.",
        position=position.ahead if position else None,
        position_capped=position is not None and position.capped,
        expected_start=_expected(code, around, position, now),
    )


def _expected(
    code: WaitingCode, around: Circumstances, position: Position | None, now: datetime | None
) -> Expectation | None:
    if position is None or now is None or code not in _MOVING:
        return None
    return expected_start(position, around.ended, around.places, now)


def _backing_off(job: Job, until: datetime) -> str:
    last = f": {job.error.message}" if job.error else ""
    return f"It failed {job.failures} times for a passing reason and is tried again at {_moment(until)}{last}"


def _pause(job: Job, around: Circumstances) -> Waiting:
    stop = around.plugin.stop
    if job.cancel is not None:
        sentence = f"Its cancel was asked for {_by(job.cancel)}, and its runner is ending it."
        return Waiting(code=WaitingCode.CANCELLING, sentence=sentence)
    if job.held is not None:
        sentence = f"It was held {_by(job.held)}, until an operator releases it."
        return Waiting(code=WaitingCode.HELD, sentence=sentence)
    if stop is not None:
        code = WaitingCode.PLUGIN_STOPPED if job.owner is None else WaitingCode.SUSPENDED
        return Waiting(code=code, sentence=f"It is paused because {_stopped(around.plugin, stop)}.")
    sentence = "It is paused and goes on as soon as its runner has been told."
    return Waiting(code=WaitingCode.SUSPENDED, sentence=sentence)


def _obstacles(around: Circumstances) -> Iterator[tuple[WaitingCode, str]]:
    """What is in the way of a job that waits for its turn, the weightiest first; the last always holds."""
    for code, look in _LOOKS:
        reason = look(around)
        if reason is not None:
            yield code, reason
    yield (
        WaitingCode.ITS_TURN,
        f"Plugin {around.plugin.name} has a free slot, so it starts when its turn comes",
    )


def _stop(around: Circumstances) -> str | None:
    stop = around.plugin.stop
    return None if stop is None else _sentence(_stopped(around.plugin, stop))


def _no_runner(around: Circumstances) -> str | None:
    if around.alive:
        return None
    heard = [runner.last_heartbeat for runner in around.runners]
    last = f"; the last one was heard of at {_moment(max(heard))}" if heard else ""
    return f"No runner of plugin {around.plugin.name} is alive{last}"


def _drained(around: Circumstances) -> str | None:
    drains = [runner.drain for runner in around.alive if runner.drain is not None]
    if around.working or not drains:
        return None
    last = _by(max(drains, key=lambda drain: drain.at))
    if len(drains) == 1:
        return f"The only runner of plugin {around.plugin.name} was drained {last}"
    return f"All {len(drains)} runners of plugin {around.plugin.name} are drained, the last one {last}"


def _limit(around: Circumstances) -> str | None:
    limit = around.plugin.limit
    if limit is None or around.running < limit:
        return None
    return f"Plugin {around.plugin.name} runs {_jobs(around.running)}, and its limit is {limit}"


def _no_slot(around: Circumstances) -> str | None:
    if around.busy < around.slots:
        return None
    slots = "The only slot" if around.slots == 1 else f"All {around.slots} slots"
    return f"{slots} of plugin {around.plugin.name} {'is' if around.slots == 1 else 'are'} busy"


_LOOKS: tuple[tuple[WaitingCode, Callable[[Circumstances], str | None]], ...] = (
    (WaitingCode.PLUGIN_STOPPED, _stop),
    (WaitingCode.NO_RUNNER, _no_runner),
    (WaitingCode.RUNNERS_DRAINED, _drained),
    (WaitingCode.LIMIT_REACHED, _limit),
    (WaitingCode.NO_FREE_SLOT, _no_slot),
)
_MOVING = frozenset({WaitingCode.LIMIT_REACHED, WaitingCode.NO_FREE_SLOT})
"""Reasons that pass by themselves, as jobs end."""


def _stopped(plugin: InstalledPlugin, stop: Stop) -> str:
    end = _moment(stop.until) if stop.until else "an operator restarts it"
    return f"plugin {plugin.name} was stopped {_by(stop)}, until {end}"


def _by(note: Note) -> str:
    why = f" ({' '.join(note.reason.split())})" if note.reason.strip() else ""
    return f"by {note.by} at {_moment(note.at)}{why}"


def _place(position: Position | None) -> str:
    if position is None:
        return ""
    if position.ahead == 0:
        return "; it is the next one"
    start = "starts" if position.ahead == 1 else "start"
    return f"; {_jobs(position.ahead, more=position.capped)} {start} before it"


def _jobs(count: int, *, more: bool = False) -> str:
    return f"{count:,}{'+' if more else ''} {'job' if count == 1 else 'jobs'}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
