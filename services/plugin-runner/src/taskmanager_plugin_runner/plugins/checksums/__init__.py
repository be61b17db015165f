"""The plugin `checksums` (job type CHECKSUMS)."""

from taskmanager_plugin_runner.plugins.checksums.plugin import ChecksumsPlugin

__all__ = ["ChecksumsPlugin"]
