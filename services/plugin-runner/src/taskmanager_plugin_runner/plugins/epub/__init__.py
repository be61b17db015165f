"""The plugin `epub` (job type VIEWEREPUB)."""

from taskmanager_plugin_runner.plugins.epub.plugin import EpubPlugin

__all__ = ["EpubPlugin"]
