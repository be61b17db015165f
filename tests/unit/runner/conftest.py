"""The test plugins are found by processes that have their folder on the path."""

import pytest
from tests.unit.runner.slots import PLUGINS


@pytest.fixture(autouse=True)
def test_plugins_can_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PLUGINS))
