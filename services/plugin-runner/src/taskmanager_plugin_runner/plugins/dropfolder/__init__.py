"""The plugin `dropfolder` (job type DROPFOLDER)."""

from taskmanager_plugin_runner.plugins.dropfolder.plugin import DropFolderPlugin

__all__ = ["DropFolderPlugin"]
