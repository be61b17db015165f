"""Folds an orchestrator's report into a group: what is stored of it, and which orders follow. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from taskmanager.messages import ReplicaOrders, ReplicasReported
from taskmanager.model.control import Drain
from taskmanager.model.jobs import Job
from taskmanager.model.reasons.automatic import SCALING
from taskmanager.model.registry import RunnerState
from taskmanager.model.replicas import Replica, ReplicaSet, Wish, set_key
from taskmanager.ports.store import Snapshot
from taskmanager_scheduler.commands.runners import known_runner
from taskmanager_scheduler.jobs.effects import Effect, NudgeRunner, OrderReplicas
from taskmanager_scheduler.replicas.leaving import Observed, left


class ReplicaSpace(Protocol):
    """What a report may read and change: the group it is part of."""

    now: datetime
    snapshot: Snapshot
    jobs: dict[str, Job]
    runners: dict[str, RunnerState]
    forgotten: set[str]
    replicas: dict[str, ReplicaSet]
    effects: list[Effect]

    def change_replicas(self, one: ReplicaSet) -> None:
        """Store the new state of a set."""


def on_report(space: ReplicaSpace, report: ReplicasReported) -> None:
    """Store what there is, drain the runners that are to go, and order what is to be."""
    stored = space.replicas.get(set_key(report.plugin, report.place))
    if report.problem is not None:
        if stored is not None:
            seen = {"agent": report.agent, "reported": space.now, "problem": report.problem}
            space.change_replicas(stored.model_copy(update=seen))
        return
    one = _as_reported(stored, report, space.now)
    if stored is not None:
        _part_from(space, stored, {replica.name for replica in one.replicas})
    observed = {replica.name: _observed(space, replica, one.plugin) for replica in one.replicas}
    slots = [seen.runner.slots for seen in observed.values() if seen.runner is not None]
    one = left(one, observed, space.now).model_copy(update={"slots": max(slots, default=one.slots)})
    _drain(space, one, observed)
    space.change_replicas(one)
    space.effects.append(
        OrderReplicas(
            ReplicaOrders(
                agent=one.agent,
                seq=report.seq,
                plugin=one.plugin,
                place=one.place,
                wanted=one.wanted,
                stop=one.stopping,
            )
        )
    )


def changed_replicas(before: Mapping[str, ReplicaSet], after: Iterable[ReplicaSet]) -> set[str]:
    """The plugins for whose pages these sets have changed: by more than the time of the last report."""
    heartbeat = {"reported", "rev"}
    return {
        one.plugin
        for one in after
        if (old := before.get(one.key)) is None
        or old.model_dump(exclude=heartbeat) != one.model_dump(exclude=heartbeat)
    }


def _as_reported(stored: ReplicaSet | None, report: ReplicasReported, now: datetime) -> ReplicaSet:
    """What was stored with what is reported; at first, what there is is what is wanted."""
    facts = {
        "agent": report.agent,
        "reported": now,
        "engine": report.engine,
        "most": report.most,
        "last_only": report.last_only,
        "problem": None,
        "replicas": report.replicas,
    }
    if stored is not None:
        return stored.model_copy(update=facts)
    wish = Wish(max=max(1, report.most), desired=len(report.replicas))
    return ReplicaSet.model_validate({"plugin": report.plugin, "place": report.place, "wish": wish, **facts})


def _observed(space: ReplicaSpace, replica: Replica, plugin: str) -> Observed:
    """What is known about its runner; one of another plugin is not its runner, whatever is reported."""
    runner = known_runner(space, replica.runner)
    own = runner if runner is not None and runner.plugin == plugin else None
    return Observed(replica, own, _owned(space, replica.runner))


def _owned(space: ReplicaSpace, runner: str) -> int:
    return sum(job.owner == runner for job in space.jobs.values())


def _part_from(space: ReplicaSpace, stored: ReplicaSet, present: Iterable[str]) -> None:
    """Forget the runners of replicas that were stopped; others that are gone may come back as they were."""
    for replica in stored.replicas:
        runner = known_runner(space, replica.runner)
        if replica.name in present or runner is None or runner.plugin != stored.plugin:
            continue
        if replica.name in stored.stopping and not _owned(space, runner.id):
            space.runners.pop(runner.id, None)
            space.forgotten.add(runner.id)
        elif replica.name in stored.leaving:
            _set_drain(space, runner, None)


def _drain(space: ReplicaSpace, one: ReplicaSet, observed: Mapping[str, Observed]) -> None:
    """Drain the runners that leave, and let those work again that do not; not those drained by people."""
    for name, seen in observed.items():
        if seen.runner is None:
            continue
        if name in one.leaving and seen.runner.drain is None:
            _set_drain(space, seen.runner, Drain(by=SCALING, at=space.now))
        elif name not in one.leaving:
            _set_drain(space, seen.runner, None)


def _set_drain(space: ReplicaSpace, runner: RunnerState, drain: Drain | None) -> None:
    """Set it, unless a person has drained the runner."""
    if runner.drain == drain or (runner.drain is not None and runner.drain.by != SCALING):
        return
    space.runners[runner.id] = runner.model_copy(update={"drain": drain})
    space.effects.append(NudgeRunner(runner.plugin, runner.id))
