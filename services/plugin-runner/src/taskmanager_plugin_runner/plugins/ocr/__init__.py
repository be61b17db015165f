"""The plugin `ocr` (job type OCR)."""

from taskmanager_plugin_runner.plugins.ocr.plugin import OcrPlugin

__all__ = ["OcrPlugin"]
