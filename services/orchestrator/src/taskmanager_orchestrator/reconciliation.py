"""From what there is and what is ordered to what is done. Pure; knows no engine.

Nothing is stopped that is not named in the orders, however many there are.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from taskmanager.messages import ReplicaOrders
from taskmanager.model.replicas import Replica, ReplicaState
from taskmanager_orchestrator.failures import Failure
from taskmanager_orchestrator.port import Found


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done for one plugin, by names of replicas.

    Attributes:
        start: does not exist yet.
        again: has ended or could not be started, and is due.
        stop: runs and is to go.
        drop: has ended, or was never started, and is to go.
    """

    start: Sequence[str] = ()
    again: Sequence[str] = ()
    stop: Sequence[str] = ()
    drop: Sequence[str] = ()


def work_for(
    orders: ReplicaOrders,
    found: Sequence[Found],
    failed: Sequence[Failure],
    *,
    most: int,
    name_of: Callable[[int], str],
    now: float,
) -> Work:
    """What follows from the orders; `found` and `failed` are those of the plugin.

    `name_of` gives the names of replicas by number, `most` is how many there may be.
    """
    ended = {one.name for one in found if one.state is ReplicaState.FAILING}
    alive = {one.name for one in found if one.state is not ReplicaState.FAILING}
    unstarted = {one.name for one in failed} - alive - ended
    leave = set(orders.stop)
    exists = alive | ended | unstarted
    due = {one.name for one in failed if one.again_at <= now}
    missing = min(orders.wanted, most) - len(exists | leave)
    taken = exists | leave
    names = (name_of(number) for number in range(1, most + len(taken) + 1))
    free = (name for name in names if name not in taken)
    again = sorted((ended | unstarted) & due - leave)
    return Work(
        start=[next(free) for _ in range(missing)],
        again=again[: max(0, most - len(alive))],
        stop=sorted(one.name for one in found if one.name in alive & leave),
        drop=sorted((ended | unstarted) & leave),
    )


def as_reported(found: Iterable[Found], failed: Iterable[Failure]) -> tuple[Replica, ...]:
    """The replicas of one plugin: those the engine has, and those it could not start.

    A replica that could not be started is named like its runner, as all are that the orchestrator names.
    """
    failures = {one.name: one for one in failed}
    replicas = {one.name: _replica(one, failures.get(one.name)) for one in found}
    for name, failure in failures.items():
        if name not in replicas:
            replicas[name] = Replica(
                name=name,
                runner=name,
                state=ReplicaState.FAILING,
                failures=failure.count,
                detail=failure.detail,
            )
    return tuple(replicas.values())


def _replica(one: Found, failure: Failure | None) -> Replica:
    ended = one.state is ReplicaState.FAILING
    return Replica(
        name=one.name,
        runner=one.runner,
        state=one.state,
        failures=failure.count if failure else int(ended),
        detail=one.detail or (failure.detail if failure and ended else ""),
    )
