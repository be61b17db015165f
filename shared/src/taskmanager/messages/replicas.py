"""Between an orchestrator and the scheduler: what runs at its place, and what is to run there."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from taskmanager.messages.wire import Message
from taskmanager.model.jobs import PluginName, Record, ShortText
from taskmanager.model.replicas import (
    MOST_REPLICAS,
    PlaceName,
    Replica,
    ScalingAction,
    ScalingMode,
    check_numbers,
)
from taskmanager.model.replicas.scaling import Count


class ReplicasReported(Message):
    """The replicas of one plugin at the orchestrator's place; sent periodically and after each change.

    `agent` is new each time the orchestrator starts; `seq` numbers its reports. With a `problem` the engine
    could not be asked, and `replicas` says nothing.
    """

    type: Literal["replicas"] = "replicas"
    plugin: PluginName
    place: PlaceName
    agent: str
    seq: Annotated[int, Field(ge=1)]
    engine: ShortText
    most: Annotated[int, Field(ge=0, le=MOST_REPLICAS)]
    last_only: bool = False
    problem: ShortText | None = None
    replicas: tuple[Replica, ...] = ()


class ReplicaOrders(Message):
    """The complete desired state of one plugin at a place: the answer to each report.

    There are to be `wanted` replicas, those of `stop` included as long as they are named here. Only the
    replicas of `stop` may be stopped: their runners are drained. A replica that is to go later is not named
    before. `seq` is that of the report that is answered: orders that come behind those for a later report
    are not followed, since a name may belong to another replica by then.
    """

    type: Literal["replica_orders"] = "replica_orders"
    agent: str
    seq: Annotated[int, Field(ge=1)]
    plugin: PluginName
    place: PlaceName
    wanted: Annotated[int, Field(ge=0, le=MOST_REPLICAS)]
    stop: tuple[str, ...] = ()


class ScalingCommand(Record):
    """Do this to the runners of a plugin at a place.

    With scale either `desired`, or `min` and `max` in the mode `auto`; what is None stays as it is.
    """

    type: Literal["scaling"] = "scaling"
    plugin: PluginName
    place: PlaceName
    action: ScalingAction
    mode: ScalingMode | None = None
    min: Count | None = None
    max: Count | None = None
    desired: Count | None = None

    @model_validator(mode="after")
    def _has_its_numbers(self) -> "ScalingCommand":
        if self.action is ScalingAction.SCALE:
            check_numbers(self.mode, self.desired, (self.min, self.max))
        return self
