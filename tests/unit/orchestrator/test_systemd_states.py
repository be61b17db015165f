"""What a unit of systemd is doing, by its state and the job that waits for it."""

import pytest

from taskmanager.model.replicas import ReplicaState
from taskmanager_orchestrator.engines.systemd import state_of


@pytest.mark.parametrize(
    ("active", "job", "state"),
    [
        ("active", "", ReplicaState.RUNNING),
        ("activating", "start", ReplicaState.STARTING),
        ("deactivating", "stop", ReplicaState.STOPPING),
        ("inactive", "", ReplicaState.FAILING),
        ("failed", "", ReplicaState.FAILING),
        ("inactive", "start", ReplicaState.STARTING),
        ("failed", "restart", ReplicaState.STARTING),
        ("inactive", "stop", ReplicaState.FAILING),
        ("active", "stop", ReplicaState.RUNNING),
    ],
)
def test_a_unit_that_is_about_to_start_has_not_ended(active: str, job: str, state: ReplicaState) -> None:
    assert state_of(active, job) is state
