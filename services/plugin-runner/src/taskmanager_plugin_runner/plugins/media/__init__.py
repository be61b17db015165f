"""The plugin `media` (job type MEDIA)."""

from taskmanager_plugin_runner.plugins.media.plugin import MediaPlugin

__all__ = ["MediaPlugin"]
