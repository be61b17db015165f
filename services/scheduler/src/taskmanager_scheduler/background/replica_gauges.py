"""The gauges of runners kept by orchestrators."""

from collections.abc import Sequence

from taskmanager.model.registry import RunnerState
from taskmanager.model.replicas import Condition, ReplicaSet, count_conditions, shown_replicas
from taskmanager_scheduler.metrics import REPLICAS


def set_replica_gauges(sets: Sequence[ReplicaSet], runners: Sequence[RunnerState]) -> None:
    """Set the gauges of runners kept by orchestrators, summed over the places."""
    known = {runner.id: runner for runner in runners}
    REPLICAS.clear()  # places may have been forgotten
    for plugin in {one.plugin for one in sets}:
        own = [one for one in sets if one.plugin == plugin]
        REPLICAS.labels(plugin, "wanted").set(sum(one.wanted for one in own))
        counted = [count_conditions(shown_replicas(one, known)) for one in own]
        for condition in Condition:
            number = sum(counts.get(condition, 0) for counts in counted)
            REPLICAS.labels(plugin, condition.value).set(number)
