"""The plugin `mets` (job type METS)."""

from taskmanager_plugin_runner.plugins.mets.plugin import MetsPlugin

__all__ = ["MetsPlugin"]
