"""The plugin `jp2validation` (job type JP2VALIDATION)."""

from taskmanager_plugin_runner.plugins.jp2validation.plugin import Jp2ValidationPlugin

__all__ = ["Jp2ValidationPlugin"]
