"""The plugin `images` (job type IMAGES)."""

from taskmanager_plugin_runner.plugins.images.plugin import ImagesPlugin

__all__ = ["ImagesPlugin"]
