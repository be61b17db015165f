"""The runners of one plugin at one place: as reported by the orchestrator there, and as shown. Pure."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from taskmanager.model.jobs import Attribution, PluginName, Record, ShortText
from taskmanager.model.registry import RunnerState
from taskmanager.model.replicas.scaling import MOST_REPLICAS, PlaceName, Wish, set_key

HEARD_WITHIN = timedelta(seconds=20)
"""An orchestrator is at work if it has reported within this time: four reports."""


class ReplicaState(StrEnum):
    """What the engine says of a replica. Whether its runner works is known from the runner's heartbeats."""

    STARTING = "starting"
    RUNNING = "running"
    FAILING = "failing"
    """It has ended by itself, or could not be started; it is started again after a growing wait."""
    STOPPING = "stopping"


class Replica(Record):
    """One runner that an orchestrator keeps running. A replica that replaces another may have its name."""

    name: ShortText
    runner: ShortText
    """The id under which its runner says hello."""
    state: ReplicaState
    failures: Annotated[int, Field(ge=0)] = 0
    """How often in a row it ended or could not be started, as far as this orchestrator remembers."""
    detail: ShortText = ""
    """What the engine says about a failure, as it says it."""


class ReplicaSet(Record):
    """The runners of a plugin at a place, as stored. Every list contains names of replicas."""

    plugin: PluginName
    place: PlaceName
    wish: Wish
    wished: Attribution | None = None
    """Who last changed the wish; None: it is what the orchestrator found when it first reported."""
    engine: ShortText
    most: Annotated[int, Field(ge=0, le=MOST_REPLICAS)]
    """No more than this many are started, whatever the wish: the limit in the orchestrator's own file."""
    last_only: bool = False
    """Whether only the last of the replicas can be removed, as in a StatefulSet."""
    agent: str
    """The process that reports; new each time an orchestrator starts."""
    reported: datetime
    heard: bool = True
    """Whether its orchestrator is at work, by the database's clock when this was read."""
    problem: ShortText | None = None
    """Why the engine cannot be asked at present; the replicas are then those of an earlier report."""
    replicas: tuple[Replica, ...] = ()
    retiring: tuple[str, ...] = ()
    """Chosen to go: their runners are drained."""
    stopping: tuple[str, ...] = ()
    """Drained, and the orchestrator has been told to stop them, which is final."""
    renewing: tuple[str, ...] = ()
    """To be replaced, one after the other."""
    slots: Annotated[int, Field(ge=1)] | None = None
    """How many slots a runner has, if one has ever said."""
    rev: int = 0
    """Grows with every write and guards it."""

    @property
    def key(self) -> str:
        """Identifies it."""
        return set_key(self.plugin, self.place)

    @property
    def wanted(self) -> int:
        """How many there are to be now."""
        return self.wish.within(self.most)

    @property
    def leaving(self) -> frozenset[str]:
        """Those that are on their way out."""
        return frozenset((*self.retiring, *self.stopping))

    def heard_at(self, now: datetime) -> bool:
        """Whether its orchestrator was at work at this moment of the database's clock."""
        return now - self.reported <= HEARD_WITHIN


class Condition(StrEnum):
    """A replica as shown: what the engine says and what its runner says, together."""

    RUNNING = "running"
    STARTING = "starting"
    """Its runner has not said hello yet, or has been silent for a while."""
    DRAINING = "draining"
    STOPPING = "stopping"
    FAILING = "failing"


class ShownReplica(Record):
    """A replica as shown."""

    name: str
    runner: str
    condition: Condition
    failures: int
    detail: str
    busy: int
    """How many jobs its runner works on."""


def shown_replicas(one: ReplicaSet, runners: Mapping[str, RunnerState]) -> tuple[ShownReplica, ...]:
    """The replicas of a set with what their runners say; `runners` by id."""
    return tuple(
        ShownReplica(
            name=replica.name,
            runner=replica.runner,
            condition=_condition(one, replica, runners.get(replica.runner)),
            failures=replica.failures,
            detail=replica.detail,
            busy=runners[replica.runner].busy if replica.runner in runners else 0,
        )
        for replica in one.replicas
    )


def _condition(one: ReplicaSet, replica: Replica, runner: RunnerState | None) -> Condition:
    if replica.state is ReplicaState.FAILING:
        return Condition.FAILING
    if replica.state is ReplicaState.STOPPING or replica.name in one.stopping:
        return Condition.STOPPING
    if replica.name in one.retiring:
        return Condition.DRAINING
    alive = replica.state is ReplicaState.RUNNING and runner is not None and runner.alive
    return Condition.RUNNING if alive else Condition.STARTING


def count_conditions(shown: tuple[ShownReplica, ...]) -> Mapping[Condition, int]:
    """How many replicas are in each condition."""
    return Counter(replica.condition for replica in shown)
