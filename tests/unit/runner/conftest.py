"""Puts the folder of the test plugins on the path of child processes."""

import pytest
from tests.unit.runner.slots import PLUGINS


@pytest.fixture(autouse=True)
def test_plugins_can_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PLUGINS))
