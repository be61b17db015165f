"""How many processes the slots of a runner have."""

from pathlib import Path

import pytest

from taskmanager_plugin_runner.settings import RunnerSettings


@pytest.mark.parametrize(
    ("fetch_ahead", "users", "processes"),
    [
        (0, "", 3),
        (1, "", 6),
        (1, "61000-61005", 6),
        (1, "61000-61004", 3),  # no two processes share a user because of it
        (1, "61000", 3),
        (0, "61000-61005", 3),
    ],
)
def test_a_slot_has_a_second_process_if_it_may_look_ahead(
    fetch_ahead: int, users: str, processes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMQP_URL", "amqp://localhost")
    settings = RunnerSettings(
        workspace=tmp_path, roots=str(tmp_path), fetch_ahead=fetch_ahead, slot_users=users
    )
    assert settings.slot_processes(3) == processes
