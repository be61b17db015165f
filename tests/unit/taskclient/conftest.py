"""Provides the program as a module."""

from types import ModuleType

import pytest
from tests.taskclient import load


@pytest.fixture(scope="session")
def taskclient() -> ModuleType:
    """Loaded once: it keeps no state."""
    return load()
