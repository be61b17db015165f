"""The plugin `download` (job type JDOWNLOAD)."""

from taskmanager_plugin_runner.plugins.download.plugin import DownloadPlugin

__all__ = ["DownloadPlugin"]
