"""The plugin `altoconvert` (job type ALTOCONVERT)."""

from taskmanager_plugin_runner.plugins.altoconvert.plugin import AltoConvertPlugin

__all__ = ["AltoConvertPlugin"]
