"""Runners that register, report and return: what they say about themselves, and the orders they get."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from taskmanager.messages import (
    AttemptDesiredState,
    AttemptReference,
    Heartbeat,
    Hello,
    RunnerEvents,
    RunnerOrders,
)
from taskmanager.model.control import Drain
from taskmanager.model.jobs import Job
from taskmanager.model.reasons import history
from taskmanager.model.registry import ALIVE_FOR, InstalledPlugin, RunnerState
from taskmanager.ports.store import Snapshot
from taskmanager_scheduler.commands.runners import known_runner
from taskmanager_scheduler.jobs.desired_state import desired_state
from taskmanager_scheduler.jobs.effects import AnswerRunner, DeclarePlugin, Effect
from taskmanager_scheduler.jobs.events import NOBODY, Event, Orphaned, Renewed, Sender
from taskmanager_scheduler.jobs.starts import LEASE


class RegistrationSpace(Protocol):
    """What a runner's message may read and change: the group it is part of."""

    now: datetime
    snapshot: Snapshot
    jobs: dict[str, Job]
    installed: dict[str, InstalledPlugin]
    runners: dict[str, RunnerState]
    forgotten: set[str]
    effects: list[Effect]

    def move(self, job_id: str, event: Event, *, sender: Sender = NOBODY) -> None:
        """Send an event through `transition`."""

    def change_plugin(self, plugin: InstalledPlugin) -> None:
        """Store the new state of a plugin."""


def on_hello(space: RegistrationSpace, hello: Hello, envelope: RunnerEvents, sender: Sender) -> None:
    """Install the runner's plugin, take back the jobs it no longer runs, and send it its orders."""
    known = _known(space, sender)
    if _taken(space, known, sender):
        return
    _install(space, hello)
    crashed = known is not None and known.instance != sender.instance
    space.runners[sender.runner] = RunnerState(
        id=sender.runner,
        instance=sender.instance,
        plugin=envelope.plugin,
        host=hello.host,
        version=hello.version,
        slots=hello.slots,
        transfers=hello.transfers,
        busy=min(len(hello.running), hello.slots),
        started_at=hello.started_at,
        last_heartbeat=space.now,
        drain=known.drain if known else None,
    )
    space.forgotten.discard(sender.runner)
    why = history.RESTARTED() if crashed else history.RECONNECTED()
    _take_back(space, hello, sender, Orphaned(crashed=crashed, why=why))
    space.effects.append(DeclarePlugin(hello.manifest.name))
    _order(space, hello.running, envelope.plugin, sender)


def on_heartbeat(
    space: RegistrationSpace, heartbeat: Heartbeat, envelope: RunnerEvents, sender: Sender
) -> None:
    """Renew the runner's leases, take back jobs whose grant never reached it, and send it its orders."""
    known = _known(space, sender)
    if _taken(space, known, sender):
        return
    if known is not None and known.instance == sender.instance:
        beat = {"busy": heartbeat.busy, "slots": heartbeat.slots, "last_heartbeat": space.now}
        space.runners[sender.runner] = known.model_copy(update=beat)
        _take_back(space, heartbeat, sender, Orphaned(crashed=False, why=history.GRANT_LOST()))
    _order(space, heartbeat.running, envelope.plugin, sender)


def _order(
    space: RegistrationSpace, running: Sequence[AttemptReference], plugin: str, sender: Sender
) -> None:
    """Renew the runner's own attempts; tell it which others to kill and which of its own are to stop."""
    renewed: list[AttemptReference] = []
    kill: list[AttemptReference] = []
    desired: list[AttemptDesiredState] = []
    installed = space.installed.get(plugin)
    for reference in running:
        before = space.jobs.get(reference.job)
        space.move(reference.job, Renewed(reference.attempt), sender=sender)
        after = space.jobs.get(reference.job)
        (renewed if after is not before else kill).append(reference)
        if after is not None and after is not before and (state := desired_state(after, installed)):
            desired.append(AttemptDesiredState(job=after.id, attempt=after.attempt, wish=state))
    runner = _known(space, sender)
    drain = runner.drain if runner else None
    orders = RunnerOrders(
        paused=installed.paused if installed else plugin in space.snapshot.unreadable_plugins,
        draining=drain is not None,
        hand_back_seconds=_seconds_left(drain, space.now),
        lease_seconds=LEASE.total_seconds(),
        renewed=tuple(renewed),
        kill=tuple(kill),
        wishes=tuple(desired),
    )
    space.effects.append(AnswerRunner(sender.plugin, sender.runner, sender.instance, orders))


def _take_back(space: RegistrationSpace, said: Hello | Heartbeat, sender: Sender, event: Orphaned) -> None:
    """Orphan the jobs that the runner owns but neither runs nor is waiting for."""
    named = {(reference.job, reference.attempt) for reference in said.running}
    owned = [job for job in space.jobs.values() if job.owner == sender.runner]
    for job in owned:
        if (job.id, job.attempt) not in named and job.claim_id not in said.claims:
            space.move(job.id, event, sender=sender)


def _taken(space: RegistrationSpace, known: RunnerState | None, sender: Sender) -> bool:
    """Whether a live runner of another plugin has this id; it keeps it."""
    if known is None or known.plugin == sender.plugin:
        return False
    return space.now - known.last_heartbeat <= ALIVE_FOR


def _known(space: RegistrationSpace, sender: Sender) -> RunnerState | None:
    return known_runner(space, sender.runner)


def _seconds_left(drain: Drain | None, now: datetime) -> float | None:
    if drain is None or drain.until is None:
        return None
    return max(0.0, (drain.until - now).total_seconds())


def _install(space: RegistrationSpace, hello: Hello) -> None:
    name = hello.manifest.name
    known = space.installed.get(name)
    if known is not None and known.manifest == hello.manifest:
        return
    if name in space.snapshot.unreadable_plugins:
        return  # an operator may have stopped it: never overwrite that
    installed = (
        known.model_copy(update={"manifest": hello.manifest})
        if known
        else InstalledPlugin(manifest=hello.manifest, installed_at=space.now)
    )
    space.change_plugin(installed)
