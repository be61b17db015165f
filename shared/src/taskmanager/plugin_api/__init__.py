"""What the author of a plugin uses; the other modules of this package are for the services."""

from taskmanager.errors import JobFailedError, TemporaryError, ToolFailedError
from taskmanager.model.jobs import FileRecord, FileState, GoobiReference, JobSpec
from taskmanager.model.manifest import JobLimits, Need, Parameters, PauseSupport, PluginManifest, RetryPolicy
from taskmanager.plugin_api.existing_results import Existing
from taskmanager.plugin_api.interface import (
    ExistingParameters,
    JobContext,
    JobLog,
    Plugin,
    parse_parameters,
)
from taskmanager.plugin_api.texts import PluginTexts
from taskmanager.plugin_api.tools import ToolResult

__all__ = [
    "Existing",
    "ExistingParameters",
    "FileRecord",
    "FileState",
    "GoobiReference",
    "JobContext",
    "JobFailedError",
    "JobLimits",
    "JobLog",
    "JobSpec",
    "Need",
    "Parameters",
    "PauseSupport",
    "Plugin",
    "PluginManifest",
    "PluginTexts",
    "RetryPolicy",
    "TemporaryError",
    "ToolFailedError",
    "ToolResult",
    "parse_parameters",
]
