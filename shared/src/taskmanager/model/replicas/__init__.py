"""Runners that an orchestrator keeps running: how many are wanted, and what there is."""

from taskmanager.model.replicas.scaling import (
    MOST_REPLICAS,
    PlaceName,
    ScalingAction,
    ScalingMode,
    Wish,
    check_numbers,
    set_key,
)
from taskmanager.model.replicas.sets import (
    HEARD_WITHIN,
    Condition,
    Replica,
    ReplicaSet,
    ReplicaState,
    ShownReplica,
    count_conditions,
    shown_replicas,
)

__all__ = [
    "HEARD_WITHIN",
    "MOST_REPLICAS",
    "Condition",
    "PlaceName",
    "Replica",
    "ReplicaSet",
    "ReplicaState",
    "ScalingAction",
    "ScalingMode",
    "ShownReplica",
    "Wish",
    "check_numbers",
    "count_conditions",
    "set_key",
    "shown_replicas",
]
