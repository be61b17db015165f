"""The plugin `shell` (job type SHELL)."""

from taskmanager_plugin_runner.plugins.shell.plugin import ShellPlugin

__all__ = ["ShellPlugin"]
