"""Which replicas leave, and when one may be stopped: never while its runner may have a job. Pure.

A replica that is to go is first chosen (`retiring`), which drains its runner, then stopped (`stopping`). The
first can be taken back; the second is final, because the orchestrator may already have done it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from taskmanager.model.registry import ALIVE_FOR, RunnerState
from taskmanager.model.replicas import Replica, ReplicaSet, ReplicaState
from taskmanager_scheduler.jobs.starts import LEASE

SETTLED = timedelta(seconds=5)
"""A runner heard from this long after its drain knew of it: in between it has sent a heartbeat, whose answer
said so, and every claim it sent before has been decided on."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What is known about a replica's runner; `owned`: how many jobs belong to it."""

    replica: Replica
    runner: RunnerState | None
    owned: int

    def well(self, now: datetime) -> bool:
        """Whether it works and takes jobs."""
        runner = self.runner
        if self.replica.state is not ReplicaState.RUNNING or runner is None or runner.drain is not None:
            return False
        return now - runner.last_heartbeat <= ALIVE_FOR

    def stoppable(self, now: datetime) -> bool:
        """Whether stopping it interrupts no job."""
        if self.replica.state is ReplicaState.FAILING or self.runner is None:
            return True
        if self.owned:
            return False
        if now - self.runner.last_heartbeat > LEASE:
            return True
        drain = self.runner.drain
        return not self.runner.busy and drain is not None and self.runner.last_heartbeat - drain.at >= SETTLED


def left(one: ReplicaSet, observed: Mapping[str, Observed], now: datetime) -> ReplicaSet:
    """The set with those that are to leave now; `observed` has all its replicas by name, in order."""
    present = list(observed)
    one = one.model_copy(
        update={
            "retiring": _among(one.retiring, present),
            "stopping": _among(one.stopping, present),
            "renewing": _among(one.renewing, present),
        }
    )
    one = _renewed(_balanced(one, observed), observed, now)
    return _settled(one, observed, now)


def _balanced(one: ReplicaSet, observed: Mapping[str, Observed]) -> ReplicaSet:
    """Choose as many as are too many, or take back some that were chosen."""
    staying = [name for name in observed if name not in one.leaving]
    excess = len(staying) - one.wanted
    if excess > 0:
        chosen = _last(staying, excess) if one.last_only else _idlest(staying, observed)[:excess]
        return one.model_copy(update={"retiring": (*one.retiring, *chosen)})
    if excess < 0:
        given_up = [name for name in observed if name in one.retiring and name not in one.renewing]
        back = given_up[:-excess] if one.last_only else _idlest(given_up, observed)[::-1][:-excess]
        return one.model_copy(update={"retiring": tuple(name for name in one.retiring if name not in back)})
    return one


def _renewed(one: ReplicaSet, observed: Mapping[str, Observed], now: datetime) -> ReplicaSet:
    """Choose the next one to replace once the last replacement works."""
    if not one.renewing or one.leaving or len(observed) != one.wanted:
        return one
    old = set(one.renewing)
    if not all(seen.well(now) for name, seen in observed.items() if name not in old):
        return one
    return one.model_copy(update={"retiring": (one.renewing[0],)})


def _settled(one: ReplicaSet, observed: Mapping[str, Observed], now: datetime) -> ReplicaSet:
    """Stop those whose runners are drained; where only the last can be removed, from the last on."""
    ready = [name for name in one.retiring if observed[name].stoppable(now)]
    if one.last_only:
        ready = list(_from_the_end(list(observed), lambda name: name in one.stopping or name in ready))
    stopping = tuple(dict.fromkeys((*one.stopping, *ready)))
    retiring = tuple(name for name in one.retiring if name not in stopping)
    return one.model_copy(update={"retiring": retiring, "stopping": stopping})


def _from_the_end(names: Sequence[str], ready: Callable[[str], bool]) -> Sequence[str]:
    found = []
    for name in reversed(names):
        if not ready(name):
            break
        found.append(name)
    return found


def _idlest(names: Sequence[str], observed: Mapping[str, Observed]) -> list[str]:
    """The idlest first: what does not work, then by jobs at work, then the youngest."""
    return sorted(names, key=lambda name: _effort(observed[name]))


def _effort(seen: Observed) -> tuple[bool, bool, int, float]:
    runner = seen.runner
    works = seen.replica.state is not ReplicaState.FAILING
    if runner is None:
        return works, False, seen.owned, 0.0
    return works, True, max(seen.owned, runner.busy), -runner.started_at.timestamp()


def _last(names: Sequence[str], count: int) -> Sequence[str]:
    return names[len(names) - count :]


def _among(names: Sequence[str], present: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in present)
