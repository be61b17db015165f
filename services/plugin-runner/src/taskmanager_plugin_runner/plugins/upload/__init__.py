"""The plugin `upload` (job type EWIG)."""

from taskmanager_plugin_runner.plugins.upload.plugin import UploadPlugin

__all__ = ["UploadPlugin"]
