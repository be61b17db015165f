"""The plugin `pdf` (job type PdfCreation)."""

from taskmanager_plugin_runner.plugins.pdf.plugin import PdfPlugin

__all__ = ["PdfPlugin"]
