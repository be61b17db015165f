"""The plugin `tiffvalidation` (job type TIFVALIDATION)."""

from taskmanager_plugin_runner.plugins.tiffvalidation.plugin import TiffValidationPlugin

__all__ = ["TiffValidationPlugin"]
