"""Puts the folder of the test plugins on the path of child processes."""

from tests.unit.runner.conftest import test_plugins_can_be_found

__all__ = ["test_plugins_can_be_found"]
