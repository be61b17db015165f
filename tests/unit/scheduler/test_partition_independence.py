"""Partitions need no common order: whatever comes to two inboxes, the result is that of one inbox.

So it does not matter which scheduler is quicker, nor whether there is one or two.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from taskmanager.messages import (
    Advanced,
    Claim,
    Command,
    Commit,
    Failed,
    Finished,
    HandedBack,
    Heartbeat,
    Hello,
    Inbound,
    JobCommand,
    Order,
    PluginCommand,
    RunnerCommand,
    RunnerEvent,
    RunnerEvents,
    Submissions,
    Submit,
)
from taskmanager.model.control import JobAction, PluginAction, RunnerAction
from taskmanager.model.jobs import JobError, JobSpec
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.partitions import partition_of
from taskmanager.model.states import Status
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.decisions.run_order import RunOrderedStore
from taskmanager_scheduler.jobs.effects import SendTicket
from taskmanager_testing.clock import SetClock
from taskmanager_testing.store import MemoryStore

NOW = datetime(2027, 1, 1, tzinfo=UTC)
PLUGINS = ("sleep", "noop")
"""Of partition 0 and 1 of two."""
JOBS, SMALL = st.integers(1, 3), st.integers(1, 2)
PLAIN = (JobAction.CANCEL, JobAction.HOLD, JobAction.RELEASE, JobAction.RETRY, JobAction.NEXT)
Step = tuple[str, int, int]
"""What happens, to which job, and an attempt, a dispatch, a priority or a limit."""
STEP: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("submit"), JOBS, SMALL),
    st.tuples(st.just("claim"), JOBS, SMALL),
    st.tuples(st.sampled_from(("advanced", "commit", "finished", "failed", "handed back")), JOBS, SMALL),
    st.tuples(st.sampled_from(("hello", "heartbeat")), JOBS, SMALL),
    st.tuples(st.sampled_from(PLAIN), JOBS, SMALL),
    st.tuples(st.sampled_from((PluginAction.STOP, PluginAction.RESTART, PluginAction.LIMIT)), JOBS, SMALL),
    st.tuples(st.sampled_from((RunnerAction.DRAIN, RunnerAction.RESUME)), JOBS, SMALL),
)


@st.composite
def _life(draw: st.DrawFn) -> list[Step]:
    """What becomes of a job that nobody disturbs, up to some point."""
    job, end = draw(JOBS), draw(st.sampled_from(("finished", "failed", "handed back")))
    steps = [(what, job, 1) for what in ("submit", "claim", "advanced", "commit", end)]
    return steps[: draw(st.integers(1, len(steps)))]


STEPS = st.lists(st.one_of(_life(), STEP.map(lambda one: [one])), max_size=12).map(
    lambda parts: [step for part in parts for step in part]
)


def message(plugin: str, seq: int, step: Step) -> Inbound:
    """The message of one step; `seq` is new each time."""
    what, number, small = step
    job, one = f"{plugin} {number}", {"attempt": small, "seq": seq}
    events: dict[str, Any] = {
        "claim": lambda: Claim(job=job, dispatch=small, claim_id=f"{job} {small}"),
        "advanced": lambda: Advanced(job=job, status=Status.PROCESSING, **one),
        "commit": lambda: Commit(job=job, **one),
        "finished": lambda: Finished(job=job, files=number, bytes=small, **one),
        "failed": lambda: Failed(job=job, error=JobError(kind="Defect", message="no"), **one),
        "handed back": lambda: HandedBack(job=job, attempt=small),
        "heartbeat": lambda: Heartbeat(slots=2, busy=0, running=()),
        "hello": lambda: _hello(plugin),
    }
    if what in events:
        event: RunnerEvent = events[what]()
        return RunnerEvents(plugin=plugin, runner=f"runner of {plugin}", instance="i", events=(event,))
    if what == "submit":
        spec = JobSpec(plugin=plugin, priority=small)
        return Submissions(submissions=(Submit(job=job, client="c", submitted_at=NOW, spec=spec),))
    order = _order(plugin, job, what, small)
    return Command(id=f"{plugin} command {seq}", gateway="g", actor="anna", at=NOW, order=order)


def _hello(plugin: str) -> Hello:
    manifest = PluginManifest(name=plugin, title=plugin, job_type=plugin)
    return Hello(manifest=manifest, host="h", version="1", slots=2, transfers=1, started_at=NOW, running=())


def _order(plugin: str, job: str, what: str, small: int) -> Order:
    if isinstance(what, PluginAction):
        limit = small if what is PluginAction.LIMIT else None
        return PluginCommand(plugin=plugin, action=what, max_running=limit)
    if isinstance(what, RunnerAction):
        return RunnerCommand(runner=f"runner of {plugin}", action=what)
    return JobCommand(job=job, action=JobAction(what))


class Schedulers:
    """As many as there are partitions, over one store."""

    def __init__(self, partitions: int) -> None:
        self.memory = MemoryStore(SetClock(NOW))
        self._stores = [RunOrderedStore(self.memory) for _ in range(partitions)]
        self.tickets: dict[str, list[SendTicket]] = {plugin: [] for plugin in PLUGINS}

    async def take(self, plugin: str, one: Inbound) -> None:
        """Take a message that comes to the inbox of this plugin."""
        store = self._stores[partition_of(plugin, len(self._stores))]
        decision: Decision = await store.apply(needs_of([one]), partial(decide, [one], now=NOW))
        for effect in decision.effects:
            if isinstance(effect, SendTicket):
                self.tickets[effect.plugin].append(effect)

    @property
    def result(self) -> Sequence[object]:
        """Everything that is stored, and the tickets of each plugin in order."""
        memory = self.memory
        stored = (
            memory.jobs,
            memory.statistics,
            memory.installed,
            memory.runners,
            memory.audit,
            memory.reports,
        )
        return [*stored, sorted(memory.figures, key=repr), self.tickets]


async def result_of(partitions: int, messages: Sequence[tuple[str, Inbound]]) -> Sequence[object]:
    schedulers = Schedulers(partitions)
    for plugin, one in messages:
        await schedulers.take(plugin, one)
    return schedulers.result


@given(STEPS, STEPS, st.lists(st.booleans(), max_size=80))
def test_two_schedulers_in_any_order_do_what_one_does(
    first: list[Step], second: list[Step], turns: list[bool]
) -> None:
    streams = {
        plugin: [(plugin, message(plugin, seq, step)) for seq, step in enumerate(steps, start=1)]
        for plugin, steps in zip(PLUGINS, (first, second), strict=True)
    }
    in_one = [*streams["sleep"], *streams["noop"]]
    mixed, left = list[tuple[str, Inbound]](), {plugin: list(one) for plugin, one in streams.items()}
    for turn in turns:
        if stream := left[PLUGINS[turn]]:
            mixed.append(stream.pop(0))
    mixed += [*left["noop"], *left["sleep"]]

    assert asyncio.run(result_of(2, mixed)) == asyncio.run(result_of(1, in_one))
