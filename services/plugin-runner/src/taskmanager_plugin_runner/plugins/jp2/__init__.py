"""The plugin `jp2` (job type JP2)."""

from taskmanager_plugin_runner.plugins.jp2.plugin import Jp2Plugin

__all__ = ["Jp2Plugin"]
