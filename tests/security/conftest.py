"""Makes the test plugins available to the slots under attack."""

import pytest
from tests.unit.runner.slots import PLUGINS


@pytest.fixture(autouse=True)
def _test_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PLUGINS))
