"""Runners kept by orchestrators as the API shows them; made from what is stored."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import Field

from taskmanager.model.jobs import Attribution, Record
from taskmanager.model.registry import RunnerState
from taskmanager.model.replicas import (
    Condition,
    ReplicaSet,
    ScalingMode,
    ShownReplica,
    count_conditions,
    shown_replicas,
)
from taskmanager_gateway.http.views import API, CommandView


class ReplicaSetView(Record):
    """The runners of a plugin at one place, and how many are wanted there."""

    plugin: str
    place: str = Field(description="The host or cluster of the orchestrator.")
    engine: str
    mode: ScalingMode = Field(description="`auto`: the scheduler changes `desired` from `min` to `max`.")
    min: int
    max: int
    desired: int
    most: int = Field(description="The limit in the orchestrator's own file: never more than this.")
    wished: Attribution | None = Field(description="Who last changed how many are wanted, when and why.")
    counts: dict[Condition, int] = Field(description="How many replicas are in each condition.")
    renewing: int = Field(description="How many are still to be replaced, one after the other.")
    replicas: list[ShownReplica]
    reported: datetime = Field(description="When the orchestrator last reported.")
    heard: bool = Field(description="Whether it reported recently; if not, nothing changes there.")
    problem: str | None = Field(description="Why the orchestrator cannot ask its engine.")
    links: dict[str, str]

    @classmethod
    def of(cls, one: ReplicaSet, runners: Iterable[RunnerState]) -> "ReplicaSetView":
        """The public form."""
        shown = shown_replicas(one, {runner.id: runner for runner in runners})
        counted = count_conditions(shown)
        return cls(
            plugin=one.plugin,
            place=one.place,
            engine=one.engine,
            mode=one.wish.mode,
            min=one.wish.min,
            max=one.wish.max,
            desired=one.wish.desired,
            most=one.most,
            wished=one.wished,
            counts={condition: counted.get(condition, 0) for condition in Condition},
            renewing=len(one.renewing),
            replicas=list(shown),
            reported=one.reported,
            heard=one.heard,
            problem=one.problem,
            links={"self": f"{API}/plugins/{one.plugin}/replicas/{one.place}"},
        )


class ReplicaSetListView(Record):
    """The runners of a plugin at all places that have an orchestrator."""

    replicas: list[ReplicaSetView]


class ScalingCommandView(CommandView):
    """The result of a command, and what is wanted and known now (null if it cannot be read, or is gone)."""

    replicas: ReplicaSetView | None
